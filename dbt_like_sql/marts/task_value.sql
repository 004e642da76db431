-- One row per month, period and work mode ('all' included): mean task value. estimate: US dollars.
--
-- Over the sessions that have both a task value and a work mode. A mode without such sessions has no row, unless modes are
-- hidden: then it looks like one of them.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- columns:
--   sessions: sessions with a task value
--   users: their distinct users
--
-- assertions:
--   unique: month, period, work_mode
--   each row: suppressed = (users is null)
--   each row: suppressed = (median_usd is null)

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

figures as (
    select *
    from staging.figures
    where breakdown = 'task_value' and month between $first_month and $last_month
),

sessions as (
    select month, work_mode, task_value_usd
    from core.classified_sessions
    where work_mode is not null and task_value_usd is not null
),

-- By its month a session is found quicker than between two dates.
months as (
    select periods.month, periods.period, months.month as session_month
    from periods
    inner join (select distinct month from sessions) as months
        on months.month between periods.first_month and periods.last_month
),

medians as (
    select
        months.month,
        months.period,
        coalesce(sessions.work_mode, 'all') as work_mode,
        median(sessions.task_value_usd) as median_usd
    from months
    inner join sessions on sessions.month = months.session_month
    group by grouping sets ((months.month, months.period, sessions.work_mode), (months.month, months.period))
),

final as (
    select
        figures.month,
        figures.period,
        figures.level as work_mode,
        figures.sessions,
        figures.users,
        figures.estimate,
        figures.ci_low,
        figures.ci_high,
        case when not figures.suppressed then medians.median_usd end as median_usd,
        figures.suppressed
    from figures
    left join medians
        on medians.month = figures.month
        and medians.period = figures.period
        and medians.work_mode = figures.level
    order by figures.month, figures.period, figures.level
)

select * from final

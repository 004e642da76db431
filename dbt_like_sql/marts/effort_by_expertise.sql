-- One row per month, period, measure and expertise level: distribution of effort per prompt.
--
-- Figure 3. Over the sessions with a level. A level without sessions has no row, unless levels are hidden: then it looks
-- like one of them. Quantiles are interpolated between neighbours and include the sessions with a measure of zero; the
-- geometric mean cannot, and zero_sessions counts them. A level is shown where enough users have a measure above zero.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- columns:
--   sessions: sessions of the level, those with a measure of zero included
--   users: their distinct users
--
-- assertions:
--   unique: month, period, measure, expertise
--   each row: suppressed = (users is null)
--   each row: suppressed or (p05 <= p25 and p25 <= p50 and p50 <= p75 and p75 <= p95)
--   each row: suppressed or zero_sessions <= sessions

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

figures as (
    select *
    from staging.figures
    where
        breakdown in ('actions_by_expertise', 'words_by_expertise')
        and month between $first_month and $last_month
),

sessions as (
    select month, expertise, actions_per_prompt, words_per_prompt
    from core.classified_sessions
    where expertise is not null
),

-- By its month a session is found quicker than between two dates.
months as (
    select periods.month, periods.period, months.month as session_month
    from periods
    inner join (select distinct month from sessions) as months
        on months.month between periods.first_month and periods.last_month
),

quantiles as (
    select
        months.month,
        months.period,
        sessions.expertise,
        quantile_cont(sessions.actions_per_prompt, [0.05, 0.25, 0.5, 0.75, 0.95]) as actions_per_prompt,
        quantile_cont(sessions.words_per_prompt, [0.05, 0.25, 0.5, 0.75, 0.95]) as words_per_prompt
    from months
    inner join sessions on sessions.month = months.session_month
    group by all
),

distributions as (
    select month, period, expertise, 'actions_per_prompt' as measure, actions_per_prompt as points from quantiles
    union all
    select month, period, expertise, 'words_per_prompt', words_per_prompt from quantiles
),

final as (
    select
        figures.month,
        figures.period,
        figures.measure,
        cast(figures.level as bigint) as expertise,
        figures.sessions,
        figures.users,
        figures.estimate,
        figures.ci_low,
        figures.ci_high,
        figures.sessions - figures.n as zero_sessions,
        case when not figures.suppressed then distributions.points[1] end as p05,
        case when not figures.suppressed then distributions.points[2] end as p25,
        case when not figures.suppressed then distributions.points[3] end as p50,
        case when not figures.suppressed then distributions.points[4] end as p75,
        case when not figures.suppressed then distributions.points[5] end as p95,
        figures.suppressed
    from figures
    left join distributions
        on distributions.month = figures.month
        and distributions.period = figures.period
        and distributions.measure = figures.measure
        and distributions.expertise = cast(figures.level as bigint)
    order by figures.month, figures.period, figures.measure, figures.level
)

select * from final

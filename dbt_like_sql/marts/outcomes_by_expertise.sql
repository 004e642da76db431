-- One row per month, period, sample, measure and expertise level: unadjusted rate. estimate: share.
--
-- Over the sessions with a level, an outcome other than no_clear_goal, and both signals: so all six rates of a level
-- have the same sessions. A level without such sessions has no row, unless levels are hidden: then it looks like one.
-- A level of the sessions that hit trouble is shown where those that did not hit it are enough to be shown as well.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- columns:
--   sessions: sessions of the level in the sample, whatever their outcome
--   users: their distinct users
--
-- assertions:
--   unique: month, period, sample, measure, expertise
--   each row: suppressed = (users is null)
--   each row: suppressed or ci_low is null or (ci_low <= estimate and estimate <= ci_high)
--   each month, period, sample, expertise: count(*) = 6 and count(distinct suppressed) = 1

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        case when suffix(breakdown, '_in_trouble') then 'hit_trouble' else 'all' end as sample,
        measure,
        cast(level as bigint) as expertise,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown in ('successes', 'failures', 'successes_in_trouble', 'failures_in_trouble')
    order by month, period, sample, measure, expertise
)

select * from final

-- One row per month, period and kind of decisions: mean share of them that the user takes. estimate: share.
--
-- Beside Figure 2. A session counts once, however many decisions it has; one without such decisions does not count.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- assertions:
--   unique: month, period, decisions
--   each row: suppressed = (users is null)
--   each row: suppressed or (estimate >= 0 and estimate <= 1)

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        breakdown as decisions,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown in ('planning', 'execution', 'overall') and level = 'all' and measure = 'user_share'
    order by month, period, decisions
)

select * from final

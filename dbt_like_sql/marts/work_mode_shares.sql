-- One row per month, period and work mode: its share of the sessions with a label. estimate: share.
--
-- Every period that has labelled sessions has all nine modes.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- columns:
--   users: distinct users with at least one session of the mode
--
-- assertions:
--   unique: month, period, work_mode
--   each row: suppressed = (users is null)
--   each row: suppressed or ci_low is null or (ci_low <= estimate and estimate <= ci_high)
--   each month, period: count(*) = 9
--   each month, period: bool_or(suppressed) or abs(sum(estimate) - 1) < 1e-9

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        level as work_mode,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown = 'work_mode' and measure = 'share'
    order by month, period, work_mode
)

select * from final

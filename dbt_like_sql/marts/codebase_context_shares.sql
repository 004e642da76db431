-- One row per month, period and codebase context: its share of the sessions with a label. estimate: share.
--
-- Every period that has labelled sessions has all four contexts.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- columns:
--   users: distinct users with at least one session of the context
--
-- assertions:
--   unique: month, period, codebase_context
--   each row: suppressed = (users is null)
--   each month, period: count(*) = 4
--   each month, period: bool_or(suppressed) or abs(sum(estimate) - 1) < 1e-9

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        level as codebase_context,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown = 'codebase_context' and measure = 'share'
    order by month, period, codebase_context
)

select * from final

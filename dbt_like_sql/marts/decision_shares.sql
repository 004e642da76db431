-- One row per month, period, kind of decisions and bin: sessions by the agent's share of them. estimate: share.
--
-- Figure 2. Over the sessions with such decisions. Ten bins of ten points; a share on a border belongs to the bin nearer
-- to a half, a half itself to the fifth: so bins 1 and 2 hold the sessions where the user takes over 80% of the decisions,
-- 9 and 10 those where the agent does.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- assertions:
--   unique: month, period, decisions, bin
--   each row: suppressed = (users is null)
--   each month, period, decisions: count(*) = 10
--   each month, period, decisions: bool_or(suppressed) or abs(sum(estimate) - 1) < 1e-9

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        breakdown as decisions,
        cast(level as bigint) as bin,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown in ('planning', 'execution') and measure = 'share'
    order by month, period, decisions, bin
)

select * from final

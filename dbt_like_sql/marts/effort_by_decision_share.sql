-- One row per month, period, kind of decisions, band and measure: effort per prompt. estimate: mean.
--
-- Figure A2. Bands are pairs of the bins of decision_shares: band 1 holds the sessions where the user takes over 80% of
-- the decisions, band 5 those where the agent does. A plain mean over sessions, zeros included.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- assertions:
--   unique: month, period, decisions, band, measure
--   each row: suppressed = (users is null)

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        replace(breakdown, '_bands', '') as decisions,
        cast(level as bigint) as band,
        measure,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown in ('planning_bands', 'execution_bands', 'overall_bands')
    order by month, period, decisions, band, measure
)

select * from final

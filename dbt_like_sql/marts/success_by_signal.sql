-- One row per month, period, signal and strength: share of the sessions judged succeeded. estimate: share.
--
-- Figure A1. Over the sessions with the signal and an outcome other than no_clear_goal.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- assertions:
--   unique: month, period, signal, strength
--   each row: suppressed = (users is null)

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        replace(breakdown, '_signal', '') as signal,
        cast(level as bigint) as strength,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown in ('success_signal', 'failure_signal')
    order by month, period, signal, strength
)

select * from final

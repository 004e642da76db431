-- One row per month, period, measure and user occupation: success in sessions that wrote code. estimate: share.
--
-- Figure 6, left, where `place` is at most 10. Over the sessions with at least one line added, a known user occupation, an
-- outcome other than no_clear_goal, and both signals. Intervals on distinct accounts. An occupation is shown where its
-- sessions that wrote no code are enough to be shown as well.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- columns:
--   place: rank by sessions among the occupations that are shown; the smaller code first where sessions are equal
--
-- assertions:
--   unique: month, period, measure, user_occupation
--   each row: suppressed = (users is null)
--   each row: suppressed = (place is null)
--   each month, period, user_occupation: count(*) = 3 and count(distinct suppressed) = 1

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        measure,
        level as user_occupation,
        case
            when not suppressed
                then row_number() over (partition by month, period, measure, suppressed order by sessions desc, level)
        end as place,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown = 'occupation_wrote_code'
    order by month, period, measure, user_occupation
)

select * from final

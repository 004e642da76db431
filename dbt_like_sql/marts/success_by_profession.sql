-- One row per month, period, sample, measure and profession: success by kind of user. estimate: share.
--
-- Figure 6, right. Over the sessions with a known user occupation, an outcome other than no_clear_goal, and both signals;
-- all of them, and those that wrote code. Intervals on distinct accounts.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- assertions:
--   unique: month, period, sample, measure, profession
--   each row: suppressed = (users is null)
--   each month, period, sample, profession: count(*) = 3 and count(distinct suppressed) = 1

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        case when suffix(breakdown, '_wrote_code') then 'wrote_code' else 'all' end as sample,
        measure,
        level as profession,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown in ('profession', 'profession_wrote_code')
    order by month, period, sample, measure, profession
)

select * from final

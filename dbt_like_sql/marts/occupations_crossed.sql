-- One row per month, period, user occupation and task occupation: its share of all sessions. estimate: share.
--
-- Over the sessions with both labels; a user occupation can be unclear. Every period with sessions has all 552 pairs.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- assertions:
--   unique: month, period, user_occupation, task_occupation
--   each row: suppressed = (users is null)
--   each month, period: bool_or(suppressed) or abs(sum(estimate) - 1) < 1e-9

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        split_part(level, '|', 1) as user_occupation,
        split_part(level, '|', 2) as task_occupation,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown = 'occupations' and measure = 'share'
    order by month, period, user_occupation, task_occupation
)

select * from final

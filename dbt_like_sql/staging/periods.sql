-- One row per month and period: the months that a figure is computed over.
--
-- A figure of a month comes twice: over that month alone, and over the window of $window_months months that ends in it.
--
-- assertions:
--   unique: month, period
--   each row: first_month <= last_month and last_month = month

with months as (
    select cast(unnest(
        generate_series(cast($first_month as date), cast($last_month as date), interval 1 month)
    ) as date) as month
),

alone as (
    select month, 'month' as period, month as first_month, month as last_month
    from months
),

windows as (
    select
        month,
        'window' as period,
        cast(month - to_months($window_months - 1) as date) as first_month,
        month as last_month
    from months
),

final as (
    select * from alone
    union all
    select * from windows
    order by month, period
)

select * from final

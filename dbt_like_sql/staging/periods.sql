-- One row per month and period: the months that a figure is computed over.
--
-- A figure of a month comes twice: over that month alone, and over the window of $window_months months that ends in it.
--
-- A month without a session in the sample has no figures: neither its own nor those of the window that ends in it.
--
-- assertions:
--   unique: month, period
--   each row: first_month <= last_month and last_month = month

with months as (
    select distinct month
    from core.classified_sessions
    where month between $first_month and $last_month
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

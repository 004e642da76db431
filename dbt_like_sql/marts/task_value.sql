-- One row per month, period and work mode ('all' included): mean task value. estimate: US dollars.
--
-- Over the sessions that have both a task value and a work mode. A mode without such sessions has no row.
--
-- Interval: with m the mean, N sessions, G users, n_g sessions and y_g dollars in all by user g, t the 97.5% quantile
-- with G - 1 degrees of freedom:
--   variance v = G / (G - 1) * sum of (y_g - m n_g)^2 / N^2   (ratio estimator, linearised: clustered by user)
--   interval = m -+ t sqrt(v)
-- It is null with one user: nothing varies between users. t is exact up to 4 degrees of freedom, then Fisher and
-- Cornish's expansion of the quantile (relative error below 2e-5).
--
-- Suppression: a mode with fewer than $min_users users is suppressed. If all such modes together have fewer users than
-- that too, the next smallest goes with them, so that none is had by subtraction from 'all'. A $min_users of 1
-- suppresses nothing.
--
-- assertions:
--   unique: month, period, work_mode
--   each row: suppressed = (estimate is null)
--   each row: suppressed or users >= $min_users
--   each month, period: count(*) filter (where suppressed and work_mode <> 'all') <> 1 or bool_and(suppressed)

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

-- 64 bits of the key are quicker to group by than the key; of a million users two share them with a probability below
-- one in ten million, and then count as one.
sessions as (
    select month, hash(user_key) as user_hash, work_mode, task_value_usd
    from core.classified_sessions
    where work_mode is not null and task_value_usd is not null
),

-- Decimals, because a sum of floats depends on the order of the rows.
user_cells as (
    select
        month,
        user_hash,
        coalesce(work_mode, 'all') as work_mode,
        count(*) as sessions,
        cast(sum(cast(task_value_usd as decimal(18, 4))) as decimal(18, 4)) as usd
    from sessions
    group by grouping sets ((month, user_hash, work_mode), (month, user_hash))
),

user_months as (
    select *, lag(month) over (partition by user_hash, work_mode order by month) as previous_month
    from user_cells
),

month_sums as (
    select work_mode, month, previous_month, count(*) as users, sum(sessions) as sessions, sum(usd) as usd
    from user_months
    group by all
),

-- A user counts in a window where their previous month in the cell lies before it.
sums as (
    select
        periods.*,
        month_sums.work_mode,
        cast(sum(month_sums.sessions) as bigint) as sessions,
        cast(
            sum(month_sums.users) filter (where coalesce(month_sums.previous_month < periods.first_month, true))
            as bigint
        ) as users,
        cast(sum(month_sums.usd) as double) as usd
    from periods
    inner join month_sums on month_sums.month between periods.first_month and periods.last_month
    group by all
),

-- The square of a user's sum over a window is a sum over pairs of months: so users are gone through once, not once per
-- window.
month_products as (
    select
        cells.work_mode,
        cells.month,
        others.month as other_month,
        sum(cells.usd * others.usd) as usd_squares,
        sum(cells.usd * others.sessions) as products,
        sum(cells.sessions * others.sessions) as squares
    from user_cells as cells
    inner join user_cells as others using (user_hash, work_mode)
    group by all
),

products as (
    select
        periods.month,
        periods.period,
        month_products.work_mode,
        cast(sum(month_products.usd_squares) as double) as usd_squares,
        cast(sum(month_products.products) as double) as products,
        cast(sum(month_products.squares) as double) as squares
    from periods
    inner join month_products
        on month_products.month between periods.first_month and periods.last_month
        and month_products.other_month between periods.first_month and periods.last_month
    group by all
),

medians as (
    select
        periods.month,
        periods.period,
        coalesce(sessions.work_mode, 'all') as work_mode,
        median(sessions.task_value_usd) as median_usd
    from periods
    inner join sessions on sessions.month between periods.first_month and periods.last_month
    group by grouping sets ((periods.month, periods.period, sessions.work_mode), (periods.month, periods.period))
),

means as (
    select
        sums.*,
        medians.median_usd,
        sums.usd / sums.sessions as mean_usd,
        sums.users - 1 as df,
        sums.users / (sums.users - 1) * greatest(
            products.usd_squares - 2 * mean_usd * products.products + mean_usd * mean_usd * products.squares, 0
        ) / sums.sessions ** 2 as variance
    from sums
    inner join products using (month, period, work_mode)
    inner join medians using (month, period, work_mode)
),

intervals as (
    select
        *,
        case
            when df <= 4 then [12.706204736174705, 4.302652729749462, 3.182446305283708, 2.776445105197793][df]
            else
                1.959963984540054 + (2.3722712302986 + (2.8224986157396 + (2.5558496795077
                + (1.5895340533938 + 0.73289821198 / df) / df) / df) / df) / df
        end as t,
        mean_usd - t * sqrt(variance) as ci_low,
        mean_usd + t * sqrt(variance) as ci_high
    from means
),

hidden as (
    select
        means.month,
        means.period,
        count(distinct user_cells.user_hash) < $min_users as needs_another
    from means
    inner join user_cells
        on user_cells.work_mode = means.work_mode
        and user_cells.month between means.first_month and means.last_month
    where means.users < $min_users and means.work_mode <> 'all'
    group by all
),

ranked as (
    select
        intervals.*,
        coalesce(hidden.needs_another, false) as needs_another,
        row_number() over (
            partition by intervals.month, intervals.period, intervals.work_mode = 'all', intervals.users >= $min_users
            order by intervals.users, intervals.work_mode
        ) as size_rank
    from intervals
    left join hidden using (month, period)
),

decided as (
    select *, users < $min_users or (needs_another and work_mode <> 'all' and size_rank = 1) as suppressed
    from ranked
),

final as (
    select
        month,
        period,
        work_mode,
        case when not suppressed then sessions end as sessions,
        case when not suppressed then users end as users,
        case when not suppressed then mean_usd end as estimate,
        case when not suppressed then ci_low end as ci_low,
        case when not suppressed then ci_high end as ci_high,
        case when not suppressed then median_usd end as median_usd,
        suppressed
    from decided
    order by month, period, work_mode
)

select * from final

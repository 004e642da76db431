-- One row per month, period, measure and expertise level: distribution of effort per prompt.
--
-- Over the sessions with a level. A level without sessions has no row. Quantiles are interpolated between neighbours
-- and include the sessions with a measure of zero; the geometric mean cannot, and zero_sessions counts them.
--
-- Interval of the geometric mean exp(m): with m the mean logarithm of the N sessions with a measure above zero, G their
-- users, n_g sessions and y_g logarithms in all by user g, t the 97.5% quantile with G - 1 degrees of freedom:
--   variance v = G / (G - 1) * sum of (y_g - m n_g)^2 / N^2   (ratio estimator, linearised: clustered by user)
--   interval = exp(m -+ t sqrt(v))
-- It is null with one user: nothing varies between users. t is exact up to 4 degrees of freedom, then Fisher and
-- Cornish's expansion of the quantile (relative error below 2e-5).
--
-- Suppression: a level with fewer than $min_users users is suppressed, and one with fewer users whose measure is ever
-- above zero. If all levels of too few users together have fewer users than that too, the next smallest goes with them,
-- so that none is had by subtraction. A $min_users of 1 suppresses nothing.
--
-- columns:
--   sessions: sessions of the level, those with a measure of zero included
--   users: their distinct users
--
-- assertions:
--   unique: month, period, measure, expertise
--   each row: suppressed or users >= $min_users
--   each row: suppressed or (p05 <= p25 and p25 <= p50 and p50 <= p75 and p75 <= p95)
--   each row: suppressed or zero_sessions <= sessions
--   each month, period, measure: count(*) filter (where suppressed) <> 1 or count(*) = 1

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

-- 64 bits of the key are quicker to group by than the key; of a million users two share them with a probability below
-- one in ten million, and then count as one.
sessions as (
    select month, hash(user_key) as user_hash, expertise, 'actions_per_prompt' as measure, actions_per_prompt as effort
    from core.classified_sessions
    where expertise is not null
    union all
    select month, hash(user_key) as user_hash, expertise, 'words_per_prompt' as measure, words_per_prompt as effort
    from core.classified_sessions
    where expertise is not null
),

-- Decimals, because a sum of floats depends on the order of the rows.
user_cells as (
    select
        month,
        user_hash,
        measure,
        expertise,
        count(*) as sessions,
        count(*) filter (where effort > 0) as positive_sessions,
        cast(
            coalesce(sum(case when effort > 0 then cast(ln(effort) as decimal(18, 9)) end), 0) as decimal(18, 9)
        ) as log_effort
    from sessions
    group by all
),

user_months as (
    select
        *,
        lag(month) over (partition by user_hash, measure, expertise order by month) as previous_month,
        max(month) filter (where positive_sessions > 0) over (
            partition by user_hash, measure, expertise
            order by month
            rows between unbounded preceding and 1 preceding
        ) as previous_positive_month
    from user_cells
),

month_sums as (
    select
        measure,
        expertise,
        month,
        previous_month,
        previous_positive_month,
        count(*) as users,
        count(*) filter (where positive_sessions > 0) as positive_users,
        sum(sessions) as sessions,
        sum(positive_sessions) as positive_sessions,
        sum(log_effort) as log_effort
    from user_months
    group by all
),

-- A user counts in a window where their previous month in the cell lies before it.
sums as (
    select
        periods.*,
        month_sums.measure,
        month_sums.expertise,
        cast(sum(month_sums.sessions) as bigint) as sessions,
        cast(
            sum(month_sums.users) filter (where coalesce(month_sums.previous_month < periods.first_month, true))
            as bigint
        ) as users,
        cast(sum(month_sums.positive_sessions) as bigint) as positive_sessions,
        cast(
            sum(month_sums.positive_users)
            filter (where coalesce(month_sums.previous_positive_month < periods.first_month, true))
            as bigint
        ) as positive_users,
        cast(sum(month_sums.log_effort) as double) as log_effort
    from periods
    inner join month_sums on month_sums.month between periods.first_month and periods.last_month
    group by all
),

-- The square of a user's sum over a window is a sum over pairs of months: so users are gone through once, not once per
-- window.
month_products as (
    select
        cells.measure,
        cells.expertise,
        cells.month,
        others.month as other_month,
        sum(cells.log_effort * others.log_effort) as log_squares,
        sum(cells.log_effort * others.positive_sessions) as products,
        sum(cells.positive_sessions * others.positive_sessions) as squares
    from user_cells as cells
    inner join user_cells as others using (user_hash, measure, expertise)
    group by all
),

products as (
    select
        periods.month,
        periods.period,
        month_products.measure,
        month_products.expertise,
        cast(sum(month_products.log_squares) as double) as log_squares,
        cast(sum(month_products.products) as double) as products,
        cast(sum(month_products.squares) as double) as squares
    from periods
    inner join month_products
        on month_products.month between periods.first_month and periods.last_month
        and month_products.other_month between periods.first_month and periods.last_month
    group by all
),

distributions as (
    select
        periods.month,
        periods.period,
        sessions.measure,
        sessions.expertise,
        quantile_cont(sessions.effort, [0.05, 0.25, 0.5, 0.75, 0.95]) as points
    from periods
    inner join sessions on sessions.month between periods.first_month and periods.last_month
    group by all
),

means as (
    select
        sums.*,
        distributions.points,
        sums.log_effort / nullif(sums.positive_sessions, 0) as mean_log,
        sums.positive_users - 1 as df,
        sums.positive_users / (sums.positive_users - 1) * greatest(
            products.log_squares - 2 * mean_log * products.products + mean_log * mean_log * products.squares, 0
        ) / nullif(sums.positive_sessions, 0) ** 2 as variance
    from sums
    inner join products using (month, period, measure, expertise)
    inner join distributions using (month, period, measure, expertise)
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
        exp(mean_log - t * sqrt(variance)) as ci_low,
        exp(mean_log + t * sqrt(variance)) as ci_high
    from means
),

hidden as (
    select
        means.month,
        means.period,
        means.measure,
        count(distinct user_cells.user_hash) < $min_users as needs_another
    from means
    inner join user_cells
        on user_cells.measure = means.measure
        and user_cells.expertise = means.expertise
        and user_cells.month between means.first_month and means.last_month
    where means.users < $min_users
    group by all
),

ranked as (
    select
        intervals.*,
        coalesce(hidden.needs_another, false) as needs_another,
        row_number() over (
            partition by intervals.month, intervals.period, intervals.measure, intervals.users >= $min_users
            order by intervals.users, intervals.expertise
        ) as size_rank
    from intervals
    left join hidden using (month, period, measure)
),

decided as (
    select
        *,
        users < $min_users
        or (positive_users < $min_users and $min_users > 1)
        or (needs_another and size_rank = 1) as suppressed
    from ranked
),

final as (
    select
        month,
        period,
        measure,
        expertise,
        case when not suppressed then sessions end as sessions,
        case when not suppressed then users end as users,
        case when not suppressed then exp(mean_log) end as estimate,
        case when not suppressed then ci_low end as ci_low,
        case when not suppressed then ci_high end as ci_high,
        case when not suppressed then sessions - positive_sessions end as zero_sessions,
        case when not suppressed then points[1] end as p05,
        case when not suppressed then points[2] end as p25,
        case when not suppressed then points[3] end as p50,
        case when not suppressed then points[4] end as p75,
        case when not suppressed then points[5] end as p95,
        suppressed
    from decided
    order by month, period, measure, expertise
)

select * from final

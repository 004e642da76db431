-- One row per month, period, sample, measure and expertise level: unadjusted rate. estimate: share.
--
-- Over the sessions with a level, an outcome other than no_clear_goal, and both signals: so all six rates of a level
-- have the same sessions. A level without such sessions has no row.
--
-- Interval: Wilson's, with the sample size that independent sessions would need for the same variance (after Korn and
-- Graubard 1998), so that it stays within 0 and 1 and has a width at 0 and at 1. With p the rate, N sessions,
-- G users, n_g sessions and y_g of them with the outcome by user g, t the 97.5% quantile with G - 1 degrees of freedom:
--   variance v = G / (G - 1) * sum of (y_g - p n_g)^2 / N^2   (ratio estimator, linearised)
--   k = t^2 * greatest(v / (p (1 - p)), 1 / N)                (effective size never above N)
--   k = t^2 * sum of n_g^2 / N^2 where p is 0 or 1            (each user's sessions all alike: the most cautious size)
--   r = sqrt(k p (1 - p) + k^2 / 4)
--   interval = p^2 / (p + k / 2 + r) to 1 - (1 - p)^2 / (1 - p + k / 2 + r)   (Wilson's roots, exact at 0 and 1)
-- It is null with one user: nothing varies between users. t is exact up to 4 degrees of freedom, then Fisher and
-- Cornish's expansion of the quantile (relative error below 2e-5).
--
-- Suppression: a level with fewer than $min_users users is suppressed. If all such levels of a sample together have
-- fewer users than that too, the next smallest goes with them, so that none is had by subtraction. A $min_users of 1
-- suppresses nothing.
--
-- columns:
--   sessions: sessions of the level in the sample, whatever their outcome
--   users: their distinct users
--
-- assertions:
--   unique: month, period, sample, measure, expertise
--   each row: suppressed = (estimate is null)
--   each row: suppressed or users >= $min_users
--   each row: suppressed or ci_low is null or (ci_low <= estimate and estimate <= ci_high)
--   each month, period, sample, expertise: count(*) = 6 and count(distinct suppressed) = 1

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

samples as (
    select unnest(['all', 'hit_trouble']) as sample
),

-- 64 bits of the key are quicker to group by than the key; of a million users two share them with a probability below
-- one in ten million, and then count as one.
sessions as (
    select *, hash(user_key) as user_hash
    from core.classified_sessions
    where
        expertise is not null
        and outcome <> 'no_clear_goal'
        and success_signal is not null
        and failure_signal is not null
),

user_cells as (
    select
        sessions.month,
        sessions.user_hash,
        samples.sample,
        sessions.expertise,
        cast(count(*) as double) as sessions,
        cast(count(*) filter (where sessions.at_least_partial) as double) as at_least_partial,
        cast(count(*) filter (where sessions.judged_success) as double) as judged_success,
        cast(count(*) filter (where sessions.verified_success) as double) as verified_success,
        cast(count(*) filter (where sessions.judged_failure) as double) as judged_failure,
        cast(count(*) filter (where sessions.verified_failure) as double) as verified_failure,
        cast(count(*) filter (where sessions.abandoned) as double) as abandoned
    from sessions
    inner join samples on samples.sample = 'all' or sessions.hit_trouble
    group by all
),

user_months as (
    select *, lag(month) over (partition by user_hash, sample, expertise order by month) as previous_month
    from user_cells
),

month_sums as (
    select
        sample,
        expertise,
        month,
        previous_month,
        count(*) as users,
        sum(sessions) as sessions,
        sum(at_least_partial) as at_least_partial,
        sum(judged_success) as judged_success,
        sum(verified_success) as verified_success,
        sum(judged_failure) as judged_failure,
        sum(verified_failure) as verified_failure,
        sum(abandoned) as abandoned
    from user_months
    group by all
),

-- A user counts in a window where their previous month in the cell lies before it.
sums as (
    select
        periods.*,
        month_sums.sample,
        month_sums.expertise,
        cast(sum(month_sums.sessions) as bigint) as sessions,
        cast(
            sum(month_sums.users) filter (where coalesce(month_sums.previous_month < periods.first_month, true))
            as bigint
        ) as users,
        sum(month_sums.at_least_partial) as at_least_partial,
        sum(month_sums.judged_success) as judged_success,
        sum(month_sums.verified_success) as verified_success,
        sum(month_sums.judged_failure) as judged_failure,
        sum(month_sums.verified_failure) as verified_failure,
        sum(month_sums.abandoned) as abandoned
    from periods
    inner join month_sums on month_sums.month between periods.first_month and periods.last_month
    group by all
),

-- The square of a user's sum over a window is a sum over pairs of months: so users are gone through once, not once per
-- window.
month_products as (
    select
        cells.sample,
        cells.expertise,
        cells.month,
        others.month as other_month,
        sum(cells.sessions * others.sessions) as squares,
        sum(cells.at_least_partial * others.at_least_partial) as at_least_partial_squares,
        sum(cells.judged_success * others.judged_success) as judged_success_squares,
        sum(cells.verified_success * others.verified_success) as verified_success_squares,
        sum(cells.judged_failure * others.judged_failure) as judged_failure_squares,
        sum(cells.verified_failure * others.verified_failure) as verified_failure_squares,
        sum(cells.abandoned * others.abandoned) as abandoned_squares,
        sum(cells.at_least_partial * others.sessions) as at_least_partial_products,
        sum(cells.judged_success * others.sessions) as judged_success_products,
        sum(cells.verified_success * others.sessions) as verified_success_products,
        sum(cells.judged_failure * others.sessions) as judged_failure_products,
        sum(cells.verified_failure * others.sessions) as verified_failure_products,
        sum(cells.abandoned * others.sessions) as abandoned_products
    from user_cells as cells
    inner join user_cells as others using (user_hash, sample, expertise)
    group by all
),

products as (
    select
        periods.month,
        periods.period,
        month_products.sample,
        month_products.expertise,
        sum(month_products.squares) as squares,
        sum(month_products.at_least_partial_squares) as at_least_partial_squares,
        sum(month_products.judged_success_squares) as judged_success_squares,
        sum(month_products.verified_success_squares) as verified_success_squares,
        sum(month_products.judged_failure_squares) as judged_failure_squares,
        sum(month_products.verified_failure_squares) as verified_failure_squares,
        sum(month_products.abandoned_squares) as abandoned_squares,
        sum(month_products.at_least_partial_products) as at_least_partial_products,
        sum(month_products.judged_success_products) as judged_success_products,
        sum(month_products.verified_success_products) as verified_success_products,
        sum(month_products.judged_failure_products) as judged_failure_products,
        sum(month_products.verified_failure_products) as verified_failure_products,
        sum(month_products.abandoned_products) as abandoned_products
    from periods
    inner join month_products
        on month_products.month between periods.first_month and periods.last_month
        and month_products.other_month between periods.first_month and periods.last_month
    group by all
),

hidden as (
    select
        sums.month,
        sums.period,
        sums.sample,
        count(distinct user_cells.user_hash) < $min_users as needs_another
    from sums
    inner join user_cells
        on user_cells.sample = sums.sample
        and user_cells.expertise = sums.expertise
        and user_cells.month between sums.first_month and sums.last_month
    where sums.users < $min_users
    group by all
),

ranked as (
    select
        sums.*,
        coalesce(hidden.needs_another, false) as needs_another,
        row_number() over (
            partition by sums.month, sums.period, sums.sample, sums.users >= $min_users
            order by sums.users, sums.expertise
        ) as size_rank
    from sums
    left join hidden using (month, period, sample)
),

decided as (
    select *, users < $min_users or (needs_another and size_rank = 1) as suppressed
    from ranked
),

measures as (
    select
        decided.month,
        decided.period,
        decided.sample,
        decided.expertise,
        decided.sessions,
        decided.users,
        decided.suppressed,
        products.squares,
        unnest([
            'at_least_partial',
            'judged_success',
            'verified_success',
            'judged_failure',
            'verified_failure',
            'abandoned'
        ]) as measure,
        unnest([
            decided.at_least_partial,
            decided.judged_success,
            decided.verified_success,
            decided.judged_failure,
            decided.verified_failure,
            decided.abandoned
        ]) as hits,
        unnest([
            products.at_least_partial_squares,
            products.judged_success_squares,
            products.verified_success_squares,
            products.judged_failure_squares,
            products.verified_failure_squares,
            products.abandoned_squares
        ]) as hit_squares,
        unnest([
            products.at_least_partial_products,
            products.judged_success_products,
            products.verified_success_products,
            products.judged_failure_products,
            products.verified_failure_products,
            products.abandoned_products
        ]) as products
    from decided
    inner join products using (month, period, sample, expertise)
),

rates as (
    select
        *,
        hits / sessions as rate,
        users - 1 as df,
        users / (users - 1) * (hit_squares - 2 * rate * products + rate * rate * squares)
        / sessions ** 2 as variance
    from measures
),

quantiles as (
    select
        *,
        case
            when df <= 4 then [12.706204736174705, 4.302652729749462, 3.182446305283708, 2.776445105197793][df]
            else
                1.959963984540054 + (2.3722712302986 + (2.8224986157396 + (2.5558496795077
                + (1.5895340533938 + 0.73289821198 / df) / df) / df) / df) / df
        end as t
    from rates
),

intervals as (
    select
        *,
        t * t * case
            when hits in (0, sessions) then squares / sessions ** 2
            else greatest(variance / (rate * (1 - rate)), 1 / sessions)
        end as k,
        sqrt(k * rate * (1 - rate) + k * k / 4) as r,
        rate * rate / (rate + k / 2 + r) as ci_low,
        1 - (1 - rate) * (1 - rate) / (1 - rate + k / 2 + r) as ci_high
    from quantiles
),

final as (
    select
        month,
        period,
        sample,
        measure,
        expertise,
        case when not suppressed then sessions end as sessions,
        case when not suppressed then users end as users,
        case when not suppressed then rate end as estimate,
        case when not suppressed then ci_low end as ci_low,
        case when not suppressed then ci_high end as ci_high,
        suppressed
    from intervals
    order by month, period, sample, measure, expertise
)

select * from final

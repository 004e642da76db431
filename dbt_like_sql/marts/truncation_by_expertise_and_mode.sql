-- One row per month, period, breakdown and label: share of sessions whose transcript was cut. estimate: share.
--
-- A breakdown is by level of expertise (sessions with a level) or by work mode (sessions with a mode). A label without
-- sessions has no row. Cut: a turn or the whole was longer than the window, so that the judge saw head and tail alone.
--
-- Interval: Wilson's, with the sample size that independent sessions would need for the same variance (after Korn and
-- Graubard 1998), so that it stays within 0 and 1 and has a width at 0 and at 1. With p the share, N sessions,
-- G users, n_g sessions and y_g of them cut by user g, t the 97.5% quantile with G - 1 degrees of freedom:
--   variance v = G / (G - 1) * sum of (y_g - p n_g)^2 / N^2   (ratio estimator, linearised)
--   k = t^2 * greatest(v / (p (1 - p)), 1 / N)                (effective size never above N)
--   k = t^2 * sum of n_g^2 / N^2 where p is 0 or 1            (each user's sessions all alike: the most cautious size)
--   r = sqrt(k p (1 - p) + k^2 / 4)
--   interval = p^2 / (p + k / 2 + r) to 1 - (1 - p)^2 / (1 - p + k / 2 + r)   (Wilson's roots, exact at 0 and 1)
-- It is null with one user: nothing varies between users. t is exact up to 4 degrees of freedom, then Fisher and
-- Cornish's expansion of the quantile (relative error below 2e-5).
--
-- Suppression: a label with fewer than $min_users users is suppressed. If all such labels of a breakdown together have
-- fewer users than that too, the next smallest goes with them, so that none is had by subtraction from the other
-- breakdown's sum. A $min_users of 1 suppresses nothing. The two breakdowns are not crossed: what is
-- suppressed there could be had from its row or its column.
--
-- columns:
--   sessions: sessions with the label, cut or not
--   users: their distinct users
--
-- assertions:
--   unique: month, period, breakdown, label
--   each row: suppressed = (estimate is null)
--   each row: suppressed or users >= $min_users
--   each row: suppressed or ci_low is null or (ci_low <= estimate and estimate <= ci_high)

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

-- 64 bits of the key are quicker to group by than the key; of a million users two share them with a probability below
-- one in ten million, and then count as one.
sessions as (
    select
        month,
        hash(user_key) as user_hash,
        transcript_truncated,
        unnest(['expertise', 'work_mode']) as breakdown,
        unnest([cast(expertise as varchar), work_mode]) as label
    from core.classified_sessions
),

user_cells as (
    select
        month,
        user_hash,
        breakdown,
        label,
        cast(count(*) as double) as sessions,
        cast(count(*) filter (where transcript_truncated) as double) as hits
    from sessions
    where label is not null
    group by all
),

user_months as (
    select *, lag(month) over (partition by user_hash, breakdown, label order by month) as previous_month
    from user_cells
),

month_sums as (
    select
        breakdown,
        label,
        month,
        previous_month,
        count(*) as users,
        sum(sessions) as sessions,
        sum(hits) as hits
    from user_months
    group by all
),

-- A user counts in a window where their previous month with the label lies before it.
sums as (
    select
        periods.*,
        month_sums.breakdown,
        month_sums.label,
        cast(sum(month_sums.sessions) as bigint) as sessions,
        cast(
            sum(month_sums.users) filter (where coalesce(month_sums.previous_month < periods.first_month, true))
            as bigint
        ) as users,
        sum(month_sums.hits) as hits
    from periods
    inner join month_sums on month_sums.month between periods.first_month and periods.last_month
    group by all
),

-- The square of a user's sum over a window is a sum over pairs of months: so users are gone through once, not once per
-- window.
month_products as (
    select
        cells.breakdown,
        cells.label,
        cells.month,
        others.month as other_month,
        sum(cells.sessions * others.sessions) as squares,
        sum(cells.hits * others.hits) as hit_squares,
        sum(cells.hits * others.sessions) as products
    from user_cells as cells
    inner join user_cells as others using (user_hash, breakdown, label)
    group by all
),

products as (
    select
        periods.month,
        periods.period,
        month_products.breakdown,
        month_products.label,
        sum(month_products.squares) as squares,
        sum(month_products.hit_squares) as hit_squares,
        sum(month_products.products) as products
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
        sums.breakdown,
        count(distinct user_cells.user_hash) < $min_users as needs_another
    from sums
    inner join user_cells
        on user_cells.breakdown = sums.breakdown
        and user_cells.label = sums.label
        and user_cells.month between sums.first_month and sums.last_month
    where sums.users < $min_users
    group by all
),

ranked as (
    select
        sums.*,
        coalesce(hidden.needs_another, false) as needs_another,
        row_number() over (
            partition by sums.month, sums.period, sums.breakdown, sums.users >= $min_users
            order by sums.users, sums.label
        ) as size_rank
    from sums
    left join hidden using (month, period, breakdown)
),

shares as (
    select
        ranked.*,
        products.squares,
        ranked.users < $min_users or (ranked.needs_another and ranked.size_rank = 1) as suppressed,
        ranked.hits / ranked.sessions as share,
        ranked.users - 1 as df,
        ranked.users / (ranked.users - 1)
        * (products.hit_squares - 2 * share * products.products + share * share * products.squares)
        / ranked.sessions ** 2 as variance
    from ranked
    inner join products using (month, period, breakdown, label)
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
    from shares
),

intervals as (
    select
        *,
        t * t * case
            when hits in (0, sessions) then squares / sessions ** 2
            else greatest(variance / (share * (1 - share)), 1 / sessions)
        end as k,
        sqrt(k * share * (1 - share) + k * k / 4) as r,
        share * share / (share + k / 2 + r) as ci_low,
        1 - (1 - share) * (1 - share) / (1 - share + k / 2 + r) as ci_high
    from quantiles
),

final as (
    select
        month,
        period,
        breakdown,
        label,
        case when not suppressed then sessions end as sessions,
        case when not suppressed then users end as users,
        case when not suppressed then share end as estimate,
        case when not suppressed then ci_low end as ci_low,
        case when not suppressed then ci_high end as ci_high,
        suppressed
    from intervals
    order by month, period, breakdown, label
)

select * from final

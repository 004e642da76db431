-- One row per month, period and work mode: its share of the sessions with a label. estimate: share.
--
-- Every period that has labelled sessions has all nine modes.
--
-- Interval: Wilson's, with the sample size that independent sessions would need for the same variance (after Korn and
-- Graubard 1998), so that it stays within 0 and 1 and has a width at 0 and at 1. With p the share, N sessions,
-- G users, n_g sessions and y_g sessions of the mode by user g, t the 97.5% quantile with G - 1 degrees of freedom:
--   variance v = G / (G - 1) * sum of (y_g - p n_g)^2 / N^2   (ratio estimator, linearised)
--   k = t^2 * greatest(v / (p (1 - p)), 1 / N)                (effective size never above N)
--   k = t^2 * sum of n_g^2 / N^2 where p is 0 or 1            (each user's sessions all alike: the most cautious size)
--   r = sqrt(k p (1 - p) + k^2 / 4)
--   interval = p^2 / (p + k / 2 + r) to 1 - (1 - p)^2 / (1 - p + k / 2 + r)   (Wilson's roots, exact at 0 and 1)
-- It is null with one user: nothing varies between users. t is exact up to 4 degrees of freedom, then Fisher and
-- Cornish's expansion of the quantile (relative error below 2e-5).
--
-- Suppression: a mode with users, but fewer than $min_users, is suppressed. If all such modes together have fewer users
-- than that too, the next smallest goes with them, so that none is had by subtraction. A mode without sessions is
-- published as 0: it tells of no one. All modes of a period with too few users are suppressed. A $min_users of 1
-- suppresses nothing.
--
-- columns:
--   users: distinct users with at least one session of the mode
--
-- assertions:
--   unique: month, period, work_mode
--   each row: suppressed = (estimate is null)
--   each row: suppressed or users = 0 or users >= $min_users
--   each row: suppressed or ci_low is null or (ci_low <= estimate and estimate <= ci_high)
--   each month, period: count(*) = 9
--   each month, period: count(*) filter (where suppressed) <> 1
--   each month, period: bool_or(suppressed) or abs(sum(estimate) - 1) < 1e-9

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

-- 64 bits of the key are quicker to group by than the key; of a million users two share them with a probability below
-- one in ten million, and then count as one.
sessions as (
    select month, hash(user_key) as user_hash, work_mode from core.classified_sessions where work_mode is not null
),

user_cells as (
    select month, user_hash, coalesce(work_mode, 'all') as work_mode, cast(count(*) as double) as sessions
    from sessions
    group by grouping sets ((month, user_hash, work_mode), (month, user_hash))
),

user_months as (
    select *, lag(month) over (partition by user_hash, work_mode order by month) as previous_month
    from user_cells
),

month_sums as (
    select work_mode, month, previous_month, count(*) as users, sum(sessions) as sessions
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
        ) as users
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
        sum(cells.sessions * others.sessions) filter (where others.work_mode = cells.work_mode) as squares,
        sum(cells.sessions * others.sessions) filter (where others.work_mode = 'all') as products
    from user_cells as cells
    inner join user_cells as others
        on others.user_hash = cells.user_hash and others.work_mode in (cells.work_mode, 'all')
    group by all
),

products as (
    select
        periods.month,
        periods.period,
        month_products.work_mode,
        sum(month_products.squares) as squares,
        sum(month_products.products) as products
    from periods
    inner join month_products
        on month_products.month between periods.first_month and periods.last_month
        and month_products.other_month between periods.first_month and periods.last_month
    group by all
),

totals as (
    select
        sums.month,
        sums.period,
        sums.first_month,
        sums.last_month,
        sums.sessions as all_sessions,
        sums.users as all_users,
        products.squares as all_squares
    from sums
    inner join products using (month, period, work_mode)
    where sums.work_mode = 'all'
),

modes as (
    select unnest([
        'plan', 'build', 'fix', 'understand', 'test', 'operate', 'analyze', 'orchestrate', 'communicate'
    ]) as work_mode
),

shares as (
    select
        totals.*,
        modes.work_mode,
        coalesce(sums.sessions, 0) as sessions,
        coalesce(sums.users, 0) as users,
        coalesce(sums.sessions, 0) / totals.all_sessions as share,
        totals.all_users - 1 as df,
        totals.all_users / (totals.all_users - 1) * (
            coalesce(products.squares, 0)
            - 2 * share * coalesce(products.products, 0)
            + share * share * totals.all_squares
        ) / totals.all_sessions ** 2 as variance
    from totals
    cross join modes
    left join sums using (month, period, work_mode)
    left join products using (month, period, work_mode)
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
            when sessions in (0, all_sessions) then all_squares / all_sessions ** 2
            else greatest(variance / (share * (1 - share)), 1 / all_sessions)
        end as k,
        sqrt(k * share * (1 - share) + k * k / 4) as r,
        share * share / (share + k / 2 + r) as ci_low,
        1 - (1 - share) * (1 - share) / (1 - share + k / 2 + r) as ci_high
    from quantiles
),

hidden as (
    select
        shares.month,
        shares.period,
        count(distinct user_cells.user_hash) < $min_users as needs_another
    from shares
    inner join user_cells
        on user_cells.work_mode = shares.work_mode
        and user_cells.month between shares.first_month and shares.last_month
    where shares.users < $min_users
    group by all
),

ranked as (
    select
        intervals.*,
        coalesce(hidden.needs_another, false) as needs_another,
        row_number() over (
            partition by intervals.month, intervals.period, intervals.users >= $min_users
            order by intervals.users, intervals.work_mode
        ) as size_rank
    from intervals
    left join hidden using (month, period)
),

decided as (
    select
        *,
        all_users < $min_users
        or (users > 0 and users < $min_users)
        or (users >= $min_users and needs_another and size_rank = 1) as suppressed
    from ranked
),

final as (
    select
        month,
        period,
        work_mode,
        case when not suppressed then sessions end as sessions,
        case when not suppressed then users end as users,
        case when not suppressed then share end as estimate,
        case when not suppressed then ci_low end as ci_low,
        case when not suppressed then ci_high end as ci_high,
        suppressed
    from decided
    order by month, period, work_mode
)

select * from final

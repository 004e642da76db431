-- One row per month, period and variable: correlation with the user's share of execution decisions. estimate: r.
--
-- "Orthogonal" with a number: over the sessions that have execution decisions and the variable; for the outcomes, those
-- with an outcome other than no_clear_goal.
--
-- Interval: with x and y standardised over the N sessions, the correlation's influence of a session is x y - r (x^2 +
-- y^2) / 2. With G users, s_g the sum of user g's influences and t the 97.5% quantile with G - 1 degrees of freedom:
--   variance v = G / (G - 1) * sum of s_g^2 / N^2           (linearised: clustered by user)
--   interval = tanh(atanh(r) -+ t sqrt(v) / (1 - r^2))      (delta method on Fisher's scale, so within -1 to 1)
-- Both are null where x or y does not vary; the interval with one user, and where r is -1 or 1.
--
-- Suppression: as the mean share of execution decisions in mean_decision_shares, and with fewer than $min_users users.
-- A correlation is no sum, so that there is nothing to subtract; its sessions and users are not shown where they are.
--
-- assertions:
--   unique: month, period, variable
--   each row: suppressed = (users is null)
--   each row: suppressed or ci_low is null or (ci_low <= estimate and estimate <= ci_high)

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

figures as (
    select *
    from staging.figures
    where
        breakdown = 'execution'
        and level = 'all'
        and measure = 'user_share'
        and month between $first_month and $last_month
),

sessions as (
    select
        month,
        hash(user_key) as user_hash,
        user_execution_share as x,
        -- Places in a list of names, which are quicker to group and to join by than the names.
        unnest([1, 2, 3]) as variable,
        unnest([
            cast(expertise as double),
            case when outcome <> 'no_clear_goal' then cast(judged_success as double) end,
            case when outcome <> 'no_clear_goal' then cast(verified_success as double) end
        ]) as y
    from core.classified_sessions
    where user_execution_share is not null
),

-- Centred roughly, so that no digits are lost; rounded, because a sum of other floats depends on the order of the rows.
user_months as materialized (
    select
        month,
        user_hash,
        variable,
        cast(count(*) as double) as n,
        sum(round((x - 0.5) * 1e6)) as x,
        sum(y) as y,
        sum(round((x - 0.5) * 1e6) ** 2) as x_x,
        sum(y * y) as y_y,
        sum(round((x - 0.5) * 1e6) * y) as x_y
    from sessions
    where y is not null
    group by all
),

month_sums as (
    select
        month,
        variable,
        count(*) as users,
        sum(n) as n,
        sum(x) as x,
        sum(y) as y,
        sum(x_x) as x_x,
        sum(y_y) as y_y,
        sum(x_y) as x_y
    from user_months
    group by all
),

pairs as materialized (
    select user_months.*, others.month as other_month, others.n as other_n, others.x as other_x, others.y as other_y,
        others.x_x as other_x_x, others.y_y as other_y_y, others.x_y as other_x_y
    from user_months
    inner join user_months as others
        on others.user_hash = user_months.user_hash
        and others.variable = user_months.variable
        and others.month < user_months.month
),

-- A user counts once in a window: not in a month after their first in it.
last_months as (
    select month, variable, max(other_month) as other_month
    from pairs
    group by month, variable, user_hash
),

returned as (
    select month, variable, other_month, count(*) as users from last_months group by all
),

returned_users as (
    select periods.month, periods.period, returned.variable, sum(returned.users) as users
    from periods
    inner join returned on returned.month <= periods.last_month and returned.other_month >= periods.first_month
    group by all
),

moments as (
    select
        periods.month,
        periods.period,
        month_sums.variable,
        cast(sum(n) as bigint) as sessions,
        cast(sum(month_sums.users) - coalesce(any_value(returned_users.users), 0) as bigint) as users,
        sum(x) / sum(n) as mean_x,
        sum(y) / sum(n) as mean_y,
        sum(x_x) / sum(n) - mean_x * mean_x as var_x,
        sum(y_y) / sum(n) - mean_y * mean_y as var_y,
        (sum(x_y) / sum(n) - mean_x * mean_y) / nullif(sqrt(var_x * var_y), 0) as r
    from periods
    inner join month_sums on month_sums.month between periods.first_month and periods.last_month
    left join returned_users
        on returned_users.month = periods.month
        and returned_users.period = periods.period
        and returned_users.variable = month_sums.variable
    group by periods.month, periods.period, month_sums.variable
),

-- A user's influence over a window is a weighted sum of six sums over its months. So its square is one of products of
-- these over pairs of months, which are added up over users once instead of once per window.
products as (
    select
        month,
        other_month,
        variable,
        case when other_month = month then 1 else 2 end as times,
        sum(times * n * other_n) as n__n,
        sum(times * (n * other_x + x * other_n)) as n__x,
        sum(times * (n * other_y + y * other_n)) as n__y,
        sum(times * (n * other_x_x + x_x * other_n)) as n__x_x,
        sum(times * (n * other_y_y + y_y * other_n)) as n__y_y,
        sum(times * (n * other_x_y + x_y * other_n)) as n__x_y,
        sum(times * x * other_x) as x__x,
        sum(times * (x * other_y + y * other_x)) as x__y,
        sum(times * (x * other_x_x + x_x * other_x)) as x__x_x,
        sum(times * (x * other_y_y + y_y * other_x)) as x__y_y,
        sum(times * (x * other_x_y + x_y * other_x)) as x__x_y,
        sum(times * y * other_y) as y__y,
        sum(times * (y * other_x_x + x_x * other_y)) as y__x_x,
        sum(times * (y * other_y_y + y_y * other_y)) as y__y_y,
        sum(times * (y * other_x_y + x_y * other_y)) as y__x_y,
        sum(times * x_x * other_x_x) as x_x__x_x,
        sum(times * (x_x * other_y_y + y_y * other_x_x)) as x_x__y_y,
        sum(times * (x_x * other_x_y + x_y * other_x_x)) as x_x__x_y,
        sum(times * y_y * other_y_y) as y_y__y_y,
        sum(times * (y_y * other_x_y + x_y * other_y_y)) as y_y__x_y,
        sum(times * x_y * other_x_y) as x_y__x_y
    from (
        select * from pairs
        union all
        select *, month, n, x, y, x_x, y_y, x_y from user_months
    )
    group by all
),

variances as (
    select
        moments.month,
        moments.period,
        moments.variable,
        any_value(1 / sqrt(var_x * var_y)) as w_x_y,
        any_value(-r / 2 / var_x) as w_x_x,
        any_value(-r / 2 / var_y) as w_y_y,
        any_value(-mean_y / sqrt(var_x * var_y) + r * mean_x / var_x) as w_x,
        any_value(-mean_x / sqrt(var_x * var_y) + r * mean_y / var_y) as w_y,
        any_value(
            mean_x * mean_y / sqrt(var_x * var_y) - r / 2 * (mean_x * mean_x / var_x + mean_y * mean_y / var_y)
        ) as w_n,
        sum(n__n) * w_n * w_n
        + sum(n__x) * w_n * w_x
        + sum(n__y) * w_n * w_y
        + sum(n__x_x) * w_n * w_x_x
        + sum(n__y_y) * w_n * w_y_y
        + sum(n__x_y) * w_n * w_x_y
        + sum(x__x) * w_x * w_x
        + sum(x__y) * w_x * w_y
        + sum(x__x_x) * w_x * w_x_x
        + sum(x__y_y) * w_x * w_y_y
        + sum(x__x_y) * w_x * w_x_y
        + sum(y__y) * w_y * w_y
        + sum(y__x_x) * w_y * w_x_x
        + sum(y__y_y) * w_y * w_y_y
        + sum(y__x_y) * w_y * w_x_y
        + sum(x_x__x_x) * w_x_x * w_x_x
        + sum(x_x__y_y) * w_x_x * w_y_y
        + sum(x_x__x_y) * w_x_x * w_x_y
        + sum(y_y__y_y) * w_y_y * w_y_y
        + sum(y_y__x_y) * w_y_y * w_x_y
        + sum(x_y__x_y) * w_x_y * w_x_y as squares
    from moments
    inner join periods using (month, period)
    inner join products
        on products.variable = moments.variable
        and products.month <= periods.last_month
        and products.other_month >= periods.first_month
    where r is not null
    group by moments.month, moments.period, moments.variable
),

reaches as (
    select
        moments.*,
        users - 1 as df,
        case
            when df <= 4 then [12.706204736174705, 4.302652729749462, 3.182446305283708, 2.776445105197793][df]
            else
                1.959963984540054 + (2.3722712302986 + (2.8224986157396 + (2.5558496795077
                + (1.5895340533938 + 0.73289821198 / df) / df) / df) / df) / df
        end as t,
        case
            when df > 0 and abs(r) < 1 - 1e-9
                then t * sqrt(users / df * greatest(variances.squares, 0)) / sessions / (1 - r * r)
        end as reach
    from moments
    left join variances using (month, period, variable)
),

decided as (
    select
        reaches.*,
        $min_users > 1 and (figures.suppressed or reaches.users < $min_users) as suppressed
    from reaches
    inner join figures using (month, period)
),

final as (
    select
        month,
        period,
        ['expertise', 'judged_success', 'verified_success'][variable] as variable,
        case when not suppressed then sessions end as sessions,
        case when not suppressed then users end as users,
        case when not suppressed then r end as estimate,
        case when not suppressed then tanh(atanh(r) - reach) end as ci_low,
        case when not suppressed then tanh(atanh(r) + reach) end as ci_high,
        suppressed
    from decided
    order by month, period, variable
)

select * from final

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
        unnest(['expertise', 'judged_success', 'verified_success']) as variable,
        unnest([
            cast(expertise as double),
            case when outcome <> 'no_clear_goal' then cast(judged_success as double) end,
            case when outcome <> 'no_clear_goal' then cast(verified_success as double) end
        ]) as y
    from core.classified_sessions
    where user_execution_share is not null
),

-- Centred roughly, so that no digits are lost; rounded, because a sum of other floats depends on the order of the rows.
user_months as (
    select
        month,
        user_hash,
        variable,
        count(*) as sessions,
        sum(round((x - 0.5) * 1e6)) as x,
        sum(y) as y,
        sum(round((x - 0.5) * 1e6) ** 2) as x_x,
        sum(y * y) as y_y,
        sum(round((x - 0.5) * 1e6) * y) as x_y
    from sessions
    where y is not null
    group by all
),

user_sums as (
    select
        periods.month,
        periods.period,
        user_months.variable,
        user_months.user_hash,
        sum(user_months.sessions) as sessions,
        sum(user_months.x) as x,
        sum(user_months.y) as y,
        sum(user_months.x_x) as x_x,
        sum(user_months.y_y) as y_y,
        sum(user_months.x_y) as x_y
    from periods
    inner join user_months on user_months.month between periods.first_month and periods.last_month
    group by all
),

moments as (
    select
        month,
        period,
        variable,
        cast(sum(sessions) as bigint) as sessions,
        count(*) as users,
        sum(x) / sum(sessions) as mean_x,
        sum(y) / sum(sessions) as mean_y,
        sum(x_x) / sum(sessions) - mean_x * mean_x as var_x,
        sum(y_y) / sum(sessions) - mean_y * mean_y as var_y,
        (sum(x_y) / sum(sessions) - mean_x * mean_y) / nullif(sqrt(var_x * var_y), 0) as r
    from user_sums
    group by month, period, variable
),

variances as (
    select
        moments.month,
        moments.period,
        moments.variable,
        sum((
            (
                user_sums.x_y - mean_x * user_sums.y - mean_y * user_sums.x + mean_x * mean_y * user_sums.sessions
            ) / sqrt(var_x * var_y)
            - r / 2 * (
                (user_sums.x_x - 2 * mean_x * user_sums.x + mean_x * mean_x * user_sums.sessions) / var_x
                + (user_sums.y_y - 2 * mean_y * user_sums.y + mean_y * mean_y * user_sums.sessions) / var_y
            )
        ) ** 2) as squares
    from moments
    inner join user_sums using (month, period, variable)
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
                then t * sqrt(users / df * variances.squares) / sessions / (1 - r * r)
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
        variable,
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

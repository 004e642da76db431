-- One row per month, period, breakdown, level and measure: estimate and interval, and whether they may be shown.
--
-- Every interval of the marts is made here; what is withheld is decided in staging/released.sql.
-- With N the denominator, G the users with a session in it, n_g and y_g its and the numerator's sums of user g, the
-- estimate is r = sum of y_g / N, and its variance v = G / (G - 1) * sum of (y_g - r n_g)^2 / N^2: a ratio estimator,
-- linearised, clustered by user. With t the 97.5% quantile with G - 1 degrees of freedom, the interval is by kind:
--   mean: r -+ t sqrt(v)
--   log: exp(r -+ t sqrt(v)), around the geometric mean exp(r)
--   share, rate: Wilson's, with the sample size that independent sessions would need for the same variance (after Korn
--     and Graubard 1998), so that it stays within 0 and 1 and has a width at both. A share's denominator is level 'all'.
--       k = t^2 * greatest(v / (r (1 - r)), 1 / N)       (effective size never above N)
--       k = t^2 * sum of n_g^2 / N^2 where r is 0 or 1   (each user's sessions all alike: the most cautious size)
--       q = sqrt(k r (1 - r) + k^2 / 4)
--       interval = r^2 / (r + k / 2 + q) to 1 - (1 - r)^2 / (1 - r + k / 2 + q)   (Wilson's roots, exact at 0 and 1)
--   accounts: Wilson's, with the number of users as the sample size: k = 1.96^2 / G
-- It is null with one user, and that of a mean or log where all users are alike: nothing varies. t is exact up to 4 degrees of freedom, then Fisher and
-- Cornish's expansion of the quantile (relative error below 2e-5).
--
-- columns:
--   users: distinct users of the sessions
--   n: sessions in the denominator of the measure's mean
--   clusters: their distinct users
--
-- assertions:
--   unique: month, period, breakdown, level, measure
--   each row: suppressed or sessions = 0 or $min_users = 1 or clusters >= $min_users
--   each row: not suppressed or estimate is null
--   each row: suppressed or ci_low is null or (ci_low <= estimate and estimate <= ci_high)

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

cells as (
    select * from staging.cells where month <= $last_month
),

released as (
    select * from staging.released where month between $first_month and $last_month
),

measures(breakdown, measure, numerator, kind, scale) as (
    values
        ('work_mode', 'share', 'sessions', 'share', 1),
        ('work_mode', 'truncated', 'y1', 'rate', 1),
        ('expertise', 'truncated', 'y1', 'rate', 1),
        ('task_value', 'task_value', 'y1', 'mean', 1e4),
        ('actions_by_expertise', 'actions_per_prompt', 'y1', 'log', 1e9),
        ('words_by_expertise', 'words_per_prompt', 'y1', 'log', 1e9),
        ('actions_by_model', 'actions_per_prompt', 'y1', 'log', 1e9),
        ('words_by_model', 'words_per_prompt', 'y1', 'log', 1e9),
        ('successes', 'at_least_partial', 'y1', 'rate', 1),
        ('successes', 'judged_success', 'y2', 'rate', 1),
        ('successes', 'verified_success', 'y3', 'rate', 1),
        ('failures', 'judged_failure', 'y1', 'rate', 1),
        ('failures', 'verified_failure', 'y2', 'rate', 1),
        ('failures', 'abandoned', 'y3', 'rate', 1),
        ('successes_in_trouble', 'at_least_partial', 'y1', 'rate', 1),
        ('successes_in_trouble', 'judged_success', 'y2', 'rate', 1),
        ('successes_in_trouble', 'verified_success', 'y3', 'rate', 1),
        ('failures_in_trouble', 'judged_failure', 'y1', 'rate', 1),
        ('failures_in_trouble', 'verified_failure', 'y2', 'rate', 1),
        ('failures_in_trouble', 'abandoned', 'y3', 'rate', 1),
        ('occupation_wrote_code', 'at_least_partial', 'y1', 'accounts', 1),
        ('occupation_wrote_code', 'judged_success', 'y2', 'accounts', 1),
        ('occupation_wrote_code', 'verified_success', 'y3', 'accounts', 1),
        ('profession', 'at_least_partial', 'y1', 'accounts', 1),
        ('profession', 'judged_success', 'y2', 'accounts', 1),
        ('profession', 'verified_success', 'y3', 'accounts', 1),
        ('profession_wrote_code', 'at_least_partial', 'y1', 'accounts', 1),
        ('profession_wrote_code', 'judged_success', 'y2', 'accounts', 1),
        ('profession_wrote_code', 'verified_success', 'y3', 'accounts', 1),
        ('success_signal', 'judged_success', 'y1', 'rate', 1),
        ('failure_signal', 'judged_success', 'y1', 'rate', 1),
        ('planning', 'share', 'sessions', 'share', 1),
        ('planning', 'user_share', 'y1', 'mean', 1e9),
        ('execution', 'share', 'sessions', 'share', 1),
        ('execution', 'user_share', 'y1', 'mean', 1e9),
        ('overall', 'user_share', 'y1', 'mean', 1e9),
        ('planning_bands', 'actions_per_prompt', 'y1', 'mean', 1e9),
        ('planning_bands', 'words_per_prompt', 'y2', 'mean', 1e9),
        ('execution_bands', 'actions_per_prompt', 'y1', 'mean', 1e9),
        ('execution_bands', 'words_per_prompt', 'y2', 'mean', 1e9),
        ('overall_bands', 'actions_per_prompt', 'y1', 'mean', 1e9),
        ('overall_bands', 'words_per_prompt', 'y2', 'mean', 1e9),
        ('codebase_context', 'share', 'sessions', 'share', 1),
        ('occupations', 'share', 'sessions', 'share', 1)
),

occupations as (
    select unnest([
        '11', '13', '15', '17', '19', '21', '23', '25', '27', '29', '31', '33', '35', '37', '39', '41', '43', '45',
        '47', '49', '51', '53', '55'
    ]) as occupation
),

-- All levels that a breakdown can have.
levels as (
    select
        unnest([
            'work_mode', 'task_value', 'planning', 'execution', 'overall', 'codebase_context', 'occupations'
        ]) as breakdown,
        'all' as level
    union all
    select unnest(['work_mode', 'task_value']), level
    from (
        select unnest([
            'plan', 'build', 'fix', 'understand', 'test', 'operate', 'analyze', 'orchestrate', 'communicate'
        ]) as level
    )
    union all
    select breakdown, cast(unnest(range(1, 6)) as varchar)
    from (
        select unnest([
            'expertise', 'actions_by_expertise', 'words_by_expertise', 'successes', 'failures', 'successes_in_trouble',
            'failures_in_trouble', 'planning_bands', 'execution_bands', 'overall_bands'
        ]) as breakdown
    )
    union all
    select unnest(['actions_by_model', 'words_by_model']), level
    from (select unnest(['fable', 'haiku', 'mythos', 'opus', 'other', 'sonnet']) as level)
    union all
    select 'occupation_wrote_code', occupation from occupations
    union all
    select unnest(['profession', 'profession_wrote_code']), level from (select unnest(['other', 'software']) as level)
    union all
    select unnest(['success_signal', 'failure_signal']), level
    from (select cast(unnest(range(0, 6)) as varchar) as level)
    union all
    select unnest(['planning', 'execution']), level
    from (select format('{:02d}', unnest(range(1, 11))) as level)
    union all
    select 'codebase_context', unnest(['modifies_existing', 'explores_existing', 'creates_new', 'no_codebase'])
    union all
    select 'occupations', users.occupation || '|' || tasks.occupation
    from (select occupation from occupations union all select 'unclear') as users
    cross join occupations as tasks
),

sums as (
    select
        periods.month,
        periods.period,
        cells.breakdown,
        cells.level,
        cast(sum(cells.sessions) as bigint) as sessions,
        cast(sum(cells.users) as bigint) as users,
        cast(sum(cells.clusters) as bigint) as clusters,
        sum(cells.n) as n,
        sum(cells.y1) as y1,
        sum(cells.y2) as y2,
        sum(cells.y3) as y3,
        sum(cells.sessions_sessions) as sessions_sessions,
        sum(cells.sessions_all) as sessions_all,
        sum(cells.n_n) as n_n,
        sum(cells.y1_n) as y1_n,
        sum(cells.y2_n) as y2_n,
        sum(cells.y3_n) as y3_n,
        sum(cells.y1_y1) as y1_y1,
        sum(cells.y2_y2) as y2_y2,
        sum(cells.y3_y3) as y3_y3
    from periods
    inner join cells on cells.month <= periods.last_month and cells.other_month >= periods.first_month
    group by all
),

withheld as (
    select distinct month, period, breakdown, true as is_partly_withheld from released where suppressed
),

-- A level without sessions looks like a withheld one where there is any: it could be the one that others stand for.
decided as (
    select
        periods.month,
        periods.period,
        levels.breakdown,
        levels.level,
        coalesce(released.suppressed, withheld.is_partly_withheld, false) as suppressed
    from levels
    cross join periods
    left join released using (month, period, breakdown, level)
    left join withheld using (month, period, breakdown)
),

populated as (
    select distinct month, period, breakdown from sums where sessions > 0
),

rows as (
    select
        decided.month,
        decided.period,
        decided.breakdown,
        decided.level,
        measures.measure,
        measures.kind,
        measures.scale,
        decided.suppressed,
        coalesce(sums.sessions, 0) as sessions,
        coalesce(sums.users, 0) as users,
        case when measures.kind = 'share' then totals.sessions else coalesce(sums.n, 0) end as n,
        case when measures.kind = 'share' then totals.users else coalesce(sums.clusters, 0) end as clusters,
        case measures.numerator
            when 'sessions' then coalesce(sums.sessions, 0)
            when 'y1' then sums.y1
            when 'y2' then sums.y2
            else sums.y3
        end as y,
        case when measures.kind = 'share' then totals.sessions_sessions else sums.n_n end as n_n,
        case measures.numerator
            when 'sessions' then coalesce(sums.sessions_all, 0)
            when 'y1' then sums.y1_n
            when 'y2' then sums.y2_n
            else sums.y3_n
        end as y_n,
        case measures.numerator
            when 'sessions' then coalesce(sums.sessions_sessions, 0)
            when 'y1' then sums.y1_y1
            when 'y2' then sums.y2_y2
            else sums.y3_y3
        end as y_y
    from decided
    inner join measures using (breakdown)
    left join sums using (month, period, breakdown, level)
    left join sums as totals
        on totals.month = decided.month
        and totals.period = decided.period
        and totals.breakdown = decided.breakdown
        and totals.level = 'all'
    left join populated using (month, period, breakdown)
    where
        (measures.kind <> 'share' or (decided.level <> 'all' and totals.sessions > 0))
        and (measures.kind = 'share' or coalesce(sums.sessions, 0) > 0 or decided.suppressed)
        and (measures.kind = 'share' or populated.breakdown is not null)
),

ratios as (
    select
        *,
        y / nullif(n, 0) as ratio,
        clusters - 1 as df,
        y_y - 2 * ratio * y_n + ratio * ratio * n_n as squares,
        -- The last digits of squared logarithms and dollars depend on the order of the rows: ten are kept, and what they
        -- leave of a true zero is none.
        case
            when squares > 1e-12 * y_y
                then clusters / nullif(df, 0) * round(squares, 9 - cast(floor(log10(squares)) as integer)) / (n * n)
            when df > 0 then 0
        end as variance,
        case
            when df <= 4 then [12.706204736174705, 4.302652729749462, 3.182446305283708, 2.776445105197793][df]
            else
                1.959963984540054 + (2.3722712302986 + (2.8224986157396 + (2.5558496795077
                + (1.5895340533938 + 0.73289821198 / df) / df) / df) / df) / df
        end as t
    from rows
),

reaches as (
    select
        *,
        case when variance > 0 then t * sqrt(variance) end as reach,
        case
            when kind = 'accounts' then case when df > 0 then 1.959963984540054 ** 2 / clusters end
            when kind in ('mean', 'log') then null
            when y in (0, n) then t * t * n_n / (n * n)
            else t * t * greatest(variance / (ratio * (1 - ratio)), 1 / n)
        end as k
    from ratios
),

final as (
    select
        month,
        period,
        breakdown,
        level,
        measure,
        case when not suppressed then cast(sessions as bigint) end as sessions,
        case when not suppressed then cast(users as bigint) end as users,
        case when not suppressed then cast(n as bigint) end as n,
        case when not suppressed then cast(clusters as bigint) end as clusters,
        case
            when suppressed then null
            when kind = 'log' then exp(ratio / scale)
            else ratio / scale
        end as estimate,
        case
            when suppressed then null
            when kind = 'mean' then (ratio - reach) / scale
            when kind = 'log' then exp((ratio - reach) / scale)
            else ratio * ratio / (ratio + k / 2 + sqrt(k * ratio * (1 - ratio) + k * k / 4))
        end as ci_low,
        case
            when suppressed then null
            when kind = 'mean' then (ratio + reach) / scale
            when kind = 'log' then exp((ratio + reach) / scale)
            else
                1 - (1 - ratio) * (1 - ratio)
                / (1 - ratio + k / 2 + sqrt(k * ratio * (1 - ratio) + k * k / 4))
        end as ci_high,
        suppressed
    from reaches
    order by month, period, breakdown, level, measure
)

select * from final

-- One row per month, period, breakdown, level and measure: estimate and interval, and whether they may be shown.
--
-- Every interval and every suppression of the marts is made here.
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
-- It is null with one user: nothing varies between users. t is exact up to 4 degrees of freedom, then Fisher and
-- Cornish's expansion of the quantile (relative error below 2e-5).
--
-- Suppression: see dbt_like_sql/README.md. A $min_users of 1 suppresses nothing.
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

-- All levels that a breakdown can have: a level without sessions must look like a hidden one.
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

-- Months in blocks of a window's length, counted from the first month with sessions.
calendar as (
    select
        month,
        date_diff('month', anchor, month) as place,
        cast(anchor + to_months($window_months * cast(floor(place / $window_months) as integer)) as date)
            as block,
        place % $window_months = $window_months - 1 as ends_block
    from (
        select anchor, cast(unnest(generate_series(anchor, cast($last_month as date), interval 1 month)) as date) as month
        from (select min(month) as anchor from core.classified_sessions)
    )
),

alone as (
    select month, 'month' as period, month as first_month, month as last_month from calendar
),

-- All months, because earlier ones decide what may be shown of later ones.
spans as (
    select month, period, first_month, last_month from alone
    union all
    select month, period, first_month, last_month from periods where period = 'window'
),

sums as (
    select
        spans.month,
        spans.period,
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
    from spans
    inner join cells on cells.month <= spans.last_month and cells.other_month >= spans.first_month
    group by all
),

-- Sessions that hit trouble or wrote code are shown where those that did not would be large enough as well.
sized as (
    select
        levels.breakdown,
        levels.level,
        levels.level = 'all' as is_total,
        spans.month,
        spans.period,
        coalesce(sums.sessions, 0) as sessions,
        least(coalesce(sums.clusters, 0), coalesce(others.clusters, sums.clusters, 0)) as users
    from levels
    cross join spans
    left join sums using (month, period, breakdown, level)
    left join sums as others
        on others.month = spans.month
        and others.period = spans.period
        and others.level = levels.level
        and others.breakdown = case
            when suffix(levels.breakdown, '_in_trouble')
                then replace(levels.breakdown, '_in_trouble', '_out_of_trouble')
            when suffix(levels.breakdown, '_wrote_code') then replace(levels.breakdown, '_wrote_code', '_no_code')
        end
),

starts as (
    select
        sized.*,
        sized.users < 3 * $min_users as is_small,
        min(sized.level) filter (where sized.users >= 3 * $min_users) over whole as first_large,
        bool_or(sized.sessions > 0 and sized.users < 3 * $min_users) over whole as any_small
    from sized
    inner join calendar using (month)
    where sized.period = 'month' and calendar.month = calendar.block
    window whole as (partition by sized.breakdown, sized.is_total, sized.month)
),

-- Which levels give up their months for the block.
closings as (
    select
        breakdown,
        level,
        month as block,
        $min_users > 1 and (is_small or (any_small and level = first_large)) as is_closed
    from starts
),

cell_months as (
    select sized.*, calendar.block, calendar.ends_block, closings.is_closed
    from sized
    inner join calendar using (month)
    inner join closings
        on closings.breakdown = sized.breakdown and closings.level = sized.level and closings.block = calendar.block
    where sized.period = 'month'
),

-- Months of a breakdown that did not turn out as the block's first month had promised.
month_states as (
    select
        breakdown,
        is_total,
        month,
        block,
        $min_users > 1 and (
            bool_or(not is_closed and sessions > 0 and users < $min_users)
            or (
                bool_or(not is_closed)
                and bool_or(is_closed and sessions > 0)
                and not bool_or(is_closed and users >= $min_users)
            )
        ) as is_unsafe,
        coalesce(sum(sessions) filter (where is_closed), 0) as closed_sessions
    from cell_months
    group by breakdown, is_total, month, block
),

level_blocks as (
    select breakdown, is_total, block, level, sum(sessions) as sessions
    from cell_months
    where is_closed
    group by all
),

largest_levels as (
    select breakdown, is_total, block, max(sessions) as largest, sum(sessions) as total
    from level_blocks
    group by all
),

-- Whether totals by month and by level leave every closed cell of a block open from nobody up to their smaller one.
blocks as (
    select
        month_states.breakdown,
        month_states.is_total,
        month_states.block,
        not bool_or(month_states.is_unsafe)
        and (
            month_states.is_total
            or max(month_states.closed_sessions) + any_value(largest_levels.largest) <= any_value(largest_levels.total)
        ) as is_safe
    from month_states
    inner join largest_levels using (breakdown, is_total, block)
    group by month_states.breakdown, month_states.is_total, month_states.block
),

-- A window of an open level is the sum of months that are shown.
open_windows as (
    select
        periods.month,
        periods.period,
        cell_months.breakdown,
        cell_months.level,
        bool_and(not cell_months.is_closed and not month_states.is_unsafe) as is_shown
    from periods
    inner join cell_months on cell_months.month between periods.first_month and periods.last_month
    inner join month_states
        on month_states.breakdown = cell_months.breakdown
        and month_states.is_total = cell_months.is_total
        and month_states.month = cell_months.month
    group by periods.month, periods.period, cell_months.breakdown, cell_months.level
),

-- A window of a closed level is a block, so that no two windows overlap.
closed_windows as (
    select
        sized.month,
        sized.period,
        sized.breakdown,
        sized.is_total,
        sized.level,
        sized.users >= $min_users as is_large,
        sized.sessions > 0 and not is_large as is_small
    from sized
    inner join cell_months using (breakdown, level, is_total, month)
    inner join blocks using (breakdown, is_total, block)
    where sized.period = 'window' and cell_months.ends_block and cell_months.is_closed and blocks.is_safe
),

closed_decisions as (
    select
        *,
        is_large and not (
            bool_or(is_small) over whole and level = min(level) filter (where is_large) over whole
        ) as is_shown
    from closed_windows
    window whole as (partition by month, period, breakdown, is_total)
),

decided as (
    select
        sized.*,
        $min_users > 1 and not coalesce(
            closed_decisions.is_shown,
            case when periods.period = 'window' then open_windows.is_shown
            else not cell_months.is_closed and not month_states.is_unsafe end
        ) as suppressed
    from sized
    inner join periods using (month, period)
    inner join cell_months using (breakdown, level, is_total, month)
    inner join month_states using (breakdown, is_total, month)
    left join open_windows using (month, period, breakdown, level)
    left join closed_decisions using (month, period, breakdown, level, is_total)
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
        t * sqrt(variance) as reach,
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

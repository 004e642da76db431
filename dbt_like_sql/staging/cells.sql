-- One row per breakdown, level, month and other month up to it: sums over users that add up to those of any window.
--
-- A breakdown cuts a population of sessions by a label; its level 'all', where there is one, is the whole population.
-- n counts a session in the denominator of the means, and y1 to y3 are their numerators, none where only sessions count:
--   task_value by work mode: y1 task value (1e-4 US dollars)
--   actions_by_expertise, words_by_expertise, actions_by_model, words_by_model: y1 logarithm (1e-9) of the effort per
--     prompt, of the sessions where it is above zero
--   successes by expertise: y1 at least partial, y2 judged, y3 verified; failures: y1 judged, y2 verified, y3 abandoned;
--     both of all sessions with a clear goal, and of those that hit trouble (_in_trouble) or did not (_out_of_trouble)
--   occupation, profession: y1, y2, y3 as in successes; of sessions that wrote code (_wrote_code) or did not (_no_code)
--   success_signal, failure_signal: y1 judged success
--   planning, execution: bins of the agent's share of decisions; y1 the user's share (1e-9), as in overall
--   planning_bands, execution_bands, overall_bands: y1 actions, y2 words per prompt (1e-9)
--   work_mode, expertise: y1 sessions whose transcript was cut
--   codebase_context, occupations (user's | task's): no means
--
-- A user's sum over a window is a sum over months, and its square one over pairs of months. So the rows whose months
-- both lie in a window add up to the window's sums, and users are gone through once instead of once per window. The row
-- of a month with itself has that month's sums. In the row of two months the sums of products count twice, and users and
-- clusters are negative: those whose last month in the cell before `month` is `other_month`, who would count again.
--
-- columns:
--   sessions_sessions: sum over users of the product of their sessions in the two months
--   sessions_all: the same of their sessions in the cell and in the whole population; 0 where no share is taken of it
--
-- assertions:
--   unique: breakdown, level, month, other_month
--   each row: other_month <= month

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

classified as (
    select *, hash(user_key) as user_hash
    from core.classified_sessions
    where month between (select min(first_month) from periods) and $last_month
),

-- 64 bits of the key are quicker to group by than the key; of a million users two share them with a probability below
-- one in ten million, and then count as one.
several as (
    select user_hash, count(*) as sessions
    from classified
    group by user_hash
    having count(*) > 1
),

-- Labels as small numbers, which are quicker to compare than text; `final` has their names. A label is null where its
-- breakdown leaves the session out. Numerators are whole numbers, because a sum of other floats depends on the order of
-- the rows.
sessions as materialized (
    select
        classified.month,
        classified.user_hash,
        several.sessions is not null as has_several,
        coalesce(several.sessions > 20, false) as has_many,
        cast(list_position(
            ['plan', 'build', 'fix', 'understand', 'test', 'operate', 'analyze', 'orchestrate', 'communicate'],
            classified.work_mode
        ) as smallint) as mode,
        case when classified.task_value_usd is not null then mode end as valued_mode,
        cast(classified.expertise as smallint) as skill,
        case when classified.outcome <> 'no_clear_goal' then cast(classified.success_signal as smallint) end as success,
        case when classified.outcome <> 'no_clear_goal' then cast(classified.failure_signal as smallint) end as failure,
        success is not null and failure is not null as is_judged,
        case when is_judged then skill end as judged_skill,
        case when classified.hit_trouble then judged_skill end as troubled_skill,
        case when classified.hit_trouble then null else judged_skill end as calm_skill,
        case
            when classified.model_tier is not null then cast(coalesce(
                list_position(['fable', 'haiku', 'mythos', 'opus', 'sonnet'], classified.model_tier), 6
            ) as smallint)
        end as model,
        case
            when classified.user_occupation = 'unclear' then cast(0 as smallint)
            else try_cast(classified.user_occupation as smallint)
        end as occupation,
        case when is_judged and classified.wrote_code then nullif(occupation, 0) end as coding_occupation,
        case when is_judged and not classified.wrote_code then nullif(occupation, 0) end as other_occupation,
        case when is_judged then cast(classified.software_user as smallint) end as profession,
        case when classified.wrote_code then profession end as coding_profession,
        case when not classified.wrote_code then profession end as other_profession,
        -- Ten bins of the agent's share. A share on a border belongs to the bin nearer to a half, so that user and agent
        -- are treated alike; a half itself to the fifth. Six digits are enough to tell ratios of counts apart.
        round((1 - classified.user_planning_share) * 10, 6) as planning,
        round((1 - classified.user_execution_share) * 10, 6) as execution,
        round((1 - classified.user_decision_share) * 10, 6) as overall,
        cast(
            case when planning < 5 then floor(planning) + 1 when planning >= 5 then greatest(ceil(planning), 5) end
            as smallint
        ) as planning_bin,
        cast(
            case when execution < 5 then floor(execution) + 1 when execution >= 5 then greatest(ceil(execution), 5) end
            as smallint
        ) as execution_bin,
        cast(
            case when overall < 5 then floor(overall) + 1 when overall >= 5 then greatest(ceil(overall), 5) end
            as smallint
        ) as overall_bin,
        cast(case when overall is not null then -1 end as smallint) as overall_whole,
        cast((planning_bin + 1) // 2 as smallint) as planning_band,
        cast((execution_bin + 1) // 2 as smallint) as execution_band,
        cast((overall_bin + 1) // 2 as smallint) as overall_band,
        cast(list_position(
            ['modifies_existing', 'explores_existing', 'creates_new', 'no_codebase'], classified.codebase_context
        ) as smallint) as context,
        cast(100 * occupation + try_cast(classified.task_occupation as smallint) as smallint) as occupations,
        cast(classified.transcript_truncated as utinyint) as cut,
        round(classified.task_value_usd * 1e4) as value,
        cast(classified.actions_per_prompt > 0 as utinyint) as has_actions,
        cast(classified.words_per_prompt > 0 as utinyint) as has_words,
        case when has_actions = 1 then round(ln(classified.actions_per_prompt) * 1e9) else 0 end as log_actions,
        case when has_words = 1 then round(ln(classified.words_per_prompt) * 1e9) else 0 end as log_words,
        round(classified.actions_per_prompt * 1e9) as actions,
        round(classified.words_per_prompt * 1e9) as words,
        cast(classified.at_least_partial as utinyint) as partial,
        cast(classified.judged_success as utinyint) as judged,
        cast(classified.verified_success as utinyint) as verified,
        cast(classified.judged_failure as utinyint) as failed,
        cast(classified.verified_failure as utinyint) as verified_failed,
        cast(classified.abandoned as utinyint) as abandoned,
        cast(round(1e9 - planning * 1e8) as integer) as user_planning,
        cast(round(1e9 - execution * 1e8) as integer) as user_execution,
        cast(round(1e9 - overall * 1e8) as integer) as user_overall
    from classified
    left join several on several.user_hash = classified.user_hash
),

placed as materialized (
    select *, row_number() over (partition by user_hash order by month) as place
    from sessions
    where has_several and not has_many
),

-- Every session of a user with few, beside each earlier one of theirs: the square of a user's sum is the sum of the
-- squares and twice that of the products of pairs, so nothing needs to be added up by user.
pairs as materialized (
    select
        later.month, earlier.month as earlier_month, hash(later.user_hash, later.place) as unit,
        later.mode, later.valued_mode, later.skill, later.judged_skill, later.troubled_skill, later.calm_skill,
        later.model, later.coding_occupation, later.other_occupation, later.profession, later.coding_profession,
        later.other_profession, later.success, later.failure, later.planning_bin, later.execution_bin,
        later.overall_whole, later.planning_band, later.execution_band, later.overall_band, later.context,
        later.occupations, later.cut, later.value, later.has_actions, later.log_actions, later.has_words,
        later.log_words, later.actions, later.words, later.partial, later.judged, later.verified, later.failed,
        later.verified_failed, later.abandoned, later.user_planning, later.user_execution, later.user_overall,
        earlier.mode as earlier_mode, earlier.valued_mode as earlier_valued_mode, earlier.skill as earlier_skill,
        earlier.judged_skill as earlier_judged_skill, earlier.troubled_skill as earlier_troubled_skill,
        earlier.calm_skill as earlier_calm_skill, earlier.model as earlier_model,
        earlier.coding_occupation as earlier_coding_occupation, earlier.other_occupation as earlier_other_occupation,
        earlier.profession as earlier_profession, earlier.coding_profession as earlier_coding_profession,
        earlier.other_profession as earlier_other_profession, earlier.success as earlier_success,
        earlier.failure as earlier_failure, earlier.planning_bin as earlier_planning_bin,
        earlier.execution_bin as earlier_execution_bin, earlier.overall_whole as earlier_overall_whole,
        earlier.planning_band as earlier_planning_band, earlier.execution_band as earlier_execution_band,
        earlier.overall_band as earlier_overall_band, earlier.context as earlier_context,
        earlier.occupations as earlier_occupations, earlier.cut as earlier_cut, earlier.value as earlier_value,
        earlier.has_actions as earlier_has_actions, earlier.log_actions as earlier_log_actions,
        earlier.has_words as earlier_has_words, earlier.log_words as earlier_log_words,
        earlier.actions as earlier_actions, earlier.words as earlier_words, earlier.partial as earlier_partial,
        earlier.judged as earlier_judged, earlier.verified as earlier_verified, earlier.failed as earlier_failed,
        earlier.verified_failed as earlier_verified_failed, earlier.abandoned as earlier_abandoned,
        earlier.user_planning as earlier_user_planning, earlier.user_execution as earlier_user_execution,
        earlier.user_overall as earlier_user_overall
    from (select *, unnest(range(1, place)) as earlier_place from placed) as later
    inner join placed as earlier on earlier.user_hash = later.user_hash and earlier.place = later.earlier_place
),

-- A session beside itself has the squares.
rows as not materialized (
    select *, true as is_pair, false as has_many from pairs
    union all
    select
        month, month, user_hash,
        mode, valued_mode, skill, judged_skill, troubled_skill, calm_skill, model, coding_occupation,
        other_occupation, profession, coding_profession, other_profession, success, failure, planning_bin,
        execution_bin, overall_whole, planning_band, execution_band, overall_band, context, occupations, cut, value,
        has_actions, log_actions, has_words, log_words, actions, words, partial, judged, verified, failed,
        verified_failed, abandoned, user_planning, user_execution, user_overall, mode, valued_mode, skill,
        judged_skill, troubled_skill, calm_skill, model, coding_occupation, other_occupation, profession,
        coding_profession, other_profession, success, failure, planning_bin, execution_bin, overall_whole,
        planning_band, execution_band, overall_band, context, occupations, cut, value, has_actions, log_actions,
        has_words, log_words, actions, words, partial, judged, verified, failed, verified_failed, abandoned,
        user_planning, user_execution, user_overall,
        false, has_many
    from sessions
),

-- The breakdowns: name, whether there is a level 'all', level, and what n and y1 to y3 are; the level and these also of
-- the earlier session. Of a user with many sessions `unit` is the user, else the later session.
facts as not materialized (
    select
        month, earlier_month, is_pair, has_many, unit,
        'work_mode' as breakdown, true as has_all, mode as level, earlier_mode as earlier_level,
        cast(1 as double) as n, cut as y1, cast(0 as double) as y2, cast(0 as double) as y3,
        cast(1 as double) as earlier_n, earlier_cut as earlier_y1,
        cast(0 as double) as earlier_y2, cast(0 as double) as earlier_y3
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'task_value', true, valued_mode, earlier_valued_mode,
        1, value, 0, 0, 1, earlier_value, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'expertise', false, skill, earlier_skill,
        1, cut, 0, 0, 1, earlier_cut, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'actions_by_expertise', false, skill, earlier_skill,
        has_actions, log_actions, 0, 0, earlier_has_actions, earlier_log_actions, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'words_by_expertise', false, skill, earlier_skill,
        has_words, log_words, 0, 0, earlier_has_words, earlier_log_words, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'actions_by_model', false, model, earlier_model,
        has_actions, log_actions, 0, 0, earlier_has_actions, earlier_log_actions, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'words_by_model', false, model, earlier_model,
        has_words, log_words, 0, 0, earlier_has_words, earlier_log_words, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'successes', false, judged_skill, earlier_judged_skill,
        1, partial, judged, verified, 1, earlier_partial, earlier_judged, earlier_verified
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'successes_in_trouble', false, troubled_skill, earlier_troubled_skill,
        1, partial, judged, verified, 1, earlier_partial, earlier_judged, earlier_verified
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'successes_out_of_trouble', false, calm_skill, earlier_calm_skill,
        1, partial, judged, verified, 1, earlier_partial, earlier_judged, earlier_verified
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'failures', false, judged_skill, earlier_judged_skill,
        1, failed, verified_failed, abandoned, 1, earlier_failed, earlier_verified_failed, earlier_abandoned
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'failures_in_trouble', false, troubled_skill, earlier_troubled_skill,
        1, failed, verified_failed, abandoned, 1, earlier_failed, earlier_verified_failed, earlier_abandoned
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'failures_out_of_trouble', false, calm_skill, earlier_calm_skill,
        1, failed, verified_failed, abandoned, 1, earlier_failed, earlier_verified_failed, earlier_abandoned
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'occupation_wrote_code', false, coding_occupation, earlier_coding_occupation,
        1, partial, judged, verified, 1, earlier_partial, earlier_judged, earlier_verified
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'occupation_no_code', false, other_occupation, earlier_other_occupation,
        1, partial, judged, verified, 1, earlier_partial, earlier_judged, earlier_verified
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'profession', false, profession, earlier_profession,
        1, partial, judged, verified, 1, earlier_partial, earlier_judged, earlier_verified
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'profession_wrote_code', false, coding_profession, earlier_coding_profession,
        1, partial, judged, verified, 1, earlier_partial, earlier_judged, earlier_verified
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'profession_no_code', false, other_profession, earlier_other_profession,
        1, partial, judged, verified, 1, earlier_partial, earlier_judged, earlier_verified
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'success_signal', false, success, earlier_success,
        1, judged, 0, 0, 1, earlier_judged, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'failure_signal', false, failure, earlier_failure,
        1, judged, 0, 0, 1, earlier_judged, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'planning', true, planning_bin, earlier_planning_bin,
        1, user_planning, 0, 0, 1, earlier_user_planning, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'execution', true, execution_bin, earlier_execution_bin,
        1, user_execution, 0, 0, 1, earlier_user_execution, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'overall', false, overall_whole, earlier_overall_whole,
        1, user_overall, 0, 0, 1, earlier_user_overall, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'planning_bands', false, planning_band, earlier_planning_band,
        1, actions, words, 0, 1, earlier_actions, earlier_words, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'execution_bands', false, execution_band, earlier_execution_band,
        1, actions, words, 0, 1, earlier_actions, earlier_words, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'overall_bands', false, overall_band, earlier_overall_band,
        1, actions, words, 0, 1, earlier_actions, earlier_words, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'codebase_context', true, context, earlier_context,
        1, 0, 0, 0, 1, 0, 0, 0
    from rows
    union all
    select month, earlier_month, is_pair, has_many, unit,
        'occupations', true, occupations, earlier_occupations,
        1, 0, 0, 0, 1, 0, 0, 0
    from rows
),

-- A pair counts in a cell if both sessions are in it.
cell_facts as not materialized (
    select * exclude (has_all, earlier_level) from facts where level = earlier_level
    union all
    select * exclude (has_all, earlier_level) replace (cast(-1 as smallint) as level)
    from facts
    where has_all and level is not null and earlier_level is not null
),

-- Of users with many sessions there are too many pairs: theirs are added up by cell and month first.
user_cells as materialized (
    select
        breakdown, level, month, unit, cast(count(*) as double) as sessions,
        sum(n) as n, sum(y1) as y1, sum(y2) as y2, sum(y3) as y3
    from cell_facts
    where has_many
    group by breakdown, level, month, unit
),

month_sums as (
    select
        breakdown,
        level,
        month,
        sum(sessions) as sessions,
        count(*) as users,
        count(*) filter (where n > 0) as clusters,
        sum(n) as n,
        sum(y1) as y1,
        sum(y2) as y2,
        sum(y3) as y3,
        sum(sessions * sessions) as sessions_sessions,
        sum(n * n) as n_n,
        sum(y1 * n) as y1_n,
        sum(y2 * n) as y2_n,
        sum(y3 * n) as y3_n,
        sum(y1 * y1) as y1_y1,
        sum(y2 * y2) as y2_y2,
        sum(y3 * y3) as y3_y3
    from (
        select breakdown, level, month, 1 as sessions, n, y1, y2, y3 from cell_facts where not is_pair and not has_many
        union all
        select breakdown, level, month, sessions, n, y1, y2, y3 from user_cells
    )
    group by breakdown, level, month
),

cell_pairs as not materialized (
    select
        breakdown, level, month, earlier_month, unit, 1 as sessions_sessions,
        n, y1, y2, y3, earlier_n, earlier_y1, earlier_y2, earlier_y3
    from cell_facts
    where is_pair
    union all
    select
        later.breakdown, later.level, later.month, earlier.month, later.unit, later.sessions * earlier.sessions,
        later.n, later.y1, later.y2, later.y3, earlier.n, earlier.y1, earlier.y2, earlier.y3
    from user_cells as later
    inner join user_cells as earlier
        on earlier.unit = later.unit
        and earlier.breakdown = later.breakdown
        and earlier.level = later.level
        and earlier.month < later.month
),

pair_sums as (
    select
        breakdown,
        level,
        month,
        earlier_month,
        2 * sum(sessions_sessions) as sessions_sessions,
        2 * sum(n * earlier_n) as n_n,
        sum(y1 * earlier_n + earlier_y1 * n) as y1_n,
        sum(y2 * earlier_n + earlier_y2 * n) as y2_n,
        sum(y3 * earlier_n + earlier_y3 * n) as y3_n,
        2 * sum(y1 * earlier_y1) as y1_y1,
        2 * sum(y2 * earlier_y2) as y2_y2,
        2 * sum(y3 * earlier_y3) as y3_y3
    from cell_pairs
    group by breakdown, level, month, earlier_month
),

-- A user counts in a cell once: not in a session that has an earlier one of theirs there.
last_months as (
    select
        breakdown,
        level,
        month,
        max(earlier_month) as user_month,
        max(earlier_month) filter (where n > 0 and earlier_n > 0) as cluster_month
    from cell_pairs
    group by breakdown, unit, level, month
),

returned as (
    select breakdown, level, month, user_month, cluster_month, count(*) as users
    from last_months
    group by all
),

-- Of a pair each session is in its own cell, and the other in the whole population.
of_all as (
    select breakdown, level, month, earlier_month, count(*) as sessions_all
    from facts
    where has_all and not has_many and level is not null and earlier_level is not null
    group by all
    union all
    select breakdown, earlier_level, month, earlier_month, count(*)
    from facts
    where has_all and is_pair and level is not null and earlier_level is not null
    group by all
    union all
    select
        cells.breakdown, cells.level, greatest(cells.month, totals.month), least(cells.month, totals.month),
        sum(cells.sessions * totals.sessions)
    from user_cells as cells
    inner join user_cells as totals on totals.unit = cells.unit and totals.breakdown = cells.breakdown
    where cells.level <> -1 and totals.level = -1
    group by all
),

parts as (
    select
        breakdown, level, month, month as other_month, sessions, users, clusters, n, y1, y2, y3,
        sessions_sessions, 0 as sessions_all, n_n, y1_n, y2_n, y3_n, y1_y1, y2_y2, y3_y3
    from month_sums
    union all
    select
        breakdown, level, month, earlier_month, 0, 0, 0, 0, 0, 0, 0,
        sessions_sessions, 0, n_n, y1_n, y2_n, y3_n, y1_y1, y2_y2, y3_y3
    from pair_sums
    union all
    select breakdown, level, month, user_month, 0, -users, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    from returned
    union all
    select breakdown, level, month, cluster_month, 0, 0, -users, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    from returned
    where cluster_month is not null
    union all
    select breakdown, level, month, earlier_month, 0, 0, 0, 0, 0, 0, 0, 0, sessions_all, 0, 0, 0, 0, 0, 0, 0
    from of_all
    where breakdown <> 'task_value'
),

added as (
    select
        breakdown,
        level,
        month,
        other_month,
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(users) as bigint) as users,
        cast(sum(clusters) as bigint) as clusters,
        cast(sum(n) as double) as n,
        cast(sum(y1) as double) as y1,
        cast(sum(y2) as double) as y2,
        cast(sum(y3) as double) as y3,
        cast(sum(sessions_sessions) as double) as sessions_sessions,
        cast(sum(sessions_all) as double) as sessions_all,
        cast(sum(n_n) as double) as n_n,
        cast(sum(y1_n) as double) as y1_n,
        cast(sum(y2_n) as double) as y2_n,
        cast(sum(y3_n) as double) as y3_n,
        cast(sum(y1_y1) as double) as y1_y1,
        cast(sum(y2_y2) as double) as y2_y2,
        cast(sum(y3_y3) as double) as y3_y3
    from parts
    where month >= $first_month
    group by breakdown, level, month, other_month
),

final as (
    select * replace (
        case
            when level = -1 then 'all'
            when breakdown in ('work_mode', 'task_value')
                then [
                    'plan', 'build', 'fix', 'understand', 'test', 'operate', 'analyze', 'orchestrate', 'communicate'
                ][level]
            when suffix(breakdown, '_by_model') then ['fable', 'haiku', 'mythos', 'opus', 'sonnet', 'other'][level]
            when prefix(breakdown, 'profession') then ['other', 'software'][level + 1]
            when breakdown in ('planning', 'execution') then format('{:02d}', level)
            when breakdown = 'codebase_context'
                then ['modifies_existing', 'explores_existing', 'creates_new', 'no_codebase'][level]
            when breakdown = 'occupations'
                then coalesce(cast(nullif(level // 100, 0) as varchar), 'unclear') || '|' || (level % 100)
            else cast(level as varchar)
        end as level
    )
    from added
    order by breakdown, level, month, other_month
)

select * from final

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
--   planning, execution: bins of the agent's share of decisions; y1 of 'all' is the user's share (1e-9), as in overall
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
    select user_hash, true as has_several
    from classified
    group by user_hash
    having count(*) > 1
),

-- Sums of whole numbers, because a sum of other floats depends on the order of the rows.
sessions as materialized (
    select
        classified.month,
        classified.user_hash,
        coalesce(several.has_several, false) as has_several,
        classified.work_mode,
        cast(classified.expertise as varchar) as expertise,
        classified.codebase_context,
        case
            when classified.model_tier in ('fable', 'haiku', 'mythos', 'opus', 'sonnet') then classified.model_tier
            when classified.model_tier is not null then 'other'
        end as model_tier,
        nullif(classified.user_occupation, 'unclear') as occupation,
        case when classified.software_user then 'software' when not classified.software_user then 'other' end
            as profession,
        classified.user_occupation || '|' || classified.task_occupation as occupations,
        cast(classified.success_signal as varchar) as success_signal,
        cast(classified.failure_signal as varchar) as failure_signal,
        classified.outcome <> 'no_clear_goal' as has_goal,
        has_goal and classified.success_signal is not null and classified.failure_signal is not null as is_judged,
        classified.hit_trouble,
        classified.wrote_code,
        round(classified.task_value_usd * 1e4) as value,
        cast(classified.transcript_truncated as double) as cut,
        cast(classified.actions_per_prompt > 0 as double) as has_actions,
        cast(classified.words_per_prompt > 0 as double) as has_words,
        case when has_actions = 1 then round(ln(classified.actions_per_prompt) * 1e9) else 0 end as log_actions,
        case when has_words = 1 then round(ln(classified.words_per_prompt) * 1e9) else 0 end as log_words,
        round(classified.actions_per_prompt * 1e9) as actions,
        round(classified.words_per_prompt * 1e9) as words,
        cast(classified.at_least_partial as double) as partial,
        cast(classified.judged_success as double) as judged,
        cast(classified.verified_success as double) as verified,
        cast(classified.judged_failure as double) as failed,
        cast(classified.verified_failure as double) as verified_failed,
        cast(classified.abandoned as double) as abandoned,
        -- Ten bins of the agent's share. A share on a border belongs to the bin nearer to a half, so that user and agent
        -- are treated alike; a half itself to the fifth. Six digits are enough to tell ratios of counts apart.
        round((1 - classified.user_planning_share) * 10, 6) as planning,
        round((1 - classified.user_execution_share) * 10, 6) as execution,
        round((1 - classified.user_decision_share) * 10, 6) as overall,
        case when planning < 5 then floor(planning) + 1 else greatest(ceil(planning), 5) end as planning_bin,
        case when execution < 5 then floor(execution) + 1 else greatest(ceil(execution), 5) end as execution_bin,
        case when overall < 5 then floor(overall) + 1 else greatest(ceil(overall), 5) end as overall_bin
    from classified
    left join several on several.user_hash = classified.user_hash
),

facts as (
    select
        month, user_hash, has_several, 'work_mode' as breakdown, work_mode as level,
        1 as n, cut as y1, 0 as y2, 0 as y3
    from sessions
    where work_mode is not null
    union all
    select month, user_hash, has_several, 'work_mode', 'all', 1, cut, 0, 0
    from sessions
    where work_mode is not null
    union all
    select month, user_hash, has_several, 'task_value', work_mode, 1, value, 0, 0
    from sessions
    where work_mode is not null and value is not null
    union all
    select month, user_hash, has_several, 'task_value', 'all', 1, value, 0, 0
    from sessions
    where work_mode is not null and value is not null
    union all
    select month, user_hash, has_several, 'expertise', expertise, 1, cut, 0, 0
    from sessions
    where expertise is not null
    union all
    select month, user_hash, has_several, 'actions_by_expertise', expertise, has_actions, log_actions, 0, 0
    from sessions
    where expertise is not null
    union all
    select month, user_hash, has_several, 'words_by_expertise', expertise, has_words, log_words, 0, 0
    from sessions
    where expertise is not null
    union all
    select month, user_hash, has_several, 'actions_by_model', model_tier, has_actions, log_actions, 0, 0
    from sessions
    where model_tier is not null
    union all
    select month, user_hash, has_several, 'words_by_model', model_tier, has_words, log_words, 0, 0
    from sessions
    where model_tier is not null
    union all
    select month, user_hash, has_several, 'successes', expertise, 1, partial, judged, verified
    from sessions
    where expertise is not null and is_judged
    union all
    select month, user_hash, has_several,
        case when hit_trouble then 'successes_in_trouble' else 'successes_out_of_trouble' end,
        expertise, 1, partial, judged, verified
    from sessions
    where expertise is not null and is_judged
    union all
    select month, user_hash, has_several, 'failures', expertise, 1, failed, verified_failed, abandoned
    from sessions
    where expertise is not null and is_judged
    union all
    select month, user_hash, has_several,
        case when hit_trouble then 'failures_in_trouble' else 'failures_out_of_trouble' end,
        expertise, 1, failed, verified_failed, abandoned
    from sessions
    where expertise is not null and is_judged
    union all
    select month, user_hash, has_several,
        case when wrote_code then 'occupation_wrote_code' else 'occupation_no_code' end,
        occupation, 1, partial, judged, verified
    from sessions
    where occupation is not null and is_judged
    union all
    select month, user_hash, has_several, 'profession', profession, 1, partial, judged, verified
    from sessions
    where profession is not null and is_judged
    union all
    select month, user_hash, has_several,
        case when wrote_code then 'profession_wrote_code' else 'profession_no_code' end,
        profession, 1, partial, judged, verified
    from sessions
    where profession is not null and is_judged
    union all
    select month, user_hash, has_several, 'success_signal', success_signal, 1, judged, 0, 0
    from sessions
    where has_goal and success_signal is not null
    union all
    select month, user_hash, has_several, 'failure_signal', failure_signal, 1, judged, 0, 0
    from sessions
    where has_goal and failure_signal is not null
    union all
    select month, user_hash, has_several, 'planning', format('{:02d}', cast(planning_bin as integer)), 1, 0, 0, 0
    from sessions
    where planning is not null
    union all
    select month, user_hash, has_several, 'planning', 'all', 1, round(1e9 - planning * 1e8), 0, 0
    from sessions
    where planning is not null
    union all
    select month, user_hash, has_several, 'execution', format('{:02d}', cast(execution_bin as integer)), 1, 0, 0, 0
    from sessions
    where execution is not null
    union all
    select month, user_hash, has_several, 'execution', 'all', 1, round(1e9 - execution * 1e8), 0, 0
    from sessions
    where execution is not null
    union all
    select month, user_hash, has_several, 'overall', 'all', 1, round(1e9 - overall * 1e8), 0, 0
    from sessions
    where overall is not null
    union all
    select month, user_hash, has_several,
        'planning_bands',
        cast(cast(ceil(planning_bin / 2) as integer) as varchar), 1, actions, words, 0
    from sessions
    where planning is not null
    union all
    select month, user_hash, has_several,
        'execution_bands',
        cast(cast(ceil(execution_bin / 2) as integer) as varchar), 1, actions, words, 0
    from sessions
    where execution is not null
    union all
    select month, user_hash, has_several,
        'overall_bands',
        cast(cast(ceil(overall_bin / 2) as integer) as varchar), 1, actions, words, 0
    from sessions
    where overall is not null
    union all
    select month, user_hash, has_several, 'codebase_context', codebase_context, 1, 0, 0, 0
    from sessions
    where codebase_context is not null
    union all
    select month, user_hash, has_several, 'codebase_context', 'all', 1, 0, 0, 0
    from sessions
    where codebase_context is not null
    union all
    select month, user_hash, has_several, 'occupations', occupations, 1, 0, 0, 0
    from sessions
    where occupations is not null
    union all
    select month, user_hash, has_several, 'occupations', 'all', 1, 0, 0, 0
    from sessions
    where occupations is not null
),

-- Of a user with one session there is nothing to add up.
lone_sums as (
    select
        breakdown,
        level,
        month,
        month as other_month,
        count(*) as sessions,
        count(*) as users,
        count(*) filter (where n > 0) as clusters,
        sum(n) as n,
        sum(y1) as y1,
        sum(y2) as y2,
        sum(y3) as y3,
        count(*) as sessions_sessions,
        count(*) as sessions_all,
        sum(n) as n_n,
        sum(y1) as y1_n,
        sum(y2) as y2_n,
        sum(y3) as y3_n,
        sum(y1 * y1) as y1_y1,
        sum(y2 * y2) as y2_y2,
        sum(y3 * y3) as y3_y3
    from facts
    where not has_several
    group by all
),

user_cells as materialized (
    select
        breakdown,
        level,
        user_hash,
        month,
        hash(user_hash, breakdown) as user_breakdown,
        hash(user_breakdown, level) as user_cell,
        cast(count(*) as double) as sessions,
        sum(n) as n,
        sum(y1) as y1,
        sum(y2) as y2,
        sum(y3) as y3
    from facts
    where has_several
    group by all
),

month_sums as (
    select
        breakdown,
        level,
        month,
        month as other_month,
        sum(sessions) as sessions,
        count(*) as users,
        count(*) filter (where n > 0) as clusters,
        sum(n) as n,
        sum(y1) as y1,
        sum(y2) as y2,
        sum(y3) as y3,
        sum(sessions * sessions) as sessions_sessions,
        0 as sessions_all,
        sum(n * n) as n_n,
        sum(y1 * n) as y1_n,
        sum(y2 * n) as y2_n,
        sum(y3 * n) as y3_n,
        sum(y1 * y1) as y1_y1,
        sum(y2 * y2) as y2_y2,
        sum(y3 * y3) as y3_y3
    from user_cells
    group by all
),

pairs as materialized (
    select
        cells.breakdown,
        cells.level,
        cells.user_cell,
        cells.month,
        others.month as other_month,
        cells.n > 0 and others.n > 0 as both_count,
        2 * cells.sessions * others.sessions as sessions_sessions,
        2 * cells.n * others.n as n_n,
        cells.y1 * others.n + others.y1 * cells.n as y1_n,
        cells.y2 * others.n + others.y2 * cells.n as y2_n,
        cells.y3 * others.n + others.y3 * cells.n as y3_n,
        2 * cells.y1 * others.y1 as y1_y1,
        2 * cells.y2 * others.y2 as y2_y2,
        2 * cells.y3 * others.y3 as y3_y3
    from user_cells as cells
    inner join user_cells as others
        on others.user_cell = cells.user_cell and others.month < cells.month
),

pair_sums as (
    select
        breakdown,
        level,
        month,
        other_month,
        sum(sessions_sessions) as sessions_sessions,
        sum(n_n) as n_n,
        sum(y1_n) as y1_n,
        sum(y2_n) as y2_n,
        sum(y3_n) as y3_n,
        sum(y1_y1) as y1_y1,
        sum(y2_y2) as y2_y2,
        sum(y3_y3) as y3_y3
    from pairs
    group by all
),

last_months as (
    select
        breakdown,
        level,
        month,
        max(other_month) as user_month,
        max(other_month) filter (where both_count) as cluster_month
    from pairs
    group by breakdown, level, user_cell, month
),

returned as (
    select breakdown, level, month, user_month as other_month, -count(*) as users, 0 as clusters
    from last_months
    group by all
    union all
    select breakdown, level, month, cluster_month, 0, -count(*)
    from last_months
    where cluster_month is not null
    group by all
),

of_all as (
    select
        cells.breakdown,
        cells.level,
        greatest(cells.month, others.month) as month,
        least(cells.month, others.month) as other_month,
        sum(cells.sessions * others.sessions) as sessions_all
    from user_cells as cells
    inner join user_cells as others
        on others.user_breakdown = cells.user_breakdown
    where
        others.level = 'all'
        and cells.breakdown in ('work_mode', 'planning', 'execution', 'codebase_context', 'occupations')
    group by all
),

parts as (
    select * from lone_sums
    union all
    select * from month_sums
    union all
    select
        breakdown, level, month, other_month, 0, 0, 0, 0, 0, 0, 0,
        sessions_sessions, 0, n_n, y1_n, y2_n, y3_n, y1_y1, y2_y2, y3_y3
    from pair_sums
    union all
    select breakdown, level, month, other_month, 0, users, clusters, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
    from returned
    union all
    select breakdown, level, month, other_month, 0, 0, 0, 0, 0, 0, 0, 0, sessions_all, 0, 0, 0, 0, 0, 0, 0
    from of_all
),

final as (
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
    group by all
    order by breakdown, level, month, other_month
)

select * from final

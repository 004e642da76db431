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
    select
        *,
        hash(user_key) as user_hash,
        case
            when model_tier in ('fable', 'haiku', 'mythos', 'opus', 'sonnet') then model_tier
            when model_tier is not null then 'other'
        end as tier,
        nullif(user_occupation, 'unclear') as occupation,
        case when software_user then 'software' when not software_user then 'other' end as profession,
        user_occupation || '|' || task_occupation as occupations
    from core.classified_sessions
    where month between (select min(first_month) from periods) and $last_month
),

-- 64 bits of the key are quicker to group by than the key; of a million users two share them with a probability below
-- one in ten million, and then count as one.
user_months as (
    select user_hash, month, count(*) as sessions
    from classified
    group by all
),

users as (
    select
        user_hash,
        cast(row_number() over () as integer) as user_number,
        min(month) as first_month,
        max(month) as last_month
    from user_months
    group by user_hash
    having sum(sessions) > 1
),

several as (
    select
        users.user_number,
        user_months.user_hash,
        user_months.month,
        cast(case when user_months.sessions = 1 then 1 else 2 end as utinyint) as part,
        users.last_month,
        user_months.month > users.first_month as follows,
        user_months.month < users.last_month as precedes
    from user_months
    inner join users on users.user_hash = user_months.user_hash
),

-- Numbers stand for levels until the end, because texts are slow to group and to join by: a level that is one digit
-- stands for itself, 11 to 20 are the ten bins, 99 is 'all', and labels begin at 100.
labels as materialized (
    select label, cast(100 + row_number() over (order by label) as smallint) as number
    from (
        select work_mode as label from classified
        union
        select codebase_context from classified
        union
        select tier from classified
        union
        select occupation from classified
        union
        select profession from classified
        union
        select occupations from classified
    )
    where label is not null
),

levels as (
    select number, label as level from labels
    union all
    select number, cast(number as varchar) from (select unnest(range(6)) as number)
    union all
    select 10 + bin, format('{:02d}', bin) from (select unnest(range(1, 11)) as bin)
    union all
    select 99, 'all'
),

-- Sums of whole numbers, because a sum of other floats depends on the order of the rows.
-- part: 0 is the only session of its user, 1 the only one of its user and month, 2 one of several in a month. In this
-- order each branch of facts finds the sessions of one part together, which takes a fifth less time.
-- follows, precedes: the user has sessions in an earlier month, in a later one.
sessions as materialized (
    select
        classified.month,
        several.user_number,
        coalesce(several.part, 0) as part,
        several.follows,
        several.precedes,
        modes.number as work_mode,
        cast(classified.expertise as smallint) as expertise,
        contexts.number as codebase_context,
        tiers.number as model_tier,
        users_occupations.number as occupation,
        professions.number as profession,
        crossed.number as occupations,
        cast(classified.success_signal as smallint) as success_signal,
        cast(classified.failure_signal as smallint) as failure_signal,
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
    left join several on several.user_hash = classified.user_hash and several.month = classified.month
    left join labels as modes on modes.label = classified.work_mode
    left join labels as contexts on contexts.label = classified.codebase_context
    left join labels as tiers on tiers.label = classified.tier
    left join labels as users_occupations on users_occupations.label = classified.occupation
    left join labels as professions on professions.label = classified.profession
    left join labels as crossed on crossed.label = classified.occupations
    -- Of the months before, only who came back: their pairs with a month that is asked for.
    where coalesce(several.last_month, classified.month) >= $first_month
    order by part
),

facts as (
    select
        month, user_number, part, follows, precedes, 'work_mode' as breakdown, work_mode as level,
        cast(1 as double) as n, cut as y1, 0 as y2, 0 as y3
    from sessions
    where work_mode is not null
    union all
    select month, user_number, part, follows, precedes, 'work_mode', 99, 1, cut, 0, 0
    from sessions
    where work_mode is not null
    union all
    select month, user_number, part, follows, precedes, 'task_value', work_mode, 1, value, 0, 0
    from sessions
    where work_mode is not null and value is not null
    union all
    select month, user_number, part, follows, precedes, 'task_value', 99, 1, value, 0, 0
    from sessions
    where work_mode is not null and value is not null
    union all
    select month, user_number, part, follows, precedes, 'expertise', expertise, 1, cut, 0, 0
    from sessions
    where expertise is not null
    union all
    select month, user_number, part, follows, precedes, 'actions_by_expertise', expertise, has_actions, log_actions, 0, 0
    from sessions
    where expertise is not null
    union all
    select month, user_number, part, follows, precedes, 'words_by_expertise', expertise, has_words, log_words, 0, 0
    from sessions
    where expertise is not null
    union all
    select month, user_number, part, follows, precedes, 'actions_by_model', model_tier, has_actions, log_actions, 0, 0
    from sessions
    where model_tier is not null
    union all
    select month, user_number, part, follows, precedes, 'words_by_model', model_tier, has_words, log_words, 0, 0
    from sessions
    where model_tier is not null
    union all
    select month, user_number, part, follows, precedes, 'successes', expertise, 1, partial, judged, verified
    from sessions
    where expertise is not null and is_judged
    union all
    select month, user_number, part, follows, precedes,
        case when hit_trouble then 'successes_in_trouble' else 'successes_out_of_trouble' end,
        expertise, 1, partial, judged, verified
    from sessions
    where expertise is not null and is_judged
    union all
    select month, user_number, part, follows, precedes, 'failures', expertise, 1, failed, verified_failed, abandoned
    from sessions
    where expertise is not null and is_judged
    union all
    select month, user_number, part, follows, precedes,
        case when hit_trouble then 'failures_in_trouble' else 'failures_out_of_trouble' end,
        expertise, 1, failed, verified_failed, abandoned
    from sessions
    where expertise is not null and is_judged
    union all
    select month, user_number, part, follows, precedes,
        case when wrote_code then 'occupation_wrote_code' else 'occupation_no_code' end,
        occupation, 1, partial, judged, verified
    from sessions
    where occupation is not null and is_judged
    union all
    select month, user_number, part, follows, precedes, 'profession', profession, 1, partial, judged, verified
    from sessions
    where profession is not null and is_judged
    union all
    select month, user_number, part, follows, precedes,
        case when wrote_code then 'profession_wrote_code' else 'profession_no_code' end,
        profession, 1, partial, judged, verified
    from sessions
    where profession is not null and is_judged
    union all
    select month, user_number, part, follows, precedes, 'success_signal', success_signal, 1, judged, 0, 0
    from sessions
    where has_goal and success_signal is not null
    union all
    select month, user_number, part, follows, precedes, 'failure_signal', failure_signal, 1, judged, 0, 0
    from sessions
    where has_goal and failure_signal is not null
    union all
    select month, user_number, part, follows, precedes, 'planning', 10 + planning_bin, 1, 0, 0, 0
    from sessions
    where planning is not null
    union all
    select month, user_number, part, follows, precedes, 'planning', 99, 1, round(1e9 - planning * 1e8), 0, 0
    from sessions
    where planning is not null
    union all
    select month, user_number, part, follows, precedes, 'execution', 10 + execution_bin, 1, 0, 0, 0
    from sessions
    where execution is not null
    union all
    select month, user_number, part, follows, precedes, 'execution', 99, 1, round(1e9 - execution * 1e8), 0, 0
    from sessions
    where execution is not null
    union all
    select month, user_number, part, follows, precedes, 'overall', 99, 1, round(1e9 - overall * 1e8), 0, 0
    from sessions
    where overall is not null
    union all
    select month, user_number, part, follows, precedes,
        'planning_bands',
        cast(ceil(planning_bin / 2) as smallint), 1, actions, words, 0
    from sessions
    where planning is not null
    union all
    select month, user_number, part, follows, precedes,
        'execution_bands',
        cast(ceil(execution_bin / 2) as smallint), 1, actions, words, 0
    from sessions
    where execution is not null
    union all
    select month, user_number, part, follows, precedes,
        'overall_bands',
        cast(ceil(overall_bin / 2) as smallint), 1, actions, words, 0
    from sessions
    where overall is not null
    union all
    select month, user_number, part, follows, precedes, 'codebase_context', codebase_context, 1, 0, 0, 0
    from sessions
    where codebase_context is not null
    union all
    select month, user_number, part, follows, precedes, 'codebase_context', 99, 1, 0, 0, 0
    from sessions
    where codebase_context is not null
    union all
    select month, user_number, part, follows, precedes, 'occupations', occupations, 1, 0, 0, 0
    from sessions
    where occupations is not null
    union all
    select month, user_number, part, follows, precedes, 'occupations', 99, 1, 0, 0, 0
    from sessions
    where occupations is not null
),


-- An enum is a number as well. The names of all breakdowns; one that is not among them stops the run.
numbered as not materialized (
    select
        month,
        user_number,
        part,
        follows,
        precedes,
        cast(
            breakdown as enum (
                'work_mode', 'task_value', 'expertise', 'actions_by_expertise', 'words_by_expertise',
                'actions_by_model', 'words_by_model', 'successes', 'successes_in_trouble', 'successes_out_of_trouble',
                'failures', 'failures_in_trouble', 'failures_out_of_trouble', 'occupation_wrote_code',
                'occupation_no_code', 'profession', 'profession_wrote_code', 'profession_no_code', 'success_signal',
                'failure_signal', 'planning', 'execution', 'overall', 'planning_bands', 'execution_bands',
                'overall_bands', 'codebase_context', 'occupations'
            )
        ) as breakdown,
        cast(level as smallint) as level,
        n,
        y1,
        y2,
        y3
    from facts
),

-- Of a session without another of its user in the month there is nothing to add up.
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
        count(*) filter (where part = 0) as sessions_all,
        sum(n) as n_n,
        sum(y1) as y1_n,
        sum(y2) as y2_n,
        sum(y3) as y3_n,
        sum(y1 * y1) as y1_y1,
        sum(y2 * y2) as y2_y2,
        sum(y3 * y3) as y3_y3
    from numbered
    where part < 2
    group by all
),

-- follows and precedes are the user's, and so split no group.
several_cells as materialized (
    select
        breakdown,
        level,
        user_number,
        month,
        follows,
        precedes,
        cast(count(*) as double) as sessions,
        sum(n) as n,
        sum(y1) as y1,
        sum(y2) as y2,
        sum(y3) as y3
    from numbered
    where part = 2
    group by all
),

-- Beside those: sessions of users who have others, in other months.
user_cells as not materialized (
    select * from several_cells
    union all
    select breakdown, level, user_number, month, follows, precedes, 1, n, y1, y2, y3
    from numbered
    where part = 1
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
    from several_cells
    group by all
),

pairs as materialized (
    select
        cells.breakdown,
        cells.level,
        cells.user_number,
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
        on others.user_number = cells.user_number
        and others.breakdown = cells.breakdown
        and others.level = cells.level
        and others.month < cells.month
    where cells.follows and others.precedes
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
    group by breakdown, level, user_number, month
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

-- What a share is taken of: a user's sessions of the month, in each breakdown that has populations.
populations as (
    select
        user_number,
        month,
        count(work_mode) as work_mode,
        count(planning) as planning,
        count(execution) as execution,
        count(codebase_context) as codebase_context,
        count(occupations) as occupations
    from sessions
    where part > 0
    group by all
),

-- Each session beside its user's of every month: the sums of a level's rows are the products of its sessions and those.
beside as materialized (
    select
        greatest(sessions.month, populations.month) as month,
        least(sessions.month, populations.month) as other_month,
        sessions.work_mode,
        case when sessions.planning is not null then 10 + sessions.planning_bin end as planning,
        case when sessions.execution is not null then 10 + sessions.execution_bin end as execution,
        sessions.codebase_context,
        sessions.occupations,
        populations.work_mode as all_work_mode,
        populations.planning as all_planning,
        populations.execution as all_execution,
        populations.codebase_context as all_codebase_context,
        populations.occupations as all_occupations
    from sessions
    inner join populations on populations.user_number = sessions.user_number
),

of_levels as (
    select 'work_mode' as breakdown, work_mode as level, month, other_month, sum(all_work_mode) as sessions_all
    from beside
    where work_mode is not null
    group by all
    union all
    select 'planning', planning, month, other_month, sum(all_planning)
    from beside
    where planning is not null
    group by all
    union all
    select 'execution', execution, month, other_month, sum(all_execution)
    from beside
    where execution is not null
    group by all
    union all
    select 'codebase_context', codebase_context, month, other_month, sum(all_codebase_context)
    from beside
    where codebase_context is not null
    group by all
    union all
    select 'occupations', occupations, month, other_month, sum(all_occupations)
    from beside
    where occupations is not null
    group by all
),

of_all as (
    select * from of_levels where sessions_all > 0
    union all
    select breakdown, 99, month, other_month, sum(sessions_all)
    from of_levels
    where sessions_all > 0
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
        cast(parts.breakdown as varchar) as breakdown,
        levels.level,
        parts.month,
        parts.other_month,
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
    inner join levels on levels.number = parts.level
    where month >= $first_month
    group by all
    order by breakdown, levels.level, month, other_month
)

select * from final

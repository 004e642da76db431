-- One row per session with at least one current label: its labels as columns.
--
-- A label is current when $backend gave it, its status is ok, and it was read off the transcript as it is now.
-- Of several versions the one classified last counts; at the same instant, the greater prompt digest, then model.
--
-- columns:
--   expertise: label as a number; null if unclear
--   expertise_opening: label as a number; null if unclear
--   success_signal: label as a number; none is 0
--   failure_signal: label as a number; none is 0
--   task_value_usd: the classifier's value
--   task_value_band: the classifier's label
--
-- assertions:
--   unique: session_id

with sessions as (
    select session_id, month, transcript_sha256
    from core.sessions
    where month between $first_month and $last_month
),

answers as (
    select session_id, transcript_sha256, classifier, label, value, row(classified_at, prompt_sha256, model) as version
    from labels.classifications
    where backend = $backend and status = 'ok'
),

current_answers as (
    select sessions.session_id, sessions.month, answers.classifier, answers.label, answers.value, answers.version
    from sessions
    inner join answers
        on answers.session_id = sessions.session_id and answers.transcript_sha256 = sessions.transcript_sha256
),

labels_as_columns as (
    select
        session_id,
        month,
        arg_max(label, version) filter (where classifier = 'work_mode') as work_mode,
        arg_max(label, version) filter (where classifier = 'expertise') as expertise,
        arg_max(label, version) filter (where classifier = 'expertise_opening') as expertise_opening,
        arg_max(label, version) filter (where classifier = 'user_occupation') as user_occupation,
        arg_max(label, version) filter (where classifier = 'task_occupation') as task_occupation,
        arg_max(label, version) filter (where classifier = 'outcome') as outcome,
        arg_max(label, version) filter (where classifier = 'success_signal') as success_signal,
        arg_max(label, version) filter (where classifier = 'failure_signal') as failure_signal,
        arg_max(label, version) filter (where classifier = 'codebase_context') as codebase_context,
        arg_max(label, version) filter (where classifier = 'decisions') as decisions,
        arg_max(label, version) filter (where classifier = 'task_value') as task_value_band,
        arg_max(value, version) filter (where classifier = 'task_value') as task_value_usd
    from current_answers
    group by session_id, month
),

final as (
    select
        session_id,
        month,
        $backend as labels_backend,
        work_mode,
        cast(nullif(expertise, 'unclear') as bigint) as expertise,
        cast(nullif(expertise_opening, 'unclear') as bigint) as expertise_opening,
        user_occupation,
        task_occupation,
        outcome,
        cast(case success_signal when 'none' then '0' else success_signal end as bigint) as success_signal,
        cast(case failure_signal when 'none' then '0' else failure_signal end as bigint) as failure_signal,
        codebase_context,
        cast(decisions ->> 'planning_user' as bigint) as user_planning_decisions,
        cast(decisions ->> 'planning_agent' as bigint) as agent_planning_decisions,
        cast(decisions ->> 'execution_user' as bigint) as user_execution_decisions,
        cast(decisions ->> 'execution_agent' as bigint) as agent_execution_decisions,
        task_value_usd,
        task_value_band
    from labels_as_columns
    order by month, session_id
)

select * from final

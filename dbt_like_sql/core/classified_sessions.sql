-- One row per eligible session: telemetry, current labels and derived measures.
--
-- A derived measure is null unless every label it is made of is there, so that missing labels never count as a no.
--
-- columns:
--   labels_backend: backend of the current labels; null if the session has none
--   user_planning_share: planning decisions of the user over all planning decisions; null if there were none
--   user_execution_share: execution decisions of the user over all execution decisions; null if there were none
--   user_decision_share: decisions of the user, of both kinds, over all decisions; null if there were none
--   actions_per_prompt: tool_calls / human_prompts
--   words_per_prompt: assistant_words / human_prompts
--
-- assertions:
--   unique: session_id
--   each row: judged_success or not verified_success
--   each row: at_least_partial or not judged_success
--   each row: judged_failure or not (verified_failure or abandoned)

with sessions as (
    select *
    from core.sessions
    where is_eligible and month between $first_month and $last_month
),

labels as (
    select *
    from staging.current_labels
    where month between $first_month and $last_month
),

labelled_sessions as (
    select
        sessions.session_id,
        sessions.month,
        sessions.user_key,
        sessions.project_key,
        sessions.harness,
        sessions.model_tier,
        sessions.active_seconds,
        sessions.human_prompts,
        sessions.model_calls,
        sessions.tool_calls,
        sessions.tool_calls_succeeded,
        sessions.output_tokens,
        sessions.api_cost_usd,
        sessions.assistant_words,
        sessions.lines_added,
        sessions.lines_removed,
        sessions.git_commits,
        sessions.pull_requests,
        sessions.last_test_passed,
        sessions.transcript_truncated,
        labels.labels_backend,
        labels.work_mode,
        labels.expertise,
        labels.expertise_opening,
        labels.user_occupation,
        labels.task_occupation,
        labels.outcome,
        labels.success_signal,
        labels.failure_signal,
        labels.codebase_context,
        labels.user_planning_decisions
        / nullif(labels.user_planning_decisions + labels.agent_planning_decisions, 0) as user_planning_share,
        labels.user_execution_decisions
        / nullif(labels.user_execution_decisions + labels.agent_execution_decisions, 0) as user_execution_share,
        (labels.user_planning_decisions + labels.user_execution_decisions)
        / nullif(
            labels.user_planning_decisions + labels.agent_planning_decisions
            + labels.user_execution_decisions + labels.agent_execution_decisions,
            0
        ) as user_decision_share,
        labels.task_value_usd,
        labels.task_value_band
    from sessions
    left join labels on labels.session_id = sessions.session_id
),

final as (
    select
        *,
        case
            when outcome is not null and success_signal is not null then outcome = 'succeeded' and success_signal >= 4
        end as verified_success,
        outcome = 'succeeded' as judged_success,
        outcome in ('succeeded', 'partially_succeeded') as at_least_partial,
        outcome = 'failed' as judged_failure,
        case
            when outcome is not null and failure_signal is not null then outcome = 'failed' and failure_signal >= 4
        end as verified_failure,
        failure_signal >= 3 as hit_trouble,
        case when outcome is not null then outcome = 'failed' and lines_added = 0 end as abandoned,
        lines_added > 0 as wrote_code,
        nullif(user_occupation, 'unclear') = '15' as software_user,
        tool_calls / human_prompts as actions_per_prompt,
        assistant_words / human_prompts as words_per_prompt
    from labelled_sessions
    order by month, session_id
)

select * from final

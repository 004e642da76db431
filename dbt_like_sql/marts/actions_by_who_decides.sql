-- One row per month, period and group: mean actions per prompt where one side takes over 80%. estimate: actions.
--
-- user_executes: the user takes over 80% of the execution decisions. agent_plans: the agent takes over 80% of the
-- planning decisions. A plain mean over sessions, zeros included; the same cells as in effort_by_decision_share.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- assertions:
--   unique: month, period, who_decides
--   each row: suppressed = (users is null)

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        case when breakdown = 'planning_bands' then 'agent_plans' else 'user_executes' end as who_decides,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where measure = 'actions_per_prompt'
        and ((breakdown = 'planning_bands' and level = '5') or (breakdown = 'execution_bands' and level = '1'))
    order by month, period, who_decides
)

select * from final

-- One row per month, breakdown and level of few users: how many users it has together with those of lower rank.
--
-- Levels of few users can hide each other where they have enough users together (dbt_like_sql/README.md, "What is
-- suppressed"). Users of several levels count once, so they are counted from the sessions. Of breakdowns by one label,
-- the one of fewest sessions stands for all: task_value for work_mode, successes for expertise. Left out are breakdowns
-- that are parts of others, and those of two levels.
--
-- columns:
--   rank: place of the level among those of few users in the month, from 1: fewest users in the window first
--
-- assertions:
--   unique: month, breakdown, level
--   unique: month, breakdown, rank

with periods as (
    select * from staging.periods where month between $first_month and $last_month
),

cells as (
    select *
    from staging.cells
    where
        month <= $last_month
        and level <> 'all'
        and breakdown in (
            'task_value', 'successes', 'actions_by_model', 'success_signal', 'failure_signal', 'codebase_context',
            'planning_bands', 'execution_bands', 'overall_bands'
        )
),

-- A share on a border belongs to the band nearer to a half.
sessions as (
    select
        month,
        user_key,
        outcome <> 'no_clear_goal' as has_goal,
        round((1 - user_planning_share) * 5, 6) as planning,
        round((1 - user_execution_share) * 5, 6) as execution,
        round((1 - user_decision_share) * 5, 6) as overall,
        case when planning < 2 then floor(planning) + 1 when planning >= 2 then greatest(ceil(planning), 3) end
            as planning_band,
        case when execution < 2 then floor(execution) + 1 when execution >= 2 then greatest(ceil(execution), 3) end
            as execution_band,
        case when overall < 2 then floor(overall) + 1 when overall >= 2 then greatest(ceil(overall), 3) end
            as overall_band,
        case when task_value_usd is not null then work_mode end as task_value,
        case when has_goal and success_signal is not null and failure_signal is not null then expertise end
            as successes,
        case
            when model_tier in ('fable', 'haiku', 'mythos', 'opus', 'sonnet') then model_tier
            when model_tier is not null then 'other'
        end as actions_by_model,
        case when has_goal then success_signal end as success_signal,
        case when has_goal then failure_signal end as failure_signal,
        codebase_context
    from core.classified_sessions
    where month between $first_month and $last_month
),

small as (
    select month, breakdown, level, users
    from cells
    where other_month = month and month >= $first_month and users < $min_users
),

-- A window shows the less of a level the fewer users it has there, so that hiding it costs least.
window_users as (
    select small.month, small.breakdown, small.level, sum(cells.users) as users
    from small
    inner join periods on periods.month = small.month and periods.period = 'window'
    inner join cells
        on cells.breakdown = small.breakdown
        and cells.level = small.level
        and cells.month <= periods.last_month
        and cells.other_month >= periods.first_month
    group by all
),

ranked as (
    select
        small.month,
        small.breakdown,
        small.level,
        row_number() over (
            partition by small.month, small.breakdown
            order by window_users.users, small.users, small.level
        ) as rank
    from small
    inner join window_users using (month, breakdown, level)
),

-- A user counts once, at the lowest rank.
first_ranks as (
    select ranked.month, ranked.breakdown, sessions.user_key, min(ranked.rank) as rank
    from sessions
    inner join ranked
        on ranked.month = sessions.month
        and ranked.level = case ranked.breakdown
            when 'task_value' then sessions.task_value
            when 'successes' then cast(sessions.successes as varchar)
            when 'actions_by_model' then sessions.actions_by_model
            when 'success_signal' then cast(sessions.success_signal as varchar)
            when 'failure_signal' then cast(sessions.failure_signal as varchar)
            when 'codebase_context' then sessions.codebase_context
            when 'planning_bands' then cast(cast(sessions.planning_band as integer) as varchar)
            when 'execution_bands' then cast(cast(sessions.execution_band as integer) as varchar)
            when 'overall_bands' then cast(cast(sessions.overall_band as integer) as varchar)
        end
    group by all
),

added as (
    select month, breakdown, rank, count(*) as users
    from first_ranks
    group by all
),

final as (
    select
        ranked.month,
        ranked.breakdown,
        ranked.level,
        ranked.rank,
        cast(
            sum(coalesce(added.users, 0)) over (
                partition by ranked.month, ranked.breakdown
                order by ranked.rank
            )
            as bigint
        ) as users_together
    from ranked
    left join added using (month, breakdown, rank)
    order by ranked.month, ranked.breakdown, ranked.rank
)

select * from final

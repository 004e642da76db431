-- One row per month, period, breakdown and level with sessions: whether its numbers are withheld.
--
-- The rule, and why it holds: dbt_like_sql/README.md, "What is suppressed". Breakdowns by one label are one unit and are
-- decided together, by the fewest users and sessions that any of them has. Months are gone through in their order, so that
-- a decision depends on its month and earlier ones alone; in each month, a unit after the one that it is a part of.
--
-- A $min_users of 1 suppresses nothing.
--
-- assertions:
--   unique: month, period, breakdown, level

with recursive

periods as (
    select * from staging.periods where month between $first_month and $last_month
),

-- All months, because earlier ones decide what may be shown of later ones.
cells as (
    select * from staging.cells where month <= $last_month
),

small_levels as (
    select * from staging.small_levels where month <= $last_month
),

-- rest: the breakdown of the sessions that are left when those of this one are taken from all. A breakdown that is not
-- here is decided by itself.
units(breakdown, unit, tier, rest) as (
    values
        ('work_mode', 'work_mode', 0, null),
        ('task_value', 'work_mode', 0, null),
        ('expertise', 'expertise', 0, null),
        ('actions_by_expertise', 'expertise', 0, null),
        ('words_by_expertise', 'expertise', 0, null),
        ('successes', 'expertise', 0, null),
        ('failures', 'expertise', 0, null),
        ('actions_by_model', 'model', 0, null),
        ('words_by_model', 'model', 0, null),
        ('profession', 'profession', 0, null),
        ('success_signal', 'success_signal', 0, null),
        ('failure_signal', 'failure_signal', 0, null),
        ('codebase_context', 'codebase_context', 0, null),
        ('overall', 'overall', 0, null),
        ('planning_bands', 'planning_bands', 0, null),
        ('execution_bands', 'execution_bands', 0, null),
        ('overall_bands', 'overall_bands', 0, null),
        ('successes_in_trouble', 'in_trouble', 1, 'successes_out_of_trouble'),
        ('failures_in_trouble', 'in_trouble', 1, 'failures_out_of_trouble'),
        ('profession_wrote_code', 'profession_wrote_code', 1, 'profession_no_code'),
        ('planning', 'planning', 1, null),
        ('execution', 'execution', 1, null),
        ('occupations', 'occupations', 1, null),
        ('occupation_wrote_code', 'occupation_wrote_code', 2, 'occupation_no_code')
),

calendar as (
    select month, date_diff('month', first_month, month) as place
    from (
        select first_month, cast(unnest(generate_series(first_month, last_month, interval 1 month)) as date) as month
        from (select min(month) as first_month, cast($last_month as date) as last_month from cells)
    )
),

found as (
    select distinct
        cells.breakdown,
        cells.level,
        coalesce(units.unit, cells.breakdown) as unit,
        case when cells.level = 'all' then 0 else coalesce(units.tier, 0) end as tier,
        units.rest
    from cells
    left join units using (breakdown)
    where cells.breakdown not in (select rest from units where rest is not null)
),

-- Occupation 15 is software; a bin of ten points is in a band of twenty.
named as (
    select
        *,
        case
            when unit in ('planning', 'execution') and level <> 'all'
                then cast((cast(level as integer) + 1) // 2 as varchar)
        end as band,
        case
            when split_part(level, '|', 1) = '15' then 'software'
            when split_part(level, '|', 1) <> 'unclear' then 'other'
        end as profession
    from found
),

-- A part is a table with a total of its own: bins of a band, occupations of a profession. Its company comes from itself.
levels as (
    select
        *,
        case
            when level = 'all' then breakdown || ' all'
            when unit in ('planning', 'execution') then unit || ' ' || band
            when unit in ('occupations', 'occupation_wrote_code') then unit || ' ' || coalesce(profession, 'unclear')
            else unit
        end as part,
        case
            when level = 'all' then null
            when unit = 'in_trouble' then 'expertise ' || level
            when unit = 'profession_wrote_code' then 'profession ' || level
            when unit in ('planning', 'execution') then unit || '_bands ' || band
            when unit = 'occupations' then 'profession ' || profession
            when unit = 'occupation_wrote_code' then 'profession_wrote_code ' || profession
        end as parent
    from named
),

-- Users and sessions of every run of months that a window can hold.
run_sums as (
    select
        cells.breakdown,
        cells.level,
        firsts.place as first_place,
        lasts.place as last_place,
        sum(cells.users) as users,
        sum(cells.clusters) as clusters,
        sum(cells.sessions) as sessions
    from calendar as lasts
    inner join calendar as firsts on firsts.place between lasts.place - $window_months + 1 and lasts.place
    inner join cells on cells.month <= lasts.month and cells.other_month >= firsts.month
    group by all
),

sized as (
    select
        levels.*,
        run_sums.first_place,
        run_sums.last_place,
        run_sums.sessions,
        coalesce(others.sessions, 0) as rest_sessions,
        least(run_sums.users, case when others.sessions > 0 then others.users else run_sums.users end) as users
    from levels
    inner join run_sums using (breakdown, level)
    left join run_sums as others
        on others.breakdown = levels.rest
        and others.level = levels.level
        and others.first_place = run_sums.first_place
        and others.last_place = run_sums.last_place
    where run_sums.sessions > 0
),

breakdowns as (
    select part, level, count(*) as breakdowns from levels group by all
),

-- least_*: none where a breakdown of the unit has no such sessions.
runs as materialized (
    select
        part,
        level,
        first_place,
        last_place,
        case when count(*) = any_value(breakdowns) then min(users) else 0 end as users,
        max(sessions) as sessions,
        case when count(*) = any_value(breakdowns) then min(sessions) else 0 end as least_sessions,
        -- Whatever they are where no table shows all sessions of the level.
        case when any_value(rest) is null or any_value(tier) = 2 then 0 else max(rest_sessions) end as rest_sessions,
        case when any_value(rest) is null or any_value(tier) = 2 then 1e18 else min(rest_sessions) end as least_rest
    from sized
    inner join breakdowns using (part, level)
    group by part, level, first_place, last_place
),

-- Of each month and breakdown, the levels of few users that hide each other: the first that have enough together.
groups as (
    select month, breakdown, min(rank) as last_rank
    from small_levels
    where rank > 1 and users_together >= $min_users
    group by all
),

members as materialized (
    select levels.part, levels.level, calendar.place, true as is_member
    from small_levels
    inner join groups using (month, breakdown)
    inner join levels using (breakdown, level)
    inner join calendar using (month)
    where small_levels.rank <= groups.last_rank
),

-- The state of a level before the first month, and what is carried from step to step.
-- run_*: its hidden months that are not yet in a piece. spare_at_first: what company could take over in the first of them.
-- inside: places of months that are followed by one of the same piece.
start as (
    select distinct
        part,
        level,
        part || ' ' || level as cell,
        level = 'all' as is_total,
        tier,
        parent,
        -1 as step,
        false as is_there,
        false as parent_hidden,
        false as is_hidden,
        cast(null as bigint) as closed_from,
        cast(null as bigint) as last_company,
        cast(null as bigint) as run_first,
        0.0::double as run_sessions,
        0.0::double as run_rest,
        0.0::double as spare_at_first,
        0.0::double as rest_spare_at_first,
        cast([] as bigint[]) as inside
    from levels
),

-- Three steps a month, one for each tier. A step decides about the levels of its tier and carries the others along.
states as (
    select * from start
    union all
    (
        with

        -- What each level has this month. Small levels have too few users; members of a group hide each other.
        now as (
            select
                states.* replace (states.step + 1 as step, coalesce(parents.is_hidden, false) as parent_hidden),
                (states.step + 1) // 3 as place,
                coalesce(runs.users, 0) as users,
                coalesce(runs.sessions, 0) as sessions,
                coalesce(runs.least_sessions, 0) as least_sessions,
                coalesce(runs.rest_sessions, 0) as rest_sessions,
                coalesce(runs.least_rest, 0) as least_rest,
                coalesce(whole_runs.users, 0) as run_users,
                coalesce(runs.users, 0) >= $min_users as is_large,
                coalesce(runs.sessions, 0) > 0 and not is_large as is_small,
                coalesce(members.is_member, false) as is_member
            from states
            left join states as parents on parents.cell = states.parent
            left join runs
                on runs.part = states.part
                and runs.level = states.level
                and runs.first_place = (states.step + 1) // 3
                and runs.last_place = (states.step + 1) // 3
            left join runs as whole_runs
                on whole_runs.part = states.part
                and whole_runs.level = states.level
                and whole_runs.first_place = coalesce(states.run_first, (states.step + 1) // 3)
                and whole_runs.last_place = (states.step + 1) // 3
            left join members
                on members.part = states.part
                and members.level = states.level
                and members.place = (states.step + 1) // 3
            where states.tier = (states.step + 1) % 3
        ),

        -- What company must be large enough for. group_sessions: null where no group is.
        needs as (
            select
                part,
                bool_or(is_small) as any_small,
                sum(least_sessions) filter (where is_member) as group_sessions,
                coalesce(max(sessions) filter (where is_small and not parent_hidden), 0) as largest,
                coalesce(max(rest_sessions) filter (where is_small and not parent_hidden), 0) as largest_rest
            from now
            group by part
        ),

        -- Where no group is, the large level that goes along if one must: first one that is hidden anyway, then one that
        -- did in the window, then one that is in no open run.
        companies as (
            select
                now.part,
                now.level,
                now.least_sessions as company_sessions,
                now.least_rest as company_rest
            from now
            inner join needs using (part)
            where
                now.is_large
                and not now.is_total
                and needs.group_sessions is null
                and least(now.least_sessions, now.least_rest) >= $min_users
                and now.least_rest >= needs.largest
                and (now.least_rest = 1e18 or now.least_sessions >= needs.largest_rest)
            qualify
                row_number() over (
                    partition by now.part
                    order by
                        now.parent_hidden desc,
                        coalesce(now.last_company > now.place - $window_months, false) desc,
                        now.run_first is null desc,
                        now.users,
                        now.level
                ) = 1
        ),

        -- Large levels that are hidden to close the run before them.
        joined as (
            select
                now.*,
                needs.any_small,
                now.is_member or coalesce(companies.level = now.level, false) as goes_along,
                coalesce(needs.group_sessions, companies.company_sessions) is not null as has_company,
                coalesce(needs.group_sessions, least(companies.company_sessions, now.least_rest)) as spare,
                least(companies.company_rest, now.least_sessions) as rest_spare,
                now.is_large
                and not now.parent_hidden
                and now.run_first is not null
                and not goes_along
                and (now.is_total or (has_company and now.run_sessions <= spare and now.run_rest <= rest_spare)) as joins
            from now
            inner join needs using (part)
            left join companies using (part)
        ),

        -- Shut: hidden, because nothing can be company. Waiting: hidden, in the open run.
        accompanied as (
            select
                *,
                goes_along and (any_small or bool_or(joins) over (partition by part)) as is_company,
                not is_total and any_small and not has_company as is_shut,
                sessions > 0 and (parent_hidden or is_small or joins or is_shut or is_company) as now_hidden,
                is_small and not (parent_hidden or is_shut or is_company) as is_waiting
            from joined
        ),

        -- The open run with this month in it.
        grown as (
            select
                *,
                case when is_waiting then coalesce(run_first, place) else run_first end as new_first,
                case when is_waiting then run_sessions + sessions else run_sessions end as new_sessions,
                case when is_waiting then run_rest + rest_sessions else run_rest end as new_rest,
                case when is_waiting and run_first is null then spare + sessions else spare_at_first end as new_spare,
                case when is_waiting and run_first is null then rest_spare + rest_sessions else rest_spare_at_first end
                    as new_rest_spare
            from accompanied
        ),

        -- Where it becomes a piece, and where it ends.
        closed as (
            select
                *,
                now_hidden and (
                    joins or (
                        is_waiting
                        and run_users >= $min_users
                        and not list_contains(inside, place - $window_months)
                        and (
                            is_total
                            or (
                                run_sessions <= spare
                                and run_rest <= rest_spare
                                and new_sessions <= new_spare
                                and new_rest <= new_rest_spare
                            )
                        )
                    )
                ) as closes,
                closes
                or (now_hidden and not is_waiting)
                or (sessions > 0 and not now_hidden)
                or place - new_first >= $window_months - 1 as is_over
            from grown
        )

        select
            part,
            level,
            cell,
            is_total,
            tier,
            parent,
            step,
            sessions > 0 as is_there,
            parent_hidden,
            now_hidden as is_hidden,
            case when closes then new_first end as closed_from,
            case when is_company then place else last_company end as last_company,
            case when not is_over then new_first end as run_first,
            case when not is_over then new_sessions else 0 end as run_sessions,
            case when not is_over then new_rest else 0 end as run_rest,
            case when not is_over then new_spare else 0 end as spare_at_first,
            case when not is_over then new_rest_spare else 0 end as rest_spare_at_first,
            case when closes then list_concat(inside, range(new_first, place)) else inside end as inside
        from closed
        where step < 3 * (select count(*) from calendar)
        union all
        select * replace (step + 1 as step)
        from states
        where tier <> (step + 1) % 3 and step + 1 < 3 * (select count(*) from calendar)
    )
),

-- What became of each level with sessions in each month. parent_hidden months are told by no piece.
decisions as (
    select part, level, step // 3 as place, is_total, is_hidden, closed_from, parent_hidden
    from states
    where is_there and step >= 0 and step % 3 = tier
),

-- A hidden month of a piece has the places of its first and last month.
pieces as (
    select decisions.*, ends.closed_from as first_place, ends.place as last_place
    from decisions
    left join decisions as ends
        on ends.part = decisions.part
        and ends.level = decisions.level
        and decisions.place between ends.closed_from and ends.place
),

spans as (
    select
        periods.month,
        periods.period,
        date_diff('month', anchors.month, periods.first_month) as first_place,
        date_diff('month', anchors.month, periods.last_month) as last_place
    from periods
    cross join (select month from calendar where place = 0) as anchors
),

level_spans as (
    select
        spans.month,
        spans.period,
        pieces.part,
        pieces.level,
        bool_and(
            not pieces.is_hidden
            or coalesce(
                pieces.first_place >= spans.first_place and pieces.last_place <= spans.last_place, false
            )
        ) as is_whole,
        bool_or(pieces.parent_hidden) as parent_hidden
    from spans
    inner join pieces on pieces.place between spans.first_place and spans.last_place
    group by all
),

-- Where all others are shown, the last one is what they leave of the total.
shown as (
    select
        level_spans.month,
        level_spans.period,
        level_spans.part,
        level_spans.level,
        is_whole
        or (
            level_spans.period = 'window'
            and not parent_hidden
            and count(*) filter (where not is_whole) over whole = 1
            and count(*) over whole > 1
        ) as is_shown
    from level_spans
    window whole as (partition by level_spans.month, level_spans.period, level_spans.part)
),

-- A mean of few users' sessions is left out, though the level is shown, and so are the windows that would tell it.
thin as (
    select distinct spans.month, spans.period, levels.breakdown, levels.level, true as is_thin
    from spans
    inner join pieces on pieces.place between spans.first_place and spans.last_place
    inner join levels using (part, level)
    inner join run_sums
        on run_sums.breakdown = levels.breakdown
        and run_sums.level = levels.level
        and run_sums.first_place = coalesce(pieces.first_place, pieces.place)
        and run_sums.last_place = coalesce(pieces.last_place, pieces.place)
    where run_sums.clusters < $min_users
),

final as (
    select
        shown.month,
        shown.period,
        levels.breakdown,
        levels.level,
        $min_users > 1
        and (
            not shown.is_shown
            or not coalesce(totals.is_shown, true)
            or coalesce(thin.is_thin, false)
            -- Their total is what the professions leave of all, and nobody looks at its size.
            or (levels.unit = 'occupations' and levels.profession is null and levels.level <> 'all')
        ) as suppressed
    from levels
    inner join shown using (part, level)
    left join thin
        on thin.month = shown.month
        and thin.period = shown.period
        and thin.breakdown = levels.breakdown
        and thin.level = levels.level
    left join shown as totals
        on totals.month = shown.month
        and totals.period = shown.period
        and totals.part = levels.breakdown || ' all'
    order by shown.month, shown.period, levels.breakdown, levels.level
)

select * from final

-- One row per month, period, breakdown and label: share of sessions whose transcript was cut. estimate: share.
--
-- A breakdown is by level of expertise (sessions with a level) or by work mode (sessions with a mode). A label without
-- sessions has no row, unless labels are hidden: then it looks like one of them. Cut: a turn or the whole was longer than
-- the window, so that the judge saw head and tail alone.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- columns:
--   sessions: sessions with the label, cut or not
--   users: their distinct users
--
-- assertions:
--   unique: month, period, breakdown, label
--   each row: suppressed = (estimate is null)
--   each row: suppressed or users >= $min_users
--   each row: suppressed or ci_low is null or (ci_low <= estimate and estimate <= ci_high)

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        breakdown,
        level as label,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where measure = 'truncated' and level <> 'all'
    order by month, period, breakdown, label
)

select * from final

-- One row per month, period, measure and model family: effort per prompt. estimate: geometric mean.
--
-- A geometric mean of positive values. Over the sessions whose model is known, by the model of most output tokens. A family without sessions has no row,
-- unless families are hidden: then it looks like one of them.
--
-- Intervals and suppression: see staging/figures.sql and README.md.
--
-- columns:
--   sessions: sessions of the family, those with a measure of zero included
--
-- assertions:
--   unique: month, period, measure, model_tier
--   each row: suppressed = (users is null)

with figures as (
    select * from staging.figures where month between $first_month and $last_month
),

final as (
    select
        month,
        period,
        measure,
        level as model_tier,
        sessions,
        users,
        estimate,
        ci_low,
        ci_high,
        suppressed
    from figures
    where breakdown in ('actions_by_model', 'words_by_model')
    order by month, period, measure, model_tier
)

select * from final

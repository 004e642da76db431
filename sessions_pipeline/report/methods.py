"""The methods appendix: definitions, formulas, seeds and versions, enough to repeat a report exactly."""

from __future__ import annotations

import platform
from importlib.metadata import version

DEFINITIONS = {
    "Session": "One interactive session of a coding agent, its sub-agents included; its month is that of its first "
    "line, UTC.",
    "Verified success": "Outcome succeeded, and a success signal of 4 or 5 (e.g. a matching commit, passing tests, "
    "explicit approval).",
    "Judged success": "Outcome succeeded.",
    "At least partial success": "Outcome succeeded or partially succeeded.",
    "Judged failure, verified failure": "Outcome failed; verified with a failure signal of 4 or 5.",
    "Hit trouble": "Failure signal of 3 or more.",
    "Abandoned": "Outcome failed and not a line of code added.",
    "Wrote code": "At least one line added by an editing tool.",
    "Software user": "The user’s occupation is Computer and Mathematical; other professions are all other groups, and "
    "unclear is in neither.",
    "Actions per prompt": "Tool calls divided by prompts that a person wrote.",
    "Words per prompt": "Words of assistant text divided by prompts that a person wrote.",
    "User’s share of decisions": "Decisions taken by the user divided by all of the kind (planning: what to do; "
    "execution: how). The agent’s share is one minus it.",
    "Task value": "The backend’s estimate of a fixed freelance price, US dollars; bands 10–200, 200–1,000, "
    "1,000–5,000, 5,000–50,000.",
    "Claims": "A sentence names a difference only where two 95% intervals do not overlap, or where the interval of "
    "the difference excludes zero.",
}

FORMULAS = {
    "Shares": "p = Σy / Σn over users. Wilson’s 95% interval with the sample size that independent sessions would need "
    "for the same variance (after Korn and Graubard 1998): v = G/(G − 1) · Σ(yᵤ − p·nᵤ)² / N² over G users, t quantile "
    "with G − 1 degrees of freedom; never more than the N sessions there are.",
    "Shares by occupation and profession": "Wilson’s 95% interval with the number of users, distinct accounts, as its "
    "sample size.",
    "Means": "m = Σy / Σn over users, m ± t·√v with the same v: clustered by user. A geometric mean is exp of the mean "
    "logarithm over sessions with a positive value, and so are the ends of its interval. With one user nothing varies "
    "between users, and where all users are alike nothing does: no interval.",
    "Changes over the months": "Of a share the difference to the first month, of the task value the ratio less one; "
    "the trend is the slope of least squares on the number of the month, over sessions. Clustered by user: each user’s "
    "sessions in all months that are compared make one term of the variance, so that users who come back count as "
    "such (covariance of the months included). G/(G − 1), t with G − 1 degrees of freedom; of a ratio the delta method "
    "on its logarithm. Under 50 users the jackknife by user. The parts of the change within and between modes alike.",
    "Table A1": "Linear probability model of verified success on expertise 1 to 5. Column 1 has no controls; the "
    "others absorb interacted cells: 2 work mode × value band, 3 × month, 4 × task occupation, 5 × user occupation, "
    "6 × model tier × session length (under 5, 20, 60 minutes of activity, or more), with ln(model calls) and ln(human "
    "turns).",
    "Standard errors": "Clustered by user (CRV1): G/(G − 1) · (N − 1)/(N − k), t with G − 1 degrees of freedom. Under "
    "50 users the jackknife by user (CRV3) takes its place; each estimate names which in its table. By user and by "
    "month: the largest of the two-way errors and those by user and by month alone, t with one less than the months. "
    "Intervals and p values are for one coefficient at a time, not for all of a table at once.",
    "Logit": "Average marginal effects with the same cells; cells whose sessions all end alike are dropped and "
    "counted. Delta method, clustered by user.",
    "Corrected estimates": "Gold labels weighted by one over the probability of their draw put right the sums that the "
    "judge’s labels give; the judge’s weight is tuned on other users’ gold labels. Errors clustered by user, t with as "
    "many degrees of freedom as alike users would carry the variance, less one.",
    "Attenuation": "1 − v/w, v the variance between two readings of the same sessions (half the mean squared "
    "difference), w the variance of the level within cells.",
    "Samples of regressions": "Sessions with a clear goal, a known level and a label for every control. Cells with "
    "fewer users than the threshold are dropped, then sessions alone in their cell; both are counted beside the "
    "estimate.",
    "Adjusted rate": "Coefficient of the level in the Table A2 model, recentred so that the session-weighted mean of "
    "the levels equals the raw overall rate; errors by the delta method through coefficients, shares and that rate, by "
    "jackknife under 50 users.",
    "Effort per level": "exp(b) − 1, where b is the coefficient on expertise of the logarithm of effort, with work "
    "mode × value band × month × user occupation × model tier absorbed.",
    "Agreement": "Share of equal labels, Cohen’s kappa (quadratic weights where labels have an order), correlation of "
    "shares and of log₁₀ value; intervals by bootstrap over users.",
    "Suppression": "A cell with fewer users than the threshold loses its numbers. So does a larger cell of its "
    "breakdown where the hidden ones together hold fewer users, and every window that would tell them: no total, month "
    "or earlier report gives a hidden cell away.",
}


def seeds() -> dict[str, str]:
    """Where chance enters, and the seed that repeats it."""
    from sessions_pipeline.analysis import agreement, corrected

    return {
        "Bootstrap of agreement": f"{agreement.SEED}, {agreement.REPLICATES:,} replicates",
        "Folds of corrected estimates": str(corrected.SEED),
        "All else": "no chance: the same logs, labels and settings give the same numbers",
    }


def software() -> dict[str, str]:
    """Versions of what computes the numbers."""
    packages = ("sessions-pipeline", "duckdb", "polars", "numpy", "scipy", "statsmodels", "vl-convert-python")
    return {"Python": platform.python_version(), **{name: version(name) for name in packages}}

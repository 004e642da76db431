"""The plan of the synthetic study: who the users are, and for each session what it is about, how it goes, and which
irregularities of real logs it shows.

Shares that the study publishes are met by quota and not by chance, so that a few hundred sessions show the planted
structure: work modes by month (Figure 4), expertise (n of Table A2), outcomes by expertise (Figure 5, Table A2).
What is said is in `dialogue.py`; how it is logged is in `claude_code_writer.py`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from statistics import NormalDist
from typing import TypeVar

from sessions_pipeline.simulate.domains import DOMAINS, Domain
from sessions_pipeline.simulate.phrases_languages import LANGUAGES

T = TypeVar("T")

# Share of each work mode in the first and the last month (Figure 4; modes the figure doesn't label fill up Figure 1).
MODE_SHARES = {
    "fix": (0.33, 0.19),
    "build": (0.28, 0.21),
    "operate": (0.14, 0.21),
    "communicate": (0.07, 0.15),
    "understand": (0.07, 0.07),
    "plan": (0.05, 0.07),
    "analyze": (0.03, 0.05),
    "orchestrate": (0.02, 0.03),
    "test": (0.01, 0.02),
}
EXPERTISE_SHARES = {"1": 5911, "2": 73858, "3": 96516, "4": 146879, "5": 36422, "unclear": 7951}  # Table A2
# Share of sessions with a clear goal by level: verified success (Table A2), judged success, at least partial (Figure 5)
OUTCOME_RATES = {
    "1": (0.145, 0.39, 0.77),
    "2": (0.209, 0.48, 0.83),
    "3": (0.283, 0.56, 0.87),
    "4": (0.295, 0.60, 0.89),
    "5": (0.329, 0.65, 0.91),
    "unclear": (0.15, 0.45, 0.80),
}
NO_CLEAR_GOAL_SHARE = 0.077
# Geometric means of Figure 3. Words are a tenth of the published ones: nobody reads seven million words of demo.
ACTIONS_PER_PROMPT = {"1": 4.9, "2": 6.1, "3": 7.6, "4": 9.4, "5": 11.7, "unclear": 5.0}
WORDS_PER_PROMPT = {"1": 61, "2": 92, "3": 140, "4": 211, "5": 320, "unclear": 70}
MODE_EFFORT = {
    "fix": 1.15, "build": 1.25, "operate": 1.1, "test": 1.1, "orchestrate": 1.0, "analyze": 0.9, "understand": 0.85,
    "plan": 0.7, "communicate": 0.5,
}  # fmt: skip
# Median price in the first month, and growth to the last one (Figure 4), US dollars
VALUE = {
    "fix": (240.0, 0.32),
    "build": (700.0, 0.43),
    "operate": (330.0, 0.34),
    "communicate": (180.0, 0.02),
    "understand": (170.0, 0.15),
    "plan": (420.0, 0.15),
    "analyze": (450.0, 0.15),
    "orchestrate": (650.0, 0.2),
    "test": (330.0, 0.2),
}
OCCUPATION_SHARES = {
    "15": 0.46, "11": 0.07, "13": 0.08, "27": 0.06, "25": 0.05, "19": 0.06, "17": 0.04, "41": 0.04, "29": 0.03,
    "23": 0.03, "43": 0.02, "21": 0.01, "35": 0.01, "47": 0.01, "53": 0.01, "45": 0.01, "49": 0.01,
}  # fmt: skip
# Probability that a session shows what its user does for a living; together about 70%
SHOWS_OCCUPATION = {"15": 0.5, "other": 0.88}
CONTEXT_SHARES = {
    "fix": {"modifies_existing": 0.93, "explores_existing": 0.07},
    "build": {"modifies_existing": 0.5, "creates_new": 0.5},
    "operate": {"modifies_existing": 0.5, "explores_existing": 0.15, "creates_new": 0.1, "no_codebase": 0.25},
    "understand": {"explores_existing": 0.85, "no_codebase": 0.15},
    "plan": {"explores_existing": 0.6, "no_codebase": 0.3, "creates_new": 0.1},
    "test": {"modifies_existing": 0.7, "explores_existing": 0.3},
    "analyze": {"no_codebase": 0.6, "explores_existing": 0.2, "creates_new": 0.2},
    "orchestrate": {"modifies_existing": 0.5, "creates_new": 0.5},
    "communicate": {"no_codebase": 0.9, "explores_existing": 0.1},
}
# Kinds of session that the study leaves out, as shares of all sessions. Versions say how they were started from 2.1.79
INELIGIBLE_SHARES = {"no_human_prompt": 0.02, "headless": 0.012, "sdk": 0.008, "ide": 0.012, "no_agent_reply": 0.014}
ENTRYPOINTS = {"headless": ("sdk-cli",), "sdk": ("sdk-ts", "sdk-py"), "ide": ("claude-vscode", "claude-jetbrains")}
ENTRYPOINT_SINCE = (2, 1, 79)

# When a version of the agent came out (upper bounds: first seen in public logs)
RELEASES = (
    ("2025-06-01", "1.0.21"), ("2025-08-01", "1.0.69"), ("2025-08-22", "1.0.89"), ("2025-09-10", "1.0.110"),
    ("2025-09-24", "1.0.124"), ("2025-10-01", "2.0.1"), ("2025-10-08", "2.0.11"), ("2025-10-16", "2.0.21"),
    ("2025-10-24", "2.0.27"), ("2025-10-30", "2.0.30"), ("2025-11-04", "2.0.33"), ("2025-11-12", "2.0.37"),
    ("2025-11-20", "2.0.47"), ("2025-12-01", "2.0.57"), ("2025-12-10", "2.0.64"), ("2025-12-20", "2.0.76"),
    ("2026-01-07", "2.1.1"), ("2026-01-12", "2.1.6"), ("2026-01-20", "2.1.14"), ("2026-01-23", "2.1.17"),
    ("2026-01-26", "2.1.19"), ("2026-02-03", "2.1.31"), ("2026-02-12", "2.1.39"), ("2026-02-20", "2.1.49"),
    ("2026-02-27", "2.1.59"), ("2026-03-05", "2.1.66"), ("2026-03-11", "2.1.74"), ("2026-03-15", "2.1.79"),
    ("2026-03-22", "2.1.83"), ("2026-03-30", "2.1.90"), ("2026-04-08", "2.1.98"), ("2026-04-16", "2.1.111"),
    ("2026-04-24", "2.1.118"), ("2026-05-03", "2.1.126"), ("2026-06-05", "2.1.165"), ("2026-07-10", "2.1.200"),
    ("2026-08-01", "2.1.221"), ("2026-09-01", "2.1.232"),
)  # fmt: skip
MODELS = (
    ("2025-06-01", ("claude-sonnet-4-20250514", "claude-opus-4-20250514")),
    ("2025-09-30", ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929", "claude-opus-4-1-20250805")),
    ("2025-11-25", ("claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101")),
    ("2026-02-06", ("claude-sonnet-4-5-20250929", "claude-opus-4-6", "claude-opus-4-6")),
    ("2026-02-18", ("claude-sonnet-4-6", "claude-opus-4-6", "claude-opus-4-6")),
    ("2026-04-17", ("claude-sonnet-4-6", "claude-opus-4-6", "claude-opus-4-7")),
)
SMALL_MODEL = "claude-haiku-4-5-20251001"
GATEWAY_MODELS = ("glm-4.7", "deepseek-v4-flash", "qwen3:8b")

_NAMES = (
    "ada", "aisha", "alba", "amir", "anouk", "arjun", "astrid", "ayo", "bela", "bruno", "carmen", "chidi", "clara",
    "dario", "devi", "edda", "elif", "emeka", "esther", "farid", "finn", "gita", "greta", "hanna", "hiro", "ida",
    "imani", "ines", "ivan", "jade", "jonas", "kaia", "kenji", "lara", "leon", "lin", "luca", "maeve", "malik",
    "marta", "mei", "milan", "nadia", "nils", "noor", "olga", "omar", "paul", "pia", "priya", "quinn", "rafael",
    "rosa", "samir", "sofia", "tariq", "tess", "uma", "viktor", "wanda", "xenia", "yara", "yusuf", "zoe",
)  # fmt: skip


@dataclass(frozen=True)
class User:
    """One person. skill: standard normal; home: home folder; lag_days: how late updates are installed."""

    name: str
    occupation: str
    domains: tuple[Domain, ...]
    skill: float
    voice: str
    home: str
    windows: bool
    root: str
    lag_days: int
    language: str
    gateway_model: str | None


@dataclass(eq=False)
class Plan:
    """One session, filled in step by step.

    started: planned start, milliseconds since 1970. progress: 0 in the first month, 1 in the last one.
    kind: `normal` or why the study leaves the session out; variant: its number among those.
    traits: irregularities, names of `TRAITS`.
    actions, words: aimed-at tool calls and words per prompt. size: standard normal, drives value and lines.
    """

    index: int
    user: User
    month: dt.date
    progress: float
    started: int
    session_id: str
    domain: Domain
    folder: str
    version: tuple[int, int, int]
    model: str
    kind: str = "normal"
    variant: int = 0
    entrypoint: str | None = None
    mode: str = "fix"
    expertise: str = "3"
    outcome: str = "succeeded"
    success_signal: int = 2
    failure_signal: int = 0
    occupation_shown: bool = False
    context: str = "modifies_existing"
    planning: tuple[int, int] = (3, 1)
    execution: tuple[int, int] = (1, 4)
    size: float = 0.0
    value: float = 100.0
    prompts: int = 3
    actions: float = 8.0
    words: float = 150.0
    language: str = "en"
    traits: set[str] = field(default_factory=set)
    parent: Plan | None = None

    @cached_property
    def cwd(self) -> str:
        """The working directory."""
        return self.path()

    @cached_property
    def version_text(self) -> str:
        """The version as logs write it."""
        return ".".join(str(part) for part in self.version)

    def path(self, *parts: str) -> str:
        """An absolute path in the project, in the form of the user's system."""
        user = self.user
        separator = "\\" if user.windows else "/"
        inner = [piece for part in parts for piece in part.split("/")]
        return separator.join((user.home, user.root, self.folder, *inner))

    @property
    def level(self) -> int:
        """Expertise as a number; 2 where it is unclear."""
        return 2 if self.expertise == "unclear" else int(self.expertise)

    @property
    def has_labels(self) -> bool:
        """Whether there is a dialogue that could be judged."""
        return self.kind not in ("no_human_prompt", "no_agent_reply")

    @property
    def user_occupation(self) -> str:
        """What a reader can tell about the user's profession."""
        return self.user.occupation if self.occupation_shown else "unclear"

    @property
    def task_occupation(self) -> str:
        """Whose workers would do this: programming is programming, paperwork belongs to the domain."""
        return self.domain.occupation if self.mode in ("communicate", "analyze") else "15"


def make_plans(rng: Random, sessions: int, users: int, first_month: dt.date, months: int) -> list[Plan]:
    """`sessions` plans in order of their start."""
    people = _make_users(rng, users)
    plans = _make_sessions(rng, people, sessions, first_month, months)
    _assign_kinds(rng, plans)
    eligible = [plan for plan in plans if plan.kind == "normal"]
    others = [plan for plan in plans if plan.kind != "normal"]
    for group in (eligible, others):
        _assign_modes(rng, group)
        _assign_expertise(rng, group)
        _assign_outcomes(rng, group)
        _assign_value(rng, group)
        _assign_effort(rng, group)
    for plan in plans:
        _assign_details(rng, plan)
    assign_traits(rng, eligible)
    return plans


def month_starts(first: dt.date, months: int) -> list[dt.date]:
    """First days of `months` months from `first`."""
    zero = first.year * 12 + first.month - 1
    return [dt.date((zero + i) // 12, (zero + i) % 12 + 1, 1) for i in range(months)]


def quotas(shares: Mapping[T, float], total: int) -> list[T]:
    """`total` items in proportion to `shares` (largest remainders)."""
    weight = sum(shares.values())
    exact = {key: total * share / weight for key, share in shares.items()}
    counts = {key: int(value) for key, value in exact.items()}
    by_remainder = sorted(exact, key=lambda key: counts[key] - exact[key])
    for key in by_remainder[: total - sum(counts.values())]:
        counts[key] += 1
    return [key for key in shares for _ in range(counts[key])]


def sessions_by_month(sessions: int, months: int) -> list[int]:
    """How many sessions each month has: growing evenly to one and a half times the first month's number."""
    order = quotas({i: 1 + 0.5 * i / max(1, months - 1) for i in range(months)}, sessions)
    return [order.count(i) for i in range(months)]


def released(date: dt.date) -> tuple[int, int, int]:
    """The newest version on `date`."""
    text = max((day, version) for day, version in RELEASES if day <= max(date.isoformat(), RELEASES[0][0]))[1]
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def new_uuid(rng: Random) -> str:
    """A random UUID of version 4."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _normal_spread(rng: Random, n: int) -> list[float]:
    """n evenly spaced quantiles of the standard normal in random order: no sampling error in their mean."""
    normal = NormalDist()
    values = [normal.inv_cdf((i + 0.5) / n) for i in range(n)]
    rng.shuffle(values)
    return values


def _make_users(rng: Random, users: int) -> list[User]:
    occupations = _balanced_occupations(users)
    domains = {code: [d for d in DOMAINS if d.occupation == code] for code in OCCUPATION_SHARES}
    names = [name if i == 0 else f"{name}{i + 1}" for i in range(users // len(_NAMES) + 1) for name in _NAMES]
    names = rng.sample(names[:users], users)
    people = []
    for i, (occupation, skill) in enumerate(zip(occupations, _normal_spread(rng, users), strict=True)):
        name = names[i]
        windows = rng.random() < (0.15 if occupation == "15" else 0.35)
        own = domains[occupation]
        people.append(
            User(
                name=name,
                occupation=occupation,
                domains=tuple(rng.sample(own, min(2, len(own)))),
                skill=skill + (0.25 if occupation == "15" else -0.1),
                voice=rng.choice(("plain", "plain", "plain", "lower", "polite", "terse")),
                home=f"C:\\Users\\{name}" if windows else rng.choice((f"/home/{name}", f"/Users/{name}")),
                windows=windows,
                root=rng.choice(("Documents", "Desktop", "work") if windows else ("projects", "code", "work", "dev")),
                lag_days=int(rng.expovariate(1 / 5)),
                language=tuple(LANGUAGES)[i // 12 % len(LANGUAGES)] if i % 12 == 4 else "en",
                gateway_model=rng.choice(GATEWAY_MODELS) if i % 40 == 17 else None,
            )
        )
    return people


def _activity(users: int) -> list[float]:
    """How active each user is, the most active first: heavy-tailed."""
    return [rank**-0.8 for rank in range(1, users + 1)]


def _balanced_occupations(users: int) -> list[str]:
    """An occupation per user such that shares hold among users and, weighted by activity, among sessions."""
    left = Counter(quotas(OCCUPATION_SHARES, users))
    given = dict.fromkeys(OCCUPATION_SHARES, 0.0)
    result = []
    for weight in _activity(users):
        total = sum(given.values()) + weight
        code = max(left, key=lambda code: (OCCUPATION_SHARES[code] * total - given[code], code))
        given[code] += weight
        left[code] -= 1
        if not left[code]:
            del left[code]
        result.append(code)
    return result


def _make_sessions(rng: Random, people: list[User], sessions: int, first: dt.date, months: int) -> list[Plan]:
    """Heavy-tailed over users: everyone has one session if there are enough, the rest goes by activity."""
    owners = list(people[:sessions])
    owners += rng.choices(people, _activity(len(people)), k=sessions - len(owners))
    rng.shuffle(owners)
    starts = month_starts(first, months)
    per_month = sessions_by_month(sessions, months)
    months_of = [i for i, count in enumerate(per_month) for _ in range(count)]
    plans = []
    for index, (user, number) in enumerate(zip(owners, months_of, strict=True)):
        month = starts[number]
        started = _moment(rng, month)
        day = dt.datetime.fromtimestamp(started / 1000, dt.UTC).date()
        version = released(day - dt.timedelta(days=user.lag_days))
        domain = rng.choice(user.domains)
        models = max((since, names) for since, names in MODELS if since <= max(day.isoformat(), MODELS[0][0]))[1]
        plans.append(
            Plan(
                index=index,
                user=user,
                month=month,
                progress=number / max(1, months - 1),
                started=started,
                session_id=new_uuid(rng),
                domain=domain,
                folder=rng.choice(domain.folders),
                version=version,
                model=user.gateway_model or rng.choice(models),
                entrypoint=rng.choice(("cli",) * 9 + ("claude-desktop",)) if version >= ENTRYPOINT_SINCE else None,
                language=user.language,
            )
        )
    plans.sort(key=lambda plan: plan.started)
    return plans


def _moment(rng: Random, month: dt.date) -> int:
    """A moment in `month`, mostly in working hours, at least two hours before the month's end."""
    days = (dt.date(month.year + month.month // 12, month.month % 12 + 1, 1) - month).days
    hour = min(21.5, max(0.2, rng.gauss(13.5, 4.0)))
    day = month + dt.timedelta(days=rng.randrange(days))
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    return int(midnight.timestamp() * 1000) + int(hour * 3_600_000) + rng.randrange(1000)


def _assign_kinds(rng: Random, plans: list[Plan]) -> None:
    for kind, share in INELIGIBLE_SHARES.items():
        entrypoints = ENTRYPOINTS.get(kind)
        free = [
            plan
            for plan in plans
            if plan.kind == "normal" and (entrypoints is None or plan.version >= ENTRYPOINT_SINCE)
        ]
        chosen = rng.sample(free, min(len(free), round(share * len(plans))))
        for i, plan in enumerate(sorted(chosen, key=lambda plan: plan.version, reverse=True)):
            plan.kind, plan.variant = kind, i
            if entrypoints:
                plan.entrypoint = entrypoints[(i % 3 == 1) % len(entrypoints)]


def _assign_modes(rng: Random, plans: list[Plan]) -> None:
    """By quota within the month. Software people get more of the modes that come first in `MODE_SHARES`."""
    order = list(MODE_SHARES)
    for month in sorted({plan.month for plan in plans}):
        group = [plan for plan in plans if plan.month == month]
        t = group[0].progress
        modes = quotas({mode: a + (b - a) * t for mode, (a, b) in MODE_SHARES.items()}, len(group))
        lean = {mode: 1.0 if mode in ("communicate", "analyze") else 0.3 for mode in order}
        modes.sort(key=lambda mode: lean[mode] + rng.random())
        group.sort(key=lambda plan: (0.0 if plan.user.occupation == "15" else 0.6) + rng.random())
        for plan, mode in zip(group, modes, strict=True):
            plan.mode = mode


def _assign_expertise(rng: Random, plans: list[Plan]) -> None:
    """By quota over the rank of the user's skill plus the session's own noise."""
    levels = quotas(EXPERTISE_SHARES, len(plans))
    thin = rng.sample(plans, levels.count("unclear"))
    rest = [plan for plan in plans if plan not in thin]
    rest.sort(key=lambda plan: 0.7 * plan.user.skill + 0.7 * rng.gauss(0, 1))
    for plan, level in zip(rest + thin, levels, strict=True):
        plan.expertise = level


def _assign_outcomes(rng: Random, plans: list[Plan]) -> None:
    """Exact rates within each level; who gets which leans on mode, on occupation and on luck."""
    aimless = sorted(
        plans, key=lambda plan: rng.random() * (4 if plan.mode in ("understand", "communicate", "plan") else 1)
    )
    for plan in aimless[len(plans) - round(NO_CLEAR_GOAL_SHARE * len(plans)) :]:
        plan.outcome = "no_clear_goal"
    lean = {"fix": 0.5, "build": 0.3, "operate": 0.3, "test": 0.4, "orchestrate": 0.0, "analyze": -0.1}
    for level, (verified, judged, partial) in OUTCOME_RATES.items():
        group = [plan for plan in plans if plan.expertise == level and plan.outcome != "no_clear_goal"]
        group.sort(
            key=lambda plan: (
                -(lean.get(plan.mode, -0.4) + (0.15 if plan.user.occupation == "15" else 0.0) + rng.gauss(0, 1))
            )
        )
        n = len(group)
        for rank, plan in enumerate(group):
            if rank < round(judged * n):
                plan.outcome = "succeeded"
                plan.success_signal = rng.choice((4, 4, 5)) if rank < round(verified * n) else _unverified(rng)
                plan.failure_signal = rng.choices((0, 1, 2, 3), (60, 25, 9, 6))[0]
            elif rank < round(partial * n):
                plan.outcome = "partially_succeeded"
                plan.success_signal = rng.choices((2, 3, 4), (45, 40, 15))[0]
                plan.failure_signal = rng.choices((1, 2, 3, 4), (8, 30, 52, 10))[0]
            else:
                plan.outcome = "failed"
                plan.success_signal = rng.choices((0, 1, 2), (60, 32, 8))[0]
                plan.failure_signal = rng.choices((2, 3, 4, 5), (5, 25, 42, 28))[0]
    for plan in plans:
        if plan.outcome == "no_clear_goal":
            plan.success_signal = rng.choices((0, 1, 2), (55, 30, 15))[0]
            plan.failure_signal = rng.choices((0, 1), (85, 15))[0]


def _unverified(rng: Random) -> int:
    return rng.choices((1, 2, 3), (5, 50, 45))[0]


def _assign_value(rng: Random, plans: list[Plan]) -> None:
    """Log-normal around the mode's price of the month; evenly spread within each month and mode."""
    for month, mode in sorted({(plan.month, plan.mode) for plan in plans}):
        group = [plan for plan in plans if (plan.month, plan.mode) == (month, mode)]
        base, growth = VALUE[mode]
        for plan, z in zip(group, _normal_spread(rng, len(group)), strict=True):
            plan.size = z
            raw = base * (1 + growth * plan.progress) * 2.718281828 ** (0.85 * z + 0.06 * (plan.level - 3))
            plan.value = float(min(50_000, max(10, round(raw, -1))))


def _assign_effort(rng: Random, plans: list[Plan]) -> None:
    for level in EXPERTISE_SHARES:
        group = [plan for plan in plans if plan.expertise == level]
        spread = zip(group, _normal_spread(rng, len(group)), _normal_spread(rng, len(group)), strict=True)
        for plan, z_actions, z_words in spread:
            plan.actions = min(
                130.0, ACTIONS_PER_PROMPT[level] * MODE_EFFORT[plan.mode] * 2.718281828 ** (0.8 * z_actions)
            )
            plan.words = WORDS_PER_PROMPT[level] * 2.718281828 ** (0.45 * z_words)
            plan.prompts = max(1, min(16, round(2.718281828 ** (1.05 + 0.6 * rng.gauss(0, 1) + 0.15 * plan.size))))


def _assign_details(rng: Random, plan: Plan) -> None:
    shares = CONTEXT_SHARES[plan.mode]
    plan.context = rng.choices(list(shares), list(shares.values()))[0]
    plan.occupation_shown = rng.random() < SHOWS_OCCUPATION.get(plan.user.occupation, SHOWS_OCCUPATION["other"])
    total = rng.randint(3, 6) + plan.prompts // 2
    by_user = round(total * rng.betavariate(4.2, 1.8))
    plan.planning = (max(1, by_user), total - by_user)
    total = rng.randint(4, 9) + plan.prompts // 2
    by_user = round(total * rng.betavariate(1.4, 4.0))
    plan.execution = (by_user, total - by_user)
    if plan.planning[1] > 4 * plan.planning[0]:
        plan.actions = min(130.0, plan.actions * 1.6)
    if plan.execution[0] > 4 * plan.execution[1]:
        plan.actions *= 0.7


@dataclass(frozen=True)
class Trait:
    """An irregularity of real logs. share: of the sessions that can have it; since, until: versions, both included."""

    name: str
    share: float
    since: tuple[int, int, int] = (0, 0, 0)
    until: tuple[int, int, int] = (9, 9, 999)
    needs: Callable[[Plan], bool] = lambda plan: True


TRAITS = (
    Trait("warmup_agent", 0.15, (2, 0, 31), (2, 1, 1)),
    Trait("prompt_suggestion_agent", 0.06, (2, 1, 20), (2, 1, 80)),
    Trait("side_question_agent", 0.03, (2, 1, 70)),
    Trait("inline_subagent", 0.08, (0, 0, 0), (2, 0, 30)),
    Trait("sibling_subagent", 0.10, (2, 0, 31), (2, 1, 1)),
    Trait("nested_subagent", 0.10, (2, 1, 2)),
    Trait("workflow_subagent", 0.04, (2, 1, 90)),
    Trait("compaction", 0.05, (2, 0, 2), needs=lambda plan: plan.prompts >= 3),
    Trait("compaction_copy_agent", 0.02, (2, 1, 2), needs=lambda plan: plan.prompts >= 3),
    Trait("compaction_text_only", 0.3, (0, 0, 0), (1, 0, 999)),
    Trait("slash_bare", 0.12),
    Trait("slash_with_args", 0.08, needs=lambda plan: plan.prompts >= 2),
    Trait("slash_builtin_with_args", 0.04),
    Trait("local_command_system", 0.05, (2, 0, 33)),
    Trait("bash_mode", 0.03),
    Trait("interrupted", 0.04),
    Trait("rejected_tool", 0.04),
    Trait("queued_then_user_line", 0.05, (2, 0, 74), needs=lambda plan: plan.prompts >= 2),
    Trait("queued_attachment", 0.12, (2, 1, 90), needs=lambda plan: plan.prompts >= 2),
    Trait("queued_notification", 0.06, (2, 1, 90)),
    Trait("queued_removed", 0.03, (2, 0, 74)),
    Trait("task_notification", 0.03, (2, 1, 6)),
    Trait("ide_before_words", 0.05),
    Trait("ide_only_line", 0.02),
    Trait("synthetic_error", 0.04),
    Trait("no_response_requested", 0.02),
    Trait("unknown_line_type", 0.03),
    Trait("unknown_keys", 0.03),
    Trait("unknown_tool", 0.02),
    Trait("unknown_block", 0.02),
    Trait("untimed_line", 0.02),
    Trait("broken_timestamp", 0.01),
    Trait("out_of_order", 0.12),
    Trait("image_prompt", 0.03),
    Trait("image_only_prompt", 0.01, needs=lambda plan: plan.prompts >= 3),
    Trait("document_prompt", 0.01),
    Trait("pasted_text", 0.03),
    Trait("missing_result", 0.03),
    Trait("orphan_result", 0.02),
    Trait("folder_change", 0.05),
    Trait("version_change", 0.02),
    Trait("no_final_newline", 0.03),
    Trait("blank_lines", 0.02),
    Trait("torn_line", 0.015),
    Trait("glued_lines", 0.01),
    Trait("nul_line", 0.01),
    Trait("not_an_object", 0.01),
    Trait("torn_character", 0.007),
    Trait("lone_surrogate", 0.007),
    Trait("git_operation", 0.05, (2, 1, 98)),
    Trait("model_switch", 0.03, needs=lambda plan: plan.user.gateway_model is None),
    Trait("fork_verbatim", 0.01, (2, 1, 1)),
    Trait("fork_rewritten", 0.15, (2, 1, 14), (2, 1, 19)),
    Trait("fork_rewritten_times", 0.2, (0, 0, 0), (2, 0, 11)),
    Trait("continuation_file", 0.012, needs=lambda plan: plan.prompts >= 3),
    Trait("repeat_file", 0.01),
    Trait("repeat_in_worktree", 0.006),
    Trait("repeat_rewritten", 0.006),
)
FORKS = ("fork_verbatim", "fork_rewritten", "fork_rewritten_times")


def assign_traits(rng: Random, plans: list[Plan]) -> None:
    """Give each trait to its share of the sessions that can have it, to two at least.

    Forks take a parent: an earlier session of the same user in the same month whose project and version they share.
    """
    for trait in TRAITS:
        able = [plan for plan in plans if trait.since <= plan.version <= trait.until and trait.needs(plan)]
        wanted = max(2, round(trait.share * len(able)))
        if trait.name in FORKS:
            _assign_forks(rng, trait, able, plans, wanted)
            continue
        for plan in rng.sample(able, min(len(able), wanted)):
            plan.traits.add(trait.name)


def _assign_forks(rng: Random, trait: Trait, able: list[Plan], plans: list[Plan], wanted: int) -> None:
    pairs = [
        (parent, child)
        for child in able
        for parent in plans
        if parent.user is child.user
        and parent.month == child.month
        and child.started - parent.started > 40 * 60_000
        and trait.since <= parent.version <= trait.until
    ]
    rng.shuffle(pairs)
    for parent, child in pairs:
        parents = [plan.parent for plan in plans if plan.parent]
        if any(plan.parent or plan in parents for plan in (parent, child)):
            continue
        child.parent = parent
        child.domain, child.folder, child.version = parent.domain, parent.folder, parent.version
        # Copies with equal times are told apart by nothing in the lines: the original is first by every order
        parent.session_id, child.session_id = sorted((parent.session_id, child.session_id))
        child.traits.add(trait.name)
        wanted -= 1
        if not wanted:
            return

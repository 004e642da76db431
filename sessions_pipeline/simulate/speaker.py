"""Turns templates into sentences: chooses them by language, mode and expertise, and fills their slots.

What is said when is decided in `dialogue.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from random import Random

from sessions_pipeline.simulate import phrases_agent as agent
from sessions_pipeline.simulate import phrases_user as user
from sessions_pipeline.simulate.domains import BY_KEY
from sessions_pipeline.simulate.phrases_languages import LANGUAGES, Phrasebook
from sessions_pipeline.simulate.scenario import Plan
from sessions_pipeline.simulate.toolchains import FIELDS, OPERATION_FILES, TOOLCHAINS, VERBS

Bank = dict[str, tuple[str, ...]]

TEXT_MODES = ("communicate", "plan")
_SLOT = re.compile(r"\{(\w+)\}")
_SLIPS = (("because", "becuase"), ("please", "pls"), (" you ", " u "), ("really", "realy"), ("does not", "doesnt"))


@cache
def _slots(template: str) -> tuple[str, ...]:
    """Names of the slots of a toolchain's template, in order."""
    return tuple(dict.fromkeys(_SLOT.findall(template.replace("{{", "").replace("}}", ""))))


def bank(plan: Plan) -> Bank:
    """All templates that may be used in the session, by what they're for."""
    return _foreign_bank(plan, LANGUAGES[plan.language]) if plan.language in LANGUAGES else _english_bank(plan)


def _english_bank(plan: Plan) -> Bank:
    level = plan.level
    tone = "low" if level <= 2 else "middle" if level == 3 else "high"
    text = plan.mode in TEXT_MODES
    paper = is_paperwork(plan)
    following: Mapping[str, Mapping[str, tuple[str, ...]]] = {
        "analyze": user.NEXT_DATA,
        "communicate": user.NEXT_TEXT,
        "plan": user.NEXT_PLAN,
        "fix": user.NEXT_FIX,
        "operate": user.NEXT_OPERATE,
        "test": user.NEXT_TESTS,
        "understand": user.NEXT_READING,
        "orchestrate": user.NEXT_AGENTS,
    }
    choices = {
        "analyze": agent.EXECUTION_CHOICES_DATA,
        "operate": agent.EXECUTION_CHOICES_OPERATE,
        "communicate": agent.EXECUTION_CHOICES_TEXT,
        "plan": agent.EXECUTION_CHOICES_TEXT,
    }
    followed = {"fix": agent.FOLLOWED_FIX, "operate": agent.FOLLOWED_OPERATE, "test": agent.FOLLOWED_TESTS}
    bullets = {"operate": agent.BULLETS_OPERATE, "orchestrate": agent.BULLETS_ORCHESTRATE}
    domain = plan.domain
    result: Bank = {
        "opening": user.OPENINGS[plan.mode][level],
        "thin": user.THIN,
        "no_goal": user.NO_GOAL,
        "no_goal_next": user.NO_GOAL_NEXT,
        "scope": user.SCOPES[scope(plan)],
        "next": following.get(plan.mode, user.NEXT_CODE)[tone],
        "question": user.QUESTIONS[tone],
        "nudge": user.NUDGES,
        "planning": _planning(plan),
        "execution": user.EXECUTION_LOW if level <= 2 else user.EXECUTION_TEXT if text else user.EXECUTION_CODE,
        "hint": domain.hints,
        "novice": user.NOVICE_ASIDES,
        "generic_check": user.GENERIC_CHECKS,
        "loose": user.LOOSE_TERMS,
        "specific": user.SPECIFICS_TEXT
        if text
        else user.SPECIFICS_FIX
        if plan.mode in ("fix", "test", "understand")
        else user.SPECIFICS,
        "expert_check": domain.checks,
        "correction": domain.corrections,
        "insight": domain.insights,
        "answer": agent.ANSWERS,
        "welcome": agent.WELCOME,
        "sorry": agent.SORRY,
        "approval": (user.APPROVALS_TEXT if text or plan.mode == "analyze" else user.APPROVALS_CODE)[tone],
        "confirmation": user.CONFIRMATIONS,
        "acknowledgement": user.ACKNOWLEDGEMENTS,
        "concern": user.CONCERNS_TEXT if text else user.CONCERNS,
        "pushback": user.PUSHBACKS_TEXT if text else user.PUSHBACKS,
        "still_broken": user.PUSHBACKS_TEXT if text else user.STILL_BROKEN,
        "complaint": (user.COMPLAINTS_TEXT if text else user.COMPLAINTS)[tone],
        "give_up": user.GIVING_UP[tone],
        "accept_partial": user.ACCEPT_PARTIAL[tone],
        "rejection": user.REJECTIONS,
        "intro": agent.INTROS[plan.mode],
        "plan_step": _steps(plan),
        "choice": choices.get(plan.mode, agent.EXECUTION_CHOICES),
        "thought": agent.THOUGHTS,
        "done": agent.DONE[plan.mode],
        "bullet": bullets.get(plan.mode, agent.BULLETS),
        "paragraph": _paragraphs(plan),
        "not_verified": agent.NOT_VERIFIED,
        "corroboration": agent.CORROBORATION,
        "tests_green": agent.TESTS_GREEN,
        "tests_red": agent.TESTS_RED,
        "partial": agent.PARTIAL_TEXT if paper else agent.PARTIAL,
        "failed": agent.FAILED_TEXT if paper else agent.FAILED,
        "unfinished": agent.FAILED_TEXT if paper else agent.UNFINISHED,
        "checked": agent.CHECKED,
        "go": agent.GO,
        "found": agent.FOUND,
        "reading": agent.PARAGRAPHS_READING,
        "followed": followed.get(plan.mode, agent.FOLLOWED),
        "still_empty": user.STILL_EMPTY,
        "stuck": agent.PARAGRAPHS_STUCK,
        "chatter": agent.PARAGRAPHS_CHAT,
        "chat": agent.CHAT,
        "concede": agent.CONCEDES,
        "explain": agent.EXPLAINS,
        "answer_check": agent.ANSWERS_CHECK,
        "offer": agent.OFFERS_TEXT
        if plan.mode == "communicate"
        else agent.OFFERS_READING
        if is_reading(plan) or plan.mode in ("plan", "analyze")
        else agent.OFFERS,
        "looping": agent.LOOPING,
        "looping_reading": agent.LOOPING_READING,
        "sub_prompt": agent.SUB_PROMPTS,
        "sub_edit_prompt": agent.SUB_EDIT_PROMPTS,
        "sub_report": agent.SUB_REPORTS,
        "compaction": agent.COMPACTION,
        "title": agent.TITLES,
        "commit": agent.COMMIT_SUBJECTS,
    }
    result.update({f"narration_{kind}": texts for kind, texts in agent.NARRATION.items()})
    result.update(
        narration_edit_error=agent.BEFORE_EDIT_ERROR,
        narration_file_error=agent.BEFORE_FILE_ERROR,
        narration_hook_error=agent.BEFORE_HOOK_ERROR,
    )
    if plan.mode == "analyze":
        result.update(pushback=user.PUSHBACKS_DATA, still_broken=user.PUSHBACKS_DATA)
    if paper or plan.mode == "analyze":
        result["narration_read"] = agent.NARRATION_TEXT
        result["narration_edit"] = agent.NARRATION["write"][:1]
    if is_reading(plan):
        result["execution"] = ()
    if is_fresh(plan) and plan.mode == "build":
        result["opening"] = user.OPENINGS_NEW[level]
    if plan.mode == "operate":
        result.update(
            insight=user.OPERATE_INSIGHTS, expert_check=user.OPERATE_CHECKS, correction=user.OPERATE_CORRECTIONS
        )
    if plan.mode == "orchestrate":
        craft = BY_KEY["assistant_eval"]
        result.update(insight=craft.insights, expert_check=craft.checks, correction=craft.corrections)
    return result


def _foreign_bank(plan: Plan, book: Phrasebook) -> Bank:
    """The phrasebook's templates in place of the English ones; what it lacks stays unsaid or in English code talk."""
    low, high = book.openings.get(plan.mode, book.openings["other"])
    expert = plan.level >= 4
    result = _english_bank(plan)
    result.update(dict.fromkeys(("scope", "planning", "execution", "hint", "loose", "specific", "confirmation"), ()))
    result.update(dict.fromkeys(("plan_step", "choice", "bullet", "offer", "not_verified", "corroboration"), ()))
    result.update(dict.fromkeys(("tests_green", "tests_red", "thought"), ()))
    result.update({
        "opening": (high if plan.level >= 3 else low,),
        "thin": book.nudges,
        "no_goal": book.chat,
        "no_goal_next": book.chat,
        "next": book.next,
        "question": book.expert if expert else book.novice,
        "nudge": book.nudges,
        "novice": book.novice,
        "generic_check": book.novice,
        "expert_check": book.expert,
        "correction": book.expert,
        "approval": book.approvals,
        "acknowledgement": book.thanks,
        "concern": book.next,
        "pushback": book.complaints,
        "still_broken": book.complaints,
        "complaint": book.complaints,
        "give_up": book.give_up,
        "accept_partial": book.accept,
        "rejection": book.complaints,
        "intro": book.intros,
        "done": book.done,
        "paragraph": book.details,
        "partial": book.partial,
        "failed": book.failed,
        "unfinished": book.failed,
        "chat": book.details,
        "answer": book.details,
        "welcome": book.thanks,
        "sorry": book.thanks,
        "concede": book.intros,
        "explain": book.details,
        "answer_check": book.done,
        "checked": book.done,
        "go": book.intros,
        "found": book.details,
        "reading": book.details,
        "followed": book.done,
        "stuck": book.details,
        "chatter": book.details,
        "looping": book.narration,
        "looping_reading": book.narration,
    })  # fmt: skip
    reading, changing, running, searching = ((text,) for text in book.narration)
    by_kind = {"edit": changing, "write": changing, "edit_error": changing, "shell": running, "test": running}
    by_kind["search"] = searching
    for kind in [kind for kind in result if kind.startswith("narration_")]:
        result[kind] = by_kind.get(kind.removeprefix("narration_"), reading)
    return result


def _planning(plan: Plan) -> tuple[str, ...]:
    if is_reading(plan):
        return user.PLANNING_READING
    if plan.level <= 2:
        return user.PLANNING_LOW
    return user.PLANNING_TEXT if plan.mode in TEXT_MODES else user.PLANNING_CODE


def is_paperwork(plan: Plan) -> bool:
    """Whether the session is about words for people, without any code."""
    return plan.mode == "communicate" or (plan.mode == "plan" and plan.context == "no_codebase")


def is_fresh(plan: Plan) -> bool:
    """Whether the session starts with an empty folder."""
    return plan.context == "creates_new" and plan.mode in ("build", "operate", "orchestrate")


def is_reading(plan: Plan) -> bool:
    """Whether code is looked at and stays as it is."""
    return plan.mode == "understand" or (
        plan.context == "explores_existing" and plan.mode in ("fix", "test", "operate")
    )


def _paragraphs(plan: Plan) -> tuple[str, ...]:
    if plan.mode == "communicate":
        return agent.PARAGRAPHS_TEXT
    if plan.mode == "analyze":
        return agent.PARAGRAPHS_DATA
    if plan.mode == "plan":
        return agent.PARAGRAPHS_PLAN
    if is_reading(plan):
        return agent.PARAGRAPHS_READING
    own = {
        "fix": agent.PARAGRAPHS_FIX,
        "operate": agent.PARAGRAPHS_OPERATE,
        "orchestrate": agent.PARAGRAPHS_ORCHESTRATE,
    }
    return own.get(plan.mode, agent.PARAGRAPHS_CODE)


def _steps(plan: Plan) -> tuple[str, ...]:
    if is_paperwork(plan):
        return agent.PLAN_STEPS_TEXT
    if plan.mode == "analyze":
        return agent.PLAN_STEPS_DATA
    if is_reading(plan) or plan.mode == "plan":
        return agent.PLAN_STEPS_READING
    own = {"operate": agent.PLAN_STEPS_OPERATE, "orchestrate": agent.PLAN_STEPS_ORCHESTRATE}
    return own.get(plan.mode, agent.PLAN_STEPS_CODE)


def scope(plan: Plan) -> int:
    """How large the job sounds, 0 to 3, from the task's value."""
    return sum(plan.value >= limit for limit in (200, 1000, 3000))


def _material(plan: Plan) -> list[str]:
    """The files that the session is about: the project's, or notes and data where there's no codebase."""
    domain = plan.domain
    if plan.mode == "operate" and plan.context != "no_codebase" and domain.toolchain != "terraform":
        return list(OPERATION_FILES)
    if plan.mode not in ("communicate", "analyze") and plan.context != "no_codebase":
        return list(domain.files)
    suffixes = (".md", ".Rmd") if plan.mode in TEXT_MODES else (".md", ".csv", ".Rmd")
    notes = [file for file in domain.files if file.endswith(suffixes)]
    extra = {
        "analyze": ["data/export.csv", "data/last-year.csv"],
        "operate": ["README.md", "requirements.txt", "start.sh"],
    }
    return notes + extra.get(plan.mode, ["notes.md", "inbox/mail-thread.md"])


class Speaker:
    """Fills templates for one session. Its main subject stays the same until `move_on` changes it."""

    def __init__(self, plan: Plan, rng: Random) -> None:
        self.plan = plan
        self.rng = rng
        self.bank = bank(plan)
        self._unused: dict[str, list[str]] = {}
        domain = plan.domain
        self.chain = TOOLCHAINS[domain.toolchain]
        self.files = _material(plan)
        self.main: dict[str, str] = {
            "symptom": rng.choice(domain.symptoms),
            "feature": rng.choice(domain.features),
            "part": rng.choice(domain.parts),
            "file": rng.choice(self.files),
            "question": rng.choice(domain.questions),
            "number": rng.choice(domain.numbers),
            "doc": rng.choice(domain.documents),
            "condition": rng.choice(user.CONDITIONS),
            "operation": rng.choice(user.OPERATIONS if domain.occupation == "15" else user.OPERATIONS_EASY),
            "operation_easy": rng.choice(user.OPERATIONS_EASY),
            "things": rng.choice(domain.things),
            "concept": rng.choice(domain.concepts),
            "folder": plan.folder,
            "doc_file": f"docs/plan-{rng.choice(FIELDS)}.md",
        }
        self.main["thing"] = re.sub(r"\W", "_", self.main["things"].split()[-1].lower())
        i = domain.questions.index(self.main["question"])
        self.main["finding"] = domain.findings[i]
        self.main["agent"] = rng.choice(user.AGENTS).replace("{things}", self.main["things"])
        self.main["goal"] = self._goal()
        symptom = domain.symptoms.index(self.main["symptom"])
        explains = self.plan.mode in ("fix", "test") and symptom < len(domain.insights)
        self.first_insight = domain.insights[symptom] if explains else ""

    def _goal(self) -> str:
        main = self.main
        return {
            "fix": f"a fix for {main['part']}",
            "build": main["feature"],
            "understand": "an explanation and no changes",
            "plan": f"a plan for {main['feature']}",
            "test": f"tests for {main['part']}",
            "operate": "help with the set-up",
            "analyze": "numbers that can be trusted",
            "orchestrate": main["agent"],
            "communicate": main["doc"],
        }[self.plan.mode]

    def move_on(self) -> None:
        """Another feature, part and file become the subject."""
        domain = self.plan.domain
        for slot, choices in (
            ("feature", domain.features),
            ("part", domain.parts),
            ("symptom", domain.symptoms),
            ("condition", user.CONDITIONS),
            ("operation", user.OPERATIONS if domain.occupation == "15" else user.OPERATIONS_EASY),
        ):
            self.main[slot] = self.rng.choice(choices)
        self.main["doc"] = self.rng.choice(domain.documents)
        number = self.rng.randrange(len(domain.questions))
        self.main["question"], self.main["finding"] = domain.questions[number], domain.findings[number]
        self.main["number"] = self.rng.choice(domain.numbers)
        self.main["file"] = self.rng.choice(self.files)

    def has(self, kind: str) -> bool:
        """Whether this session's language has something to say for `kind`."""
        return bool(self.bank[kind])

    def say(self, kind: str, **slots: str) -> str:
        """A sentence for `kind`; templates are not repeated before all were used."""
        return self.fill(self._pick(kind), **slots)

    def several(self, kind: str, count: int) -> list[str]:
        """`count` different sentences for `kind`, in the order of their bank."""
        texts = self.bank[kind]
        chosen = sorted(self.rng.sample(range(len(texts)), min(count, len(texts))))
        return [self.fill(texts[i]) for i in chosen]

    def _pick(self, kind: str) -> str:
        unused = self._unused.setdefault(kind, [])
        if not unused:
            unused.extend(self.bank[kind])
            self.rng.shuffle(unused)
        return unused.pop()

    def some(self, kind: str, most: int) -> Iterator[str]:
        """Up to `most` different sentences for `kind`; those not said yet come first."""
        used: set[str] = set()
        for _ in range(min(most, len(self.bank[kind]))):
            template = self._pick(kind)
            if template not in used:
                used.add(template)
                yield self.fill(template)

    def fill(self, template: str, **slots: str) -> str:
        """`template` with its slots filled; a capital slot name capitalises."""
        values = {**self.main, **{name: slot for name, slot in slots.items() if slot}}

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            key = name.rstrip("_").lower()
            if key not in values:
                values[key] = self._make(key)
            text = values[key]
            if name.endswith("_") and name[0].islower():
                text = text.removeprefix("the ")
            return text[:1].upper() + text[1:] if name[0].isupper() else text

        return _SLOT.sub(value, template)

    def _make(self, slot: str) -> str:
        rng, domain = self.rng, self.plan.domain
        match slot:
            case "fn":
                return self.name_function()
            case "field" | "other":
                return rng.choice(FIELDS)
            case "file2":
                return rng.choice([file for file in self.files if file != self.main["file"]])
            case "stem":
                return PurePosixPath(self.main["file"]).stem
            case "insight":
                return self._pick("insight")
            case "n":
                return str(rng.randint(40, 900))
            case "k":
                return str(rng.randint(2, 39))
            case "pct":
                return str(rng.randint(61, 97))
            case "low" | "middle" | "high":
                return str({"low": 12, "middle": 31, "high": 68}[slot] + rng.randrange(15))
            case "cause":
                return self.fill(rng.choice(agent.CAUSES))
            case "command":
                return self.code(rng.choice(self.chain.commands).line)
            case "error":
                return self.code(rng.choice(self.chain.errors))
            case "name":
                return f"test_{self.name_function()}"
            case "module":
                return "app"
            case "secs":
                return f"{rng.uniform(0.1, 9):.2f}"
            case _:
                raise KeyError(f"no slot {slot!r} in domain {domain.key!r}")

    def code(self, template: str, **slots: str) -> str:
        """`template` of a toolchain (braces doubled as for `str.format`) with its slots filled."""
        names = _slots(template)
        values = {**self.main, **slots}
        values.setdefault("fn", self.name_function())
        values["Fn"] = "".join(part[:1].upper() + part[1:] for part in values["fn"].split("_"))
        for name in names:
            if name not in values:
                values[name] = self._make(name)
        return template.format_map(values)

    def name_function(self) -> str:
        """A function name in the style of the session's language."""
        verb, noun = self.rng.choice(VERBS), self.rng.choice(FIELDS)
        if self.chain.key in ("typescript", "go"):
            return verb + "".join(part.title() for part in noun.split("_"))
        return f"{verb}_{noun}"

    def typed(self, text: str) -> str:
        """English `text` as this user types it."""
        plan, rng = self.plan, self.rng
        if plan.language != "en":
            return text
        voice = plan.user.voice
        if voice == "lower":
            text = text[:1].lower() + text[1:] if not text.startswith(("I ", "I'")) else text
            text = text.removesuffix(".")
        else:
            text = text[:1].upper() + text[1:] if plan.level >= 3 else text
        if plan.level <= 2 and voice in ("lower", "terse") and rng.random() < 0.4:
            right, wrong = rng.choice(_SLIPS)
            text = text.replace(right, wrong, 1)
        return text

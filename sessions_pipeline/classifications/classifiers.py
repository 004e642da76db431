"""The classifiers: what is asked of each session, and the labels that may be answered.

The label sets here are the only place that knows a label by heart. How a question is answered belongs to the
backends (`rules`, `claude`); where answers are kept belongs to `assets.py` and the warehouse.
Definitions follow the study (June 2026); the wording is our own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

WORK_MODES = ("plan", "build", "fix", "understand", "test", "operate", "analyze", "orchestrate", "communicate")
EXPERTISE_LEVELS = ("1", "2", "3", "4", "5", "unclear")
OUTCOMES = ("succeeded", "partially_succeeded", "failed", "no_clear_goal")
SIGNALS = ("none", "1", "2", "3", "4", "5")
CODEBASE_CONTEXTS = ("modifies_existing", "explores_existing", "creates_new", "no_codebase")
DECISION_KINDS = ("planning", "execution")
DECIDERS = ("user", "agent")
LOWEST_TASK_VALUE_USD, HIGHEST_TASK_VALUE_USD = 10.0, 50_000.0
TASK_VALUE_BANDS = ("10-200", "200-1000", "1000-5000", "5000-50000")
SOC_MAJOR_GROUPS = {
    "11": "Management",
    "13": "Business and Financial Operations",
    "15": "Computer and Mathematical",
    "17": "Architecture and Engineering",
    "19": "Life, Physical, and Social Science",
    "21": "Community and Social Service",
    "23": "Legal",
    "25": "Educational Instruction and Library",
    "27": "Arts, Design, Entertainment, Sports, and Media",
    "29": "Healthcare Practitioners and Technical",
    "31": "Healthcare Support",
    "33": "Protective Service",
    "35": "Food Preparation and Serving Related",
    "37": "Building and Grounds Cleaning and Maintenance",
    "39": "Personal Care and Service",
    "41": "Sales and Related",
    "43": "Office and Administrative Support",
    "45": "Farming, Fishing, and Forestry",
    "47": "Construction and Extraction",
    "49": "Installation, Maintenance, and Repair",
    "51": "Production",
    "53": "Transportation and Material Moving",
    "55": "Military Specific",
}

Kind = Literal["categorical", "ordinal", "decisions", "price"]


@dataclass(frozen=True)
class Classifier:
    """One question about a session.

    kind: `categorical` answers one of `labels`; `ordinal` too, and the label is a number or a word without one;
    `decisions` answers four counts; `price` answers US dollars, and `labels` are the bands they fall in.
    reads: the whole transcript, or the first human prompt alone.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    question: str
    reads: Literal["transcript", "opening"] = "transcript"

    @property
    def sha256(self) -> str:
        """Digest of the definition: a changed question or label set is another classifier."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON schema of a model's answer: an object with the classifier's name as its one key.

        Only `enum` bounds a value: the API refuses numeric bounds and patterns.
        """
        return closed_object({self.name: self._value_schema()})

    def _value_schema(self) -> dict[str, Any]:
        if self.kind == "price":
            return {"type": "integer"}
        if self.kind == "decisions":
            decision = {"what": {"type": "string"}, "kind": one_of(DECISION_KINDS), "who": one_of(DECIDERS)}
            return {"type": "array", "items": closed_object(decision)}
        return one_of(self.labels)


def one_of(labels: tuple[str, ...]) -> dict[str, Any]:
    """JSON schema of a choice among `labels`."""
    return {"type": "string", "enum": list(labels)}


def closed_object(properties: dict[str, Any]) -> dict[str, Any]:
    """JSON schema of an object that has all of `properties` and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


WORK_MODE = Classifier(
    name="work_mode",
    kind="categorical",
    labels=WORK_MODES,
    question="""Which kind of work is this session mostly made of?
Choose the one activity that took the most meaningful work, whatever the first message asked for.
- plan: looks ahead. Architecture, specification, trade-offs, order of steps. What comes out is a decision or a design
  document, not code.
- build: makes or develops working code that is itself what is wanted, refactoring, migrating and speeding up included.
- fix: something is broken (an error, a crash, a wrong result, a failing test), and the work looks for the cause and
  repairs it. Code that is merely slow or ugly is not broken: improving it is build.
- understand: looks at what exists. The result is knowledge of a system or an idea, and nothing is changed for it. A
  search for a cause that ends in a repair is fix.
- test: checking is what is wanted. Writing or extending tests, reviewing, quality assurance, a security audit.
  Repairing the program because a test failed is fix; building the machinery that tests run on is build.
- operate: the scaffolding around the code. Deployment, continuous integration, containers, infrastructure, setting up
  machines and dependencies, monitoring, releases.
- analyze: about data. The result is an insight, a table, a chart or a model, and code is only the means. A service that
  delivers data again and again is build.
- orchestrate: what is made is itself an artefact for a language model or agent: prompts, agent instructions and
  workflows, evaluation harnesses, classifiers, tuning of an agent. An application that merely calls a model is build.
- communicate: words or slides for people. Mails, memos, essays, notes, reports, and general office work outside any
  code base.""",
)

_EXPERTISE_LEVELS = """\
- 1: general phrases; no checks, or only general ones; wrong results go unnoticed; the basic ideas come from the agent.
- 2: some right terms, used loosely; mostly general checks; catches only what is obvious and is set right at least once.
  Someone at home in technology but working outside their own field also belongs here.
- 3: exact about what is wanted (files, outputs, libraries), not about method or trade-offs; some pointed checks; nobody
  keeps correcting the other. An expert who hands over routine work can land here.
- 4: at least once shows knowledge of structure that cannot be read off the screen (an edge case, an invariant, how a
  version behaves, how something fails); at least one specific check or correction; steers away from a wrong approach.
- 5: speaks as an insider: raises trade-offs unasked, checks with surgical questions, corrects with authority and
  reasons, deals with edge cases ahead of time. One or two such moments are enough. Corrections go from
  user to agent only.
- unclear: only if the user's words are so few that they point in no direction at all."""

EXPERTISE = Classifier(
    name="expertise",
    kind="ordinal",
    labels=EXPERTISE_LEVELS,
    question=f"""How well does the user master the task of this session?
Rate the command of this task that shows in the user's own words. Career, intelligence, how well the agent worked and
how hard the task is do not count. Text that the user pasted is not theirs.
Weigh three signs equally:
(a) how specific the set-up is: constraints and names that only someone who knows the field would reach for. Names that
    the user could read off the screen do not count.
(b) what kind of checking the user asks for: "check again" is caution, a pointed question about a mechanism is mastery.
(c) who corrects whom on matters of the field: an agent that corrects the user pulls towards 1 and 2, a user who catches
    the agent pulls towards 4 and 5, neither is neutral.
{_EXPERTISE_LEVELS}""",
)

EXPERTISE_OPENING = Classifier(
    name="expertise_opening",
    kind="ordinal",
    labels=EXPERTISE_LEVELS,
    question=f"""You see only the first message of a session. How well does its writer master the task they set?
Rate the command of the task that shows in these words alone; do not guess how the session went. Career, intelligence
and how hard the task is do not count. Text that the writer pasted is not theirs.
Look at how specific the set-up is (constraints and names that only someone who knows the field would reach for) and at
the kind of checking that is asked for. Corrections cannot show yet: leave them out of account.
{_EXPERTISE_LEVELS}""",
    reads="opening",
)

_SOC_LIST = "\n".join(f"- {code}: {name}" for code, name in SOC_MAJOR_GROUPS.items())

USER_OCCUPATION = Classifier(
    name="user_occupation",
    kind="categorical",
    labels=(*SOC_MAJOR_GROUPS, "unclear"),
    question=f"""What does the user most likely do for a living?
Read it from side signs: context files of the project, names of folders and files, vocabulary, artefacts that are
referred to, fields mentioned in passing. Never infer it from the task itself: that code is written says nothing about
a coding profession. Choose 15 only on a specific sign that software or data is the user's job. Without any side sign
the answer is unclear.
The answers are the major groups of the Standard Occupational Classification:
{_SOC_LIST}
- unclear""",
)

TASK_OCCUPATION = Classifier(
    name="task_occupation",
    kind="categorical",
    labels=tuple(SOC_MAJOR_GROUPS),
    question=f"""Workers of which occupation would typically be paid to do the work of this session?
The work decides, not its topic: code that handles contracts is not legal work. There is always an answer.
The answers are the major groups of the Standard Occupational Classification:
{_SOC_LIST}""",
)

OUTCOME = Classifier(
    name="outcome",
    kind="categorical",
    labels=OUTCOMES,
    question="""Did the session reach its goal?
First find the main objective: the one that most of the work served, which need not be the first message. Then judge the
result against it. How well the agent worked, and how easily the result can be verified, do not count.
- succeeded: the objective was met. A short, clean session without complaint is succeeded.
- partially_succeeded: some parts were met and others not, a smaller scope was accepted, or the picture is mixed.
- failed: the objective was not met.
- no_clear_goal: exploration or chat from beginning to end, with nothing that could be met.
Where evidence is thin, choose succeeded if the course of the session looks clean, and failed only if it looks broken.
A marker that text was cut out is never evidence.""",
)

SUCCESS_SIGNAL = Classifier(
    name="success_signal",
    kind="ordinal",
    labels=SIGNALS,
    question="""How strong is the evidence of success in this session, whatever its outcome?
Take the highest tier that the evidence supports; more evidence moves up.
- none: no evidence.
- 1: a faint trace.
- 2: a clean ending: the artefact or answer is there and nobody complains. The usual short session.
- 3: a clean ending and one concrete corroboration: a command ran to its end, the content visibly matches what was
  asked, the user acknowledges it neutrally.
- 4: one hard sign: a commit that matches, a pull request opened or merged, tests that pass, a command that ends with
  the output that was wanted, the user's explicit approval, the user confirming the artefact.
- 5: several hard signs.""",
)

FAILURE_SIGNAL = Classifier(
    name="failure_signal",
    kind="ordinal",
    labels=SIGNALS,
    question="""How strong is the evidence of failure in this session, whatever its outcome?
Take the highest tier that the evidence supports; more evidence moves up. Silence after good work is not failure.
- none: no evidence.
- 1: a trace that was made good at once. A tool error on the way that was recovered is at most this: the final state
  counts.
- 2: a short loop, a result slightly off the mark, a mild concern that was dealt with.
- 3: a part was given up, the result falls clearly short in one respect, or the user pushes back without rejecting it.
- 4: one hard sign: a final error that stays, tests that fail at the end, an explicit complaint, rejection or
  frustration.
- 5: several hard signs.""",
)

DECISIONS = Classifier(
    name="decisions",
    kind="decisions",
    labels=(),
    question="""Which meaningful decisions were taken in this session, and by whom?
List each with its kind and who took it.
- planning: what is to be done, which approach is taken, what counts as done.
- execution: which files, what code, which language or library, which commands.
A decision is the user's if the user stated it or chose it among options, and the agent's if the agent settled it, even
if the user let it pass. Reading and looking around are not decisions. Leave out what changes nothing in the result.""",
)

CODEBASE_CONTEXT = Classifier(
    name="codebase_context",
    kind="categorical",
    labels=CODEBASE_CONTEXTS,
    question="""How does the session relate to a code base?
- modifies_existing: it changes code or other files of a project that was there before.
- explores_existing: it reads, runs or discusses an existing project without changing it.
- creates_new: it starts a project from nothing, or almost nothing.
- no_codebase: no code base plays a part: writing, questions, office work, or a computer's settings.""",
)

TASK_VALUE = Classifier(
    name="task_value",
    kind="price",
    labels=TASK_VALUE_BANDS,
    question="""What would a client pay a freelancer for the work of this session, as a fixed price in US dollars?
First write the posting that such a client would publish: a title of at most 80 characters, three to five sentences on
scope and deliverables, three to eight skills; no word about AI. Then price the posting as the market does, between 10
and 50,000 dollars, by comparing it with the postings of known price that are given.""",
)


CLASSIFIERS: dict[str, Classifier] = {
    classifier.name: classifier
    for classifier in (
        WORK_MODE,
        EXPERTISE,
        EXPERTISE_OPENING,
        USER_OCCUPATION,
        TASK_OCCUPATION,
        OUTCOME,
        SUCCESS_SIGNAL,
        FAILURE_SIGNAL,
        DECISIONS,
        CODEBASE_CONTEXT,
        TASK_VALUE,
    )
}


def task_value_band(usd: float) -> str:
    """The band of `usd`; a limit belongs to the band below it, and what lies outside to the nearest band."""
    for name in TASK_VALUE_BANDS:
        if usd <= float(name.split("-")[1]):
            return name
    return TASK_VALUE_BANDS[-1]

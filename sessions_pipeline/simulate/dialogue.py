"""Writes the script of a session: who says what, and which tools the agent calls."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from sessions_pipeline.simulate.course import CLOSING, TROUBLE, WORK, Course, plot
from sessions_pipeline.simulate.phrases_user import GREETINGS, OPERATE_MISBELIEFS, POLITE_ENDS
from sessions_pipeline.simulate.scenario import Plan
from sessions_pipeline.simulate.script import AgentRun, Call, Compaction, Interruption, Prompt, Reply, Script
from sessions_pipeline.simulate.speaker import TEXT_MODES, Speaker, is_fresh, is_paperwork
from sessions_pipeline.simulate.toolbox import Toolbox

# What the agent says first, after a prompt of each kind; else the mode's introduction
OPENERS = {
    "correction": "concede",
    "rejection": "concede",
    "complaint": "concede",
    "pushback": "concede",
    "still_broken": "looping",
    "concern": "narration_read",
    "novice": "explain",
    "misbelief": "explain",
    "expert_check": "answer_check",
    "generic_check": "narration_shell",
    "nudge": "go",
    "question": "answer",
}
# Evidence that shows in a tool call at the end of the work
ENDINGS = {"tests", "tests_red", "command", "deployed", "final_error", "commit", "pull_request"}
COMMANDS = ("/task", "/work-on", "/ticket", "/team:do", "/next-step")
SUBAGENTS = ("inline_subagent", "sibling_subagent", "nested_subagent", "workflow_subagent")
Step = tuple[str, Call]  # kind of narration, call


def make_script(plan: Plan, rng: Random) -> Script:
    """The events of `plan`. Deterministic in `rng`."""
    return _Dialogue(plan, rng, plot(plan, rng)).write()


class _Dialogue:
    def __init__(self, plan: Plan, rng: Random, course: Course) -> None:
        self.plan = plan
        self.rng = rng
        self.course = course
        self.speaker = Speaker(plan, rng)
        self.tools = Toolbox(self.speaker, rng)
        self.script = Script(title=self.speaker.say("title"))
        self.choices_left = plan.execution[1]
        self.paperwork = is_paperwork(plan)
        self.looks_only = not course.edits and plan.mode in ("fix", "build", "test", "orchestrate")
        self.command_due = "slash_with_args" in plan.traits
        self.stumbled = False
        self.hint_due = plan.occupation_shown and self.speaker.has("hint") and rng.random() < 0.7
        self.memory_due = plan.occupation_shown and (not self.hint_due or rng.random() < 0.3)
        if course.beats[0] == "thin":
            self.hint_due, self.memory_due = False, plan.occupation_shown

    def write(self) -> Script:
        beats = self.course.beats
        working = [i for i, beat in enumerate(beats) if WORK[beat] >= 0.5 and beat not in CLOSING]
        quotas = self._share_out(beats)
        fragments = self._fragments(beats)
        compacted = self._compaction_at(len(beats))
        for i, beat in enumerate(beats):
            if i == compacted:
                self.script.events.append(Compaction(self.speaker.say("compaction")))
            self._prompt(beat, *fragments[i])
            last = bool(working) and i == working[-1]
            self._react(beat, quotas[i], last, first=i == 0)
        return self.script

    def _share_out(self, beats: Sequence[str]) -> list[int]:
        """Tool calls per prompt: as many in all as planned."""
        weights = [WORK[beat] * self.rng.uniform(0.5, 1.5) for beat in beats]
        idle = 0.25 if self.plan.outcome == "no_clear_goal" else 1.0
        total = round(self.plan.actions * idle * len(beats))
        scale = total / (sum(weights) or 1)
        return [round(weight * scale) for weight in weights]

    def _compaction_at(self, beats: int) -> int | None:
        traits = {"compaction", "compaction_copy_agent", "compaction_text_only"} & self.plan.traits
        return self.rng.randrange(1, beats) if traits and beats > 1 else None

    # The user

    def _fragments(self, beats: Sequence[str]) -> list[tuple[int, int]]:
        """How many further planning and execution decisions each prompt voices."""
        carriers = [i for i, beat in enumerate(beats) if beat in ("opening", "next")]
        result = [[0, 0] for _ in beats]
        said = sum(beat in ("opening", "next", "expert_check", "thin") for beat in beats)
        for kind, total in ((0, self.plan.planning[0] - said), (1, self.plan.execution[0])):
            for number in range(max(0, total)):
                if carriers:
                    target = carriers[0] if number % 2 == 0 else self.rng.choice(carriers)
                    result[target][kind] = min(4, result[target][kind] + 1)
        return [(planning, execution) for planning, execution in result]

    def _prompt(self, beat: str, planning: int, execution: int) -> None:
        if beat == "next" or (beat == "nudge" and self.plan.mode in ("understand", "analyze", "plan")):
            self.speaker.move_on()
        parts = [self._request(beat)]
        script = self.script
        for kind, count in (("planning", planning), ("execution", execution)):
            for _ in range(count if self.speaker.has(kind) else 0):
                parts.append(self.speaker.say(kind, feature=self._other_feature()))
                if kind == "planning":
                    script.planning_user += 1
                else:
                    script.execution_user += 1
        script.planning_user += beat in ("opening", "next", "expert_check", "thin")
        script.planning_agent += beat == "nudge"
        script.execution_user += beat in ("correction", "rejection")
        if self.hint_due and beat in ("opening", "next", "question", "nudge", "no_goal"):
            parts.insert(self.rng.choice((0, len(parts))), self.speaker.say("hint"))
            self.hint_due = False
        if len(parts) > 1:
            parts = [part if part.endswith((".", "?", "!", "。")) else part + "." for part in parts if part]
        as_list = len(parts) > 4 and self.plan.level >= 3 and self.rng.random() < 0.4
        text = self._dress(beat, "\n- ".join(parts) if as_list else " ".join(parts))
        as_command = self.command_due and beat in ("opening", "next", "thin")
        self.command_due = self.command_due and not as_command
        script.events.append(Prompt(text, command=self.rng.choice(COMMANDS) if as_command else None))

    def _other_feature(self) -> str:
        features = self.plan.domain.features
        return self.rng.choice([feature for feature in features if feature != self.speaker.main["feature"]])

    def _request(self, beat: str) -> str:
        say = self.speaker.say
        level = self.plan.level
        if beat == "misbelief":
            operate = self.plan.mode == "operate"
            self.misbelief = self.rng.choice(OPERATE_MISBELIEFS if operate else self.plan.domain.misbeliefs)
            return self.misbelief[0] if self.plan.language == "en" else say("novice")
        if beat == "approval" and "confirmation" in self.course.evidence and self.speaker.has("confirmation"):
            return say("confirmation") + say("approval")
        if beat != "opening":
            return say(beat)
        request = say("opening", insight=self.speaker.first_insight)
        text = f"{say('scope')} {request}" if self.speaker.has("scope") else request
        if is_fresh(self.plan) and self.plan.mode != "build" and self.plan.language == "en":
            text += " " + say("still_empty")
        if self.plan.language == "en":
            if level == 2 and self.rng.random() < 0.7:
                text += " " + say("loose")
            elif level == 3:
                text += " " + say("specific")
            elif level == 4 and self.rng.random() < 0.6:
                text += " " + say("expert_check")
            elif level == 5:
                text += f" {say('expert_check')} {say('specific')}"
            elif level == 1 and self.rng.random() < 0.5:
                text += " " + say("novice")
            if self.plan.mode == "fix" and level > 1 and self.rng.random() < 0.5:
                text += "\n\n" + self.speaker.code(self.rng.choice(self.speaker.chain.errors))
        return text.strip()

    def _dress(self, beat: str, text: str) -> str:
        text = self.speaker.typed(text)
        if beat in ("opening", "no_goal") and self.plan.language == "en" and "\n" not in text:
            chatty = self.plan.user.voice == "polite" or self.plan.level <= 2
            if chatty and self.rng.random() < 0.5 and not text.lower().startswith(("hi", "hello", "hey")):
                low = text if text.startswith(("I ", "I'")) or text[1:2].isupper() else text[:1].lower() + text[1:]
                text = self.rng.choice(GREETINGS) + low
            if self.plan.user.voice == "polite" and self.rng.random() < 0.6:
                text += self.rng.choice(POLITE_ENDS)
        return text

    # The agent

    def _react(self, beat: str, quota: int, last: bool, first: bool) -> None:
        if beat in ("approval", "acknowledgement", "give_up"):
            if self.rng.random() < 0.5:
                self._reply(self.speaker.say("sorry" if beat == "give_up" else "welcome"))
            return
        words = self.plan.words * (1.8 if WORK[beat] >= 0.8 else 1.0)
        steps = self._steps(beat, quota, last, first)
        spent = self._open(beat, first)
        spent += self._work(steps, words * 0.45)
        self._stumble(beat)
        self._reply(self._report(beat, words - spent, last))

    def _open(self, beat: str, first: bool) -> int:
        """What the agent says before it works; returns the number of words."""
        if beat in ("no_goal", "no_goal_next", "accept_partial"):
            return 0
        if beat == "misbelief" and self.plan.language == "en":
            text = self.misbelief[1]
        else:
            opener = "concede" if self.paperwork and beat in TROUBLE else OPENERS.get(beat, "intro")
            text = self.speaker.say(opener)
        if first and self.speaker.has("plan_step") and self.plan.planning[1]:
            steps = self.speaker.several("plan_step", min(5, self.plan.planning[1]))
            numbered = "\n".join(f"{i}. {step[:1].upper()}{step[1:]}" for i, step in enumerate(steps, start=1))
            text += f"\n\n{numbered}" if len(steps) > 1 else f" Then I'd {steps[0]}."
            self.script.planning_agent += len(steps)
        self._reply(text)
        return len(text.split())

    def _steps(self, beat: str, quota: int, last: bool, first: bool) -> list[Step]:
        """About `quota` calls: a look around, changes and runs in turn, and at the end what shows the outcome."""
        steps = self._first_steps(beat, quota, first)
        calls = [call for _, call in steps]
        calls += [inner for call in calls if call.agent for reply in call.agent.replies for inner in reply.calls]
        ending = len(self.course.evidence & ENDINGS) if last else 0
        room = max(0, quota - len(calls) - ending)
        changes = round(room * self.rng.uniform(0.25, 0.5)) if self.course.edits else 0
        if self.course.edits and last and not changes and not self.tools.changed:
            changes = 1
        looks = max(0, room - changes)
        if is_fresh(self.plan) and first:
            looks = min(looks, 3)
            changes = max(changes, room - looks - room // 4)
        steps += [self._look() for _ in range(looks - looks // 3)]
        makers = [self._change] * changes + [self._run] * (looks // 3)
        self.rng.shuffle(makers)
        steps += [make() for make in makers]
        return steps + (self._evidence_steps() if last else [])

    def _first_steps(self, beat: str, quota: int, first: bool) -> list[Step]:
        """What comes before the work proper: the project's notes, a slip, fruitless attempts, a sub-agent."""
        tools = self.tools
        edits = self.course.edits and bool(tools.present)
        steps: list[Step] = []
        if first and self.memory_due:
            steps.append(("read", tools.memory()))
        if first and self.plan.failure_signal == 1 and quota:
            steps.append(("edit_error", tools.failed_edit()) if edits else ("file_error", tools.missing_file()))
        if (beat in TROUBLE or (beat == "complaint" and quota)) and not self.paperwork and tools.present:
            attempt = tools.set_up if self.plan.mode == "operate" else tools.run
            runs = self.course.edits and self.plan.mode not in ("plan", "analyze")
            for _ in range(self.rng.randint(1, 3)):
                steps.append(("looping", attempt(works=False)) if runs else ("looping_reading", tools.grep()))
        agent = self._sub_agent(quota) if first else None
        return [*steps, ("agent", agent)] if agent else steps

    def _look(self) -> Step:
        rng, tools = self.rng, self.tools
        if not tools.present:
            return ("peek", tools.empty_folder()) if rng.random() < 0.3 else ("web", tools.web_search())
        kinds = ["read"] * 5 + ["search"] * 3 + ["peek"] * 2 + ["list"]
        if self.paperwork:
            kinds = ["read"] * 4 + ["web"] * 2 + ["list"]
        elif self.plan.mode == "analyze":
            kinds = ["read"] * 3 + ["data"] * 4 + ["list"]
        elif self.plan.mode in ("plan", "understand"):
            kinds += ["web"]
        kind = rng.choice(kinds)
        if rng.random() < 0.03:
            return "todo", tools.todo()
        if rng.random() < 0.02 and not self.paperwork:
            return "quiet", rng.choice((tools.ticket, tools.ask, tools.view_pull_request))()
        makers = {
            "read": (tools.read,),
            "search": (tools.grep,),
            "list": (tools.glob,),
            "web": (tools.web_search, tools.web_fetch),
            "data": (tools.analysis, tools.peek),
            "peek": (tools.peek, tools.list_folder, *(() if is_fresh(self.plan) else (tools.git_log, tools.decoy))),
        }
        return "shell" if kind == "data" else kind, rng.choice(makers[kind])()

    def _run(self) -> Step:
        tools, mode = self.tools, self.plan.mode
        if self.paperwork or not tools.present:
            return self._look()
        if mode == "analyze":
            return "shell", tools.analysis()
        if mode == "operate":
            return ("shell", tools.set_up()) if self.rng.random() < 0.6 else self._look()
        if not self.course.edits or mode in TEXT_MODES:
            return "peek", self.rng.choice((tools.list_folder, tools.git_log, tools.decoy, tools.peek))()
        return "shell", tools.run()

    def _change(self) -> Step:
        rng, tools, plan = self.rng, self.tools, self.plan
        if plan.mode in ("communicate", "plan", "analyze"):
            if tools.changed and rng.random() < 0.8:
                return "edit", tools.edit()
            name = f"drafts/{rng.choice(('note', 'draft', 'memo', 'outline'))}-{rng.randint(2, 60)}.md"
            return "write", tools.write_new(self.speaker.main["doc_file"] if plan.mode == "plan" else name)
        new = 0.5 if plan.context == "creates_new" else 0.12
        if not tools.present or rng.random() < new:
            return "write", tools.write_new()
        makers = [tools.edit] * 8 + [tools.write_over]
        if plan.version <= (2, 0, 20):
            makers.append(tools.multi_edit)
        if plan.domain.toolchain in ("python", "r"):
            makers += [tools.notebook] * (plan.mode == "analyze")
        return "edit", rng.choice(makers)()

    def _evidence_steps(self) -> list[Step]:
        tools, rng = self.tools, self.rng
        evidence = self.course.evidence
        steps: list[Step] = []
        if "tests" in evidence:
            if rng.random() < 0.3 and self.plan.failure_signal:
                steps.append(("test", tools.test(False)))
            steps.append(("test", tools.test(True)))
        if "tests_red" in evidence:
            steps += [("test", tools.test(True))] * (rng.random() < 0.2) + [("test", tools.test(False))]
        if "command" in evidence or "deployed" in evidence:
            steps.append(("shell", tools.set_up() if "deployed" in evidence else tools.run()))
        if "final_error" in evidence:
            steps.append(("shell", rng.choice((tools.run, tools.set_up))(works=False)))
        if "commit" in evidence:
            if rng.random() < 0.08:
                steps.append(("hook_error", tools.refused_commit()))
            steps.append(("shell", tools.commit()))
        if self.plan.mode == "plan" and rng.random() < 0.5:
            steps.append(("quiet", tools.leave_plan_mode()))
        if "pull_request" in evidence:
            steps.append(("shell", tools.open_pull_request()))
        return steps

    def _sub_agent(self, quota: int) -> Call | None:
        """A sub-agent, where the plan wants one or the work is large."""
        wanted = any(trait in self.plan.traits for trait in SUBAGENTS)
        if not self.tools.present:
            return None
        if not wanted and (quota < 25 or self.rng.random() < 0.6):
            return None
        return self.tools.start_agent(self._agent_run())

    def _agent_run(self) -> AgentRun:
        edits = self.course.edits and self.rng.random() < 0.35
        looks = (self.tools.read, self.tools.read, self.tools.grep, self.tools.glob, self.tools.peek)
        calls = [self.rng.choice(looks)() for _ in range(self.rng.randint(2, 8))]
        if edits:
            calls += [self.tools.edit(agent_file=True) for _ in range(self.rng.randint(1, 3))]
            calls += [self.tools.write_new()] * (self.rng.random() < 0.4)
        replies = [
            Reply(self.speaker.say("narration_read") if self.rng.random() < 0.4 else "", calls=(call,))
            for call in calls
        ]
        report = self.speaker.say("sub_report")
        prompt = self.speaker.say("sub_edit_prompt" if edits else "sub_prompt")
        return AgentRun(prompt, (*replies, Reply(report)), report)

    def _work(self, steps: list[Step], words: float) -> int:
        """Emits the calls with as much narration as `words` allows; returns the number of words."""
        spent, i, rng = 0, 0, self.rng
        while i < len(steps):
            kind, call = steps[i]
            calls: tuple[Call, ...] = (call,)
            if kind in ("read", "search") and rng.random() < 0.15:
                calls = tuple(other for _, other in steps[i : i + rng.randint(2, 3)])
                calls = calls if all(c.name in ("Read", "Grep", "Glob") for c in calls) else (call,)
            text = ""
            if (
                kind in ("edit", "write")
                and self.choices_left > 0
                and self.speaker.has("choice")
                and rng.random() < 0.5
            ):
                text = self.speaker.say("choice", **self.tools.subject(call))
                self.choices_left -= 1
            elif spent < words and rng.random() < 0.7 and kind != "quiet":
                spoken = kind if kind.startswith("looping") else f"narration_{kind}"
                text = self.speaker.say(spoken, **self.tools.subject(call))
            self._reply(text, calls)
            self.script.execution_agent += kind in ("edit", "write", "test", "shell", "agent")
            spent += len(text.split())
            i += len(calls)
        return spent

    def _stumble(self, beat: str) -> None:
        """The user stops the agent once, if the plan says so, and says something about it."""
        traits = self.plan.traits
        stop = "interrupted" in traits or "stopped" in self.course.evidence
        if beat in CLOSING or self.stumbled or not (stop or "rejected_tool" in traits):
            return
        self.stumbled = True
        if "rejected_tool" in traits:
            self._reply("", (self.tools.rejected(),))
            self.script.events.append(Interruption(during_tool=True))
        else:
            self._reply(self.speaker.say("narration_shell"))
            self.script.events.append(Interruption())
        self._prompt("rejection", 0, 0)
        self._reply(self.speaker.say("concede"))

    def _report(self, beat: str, words: float, last: bool) -> str:
        """What the agent says at the end of its work, in about `words` words."""
        speaker, evidence, plan = self.speaker, self.course.evidence, self.plan
        if beat in ("no_goal", "no_goal_next"):
            return self._lengthen(speaker.say("chat"), min(words, 60), "chatter")
        if beat == "accept_partial":
            return speaker.say("welcome")
        if beat == "complaint":
            return speaker.say("unfinished")
        if beat in ("question", "novice", "misbelief", "expert_check") and not last:
            kind = "reading" if self.looks_only else "paragraph"
            return self._lengthen(speaker.say(kind), words, kind)
        failing = (last and plan.outcome == "failed") or (beat in TROUBLE and plan.outcome != "succeeded")
        text = self._verdict(beat, last, failing)
        if plan.mode == "communicate" and not failing and plan.language == "en":
            text += speaker.fill("\n\n**{Doc}**", doc=speaker.main["doc"].removeprefix("a ").removeprefix("the "))
        kind = "stuck" if failing and not self.paperwork else "reading" if self.looks_only else "paragraph"
        listed = not failing and plan.mode not in ("communicate", "understand", "plan", "analyze")
        text = self._lengthen(text, words, kind, listed)
        for kind, shown in (
            ("tests_green", last and "tests" in evidence),
            ("tests_red", last and "tests_red" in evidence),
            ("corroboration", last and "command" in evidence and not self.paperwork),
            ("not_verified", last and plan.outcome == "succeeded" and plan.success_signal == 1),
            ("offer", not last and not failing and self.rng.random() < 0.4),
        ):
            if shown and speaker.has(kind):
                text += "\n\n" + speaker.say(kind)
        return text

    def _verdict(self, beat: str, last: bool, failing: bool) -> str:
        """The first sentence of the report: how it went."""
        speaker, plan = self.speaker, self.plan
        if last and plan.outcome == "partially_succeeded":
            return speaker.say("partial")
        if failing:
            return speaker.say("failed" if last else "unfinished")
        if beat == "generic_check":
            return speaker.say("checked")
        if self.looks_only:
            return speaker.say("found")
        follow_up = beat not in ("opening", "thin") and plan.mode in ("fix", "build", "test", "operate", "orchestrate")
        return speaker.say("followed" if follow_up and not last else "done")

    def _lengthen(self, text: str, words: float, kind: str, listed: bool = False) -> str:
        """`text` with a list of changes and paragraphs, none of them twice, until it has about `words` words."""
        if listed and words > 40 and self.course.edits and self.speaker.has("bullet"):
            text += "\n\n" + "\n".join(f"- {self.speaker.say('bullet')}" for _ in range(self.rng.randint(2, 4)))
        for paragraph in self.speaker.some(kind, most=8):
            if len(text.split()) + 20 > words:
                break
            text += f"\n\n{paragraph}" if paragraph not in text else ""
        return text

    def _reply(self, text: str, calls: tuple[Call, ...] = ()) -> None:
        if not text and not calls:
            return
        rng = self.rng
        thinking = None
        if rng.random() < 0.3:
            thinking = self.speaker.say("thought") if self.speaker.has("thought") and rng.random() < 0.65 else ""
        self.script.events.append(Reply(text, thinking, calls, parallel=len(calls) > 1))

"""Writes one session from its plan: the script's events with the irregularities that the plan asks for."""

from __future__ import annotations

from random import Random

from sessions_pipeline.simulate import irregular_lines as irregular
from sessions_pipeline.simulate.claude_code_lines import SUMMARY_OPENING, command_text
from sessions_pipeline.simulate.claude_code_writer import SessionWriter
from sessions_pipeline.simulate.dialogue import make_script
from sessions_pipeline.simulate.scenario import Plan
from sessions_pipeline.simulate.script import AgentRun, Compaction, Interruption, Prompt, Reply

# Asides that need no agent before them
_EARLY = ("slash_bare", "slash_builtin_with_args", "local_command_system", "bash_mode", "ide_only_line")


def write_session(plan: Plan, rng: Random) -> SessionWriter:
    """The finished lines and counts of `plan`'s session."""
    script = make_script(plan, rng)
    log = SessionWriter(plan, script, rng)
    if plan.kind == "no_human_prompt":
        _without_prompt(log)
    elif plan.kind == "no_agent_reply":
        _without_reply(log)
    else:
        _Course(log).write()
    return log


class _Course:
    """Walks through the events and puts asides and unusual deliveries where they belong."""

    def __init__(self, log: SessionWriter) -> None:
        self.log = log
        self.events = log.script.events
        prompts = [event for event in self.events if isinstance(event, Prompt)]
        self.deliveries = self._place_deliveries(prompts)
        self.asides = self._place_asides(len(prompts))

    def _place_deliveries(self, prompts: list[Prompt]) -> dict[int, str]:
        log = self.log
        free = [i for i, prompt in enumerate(prompts) if not prompt.command]
        log.rng.shuffle(free)
        wanted = [name for name in irregular.DELIVERIES if name in log.plan.traits]
        if log.plan.kind == "ide" and log.rng.random() < 0.7:
            wanted.append("ide_before_words")
        placed: dict[int, str] = {}
        for name in wanted:
            able = [i for i in free if i or irregular.DELIVERIES[name][1]]
            if able:
                placed[able[0]] = name
                free.remove(able[0])
        return placed

    def _place_asides(self, prompts: int) -> dict[int, list[str]]:
        """Position (before the n-th prompt, or after the last one) -> asides."""
        placed: dict[int, list[str]] = {}
        for name in irregular.ASIDES:
            if name in self.log.plan.traits:
                first = 0 if name in _EARLY else 1
                placed.setdefault(self.log.rng.randint(first, prompts), []).append(name)
        return placed

    def write(self) -> None:
        log, number, started = self.log, 0, self.log.now
        if "warmup_agent" in log.plan.traits:
            irregular.warmup_agent(log)
            log.wait(5, 60)
        irregular.opening_lines(log)
        for event in self.events:
            if isinstance(event, Prompt):
                if number:
                    log.end_turn(started)
                    log.think()
                self._aside(number)
                self._prompt(event, number)
                number, started = number + 1, log.now
            elif isinstance(event, Reply):
                log.reply(event)
                self._progress(event)
            elif isinstance(event, Interruption):
                log.interrupt(event)
            else:
                self._compact(event)
        if number:
            log.end_turn(started)
        self._aside(number)
        if log.plan.entrypoint == "sdk-ts":
            irregular.spread_message(log)
        if log.plan.version >= (2, 1, 101) and log.rng.random() < 0.1:
            irregular.state_line(log)

    def _aside(self, position: int) -> None:
        for name in self.asides.get(position, ()):
            irregular.ASIDES[name](self.log)
            self.log.seen[name] += name not in ("prompt_suggestion_agent", "side_question_agent")

    def _prompt(self, prompt: Prompt, number: int) -> None:
        log = self.log
        log.prompt_starts.append(len(log.main.entries))
        log.snapshot()
        delivery = self.deliveries.get(number)
        if delivery is None:
            log.prompt(prompt)
            return
        irregular.DELIVERIES[delivery][0](log, prompt)
        log.seen[delivery] += 1

    def _progress(self, reply: Reply) -> None:
        log = self.log
        if (2, 1, 9) <= log.plan.version <= (2, 1, 80) and any(call.agent for call in reply.calls):
            irregular.agent_progress(log)

    def _compact(self, event: Compaction) -> None:
        log = self.log
        if "compaction_copy_agent" in log.plan.traits:
            irregular.compaction_copy_agent(log)
            log.seen["compaction_copy_agent"] += 1
        log.compact(event)


def _without_prompt(log: SessionWriter) -> None:
    """Five ways in which an agent works, or a program runs, without a word from a person."""
    plan, rng = log.plan, log.rng
    replies = [event for event in log.script.events if isinstance(event, Reply)][: rng.randint(2, 6)]
    way = plan.variant % 5
    if way == 0 and plan.version > (2, 0, 30):
        log.run_agent(AgentRun("List the tests of this project.", tuple(replies), "done"))
        log.seen["orphan_agent_file"] += 1
        return
    irregular.opening_lines(log)
    if way == 1:
        irregular.slash_bare(log)
        irregular.bash_mode(log)
        log.seen["commands_only"] += 1
        return
    if way == 2:
        log.user(irregular.NOTIFICATION)
    elif way == 3:
        log.compact(Compaction(f"{SUMMARY_OPENING}\nWe compared two lists."))
    else:
        log.user(command_text("/init", ""))
        expanded = "Please analyze this codebase and create a CLAUDE.md file."
        log.user([{"type": "text", "text": expanded}], None, isMeta=True)
    for reply in replies:
        log.reply(reply)


def _without_reply(log: SessionWriter) -> None:
    """A prompt that nobody answers: closed at once, stopped, or refused by the API."""
    irregular.opening_lines(log)
    prompt = next(event for event in log.script.events if isinstance(event, Prompt))
    log.prompt(Prompt(prompt.text))
    way = log.plan.variant % 3
    if way == 1:
        log.interrupt(Interruption())
    elif way == 2:
        irregular.synthetic_error(log)

"""Writes a script as the log of one Claude Code session, and counts on the way what a reader should find.

Everything regular is here: prompts, replies, tools, sub-agents, compaction. Irregular lines are in
`irregular_lines.py`, what happens to whole files in `files.py`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

from sessions_pipeline.simulate import claude_code_lines as lines
from sessions_pipeline.simulate.claude_code_lines import Body, Thread, fast_uuid, stamp
from sessions_pipeline.simulate.scenario import SMALL_MODEL, Plan
from sessions_pipeline.simulate.script import AgentRun, Call, Compaction, Interruption, Prompt, Reply, Script
from sessions_pipeline.simulate.truth import Tally

# Kinds of lines whose time says that the session was alive
_ALIVE = ("user", "assistant", "system", "attachment")


@dataclass
class AgentFile:
    """A sub-agent's own file: its path below the project's folder, its lines, its kind."""

    path: str
    thread: Thread
    kind: str


class SessionWriter:
    """Builds the lines of one session. After `write`, `main`, `agent_files`, `companions` and `tally` are complete.

    seen: how often each irregularity was written. prompt_starts: index in `main.entries` at which each prompt begins.
    """

    def __init__(self, plan: Plan, script: Script, rng: Random) -> None:
        self.plan = plan
        self.script = script
        self.rng = rng
        self.now = plan.started
        self.main = Thread()
        self.agent_files: list[AgentFile] = []
        self.companions: dict[str, bytes] = {}
        self.tally = Tally()
        self.seen: Counter[str] = Counter()
        self.prompt_starts: list[int] = []
        self.branch = "main"
        self.model = plan.model
        self.one_hour = plan.version >= (2, 0, 60) and rng.random() < 0.6
        self.context = rng.randint(11_000, 18_000)
        self.unread = 0
        self.prompt_id = fast_uuid(rng)
        self.untimed_reply_due = "untimed_line" in plan.traits
        self.broken_time_due = "broken_timestamp" in plan.traits

    # Time and identity

    def wait(self, low_seconds: float, high_seconds: float) -> None:
        """Let a random time pass."""
        self.now += int(self.rng.uniform(low_seconds, high_seconds) * 1000) + 1

    def think(self) -> None:
        """The time until the person writes again: mostly a minute, now and then a night."""
        seconds = self.rng.lognormvariate(4.0, 1.1) if self.rng.random() < 0.97 else self.rng.uniform(3_600, 40_000)
        self.now += int(seconds * 1000)

    def token(self, prefix: str, length: int = 22) -> str:
        """An identifier in the style of the API."""
        return f"{prefix}{self.rng.getrandbits(4 * length):0{length}x}"

    # Lines

    def line(
        self, kind: str, fields: Body, thread: Thread | None = None, time: str | None = "now", alive: bool = True
    ) -> Body:
        """Append a line of the conversation. time: `now`, or what the timestamp says instead; None for no timestamp."""
        thread = thread or self.main
        uuid = fast_uuid(self.rng)
        shown = stamp(self.now) if time == "now" else time
        body = lines.envelope(self.plan, kind, thread, fields, uuid, shown, self.branch)
        self._append(thread, body)
        thread.parent = uuid
        if alive and kind in _ALIVE and time == "now" and not thread.automatic:
            self.tally.moments.append(self.now)
        return body

    def loose(self, body: Body, thread: Thread | None = None) -> None:
        """Append a line outside the conversation: state, titles, queue."""
        self._append(thread or self.main, body)

    def _append(self, thread: Thread, body: Body) -> None:
        target = self.main if thread.inline else thread
        target.entries.append((body, self.now))

    def user(self, content: str | list[Body], thread: Thread | None = None, **fields: Any) -> Body:
        """A user line."""
        return self.line("user", {"message": lines.user_message(content)} | fields, thread)

    def system(self, subtype: str, **fields: Any) -> Body:
        """A system line."""
        return self.line("system", {"subtype": subtype} | fields)

    def attachment(self, kind: str, **fields: Any) -> Body:
        """Injected context."""
        return self.line("attachment", {"attachment": {"type": kind} | fields})

    def queue(self, operation: str, content: str | None = None) -> None:
        """A change of the prompt queue; it is no sign of life and no prompt."""
        body: Body = {"type": "queue-operation", "operation": operation, "timestamp": stamp(self.now)}
        body["sessionId"] = self.plan.session_id
        self.loose(body | ({"content": content} if content is not None else {}))

    # Events

    def snapshot(self) -> None:
        """The state of the files before a prompt (2.0.22 and later)."""
        if self.plan.version >= (2, 0, 22) and self.rng.random() < 0.7:
            identity = fast_uuid(self.rng)
            inner = {"messageId": identity, "trackedFileBackups": {}, "timestamp": stamp(self.now)}
            self.loose({
                "type": "file-history-snapshot", "messageId": identity, "snapshot": inner, "isSnapshotUpdate": False,
            })  # fmt: skip

    def prompt(self, prompt: Prompt) -> None:
        """A prompt as most of them come: a user line with text, or a slash command with its arguments."""
        self.prompt_id = fast_uuid(self.rng)
        if prompt.command:
            self.user(lines.command_text(prompt.command, prompt.text))
            expanded = [{"type": "text", "text": f"Work on this as our notes say.\n\n{prompt.text}"}]
            self.user(expanded, isMeta=True)
            self.seen["slash_with_args"] += 1
        else:
            as_list = self.rng.random() < 0.23
            self.user([{"type": "text", "text": prompt.text}] if as_list else prompt.text, **self.prompt_fields())
        self.tally.human_prompts += 1

    def prompt_fields(self) -> Body:
        """What versions add to the line of a person's prompt."""
        version = self.plan.version
        fields: Body = {}
        if (2, 0, 0) <= version <= (2, 1, 19):
            fields |= {"thinkingMetadata": {"level": "high", "disabled": False, "triggers": []}, "todos": []}
        if version >= (2, 1, 15):
            fields["permissionMode"] = "default"
        if version >= (2, 1, 74):
            fields["promptId"] = self.prompt_id
        if version >= (2, 1, 92):
            fields["origin"] = {"kind": "human"}
        if version >= (2, 1, 161):
            fields["promptSource"] = "typed"
        if self.rng.random() < 0.05:
            fields["isMeta"] = False
        return fields

    def reply(self, reply: Reply, thread: Thread | None = None, model: str | None = None) -> None:
        """One API response: a line per content block, then the results of its tool calls."""
        thread, model = thread or self.main, model or self.model
        self.wait(1.5, 9)
        calls = [(self.token("toolu_01"), call) for call in reply.calls]
        blocks = self._blocks(reply, calls)
        response = _Response(self, reply, thread, model, bool(calls))
        interleaved = reply.parallel and self.rng.random() < 0.5
        if interleaved:
            self.seen["interleaved_calls"] += 1
        first_call = len(blocks) - len(calls)
        for i, block in enumerate(blocks):
            response.add(block, last=i == len(blocks) - 1, of=len(blocks))
            if interleaved and i >= first_call:
                self._finish_call(*calls[i - first_call], thread)
        for call_id, call in [] if interleaved else calls:
            self._finish_call(call_id, call, thread)
        response.count()

    def _blocks(self, reply: Reply, calls: list[tuple[str, Call]]) -> list[Body]:
        blocks: list[Body] = []
        if reply.thinking is not None:
            blocks.append({"type": "thinking", "thinking": reply.thinking, "signature": self.token("Er", 40)})
        if reply.text:
            blocks.append({"type": "text", "text": reply.text})
        for call_id, call in calls:
            block: Body = {"type": "tool_use", "id": call_id, "name": call.name, "input": dict(call.arguments)}
            if self.plan.version >= (2, 1, 40):
                block["caller"] = {"type": "direct"}
            blocks.append(block)
        return blocks

    def _finish_call(self, call_id: str, call: Call, thread: Thread) -> None:
        """Let the tool run and write its result."""
        detail = call.result.detail
        if call.agent:
            detail = self.run_agent(call.agent, call_id)
        slow = call.result.test_passed is not None
        self.wait(*((2, 30) if slow else (0.05, 1.5)))
        if not thread.automatic:
            self.tally.add_call(call, self.now, thread.sidechain)
        if call.result.missing:
            return
        shell = call.name in ("Bash", "PowerShell")
        as_list = call.agent is not None or isinstance(detail, list)
        block = lines.tool_result(call_id, call.result.text, call.result.error, shell, as_list)
        fields: Body = {"message": lines.user_message([block])}
        bare = thread.agent_id is not None and self.plan.version >= (2, 1, 2) and self.rng.random() < 0.6
        if detail is not None and not bare:
            fields["toolUseResult"] = detail
        elif bare and call.result.added:
            self.seen["agent_edit_without_detail"] += 1
        if self.plan.version >= (2, 1, 1) and thread.parent:
            fields["sourceToolAssistantUUID"] = thread.parent
        self.line("user", fields, thread)
        self.unread += len(call.result.text) // 4
        for url in call.result.pull_requests:
            if self.plan.version >= (2, 1, 49):
                self.loose(self._pr_link(url))

    def _pr_link(self, url: str) -> Body:
        owner, name, _, number = url.removeprefix("https://github.com/").split("/")
        self.seen["pr_link"] += 1
        return {
            "type": "pr-link", "sessionId": self.plan.session_id, "prNumber": int(number), "prUrl": url,
            "prRepository": f"{owner}/{name}", "timestamp": stamp(self.now),
        }  # fmt: skip

    # Sub-agents

    def run_agent(self, run: AgentRun, call_id: str | None = None) -> Body:
        """Write a sub-agent where its version keeps it; returns the structured result for the parent."""
        thread, path = self._agent_place(run)
        started = self.now
        model = SMALL_MODEL if self.plan.user.gateway_model is None and self.rng.random() < 0.6 else self.model
        own_parent, thread.parent = thread.parent, None
        if run.kind == "prompt_suggestion":
            thread.parent = own_parent
        self.user(run.prompt, thread)
        for reply in run.replies:
            self.reply(reply, thread, model)
        if run.kind == "task" and thread.agent_id:
            self.tally.agents.add(thread.agent_id)
        if path:
            self.agent_files.append(AgentFile(path, thread, run.kind))
            self._describe_agent(path, call_id)
        return {
            "status": "completed",
            "prompt": run.prompt,
            "agentId": thread.agent_id,
            "content": [{"type": "text", "text": run.report}],
            "totalDurationMs": self.now - started,
            "totalTokens": 18_000,
            "totalToolUseCount": sum(len(reply.calls) for reply in run.replies),
            "usage": {"input_tokens": 50, "output_tokens": 900, "cache_read_input_tokens": 17_000},
        }

    def _agent_place(self, run: AgentRun) -> tuple[Thread, str | None]:
        """The sub-agent's thread, and the path of its file if it has one."""
        version, session = self.plan.version, self.plan.session_id
        automatic = run.kind != "task"
        name = "" if run.kind in ("task", "warmup") else f"a{run.kind}"
        if version <= (2, 0, 30):
            self.seen["inline_subagent"] += 1
            # Without an id in the log; the name only tells this session's inline agents apart
            return Thread(agent_id=f"inline-{self.seen['inline_subagent']}", sidechain=True, inline=True), None
        if name:
            agent_id = f"{name}-{self.rng.getrandbits(24):06x}"
        elif version <= (2, 1, 1):
            agent_id = f"{self.rng.getrandbits(32):08x}"
        else:
            agent_id = f"a{self.rng.getrandbits(64):016x}"
        thread = Thread(agent_id=agent_id, automatic=automatic, sidechain=True, parent=self.main.parent)
        if version <= (2, 1, 1):
            self.seen["warmup_agent" if run.kind == "warmup" else "sibling_subagent"] += 1
            return thread, f"agent-{agent_id}.jsonl"
        folder = f"{session}/subagents"
        if run.kind == "task" and "workflow_subagent" in self.plan.traits and not self.seen["workflow_subagent"]:
            folder += f"/workflows/wf_{self.rng.getrandbits(32):08x}"
            journal = [{"type": kind, "key": "step-1", "agentId": agent_id} for kind in ("started", "result")]
            self.agent_files.append(
                AgentFile(f"{folder}/journal.jsonl", Thread(entries=[(body, self.now) for body in journal]), "journal")
            )
            self.seen["workflow_subagent"] += 1
        self.seen["nested_subagent" if run.kind == "task" else f"{run.kind}_agent"] += 1
        return thread, f"{folder}/agent-{agent_id}.jsonl"

    def _describe_agent(self, path: str, call_id: str | None) -> None:
        if "/" in path and call_id:
            text = f'{{"agentType":"Explore","description":"Survey the project","toolUseId":"{call_id}"}}'
            self.companions[path.removesuffix(".jsonl") + ".meta.json"] = text.encode()
            self.seen["meta_file"] += 1

    def add_agent_copy(self, path: str, entries: list[tuple[Body, int]]) -> None:
        """A sub-agent's file that holds nothing of its own."""
        self.agent_files.append(AgentFile(path, Thread(entries=entries), "copy"))

    # Interruption and compaction

    def interrupt(self, event: Interruption) -> None:
        text = lines.INTERRUPTED_TOOL if event.during_tool else lines.INTERRUPTED
        self.wait(0.1, 2)
        self.user([{"type": "text", "text": text}])
        self.tally.interruptions += 1
        self.seen["interrupted"] += 1
        self.seen["rejected_tool"] += event.during_tool

    def compact(self, event: Compaction) -> None:
        """Boundary and flagged summary; in 1.0 and the first 2.0 versions only a line that opens like a summary."""
        self.wait(20, 60)
        if self.plan.version < (2, 0, 2):
            self.user(event.summary)
            self.seen["compaction_text_only"] += 1
        else:
            before, self.main.parent = self.main.parent, None
            metadata = {"trigger": "auto" if self.rng.random() < 0.8 else "manual", "preTokens": 155_000}
            self.system(
                "compact_boundary", content="Conversation compacted", isMeta=False, level="info",
                logicalParentUuid=before, compactMetadata=metadata,
            )  # fmt: skip
            self.tally.boundaries += 1
            flags: Body = {"isCompactSummary": True}
            if self.plan.version >= (2, 0, 60):
                flags["isVisibleInTranscriptOnly"] = True
            self.user(event.summary, None, **flags)
            self.seen["compaction"] += 1
        self.tally.summaries += 1
        self.context = 9_000
        self.unread = len(event.summary) // 4

    # Turn ends

    def end_turn(self, started: int) -> None:
        """What the program notes after the agent has finished."""
        version, rng = self.plan.version, self.rng
        if version >= (2, 1, 72) and rng.random() < 0.25:
            self.system(
                "stop_hook_summary", hookCount=1, hookInfos=[{"command": "notify"}], hookErrors=[],
                preventedContinuation=False, stopReason="", hasOutput=False, level="suggestion",
            )  # fmt: skip
        if version >= (2, 1, 3) and rng.random() < 0.6:
            self.system("turn_duration", durationMs=self.now - started, isMeta=False)
        session = self.plan.session_id
        if version >= (2, 1, 81) and self.plan.kind in ("normal", "ide"):
            self.loose({"type": "ai-title", "aiTitle": self.script.title, "sessionId": session})
        if version >= (2, 1, 72) and rng.random() < 0.7:
            leaf = self.main.parent
            self.loose({"type": "last-prompt", "lastPrompt": "…", "leafUuid": leaf, "sessionId": session})


class _Response:
    """One API response on its way into the log: shares an id and the usage over its lines."""

    def __init__(self, writer: SessionWriter, reply: Reply, thread: Thread, model: str, calls: bool) -> None:
        rng = writer.rng
        self.writer, self.thread, self.model, self.reply = writer, thread, model, reply
        self.message_id = writer.token("msg_01")
        self.request_id = writer.token("req_011C", 20)
        self.tokens = {
            "input": rng.randint(3, 12),
            "write": writer.unread + rng.randint(20, 400),
            "read": writer.context,
        }
        letters = len(reply.text) + len(reply.thinking or "") + sum(len(str(call.arguments)) for call in reply.calls)
        self.output = letters // 4 + rng.randint(6, 30)
        self.grows = rng.random() < 0.4
        self.stop_reason = "tool_use" if calls else "end_turn"
        self.timeless = self._timeless(calls)

    def _timeless(self, calls: bool) -> str | None:
        """`now`, or what stands instead of the time on the one reply that lacks a readable one."""
        writer = self.writer
        if calls or self.thread is not writer.main:
            return "now"
        if writer.untimed_reply_due:
            writer.untimed_reply_due = False
            writer.seen["untimed_line"] += 1
            return None
        if writer.broken_time_due:
            writer.broken_time_due = False
            writer.seen["broken_timestamp"] += 1
            return "****-**-**" + stamp(writer.now)[10:]
        return "now"

    def add(self, block: Body, last: bool, of: int) -> None:
        """A line with one content block. Only the last one is sure to hold the whole number of output tokens."""
        writer, rng = self.writer, self.writer.rng
        output = self.output if last or not self.grows else rng.randint(1, 5)
        stops = self.stop_reason if last and writer.plan.version >= (2, 1, 50) else None
        used = lines.usage(writer.plan, self.model, self.tokens, output, writer.one_hour, rng)
        fields: Body = {"message": lines.assistant_message(self.message_id, self.model, block, stops, used)}
        if self.model != writer.plan.user.gateway_model:
            fields["requestId"] = self.request_id
        if "unknown_keys" in writer.plan.traits:
            fields["lunarPhase"] = {"phase": "waxing", "share": 0.3}
            writer.seen["unknown_keys"] += 1
        writer.wait(0.01, 1.2)
        writer.line("assistant", fields, self.thread, time=self.timeless)
        if last and of > 1:
            writer.seen["response_over_lines"] += 1
            writer.seen["growing_output_tokens"] += self.grows

    def count(self) -> None:
        """Add the response to the truth. Automatic agents are billed, so their tokens count, and nothing else."""
        writer, tally = self.writer, self.writer.tally
        gateway = self.model == writer.plan.user.gateway_model
        tally.input_tokens += self.tokens["input"]
        tally.output_tokens += self.output
        tally.outputs[self.model] += self.output
        if writer.one_hour and not gateway and writer.plan.version >= (1, 0, 89):
            tally.cache_write_1h_tokens += self.tokens["write"]
        else:
            tally.cache_write_5m_tokens += self.tokens["write"]
        tally.cache_read_tokens += 0 if gateway else self.tokens["read"]
        if self.thread is writer.main or self.thread.inline:
            writer.context += self.tokens["write"] + self.output
            writer.unread = 0
        if self.thread.automatic:
            return
        tally.model_calls += 1
        words = len(self.reply.text.split())
        tally.assistant_words += words
        tally.subagent_words += words if self.thread.sidechain else 0
        if gateway:
            writer.seen["gateway_model"] += 1

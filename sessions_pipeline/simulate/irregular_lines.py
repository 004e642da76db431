"""The irregular lines of real logs: prompts that arrive in unusual ways, and lines that only look like prompts.

Each function writes one irregularity into a session and counts it truthfully. Traits name them (`scenario.TRAITS`).
"""

from __future__ import annotations

from collections.abc import Callable

from sessions_pipeline.simulate import claude_code_lines as lines
from sessions_pipeline.simulate.claude_code_lines import Body, fast_uuid, stamp
from sessions_pipeline.simulate.claude_code_writer import SessionWriter
from sessions_pipeline.simulate.scenario import SMALL_MODEL
from sessions_pipeline.simulate.script import AgentRun, Call, Prompt, Reply, Result

# Ways in which a prompt arrives


def queued_then_user_line(log: SessionWriter, prompt: Prompt) -> None:
    """Typed while the agent works, sent afterwards: in the queue and as a user line. One prompt."""
    log.queue("enqueue", prompt.text)
    log.wait(2, 20)
    log.queue("dequeue")
    log.prompt(prompt)


def queued_attachment(log: SessionWriter, prompt: Prompt) -> None:
    """Typed while the agent works and handed to it: in the queue and as an attachment, never as a user line."""
    log.queue("enqueue", prompt.text)
    log.wait(1, 9)
    log.queue("remove")
    text: str | list[Body] = prompt.text
    if log.rng.random() < 0.3:
        text = [{"type": "text", "text": prompt.text}]
    log.attachment("queued_command", prompt=text, commandMode="prompt")
    log.tally.human_prompts += 1


def ide_before_words(log: SessionWriter, prompt: Prompt) -> None:
    """What the editor shows stands before the person's own words."""
    opened = f"<ide_opened_file>The user opened the file {log.plan.path('README.md')} in the IDE.</ide_opened_file>"
    chosen = f"<ide_selection>The user selected the lines 3 to 9 from {log.plan.path('README.md')}</ide_selection>"
    context = log.rng.choice(([opened], [chosen], [opened, chosen]))
    log.user([{"type": "text", "text": text} for text in (*context, prompt.text)], None, **log.prompt_fields())
    log.tally.human_prompts += 1


def image_prompt(log: SessionWriter, prompt: Prompt) -> None:
    content: list[Body] = [{"type": "text", "text": f"[Image #1] {prompt.text}"}, lines.IMAGE]
    log.user(content, None, **log.prompt_fields())
    log.tally.human_prompts += 1


def image_only_prompt(log: SessionWriter, prompt: Prompt) -> None:
    """A picture without a word, then the words: two prompts."""
    log.user([lines.IMAGE], None, **log.prompt_fields())
    log.tally.human_prompts += 1
    log.wait(15, 50)
    log.prompt(prompt)


def document_prompt(log: SessionWriter, prompt: Prompt) -> None:
    log.user([lines.DOCUMENT, {"type": "text", "text": prompt.text}], None, **log.prompt_fields())
    log.tally.human_prompts += 1


def pasted_text(log: SessionWriter, prompt: Prompt) -> None:
    log.prompt(Prompt(f"{prompt.text}\n\n[Pasted text #1 +{log.rng.randint(12, 300)} lines]"))


Delivery = Callable[[SessionWriter, Prompt], None]
# trait -> how it delivers a prompt, and whether it can be the session's first one
DELIVERIES: dict[str, tuple[Delivery, bool]] = {
    "queued_then_user_line": (queued_then_user_line, False),
    "queued_attachment": (queued_attachment, False),
    "ide_before_words": (ide_before_words, True),
    "image_prompt": (image_prompt, True),
    "image_only_prompt": (image_only_prompt, False),
    "document_prompt": (document_prompt, True),
    "pasted_text": (pasted_text, True),
}

# Lines between prompts that are none


def slash_bare(log: SessionWriter) -> None:
    """A command without an instruction, its caveat and its output: user lines, no prompt."""
    name = log.rng.choice(("/context", "/clear", "/cost", "/status", "/review-all", "/doctor"))
    _command(log, name, "", "\x1b[1mdone\x1b[22m")


def slash_builtin_with_args(log: SessionWriter) -> None:
    """An argument that steers the program and instructs nobody."""
    name, arguments, output = log.rng.choice(
        (
            ("/model", "opus", "Set model to \x1b[1mopus\x1b[22m"),
            ("/add-dir", "../shared", "Added ../shared as a working directory"),
            ("/rename", "second try", "Session renamed"),
            ("/effort", "high", "Effort set to high"),
            ("/export", "talk.txt", "Conversation exported"),
        )
    )
    _command(log, name, arguments, output)


def _command(log: SessionWriter, name: str, arguments: str, output: str) -> None:
    log.wait(5, 60)
    tagged = log.plan.version >= (2, 1, 20)
    caveat = f"<local-command-caveat>{lines.CAVEAT}</local-command-caveat>" if tagged else lines.CAVEAT
    flag: Body = {"isMeta": True} if log.plan.version >= (1, 0, 100) else {}
    log.user(caveat, None, **flag)
    log.wait(0, 0.01)
    log.user(lines.command_text(name, arguments))
    log.wait(0, 0.3)
    log.user(f"<local-command-stdout>{output}</local-command-stdout>")


def local_command_system(log: SessionWriter) -> None:
    """Newer versions log steering commands as system lines."""
    log.wait(5, 60)
    log.system("local_command", content=lines.command_text("/mcp", "list"), level="info", isMeta=False)
    log.system("local_command", content="<local-command-stdout>2 servers</local-command-stdout>", level="info")


def bash_mode(log: SessionWriter) -> None:
    """A shell command that the person ran themselves."""
    log.wait(5, 60)
    log.user("<bash-input>git status</bash-input>")
    log.wait(0.1, 1)
    log.user("<bash-stdout>nothing to commit, working tree clean</bash-stdout><bash-stderr></bash-stderr>")


def ide_only_line(log: SessionWriter) -> None:
    """The editor's context with no words after it."""
    log.wait(5, 60)
    text = f"<ide_opened_file>The user opened the file {log.plan.path('notes.md')} in the IDE.</ide_opened_file>"
    log.user([{"type": "text", "text": text}])


# Stands for half a surrogate pair, which no encoder writes; `files.py` puts the escape in its place
HALF = "\uf8ff"
NOTIFICATION = "<task-notification>\n<task-id>b7f2</task-id>\n<status>completed</status>\n</task-notification>"


def task_notification(log: SessionWriter) -> None:
    """A background task reports; the agent answers."""
    log.wait(10, 200)
    fields: Body = {"origin": {"kind": "task-notification"}} if log.plan.version >= (2, 1, 92) else {}
    log.user(NOTIFICATION, None, **fields)
    log.reply(Reply("The background task has finished without errors."))


def queued_notification(log: SessionWriter) -> None:
    """Notifications in the queue: one says so in its mode, one only in its text."""
    log.wait(1, 9)
    log.queue("enqueue", NOTIFICATION)
    log.attachment("queued_command", prompt=NOTIFICATION, commandMode="task-notification")
    log.attachment("queued_command", prompt=NOTIFICATION, commandMode="prompt")


def queued_removed(log: SessionWriter) -> None:
    """Typed into the queue, then taken back: never a prompt."""
    log.wait(1, 9)
    log.queue("enqueue", "and please also rename the files")
    log.wait(1, 9)
    log.queue(log.rng.choice(("remove", "popAll")))


def synthetic_error(log: SessionWriter) -> None:
    """The API fails, the program says so in the model's place."""
    log.wait(5, 40)
    if log.plan.version >= (2, 0, 5):
        cause = {"status": 529, "headers": {}}
        log.system("api_error", level="error", error=cause, retryInMs=612.4, retryAttempt=1, maxRetries=10)
    text = log.rng.choice(
        (
            'API Error: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
            "API Error: Request timed out.",
            "You've hit your limit · resets 5pm (Europe/Lisbon)",
        )
    )
    fields: Body = {"message": lines.synthetic_message(fast_uuid(log.rng), text)}
    if log.rng.random() < 0.8:
        fields["isApiErrorMessage"] = True
    log.line("assistant", fields)


def no_response_requested(log: SessionWriter) -> None:
    log.wait(1, 4)
    message = lines.synthetic_message(fast_uuid(log.rng), "No response requested.")
    log.line("assistant", {"message": message, "isApiErrorMessage": False})


def unknown_line_type(log: SessionWriter) -> None:
    """Types of a version to come: outside the conversation, and in it. Neither is a sign of life."""
    log.loose({"type": "frame-note", "sessionId": log.plan.session_id, "frame": {"x": 3}})
    log.line("weather-report", {"report": {"sky": "grey", "message": {"role": "user", "content": "rain?"}}})


def unknown_block(log: SessionWriter) -> None:
    """Content of a kind to come, beside ordinary text in one response."""
    log.reply(Reply("One moment."))
    body = log.main.entries[-1][0]
    body["message"]["content"].append({"type": "hologram", "planes": [1, 2]})


def unknown_tool(log: SessionWriter) -> None:
    call = Call("HolographView", {"axis": "z"}, Result("ok", detail={"planes": 3}))
    log.reply(Reply("", None, (call,)))


def missing_result(log: SessionWriter) -> None:
    """A call whose result never came."""
    call = Call("Bash", {"command": "sleep 600", "description": "Wait"}, Result("", missing=True))
    log.reply(Reply("I'll wait for the job.", None, (call,)))


def orphan_result(log: SessionWriter) -> None:
    """A result whose call was cut off."""
    log.wait(1, 5)
    block = lines.tool_result(log.token("toolu_01"), "leftover", error=False, explicit=True, as_list=False)
    detail = {"stdout": "leftover", "stderr": "", "interrupted": False, "isImage": False}
    log.user([block], None, toolUseResult=detail)


def lone_surrogate(log: SessionWriter) -> None:
    """Half a character, as a cut-off string leaves it: valid JSON, no valid Unicode."""
    call = Call("Bash", {"command": "cut -c1-80 names.txt"}, Result(f"Jos{HALF}"))
    log.reply(Reply("", None, (call,)))


def git_operation(log: SessionWriter) -> None:
    """A quiet commit that only the structured result tells."""
    commit = {"commit": {"sha": "5c1f09e", "kind": "committed"}}
    detail = {"stdout": "", "stderr": "", "interrupted": False, "gitOperation": commit}
    call = Call("Bash", {"command": 'git commit -qam "Keep notes"'}, Result("", detail=detail, commits=1))
    log.reply(Reply("", None, (call,)))


def model_switch(log: SessionWriter) -> None:
    """A short answer by another model."""
    log.reply(Reply("Continuing with the smaller model for this one."), model=SMALL_MODEL)


def warmup_agent(log: SessionWriter) -> None:
    """Started by the program before the first prompt: billed, no work."""
    call = Call("Glob", {"pattern": "**/CLAUDE.md"}, Result("No files found", detail={"filenames": [], "numFiles": 0}))
    replies = (Reply("I'm ready to help you explore the code.", None, (call,)), Reply("Ready."))
    for _ in range(log.rng.randint(1, 2)):
        log.run_agent(AgentRun("Warmup", replies, "", kind="warmup"))


def prompt_suggestion_agent(log: SessionWriter) -> None:
    prompt = "[SUGGESTION MODE: Suggest what the user might naturally type next into Claude Code.]\n\nBe brief."
    log.run_agent(AgentRun(prompt, (Reply("commit this"),), "", kind="prompt_suggestion"))


def side_question_agent(log: SessionWriter) -> None:
    """A question beside the conversation: billed, and no part of the work."""
    prompt = "<system-reminder>This is a side question.</system-reminder>\nwhat does the third column mean?"
    answer = Reply("It holds the unit in which the value is given.")
    log.run_agent(AgentRun(prompt, (answer,), "", kind="side_question"))


def compaction_copy_agent(log: SessionWriter) -> None:
    """The history as the summarising agent saw it: every line again, marked as a side chain."""
    agent_id = f"acompact-{log.rng.getrandbits(24):06x}"
    copies = [
        ({**body, "isSidechain": True, "agentId": agent_id}, moment)
        for body, moment in log.main.entries
        if "uuid" in body and body["type"] in ("user", "assistant", "system", "attachment")
    ]
    log.add_agent_copy(f"{log.plan.session_id}/subagents/agent-{agent_id}.jsonl", copies)


Aside = Callable[[SessionWriter], None]
ASIDES: dict[str, Aside] = {
    function.__name__: function
    for function in (
        slash_bare, slash_builtin_with_args, local_command_system, bash_mode, ide_only_line, task_notification,
        queued_notification, queued_removed, synthetic_error, no_response_requested, unknown_line_type, unknown_block,
        unknown_tool, missing_result, orphan_result, lone_surrogate, git_operation, model_switch,
        prompt_suggestion_agent, side_question_agent,
    )
}  # fmt: skip


def spread_message(log: SessionWriter) -> None:
    """A response whose message is a string, spread into numbered keys: no id, no usage, no model."""
    text = "event: error\ndata: {}"
    log.wait(0.5, 2)
    log.line("assistant", {"message": {str(i): letter for i, letter in enumerate(text)}})
    log.seen["spread_message"] += 1


def opening_lines(log: SessionWriter) -> None:
    """State and hooks before the first prompt, as the version and the way of starting have it."""
    plan, version, rng = log.plan, log.plan.version, log.rng
    session = plan.session_id
    if plan.kind in ("headless", "sdk", "ide") and version >= (2, 0, 74):
        log.queue("enqueue", "…")
        log.queue("dequeue")
    if plan.kind == "normal" and version >= (2, 1, 90):
        log.loose({"type": "permission-mode", "permissionMode": "default", "sessionId": session})
    if version >= (2, 1, 165):
        log.loose({"type": "mode", "mode": "normal", "sessionId": session})
    if version <= (2, 1, 19) and rng.random() < 0.2:
        log.loose({"type": "summary", "summary": "An older piece of work", "leafUuid": fast_uuid(rng)})
    if (2, 1, 9) <= version <= (2, 1, 81) and rng.random() < 0.35:
        data = {"type": "hook_progress", "hookEvent": "SessionStart", "hookName": "SessionStart:startup"}
        log.line("progress", {"data": data, "toolUseID": fast_uuid(rng)})
        log.seen["progress"] += 1
        log.wait(1, 400)
    if version >= (2, 1, 90):
        log.attachment("skill_listing", content="- review: look over a change", skillCount=1, isInitial=True)
        if rng.random() < 0.3:
            log.attachment("hook_success", hookName="SessionStart:startup", content="", stdout="ready", exitCode=0)


def agent_progress(log: SessionWriter) -> None:
    """A sub-agent's message embedded in a progress line, usage and all: a copy that must not count."""
    tokens = {"input_tokens": 900, "output_tokens": 900}
    inner = {"id": "msg_embedded", "model": SMALL_MODEL, "usage": tokens, "content": []}
    message = {"type": "assistant", "message": inner}
    data = {"type": "agent_progress", "message": message, "prompt": "", "agentId": "a1b2c3d"}
    log.line("progress", {"data": data, "toolUseID": log.token("toolu_01")})
    log.seen["agent_progress"] += 1


def state_line(log: SessionWriter) -> None:
    """A user's title and the like: no uuid, no time."""
    log.loose({"type": "custom-title", "customTitle": "second try", "sessionId": log.plan.session_id})
    log.loose({"type": "file-history-delta", "messageId": fast_uuid(log.rng), "timestamp": stamp(log.now)})

"""The JSON objects of a Claude Code log, in the form that each version of the program writes.

Pure shapes: no dialogue, no files. Which line comes when is in `claude_code_writer.py`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sessions_pipeline.simulate.scenario import Plan

Body = dict[str, Any]
Version = tuple[int, int, int]


@dataclass
class Thread:
    """A chain of lines: the main conversation or a sub-agent's.

    agent_id: None for the main thread. automatic: started by the program and no work (its lines count nowhere).
    entries: lines with their moment. inline: a sub-agent inside the main file.
    """

    agent_id: str | None = None
    automatic: bool = False
    sidechain: bool = False
    inline: bool = False
    parent: str | None = None
    entries: list[tuple[Body, int]] = field(default_factory=list)


def stamp(moment: int) -> str:
    """Milliseconds since 1970 as the log writes a time."""
    seconds, rest = divmod(moment, 1000)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()[:19]}.{rest:03}Z"


def fast_uuid(rng: Random) -> str:
    """A random UUID of version 4, without the detour over an object."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def envelope(plan: Plan, kind: str, thread: Thread, fields: Body, uuid: str, time: str | None, branch: str) -> Body:
    """A line of the conversation: who, where, when, around `fields`. time: None leaves the line without one."""
    version = plan.version
    where: Body = {"userType": "external"}
    late: Body = {}
    if plan.entrypoint:
        where["entrypoint"] = plan.entrypoint
    where |= {"cwd": plan.cwd, "sessionId": plan.session_id, "version": plan.version_text}
    if version >= (1, 0, 67):
        where["gitBranch"] = branch
    if thread.agent_id and not thread.inline:
        late["agentId"] = thread.agent_id
    if (2, 0, 64) <= version <= (2, 1, 114):
        late["slug"] = f"quiet-{plan.folder}"
    head: Body = {"parentUuid": thread.parent, "isSidechain": thread.sidechain}
    identity: Body = {"uuid": uuid} | ({"timestamp": time} if time else {})
    if version >= (2, 1, 79):
        return head | late | {"type": kind} | fields | identity | where
    return head | where | late | {"type": kind} | fields | identity


def usage(plan: Plan, model: str, tokens: dict[str, int], output: int, one_hour: bool, rng: Random) -> Body:
    """The usage block of one API response. tokens: `input`, `write`, `read`; gateways tell only a part."""
    if plan.user.gateway_model == model:
        told = {"input_tokens": tokens["input"], "cache_creation_input_tokens": tokens["write"]}
        return told | {"output_tokens": output}
    result: Body = {
        "input_tokens": tokens["input"],
        "cache_creation_input_tokens": tokens["write"],
        "cache_read_input_tokens": tokens["read"],
    }
    if plan.version >= (1, 0, 89):
        result["cache_creation"] = {
            "ephemeral_5m_input_tokens": 0 if one_hour else tokens["write"],
            "ephemeral_1h_input_tokens": tokens["write"] if one_hour else 0,
        }
    result |= {"output_tokens": output, "service_tier": "standard"}
    if plan.version >= (2, 1, 34):
        result["inference_geo"] = "not_available"
    if plan.version >= (2, 1, 50):
        repeated = {"input_tokens": tokens["input"], "output_tokens": output, "type": "message"}
        result |= {"iterations": [repeated] if rng.random() < 0.4 else [], "speed": "standard"}
    return result


def assistant_message(message_id: str, model: str, block: Body, stop_reason: str | None, used: Body) -> Body:
    """The `message` of an assistant line; it holds one content block."""
    return {
        "model": model,
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "content": [block],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": used,
    }


def synthetic_message(identity: str, text: str) -> Body:
    """What the program itself says in the model's place."""
    nothing = {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    return assistant_message(identity, "<synthetic>", {"type": "text", "text": text}, "stop_sequence", nothing)


def user_message(content: str | list[Body]) -> Body:
    """The `message` of a user line."""
    return {"role": "user", "content": content}


def tool_result(call_id: str, text: str, error: bool, explicit: bool, as_list: bool) -> Body:
    """A tool's result. explicit: whether a success says `is_error: false` or nothing."""
    content: str | list[Body] = [{"type": "text", "text": text}] if as_list else text
    block: Body = {"tool_use_id": call_id, "type": "tool_result", "content": content}
    if error:
        return {"type": "tool_result", "content": content, "is_error": True, "tool_use_id": call_id}
    return block | {"is_error": False} if explicit else block


def command_text(name: str, arguments: str) -> str:
    """A slash command as a user line holds it."""
    indent = " " * 12
    return (
        f"<command-name>{name}</command-name>\n{indent}<command-message>{name[1:]}</command-message>\n"
        f"{indent}<command-args>{arguments}</command-args>"
    )


CAVEAT = (
    "Caveat: The messages below were generated by the user while running local commands. DO NOT respond to these "
    "messages or otherwise consider them in your response unless the user explicitly asks you to."
)
SUMMARY_OPENING = "This session is being continued from a previous conversation that ran out of context."
INTERRUPTED = "[Request interrupted by user]"
INTERRUPTED_TOOL = "[Request interrupted by user for tool use]"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
DOCUMENT = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}}

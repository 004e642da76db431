"""What a tool call is, by the tool's name and the one-line summary of its argument. Knows the tool names of several
harnesses. What an action is evidence for is said by the facets.
"""

from __future__ import annotations

import re
from functools import lru_cache

from sessions_pipeline.classifications.rules.commands import command_kind
from sessions_pipeline.classifications.rules.files import file_kind


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Groups of kinds that several facets use.
EDITS = _names("edit_code edit_test edit_prose edit_plan edit_prompt edit_infra edit_data edit_office")
CODE_EDITS = _names("edit_code edit_test edit_infra edit_prompt")
CHANGES = _names("git_commit pull_request deploy install system_change edit_shell")
CHECKS = _names("run_tests run_check run_program run_data run_office service_check deploy")
LOOKS = _names("look_code look_file look_web look_shell look_system git_look review")
CODE_WORK = _names("edit_code edit_test look_code git_look git_commit git_move pull_request review run_tests run_check")

_EDIT_TOOLS = _names(
    """edit multiedit write notebookedit apply_patch write_file replace create_file str_replace_editor edit_file
    str_replace_based_edit_tool insert_edit_into_file"""
)
_WRITE_TOOLS = _names("write write_file create_file")
_READ_TOOLS = _names("read read_file view read_many_files")
_SHELL_TOOLS = _names("bash powershell shell run_shell_command exec_command local_shell terminal")
_SEARCH_TOOLS = _names("grep glob ls list_directory search_file_content codebase_search")
# Tools that are of one kind whatever their argument.
_TOOLS = {
    "look_web": "webfetch websearch web_search web_fetch google_web_search fetch",
    "plan": "exitplanmode exit_plan_mode enterplanmode update_plan",
    "list": "todowrite todoread taskcreate taskupdate taskget tasklist write_todos",
    "agent": "task agent",
    "ask": "askuserquestion ask_user request_user_input",
}
_KIND_OF_TOOL = {tool: kind for kind, listed in _TOOLS.items() for tool in _names(listed)}
_KIND_OF_TOOL |= dict.fromkeys(_SEARCH_TOOLS, "look_code")

# Connected services (tools named mcp__SERVICE__ACTION) by the words of their names; the first match decides.
_SERVICES = (
    (re.compile(r"playwright|puppeteer|chrome|browser|context7|fetch|search|firecrawl"), "look_web"),
    (
        re.compile(
            r"(?:mail|slack|teams|discord|notion|docs|drive|slides|calendar|confluence|canva)\w*__.*(?:read|get|list|search|find|query)"
        ),
        "look_file",
    ),
    (re.compile(r"mail|slack|teams|discord|notion|docs|slides|calendar|confluence|canva"), "edit_office"),
    (re.compile(r"sql|postgres|bigquery|snowflake|duckdb|sheets|excel|analytics|metabase"), "run_data"),
    (re.compile(r"github|gitlab|jira|linear"), "review"),
    (re.compile(r"aws|azure|gcp|vercel|netlify|cloudflare|kube|docker|supabase|railway"), "deploy"),
    (re.compile(r"(?:write|edit|create|replace|insert|move)_?\w*$"), "edit_code"),
    (re.compile(r"(?:read|list|get|find|tree)_?\w*$"), "look_code"),
)


def call_kind(tool: str, summary: str) -> str:
    """Kind of a call of `tool` with the argument `summary`: an `edit_`, `look_`, `run_` … kind, or `other`."""
    tool = tool.lower()
    if tool in _SHELL_TOOLS:
        return command_kind(summary)
    if tool in _EDIT_TOOLS:
        return file_kind(summary)
    if tool in _READ_TOOLS:
        return "look_code" if file_kind(summary) in CODE_EDITS else "look_file"
    if tool.startswith("mcp__"):
        kind = _service_kind(tool)
        return file_kind(summary) if kind == "edit_code" and summary else kind
    return _KIND_OF_TOOL.get(tool, "other")


@lru_cache(maxsize=4_096)
def _service_kind(tool: str) -> str:
    return next((kind for pattern, kind in _SERVICES if pattern.search(tool)), "other")


def searches(tool: str) -> bool:
    """Whether `tool` looks for files or text in them, whatever the files are."""
    return tool.lower() in _SEARCH_TOOLS


def writes_whole_file(tool: str) -> bool:
    """Whether `tool` writes a file from nothing rather than changing a part of one."""
    return tool.lower() in _WRITE_TOOLS

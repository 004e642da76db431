"""Codebase context: whether the session changes a code base, looks at one, starts one, or has none."""

from __future__ import annotations

import re
import string

import re2

from sessions_pipeline.classifications.rules.actions import writes_whole_file
from sessions_pipeline.classifications.rules.evidence import Finding, Scale, saturating
from sessions_pipeline.classifications.rules.features import Features

# Places of a computer's own settings, where no project lies.
_SYSTEM_PATH = re.compile(
    r"^(?:~|/home/[^/]+|/Users/[^/]+|[A-Z]:[\\/]Users[\\/][^\\/]+)?[\\/]"
    r"(?:\.(?!claude/|github/)[\w.-]+|etc|usr|var|boot|opt|proc|sys|AppData|Library|tmp)[\\/]|^/tmp/"
)
# How such a path begins; a prefix is told faster than the pattern, and most arguments are no absolute path.
_ROOTS = ("~", "/", "\\", *(f"{drive}:" for drive in string.ascii_uppercase))
_START = re2.compile(
    r"\b(?:git init|npm init|npm create|npx create-|yarn create|pnpm create|cargo (?:new|init)|uv init|poetry new"
    r"|django-admin startproject|rails new|flutter create|dotnet new|vite@|create-next-app|go mod init)\b"
)
_PROJECT_KINDS = ("look_code", "git_look", "git_move", "git_commit", "pull_request", "review", "run_tests", "run_check")
_CODE_EDITS = ("edit_code", "edit_test")
_FILE_EDITS = ("edit_prose", "edit_plan", "edit_prompt", "edit_infra", "edit_data")


def codebase_context(seen: Features) -> Finding:
    """The session's relation to a code base."""
    presence = _presence(seen)
    if presence.total < 1.0:
        return Finding("no_codebase", None, ("no_sign_of_a_code_base", *presence.names))
    if not seen.wrote and not seen.telemetric("git_commits"):
        return Finding("explores_existing", None, ("nothing_was_changed", *presence.names))
    fresh = _fresh(seen)
    if fresh.total > 1.0:
        return Finding("creates_new", None, fresh.names)
    return Finding("modifies_existing", None, ("files_were_changed", *presence.names))


def _presence(seen: Features) -> Scale:
    """Signs that a code base plays a part."""
    scale = Scale()
    project = system = 0
    for call, kind in zip(seen.calls, seen.kinds, strict=True):
        if call.summary.startswith(_ROOTS) and _SYSTEM_PATH.match(call.summary):
            system += 1
        elif kind in _PROJECT_KINDS:
            project += 1
    edits = sum(seen.counts[kind] for kind in _CODE_EDITS)
    other = sum(seen.counts[kind] for kind in _FILE_EDITS)
    scale.add("project_files_and_tools_used", 2.0 * saturating(project, 1.0))
    scale.add("code_was_edited", 1.5 * saturating(edits, 0.5))
    scale.add("project_documents_edited", 1.2 * saturating(other, 1.0))
    scale.add("commits_made", 1.5 * bool(seen.telemetric("git_commits")))
    named = sum(turn.ideas["deliver"] > 0 for turn in seen.asked)
    scale.add("speaks_of_commits_or_branches", 0.5 * saturating(named, 1.0))
    machine = seen.counts["look_system"] + seen.counts["system_change"] + seen.counts["install"] + system
    scale.add("works_on_the_machine", -1.2 * saturating(max(machine - project - edits, 0), 2.0))
    scale.add("office_files", -1.0 * saturating(seen.counts["edit_office"] + seen.counts["run_office"], 1.0))
    return scale


def _fresh(seen: Features) -> Scale:
    """Signs that the project starts here."""
    scale = Scale()
    if _START.search("\n".join(call.summary for call in seen.calls)):
        scale.add("project_was_initialised", 1.2)
    written = [call.summary for call in seen.calls if writes_whole_file(call.name) and call.ok is not False]
    changed = sum(kind.startswith("edit_") for kind in seen.kinds) - len(written)
    known = set(written)
    looked = sum(
        kind in ("look_code", "git_look") and call.summary not in known
        for call, kind in zip(seen.calls, seen.kinds, strict=True)
    )
    added, removed = seen.telemetric("lines_added"), seen.telemetric("lines_removed")
    if len(written) >= 2 and removed <= added / 20:
        scale.add("files_written_from_nothing", 1.6 * saturating(len(written), 2.0))
        scale.add("existing_files_changed", -0.8 * saturating(changed, len(written)))
        scale.add("existing_files_read", -1.2 * saturating(looked, len(written)))
    scale.add("commits_on_a_history", -0.3 * bool(seen.counts["git_look"]))
    return scale

"""Lines and files changed: by the patch of the result, else by the input of the call, and only if it succeeded."""

from __future__ import annotations

from typing import Any

from sessions_pipeline_tests.lines import call, human, reply, result

PATCH = [{"oldStart": 1, "lines": [" same", "-old", "+new", "+newer"]}, {"lines": ["+end"]}]


def test_lines_of_an_edit_come_from_its_patch(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Edit", "t1", file_path="/srv/a.py", old_string="old", new_string="new\nnewer")),
        result("t1", 2, "updated", {"filePath": "/srv/a.py", "structuredPatch": PATCH}),
        reply(3, call("Write", "t2", file_path="/srv/b.py", content="a\nb\nc\n")),
        result(
            "t2",
            4,
            "created",
            {"type": "create", "filePath": "/srv/b.py", "content": "a\nb\nc\n", "structuredPatch": []},
        ),
        reply(5, call("Edit", "t3", file_path="/srv/c.py", old_string="x", new_string="y")),
        result("t3", 6, "not found", "Error: not found", is_error=True),
    ).only()
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (3 + 3, 1, 2)
    assert (session["tool_calls"], session["tool_calls_succeeded"]) == (3, 2)


def test_without_a_tool_use_result_the_input_says_what_changed(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Edit", "t1", file_path="/srv/a.py", old_string="a\nb", new_string="a\nx\ny")),
        result("t1", 2, "updated"),
        reply(3, call("Write", "t2", file_path="/srv/b.py", content="one\ntwo")),
        result("t2", 4, "written"),
        reply(5, call("Edit", "t3", file_path="/srv/d.py", old_string="x", new_string="y")),
    ).only()
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (2 + 2, 1, 2)


def test_edits_by_the_shell_are_invisible(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Bash", "t1", command="sed -i s/a/b/ a.py && cat > b.py <<'EOF'\nx\nEOF")),
        result("t1", 2, "", {"stdout": "", "stderr": "", "interrupted": False}),
    ).only()
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (0, 0, 0)


def test_every_editing_tool_has_its_shape(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("MultiEdit", "t1", file_path="/srv/a.py", edits=[])),
        result("t1", 2, "ok", {"filePath": "/srv/a.py", "edits": [], "structuredPatch": PATCH}),
        reply(3, call("Write", "t2", file_path="/srv/b.py", content="x")),
        result("t2", 4, "ok", {"type": "update", "filePath": "/srv/b.py", "content": "x", "structuredPatch": PATCH}),
        reply(5, call("MultiEdit", "t3", file_path="/srv/c.py", edits=[{"old_string": "a", "new_string": "b\nc"}])),
        result("t3", 6, "ok"),
        reply(7, call("NotebookEdit", "t4", notebook_path="/srv/d.ipynb", new_source="one\ntwo")),
        result("t4", 8, "ok"),
    ).only()
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (3 + 3 + 2 + 2, 1 + 1 + 1, 4)


def test_a_tool_that_the_person_rejects_did_not_succeed(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Write", "t1", file_path="/srv/a.py", content="x")),
        result("t1", 2, "The user doesn't want to proceed with this tool use.", "Error: rejected", is_error=True),
    ).only()
    assert (session["tool_calls"], session["tool_calls_succeeded"], session["files_changed"]) == (1, 0, 0)


def test_calls_without_a_result_and_results_without_a_call(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Bash", "t1", command="pytest")),
        result("t9", 2, "[main 1a2b3c4] x\n3 passed", {"filePath": "/srv/a.py", "structuredPatch": PATCH}),
        result("t8", 3, "x", [{"type": "text", "text": "from a server"}]),
    ).only()
    assert (session["tool_calls"], session["tool_calls_succeeded"], session["test_runs"]) == (1, 0, 0)
    assert (session["lines_added"], session["git_commits"]) == (0, 0)

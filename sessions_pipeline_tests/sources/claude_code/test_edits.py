"""Lines and files changed: by the patch of the result, else by the input of the call, and only if it succeeded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline_tests.lines import call, human, reply, result, text, write
from sessions_pipeline_tests.sessions.tree import read

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


def test_an_edit_of_thousands_of_lines_that_are_all_alike_counts_how_often_each_stands_there(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Edit", "t1", file_path="/srv/a", old_string="x\n\n" * 4000, new_string="\ny\n" * 4003)),
        result("t1", 2, "updated"),
    ).only()
    # 4000 lines x become 4003 lines y; between them stand three empty lines more.
    assert (session["lines_added"], session["lines_removed"]) == (4003 + 3, 4000)


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


def test_an_error_told_as_text_changed_nothing(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Edit", "t1", file_path="/srv/a.py", old_string="a", new_string="b")),
        result("t1", 2, "String to replace not found", "Error: String to replace not found"),
        reply(3, call("Write", "t2", file_path="/srv/b.py", content="a\nb")),
        result(
            "t2", 4, "<tool_use_error>File has not been read yet</tool_use_error>", "Error: not read", is_error=True
        ),
    ).only()
    assert (session["tool_calls"], session["tool_calls_succeeded"]) == (2, 0)
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (0, 0, 0)


RESULTS = [
    ("listing", "a string of an old tool"),
    ([text("from a server")], [{"type": "text", "text": "from a server"}]),
    ([{"type": "image", "source": {"type": "base64", "data": "aGk="}}], {"type": "image", "file": {}}),
    ([{"type": "tool_reference", "tool_name": "x"}], None),
    ("", {"stdout": "", "stderr": "", "interrupted": False, "isImage": False}),
    (None, 7),
]


@pytest.mark.parametrize(("output", "detail"), RESULTS, ids=range(len(RESULTS)))
@pytest.mark.parametrize("said", [{}, {"is_error": False}, {"is_error": None}], ids=["absent", "false", "null"])
def test_a_result_that_says_no_error_is_a_success_whatever_its_shape(
    one_file: Any, output: object, detail: object, said: dict[str, Any]
) -> None:
    found = one_file(
        human("go", 0), reply(1, call("mcp__shop__find", "t1", query="x")), result("t1", 2, output, detail, **said)
    )
    assert (found.only()["tool_calls_succeeded"], found.only()["files_changed"]) == (1, 0)
    assert found.rejected.is_empty()


@pytest.mark.parametrize("bare_at", [2, 9])
def test_an_edit_that_an_agents_file_tells_without_details_counts_by_the_copy_that_has_them(
    tmp_path: Path, bare_at: float
) -> None:
    asked = reply(1, call("Edit", "t1", file_path="/srv/a.py", old_string="x", new_string="y"))
    detailed = result("t1", 5, "ok", {"filePath": "/srv/a.py", "structuredPatch": PATCH})
    bare = {**result("t1", bare_at, "ok"), "isSidechain": True, "agentId": "a1"}
    write(tmp_path / "logs" / "s1.jsonl", human("go", 0), asked, detailed)
    write(tmp_path / "logs" / "agent-a1.jsonl", bare)
    session = read(tmp_path / "logs", tmp_path / "private").only()
    assert (session["lines_added"], session["lines_removed"], session["files_changed"]) == (3, 1, 1)


def test_a_patch_in_the_result_of_another_tool_is_no_edit(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("Read", "t1", file_path="/srv/a.py")),
        result("t1", 2, "ok", {"filePath": "/srv/a.py", "structuredPatch": PATCH}),
    ).only()
    assert (session["lines_added"], session["files_changed"]) == (0, 0)


def test_files_with_no_lines_and_without_a_last_newline(one_file: Any) -> None:
    def created(call_id: str, at: float, path: str, content: str) -> list[dict[str, Any]]:
        told = {"type": "create", "filePath": path, "content": content, "structuredPatch": [], "originalFile": None}
        return [
            reply(at, call("Write", call_id, file_path=path, content=content), message=call_id),
            result(call_id, at + 1, "ok", told),
        ]

    session = one_file(
        human("go", 0),
        *created("t1", 1, "/srv/empty.py", ""),
        *created("t2", 3, "/srv/one.py", "x"),
        *created("t3", 5, "/srv/two.py", "x\n\n"),
    ).only()
    assert (session["lines_added"], session["files_changed"]) == (0 + 1 + 2, 3)


def test_a_file_changed_twice_is_one_file_under_both_names_of_its_drive(one_file: Any) -> None:
    found = one_file(
        human("go", 0, cwd="C:\\Work\\app"),
        reply(1, call("Edit", "t1", file_path="C:\\Work\\app\\a.py", old_string="a", new_string="b")),
        result("t1", 2, "ok"),
        reply(3, call("Edit", "t2", file_path="c:\\Work\\app\\a.py", old_string="b", new_string="c"), message="m2"),
        result("t2", 4, "ok", {"filePath": "c:\\Work\\app\\a.py", "structuredPatch": PATCH}),
    )
    assert found.only()["files_changed"] == 1


def test_replacing_everywhere_counts_what_the_patch_shows(one_file: Any) -> None:
    told = {"filePath": "/srv/a.py", "replaceAll": True, "userModified": True, "structuredPatch": PATCH * 2}
    session = one_file(
        human("go", 0),
        reply(1, call("Edit", "t1", file_path="/srv/a.py", old_string="a", new_string="b", replace_all=True)),
        result("t1", 2, "ok", told),
    ).only()
    assert (session["lines_added"], session["lines_removed"]) == (6, 2)


def test_deleting_a_cell_of_a_notebook_adds_nothing(one_file: Any) -> None:
    session = one_file(
        human("go", 0),
        reply(1, call("NotebookEdit", "t1", notebook_path="/srv/a.ipynb", new_source="", edit_mode="delete")),
        result("t1", 2, "ok"),
    ).only()
    assert (session["lines_added"], session["files_changed"]) == (0, 1)

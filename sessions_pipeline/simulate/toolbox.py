"""The agent's tool calls with plausible arguments, results and counts.

Each method makes one `Call`. Which calls a session makes, and in which order, is decided in `dialogue.py`.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import PurePosixPath
from random import Random
from typing import Any

from sessions_pipeline.simulate.script import AgentRun, Call, Result
from sessions_pipeline.simulate.speaker import Speaker, is_fresh, is_paperwork
from sessions_pipeline.simulate.toolchains import FIELDS, OPERATION_BLOCKS, OTHER_RUNNERS, Command, Runner

REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the "
    "new_string was NOT written to the file). STOP what you are doing and wait for the user to tell you how to proceed."
)
_EDITED = "The file {path} has been updated. Here's the result of running `cat -n` on a snippet of the edited file:\n"


class Toolbox:
    """Makes the calls of one session and remembers which files it changed."""

    def __init__(self, speaker: Speaker, rng: Random) -> None:
        self.speaker = speaker
        self.plan = speaker.plan
        self.rng = rng
        self.changed: list[str] = []
        self.created: list[str] = []
        self.planned = list(speaker.files) if is_fresh(self.plan) else []
        self._decks: dict[str, list[Command]] = {}
        self._material: dict[str, list[list[str]]] = {}
        self.branch = rng.choice(
            ("main", "main", "master", f"feat/{rng.choice(FIELDS)}", f"fix-{rng.randint(10, 990)}")
        )
        self.pull_request: str | None = None

    @property
    def present(self) -> list[str]:
        """Files of the project that there are by now: all of them, or what this session created."""
        return self.created if is_fresh(self.plan) else self.speaker.files

    # Looking

    def read(self, file: str | None = None) -> Call:
        file = file or self.rng.choice(self.present)
        lines = self.lines(self.rng.randint(6, 24), file)
        return self._read(file, lines)

    def memory(self) -> Call:
        """The project's own notes for the agent."""
        return self._read("CLAUDE.md", self.plan.domain.memory.rstrip("\n").split("\n"))

    def _read(self, file: str, lines: list[str]) -> Call:
        path = self.plan.path(file)
        text = "\n".join(f"{number:>6}→{line}" for number, line in enumerate(lines, start=1))
        detail = {
            "type": "text",
            "file": {
                "filePath": path,
                "content": "\n".join(lines),
                "numLines": len(lines),
                "startLine": 1,
                "totalLines": len(lines),
            },
        }
        return Call("Read", {"file_path": path}, Result(text, detail=detail))

    def grep(self) -> Call:
        name = self.speaker.name_function()
        files = self.rng.sample(self.present, min(2, len(self.present)))
        paths = [self.plan.path(file) for file in files]
        found = f"Found {len(paths)} files\n" + "\n".join(paths)
        detail = {"mode": "files_with_matches", "filenames": paths, "numFiles": len(paths)}
        arguments = {"pattern": name, "output_mode": "files_with_matches"}
        return Call("Grep", arguments, Result(found, detail=detail))

    def glob(self) -> Call:
        suffix = ".md" if is_paperwork(self.plan) else self.speaker.chain.suffix
        stem = PurePosixPath(self.rng.choice(self.present)).stem
        ending = self.rng.choice((f"*{suffix}", f"*{stem}*", "*.md", "*config*"))
        paths = [self.plan.path(file) for file in self.present if fnmatch(file.rpartition("/")[2], ending)]
        detail = {"filenames": paths, "durationMs": self.rng.randint(3, 90), "numFiles": len(paths), "truncated": False}
        return Call("Glob", {"pattern": f"**/{ending}"}, Result("\n".join(paths) or "No files found", detail=detail))

    def empty_folder(self) -> Call:
        return self.shell("ls -la", "total 0", "See what is there")

    def list_folder(self) -> Call:
        folder = self.rng.choice(self.present).rpartition("/")[0]
        if not folder or self.rng.random() < 0.2:
            names = {file.split("/")[0] for file in self.present} | {"README.md", "CLAUDE.md"}
            names |= {"tests"} if self.plan.context == "modifies_existing" else set()
            return self.shell("ls -la", "total 48\n" + "\n".join(sorted(names)), "List the project's files")
        names = {file.rpartition("/")[2] for file in self.present if file.startswith(folder + "/")}
        command = self.rng.choice((f"ls {folder}", f"ls -la {folder}", f"wc -l {folder}/*"))
        return self.shell(command, "\n".join(sorted(names)), "List the files of a folder")

    def git_log(self) -> Call:
        lines = [f"{self._sha()} {self.speaker.say('commit')}" for _ in range(self.rng.randint(3, 6))]
        return self.shell(f"git log --oneline -{len(lines)}", "\n".join(lines), "Show recent commits")

    def decoy(self) -> Call:
        """A command that mentions tests or commits and is neither."""
        command, output = self.rng.choice(
            (
                ("ls tests", "conftest.py\ntest_main.py"),
                ("grep -rn pytest pyproject.toml", '14:pytest = "^8"'),
                ("git diff --stat", f" {self.speaker.main['file']} | {self.rng.randint(2, 30)} +++--"),
                ("git status --short", f" M {self.speaker.main['file']}"),
                ("cat .github/workflows/test.yml | head -20", "name: test\non: [push]"),
                ("git show --stat HEAD~1", f"commit {self._sha()}\nAuthor: someone\n\n    2 tests failed before this"),
            )
        )
        return self.shell(command, output, "Look around")

    def peek(self) -> Call:
        """A shell command that shows a piece of a file."""
        file = self.rng.choice(self.present)
        lines = self.lines(self.rng.randint(3, 8), file)
        command = self.rng.choice((f"head -{len(lines)} {file}", f"sed -n '1,{len(lines)}p' {file}"))
        return self.shell(command, "\n".join(lines), "Show the first lines")

    def analysis(self) -> Call:
        """A computation on data."""
        rng, say = self.rng, self.speaker.fill
        group = rng.choice(FIELDS)
        rows = "\n".join(f"{name}  {rng.randint(20, 900)}  {rng.uniform(5, 90):.1f}" for name in ("A", "B", "C", "D"))
        command = rng.choice(
            (
                f"python3 analyse.py {self.speaker.main['file']} --by {group}",
                f"duckdb -c \"select {group}, median(value) from '{self.speaker.main['file']}' group by all\"",
                f"Rscript analyse.R {self.speaker.main['file']} {group}",
            )
        )
        return self.shell(command, f"{group}  n  median\n{rows}", say("Compute by {field}"))

    def web_search(self) -> Call:
        query = f"{self.speaker.main['concept']} {self.rng.choice(FIELDS)} best practice"
        text = f'Web search results for query: "{query}"\n\nLinks: [{{"title":"A guide","url":"https://example.org/guide"}}]'
        detail = {"query": query, "results": [], "durationSeconds": self.rng.randint(2, 9)}
        return Call("WebSearch", {"query": query}, Result(text, detail=detail))

    def web_fetch(self) -> Call:
        url = f"https://docs.example.org/{self.rng.choice(FIELDS)}"
        text = self.speaker.fill(
            "The page lists what such a text should hold: the reason, the date, and whom to ask."
            if is_paperwork(self.plan)
            else "The page says that {field} may be empty and that the order of {things} isn't defined."
        )
        detail = {"bytes": 2816, "code": 200, "codeText": "OK", "result": text, "durationMs": 1900, "url": url}
        return Call(
            "WebFetch", {"url": url, "prompt": "What does it say about empty values?"}, Result(text, detail=detail)
        )

    def ticket(self) -> Call:
        """A tool of a server; its structured result is a list."""
        text = self.speaker.fill('{"items":[{"title":"{symptom}","state":"open"}]}')
        detail = [{"type": "text", "text": text}]
        return Call("mcp__tracker__search_issues", {"query": self.speaker.main["part"]}, Result(text, detail=detail))

    # Changing

    def edit(self, agent_file: bool = False) -> Call:
        """An edit of an existing file.

        agent_file: the log will hold no structured patch, so the change is a pure insertion or a full replacement,
        which every line diff counts the same.
        """
        path = self._target()
        added, removed = self._sizes()
        before, old, new = self._hunk(added, 0 if agent_file and self.rng.random() < 0.6 else removed)
        shared = [] if agent_file and old else before
        old_text, new_text = "\n".join(shared + old), "\n".join(shared + new)
        arguments: dict[str, Any] = {"file_path": path, "old_string": old_text, "new_string": new_text}
        if self.rng.random() < 0.2:
            arguments["replace_all"] = False
        patch = self._patch(shared, old, new)
        detail = {
            "filePath": path,
            "oldString": old_text,
            "newString": new_text,
            "originalFile": None if self.rng.random() < 0.5 else "\n".join(shared + old) + "\n",
            "structuredPatch": [patch],
            "userModified": False,
            "replaceAll": False,
        }
        text = _EDITED.format(path=path) + "\n".join(f"{n:>6}→{line}" for n, line in enumerate(new[:6], start=12))
        self._remember(path)
        return Call("Edit", arguments, Result(text, detail=detail, added=len(new), removed=len(old), changed=path))

    def multi_edit(self) -> Call:
        path = self._target()
        hunks = [self._hunk(*self._sizes()) for _ in range(2)]
        edits = [
            {"old_string": "\n".join(before + old), "new_string": "\n".join(before + new), "replace_all": False}
            for before, old, new in hunks
        ]
        detail = {
            "filePath": path,
            "edits": edits,
            "originalFileContents": None,
            "structuredPatch": [self._patch(*hunk) for hunk in hunks],
            "userModified": False,
        }
        self._remember(path)
        result = Result(
            f"Applied {len(edits)} edits to {path}",
            detail=detail,
            added=sum(len(new) for _, _, new in hunks),
            removed=sum(len(old) for _, old, _ in hunks),
            changed=path,
        )
        return Call("MultiEdit", {"file_path": path, "edits": edits}, result)

    def write_new(self, file: str | None = None, lines: list[str] | None = None) -> Call:
        """A new file: the log's patch is empty, so its lines are those of the content."""
        chain = self.speaker.chain
        if file is None and self.planned:
            file = self.planned.pop(0)
        if file is None:
            folder = PurePosixPath(self.speaker.main["file"]).parent
            name = self.speaker.name_function()
            file = f"scripts/{name}.sh" if self.plan.mode == "operate" else str(folder / f"{name}{chain.suffix}")
        if lines is None:
            lines = self.lines(self._file_length(), file) if self.rng.random() > 0.04 else []
        path = self.plan.path(file)
        ends = "\n" if lines and self.rng.random() < 0.8 else ""
        content = "\n".join(lines) + ends
        if file not in self.speaker.files:
            self.speaker.files.append(file)
        self.created.append(file)
        self._remember(path)
        detail: dict[str, Any] = {
            "type": "create",
            "filePath": path,
            "content": content,
            "structuredPatch": [],
            "originalFile": None,
        }
        added = content.count("\n") + (0 if content.endswith("\n") or not content else 1)
        result = Result(f"File created successfully at: {path}", detail=detail, added=added, changed=path)
        return Call("Write", {"file_path": path, "content": content}, result)

    def write_over(self) -> Call:
        """An existing file written anew: the log's patch says what changed."""
        path = self._target()
        before, old, new = self._hunk(*self._sizes())
        content = "\n".join(before + new) + "\n"
        detail = {
            "type": "update",
            "filePath": path,
            "content": content,
            "structuredPatch": [self._patch(before, old, new)],
            "originalFile": "\n".join(before + old) + "\n",
        }
        self._remember(path)
        result = Result(
            f"The file {path} has been updated.", detail=detail, added=len(new), removed=len(old), changed=path
        )
        return Call("Write", {"file_path": path, "content": content}, result)

    def notebook(self) -> Call:
        """A changed notebook cell: a changed file without counted lines."""
        path = self.plan.path("notebooks/explore.ipynb")
        source = "\n".join(self.lines(4, "explore.py"))
        arguments = {"notebook_path": path, "new_source": source, "cell_id": "c3", "edit_mode": "replace"}
        detail = {"new_source": source, "cell_type": "code", "language": "python", "edit_mode": "replace", "error": ""}
        return Call("NotebookEdit", arguments, Result(f"Updated cell c3 with {source}", detail=detail, changed=path))

    def failed_edit(self) -> Call:
        path = self._target()
        old = self.speaker.code("{fn}({field})")
        text = f"<tool_use_error>String to replace not found in file.\nString: {old}</tool_use_error>"
        arguments = {"file_path": path, "old_string": old, "new_string": old + "  # checked"}
        return Call("Edit", arguments, Result(text, error=True, detail="Error: String to replace not found in file."))

    def missing_file(self) -> Call:
        path = self.plan.path("config/local.yaml")
        text = f"File does not exist. Current working directory: {self.plan.cwd}"
        return Call("Read", {"file_path": path}, Result(text, error=True, detail=f"Error: {text}"))

    def subject(self, call: Call) -> dict[str, str]:
        """The file or the name that `call` is about, as slots for a sentence."""
        path = str(call.arguments.get("file_path", ""))
        if path:
            inner = path.removeprefix(self.plan.cwd)[1:]
            return {"file": inner.replace("\\", "/")}
        return {"fn": str(call.arguments["pattern"])} if call.name == "Grep" else {}

    # The shell

    def shell(self, command: str, output: str, description: str = "", **counts: Any) -> Call:
        """A command that ends well. counts: those of `Result`."""
        detail = {"stdout": output, "stderr": "", "interrupted": False, "isImage": False}
        return self._call_shell(command, description, Result(output, detail=detail, **counts))

    def failing_shell(self, command: str, output: str, description: str = "", code: int = 1, **counts: Any) -> Call:
        text = f"Exit code {code}\n{output}"
        return self._call_shell(command, description, Result(text, error=True, detail=f"Error: {text}", **counts))

    def _call_shell(self, command: str, description: str, result: Result) -> Call:
        name = "PowerShell" if self.plan.user.windows and self.plan.version >= (2, 1, 90) else "Bash"
        return Call(name, {"command": command, "description": description or "Run a command"}, result)

    def run(self, works: bool = True) -> Call:
        """One of the toolchain's own commands: a build, a linter, a script."""
        return self._command(self._deal("commands"), works)

    def set_up(self, works: bool = True) -> Call:
        """A command that installs, deploys or releases."""
        return self._command(self._deal("setups"), works)

    def _deal(self, kind: str) -> Command:
        """The toolchain's commands in turn, so that none is given twice in a row."""
        deck = self._decks.setdefault(kind, [])
        if not deck:
            chain = self.speaker.chain
            deck += chain.commands if kind == "commands" else chain.setups
            self.rng.shuffle(deck)
        return deck.pop()

    def _command(self, command: Command, works: bool) -> Call:
        slots = {"fn": self.speaker.name_function(), "k": str(self.rng.randint(2, 90))}
        line = self.speaker.code(command.line, **slots)
        if works:
            return self.shell(line, self.speaker.code(command.works, **slots), "Check the result")
        return self.failing_shell(line, self.speaker.code(command.fails, **slots) or "failed", "Check the result")

    def test(self, passes: bool) -> Call:
        """A run of the project's tests."""
        rng = self.rng
        runner = rng.choice(OTHER_RUNNERS) if rng.random() < 0.06 else rng.choice(self.speaker.chain.runners)
        return self._run_tests(runner, passes)

    def _run_tests(self, runner: Runner, passes: bool) -> Call:
        rng = self.rng
        good, bad = rng.randint(4, 140), rng.randint(1, 5)
        stem = PurePosixPath(self.speaker.main["file"]).stem or "main"
        slots = {
            "file": f"tests/test_{stem}{self.speaker.chain.suffix}",
            "name": f"test_{self.speaker.name_function()}",
            "n": str(good),
            "f": str(bad),
            "total": str(good + bad),
            "dots": "." * min(good, 60),
            "k": str(rng.randint(2, 90)),
        }
        command = self.speaker.code(rng.choice(runner.commands), **slots)
        piped = runner.tells and rng.random() < 0.25
        command += " 2>&1 | tail -20" if piped else ""
        output = self.speaker.code(runner.passed if passes else runner.failed, **slots)
        if passes or piped:
            return self.shell(command, output, "Run the tests", test_passed=passes)
        code = 101 if command.startswith("cargo") else 1
        return self.failing_shell(command, output, "Run the tests", code=code, test_passed=False)

    def commit(self) -> Call:
        """A commit, said in one of the many ways in which it is said."""
        rng = self.rng
        subject = self.speaker.say("commit")
        root = "(root-commit) " if self.plan.context == "creates_new" and rng.random() < 0.5 else ""
        where = "detached HEAD" if rng.random() < 0.03 else self.branch
        files = len(self.changed) or 1
        output = f"[{where} {root}{self._sha()}] {subject}\n {files} files changed, {rng.randint(3, 90)} insertions(+)"
        commands = (
            f'git add -A && git commit -m "{subject}"',
            f"git add -A && git commit -m \"$(cat <<'EOF'\n{subject}\n\nSee the notes for the reason.\nEOF\n)\"",
            f'git commit -am "{subject}" && git push',
            f'git -C . commit -a -m "{subject}"',
            "git commit --amend --no-edit",
        )
        command = rng.choice(commands)
        if command.endswith("git push"):
            output += (
                f"\nTo git.example.org:team/{self.plan.folder}.git\n   {self._sha()}..{self._sha()}  {self.branch}"
            )
        if rng.random() < 0.1:
            command = f'git add docs && git commit -m "Notes" && {command}'
            output = f"[{where} {self._sha()}] Notes\n 1 file changed, 4 insertions(+)\n{output}"
            return self._committed(command, output, 2)
        if rng.random() < 0.06:
            return self._committed(f'git commit -aqm "{subject}"', "", 0)
        return self._committed(command, output, 1)

    def _committed(self, command: str, output: str, commits: int) -> Call:
        call = self.shell(command, output, "Commit the change", commits=commits)
        if "git_operation" in self.plan.traits and commits == 1:
            call.result.detail["gitOperation"] = {"commit": {"sha": self._sha(), "kind": "committed"}}
        return call

    def refused_commit(self) -> Call:
        """A commit that a hook stops."""
        command = f'git add -A && git commit -m "{self.speaker.say("commit")}"'
        return self.failing_shell(command, "check for added large files....Failed\n- hook id: check-added-large-files")

    def open_pull_request(self) -> Call:
        number = self.rng.randint(12, 4000)
        self.pull_request = f"https://github.com/example-{self.plan.user.name}/{self.plan.folder}/pull/{number}"
        title = self.speaker.say("commit")
        command = f'git push -u origin HEAD && gh pr create --title "{title}" --body "See the notes."'
        return self.shell(command, self.pull_request, "Open a pull request", pull_requests=(self.pull_request,))

    def view_pull_request(self) -> Call:
        """Somebody else's pull request: seen, not made."""
        url = f"https://github.com/example-org/{self.plan.folder}/pull/{self.rng.randint(12, 4000)}"
        return self.shell(
            "gh pr view --json url,state", f'{{"state":"OPEN","url":"{url}"}}', "Look at the pull request"
        )

    # Talking to the user and to others

    def todo(self) -> Call:
        steps = self._next_steps()
        todos = [
            {"content": step, "status": "in_progress" if i == 0 else "pending", "activeForm": step}
            for i, step in enumerate(steps)
        ]
        text = "Todos have been modified successfully. Please proceed with the current tasks if applicable"
        if self.plan.version >= (2, 1, 31):
            arguments: dict[str, Any] = {"subject": steps[0], "description": steps[-1]}
            return Call("TaskCreate", arguments, Result("Task #1 created", detail={"task": {"id": "1"}}))
        return Call("TodoWrite", {"todos": todos}, Result(text, detail={"oldTodos": [], "newTodos": todos}))

    def ask(self) -> Call:
        """A question with options. The answer comes as a result, so it isn't a prompt."""
        question = self.speaker.fill("Should {part} be included?")
        answers = {question: self.rng.choice(("Yes", "Later"))}
        options = [{"label": "Yes", "description": "now"}, {"label": "Later", "description": "not now"}]
        text = f'User has answered your questions: "{question}"="{answers[question]}". You can now continue.'
        questions = [{"question": question, "header": "Scope", "options": options, "multiSelect": False}]
        result = Result(text, detail={"questions": questions, "answers": answers})
        return Call("AskUserQuestion", {"questions": questions}, result)

    def leave_plan_mode(self) -> Call:
        plan = "# Plan\n" + "\n".join(f"{i}. {step}" for i, step in enumerate(self._next_steps(), start=1))
        text = "User has approved your plan. You can now start coding."
        return Call("ExitPlanMode", {"plan": plan}, Result(text, detail={"plan": plan, "isAgent": False}))

    def _next_steps(self) -> list[str]:
        return self.speaker.several("plan_step" if self.speaker.has("plan_step") else "paragraph", 3)

    def start_agent(self, run: AgentRun) -> Call:
        """A sub-agent; `run` is what it does."""
        name = "Agent" if self.plan.version >= (2, 1, 63) else "Task"
        arguments = {"description": "Survey the project", "prompt": run.prompt, "subagent_type": "Explore"}
        return Call(name, arguments, Result(run.report), agent=run)

    def rejected(self) -> Call:
        """A call that the user doesn't allow."""
        arguments = {
            "file_path": self.plan.path(self.speaker.main["file"]),
            "content": "\n".join(self.lines(5, "x.py")),
        }
        return Call("Write", arguments, Result(REJECTED, error=True, detail="User rejected tool use"))

    # Material

    def lines(self, count: int, file: str) -> list[str]:
        """`count` lines of code, or of notes or data where `file` holds such."""
        name = file.rpartition("/")[2]
        kinds = {
            "data": (".csv", ".jsonl"),
            "notes": (".md", ".Rmd"),
            "set-up": (".yml", ".sh", ".env", ".txt", "Dockerfile"),
        }
        kind = next((kind for kind, endings in kinds.items() if name.endswith(endings)), "code")
        if kind not in self._material:
            self._material[kind] = self._write_material(kind)
        pieces = self._material[kind]
        result: list[str] = []
        while len(result) < count:
            result += self.rng.choice(pieces)
        return result[:count]

    def _write_material(self, kind: str) -> list[list[str]]:
        """The pieces that this session's files are made of, each a few lines; the same names come up again."""
        say, rng = self.speaker, self.rng
        if kind == "data":
            return [[",".join(str(rng.randint(1, 999)) for _ in range(5))] for _ in range(40)]
        if kind == "notes":
            return [[f"## {say.fill('{Part_}')}", *say.say("paragraph").split("\n"), ""] for _ in range(8)]
        blocks = [block for block in (OPERATION_BLOCKS if kind == "set-up" else say.chain.blocks) for _ in range(2)]
        return [[*say.code(block).split("\n"), ""] for block in blocks]

    def _hunk(self, added: int, removed: int) -> tuple[list[str], list[str], list[str]]:
        """Context, removed lines and added lines; no removed line is among the added ones."""
        file = self.speaker.main["file"]
        new = self.lines(added, file)
        fresh = set(new)
        old = [line for line in self.lines(removed + 6, file) if line not in fresh][:removed]
        before = [line for line in self.lines(4, file) if line not in fresh and line not in old][:2]
        return before or [f"# {self.speaker.name_function()}"], old, new

    def _patch(self, before: list[str], old: list[str], new: list[str]) -> dict[str, Any]:
        start = self.rng.randint(1, 300)
        return {
            "oldStart": start,
            "oldLines": len(before) + len(old),
            "newStart": start,
            "newLines": len(before) + len(new),
            "lines": [*(" " + line for line in before), *("-" + line for line in old), *("+" + line for line in new)],
        }

    def _sizes(self) -> tuple[int, int]:
        added = max(1, min(160, round(self.rng.lognormvariate(1.6 + 0.4 * self.plan.size, 0.8))))
        return added, round(added * self.rng.choice((0, 0.2, 0.4, 0.7)))

    def _file_length(self) -> int:
        return max(3, min(400, round(self.rng.lognormvariate(3.3 + 0.4 * self.plan.size, 0.6))))

    def _target(self) -> str:
        """Mostly the file in question, sometimes another one; for paperwork, the draft."""
        if self.plan.mode in ("communicate", "plan", "analyze") and self.changed:
            return self.changed[0]
        main = self.speaker.main["file"]
        return self.plan.path(
            main if main in self.present and self.rng.random() < 0.6 else self.rng.choice(self.present)
        )

    def _remember(self, path: str) -> None:
        if path not in self.changed:
            self.changed.append(path)

    def _sha(self) -> str:
        return f"{self.rng.getrandbits(28):07x}"

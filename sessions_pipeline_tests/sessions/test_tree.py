"""What is found in folders and buckets, and that what cannot be listed or read is named and ends nothing."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions_pipeline.sessions import archive
from sessions_pipeline.sessions.archive import Archive
from sessions_pipeline.sessions.tree import Tree, find_log_files, mtime_ns, read_log_file
from sessions_pipeline.sessions.users import user_rule
from sessions_pipeline_tests.lines import encode, human, reply, text, write
from sessions_pipeline_tests.s3_store import LONG_AGO, Store, running
from sessions_pipeline_tests.sessions.tree import NOW_MS, read


def session(name: str, at: float = 0) -> list[dict[str, Any]]:
    return [human("do it", at, session=name), reply(at + 1, text("done"), message=f"m-{name}", session=name)]


def found(*sources: str | Path) -> Tree:
    return find_log_files(sources, user_rule("folder"))


def names(tree: Tree) -> list[str]:
    return [file.place for file in tree.files]


class TestFolders:
    def test_folders_behind_links_are_read_each_once_and_in_their_own_place_first(self, tmp_path: Path) -> None:
        write(tmp_path / "elsewhere/p/s1.jsonl", *session("s1"))
        write(tmp_path / "logs/bob/s2.jsonl", *session("s2"))
        (tmp_path / "logs/ann").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "logs/ann-again").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "logs/a-link-to-bob").symlink_to(tmp_path / "logs/bob")
        tree = found(tmp_path / "logs")
        assert [(file.place, file.user) for file in tree.files] == [("ann/p/s1.jsonl", "ann"), ("bob/s2.jsonl", "bob")]
        assert tree.problems == []

    def test_a_source_that_is_itself_a_link(self, tmp_path: Path) -> None:
        write(tmp_path / "logs/p/s1.jsonl", *session("s1"))
        (tmp_path / "link").symlink_to(tmp_path / "logs")
        assert names(found(tmp_path / "link")) == ["p/s1.jsonl"]

    def test_what_would_be_read_for_ever_is_named_and_not_opened(self, tmp_path: Path) -> None:
        write(tmp_path / "logs/p/s1.jsonl", *session("s1"))
        os.mkfifo(tmp_path / "logs/p/pipe.jsonl")
        (tmp_path / "logs/p/endless.jsonl").symlink_to("/dev/zero")
        tree = found(tmp_path / "logs")
        assert names(tree) == ["p/s1.jsonl"]
        assert {Path(place).name for place, _ in tree.problems} == {"pipe.jsonl", "endless.jsonl"}
        assert {reason for _, reason in tree.problems} == {"a pipe, socket or device, not a file"}

    def test_circles_of_links_are_named_and_end(self, tmp_path: Path) -> None:
        write(tmp_path / "logs/p/s1.jsonl", *session("s1"))
        (tmp_path / "logs/p/up").symlink_to(tmp_path / "logs")
        (tmp_path / "logs/p/higher").symlink_to(tmp_path)
        (tmp_path / "logs/p/self").symlink_to(tmp_path / "logs/p/self")
        tree = found(tmp_path / "logs")
        assert names(tree) == ["p/s1.jsonl"]
        reasons = {Path(place).name: reason for place, reason in tree.problems}
        assert set(reasons) == {"up", "higher", "self"}
        assert reasons["up"] == reasons["higher"] == "a link to a folder above it: not followed"
        assert "symbolic links" in reasons["self"]

    def test_a_folder_that_cannot_be_listed_is_named_and_the_rest_is_read(self, tmp_path: Path) -> None:
        write(tmp_path / "logs/p/s1.jsonl", *session("s1"))
        # A path longer than any system allows: it can be made step by step, and listed by nobody, not even by root.
        here = Path.cwd()
        try:
            os.chdir(tmp_path / "logs")
            for _ in range(20):
                os.mkdir("d" * 250)  # noqa: PTH102 (a Path would make the name absolute)
                os.chdir("d" * 250)
        finally:
            os.chdir(here)
        tree = found(tmp_path / "logs")
        assert names(tree) == ["p/s1.jsonl"]
        assert [reason for _, reason in tree.problems] == ["File name too long"]
        shutil.rmtree(tmp_path / "logs")

    def test_a_folder_of_somebody_else_is_named(self, tmp_path: Path) -> None:
        write(tmp_path / "logs/p/s1.jsonl", *session("s1"))
        write(tmp_path / "logs/closed/s2.jsonl", *session("s2"))
        (tmp_path / "logs/closed").chmod(0)
        script = (
            "import sys; from sessions_pipeline_tests.sessions.test_tree import *\n"
            "tree = found(sys.argv[1]); print(names(tree), [reason for _, reason in tree.problems])"
        )
        done = subprocess.run(
            [*bound_by_modes(), sys.executable, "-c", script, str(tmp_path / "logs")], capture_output=True, text=True
        )
        (tmp_path / "logs/closed").chmod(0o700)
        assert done.stdout.strip() == "['p/s1.jsonl'] ['Permission denied']", done.stderr

    def test_a_source_that_is_not_there_or_no_folder_is_named(self, tmp_path: Path) -> None:
        write(tmp_path / "logs/p/s1.jsonl", *session("s1"))
        (tmp_path / "file").write_text("")
        tree = found(tmp_path / "nowhere", tmp_path / "file", tmp_path / "logs")
        assert names(tree) == ["p/s1.jsonl"]
        assert tree.problems == [
            (f"{tmp_path}/nowhere", "No such file or directory"),
            (f"{tmp_path}/file", "Not a directory"),
        ]
        assert tree.absent == [f"{tmp_path}/nowhere"]

    def test_a_file_that_vanishes_between_listing_and_reading_is_named_and_keeps_what_was_known(
        self, tmp_path: Path
    ) -> None:
        lines = {name: session(name) for name in ("s1", "s2", "s3")}
        for name in ("s1", "s2"):
            write(tmp_path / f"logs/p/{name}.jsonl", *lines[name])
        before = read(tmp_path / "logs", tmp_path / "private")
        for name in ("s1", "s2", "s3"):
            write(tmp_path / f"logs/p/{name}.jsonl", *lines[name], human("more", 60, session=name))
        listed = find_log_files([tmp_path / "logs"], user_rule("one")).files
        for name in ("s1", "s3"):
            (tmp_path / f"logs/p/{name}.jsonl").unlink()
        report = Archive(tmp_path / "private").sync(listed, NOW_MS)
        reason = "cannot be read: No such file or directory"
        assert report.unreadable == tuple((f"{tmp_path}/logs/p/{name}.jsonl", reason) for name in ("s1", "s3"))
        after = read(tmp_path / "logs", tmp_path / "private")
        prompts = dict(after.sessions.select("session_id", "human_prompts").iter_rows())
        assert prompts == {"s1": 1, "s2": 2}
        assert after.session("s1") == before.session("s1")
        assert after.rejected["line_number"].to_list() == [0, 0]

    def test_a_folder_costs_no_import_of_what_reads_buckets(self, tmp_path: Path) -> None:
        write(tmp_path / "logs/p/s1.jsonl", *session("s1"))
        script = (
            "import sys; from sessions_pipeline.sessions import tree, users\n"
            "found = tree.find_log_files([sys.argv[1]], users.user_rule('one')).files\n"
            "print(len(tree.read_log_file(found[0])) > 0, 'fsspec' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "logs")], capture_output=True, text=True, check=True
        )
        assert done.stdout == "True False\n"


def bound_by_modes() -> list[str]:
    """What to put before a command so that the modes of files bind it, which they do not bind root."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("file modes do not bind root, and there is no setpriv here to give up that right")
    right = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={right}", f"--inh-caps={right}"]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A bucket on this machine, which the environment leads to."""
    pytest.importorskip("s3fs", reason='needs the driver of S3: pip install "sessions-pipeline[s3]"')
    with running(Store()) as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


class TestBuckets:
    def test_a_bucket_gives_what_the_same_folder_gives(self, tmp_path: Path, store: Store) -> None:
        files = {f"ann/.claude/p q/s{n}.jsonl": encode(*session(f"s{n}", 60 * n)) for n in range(4)}
        files |= {"bob/s9.jsonl": encode(*session("s9", 999)), "bob/notes.txt": b"", "bob/empty.jsonl": b""}
        for name, data in files.items():
            store.put(f"in/2026/{name}", data)
            (tmp_path / "logs" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "logs" / name).write_bytes(data)
        shutil.copytree(Archive(tmp_path / "local").folder.parent, tmp_path / "private")  # the same secret
        bucket = read("s3://logs/in/2026/", tmp_path / "private", users="folder")
        folder = read(tmp_path / "logs", tmp_path / "local", users="folder")
        assert bucket.sessions.height == 5
        assert bucket.sessions.equals(folder.sessions)
        assert bucket.transcripts == folder.transcripts
        assert sum(store.reads.values()) == 6

    def test_only_what_changed_is_read_again_by_size_time_or_etag(self, tmp_path: Path, store: Store) -> None:
        logs = {name: encode(*session(name)) for name in ("same", "longer", "touched", "rewritten")}
        for name, data in logs.items():
            store.put(f"in/{name}.jsonl", data)
        read("s3://logs/in", tmp_path / "private")
        store.put("in/longer.jsonl", logs["longer"] + encode(human("more", 9, session="longer")))
        store.put("in/touched.jsonl", logs["touched"], LONG_AGO + dt.timedelta(seconds=5))
        # Neither longer nor in another second: only its ETag tells.
        store.put("in/rewritten.jsonl", logs["rewritten"].replace(b"do it", b"be it"))
        store.reads.clear()
        again = read("s3://logs/in", tmp_path / "private")
        assert store.reads == {f"in/{name}.jsonl": 1 for name in ("longer", "touched", "rewritten")}
        assert again.session("longer")["human_prompts"] == 2
        store.reads.clear()
        read("s3://logs/in", tmp_path / "private")
        assert not store.reads

    def test_worker_processes_read_it_too(self, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive, "_PARALLEL_BYTES", 0)
        for n in range(4):
            store.put(f"in/s{n}.jsonl", encode(*session(f"s{n}", n)))
        store.forbidden.add("in/s3.jsonl")
        seen = read("s3://logs/in", tmp_path / "private")
        assert set(seen.sessions["session_id"]) == {"s0", "s1", "s2"}
        assert seen.unreadable == (("s3://logs/in/s3.jsonl", "cannot be read: Forbidden"),)

    def test_a_bucket_that_is_not_there_or_does_not_answer_is_named_and_known_sessions_stay(
        self, tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store.put("in/s1.jsonl", encode(*session("s1")))
        before = read("s3://logs/in", tmp_path / "private")
        assert found("s3://other/in", "s3://logs/nothing").absent == ["s3://other/in", "s3://logs/nothing"]
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        after = read("s3://logs/in", tmp_path / "private")
        ((place, reason),) = after.unreadable
        assert place == "s3://logs/in"
        assert reason.startswith("Could not connect to the endpoint")
        assert after.sessions.equals(before.sessions)

    def test_an_object_that_vanishes_is_named(self, store: Store) -> None:
        store.put("in/s1.jsonl", encode(*session("s1")))
        (file,) = found("s3://logs/in").files
        del store.objects["in/s1.jsonl"]
        with pytest.raises(OSError, match="no such key"):
            read_log_file(file)


def test_a_driver_that_is_missing_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from sessions_pipeline.cli import main; main(['--home', sys.argv[1], 'run', '--source', 's3://logs/in'])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "home")], capture_output=True, text=True)
    assert done.returncode == 1
    assert 'the source s3://logs/in needs a driver that is not installed: pip install "sessions-pipeline[s3]"' in (
        done.stderr
    )
    assert "Traceback" not in done.stderr


MOMENT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
SECONDS = 1_772_366_400


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"LastModified": MOMENT}, SECONDS * 10**9),
        ({"updated": "2026-03-01T12:00:00.000Z"}, SECONDS * 10**9),
        ({"last_modified": MOMENT.replace(tzinfo=None)}, SECONDS * 10**9),
        ({"mtime": SECONDS + 0.5}, SECONDS * 10**9 + 5 * 10**8),
        ({}, 0),
    ],
)
def test_the_time_of_a_change_as_each_store_writes_it(info: dict[str, Any], expected: int) -> None:
    assert mtime_ns(info) == expected


def test_an_etag_tells_contents_apart_within_a_second_and_where_there_is_no_time() -> None:
    for base in ({}, {"LastModified": MOMENT}):
        one, other = mtime_ns({**base, "ETag": "a"}), mtime_ns({**base, "ETag": "b"})
        assert one != other
        assert one // 10**9 == other // 10**9 == (SECONDS if base else 0)

"""A fake API per test, and an environment that points to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions_pipeline.testing import FakeApi

KEY = "key-that-nobody-may-see"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    with FakeApi(tmp_path / "api") as fake:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", fake.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        yield fake

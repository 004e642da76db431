"""The order of the test files: those that take minutes begin first, so that no core waits for one at the end."""

from __future__ import annotations

import pytest

_LONG = (
    "test_operation.py",
    "test_browser.py",
    "test_cli.py",
    "test_operate.py",
    "test_cli_storage.py",
    "test_cli_killed.py",
    "test_ui.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts stably: the rest stays as it was collected."""
    items.sort(key=lambda item: _LONG.index(item.path.name) if item.path.name in _LONG else len(_LONG))

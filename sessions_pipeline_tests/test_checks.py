"""Checks that look across rows, on a warehouse of their own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from sessions_pipeline.checks import every_response_has_a_price
from sessions_pipeline.schemas import polars_schema
from sessions_pipeline.state import State

OCTOBER, NOVEMBER = dt.date(2025, 10, 1), dt.date(2025, 11, 1)


def model_use(*rows: tuple[str, dt.date, str | None, int, float | None]) -> pl.DataFrame:
    """core.model_use of (session, month, model, responses, cost)."""
    named = [dict(zip(("session_id", "month", "model", "responses", "api_cost_usd"), row, strict=True)) for row in rows]
    schema = polars_schema("core.model_use")
    zero = {name: 0 for name in schema if name.endswith("_tokens")}
    return pl.DataFrame([{**zero, **row} for row in named], schema=schema)


def test_models_without_a_price_are_named_with_their_responses_and_sessions(tmp_path: Path) -> None:
    state = State(home=str(tmp_path))
    rows = model_use(
        ("s1", OCTOBER, "claude-opus-5", 7, 1.5),
        ("s1", OCTOBER, "qwen3:8b", 2, None),
        ("s2", OCTOBER, "qwen3:8b", 3, None),
        ("s2", OCTOBER, None, 1, None),
        ("s3", NOVEMBER, "claude-opus-5", 4, 0.0),
    )
    state.warehouse.replace_window("core.model_use", rows, [OCTOBER, NOVEMBER])
    verdict = every_response_has_a_price(state, [OCTOBER])
    assert not verdict.passed
    assert verdict.facts == {"models without a price": "no model named, qwen3:8b", "responses": 6, "sessions": 2}
    assert every_response_has_a_price(state, [NOVEMBER]).passed

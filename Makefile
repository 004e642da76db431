# `make demo` and `make test` do all the set-up themselves.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# The state folder of `make run` and `make ui`; empty: .sessions, or the demo's while there is no other.
STATE ?=
HOME_FLAG := $(if $(STATE),--home $(STATE))

.PHONY: help demo run ui test lint docs bench bench-ingest bench-models bench-coverage bench-suppression bench-backfill bench-report soak lock
help:
	@echo "make demo                          a first look: synthetic logs, everything run on them, a report"
	@echo "make run SOURCE=~/.claude/projects  your own logs; USERS=folder or USERS=users.csv for those of several people"
	@echo "make ui                            the Dagster UI on the same state folder"
	@echo "make test                          lint and the whole test suite"
	@echo "make lint                          ruff and mypy"
	@echo "make docs                          writes docs/tables.md from the table models"
	@echo "make bench                         speed and memory against named peers: all benchmarks"
	@echo "make bench-ingest BENCH_SOURCE=DIR  ingestion alone, on copies of these logs (default: synthetic ones)"
	@echo "make bench-coverage                coverage of 95% intervals when the judge errs, naive and corrected"
	@echo "make bench-suppression             how much of what teams do is shown by level, by size of the team"
	@echo "make bench-backfill                where the time of a 12-month backfill through Dagster's daemon goes"
	@echo "make bench-models                  the regressions alone, on a simulated study of the published size"
	@echo "make bench-report                  size of the simulated study's report, and time until it is ready in Chromium"
	@echo "make soak                          hundreds of kills of ingestion, warehouse, labelling and runs"

$(VENV)/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	# Python compiles a module when it is first used; most of what is installed never is.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(VENV)/ready
	$(BIN)/sessions-pipeline $(HOME_FLAG) demo

run: $(VENV)/ready
	$(BIN)/sessions-pipeline $(HOME_FLAG) run $(if $(SOURCE),--source $(SOURCE)) $(if $(USERS),--users $(USERS))

ui: $(VENV)/ready
	$(BIN)/sessions-pipeline $(HOME_FLAG) ui

test: lint
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/ready
	$(BIN)/python -m sessions_pipeline.table_reference > docs/tables.md

# pyfixest is a peer, not a dependency: without it its benchmark says what it left out.
bench: $(VENV)/ready
	-$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable ".[bench]"
	$(BIN)/python -m benchmarks
	$(MAKE) bench-ingest

bench-ingest: $(VENV)/ready
	$(BIN)/python -m benchmarks.ingest $(if $(BENCH_SOURCE),--source $(BENCH_SOURCE)) $(BENCH_FLAGS)

bench-coverage: $(VENV)/ready
	$(BIN)/python -m benchmarks.coverage $(BENCH_FLAGS)

bench-suppression: $(VENV)/ready
	$(BIN)/python -m benchmarks.suppression $(BENCH_FLAGS)

bench-backfill: $(VENV)/ready
	$(BIN)/python -m benchmarks.backfill $(BENCH_FLAGS)

bench-report: $(VENV)/ready
	$(BIN)/python -m benchmarks.report $(BENCH_FLAGS)

bench-models: $(VENV)/ready
	-$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable ".[bench]"
	$(BIN)/python -m benchmarks.models $(BENCH_FLAGS)

soak: $(VENV)/ready
	$(BIN)/python -m sessions_pipeline_tests.soak

# Resolves the newest versions that fit pyproject.toml in a throw-away environment, and pins them by name and version.
lock:
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet --disable-pip-version-check ".[dev]"
	$(VENV)-lock/bin/pip freeze --exclude sessions-pipeline | grep -E '^[A-Za-z0-9_.-]+==' > requirements.lock
	rm -rf $(VENV)-lock

# Everything runs in .venv, which is made on first use from the hash-locked files in requirements/ and made anew when
# they change. Needs Python 3.11 or later, its venv module, and make; after the first run no network.
#
#   make demo    watch the gate halt a bad release and promote a good one
#   make test    everything CI runs: make check, then the tests
#   make check   lint, formatting, types, import layers
#   make bench   time and memory of the main job
#
#   make format    rewrite to the agreed format, and mend what ruff can mend
#   make coverage  the tests, with the lines and branches they never reach
#   make lock      resolve pyproject.toml into requirements/ (UPGRADE=1: to the newest versions)
#   make clean     back to a fresh clone

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := $(BIN)/python -m
# Errors only: a warning about somebody's index settings says nothing about files that are checked by hash.
PIP    := $(RUN) pip --disable-pip-version-check --no-input --quiet --quiet
LOCKS  := requirements/base.txt requirements/build.txt requirements/test.txt

# A plain shell's options, so that a failing step in a pipeline or a list is never passed over.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
# Some containers forbid to keep compiled modules, and every start would compile all of them anew.
unexport PYTHONDONTWRITEBYTECODE
# Two targets installing into one .venv at once would trip over each other.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test check format bench coverage lock clean

help:
	@sed -n 's/^#   //p' Makefile

demo: $(VENV)/.base
	@$(RUN) gate demo

test: check
	@$(RUN) pytest -q --numprocesses auto --dist loadfile --no-loadscope-reorder

check: $(VENV)/.test
	@$(RUN) ruff check --quiet .
	@$(RUN) ruff format --quiet --check .
	@$(RUN) mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.test
	@$(RUN) ruff check --quiet --fix .
	@$(RUN) ruff format .

# Each file in benchmarks/ is one measurement that prints its numbers, and fails when they miss their mark.
bench: $(VENV)/.test
	@for script in benchmarks/[!_]*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

coverage: $(VENV)/.test
	@rm -f .coverage .coverage.*
	@$(RUN) coverage run -m pytest -q
	@$(RUN) coverage combine --quiet
	@$(RUN) coverage report

# The lock tool has a .venv of its own: nothing that the gate runs or tests with depends on it.
UV := env -u UV_INDEX -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
      $(VENV)/lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
      --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

lock: $(VENV)/.lock
	@echo "Resolving pyproject.toml for Python 3.11 and later, every platform …"
	@$(UV) pyproject.toml --extra dev --extra embedding --extra bluesky --extra postgresql --extra reviews --extra service --extra notify --output-file requirements/test.txt >/dev/null
	@$(UV) pyproject.toml --constraint requirements/test.txt --output-file requirements/base.txt >/dev/null
	@$(UV) --group build --constraint requirements/test.txt --output-file requirements/build.txt >/dev/null
	@$(UV) --group lock --output-file requirements/lock.txt >/dev/null
	@$(UV) --group servers --output-file requirements/servers.txt >/dev/null
	@echo "Done. See what changed: git diff --stat requirements/"

clean:
	rm -rf $(VENV) .cache build dist *.egg-info .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache \
	       .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +


# A .venv is only ever as old as the lock: a package that has left the lock must not linger in it.
$(VENV)/.created: $(LOCKS)
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "error: no $(PYTHON) here. Install Python 3.11 or later (Debian: apt-get install python3 python3-venv)," \
	         "or name yours: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is $$("$(PYTHON)" -c 'import platform; print(platform.python_version())');" \
	         "the gate needs 3.11 or later. Name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "error: $(PYTHON) came without its venv module. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making .venv with $$("$(PYTHON)" --version) …"
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

# Offline from here on: the build backend is in the lock, so the editable install fetches nothing.
$(VENV)/.base: $(VENV)/.created pyproject.toml gate/__init__.py
	@echo "Installing what the gate runs on (requirements/base.txt) …"
	@$(PIP) install --require-hashes -r requirements/base.txt -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# Much of it is never imported: what is, is compiled then.
$(VENV)/.test: $(VENV)/.base
	@echo "Installing what the tests need (requirements/test.txt) …"
	@$(PIP) install --no-compile --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/.lock: requirements/lock.txt $(VENV)/.created
	@"$(PYTHON)" -m venv --clear $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --disable-pip-version-check --no-input --quiet --quiet install \
	  --require-hashes -r $<
	@touch $@

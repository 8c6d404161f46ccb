# `make` lists what there is. Every target sets up what it needs by itself, from a fresh clone, with Python 3.11 or newer, pip and make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Compiled modules, the rewritten tests among them, are kept in one place, also where the machine's environment says not to keep any: every server that
# a test starts would compile all of Headgate again.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache

# ENGINE=slurm runs the demo on a Slurm cluster on loopback. DEMO_ARGS=--exit ends it after its jobs; the others go to pytest, the benchmarks and the server as they are.
ENGINE ?= local
DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
SERVE_ARGS ?=
LOCK_ARGS ?=
SLURM_ARGS ?=

# What some tests are run with: a command, or `command=its packages`.
TEST_TOOLS := curl strace sudo slurmrestd=slurm-wlm,slurmrestd,slurm-wlm-jwt-plugin slurmdbd mariadbd=mariadb-server faketime

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Two processes, as many as the smallest machine we test on has cores. In `make test` those that may not run beside each other share an xdist_group.
WORKERS ?= 2
# Long tests first, so that the processes that share them are done at the same time.
QUICK := $(wildcard tests/property tests/repo tests/compliance tests/unit)
TYPED := $(wildcard src tests tools demo benchmarks)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## */\1\t/' | while IFS=$$'\t' read -r name what; do \
		printf '  make %-10s %s\n' "$$name" "$$what"; done

.PHONY: setup
setup: ## the virtual environment in .venv with everything in it
	@python=$$(tools/find-python) && "$$python" tools/set_up.py

.PHONY: demo
demo: setup ## start a server, run a real job through each face, show it, keep serving until Ctrl-C (DEMO_ARGS=--exit ends; ENGINE=slurm)
	@if [ "$(ENGINE)" = slurm ]; then tools/system-tools slurmctld=slurm-wlm; fi
	@$(BIN)/python demo/run.py --engine "$(ENGINE)" $(DEMO_ARGS)

.PHONY: serve
serve: setup ## serve on http://127.0.0.1:8080 with the data in ./data
	@$(BIN)/headgate serve --host 127.0.0.1 --port 8080 --data data $(SERVE_ARGS)

.PHONY: test
test: setup ## all tests, those of real processes and of the whole server included (TEST_ARGS goes to pytest)
	@tools/system-tools $(TEST_TOOLS)
	@HYPOTHESIS_PROFILE=thorough $(PYTEST) -n $(WORKERS) --dist loadgroup $(TEST_ARGS)

.PHONY: check
check: setup ## what is quick: format, lint, types, import contracts, and the tests that start nothing; under a minute
	@$(MAKE) --keep-going -j 2 --output-sync=target lint types contracts quick

.PHONY: bench
bench: ## the measurements of docs/explanation/performance.md (BENCH_ARGS goes to python -m benchmarks)
	@python=$$(tools/find-python) && "$$python" tools/set_up.py --bench
	@tools/system-tools wrk slurmrestd=slurm-wlm,slurmrestd,slurm-wlm-jwt-plugin
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

.PHONY: slurm
slurm: setup ## a Slurm cluster on loopback until Ctrl-C, for trying things (root; SLURM_ARGS="--nodes 4 --rest")
	@tools/system-tools slurmrestd=slurm-wlm,slurmrestd,slurm-wlm-jwt-plugin
	@$(BIN)/python -m headgate.testing.slurm $(SLURM_ARGS)

.PHONY: slurm-up
slurm-up: setup ## the same, left running; prints the SLURM_CONF to export (SLURM_ARGS="--accounting")
	@tools/system-tools slurmrestd=slurm-wlm,slurmrestd,slurm-wlm-jwt-plugin slurmdbd mariadbd=mariadb-server
	@$(BIN)/python -m headgate.testing.slurm_kept up $(SLURM_ARGS)

.PHONY: slurm-down
slurm-down: setup ## end the cluster of slurm-up, its jobs with it
	@$(BIN)/python -m headgate.testing.slurm_kept down

.PHONY: format
format: setup ## write the code the way `make check` wants it, as far as a program can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: lock
lock: setup ## resolve requirements/*.txt anew (LOCK_ARGS=--upgrade takes newer versions)
	@$(BIN)/python tools/lock.py $(LOCK_ARGS)

.PHONY: clean
clean: ## remove .venv and everything that is made again by itself; ./data stays
	@rm -rf .venv .cache .hypothesis .ruff_cache .schemathesis .import_linter_cache build dist htmlcov .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The parts of `make check`, each of use alone while working.

.PHONY: lint
lint: setup
	@$(BIN)/ruff format --check --quiet . || { echo "make format writes these as they should be:"; $(BIN)/ruff format --check .; }
	@$(BIN)/ruff check --quiet .

.PHONY: types
types: setup
	@$(BIN)/mypy --no-error-summary $(TYPED)

.PHONY: contracts
contracts: setup
	@$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter

.PHONY: quick
quick: setup
	@HYPOTHESIS_PROFILE=quick $(BIN)/python tools/share_tests.py $(WORKERS) -q $(TEST_ARGS) $(QUICK)

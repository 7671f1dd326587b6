# Eight verbs, for people, hooks and CI alike (STYLE §11). `make` alone prints them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run fmt check test test-all sim bench

bin := .venv/bin
workers ?= $(shell nproc)
pytest := $(bin)/python -m pytest
# `make sim SEED=7` repeats a failing run; `make bench BENCHES="eod" BENCH_ARGS="--accounts 100000"` runs one.
SEED ?=
BENCHES ?= ledger eod replay backdate
BENCH_ARGS ?=

help: ## print the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 16

setup: ## make .venv from the lock file; nothing to do when it is current
	@sh tools/setup.sh

run: setup ## a small city's last six months lived on the platform; prints what to look at, and lives on
	$(bin)/honghua demo

fmt: setup ## put the code in shape
	$(bin)/ruff format .
	$(bin)/ruff check --fix-only .

check: setup ## ruff, mypy strict, the import contracts, the tidy rules, known holes in dependencies
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/python -m tools.tidy
	$(bin)/python -m tools.audit

test: setup ## all tests but the slow ones
	$(pytest) -n $(workers) -m "not slow"

test-all: setup ## everything: slow tests, journeys in a browser, the rooms without the compiler, published cases
	@sh tools/chromium.sh
	$(pytest) -n $(workers)
	NUMBA_DISABLE_JIT=1 $(pytest) -n $(workers) -m "not slow" src
	if [ -f ../shared/oracles/loan_cases.json ]; then $(bin)/honghua cases ../shared/oracles/loan_cases.json; fi

sim: setup ## kill -9 of program and database at random moments under load, then verify; SEED=… repeats a run
	HONGHUA_SIM_SEED="$(SEED)" $(pytest) -n 0 -s tests/crash

bench: setup ## the measuring commands of this machine, one JSON object each
	for name in $(BENCHES); do $(bin)/honghua bench $$name --json $(BENCH_ARGS); done

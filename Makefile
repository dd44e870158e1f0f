# make help says what there is. Everything lives in .venv, data, artifacts and the user's cache folder.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do command -v $$name && break; done)
ARGS ?=
PORT ?=

.DEFAULT_GOAL := help
.PHONY: help up test test-slow test-live lint bench install clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

up: install ## start everything and build the examples; ARGS=--once stops after the table, PORT=3100 another port
	@$(if $(PORT),PORT=$(PORT)) $(BIN)/python -m manageai_assets.up $(ARGS)

test: install ## run the tests; ARGS are pytest's
	@$(BIN)/python -m resources.n8n_oracle
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not live" $(ARGS)

test-slow: install ## run the slow tests: many builds, real daemons, processes that are killed
	@$(BIN)/python -m resources.n8n_oracle
	@$(BIN)/python -m pytest -m "slow" $(ARGS)

test-live: install ## run builds, migrations and random specs on a real n8n server, which is installed once (5 minutes)
	@$(BIN)/python -m resources.n8n_server
	@$(BIN)/python -m resources.interceptor
	@$(BIN)/python -m pytest -m "live" $(ARGS)

lint: install ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: install ## measure what builds, tests, migrations and watching cost, and how well the rules see
	@$(BIN)/python -m manageai_assets.bench $(ARGS)
	@$(BIN)/python -m tools.bench_tests
	@$(BIN)/python -m tools.bench_migrations
	@$(BIN)/python -m tools.bench_watching
	@$(BIN)/python -m tools.bench_backfill
	@$(BIN)/python -m tools.bench_monitoring
	@$(BIN)/python -m tools.bench_clients
	@$(BIN)/python -m tools.bench_reports

install: $(STAMP) ## make .venv and install the pinned dependencies; done by the others where needed

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: no python3 found; install Python 3.11 or newer"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: $(PYTHON) is older than 3.11; say which one to use: make up PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "make: $(PYTHON) can't make virtual environments; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "installing the dependencies into $(VENV) (once; a minute or two)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]' || \
		{ echo "make: the dependencies can't be installed; the lines above say why (network? disk full?)"; exit 1; }
	@touch $@

clean: ## remove data and artifacts (the builds!), not .venv
	@rm -rf data artifacts

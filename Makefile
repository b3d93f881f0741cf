# Everything that runs lives in .venv and var; both can be moved: make run VENV=/elsewhere VAR=/elsewhere
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON  ?= python3.11
VENV    ?= .venv
VAR     ?= $(CURDIR)/var
COMPANY ?= config/demo

export SALES_WAREHOUSE_VAR := $(abspath $(VAR))
BIN := $(VENV)/bin
CLI := $(BIN)/sales-warehouse

.PHONY: help setup setup-dev run ui collect test lint clean bench lock

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.installed ## Set up the locked environment and the board's script

$(VENV)/.installed: requirements.lock requirements-setup.lock pyproject.toml
	@./scripts/setup $(PYTHON) $(VENV) requirements.lock
	@touch $@ && rm -f $(VENV)/.installed-dev

setup-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@./scripts/setup $(PYTHON) $(VENV) requirements-dev.lock
	@touch $@

run: setup ## Run the nightly refresh; again for the next night. COMPANY=path/to/folder for another company
	@$(CLI) run --company $(COMPANY) $(ARGS)

ui: setup ## Open Airflow's UI with the DAGs, the asset graph and the board. PORT=8080 for a fixed port
	@$(CLI) ui --company $(COMPANY) $(if $(PORT),--port $(PORT))

collect: setup ## Take events that systems post (webhooks.yml). PORT=8765 for another port
	@$(CLI) collect --company $(COMPANY) $(if $(PORT),--port $(PORT))

test: setup-dev ## Set up and run the tests
	@./scripts/test $(VENV) $(ARGS)

lint: setup-dev ## Check style, types and SQL
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/sqlfluff lint dbt_project --disable-progress-bar --processes 0
	@$(BIN)/mypy

bench: setup-dev ## Measure speed and memory; see benchmarks/README.md
	@$(BIN)/python benchmarks/run.py $(ARGS)

lock: ## Resolve the versions again (needs uv)
	@./scripts/lock

clean: ## Remove the environment and all runtime state
	rm -rf $(VENV) $(VAR) .pytest_cache .ruff_cache .mypy_cache .hypothesis

# Everything a newcomer needs: `make run`, `make test`. Each does its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
# One more than there are cores: some tests wait for servers to start.
WORKERS := $(shell expr $$(nproc) + 1)
AXE := tests/axe/node_modules/.package-lock.json

.PHONY: help
help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements-dev.lock pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) $(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements-dev.lock
	@$(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --editable .
	@touch $@

$(AXE): tests/axe/package-lock.json
	@cd tests/axe && "$(abspath $(BIN))/npm" ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

.PHONY: setup
setup: $(STAMP) $(AXE) ## Set up .venv with everything that run and test need
	@scripts/debian-tools chromium prometheus prometheus-alertmanager

.PHONY: run
run: $(STAMP) ## Start the whole system with demo data on http://127.0.0.1:3000
	@exec $(BIN)/jwt-pizza up

.PHONY: test
test: setup lint ## Check style, types and layout, then run every test in parallel
	@$(BIN)/python -m pytest -n $(WORKERS)

.PHONY: test-thorough
test-thorough: setup ## Run the tests with every kill and example that the promises name (thirty kills, not nine)
	@JWT_PIZZA_THOROUGH=1 $(BIN)/python -m pytest -n $(WORKERS)

.PHONY: lint
lint: $(STAMP) ## Check style, types and the layout's import rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 25

.PHONY: format
format: $(STAMP) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: bench
bench: $(STAMP) ## Measure the running system against PostgreSQL's own limit
	@scripts/debian-tools wrk
	@$(BIN)/jwt-pizza bench --json bench.json

.PHONY: screenshots
screenshots: setup ## Photograph every page, light and dark, phone and desktop
	@$(BIN)/python scripts/screenshots

.PHONY: dashboards
dashboards: $(STAMP) ## Write Grafana's dashboards and alert rules anew from their code
	@$(BIN)/python -m observability.dashboards

.PHONY: lock
lock: $(STAMP) ## Resolve the dependencies anew and pin them with their hashes
	@$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --universal --generate-hashes --no-header -o requirements.lock
	@$(BIN)/uv pip compile --quiet --upgrade pyproject.toml --group dev --constraints requirements.lock \
		--universal --generate-hashes --no-header -o requirements-dev.lock

.PHONY: clean
clean: ## Remove what set-up and tests made (not the data)
	@rm -rf $(VENV) .tools tests/axe/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

# Speechmarks. `make help` lists what can be done; everything sets itself up on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export SHARED ?= ../shared
ENV_RUN := OMP_NUM_THREADS=$${OMP_NUM_THREADS:-2}
# Files of tests side by side, a core each.
SIDE_BY_SIDE := OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help app test check bench soak format clean
.DEFAULT_GOAL := help

help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(VENV)/.app: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Speechmarks needs Python 3.11 or newer; try: make app PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.app
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-test.txt
	touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.test
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements-bench.txt
	touch $@

app: $(VENV)/.app  ## Start the workbench (installs on first use)
	$(BIN)/streamlit run app.py

test: $(VENV)/.test  ## Run all tests (installs on first use)
	$(SIDE_BY_SIDE)

check: $(VENV)/.test  ## Lint, import contracts and types: ruff, import-linter, mypy (strict on core)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

format: $(VENV)/.test  ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench  ## Measure speed as ratios of one run
	$(BIN)/python -m benchmarks

soak: $(VENV)/.test  ## Long runs
	$(ENV_RUN) $(BIN)/python -m pytest -m soak --timeout 0

clean:  ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

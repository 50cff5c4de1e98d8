# Everything a developer does here. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LOCK := requirements/development.txt
STAMP := $(VENV)/.installed-$(shell cksum < $(LOCK) | cut -d ' ' -f 1)
ARGS ?=
# Three at once, also on two cores: the acceptance tests mostly wait for processes.
JOBS ?= 3
EMBEDDED := $(BIN)/python -m scheduler_project.embedded run --

# The tests start hundreds of processes; without kept bytecode each would compile the whole project anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv up demo test check format docs lock bench clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

venv: $(STAMP) ## Make the virtual environment from the locked requirements

$(STAMP): $(LOCK)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else \
		"Bellringer needs Python 3.11, 3.12 or 3.13; $(PYTHON) is %d.%d. Say for example: " \
		"make $(or $(MAKECMDGOALS),venv) PYTHON=python3.12" % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked requirements into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.installed-*
	@touch $@

up: venv ## Start everything: servers, web, worker, beat, Flower
	@DEBUG=true $(EMBEDDED) $(BIN)/python -m scheduler_project.launch $(ARGS)

demo: venv ## Start everything and run the demonstration (ARGS=--exit ends after it)
	@DEBUG=true $(EMBEDDED) $(BIN)/python -m examples.demo $(ARGS)

test: venv ## Run the tests, as CI does (ARGS=... for pytest)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(or $(ARGS),-m "not endurance")

check: venv ## Run all checks on the code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(EMBEDDED) $(BIN)/mypy
	@$(BIN)/lint-imports
	@$(EMBEDDED) $(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python -m tests.production_check
	@$(BIN)/python -m pytest -q tests/documentation
	@$(BIN)/python -m pip check

format: venv ## Put the code in its standard form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs: venv ## Renew the generated parts of the documents
	@$(EMBEDDED) $(BIN)/python -m tests.documentation.renew

lock: venv ## Renew the locked requirements
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header \
		--python-version 3.11 pyproject.toml -o requirements/production.txt
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-annotate --no-header \
		--python-version 3.11 pyproject.toml --extra dev -c requirements/production.txt \
		-o requirements/development.txt

bench: venv ## Run the benchmarks (ARGS=... to choose)
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## Remove the virtual environment, the embedded servers' data and all caches
	@test ! -x $(BIN)/python || $(BIN)/python -m scheduler_project.embedded stop
	@rm -rf $(VENV) .bellringer staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

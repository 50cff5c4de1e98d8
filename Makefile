PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
LOCK := requirements/development.txt
STAMP := $(VENV)/.installed-$(shell cksum < $(LOCK) | cut -d ' ' -f 1)

.PHONY: venv test lock

venv: $(STAMP)

$(STAMP): $(LOCK)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

test: venv
	$(BIN)/python -m pytest -n 2 $(ARGS)

lock: venv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
		pyproject.toml -o requirements/production.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
		pyproject.toml --extra dev -c requirements/production.txt -o requirements/development.txt

# Two commands: `make demo` and `make test`. PIP_ARGS is passed on to pip.
PYTHON ?= python3.11
PIP_ARGS ?=
PYTEST_ARGS ?= -n 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_ARGS)

.PHONY: help demo install develop test check bench torture clean

help:
	@echo "make demo     set up, then run the study 'demo' into runs/demo (report: runs/demo/report/index.html)"
	@echo "make test     set up for development, then run the tests"
	@echo "make install  set up only; the command is then $(BIN)/passband"
	@echo "make check    lint, types, import contracts"
	@echo "make bench    every benchmark; each ends with one line of JSON"
	@echo "make torture  the promises in full: 100 kills of a study; a quarter of an hour"

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "passband needs $(PYTHON); name another Python 3.11 with: make PYTHON=/path/to/python"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing passband into $(VENV) (a minute or two)"
	$(PIP) -e '.[micrograph]'
	@touch $@

$(VENV)/developed: $(VENV)/installed
	@echo "installing the development tools into $(VENV)"
	$(PIP) -e '.[micrograph,dev]'
	@touch $@

install: $(VENV)/installed
develop: $(VENV)/developed

demo: install
	$(BIN)/passband run demo --root runs/demo

test: develop
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: develop
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script; done

torture: develop
	PASSBAND_KILLS=100 $(BIN)/python -m pytest tests/execution tests/storage tests/study/test_study_torture.py

clean:
	rm -rf $(VENV) build dist

# make demo: install, train, watch.   make test: install, check everything.
PYTHON ?= python3
VENV   ?= .venv
RUNS   ?= runs
PORT   ?= 8501
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: setup demo app test test-slow lint bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo   install, train six methods on an embedded corpus, open the dashboard"
	@echo "make test   install, run every test"
	@echo "make app    open the dashboard on the runs in $(RUNS)/"
	@echo "make lint | bench | test-slow | setup | clean"

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; found %s. Try: make PYTHON=python3.11" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[app]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.app

setup: $(VENV)/.dev

demo: $(VENV)/.app
	$(BIN)/ance demo --runs $(RUNS) --port $(PORT)

app: $(VENV)/.app
	$(BIN)/ance app --runs $(RUNS) --port $(PORT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist *.egg-info

# make demo: install, train, watch.   make test: install, check everything.
# Everything is installed into $(VENV), made once and brought up to date when pyproject.toml changes.
PYTHON ?= python3
VENV   ?= .venv
RUNS   ?= runs
PORT   ?= 8501
DATA   ?= catalogue pydocs
TESTS  ?= tests
JOBS   ?= 2
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: setup demo app test test-slow lint fuzz bench clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help:
	@echo "make demo   install, train the papers' methods on two corpora, open the dashboard"
	@echo "make test   install, run every test"
	@echo "make app    open the dashboard on the runs in $(RUNS)/"
	@echo "make lint | bench | fuzz | test-slow | setup | clean"
	@echo "Variables: PYTHON=$(PYTHON) VENV=$(VENV) RUNS=$(RUNS) PORT=$(PORT) DATA=$(DATA) TESTS=$(TESTS) JOBS=$(JOBS)"

# A stamp is made only after an installation that succeeded, so a failed one is tried again.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s. Name another: make PYTHON=python3.12 ..." % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.app: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV): a few minutes the first time."
	$(PIP) -e '.[app]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV), with the tools for tests: a few minutes the first time."
	$(PIP) -e '.[dev]'
	@touch $(VENV)/.app $@

setup: $(VENV)/.dev

demo: $(VENV)/.app
	$(BIN)/ance demo --runs $(RUNS) --port $(PORT) $(foreach d,$(DATA),--data $(d))

app: $(VENV)/.app
	$(BIN)/ance app --runs $(RUNS) --port $(PORT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not slow" $(TESTS)

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow $(TESTS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fuzz: $(VENV)/.dev
	$(BIN)/python -m benchmarks.fuzz

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist *.egg-info

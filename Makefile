# The commands of README.md. Everything is set up on first use, in .venv and .clinic; nothing outside this folder is changed.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
BIN := .venv/bin
DEFAULT := torch-2.13-cpu

.PHONY: site build package test attest lint verify bench faults wheels lock setup clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make site     decide the default environment's claims here, build both languages, serve them"
	@echo "make build    build the site from the evidence that is committed"
	@echo "make package  the wheel that readers install and its source archive, in dist/"
	@echo "make test     engine, package, snippets, a real site built and read, the site in headless Chromium"
	@echo "make attest   also the package that verifies evidence which a workflow has signed"
	@echo "make lint     ruff, mypy, who may import whom, clinic lint"
	@echo "make verify   decide every CPU claim afresh, in all environments (about 20 GB of packages; hours)"
	@echo "make bench    measure the runner, the build, the search and the pages (with Node.js); ONLY='audit lighthouse' picks"
	@echo "make faults   try what must not break runner, evidence and site, and print a table (hours; QUICK=1: minutes)"
	@echo "make wheels   collect in wheels/ what a machine with a GPU and no network needs; VERSION=3.12 is its Python"
	@echo "make lock     resolve the tools' requirements again"

$(BIN)/.ready: requirements/development.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found. Install one, or run: make PYTHON=/path/to/python3.11 ..."; exit 2; }
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11 or lacks the venv module. Run: make PYTHON=/path/to/python3.11 ..."; exit 2; }
	@echo "Setting up .venv (about a minute on first use)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --require-hashes --no-deps --only-binary :all: -r requirements/development.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --no-index --editable .
	@touch $@

setup: $(BIN)/.ready

site: setup
	@$(BIN)/clinic run --environment $(DEFAULT) --here
	@$(BIN)/clinic build
	@$(BIN)/clinic serve

build: setup
	@$(BIN)/clinic build

package: setup
	@rm -rf dist
	@$(BIN)/python -m hatchling build --target sdist --target wheel --directory dist

test: setup
	@$(BIN)/python tests/browser.py
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4

# The optional package that verifies what a workflow has signed.
attest: setup
	@$(BIN)/python -m pip install -qq --require-hashes --no-deps --only-binary :all: -r requirements/attest.txt

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/clinic lint

verify: setup
	@$(BIN)/clinic run --again

bench: setup
	@$(BIN)/python tests/bench.py $(foreach step,$(ONLY),--only $(step))

faults: setup
	@$(BIN)/python tests/browser.py
	@$(BIN)/python -m tests.faults $(if $(QUICK),--quick) $(foreach words,$(ONLY),--only "$(words)")

VERSION ?= 3.12
wheels: setup
	@$(BIN)/clinic wheels wheels --python $(VERSION)

lock: setup
	@for name in engine development attest; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --upgrade --exclude-newer "$$(date -u +%F)" requirements/$$name.in -o requirements/$$name.txt; done

clean:
	rm -rf .venv .clinic site dist tests/npm/node_modules

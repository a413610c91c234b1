# `make` alone lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run serve check test coverage endurance lint format bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1#/p' $(MAKEFILE_LIST) | column -t -s '#'

run: $(VENV)/.runtime ## start the portal on this machine, with a simulated Kallglot if there is no key
	@$(BIN)/python -m kallglot_portal.launch run

serve: $(VENV)/.runtime ## start the portal with production settings
	@$(BIN)/python -m kallglot_portal.launch serve

check: $(VENV)/.development lint ## a quick look: lint and the tests that need no server or browser
	@sh tests/javascript/run
	@$(BIN)/python -m tests.project_checks
	@$(BIN)/python -m tests.suite --quick $(ARGS)

test: $(VENV)/.development lint ## check everything, on both databases and in two browsers
	@sh tests/install-programs.sh
	@sh tests/javascript/run
	@$(BIN)/python -m tests.project_checks
	@$(BIN)/python -m tests.suite $(ARGS)

coverage: $(VENV)/.development ## say how much of the code the tests run, and name files below 90 %
	@sh tests/install-programs.sh
	@sh tests/javascript/run
	@$(BIN)/python -m tests.suite --coverage $(ARGS)

endurance: $(VENV)/.development ## the long forms of some tests, about half an hour
	@sh tests/install-programs.sh
	@$(BIN)/python -m pytest -m endurance $(ARGS)

bench: $(VENV)/.development ## measure the audio relay beside its peers (ROWS=6,7 for some)
	@sh tests/install-programs.sh
	@$(BIN)/python -m tests.bench --rows "$(ROWS)"

lint: $(VENV)/.development ## look for mistakes and for wrong formatting
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

format: $(VENV)/.development ## put code into shape
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

clean: ## forget the installed packages; data in var/ stays
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis

# Installed again only when the lists of packages change.
$(VENV)/.runtime: requirements.txt | $(VENV)/bin/pip
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.development: requirements.txt requirements-dev.txt | $(VENV)/bin/pip
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "The portal needs Python 3.11 or newer; name it with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv module is missing; on Debian: sudo apt-get install python3-venv"; exit 1; }

# Installs what is missing on a Debian machine, runs the demonstration, the checks and the benchmarks.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := .make
JOBS ?= 2

DEMO_NEEDS := python3-venv elixir curl
TEST_NEEDS := $(DEMO_NEEDS) git erl erl_nif.h rebar3 cc c++ dash bash zsh fish busybox shellcheck debootstrap ip \
    runsv s6-svscan supervisord ruby systemd-nspawn nsenter gpg apt-ftparchive ssh sshd sudo lintian piuparts groff dpkg-shlibdeps
BENCH_NEEDS := aptly reprepro apt-ftparchive gpg rsync
SHELL_FILES := .ci/run tools/require tools/demo tests/integration/openrc_host.sh

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit lint format bench clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS='	' read -r name text; do \
	    printf 'make %-10s %s\n' "$$name" "$$text"; done

demo: $(READY)/demo ## deploy the example umbrella, a change of it, and take it back; then as a package, by apt
	@tools/demo "$$PWD/$(BIN)/dray"
	@$(BIN)/python -m tools.demo_host "$$PWD/$(BIN)/dray"

test: $(READY)/test lint ## all checks and tests
	$(BIN)/pytest -n $(JOBS) --dist worksteal

test-unit: $(READY)/python ## the tests that need seconds and no Erlang
	$(BIN)/pytest -n $(JOBS) -q tests/unit

lint: $(READY)/test ## style, types, layers, shell scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	shellcheck $(SHELL_FILES)

format: $(READY)/python ## put the Python files into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)/test ## dray beside its peers; rewrites the table of benchmarks/README.md
	@tools/require $(BENCH_NEEDS)
	$(BIN)/python -m benchmarks

clean: ## remove what make made
	rm -rf $(VENV) $(READY) dist

$(READY)/demo: tools/require pyproject.toml
	@tools/require $(DEMO_NEEDS)
	@$(MAKE) --no-print-directory $(BIN)/dray
	@mkdir -p $(READY) && touch $@

$(READY)/test: tools/require $(READY)/python Makefile
	@tools/require $(TEST_NEEDS)
	@touch $@

$(BIN)/dray: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(READY)/python: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --group dev --editable .
	@mkdir -p $(READY) && touch $@

$(BIN)/pip:
	@tools/require python3-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "dray needs Python 3.11 or newer; this is $$($(PYTHON) --version)" >&2; \
	      echo "hint: make PYTHON=/path/to/a/newer/python3 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip # --group came with pip 25.1

# Every target makes what it needs: a virtual environment in .venv, and llama-cpp-python built once per user.

PYTHON ?= python3.11
SHELL := /bin/bash
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test bdd lint bench venv clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: $(READY)  ## watch a real model answer a request, told in plain English
	@$(BIN)/python -m worker.demo

test: $(READY)  ## everything: unit, property, fault and contract tests, features, narration coverage
	$(BIN)/python -m pytest
	$(BIN)/narration coverage gate

bdd: $(READY)  ## the features alone
	$(BIN)/python -m pytest features

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## benchmarks against peers; rewrites benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

venv: $(READY)  ## the virtual environment alone

$(READY): pyproject.toml tools/build_llama.py
	@command -v "$(PYTHON)" >/dev/null || { echo "error: $(PYTHON) is not installed; install Python 3.11 or name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "error: $(PYTHON) has no venv module; on Debian: apt-get install python3.11-venv" >&2; exit 1; }
	@echo "preparing .venv (the first time takes some minutes, most of it building llama-cpp-python once per user)"
	@wheels=$$("$(PYTHON)" tools/build_llama.py) \
	  && { test -x $(BIN)/python || "$(PYTHON)" -m venv .venv; } \
	  && echo "installing packages" \
	  && $(BIN)/python -m pip install -q --disable-pip-version-check --find-links "$$wheels" -e '.[dev]'
	@touch $(READY)

clean:  ## remove what the targets made, but not the per-user cache
	rm -rf .venv .narration proof build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

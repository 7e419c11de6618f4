# Every target makes what it needs: a virtual environment in .venv, and llama-cpp-python built once per user.
#   make test PYTHON=python3.12    with another Python
#   make gpu CUDA=90               with llama-cpp-python built for NVIDIA GPUs of one architecture

PYTHON ?= python3.11
CUDA ?=
SHELL := /bin/bash
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test bdd mutants lint bench gpu venv clients clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

demo: venv  ## watch a real model answer a request, told in plain English
	@$(BIN)/python -m narration_worker.demo

test: venv clients  ## everything: unit, property, fault and contract tests, features, narration coverage
	$(BIN)/python -m pytest -q -rs
	$(BIN)/narration coverage gate
	$(BIN)/narration links
	$(BIN)/python -m tools.requirements_map --check

bdd: venv  ## the features alone
	$(BIN)/python -m pytest -q features

mutants: venv  ## break narration on purpose: do the features notice?
	$(BIN)/python -m pytest -q features
	PATIENCE_S=20 $(BIN)/narration mutants --jobs 2 --within 30

lint: venv  ## style, types and narration
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/narration lint

bench: venv  ## benchmarks against peers; rewrites benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

gpu: venv  ## the tests that need an NVIDIA GPU: make gpu CUDA=90
	$(BIN)/python -m pytest -q -m gpu

# Always asked, a tenth of a second when all is there: a time stamp would not notice another PYTHON, CUDA or place.
venv:  ## the virtual environment alone
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: '$(PYTHON)' is missing, broken or \
	older than Python 3.11; install that, or name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -m tools.prepare_venv $(if $(CUDA),--cuda "$(CUDA)")

# What cannot be had here is told, and its tests are skipped: no reason to stop. NARRATION_APT=no installs no system package.
clients:  ## programs of others that the tests run: HTTP and npm clients, nginx, a browser
	@"$(PYTHON)" -m tools.prepare_clients

clean:  ## remove what the targets made, but not the per-user cache
	rm -rf .venv .narration proof build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

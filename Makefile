# Everything from a bare clone with only Python 3.11 (or newer) and make; each target is idempotent.
#
#   make run     everything from nothing: dashboard, engine and demo data on 127.0.0.1:$(PORT)
#   make test    everything from nothing, then the whole test suite, browser tests included
#   make check   lint, types, import rules, templates, migrations up to date
#   make bench   the benchmarks; writes benchmarks/results.json
#   make setup   the virtual environment with the locked dependencies (called by the others)
#   make lock    write requirements/*.txt anew from requirements/*.in
#   make clean   remove what the other targets built; keeps var/ (database, demo logins, secret key)

PORT ?= 8000
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes
# The first of these that is new enough.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
STATIC_SOURCES := $(shell find static -type f)

.PHONY: help setup setup-test static run test check bench lock clean browser

help:
	@sed -n 's/^#   //p' Makefile

# --- Setting up ---------------------------------------------------------------------------------

setup: $(VENV)/base.stamp

setup-test: $(VENV)/test.stamp

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/base.stamp: requirements/base.txt | $(VENV)/bin/python
	@echo "Installing the locked dependencies into $(VENV) …"
	@$(PIP) -r requirements/base.txt
	@touch $@

$(VENV)/test.stamp: requirements/test.txt $(VENV)/base.stamp
	@echo "Installing the locked test tools into $(VENV) …"
	@$(PIP) -r requirements/test.txt
	@touch $@

build/inter.woff2: flows/management/commands/build_font.py $(VENV)/base.stamp
	@mkdir -p build
	@LOG_LEVEL=WARNING $(MANAGE) build_font --force
	@touch $@

static: $(VENV)/static.stamp

$(VENV)/static.stamp: $(STATIC_SOURCES) build/inter.woff2 $(VENV)/base.stamp
	@$(MANAGE) collectstatic --no-input --verbosity 0
	@touch $@

# --- Running ------------------------------------------------------------------------------------

# A demo on this machine may post its callbacks to this machine.
run: export PUBLIC_BASE_URL ?= http://127.0.0.1:$(PORT)
run: export CALLBACK_ALLOW_PRIVATE ?= true
run: static
	@$(MANAGE) migrate --no-input --verbosity 0
	@$(MANAGE) seed_demo
	@exec $(MANAGE) serve --host 127.0.0.1 --port $(PORT)

# --- Proving ------------------------------------------------------------------------------------

test: setup-test build/inter.woff2 browser
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

bench: setup-test
	@$(BIN)/python -m benchmarks.engine
	@$(BIN)/python -m benchmarks.receipts

check: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates
	DATABASE_URL=sqlite://:memory: $(MANAGE) makemigrations --check --dry-run

# Debian's Chromium, installed when it is missing and this may install it; else tests/ say what they skip.
browser:
	@sh .ci/browser

# --- Keeping ------------------------------------------------------------------------------------

PIP_COMPILE := pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras \
	--no-header --no-emit-options

lock: | $(VENV)/bin/python
	test -x .cache/lock/bin/pip-compile || { $(PYTHON) -m venv .cache/lock && \
		.cache/lock/bin/pip install --quiet pip-tools; }
	cd requirements && for list in base scale test; do \
		../.cache/lock/bin/$(PIP_COMPILE) --output-file=$$list.txt $$list.in || exit 1; done

clean:
	rm -rf $(VENV) build staticroot .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache .schemathesis

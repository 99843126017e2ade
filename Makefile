# Everything is installed in .venv/ and .local/; nothing else on the machine changes.
SHELL := bash
MAKEFLAGS += --no-print-directory
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
ENVIRONMENTS := .local/environments
BENCHMARKS := cold_start sheets growth copying pace callbacks webhooks cost limits warm command_line studio
UV := $(CURDIR)/$(ENVIRONMENTS)/uv/bin/uv

PYTEST := .venv/bin/python -m pytest

# uv uses the Python chosen above and never downloads one.
export UV
export UV_PYTHON_DOWNLOADS := never
# A company's certificates may be in the system's store only.
export UV_SYSTEM_CERTS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SAM_CLI_TELEMETRY := 0
# Where the caller's own packages go does not apply to these environments. Registries, proxies and
# certificates do: they stay as the caller has set them.
export PIP_USER := 0
unexport PIP_TARGET PIP_PREFIX PIP_ROOT UV_TARGET UV_PREFIX PYTHONHOME PYTHONPATH
# Compiled modules make the second start of each process three times as fast.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the targets (PYTHON=... chooses the interpreter, 3.11 or newer)
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1#\2/p' Makefile | while IFS='#' read -r name text; do \
	  printf '%-14s %s\n' "$$name" "$$text"; done

.PHONY: fix
fix: .venv/.ready ## Format the code and apply ruff's fixes; the only target that edits code
	@.venv/bin/python -m ruff check --fix .
	@.venv/bin/python -m ruff format .

.PHONY: check
check: lint types locks test ## Run what CI runs: style, template, types, locks, tests; edits nothing

.PHONY: lint
lint: .venv/.ready $(ENVIRONMENTS)/sam/.ready
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@AWS_DEFAULT_REGION=eu-west-1 $(sam) validate --lint --template-file template.yaml

.PHONY: types
types: .venv/.ready
	@.venv/bin/python -m mypy

.PHONY: openapi
openapi: .venv/.ready ## Write the API's description (OpenAPI) and docs/errors.md from the code
	@.venv/bin/python -m local.openapi

.PHONY: locks
locks: .venv/.ready
	@.venv/bin/python -m local.locks

# The end-to-end tests mostly wait, so they come first; the others use the time that they leave,
# without xdist, which would take a quarter of the time of so many small tests.
.PHONY: test
test: environments chromium ## Run all tests, end to end included; about five minutes on two cores
	@beside() { exec nice -n 9 $(PYTEST) --quiet -o cache_dir=".pytest_cache/$$1" "$${@:2}" \
	    > ".venv/$$1.log" 2>&1; }; \
	trap 'kill $$(jobs -p) 2>/dev/null || true' EXIT; \
	beside laws tests/contract tests/infrastructure & laws=$$!; \
	beside others tests/unit tests/integration & others=$$!; \
	failed=0; $(PYTEST) tests/e2e --numprocesses 4 --dist loadscope | tee .venv/e2e.log || failed=1; \
	wait $$laws || failed=1; wait $$others || failed=1; \
	tail -qn 1 .venv/{e2e,laws,others}.log | grep -oE '[0-9]+ (passed|failed|errors?)' | \
	  awk '{sum[$$2] += $$1} END {for (each in sum) print "in all:", sum[each], each}'; \
	cat .venv/{laws,others}.log; exit $$failed

# The contract tests take longest, so the others make way for them.
.PHONY: quick
quick: .venv/.ready ## Run the tests but for the end-to-end ones and the largest laws; under a minute
	@quick() { nice -n "$$1" $(PYTEST) --quiet --hypothesis-profile quick -o cache_dir=".pytest_cache/$$2" \
	    -m 'not e2e and not exhaustive' "$${@:2}"; }; \
	quick 9 tests/unit > .venv/unit.log 2>&1 & unit=$$!; \
	quick 9 tests/integration tests/infrastructure > .venv/integration.log 2>&1 & integration=$$!; \
	failed=0; quick 0 tests/contract || failed=1; wait $$integration || failed=1; \
	wait $$unit || failed=1; cat .venv/integration.log .venv/unit.log; exit $$failed

.PHONY: prove
prove: environments chromium ## Run the large laws, storms and sheets at full size; CI does so nightly
	@$(PYTEST) --numprocesses 3 --dist loadscope --full-size

.PHONY: mutants
mutants: .venv/.ready ## List faults in the code that no test notices (MINUTES=60 MODULES="use_cases/submit_job ...", or all)
	@nice .venv/bin/python -m local.mutants --minutes $(or $(MINUTES),60) $(MODULES)

.PHONY: bench
bench: environments chromium ## Run the benchmarks; benchmarks/RESULTS.md has their results
	@for name in $(BENCHMARKS); do .venv/bin/python -m benchmarks.$$name; done

.PHONY: run
run: environments ## Run Ringback on this machine with a job of every model; Ctrl-C stops it
	@exec .venv/bin/python -m local.run

.PHONY: pictures
pictures: environments chromium ## Take pictures of the studio on a local stack, in light and dark, for docs/pictures/
	@exec .venv/bin/python -m local.studio_pictures

.PHONY: models
models: .venv/.ready ## List the models with their limits and prices
	@.venv/bin/python -m local.models

# SAM's cache doesn't know whether bytecode was made: what it kept without is compiled afterwards.
.PHONY: build
build: $(ENVIRONMENTS)/sam/.ready ## Build the arm64 / Python 3.13 artifacts for AWS in .aws-sam/
	@export LAMBDA_PYTHON="$$($(lambda_python))"; $(sam) build --cached --parallel; \
	if [ -n "$$LAMBDA_PYTHON" ]; then "$$LAMBDA_PYTHON" local/bytecode.py .aws-sam/build; \
	else echo "$$WITHOUT_LAMBDA_PYTHON" >&2; fi

# Only make's own ENV counts: sh reads a variable of this name, too.
.PHONY: deploy
deploy: build .venv/.ready ## Deploy to your AWS account; SAM asks for each setting (ENV=prod takes samconfig.toml's; FEW_EXECUTIONS=1)
	@exec .venv/bin/python -m local.deploy $(if $(findstring command,$(origin ENV)),--environment "$(ENV)")

.PHONY: policy
policy: .venv/.ready $(ENVIRONMENTS)/sam/.ready ## Write docs/deployer-policy*.json: the IAM actions that a deployment needs
	@.venv/bin/python -m local.deployer_policy

.PHONY: dashboard
dashboard: .venv/.ready ## Write docs/dashboard.svg: the layout of the dashboard
	@.venv/bin/python -m local.dashboard > docs/dashboard.svg

.PHONY: recording
recording: environments ## Record the command line at work on a local stack, as docs/pictures/command-line.svg
	@exec .venv/bin/python -m local.recording

.PHONY: smoke
smoke: .venv/.ready ## Send one real, paid job through a deployed stack, after confirmation
	@exec .venv/bin/python -m local.smoke

.PHONY: doctor
doctor: .venv/.ready ## Examine a stack, and say what to do about what is wrong (STACK=ringback LOCAL=1)
	@exec .venv/bin/python -m local.doctor

.PHONY: logs
logs: .venv/.ready ## Show a function's log (FUNCTION=submit_job MATCH="message failed" MINUTES=60 STACK=ringback LOCAL=1)
	@exec .venv/bin/python -m local.logs

.PHONY: redrive
redrive: .venv/.ready ## Show the dead letters, then move them back (QUEUE=Archive JOB=job_... YES=1 STACK=ringback LOCAL=1)
	@exec .venv/bin/python -m local.redrive

.PHONY: adopt
adopt: .venv/.ready ## Take a table and buckets into a new stack (TABLE=... IMAGES=... DROPS=... STACK=ringback)
	@exec .venv/bin/python -m local.adopt --table "$(TABLE)" --images "$(IMAGES)" --drops "$(DROPS)"

.PHONY: recheck
recheck: .venv/.ready ## Check unfinished jobs after adopting a table (STACK=ringback LOCAL=1; QUEUE=1)
	@exec .venv/bin/python -m local.recheck

.PHONY: thumbnails
thumbnails: .venv/.ready ## Make the thumbnails of all images that have none (STACK=ringback)
	@exec .venv/bin/python -m local.thumbnails

.PHONY: provider-secret
provider-secret: .venv/.ready ## Store a provider's credentials; asks for each (PROVIDER=... STACK=ringback LOCAL=1)
	@exec .venv/bin/python -m local.provider_secrets

.PHONY: callback-secret
callback-secret: .venv/.ready ## Rotate the secret of callback URLs (ROTATE=1, END_ROTATION=1, REPLACE=1; STACK=ringback LOCAL=1)
	@exec .venv/bin/python -m local.callback_secret

.PHONY: key
key: .venv/.ready ## Give a client one more API key (NAME=studio SCOPES=jobs:write,jobs:read STACK=ringback LOCAL=1)
	@exec .venv/bin/python -m local.client_keys key

.PHONY: keys
keys: .venv/.ready ## List the API keys: client, scopes, last use (STACK=ringback LOCAL=1)
	@exec .venv/bin/python -m local.client_keys keys

.PHONY: revoke
revoke: .venv/.ready ## Revoke a client's API keys, or one (NAME=studio KEY=... STACK=ringback LOCAL=1)
	@exec .venv/bin/python -m local.client_keys revoke

.PHONY: webhook-secret
webhook-secret: .venv/.ready ## Give a client a webhook secret (NAME=studio URL=https://... STACK=ringback LOCAL=1; ROTATE=1, END_ROTATION=1)
	@exec .venv/bin/python -m local.webhook_secrets

LOCK = "$(UV)" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade)
.PHONY: lock
lock: $(ENVIRONMENTS)/uv/.ready ## Regenerate the lock files (UPGRADE=1 takes newer versions)
	@for name in uv emulator sam api_tools browser lambda_runtime usual_stack; do \
	  $(LOCK) local/environments/$$name.in --output-file local/environments/$$name.txt; done
	@$(LOCK) pyproject.toml clients/python/pyproject.toml --group dev --output-file local/environments/project.txt
	@$(LOCK) pyproject.toml --constraint local/environments/project.txt --no-annotate \
	  --output-file layers/dependencies/requirements.txt
	@$(LOCK) --group pictures --constraint local/environments/project.txt --no-annotate \
	  --output-file layers/dependencies/pictures.txt

.PHONY: clean
clean: ## Remove everything installed, built or cached here
	@rm -rf .venv .local .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Prerequisites of the targets above ------------------------------------------------------

sam = "$(CURDIR)/$(ENVIRONMENTS)/sam/bin/sam"

# Lambda can't store the bytecode that it compiles, so all code brings it, made by Lambda's Python:
# LAMBDA_PYTHON, or one on this machine, or one that uv downloads into .local/. Bytecode is the same
# for every processor. Each candidate is run: one of pyenv's shims may be there and have no Python.
define lambda_python
  if [ -n "$(LAMBDA_PYTHON)" ]; then echo "$(LAMBDA_PYTHON)"; exit; fi; \
  pythons="$(CURDIR)/.local/pythons"; \
  works() { "$$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13) or \
    sys.implementation.name != "cpython")' >/dev/null 2>&1; }; \
  find_one() { for each in $$(type -ap python3.13 python3 python) \
    "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin/python3.13 "$$pythons"/*/bin/python3.13; do \
    if works "$$each"; then echo "$$each"; return; fi; done; return 1; }; \
  find_one || { UV_PYTHON_INSTALL_DIR="$$pythons" UV_PYTHON_DOWNLOADS=manual \
    "$(UV)" python install --quiet --no-bin 3.13 2>/dev/null && find_one; } || true
endef
define WITHOUT_LAMBDA_PYTHON
WARNING: no Python 3.13 works here, and none could be downloaded: there is no bytecode, and Lambda
compiles them at every cold start, which then takes more than twice as long. Choose a Python:
make build LAMBDA_PYTHON=/path/to/python3.13
endef
export WITHOUT_LAMBDA_PYTHON

.PHONY: lambda-python
lambda-python: $(ENVIRONMENTS)/uv/.ready
	@$(lambda_python)

# Without one, it says so, and the studio's tests are skipped.
.PHONY: chromium
chromium: .venv/.ready $(ENVIRONMENTS)/browser/.ready
	@.venv/bin/python -m local.browsers

.PHONY: environments
environments: .venv/.ready $(addprefix $(ENVIRONMENTS)/,emulator/.ready sam/.ready api_tools/.ready)

define CHECK_PYTHON
import os, sys
if sys.version_info < (3, 11):
    sys.exit("Ringback needs Python 3.11 or newer, and %s is %d.%d. Choose another: "
             "make PYTHON=/path/to/python3.12" % ((sys.executable,) + sys.version_info[:2]))
try:
    import ensurepip, venv
except ImportError:
    sys.exit("Ringback needs Python's venv module, and %s lacks it (on Debian and Ubuntu: "
             "apt install python3-venv)." % sys.executable)
print(os.path.realpath(sys._base_executable))
endef
export CHECK_PYTHON

# Always checked, written only when another interpreter was chosen.
.PHONY: FORCE
.local/python: FORCE
	@command -v "$(PYTHON)" >/dev/null || { echo "Ringback needs Python 3.11 or newer, and there is\
	 no '$(PYTHON)' here. Choose another: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@mkdir -p .local
	@chosen=$$("$(PYTHON)" -c "$$CHECK_PYTHON"); \
	[ "$$chosen" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$chosen" > $@

# pip before 24.2 knows the certificates that come with it only.
define SYSTEM_CERTIFICATES
import os, ssl, subprocess, sys
pip = [sys.executable, "-m", "pip", "config", "list"]
listed = subprocess.run(pip, capture_output=True, text=True).stdout
paths = ssl.get_default_verify_paths()
print("" if ".cert=" in listed else paths.cafile or paths.capath or "")
endef
export SYSTEM_CERTIFICATES

$(ENVIRONMENTS)/uv/.ready: local/environments/uv.txt .local/python
	@rm -rf $(@D); "$$(cat .local/python)" -m venv $(@D); \
	certificates=$$($(@D)/bin/python -c "$$SYSTEM_CERTIFICATES"); \
	$(@D)/bin/python -m pip install -qq --require-hashes --only-binary=:all: \
	  $${certificates:+--cert "$$certificates"} --requirement $<; \
	touch $@; echo "Installed $(@D) in $$SECONDS s"

# An environment of the same interpreter is updated, one of another interpreter is replaced.
define install
[ "$$(cat .local/python)" = "$$($(@D)/bin/python -c \
	  'import os, sys; print(os.path.realpath(sys.executable))' 2>/dev/null)" ] \
	  || "$(UV)" venv --quiet --clear --python "$$(cat .local/python)" $(@D); \
	"$(UV)" pip sync --quiet --require-hashes --python $(@D)/bin/python $<
endef

$(ENVIRONMENTS)/%/.ready: local/environments/%.txt $(ENVIRONMENTS)/uv/.ready
	@$(install); touch $@; echo "Installed $(@D) in $$SECONDS s"

.venv/.ready: local/environments/project.txt pyproject.toml clients/python/pyproject.toml $(ENVIRONMENTS)/uv/.ready
	@$(install); "$(UV)" pip install --quiet --no-deps --no-build-isolation \
	  --python .venv/bin/python --editable . --editable clients/python; \
	touch $@; echo "Installed $(@D) in $$SECONDS s"

# SAM builds every function by this rule: app.py and, of the studio, its page.
build-%Function:
	@cp -R app.py $(wildcard page) "$(ARTIFACTS_DIR)/"

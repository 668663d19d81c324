# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
PORT ?= 8092
WIRE ?= ../shared/wire/replay.py

BIN := .venv/bin
TOOLS := tests/tools
READY := .venv/.installed

# Nothing is left outside .venv: neither in the user's home nor beside the sources.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/tests/ansible.cfg
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.venv/collections
export ANSIBLE_HOME := $(CURDIR)/.venv/ansible
export ANSIBLE_REMOTE_TMP := $(ANSIBLE_HOME)/tmp
export ANSIBLE_ASYNC_DIR := $(ANSIBLE_HOME)/async
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.venv/cache/hypothesis
export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/cache/pyc
# from a user's shell it would let every ansible-playbook compile everything anew
unexport PYTHONDONTWRITEBYTECODE

STRICT := $(wildcard $(addprefix plugins/module_utils/,client converge agent resources runner.py options.py module_main.py))
CONTENT := $(wildcard playbooks roles)
UTILS := ansible_collections.digitalrebar.provision.plugins.module_utils

WORKERS := -n auto --maxprocesses 4 --dist worksteal

# $(call pytest,LAYER[,OPTIONS]): run tests/LAYER, or say that there is nothing yet
pytest = $(if $(wildcard tests/$1),$(BIN)/python -m pytest -q tests/$1 $2,@echo "$1: nothing yet (no tests/$1)")

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv lint format types unit contract integration integration-real test wire faults fuzz e2e bench demo serve sanity targets oldest agent build package release publish docs matrix clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

venv: $(READY) ## Create or refresh .venv with all tools (PYTHON=python3)
	@echo ".venv is ready"

$(READY): requirements.txt requirements-dev.txt $(TOOLS)/venv.sh
	@$(TOOLS)/venv.sh "$(PYTHON)" && touch $@

lint: $(READY) ## Check style: ruff, yamllint, changelog fragments, ansible-lint
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/yamllint --strict .
	$(BIN)/antsibull-changelog lint
	$(BIN)/reuse lint --quiet
	$(if $(CONTENT),$(BIN)/ansible-lint --offline -q $(CONTENT),@echo "ansible-lint: nothing yet (no playbooks/, no roles/)")

format: $(READY) ## Format the Python files, and write the generated files
	$(BIN)/python $(TOOLS)/generate.py
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

types: $(READY) ## Check types with mypy, strictly
	$(if $(STRICT),$(BIN)/mypy $(patsubst plugins/module_utils/%,-p $(UTILS).%,$(STRICT:.py=)),@echo "types: nothing yet")
	$(BIN)/mypy extensions/eda/plugins/event_source/*.py

unit: $(READY) ## Run the unit tests
	$(call pytest,unit,$(WORKERS))

contract: $(READY) ## Test the client against the simulator, or a server named by RS_ENDPOINT and RS_KEY
	$(call pytest,contract,$(if $(RS_ENDPOINT),,$(WORKERS)))

integration: $(READY) ## Test every module and plugin through ansible-playbook (ALL=1: and what takes long)
	$(call pytest,integration,$(WORKERS) $(if $(ALL),,-m "not slow"))

integration-real: $(READY) ## Run the same tests against the server named by RS_ENDPOINT and RS_KEY, and EMPTY it
	@test -n "$(RS_ENDPOINT)" -a -n "$(RS_KEY)" || { echo "set RS_ENDPOINT and RS_KEY; that server is emptied"; exit 2; }
	$(call pytest,integration,--real-server)

# whose shell names a real server for drpcli does not mean it for the tests
test: export RS_ENDPOINT :=
test: lint types unit contract integration ## Run all of the above; required before a commit (ALL=1: with what takes long)

wire: $(READY) ## Compare the simulator with the recorded answers of a real server (WIRE=path/to/replay.py)
	$(BIN)/python $(TOOLS)/wire.py "$(WIRE)"

faults: $(READY) ## Test under cut connections, garbled answers and killed processes
	$(call pytest,faults,-n 4 --dist worksteal) # they wait more than they work

fuzz: $(READY) ## Spoil N answers of a server (10000) as SEED (a number) says, and see that nothing breaks
	$(if $(wildcard tests/faults),FUZZ_N=$(or $(N),10000) FUZZ_SEED=$(SEED) $(BIN)/python -m pytest -q -s \
		-o timeout=0 tests/faults/test_garbled.py)

e2e: $(READY) ## Install the agent on a booted system and run a workflow to its end (needs root)
	$(call pytest,e2e)

bench: $(READY) ## Measure against raw calls
	$(if $(wildcard tests/bench),PYTHONPATH=tests $(BIN)/python -m bench,@echo "bench: nothing yet (no tests/bench)")

demo: $(READY) ## Start a simulated server and run the collection against it
	@$(TOOLS)/demo.sh

serve: $(READY) ## Run the simulator in the foreground (PORT=8092)
	PYTHONPATH=tests $(BIN)/python -m simulator --port $(PORT)

sanity: $(READY) ## Run ansible-test sanity on the plugins
	@$(TOOLS)/ansible_test.sh sanity

targets: $(READY) ## Run the integration targets by ansible-test
	@$(TOOLS)/ansible_test.sh integration --requirements

oldest: $(READY) ## Run the unit tests on the oldest Python found, with the oldest packages
	@$(BIN)/python $(TOOLS)/oldest.py

agent: $(READY) requirements-agent.txt ## Build the machine agent as one file, build/drp-agent
	rm -rf build/agent
	$(BIN)/pip install -qq --disable-pip-version-check --no-input --no-deps --no-compile --only-binary :all: \
		--require-hashes --target build/agent -r requirements-agent.txt
	PYTHONPATH=.venv/collections $(BIN)/python -m $(UTILS).agent.command.build --packages build/agent --output build/drp-agent

build: $(READY) ## Build the collection's archive into build/, reproducibly
	$(BIN)/python $(TOOLS)/build.py build

release: $(READY) ## Check that the checkout may be released as TAG (TAG=v1.0.0)
	@$(BIN)/python $(TOOLS)/release.py "$(TAG)"

publish: build ## Upload the archive to Galaxy (GALAXY_TOKEN in the environment)
	@ANSIBLE_GALAXY_SERVER_LIST=galaxy ANSIBLE_GALAXY_SERVER_GALAXY_URL=https://galaxy.ansible.com/ \
		ANSIBLE_GALAXY_SERVER_GALAXY_TOKEN="$$GALAXY_TOKEN" \
		$(BIN)/ansible-galaxy collection publish "$$(ls -t build/*.tar.gz | head -n 1)"

matrix: $(READY) ## Run the tests on each ansible-core and Python found here (CORES=2.21 LAYERS=sanity,units; CORES=oldest,newest)
	$(BIN)/python $(TOOLS)/matrix.py cores=$(CORES) pythons=$(PYTHONS) layers=$(LAYERS)

docs: $(READY) ## Build the pages of all plugins and guides into build/docs/html
	@$(TOOLS)/docs.sh

package: $(READY) ## Test the archive: its content, and its use in a fresh environment
	$(call pytest,package)

clean: ## Remove the output of the other targets, except .venv
	rm -rf build tests/output .ansible .venv/cache .venv/ansible .venv/sanity
	rm -rf .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache htmlcov
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

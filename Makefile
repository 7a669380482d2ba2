# `make` lists the targets. Each sets up .venv first if it must: python3 and pip are enough, a C++ compiler is optional.
# PYTHON=python3.12 picks another interpreter, CC= and CXX= another compiler (CXX=false: none),
# ARGS="-k strands" goes to the tool that a target runs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
LOG := $(VENV)/set-up.log
EDITABLE := .[plot,dev]
PIP := $(BIN)/python -m pip --disable-pip-version-check
# One worker a core, one thread a worker (tests/conftest.py): faster than torch's own threads on small tensors.
PYTEST := $(BIN)/python -m pytest -q -n auto --maxprocesses 8
ARGS ?=
BENCH ?= kernel layer encoder training_step store tokenizing score precision

NATIVE_SOURCES := $(shell find kernels -name '*.cpp' -o -name '*.cc' -o -name '*.h' -o -name '*.hpp' -o -name '*.cmake')
# What make itself presets (origin default) is no choice of a compiler.
COMPILER := $(if $(filter default undefined,$(origin CC)),,CC=$(CC)) $(if $(filter default undefined,$(origin CXX)),,CXX=$(CXX))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lint format types imports check bench docs clean force

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | while IFS='	' read -r target what; do printf '  make %-9s %s\n' "$$target" "$$what"; done

demo: $(READY) ## score a packaged VCF with the packaged model; a table and a figure
	@$(BIN)/dna-mamba demo $(ARGS)

test: $(READY) ## the tests, without the slow ones and those that need a GPU or the network
	@$(PYTEST) -m "not slow and not gpu and not network" $(ARGS)

test-all: $(READY) ## the slow tests too, and new random examples for the properties
	@$(PYTEST) -m "not gpu and not network" --hypothesis-profile=random $(ARGS)

lint: $(READY) ## ruff
	@$(BIN)/python -m ruff check $(ARGS)

types: $(READY) ## mypy --strict
	@$(BIN)/python -m mypy $(ARGS)

imports: $(READY) ## the layers of ARCHITECTURE.md, with import-linter
	@$(BIN)/lint-imports --no-logo $(ARGS)

check: lint types imports test ## all of the above that CI runs

bench: $(READY) test ## speed and memory on this machine, if the tests pass (45 minutes; BENCH="layer score" chooses; encoder: beside Transformers too)
	@for name in $(BENCH:encoder=encoder attention); do \
	    echo "benchmarks/$$name.py"; $(BIN)/python benchmarks/$$name.py -o benchmarks/results/$$name.json || exit 1; \
	done
	@$(if $(filter encoder,$(BENCH)),$(BIN)/python benchmarks/figure.py)

docs: $(VENV)/docs ## the pages, in docs/_build/html
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build/html $(ARGS)
	@echo "docs/_build/html/index.html"

setup: $(READY) ## only set up .venv

clean: ## remove .venv and everything built or cached
	@rm -rf $(VENV) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# quietly COMMAND: to the log; on failure its end is shown.
define quietly
{ $(1); } >> $(LOG) 2>&1 || { tail -n 25 $(LOG); echo "set-up failed; the whole log is $(LOG)"; exit 1; }
endef

$(READY): pyproject.toml constraints.txt CMakeLists.txt $(NATIVE_SOURCES) $(VENV)/compiler $(VENV)/modules
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "$(PYTHON) is missing or older than 3.11; name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2> /dev/null || \
	    { echo "$(PYTHON) lacks venv; install it (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@echo "set-up: $(VENV) with PyTorch and what else is needed (1.5 GB, more with CUDA; log: $(LOG))"; \
	started=$$(date +%s); : > $(LOG); \
	$(call quietly,test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)); \
	$(call quietly,$(PIP) install -c constraints.txt scikit-build-core cmake ninja); \
	$(call quietly,$(PIP) install -c constraints.txt --no-build-isolation -e '$(EDITABLE)'); \
	echo "set-up: done in $$(($$(date +%s) - started)) s"
	@touch $@

$(VENV)/docs: $(READY)
	@echo "set-up: Sphinx for the pages"; $(call quietly,$(PIP) install -c constraints.txt sphinx furo myst-nb)
	@touch $@

# Another compiler than last time makes the package again.
$(VENV)/compiler: force
	@mkdir -p $(VENV); echo '$(COMPILER)' | cmp -s - $@ || echo '$(COMPILER)' > $@

# So does a module that came or went: an editable install remembers where each of them lay.
$(VENV)/modules: force
	@mkdir -p $(VENV); find dna_mamba kernels -name '*.py' | sort | cmp -s - $@ || find dna_mamba kernels -name '*.py' | sort > $@

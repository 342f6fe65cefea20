# Everything runs from .venv, which is made on first use and renewed when pyproject.toml or constraints.txt change.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Exists from the first step of an installation to its last: found at the start, it tells of an interrupted one.
UNFINISHED := $(VENV)/.unfinished
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --progress-bar off -c constraints.txt
WORKERS ?= auto --maxprocesses 4
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS)
RUN := runs/phrasebook/latest

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test soak bench lint format clean

help: ## Lists these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

demo: $(STAMP) ## Trains the default model, translates a few unseen lines, draws an alignment
	$(BIN)/nmt train
	@echo
	@echo "Unseen lines, translated by beam search:"
	@mkdir -p demo
	@head -n 5 $(RUN)/test.sources > demo/sources.txt
	@$(BIN)/nmt translate $(RUN) -i demo/sources.txt -o demo/translations.txt
	@paste demo/sources.txt demo/translations.txt | awk -F '\t' '{ printf "\n  %s\n    -> %s\n", $$1, $$2 }'
	@echo
	@sentence="$$(awk 'length > length(best) { best = $$0 } END { print best }' demo/sources.txt)"; for kind in png html; do \
	  $(BIN)/nmt heatmap $(RUN) "$$sentence" -o "demo/alignment.$$kind" && echo "The longest of them as a heatmap: demo/alignment.$$kind" || exit 1; \
	done

test: lint ## Runs linters, types, import contracts and all tests but the long ones
	$(PYTEST) -m 'shapes and not soak'
	$(PYTEST) -m 'not shapes and not soak' --jaxtyping-packages=

soak: $(STAMP) ## Runs the long tests, which `make test` leaves out
	$(PYTEST) -m soak --timeout 3600

# BENCH holds options, such as BENCH="--from DIR --only feeding beam"; see recipes/benchmark/README.md.
bench: $(STAMP) ## Measures speed beside fairseq, OpenNMT-py and eole; takes hours, goes on after a stop
	$(BIN)/python -m recipes.benchmark.run $(BENCH)

lint: $(STAMP) ## Runs ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Formats the code and mends what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Removes caches, built packages and demo/; keeps .venv and runs/
	rm -rf build dist demo *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -prune -exec rm -rf {} +

# Build tools and torch come first: --no-build-isolation then fetches nothing that constraints.txt does not name.
$(STAMP): pyproject.toml constraints.txt
	@if [ -e $(UNFINISHED) ]; then rm -rf $(VENV); fi
	@if [ ! -x $(BIN)/python ]; then found=; \
	  for python in $(PYTHON) python3.11 python3 python3.12 python3.13; do \
	    if $$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	    then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Python 3.11, 3.12 or 3.13 with its venv module is needed; name one: make PYTHON=/path/to/python" >&2; exit 1; \
	  fi; \
	  echo "Making $(VENV) and installing into it: a few minutes, once."; \
	  mkdir -p $(VENV) && touch $(UNFINISHED) && $$found -m venv $(VENV); \
	fi
	@touch $(UNFINISHED)
	$(PIP) setuptools wheel torch
	$(PIP) --no-build-isolation -e '.[dev]'
	@$(PIP) cython && $(PIP) --no-build-isolation eflomal 2>/dev/null \
	  || echo "The aligner eflomal, which is built with a C compiler, could not be installed: its tests are skipped."
	@rm $(UNFINISHED) && touch $(STAMP)

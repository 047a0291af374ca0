# One word each; `make` alone lists them. Set-up happens by itself: a stamp in .venv says that it is done,
# and a change of pyproject.toml does it again.
.DEFAULT_GOAL := help
.PHONY: help setup serve test quick slow timed check bench docs clean
BIN := .venv/bin
BENCHMARKS ?= start text connections
# Both of a small machine's cores work, but where packets have to be in time.
QUICK := tests/unit tests/fuzz tests/contract
TIMED := tests/media
ARGS ?=

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s  %s\n", $$1, $$2 }' Makefile

setup: .venv/ready-dev ## make .venv with everything for development

serve: .venv/ready-serve ## start Salon; options as in `make serve ARGS="--port 9000"`
	@trap : INT; $(BIN)/salon serve $(ARGS) || { code=$$?; [ $$code -eq 130 ] || exit $$code; }

ifeq ($(strip $(ARGS)),)
test: quick slow timed ## run every test, the quick ones first; `make test ARGS=tests/unit` runs some
else
test: .venv/ready-dev
	@$(BIN)/pytest $(ARGS)
endif

quick: .venv/ready-dev ## run the tests that wait for no clock and no browser
	@$(BIN)/pytest -n 2 $(QUICK) $(ARGS)

slow: .venv/ready-dev ## run those with browsers, foreign clients and whole servers, file by file
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(QUICK:%=--ignore=%) $(TIMED:%=--ignore=%) $(ARGS)

timed: .venv/ready-dev ## run those whose packets have to be in time, one after the other
	@$(BIN)/pytest $(TIMED) $(ARGS)

check: .venv/ready-dev ## ruff, mypy, the floors, and the types of the page
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@sh scripts/check-page.sh

bench: .venv/ready-dev ## measure: our figure, the baseline's and the ratio
	@for name in $(BENCHMARKS); do $(BIN)/python -m bench.$$name $(ARGS) || exit 1; echo; done

docs: .venv/ready-dev ## check the documentation against the code
	@$(BIN)/pytest tests/architecture/test_docs.py $(ARGS)

clean: ## remove what set-up, tests and tools have left
	rm -rf .venv .venvs .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready-serve: pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh serve

.venv/ready-dev: pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh dev

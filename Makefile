# `make up` starts the whole site, `make test` checks everything. Both set up what they need first.
# The addresses and folders of `calotype up` can be given as variables: make up DATA=/srv/photos EDGE=0.0.0.0:8080

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin

# One word for the shell, whatever blanks and quotes are in it; ARGS alone is several.
quoted = '$(subst ','\'',$(1))'
UP_FLAGS := $(if $(DATA),--data $(call quoted,$(DATA))) $(if $(EDGE),--edge $(call quoted,$(EDGE))) \
            $(if $(CONSOLE),--console $(call quoted,$(CONSOLE))) $(if $(ORIGIN),--origin $(call quoted,$(ORIGIN))) \
            $(if $(CONTROL),--control $(call quoted,$(CONTROL))) $(if $(LAN),--lan) $(ARGS)

.PHONY: up test check fmt bench lock clean

up: $(VENV)/.server
	@exec $(BIN)/calotype up $(UP_FLAGS)

test: check $(VENV)/.system-test $(VENV)/.npm
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy

fmt: $(VENV)/.dev
	$(BIN)/ruff format src tests bench
	$(BIN)/ruff check --fix src tests bench

bench: $(VENV)/.bench $(VENV)/.system-bench
	$(BIN)/python -m bench.run $(ARGS)

# Hashes for every wheel, no registry host: the locks work with whatever index a machine is set up for.
lock: $(VENV)/.dev
	scripts/lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.server: requirements/build.txt requirements/server.txt pyproject.toml
	@PYTHON=$(PYTHON) scripts/install-python $(VENV) server
	@touch $@

$(VENV)/.dev: requirements/build.txt requirements/dev.txt requirements/photos.txt $(VENV)/.server
	@PYTHON=$(PYTHON) scripts/install-python $(VENV) dev photos
	@touch $@

$(VENV)/.npm: requirements/npm/package-lock.json scripts/install-node $(VENV)/.dev
	@scripts/install-node $(VENV)
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@PYTHON=$(PYTHON) scripts/install-python $(VENV) bench
	@touch $@

$(VENV)/.system-test: scripts/install-system $(VENV)/.dev
	@scripts/install-system test
	@touch $@

$(VENV)/.system-bench: scripts/install-system $(VENV)/.dev
	@scripts/install-system bench
	@touch $@

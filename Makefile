# `make reproduce`, `make paper` and `make test`. Each does all of its own set-up.
# Needs Python 3.11 or newer with pip; `make reproduce PYTHON=/path/to/python` takes another one.

VENV := .venv
BIN := $(VENV)/bin
SETUP := pyproject.toml constraints.txt loyaltysem/_version.py

# The first Python that really starts and is new enough; asked only when .venv has to be made.
PYTHON = $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; break; fi; done)

# A .venv whose Python is gone or too old, or whose folder was moved, is made again.
HEALTHY := $(shell $(BIN)/pip --version >/dev/null 2>&1 \
	&& $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo yes)

# Names each package as it arrives and keeps pip's own exit code and error messages.
define install
	@echo "== Installing $(1) (the first time this takes a minute or two)"
	@rm -f $(VENV)/.failed
	@{ PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
		-c constraints.txt -e '.[$(2)]' || touch $(VENV)/.failed; } \
		| sed -n -e 's/^Collecting \([^][ <>=!~(;]*\).*/   \1/p' -e 's/^Installing collected.*/   … unpacking/p'
	@test ! -e $(VENV)/.failed || { echo "Installing failed; pip's message stands above." >&2; exit 1; }
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help docs reproduce paper test clean FORCE

help:
	@echo "make reproduce   install into .venv and run the main job; prints where the reports are"
	@echo "make paper       the same, then the article of the study: out/paper/article.pdf"
	@echo "make test        install into .venv and run every check"
	@echo "make docs        install into .venv and build the site of the documentation into out/site"
	@echo "make clean       remove .venv, out/ and caches"

reproduce: $(VENV)/.ready-reproduce
	@echo "== Running the main job"
	@$(BIN)/loyaltysem reproduce --out out

paper: reproduce
	@echo "== Building the article"
	@$(BIN)/python paper/build.py --results out/study/results.json --out out/paper

# One thread: the numbers of a run do not depend on the machine, and tests do not fight over cores.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: export MKL_NUM_THREADS = 1
test: $(VENV)/.ready-test $(VENV)/.ready-node
	@echo "== Style (ruff)"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== Types (mypy --strict)"
	@$(BIN)/mypy
	@echo "== Tests, doctests and the README's commands (pytest)"
	@$(BIN)/python -m pytest -n auto --dist loadfile

docs: $(VENV)/.ready-docs
	@echo "== Running the notebooks (some minutes)"
	@$(BIN)/python tools/make_site.py build/site_pages
	@echo "== Building out/site"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "out/site/index.html"

$(VENV)/.ready-docs: $(VENV)/pyvenv.cfg $(SETUP)
	$(call install,loyaltysem with what builds its site,docs$(comma)examples$(comma)clv$(comma)arrow$(comma)dask)
	@touch $@

$(VENV)/.ready-reproduce: $(VENV)/pyvenv.cfg $(SETUP)
	$(call install,loyaltysem with its example data and report writers,clv$(comma)examples$(comma)report)
	@touch $@

$(VENV)/.ready-test: $(VENV)/pyvenv.cfg $(SETUP)
	$(call install,loyaltysem with its test tools,clv$(comma)dev$(comma)examples$(comma)report$(comma)survey)
	@touch $@ $(VENV)/.ready-reproduce

# SurveyJS itself judges the surveys written for it: that takes Node. No lock file, for locks name hosts;
# the version is pinned in package.json. Without npm, or without a network, that one check is skipped.
NODE := $(VENV)/node
$(VENV)/.ready-node: tests/survey/node/package.json | $(VENV)/.ready-test
	@mkdir -p $(NODE) && cp $< $(NODE)/package.json
	@if ! npm --version >/dev/null 2>&1; then \
		echo "== No npm here: the check of SurveyJS files by survey-core will be skipped"; \
	elif echo "== Installing survey-core, which judges SurveyJS files" && npm install --prefix $(NODE) \
		--no-package-lock --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000 --loglevel=error; then touch $@; \
	else echo "== npm could not install survey-core: the check of SurveyJS files will be skipped"; fi

comma := ,

# Some systems ship Python without ensurepip: their own pip then furnishes the new environment.
$(VENV)/pyvenv.cfg: $(if $(HEALTHY),,FORCE)
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "loyaltysem needs Python 3.11 or newer; found: $(or $(PYTHON),none). Name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "== Making .venv with $$($(PYTHON) --version)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
		|| { rm -rf $(VENV) && $(PYTHON) -m venv --without-pip $(VENV) \
			&& $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check pip; } \
		|| { rm -rf $(VENV); echo "This Python cannot make a virtual environment; install its venv package (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }

clean:
	rm -rf $(VENV) out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

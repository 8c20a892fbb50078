# The front door: `make` prints what there is.
#
# ENV=active uses the environment that is active (conda, a cluster's module, a CPU-only torch)
# instead of making .venv.

ENV ?= venv
PROFILE ?= laptop
ONLY ?=
DATA ?=
JOBS ?= 0
RECORDS ?=
SOLUTIONS ?= yes
SYSTEM_PYTHON ?= python3

ifeq ($(ENV),active)
PYTHON := python
READY := active
else
PYTHON := .venv/bin/python
READY := .venv/ready
endif

SPHINX := $(PYTHON) -m sphinx -q -W --keep-going -b html

# many runs side by side, one thread each
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

# tests start many processes, which find compiled what the first one has read
test test-fast: export PYTHONDONTWRITEBYTECODE =

.PHONY: active help figures gallery test test-fast mutants lab notebooks course docs check bench wheel clean

help: ## print this list
	@echo "wganlab: a lab for Wasserstein GANs on laws whose truth is known"
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

figures: $(READY) ## regenerate figures/out/ (PROFILE=quick|laptop|long|paper RECORDS=yes ONLY=name,name JOBS=n DATA=folder:PATH)
	@$(PYTHON) -m figures --profile "$(PROFILE)" --only "$(ONLY)" --jobs $(JOBS) --data "$(DATA)" $(if $(RECORDS),--records)

gallery: $(READY) ## the same, and refresh the small PNGs that README shows
	@$(PYTHON) -m figures --only "$(ONLY)" --jobs $(JOBS) --gallery

test: $(READY) ## run all tests: unit, property, doctests, commands, notebooks, quick figures
	$(PYTHON) -m pytest -n auto --dist worksteal

test-fast: $(READY) ## run the quick tests: all that are not marked as slow
	$(PYTHON) -m pytest -n auto --dist worksteal -m "not slow" tests

mutants: $(READY) ## try the tests on faults made on purpose, and name those that nobody notices
	$(PYTHON) tests/mutants.py

lab: $(READY) ## open JupyterLab on the first lesson
	$(PYTHON) -m jupyterlab notebooks/00_start_here.ipynb

notebooks: $(READY) ## rebuild and execute the notebooks from their .py twins
	$(PYTHON) notebooks/build.py

course: $(READY) ## render the course to site/, to be read without a network (SOLUTIONS=no: without them)
	@$(SPHINX) -t course -d docs/_build/course.doctrees docs docs/_build/course
	@$(PYTHON) notebooks/course.py --docs docs/_build/course $(if $(filter no,$(SOLUTIONS)),--students)

docs: $(READY) ## build the documentation to docs/_build/html/, with all warnings as errors
	@$(PYTHON) docs/house.py
	@$(SPHINX) -d docs/_build/html.doctrees docs docs/_build/html
	@echo "open docs/_build/html/index.html"

check: $(READY) ## ruff, ruff format, mypy
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

bench: $(READY) ## measure, side by side with what else one would use
	$(PYTHON) benchmarks/startup.py
	$(PYTHON) benchmarks/exact.py
	$(PYTHON) benchmarks/critics.py
	$(PYTHON) benchmarks/training.py
	$(PYTHON) benchmarks/images.py

wheel: $(READY) ## build dist/*.whl and try it in an empty environment
	$(PYTHON) -m build --wheel --outdir dist
	$(PYTHON) tests/try_wheel.py dist

clean: ## delete .venv, generated figures, documentation, the site and caches
	rm -rf .venv dist build site docs/_build figures/out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

active:
	@$(PYTHON) -c 'import wganlab, ot, torch, tyro, tqdm, matplotlib' \
		|| { echo 'install what is missing: python -m pip install -e ".[lab,track,hub,parquet,dev]"'; exit 1; }

.venv/ready: pyproject.toml constraints.txt
	@$(SYSTEM_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "wganlab needs Python 3.10 or newer: make SYSTEM_PYTHON=/path/to/python3"; exit 1; }
	@$(SYSTEM_PYTHON) -m venv .venv \
		|| { echo "no venv module: install it (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	.venv/bin/python -m pip install --disable-pip-version-check -e ".[lab,track,hub,parquet,dev]" -c constraints.txt
	@touch .venv/ready

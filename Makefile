# make results · make pull · make plan · make test · make lint · make clean — see README.md
PYTHON ?= python3
CONFIG ?= config/config.yaml
CORES ?= all
# Jobs ask for memory; together they get what the machine has. One at a time has its GPUs, if it has any.
MEMORY_MB ?= $(shell $(PYTHON) -c 'import os; print(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20)')
RUN = --cores $(CORES) --resources mem_mb=$(MEMORY_MB) gpu=1 --configfile $(CONFIG)
VENV ?= .venv
export PATH := $(abspath $(VENV))/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# The cheapest task first, for something to look at while the others go on. The other scheduler cannot solve priorities.
results: $(VENV)/installed
	snakemake all first_table --prioritize first_table --scheduler greedy $(RUN)
	python scripts/show_results.py $(CONFIG)

# Stages of dvc.yaml.
data models answers: $(VENV)/installed
	snakemake $@ $(RUN)
tables: $(VENV)/installed
	snakemake $(RUN)

# The default run's results from the DVC remote. Files have the time of the pull, so Snakemake is told that they are current.
pull: $(VENV)/installed
	dvc pull
	snakemake --touch --forceall --cores 1

# What the jobs of a configuration need, by the models' sizes: memory, GPUs, hours.
plan: $(VENV)/installed
	python scripts/show_plan.py $(CONFIG)

test: $(VENV)/installed-test
	python -m pytest

lint: $(VENV)/installed-lint
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check workflow
	snakemake --lint

# Plain pip finds a CPU build of torch where one is set up; a change of the pins installs again.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/installed-test $(VENV)/installed-lint: $(VENV)/installed-%: $(VENV)/installed
	pip install --quiet --constraint constraints.txt --editable '.[$*]'
	touch $@

# What runs made here; the environment stays, and what is committed under results/.
clean:
	git clean -fdxq results
	rm -rf resources state logs .snakemake

.PHONY: results data models answers tables pull plan test lint clean

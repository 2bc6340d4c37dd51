# make demo    environment, install, and the whole main job on the embedded tiny model
# make test    environment, install, and the test suite
#
# PYTHON            the interpreter that makes the environment (3.11 or newer)
# TORCH_INDEX_URL   optional package index for PyTorch, e.g. the one PyTorch names for its CPU build
PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX_URL ?=
# Without compiling, which would take a minute for what is compiled when it is imported anyway.
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile

export OMP_WAIT_POLICY ?= PASSIVE
# Where this is set, each of the many processes of the suite would compile PyTorch and transformers anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all test-wheel lint clean

demo: $(VENV)/.run
	$(VENV)/bin/lethe demo

test: $(VENV)/.dev
	$(VENV)/bin/pytest -n 2 --dist loadfile

test-all: $(VENV)/.dev
	$(VENV)/bin/pytest -n 2 --dist loadfile -m "slow or not slow"

# The wheel alone, in an environment of its own, away from this folder.
test-wheel: $(VENV)/.dev
	$(VENV)/bin/python tests/support/wheel_check.py

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

$(VENV)/.torch: constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "Installing PyTorch (about 200 MB; several GB where the index serves its CUDA build) ..."
	$(INSTALL) -c constraints.txt torch $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL))
	@touch $@

$(VENV)/.run: $(VENV)/.torch pyproject.toml
	@echo "Installing lethebench and what it needs (about 300 MB) ..."
	$(INSTALL) -c constraints.txt -e ".[train,eval]"
	@touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml tests/gradio.txt
	@echo "Installing lethebench, what it needs and the test tools ..."
	$(INSTALL) -c constraints.txt -e ".[dev]"
	$(INSTALL) --no-deps -r tests/gradio.txt
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) build dist *.egg-info

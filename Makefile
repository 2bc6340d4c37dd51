# make demo        create the environment and run the demo on the embedded tiny model
# make test        create the environment and run the fast tests
# make test-all    also run the slow tests
# make test-lowest run the core tests on the lowest versions that pyproject.toml accepts
# make lint        run ruff and mypy
# make test-wheel  build the wheel, install it alone in a new environment and use it
# make docs        make the documentation site, docs/_build/html; warnings and broken links are errors
# make docs-links  also check the links to other sites, which needs a network
#
# PYTHON            interpreter for the environment (3.11 or newer)
# TORCH_INDEX_URL   package index for PyTorch, for example the index of its CPU build
PYTHON ?= python3
VENV ?= .venv
TORCH_INDEX_URL ?=
# Python compiles modules on first import; compiling all of them at install time costs a minute.
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile
CORE_TESTS := tests/test_imports.py tests/contract tests/baselines tests/builders tests/evaluation tests/generation tests/lethebench/test_continual_run.py
CORE_TOOLS := hypothesis mlcroissant mpmath pytest pytest-timeout pytest-xdist scikit-learn
FOLDERS := baselines builders cards contract evaluation generation

export OMP_WAIT_POLICY ?= PASSIVE
# Without bytecode files each test process would compile PyTorch and transformers again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all test-lowest test-wheel docs docs-links lint types clean

demo: $(VENV)/.run
	$(VENV)/bin/lethe demo

test: $(VENV)/.dev
	$(VENV)/bin/pytest -n 2 --dist loadfile

test-all: $(VENV)/.dev
	$(VENV)/bin/pytest -n 2 --dist loadfile -m "slow or not slow"

test-lowest:
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check packaging
	$(VENV)-lowest/bin/python tests/support/floors.py > $(VENV)-lowest/floors.txt
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check -r $(VENV)-lowest/floors.txt $(CORE_TOOLS) \
		$(if $(TORCH_INDEX_URL),--extra-index-url $(TORCH_INDEX_URL))
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	$(VENV)-lowest/bin/pytest -n 2 --dist loadfile $(CORE_TESTS)

test-wheel: $(VENV)/.dev
	$(VENV)/bin/python tests/support/wheel_check.py

docs: $(VENV)/.dev
	$(VENV)/bin/python docs/make.py

docs-links: docs
	$(VENV)/bin/sphinx-build -q -b linkcheck -c docs docs/_build/source docs/_build/links

lint: $(VENV)/.dev types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

# mypy cannot follow setuptools' package-dir mapping, so it reads the package as a tree of links.
types: $(VENV)/.dev
	rm -rf $(VENV)/types/lethebench
	mkdir -p $(VENV)/types/lethebench
	ln -s $(CURDIR)/lethebench/* $(addprefix $(CURDIR)/,$(FOLDERS)) $(VENV)/types/lethebench
	cd $(VENV)/types && ../bin/mypy --config-file $(CURDIR)/pyproject.toml --package lethebench

$(VENV)/.torch: constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "Installing PyTorch (about 200 MB; several GB where the index serves its CUDA build) ..."
	$(INSTALL) -c constraints.txt torch $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL))
	@touch $@

$(VENV)/.run: $(VENV)/.torch pyproject.toml setup.py
	@echo "Installing lethebench and its dependencies (about 300 MB) ..."
	$(INSTALL) -c constraints.txt -e ".[train,eval]"
	@touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml setup.py tests/gradio.txt
	@echo "Installing lethebench, its dependencies and the test tools ..."
	$(INSTALL) -c constraints.txt -e ".[dev]"
	$(INSTALL) --no-deps -r tests/gradio.txt
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) build dist docs/_build *.egg-info

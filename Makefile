# make demo    lessons generated, recomputed, verified against torch, in demo/
# make test    the whole test suite
# make check   ruff, mypy and the tests
# Needs python3.11 or later; everything else is installed into .venv.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3.14 python3,$(shell command -v $(name))))
VENV := .venv
RUN := $(VENV)/bin/python
TESTS ?= tests

.PHONY: demo test check docs picture performance lint types environment benchmark clean

demo: $(VENV)/.demo
	$(RUN) -m sheetgrad.generators.demo demo
	@echo "The lessons are in demo/: open them in Excel or LibreOffice."

test: $(VENV)/.test
	$(RUN) -m pytest --numprocesses auto --dist loadfile $(TESTS)

check: lint types test

lint: $(VENV)/.test
	$(RUN) -m ruff check .

types: $(VENV)/.test
	$(RUN) -m mypy

docs: $(VENV)/.test
	$(RUN) docs/functions_table.py

benchmark: $(VENV)/.benchmark
	$(RUN) -m benchmarks

# Runs all workloads, and puts the tables into docs/performance.md; give it a quiet machine.
performance: $(VENV)/.benchmark
	mkdir -p build
	$(RUN) -m benchmarks --json > build/benchmarks.json
	$(RUN) -m benchmarks.report build/benchmarks.json

environment: $(VENV)/.test

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# An install is repeated only when pyproject.toml has changed since.
$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[torch]"
	@touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $@

$(VENV)/.benchmark: pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[torch,benchmark]"
	@touch $@

clean:
	rm -rf build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The picture in the README, from the lesson itself: needs soffice and pdftoppm.
picture: $(VENV)/.test
	mkdir -p build/picture docs/images
	$(RUN) -m sheetgrad.engine generate conv -o build/picture/conv.xlsx --force
	soffice -env:UserInstallation=file://$(CURDIR)/build/picture/profile --headless --convert-to pdf \
		--outdir build/picture build/picture/conv.xlsx
	pdftoppm -r 110 -f 1 -l 1 -x 40 -y 45 -W 1370 -H 740 -singlefile -png build/picture/conv.pdf docs/images/conv

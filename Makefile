# `make help` lists the targets. Everything runs in .venv, which the first target that needs it creates.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif
STAMP := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo test slow engines smoke wheelhouse program man lint format bench sample fuzz audit docs matrix clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[all]"
	@touch $@

$(DEV): $(STAMP)
	$(BIN)/python -m pip install --quiet --group test --group lint
	@touch $@

demo: $(STAMP)  ## Validate sample_data/, then count, protect and publish a made-up region in out/
	@mkdir -p out
	$(BIN)/bds validate sample_data --report html=out/bevindingen.html --report json=out/bevindingen.json --exit-zero
	$(BIN)/bds generate --children 40000 --seed 7 --region midden --output out/regio.bds --force --quiet
	$(BIN)/bds indicator compute out/regio.bds --output out/regio.result --area gemeente,wijk --areas out/regio.bds/gebieden.parquet \
	  --by year --period 2023..2025 -i groei -i voeding -i vaccinatie -i bereik --force --quiet
	$(BIN)/bds protect run out/regio.result --policy wijk-klassen --to out/veilig.result --force
	$(BIN)/bds report site out/veilig.result --output out/site --demo --force
	@echo "Klaar. Open out/bevindingen.html (wat er mis is in sample_data) en out/site/index.html (cijfers van een verzonnen regio)."

test: $(DEV)  ## Run the tests (a few minutes on two cores)
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

slow: $(DEV)  ## Run the long tests: resource attacks, long fuzzing, a region of 300,000 children (Spark and dbt: make engines)
	$(BIN)/python -m pytest -m slow

engines: $(DEV)  ## All indicators on Spark (needs Java), PostgreSQL and dbt are those of DuckDB
	$(BIN)/python -m pip install --quiet --group spark --group dbt
	CI=1 $(BIN)/python -m pytest -m "slow or not slow" $(addprefix tests/indicators/test_,elsewhere.py dbt.py transpile.py)

wheelhouse: $(STAMP)  ## Collect all wheels for machines without internet in dist/wheelhouse/, with hashes and an SBOM
	$(BIN)/python packaging/wheelhouse.py

man: $(STAMP)  ## Write the man pages, Dutch and English, into dist/man/ (they come with the package too)
	$(BIN)/python packaging/man.py dist/man

matrix:  ## Run the tests with Python 3.12 and 3.13, and with the oldest supported libraries
	$(PYTHON) tests/matrix.py

program: $(STAMP)  ## Make dist/bds.pyz, one file for machines with this Python, and try it
	$(BIN)/python packaging/program.py

smoke:  ## Install as a user would, without extras and tools, and validate sample_data/
	rm -rf build/smoke
	$(PYTHON) -m venv build/smoke
	build/smoke/bin/python -m pip install --quiet .
	build/smoke/bin/bds --version
	cd build && smoke/bin/bds validate ../sample_data --quiet --exit-zero

lint: $(DEV)  ## Check style, types and the size of what we promise
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEV)  ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sample: $(STAMP)  ## Make sample_data/ again; it is byte-identical for its seed
	$(BIN)/python sample_data/make.py

bench: $(DEV)  ## Run all benchmarks, or some: make bench NAMES="store_scan read_dob"
	$(BIN)/python benchmarks/run.py $(NAMES)

fuzz: $(DEV)  ## Fuzz each reader for FUZZ_SECONDS (60), with sample_data/ as corpus
	$(BIN)/python -m pip install --quiet --group fuzz
	$(BIN)/python tests/robust/fuzz_all.py --seconds $(or $(FUZZ_SECONDS),60)

audit: $(STAMP)  ## Known holes in what bds depends on (asks the internet), and the bill of materials in build/sbom.json
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet "pip-audit>=2.7" "cyclonedx-bom>=5"
	$(BIN)/python -m pip freeze --exclude-editable > build/audit/requirements.txt
	build/audit/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-format JSON --output-file build/sbom.json
	build/audit/bin/pip-audit --strict --no-deps --disable-pip --requirement build/audit/requirements.txt

docs: $(STAMP)  ## Build the documentation into site/, without network
	$(BIN)/python docs/build.py site

clean:  ## Remove what the other targets made
	rm -rf $(VENV) out build dist site .pytest_cache .mypy_cache .ruff_cache

# Two targets are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test check style types contract bench torture picture situations lock clean

demo: $(STAMP)  ## a whole world on this machine, and the console on it
	$(BIN)/forny demo $(if $(customers),--customers $(customers)) $(ARGS)

test: $(STAMP)  ## set up, then every test
	$(BIN)/pytest $(ARGS)

check: $(STAMP) style types contract test  ## what CI runs

style: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contract: $(STAMP)
	$(BIN)/lint-imports

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("forny needs Python 3.11 or newer; name it: make PYTHON=python3.12 test") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

bench: $(STAMP)  ## how fast the line is on this machine, as ratios
	$(BIN)/python -m tests.bench

torture: $(STAMP)  ## the killing test, long: make torture kills=500 seed=7
	FORNY_KILLS=$(or $(kills),200) FORNY_SEED=$(or $(seed),1) $(BIN)/pytest tests/simulation

picture: $(STAMP)  ## draw README's picture anew, from the program
	$(BIN)/python -m tests.picture docs/console.svg

situations: $(STAMP)  ## write the operators' page anew, from the catalogue and the texts
	$(BIN)/python -m tests.situations.document

lock:  ## renew requirements.lock (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url --no-header --upgrade --python-version 3.11 -o requirements.lock

clean:
	rm -rf .venv

# SPDX-License-Identifier: Apache-2.0
# The two commands: `make demo` shows the whole pipeline, `make test` runs all checks. Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check docs fuzz fuzz-firmware clean

demo:
	@$(PYTHON) scripts/bootstrap.py demo $(BOARD)
	@$(BIN)/python scripts/demo.py $(if $(BOARD),--board $(BOARD))

test:
	@$(PYTHON) scripts/bootstrap.py test
	$(MAKE) check
	$(BIN)/python -m pytest -n 2 --dist loadgroup
	$(BIN)/python scripts/demo.py --short

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The documentation as a site in build/site/; a broken link or anchor is an error.
docs:
	@$(PYTHON) scripts/bootstrap.py test
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	@echo "open build/site/index.html"

# The .tflite reader and what is made of what it accepts; SECONDS and CORPUS say how long and where mutants are kept.
fuzz:
	@$(PYTHON) scripts/bootstrap.py test
	$(BIN)/python -m pip install -q 'atheris>=3'
	$(BIN)/python tests/helpers/fuzz_reader.py --seconds $(or $(SECONDS),600) --corpus $(or $(CORPUS),build/fuzz)

# The firmware's application over its serial line; needs clang.
fuzz-firmware:
	@$(PYTHON) scripts/bootstrap.py test
	$(BIN)/python tests/helpers/fuzz_firmware.py --seconds $(or $(SECONDS),600) --corpus $(or $(CORPUS),build/fuzz-firmware/corpus)

clean:
	rm -rf build demo dist *.egg-info tinykws/native/_kws.* tinykws/_resources .pytest_cache .mypy_cache .ruff_cache .hypothesis

# SPDX-License-Identifier: Apache-2.0
# `make demo` shows the whole pipeline, `make test` runs all checks, `make quick` the fast ones. Each sets up .venv first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test quick check docs fuzz fuzz-reader fuzz-firmware clean

demo:
	@$(PYTHON) scripts/bootstrap.py demo $(BOARD)
	@$(BIN)/python scripts/demo.py $(if $(BOARD),--board $(BOARD))

test:
	@$(PYTHON) scripts/bootstrap.py test
	$(MAKE) check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
	$(BIN)/python scripts/demo.py --short

# While working: two to three minutes on two cores. Needs gcc, but no emulator, no cross compiler, and trains nothing.
quick:
	@$(PYTHON) scripts/bootstrap.py quick
	$(MAKE) check
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow"

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The documentation as a site in build/site/; a broken link or anchor is an error.
docs:
	@$(PYTHON) scripts/bootstrap.py test
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	@echo "open build/site/index.html"

# Fuzzes what reads untrusted input, through the commands. TARGET: bundle, settings, log, list or model (default: all, one
# after the other); SECONDS: for how long, each; SEED; FOLDER: of counts and findings.
fuzz:
	@$(PYTHON) scripts/bootstrap.py test
	$(BIN)/python tests/helpers/fuzz_inputs.py $(if $(TARGET),--target $(TARGET)) --seconds $(or $(SECONDS),600) \
		--seed $(or $(SEED),1) --folder $(or $(FOLDER),build/fuzz)

# Fuzzes the .tflite reader, and compiles and runs what it accepts. SECONDS: for how long; CORPUS: folder of the inputs.
fuzz-reader:
	@$(PYTHON) scripts/bootstrap.py test
	$(BIN)/python -m pip install -q 'atheris>=3'
	$(BIN)/python tests/helpers/fuzz_reader.py --seconds $(or $(SECONDS),600) --corpus $(or $(CORPUS),build/fuzz-reader)

# Fuzzes the firmware's application through its serial port. Needs clang.
fuzz-firmware:
	@$(PYTHON) scripts/bootstrap.py test
	$(BIN)/python tests/helpers/fuzz_firmware.py --seconds $(or $(SECONDS),600) --corpus $(or $(CORPUS),build/fuzz-firmware/corpus)

clean:
	rm -rf build demo dist *.egg-info tinykws/native/_kws.* tinykws/_resources .pytest_cache .mypy_cache .ruff_cache .hypothesis

# All the work is in make.py, which also runs where there is no make. ARGS go to what a target starts:
#   make test ARGS="-k ledger"      make app ARGS="--port 8000"      make app PYTHON=/path/to/python3.12
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do command -v $$p && break; done)
TARGETS := app demo check test test-long format setup bench bench-people bench-judgement tour lock update-ytdlp clean

.PHONY: help $(TARGETS)

help $(TARGETS):
	@test -n "$(PYTHON)" || { echo "No Python was found on PATH; Framesieve needs Python 3.11 to 3.14."; exit 1; }
	@"$(PYTHON)" make.py $@ $(ARGS)

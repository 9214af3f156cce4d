# Millrace: every command a newcomer or an operator needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
RUN := PYTHONPATH=$(CURDIR) $(PYTHON)
PACKAGES := benchmarks config kafka migrations spark utilities tests
EVENTS ?= 100000
CAPTURE ?=
SERVER ?=
ARGS ?=

.PHONY: help demo test env up down status logs mirror land index etl reconcile quality trace catalog marts dictionary generate replay psql bench lint lock clean soak prerequisites

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  %-12s %s\n", $$1, $$2}'

prerequisites:
	@bash deploy/prerequisites.sh

# The environment is complete only when the stamp is there: a broken installation is begun again.
.venv/.runtime: requirements.txt | prerequisites
	@echo "millrace: installing the Python environment into .venv (about 450 MB to download, once)"
	@test -x $(PYTHON) || python3 -m venv .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/.development: requirements-dev.txt .venv/.runtime
	@echo "millrace: installing the test tools into .venv"
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.venv-airflow/.ready: deploy/airflow/requirements.txt | prerequisites
	@echo "millrace: installing Airflow into .venv-airflow (about 80 MB to download, once)"
	@python3 -m venv --clear .venv-airflow
	@.venv-airflow/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/airflow/requirements.txt
	@touch $@

demo: .venv/.runtime ## events travel the whole way: EVENTS=100000 generated, or CAPTURE=file.jsonl[.gz]
	@EVENTS="$(EVENTS)" CAPTURE="$(CAPTURE)" $(RUN) -m utilities.demo

test: .venv/.development ## all tests: unit, then integration and end to end on real servers of their own
	@$(RUN) -m pytest $(ARGS)

soak: .venv/.development ## 50 kills of each stage; ARGS=outage: each server away for OUTAGE_SECONDS=300, OUTAGE_KILLS=20, on bad networks
ifneq ($(filter outage,$(ARGS)),)
	@OUTAGE_SECONDS=$${OUTAGE_SECONDS:-300} OUTAGE_KILLS=$${OUTAGE_KILLS:-20} \
	  $(RUN) -m pytest tests/end_to_end/test_outage_soak.py $(filter-out outage,$(ARGS))
else
	@CRASH_KILLS=50 $(RUN) -m pytest tests/end_to_end/test_crashes.py $(ARGS)
endif

# Without the Python environment, the image of docker-compose.yml has what is needed.
env: ## write generated secrets into .env and start nothing (for docker compose; up does it by itself)
	@if [ -x $(PYTHON) ]; then $(RUN) -m utilities.local_servers env; else \
	  docker build --quiet --file deploy/Dockerfile --tag millrace:0.1.0 . >/dev/null && \
	  docker run --rm --user "$$(id -u):$$(id -g)" --volume "$(CURDIR):/checkout" \
	    --env MILLRACE_ENV_FILE=/checkout/.env millrace:0.1.0 python -m utilities.local_servers env; \
	fi

up: .venv/.runtime ## start the servers on loopback and wait until each answers
	@$(RUN) -m utilities.local_servers up

down: .venv/.runtime ## stop the servers; their data stays
	@$(RUN) -m utilities.local_servers down

status: .venv/.runtime ## server, address, state, pid, memory, version
	@$(RUN) -m utilities.local_servers status

logs: .venv/.runtime ## end of the servers' logs: SERVER=kafka-1 for one
	@$(RUN) -m utilities.local_servers logs $(SERVER)

generate: .venv/.runtime ## EVENTS=100000 generated events into the source Kafka: ARGS="--seed 7"
	@$(RUN) -m utilities.generate_events --events $(EVENTS) $(ARGS)

replay: .venv/.runtime ## replay CAPTURE=file.jsonl[.gz] into the source Kafka
	@$(RUN) -m utilities.replay_events $(ARGS) $(CAPTURE)

mirror: .venv/.runtime ## source Kafka -> local cluster, exactly once: ARGS="--follow"
	@$(RUN) -m kafka.mirror $(ARGS)

land: .venv/.runtime ## local cluster -> MongoDB: ARGS="--follow"
	@$(RUN) -m kafka.landing $(ARGS)

index: .venv/.runtime ## local cluster -> Elasticsearch: ARGS="--follow"
	@$(RUN) -m kafka.indexer $(ARGS)

etl: .venv/.runtime ## MongoDB -> Spark -> PostgreSQL star schema: ARGS="--from-date D --to-date D", "--full-refresh"
	@PYSPARK_PYTHON=$(CURDIR)/$(PYTHON) SPARK_CONF_DIR=$(CURDIR)/config/spark .venv/bin/spark-submit spark/etl.py $(ARGS)

reconcile: .venv/.runtime ## the identities from the remote broker to the facts: ARGS="--json"
	@$(RUN) -m utilities.reconcile $(ARGS)

quality: .venv/.runtime ## the data quality checks: ARGS="--run 7", "--html report.html"
	@$(RUN) -m utilities.quality $(ARGS)

trace: .venv/.runtime ## an event's way through every store: ARGS="--event-id ID"
	@$(RUN) -m utilities.trace $(ARGS)

catalog: .venv/.runtime ## what the shop says of its products: ARGS="products.csv"
	@$(RUN) -m utilities.load_product_catalog $(ARGS)

marts: .venv/.runtime ## refresh the materialized marts, as the ETL does after each run
	@$(RUN) -m utilities.refresh_marts $(ARGS)

dictionary: .venv/.runtime ## docs/data_dictionary.md and docs/entities.md from the migrated warehouse: ARGS="--check"
	@$(RUN) -m utilities.data_dictionary $(ARGS)

psql: .venv/.runtime ## SQL as bi_reader: make psql, or make -s psql < file.sql
	@$(RUN) -m utilities.psql $(ARGS)

bench: .venv/.development ## side-by-side benchmarks, medians and ratios
	@$(RUN) -m benchmarks $(ARGS)

lint: .venv/.development ## ruff and mypy
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy $(wildcard $(PACKAGES)) deploy/compose/connected.py

lock: .venv/.development ## pin versions and hashes anew from requirements*.in
	@for name in requirements requirements-dev deploy/airflow/requirements; do \
	  $(PYTHON) -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header --quiet $$name.in -o $$name.txt; \
	done

clean: ## stop the servers, delete their data and the Python environment
	@if [ -x $(PYTHON) ] && [ -f .env ]; then $(RUN) -m utilities.local_servers clean; fi
	@rm -rf .venv .venv-airflow .pytest_cache .mypy_cache .ruff_cache

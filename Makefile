# Every command by its name of old: a target is `./millrace` with the same name, which is where options and help are.
# What stands here in full is what makes the environment. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
RUN := PYTHONPATH=$(CURDIR) $(PYTHON)
MILLRACE := @$(CURDIR)/millrace
EVENTS ?= 100000
CAPTURE ?=
SERVER ?=
ARGS ?=
COMMA := ,

.PHONY: help demo live test env up down status logs mirror land index etl stream reconcile quality trace catalog migrate marts dictionary generate replay superset kibana psql bench lint lock clean soak prerequisites prerequisites-for-tests

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{printf "  %-12s %s\n", $$1, $$2}'

prerequisites:
	@bash deploy/prerequisites.sh

prerequisites-for-tests:
	@bash deploy/prerequisites.sh tests

# $(call install,ENVIRONMENT,REQUIREMENTS,TEXT): with signs of life. Downloads go below the environment, where they are
# seen to grow and where there must be room anyway.
define install
	@mkdir -p $(1)/.download
	@TMPDIR=$(CURDIR)/$(1)/.download PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR) python3 -m utilities.local_servers.long_step \
	  --doing "installing $(3)" --log $(1)/install.log --watch $(1) -- \
	  $(1)/bin/python -m pip install --disable-pip-version-check --require-hashes -r $(2)
	@rm -rf $(1)/.download
endef

# The environment is complete only when the stamp is there: a broken installation is begun again.
.venv/.runtime: requirements.txt | prerequisites
	@test -x $(PYTHON) || python3 -m venv .venv
	$(call install,.venv,$<,the Python environment into .venv (about 450 MB to download$(COMMA) once))
	@touch $@

.venv/.development: requirements-dev.txt .venv/.runtime
	$(call install,.venv,$<,the test tools into .venv)
	@touch $@

.venv-airflow/.ready: deploy/airflow/requirements.txt | prerequisites
	@python3 -m venv --clear .venv-airflow
	$(call install,.venv-airflow,$<,Airflow into .venv-airflow (about 80 MB to download$(COMMA) once))
	@touch $@

.venv-superset/.ready: deploy/superset/requirements.txt | prerequisites
	@python3 -m venv --clear .venv-superset
	$(call install,.venv-superset,$<,Superset into .venv-superset (about 250 MB to download$(COMMA) once))
	@touch $@

.venv-anomalies/.ready: benchmarks/anomaly_peers/requirements.txt benchmarks/anomaly_peers/data.txt | prerequisites
	@python3 -m venv --clear .venv-anomalies
	$(call install,.venv-anomalies,$<,the peers of anomalies into .venv-anomalies (about 150 MB to download$(COMMA) once))
	@.venv-anomalies/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	  -r benchmarks/anomaly_peers/data.txt
	@touch $@

demo: ## events travel the whole way: EVENTS=100000 generated, or CAPTURE=file.jsonl[.gz]
	$(MILLRACE) demo $(if $(CAPTURE),--capture "$(CAPTURE)",--events "$(EVENTS)")

live: ## a shop as it happens: generators, stages, stream, API and dashboard, until Ctrl-C; ARGS="--rate 20"
	$(MILLRACE) live $(ARGS)

test: ## all tests: unit, then integration and end to end on real servers of their own
	$(MILLRACE) test $(ARGS)

soak: .venv/.development ## 50 kills of each stage; ARGS=outage: each server away for OUTAGE_SECONDS=300, OUTAGE_KILLS=20, on bad networks
ifneq ($(filter outage,$(ARGS)),)
	@OUTAGE_SECONDS=$${OUTAGE_SECONDS:-300} OUTAGE_KILLS=$${OUTAGE_KILLS:-20} \
	  $(RUN) -m pytest tests/end_to_end/test_outage_soak.py $(filter-out outage,$(ARGS))
else
	@CRASH_KILLS=50 $(RUN) -m pytest tests/end_to_end/test_crashes.py $(ARGS)
endif

env: ## write generated secrets into .env and start nothing (for docker compose; up does it by itself)
	$(MILLRACE) env

up: ## start the servers on loopback and wait until each answers
	$(MILLRACE) up

down: ## stop the servers; their data stays
	$(MILLRACE) down

status: ## server, address, state, pid, memory, version
	$(MILLRACE) status

logs: ## end of the servers' logs: SERVER=kafka-1 for one
	$(MILLRACE) logs $(SERVER)

generate: ## EVENTS=100000 generated events into the source Kafka: ARGS="--seed 7"
	$(MILLRACE) generate --events $(EVENTS) $(ARGS)

replay: ## replay CAPTURE=file.jsonl[.gz] into the source Kafka
	$(MILLRACE) replay $(ARGS) $(CAPTURE)

mirror: ## source Kafka -> local cluster, exactly once: ARGS="--follow"
	$(MILLRACE) mirror $(ARGS)

land: ## local cluster -> MongoDB: ARGS="--follow"
	$(MILLRACE) land $(ARGS)

index: ## local cluster -> Elasticsearch: ARGS="--follow"
	$(MILLRACE) index $(ARGS)

etl: ## MongoDB -> Spark -> PostgreSQL star schema: ARGS="--from-date D --to-date D", "--full-refresh"
	$(MILLRACE) etl $(ARGS)

stream: ## local cluster -> windows of schema live, as events come: ARGS="--follow"
	$(MILLRACE) stream $(ARGS)

reconcile: ## the identities from the remote broker to the facts: ARGS="--json"
	$(MILLRACE) reconcile $(ARGS)

quality: ## the data quality checks: ARGS="--run 7", "--html report.html"
	$(MILLRACE) quality $(ARGS)

trace: ## an event's way through every store: ARGS=ID
	$(MILLRACE) trace $(ARGS)

catalog: ## what the shop says of its products: ARGS="products.csv"
	$(MILLRACE) catalog $(ARGS)

migrate: ## the warehouse to the revisions, marts and functions of this checkout, as up does
	$(MILLRACE) migrate $(ARGS)

marts: ## refresh the materialized marts, as the ETL does after each run
	$(MILLRACE) marts $(ARGS)

dictionary: ## docs/data_dictionary.md and docs/entities.md from the migrated warehouse: ARGS="--check"
	$(MILLRACE) dictionary $(ARGS)

superset: ## Superset on loopback as bi_reader, with the dashboards of deploy/superset; Ctrl-C stops it
	$(MILLRACE) superset

kibana: ## data views, searches and dashboards, into Kibana: ARGS="--output FILE.ndjson"
	$(MILLRACE) kibana $(ARGS)

psql: ## SQL as bi_reader: make psql, or make -s psql < file.sql
	$(MILLRACE) psql $(ARGS)

bench: ## side-by-side benchmarks, medians and ratios
	$(MILLRACE) bench $(ARGS)

lint: ## ruff and mypy
	$(MILLRACE) lint

lock: .venv/.development ## pin versions and hashes anew from requirements*.in
	@for name in requirements requirements-dev deploy/airflow/requirements deploy/superset/requirements benchmarks/anomaly_peers/requirements; do \
	  $(PYTHON) -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header --quiet $$name.in -o $$name.txt; \
	done
	@$(PYTHON) -m uv pip compile --no-deps --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --quiet benchmarks/anomaly_peers/data.in -o benchmarks/anomaly_peers/data.txt

clean: ## stop the servers, delete their data and the Python environments
	$(MILLRACE) clean

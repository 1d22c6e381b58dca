# QTS. `make` lists what there is.
SHELL := /bin/sh
PY := .venv/bin/python
RUN := $(PY) -m
TEST_ARGS ?=
# where it is set, each process compiles all it imports: seconds for each of them
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-ml demo servers manage totp tui test e2e screens bench check reset base dev soak notebook

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

base:
	@requirements/install.sh base

dev:
	@requirements/install.sh base dev

setup: dev ## virtual environment with everything for running, testing and changing QTS

setup-ml: base ## also the libraries for model training
	@requirements/install.sh ml

demo: base ## the whole system until Ctrl-C (PORT= SIM_PORT= FLOWER_PORT= RPC_PORT= SPEED= START= BIND= choose)
	@exec $(RUN) qts.embedded.demo

servers: base ## PostgreSQL and Valkey alone, for development
	@exec $(RUN) qts.embedded.demo --only servers

manage: base ## a command of manage.py on what runs: make manage ARGS='showmigrations'
	@exec $(RUN) qts.embedded.demo manage $(ARGS)

totp: base ## the log-in code of a demo user: make totp USER=trader
	@exec $(RUN) qts.embedded.demo manage totp "$(if $(findstring command,$(origin USER)),$(USER),trader)"

tui: base ## the terminal client (URL= names the server, ARGS='--lang vi' and more)
	@exec $(RUN) qts.tui --url $(or $(URL),http://127.0.0.1:$(or $(PORT),8000)) $(ARGS)

test: dev ## every test, on a PostgreSQL and a Valkey of its own (TEST_ARGS='apps/orders -x' chooses)
	$(RUN) pytest -n 2 $(TEST_ARGS)

e2e: dev ## the browser journeys alone
	$(RUN) pytest -m e2e $(TEST_ARGS)

messages: dev ## the Vietnamese catalogue in step with the texts: new ones are empty until somebody writes them
	$(PY) manage.py makemessages --settings qts.settings.test
	msgfmt --check -o locale/vi/LC_MESSAGES/django.mo locale/vi/LC_MESSAGES/django.po

screens: dev ## pictures of every screen of the running demo, in docs/screens/ (PORT= names it)
	$(RUN) tests.e2e.screens

bench: dev ## measure; writes benchmarks/results/latest.json
	$(RUN) benchmarks

notebook: dev ## run the documentation's notebooks and keep what they show
	PYTHONPATH=$(CURDIR) PATH=$(CURDIR)/.venv/bin:$$PATH .venv/bin/jupyter execute --inplace docs/notebooks/*.ipynb

soak: dev ## the long trials: a million orders against the gate's oracle, a thousand stops, every crash, 300 kills
	QTS_ORACLE_ORDERS=1000000 QTS_KILL_TRIALS=1000 QTS_GATE_ROUNDS=200 $(RUN) pytest -s \
		tests/test_risk_oracle.py tests/test_kill_trials.py tests/test_gate_many_at_once.py $(TEST_ARGS)
	QTS_CRASH_TRIALS=all QTS_CUT_ANSWERS=1000 QTS_GATEWAY_PAUSES=200 QTS_GATEWAY_KILLS=300 QTS_FILL_HISTORIES=10000 \
		QTS_AMENDMENT_HISTORIES=2000 $(RUN) pytest -s tests/test_crash_points.py tests/test_cut_answers.py \
		tests/test_gateway_pauses.py tests/test_order_journey.py apps/orders/tests/test_fill_histories.py \
		apps/orders/tests/test_amendment_histories.py tests/test_plan_crashes.py $(TEST_ARGS)
	QTS_STREAM_GAPS=10 QTS_FUZZED_MESSAGES=1000000 $(RUN) pytest -s tests/test_stream_gaps.py \
		qts/adapters/tests/test_ssi_codec_many.py $(TEST_ARGS)
	QTS_TRADING_DAYS=22 QTS_TRADING_SEEDS=1,2,3 $(RUN) pytest -s tests/test_trading_month.py $(TEST_ARGS)
	QTS_CONSUMER_KILLS=100 QTS_SERVER_LOSSES=10 $(RUN) pytest -s tests/test_consumer_kills.py \
		tests/system/test_servers_lost.py $(TEST_ARGS)
	QTS_PROCESS_KILLS=300 QTS_STORM_ORDERS_PER_S=50 $(RUN) pytest -s tests/system/test_kill_nine.py $(TEST_ARGS)

check: dev ## style, types, import contracts, migrations, templates
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy .
	.venv/bin/lint-imports
	$(RUN) deptry . --no-ansi
	$(RUN) qts.embedded.throwaway makemigrations --check --dry-run
	$(RUN) djlint --lint --quiet templates
	$(RUN) qts.reference_docs --check

reset: base ## delete the demo's data (asks; YES=1 does not)
	@$(RUN) qts.embedded.reset $(if $(YES),--yes)

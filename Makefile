# Everything a user or developer runs. `make` alone lists the targets; what needs an installed environment makes it first.

# Options for the command behind a target: make up ARGS="--port-offset 100".
ARGS ?=
# The Python to build the environment with; the first fitting one that is found, if not given.
PYTHON ?=

VENV := .venv
BIN := $(VENV)/bin
# uv itself comes as a wheel, in the version of the lock file.
UV_VERSION := $(shell sed -n '/^name = "uv"$$/{n;s/^version = "\(.*\)"$$/\1/p;}' uv.lock)
# The environment's own interpreter, whatever .python-version prefers; nothing is downloaded in its place.
UV := UV_PYTHON=$(BIN)/python UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv

# A service that may not keep its byte code compiles all that it imports at each of its many starts.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List the targets
	@echo "Usage: make TARGET [ARGS=\"options of the command behind it\"]"
	@echo
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.installed $(VENV)/.kafka ## Install everything into .venv and fetch Kafka; instant when nothing has changed

.PHONY: up
up: setup ## Start the whole system and keep it running until Ctrl-C (state in .ordercast/; ARGS=--with-prometheus to watch it)
	@$(BIN)/ordercast up $(ARGS)

.PHONY: demo
demo: setup ## Run the main job on the sample from start to end, and leave the results in out/
	@$(BIN)/ordercast demo $(ARGS)

.PHONY: check
check: setup ## Check style, types and the directions of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo

.PHONY: audit
audit: setup ## Check with bandit's rules, list all packages (out/sbom.cdx.json) and ask for their known vulnerabilities
	@$(BIN)/ruff check --select S .
	@infra/tools/audit out/sbom.cdx.json env $(UV)

# What others build on: the documents of the events, that no reader of the last release breaks, consumers in four languages, webhooks,
# the feed, and clients made of the OpenAPI documents. At last a whole system, of which `verify` finds no difference.
CONTRACT_TESTS := $(addprefix tests/unit/,client contracts infra/kafka services/shared/event_contract services/order_api/event_contract services/order_api/webhooks) \
	tests/integration/consumers tests/integration/clients tests/integration/test_asyncapi_schema.py \
	$(addprefix tests/integration/order_api/,test_feed.py test_webhooks.py test_webhooks_attacked.py test_webhooks_http.py test_webhooks_process.py) \
	$(addprefix tests/integration/order_api/,test_relay_states.py test_relay_states_away.py test_suspended_relay.py test_follow_erasures.py) \
	tests/integration/cli/test_client_page.py

.PHONY: contract
contract: setup ## Compare the events' documents with the code and the last release, and run consumers, webhooks, the feed and generated clients
	@$(BIN)/pytest $(CONTRACT_TESTS) $(ARGS)
	@$(BIN)/pytest -q tests/e2e/test_events_out.py

.PHONY: security
security: setup ## Attack a running system, print what each attack got, and compare every row afterwards (about 2 minutes)
	@$(BIN)/python -m tests.security

# Processes that share the tests out, module by module; each has servers of its own. One more than there
# are cores: tests of whole systems wait about half of their time. WORKERS=0 runs all in this one.
WORKERS ?= 3

.PHONY: test
test: check ## Check everything and run all tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadscope $(ARGS)

# Pictures of each page, desktop and phone, are left in out/console.
.PHONY: test-console
test-console: setup ## Test the console in a real browser (needs chromium) and leave pictures of its pages in out/console
	@mkdir -p out/console
	@CONSOLE_PICTURES=out/console $(BIN)/pytest tests/unit/services/console tests/integration/console $(ARGS)

.PHONY: coverage
coverage: setup ## Run all tests and say which lines none of them reaches (a third more processor time)
	@$(BIN)/pytest -n $(WORKERS) --dist loadscope --cov --cov-report=term:skip-covered $(ARGS)

.PHONY: test-unit
test-unit: setup ## Run the tests that need no server
	@$(BIN)/pytest tests/unit tests/architecture $(ARGS)

# The images below: `default` ones from a registry, or `offline` ones, made here where no registry can be reached.
IMAGES ?= default
# What runs on containers: what is about containers, or about servers of which it starts, kills and restarts its own, and the
# end-to-end tests. ALL=1 runs the whole integration suite on them, which `make test` runs on embedded servers.
ALL ?=
INTEGRATION_TESTS := $(addprefix tests/integration/,images stacks kafka test_migrations.py feature_worker/test_servers_gone.py \
	order_api/test_views_broker_restart.py predictor/test_broker_away.py predictor/test_pairs.py)
CONTAINER_TESTS := tests/compose tests/helm/test_pods_run.py tests/e2e $(if $(ALL),tests/integration,$(INTEGRATION_TESTS))

.PHONY: images
images: setup ## Make the services' container images (IMAGES=offline where no image registry can be reached)
	@infra/images/ensure-engine
	@if [ "$(IMAGES)" = offline ]; then infra/images/build-offline; fi
	@infra/images/with $(IMAGES) infra/images/build

.PHONY: test-containers
test-containers: images ## Run what is about containers, and the end-to-end tests, on containers (ALL=1 adds the other integration tests)
	@infra/images/with $(IMAGES) $(BIN)/pytest -n $(WORKERS) --dist loadscope --stack=containers $(CONTAINER_TESTS) $(ARGS)

# Of docker compose: make compose-up COMPOSE_ARGS="--profile observability".
COMPOSE_ARGS ?=
# Built from its Go module where the engine came without it.
COMPOSE = infra/images/with $(IMAGES) $(shell docker compose version >/dev/null 2>&1 && echo docker compose || infra/tools/build compose) $(COMPOSE_ARGS)

.PHONY: compose-up
compose-up: images ## Start the whole system in containers and wait until it is healthy
	@$(BIN)/python -m ordercast.infra.compose_secrets
	@$(COMPOSE) -f infra/compose.yaml up --wait

.PHONY: compose-renew
compose-renew: images ## Give PostgreSQL and Kafka new certificates, and start all containers anew with these; data stays
	@$(BIN)/python -m ordercast.infra.compose_secrets --new-certificates
	@$(COMPOSE) -f infra/compose.yaml up --wait --force-recreate

.PHONY: compose-down
compose-down: ## Stop the containers; their data stays (ARGS=-v takes it too)
	@$(COMPOSE) --profile '*' -f infra/compose.yaml down $(ARGS)

.PHONY: bench-quick
bench-quick: setup ## Measure speed and memory beside the plain way (about 9 minutes) and write BENCHMARKS.md
	@$(BIN)/python -m tests.bench.quick

.PHONY: bench-console
bench-console: setup ## Measure the console's pages with 10,000 products and 1,000,000 feature rows (about 8 minutes), for BENCHMARKS.md
	@$(BIN)/python -m tests.bench.quick bench_console

.PHONY: quality
quality: setup ## Judge naive answers, classical ones and networks on a real shop's history, a simulated one and planted cases (minutes) and write QUALITY.md (ONLY=pair|product|line|intervals|training|market|planted for one part)
	@$(BIN)/python -m ordercast.quality $(if $(ONLY),--only $(ONLY))

$(VENV)/.created:
	@PYTHON="$(PYTHON)" sh infra/local/create_venv.sh $(VENV)
	@touch $@

$(VENV)/.uv-$(UV_VERSION): | $(VENV)/.created
	@echo "installing uv $(UV_VERSION)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@touch $@

$(VENV)/.installed: pyproject.toml uv.lock $(VENV)/.uv-$(UV_VERSION)
	@echo "installing the packages of uv.lock: 3.4 GB, a minute or more without a word"
	@$(UV) sync --frozen --all-extras --compile-bytecode --quiet
	@touch $@

$(VENV)/.kafka: infra/local/kafka_jars/jgo.lock.toml | $(VENV)/.installed
	@$(BIN)/python -m ordercast.infra.local.install
	@touch $@

# Serialtrail: `make help` lists what can be done. Everything is built in one profile (release), so that
# the libraries it uses are built once.

CLOCK ?=
# Extra arguments of `serialtrail demo`, for example DEMO='--items 50000 --seed 7'
DEMO ?=
# Extra arguments of the bench, for example BENCH='--only gateway,query' or BENCH=--quick
BENCH ?=
# Extra arguments of `cargo test`, for example TEST='--test containment'
TEST ?=
CARGO_DENY_VERSION := 0.20.2
ADVISORIES := https://github.com/rustsec/advisory-db

# Wherever Cargo is set up to build, everything here looks into this folder.
export CARGO_TARGET_DIR := $(CURDIR)/target
SERIALTRAIL := target/release/serialtrail
TEST_DIR := $(CURDIR)/.local/test
TEST_PORTS := 9400
export SERIALTRAIL_PARTS ?= $(CURDIR)/.local/parts

.DEFAULT_GOAL := help
.PHONY: help demo test bench up down status clean lint build parts console

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

demo: parts build ## Start everything, stream a simulated world through it, print a summary
	@$(SERIALTRAIL) demo $(DEMO)

test: parts console ## Every test, the end-to-end ones and those in a browser on stacks of their own
	@deploy/local/test.sh $(TEST_DIR) $(TEST_PORTS) $(TEST)

up: parts build ## Start the local stack and the services (CLOCK=live or CLOCK=replay)
	@$(SERIALTRAIL) up $(if $(CLOCK),--clock $(CLOCK))

down: $(SERIALTRAIL) ## Stop what `make up` or `make demo` started
	@$(SERIALTRAIL) down

status: $(SERIALTRAIL) ## Processes, ports, health, lag, stream time
	@$(SERIALTRAIL) status || test $$? = 3

clean: $(SERIALTRAIL) ## Stop the local stack and remove its data and logs; the parts stay
	@$(SERIALTRAIL) clean

lint: ## Format, clippy without warnings, the console's types and lints, licences and advisories
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings
	deploy/local/console.sh lint
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked --quiet --debug cargo-deny@$(CARGO_DENY_VERSION)
	cargo deny --config .deny.toml check licenses bans sources
	@if git ls-remote --quiet $(ADVISORIES) HEAD >/dev/null 2>&1; \
	then cargo deny --config .deny.toml check advisories; \
	else echo "SKIPPED: advisories: $(ADVISORIES) cannot be reached"; fi

# Naming a test makes Cargo choose the features tests need: `make test` then compiles nothing twice.
BUILD := cargo build --release --workspace --bins --test local_stack

# Its own stacks, ports and folder, at most 30 GB of disk; says before it begins how long it will take.
bench: parts build ## Measure the whole stack by parts; figures in target/bench/*.json (BENCH=--help says more)
	@tests/bench/peers/install.sh
	@target/release/serialtrail-bench $(BENCH)

build: console ## Build all programs and the console
	@$(BUILD)

# Nothing is done, nor the network asked, when nothing of it changed.
console: ## Build the console into target/console (npm, Vite)
	@deploy/local/console.sh

# Stopping must not wait for a build, nor need one that succeeds.
$(SERIALTRAIL):
	@$(BUILD)

parts: ## Check prerequisites; fetch Kafka, Apicurio, the ClickHouse engine, Prometheus, Alertmanager
	@deploy/local/install.sh

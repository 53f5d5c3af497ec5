# Short names for what is done often. `make` alone lists them.

# Where the results of a bench go.
BENCH ?= .run/bench
# More arguments for the bench: make bench ARGUMENTS="--only fanout --systems rookery,bun"
ARGUMENTS ?=

.PHONY: help test bench bench-short peers

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

test: ## everything that has to hold (scripts/test)
	scripts/test

bench: peers ## Rookery and its peers in turn, against the goals; a page in .run/bench
	cargo build --release --locked -p rookery-gateway -p rookery-loadtest --features rookery-gateway/jemalloc
	mkdir -p $(BENCH)
	cargo run --release --locked --quiet -p rookery-loadtest -- bench \
		--json $(BENCH)/result.json --html $(BENCH)/report.html $(ARGUMENTS)

bench-short: ## the same with tiny loads: only whether everything arrives
	cargo build --locked -p rookery-gateway -p rookery-loadtest
	cargo run --locked --quiet -p rookery-loadtest -- bench --short $(ARGUMENTS)

peers: ## install the peers, at the versions of their lock files
	loadtest/peers/install

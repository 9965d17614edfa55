# The two commands to know are `make demo` and `make test`. All of them install
# what they need first, and ask the network for nothing that is there.
OPTIONS := -DCMAKE_BUILD_TYPE=Release -DCMAKE_RULE_MESSAGES=OFF \
  -DMIDGE_TESTS=ON -DMIDGE_ADDON=ON -DMIDGE_CLI=ON -DMIDGE_BENCH=ON

.PHONY: build demo test package chroot deb musl soak torture torture-asan simulate programs chaos \
  fuzz exhaustive coverage mutants bench durability site tidy clean

# Everything there is: library, addon, examples, tests and benchmarks.
build:
	@tools/install-dependencies build test bench
	@echo 'Building'
	@cmake -S . -B build $(OPTIONS) --log-level=WARNING >/dev/null
	@cmake --build build --parallel $(shell nproc) -- --silent

# The example, from end to end, against a real mosquitto on loopback.
demo:
	@tools/install-dependencies build demo
	@echo 'Building the addon'
	@node tools/build-addon.js
	@tools/demo

test: build
	@tools/test $(SUITES)

# The package for npm, with an addon for each architecture.
package:
	@tools/install-dependencies build package
	@tools/make-package

# The package in an environment that has nothing but Debian's smallest system.
chroot: package
	@tools/install-dependencies package runtimes chroot
	@tools/try-package

# The session without a network, with musl.
musl:
	@tools/install-dependencies musl
	@tools/try-musl

# Debian's packages, installed in a fresh Debian and compiled against.
deb:
	@tools/install-dependencies build deb
	@tools/make-deb
	@tools/try-deb

tidy:
	@tools/tidy

# The long ones; WHICH picks some, as in make soak WHICH=killed.
soak: build
	@tools/soak $(WHICH)

# A hundred thousand seeds of bad weather, every cut of every script, and ten
# thousand power cuts.
SEEDS := 100000
simulate:
	@tools/install-dependencies build test
	@tools/simulate --seeds $(SEEDS)
	@tools/simulate --cuts --all
	@tools/simulate --power --images 10000

# Every call that can fail fails, in every scenario; WHICH picks some of it, as
# in make torture WHICH='--slice 3/20' or '--kind full'.
torture: build
	@build/test/torture $(WHICH)

# The same, where leaks and what is used after its end are seen.
torture-asan:
	@tools/install-dependencies build test
	@cmake -S . -B build-asan -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG='-O1 -g' \
	  -DMIDGE_TESTS=ON -DMIDGE_CLI=ON -DMIDGE_SANITIZE=address,undefined \
	  -DCMAKE_RULE_MESSAGES=OFF --log-level=WARNING >/dev/null
	@cmake --build build-asan --parallel $(shell nproc) --target torture -- --silent
	@build-asan/test/torture $(WHICH)

# Ten minutes of bad weather, brokers and processes that are stopped and killed,
# with real mosquittos and a cluster of RabbitMQ, all at once.
chaos: build
	@tools/install-dependencies build test
	@MIDGE_TEST_CHAOS_S=$${MIDGE_TEST_CHAOS_S:-600} MIDGE_TEST_FILE_MS=3600000 \
	  tools/node-test --test-concurrency=4 test/chaos/*.test.js

# Programs of npm written for MQTT.js, each with every fault.
programs: build
	@tools/install-dependencies programs
	@MIDGE_TEST_PROGRAMS=all MIDGE_TEST_FILE_MS=3600000 tools/node-test test/programs/*.test.js

fuzz:
	@tools/install-dependencies build test
	@fuzz/run $(TARGETS)

exhaustive:
	@tools/install-dependencies build
	@fuzz/exhaustive

coverage:
	@tools/install-dependencies build coverage
	@tools/coverage

mutants:
	@tools/install-dependencies build test
	@tools/mutants $(WHICH)

bench: build
	@bench/run

# What it costs to keep messages in a store, in about 20 minutes.
durability: build
	@tools/install-dependencies durability
	@node bench/durability/run.js

# The documents as a site, in build/site.
site:
	@tools/site

clean:
	@rm -rf build build-*

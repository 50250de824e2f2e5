# SPDX-License-Identifier: MIT
#
# check.mk - the pieces of scripts/check, and what each needs before it.
#
# From scripts/check come LOGS, WORK (where the builds are), SEED (of the samples) and ALL
# (not empty: no samples). Pieces run as many at a time as there are processors, those
# that take long first.

SHELL  := /bin/bash
STRICT := -O2 -g -Werror
BATS   := $(sort $(wildcard tests/*.bats))
UNITS  := $(notdir $(basename $(sort $(wildcard tests/unit/test_*.c))))
ALL_FUZZERS := $(sort $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
# A third of them, all with ALL. Asked for when bootstrap has installed what chooses.
FUZZERS = $(if $(ALL),$(ALL_FUZZERS),$(shell scripts/sample --words 3 '$(SEED) fuzz' $(ALL_FUZZERS)))
CONVERT := $(filter tests/umm-convert%,$(BATS))
# Two halves of about the same length, which go on beside each other.
HALF   := $(filter-out tests/umm-%,$(BATS)) $(filter tests/umm-a% tests/umm-c% tests/umm-f%,$(BATS))

STATIC := format text prose layers headers shell man packages symbols tools hardening
QUICK  := bootstrap build-gcc $(STATIC) bats bats-more unit
FULL   := bootstrap build-gcc build-asan build-clang fault alloc-asan bats bats-more $(STATIC) unit static bats-asan \
	build-tsan unit-asan arm64 models build-fuzz tsan fuzz bits bats-portable bats-avx2 load valgrind without \
	short durable install deb

.PHONY: quick full list-quick list-full $(FULL)
quick: $(QUICK)
full: $(FULL)
list-quick list-full:
	@printf '%s\n' $(if $(filter list-quick,$@),$(QUICK),$(FULL))

piece = @scripts/piece $@
# all: all there is, as much of it as compiles; the jobs are shared between builds.
build = +@scripts/piece $@ $(MAKE) -k BUILD=$(WORK)/$1

# tests N,FILES: bats on these files; on one test in N, chosen by SEED, without ALL.
tests = bats --tap $(if $(ALL),,--filter "$$(scripts/sample $1 '$(SEED) $@' $2)") $2
# units BUILD,NAMES: unit tests of that build.
units = scripts/unit $(2:%=$(WORK)/$1/unit/%)
# Half of them, all with ALL.
SAMPLED_UNITS = $(if $(ALL),$(UNITS),$(shell scripts/sample --words 2 '$(SEED) unit' $(UNITS)))

# A sanitizer's own exit code is none of ours, so no expected failure hides it. gcc's fake
# stack is not aligned for 64-byte vectors: no detection of use after return. The look for
# leaks at every exit takes longer than the rest: where it is on, unit-asan, alloc-asan and
# valgrind see them.
ASAN      := exitcode=99:detect_stack_use_after_return=0:allocator_may_return_null=1
SANITIZED := env UBSAN_OPTIONS=exitcode=99:print_stacktrace=1 UMM_SAN=address,undefined

$(filter-out bootstrap,$(FULL)): bootstrap

bootstrap:
	$(piece) scripts/bootstrap --check

# ---- the tree ----

format text prose headers shell man packages:
	$(piece) scripts/check-$@
layers symbols tools hardening: build-gcc
	$(piece) scripts/check-$@ $(WORK)/gcc
static:
	$(piece) env $(if $(ALL),,SAMPLE='$(SEED)') scripts/check-c

# ---- builds ----

build-gcc:
	$(call build,gcc) CC=gcc CFLAGS='$(STRICT)' all units
# With the hooks that choose an engine: what other compilers make is under test, too.
build-clang:
	$(call build,clang) CC=clang CFLAGS='$(STRICT)' CPPFLAGS=-DUMM_TEST_HOOKS all units
# Not -g: where sanitizers are, gcc takes minutes to follow the variables of the engines.
build-asan:
	$(call build,asan) CC=gcc CFLAGS='-O1 -g1' SAN=address,undefined all units
build-fuzz:
	$(call build,fuzz) CC=clang CFLAGS='-O1 -g1' SAN=address,undefined FUZZ=1 $(FUZZERS:%=$(WORK)/fuzz/fuzz_%)

# ---- tests as a user has the tools ----

unit: build-gcc
	$(piece) $(call units,gcc,$(UNITS))
# The time zone and locale must not matter: each run of the suite has other ones.
bats bats-more: build-gcc
	$(piece) env UMM_BUILD=$(WORK)/gcc TZ=America/New_York LC_ALL=C.UTF-8 \
		bats --tap $(if $(filter bats,$@),$(HALF),$(filter-out $(HALF),$(BATS)))
# With the flags of the build, or make would build anew under the tests that use it.
install: build-gcc
	$(piece) env CC=gcc CFLAGS='$(STRICT)' scripts/check-install $(WORK)/gcc
# After install, which writes umm.pc, too.
deb: install
	$(piece) env CC=gcc CFLAGS='$(STRICT)' ALL=$(ALL) scripts/check-deb $(WORK)/gcc
load: build-gcc
	$(piece) env UMM_BUILD=$(WORK)/gcc LOAD_SECONDS=10 timeout -k 10 600 tests/load/run

# ---- calls that fail, each time and whole ----

fault without short durable: build-gcc
	$(piece) env UMM_BUILD=$(WORK)/gcc tests/fault/$(@:fault=run)
alloc-asan: build-asan
	$(piece) $(SANITIZED) ASAN_OPTIONS=$(ASAN) UMM_BUILD=$(WORK)/asan tests/fault/alloc

# ---- the same tests with other engines, sanitizers, processors ----

# Other engines of umm-convert must pass for the best one, in blocks that cut everywhere.
bats-portable: export UMM_TEST_BLOCK = 4096
bats-avx2: export UMM_TEST_BLOCK = 777
bats-portable bats-avx2: build-clang
	$(piece) env UMM_BUILD=$(WORK)/clang UMM_TEST_ENGINE=$(@:bats-%=%) $(call tests,5,$(CONVERT))
bats-asan: build-asan
	$(piece) $(SANITIZED) ASAN_OPTIONS=$(ASAN):detect_leaks=0 UMM_BUILD=$(WORK)/asan TZ=Asia/Kolkata LC_ALL=C \
		$(call tests,8,$(BATS))
unit-asan: build-asan
	$(piece) $(SANITIZED) ASAN_OPTIONS=$(ASAN) $(call units,asan,$(SAMPLED_UNITS))
# What threads share, under the sanitizer that sees it: the modules that serve several, and
# the tools that have several. Processes that share a store or pool are beyond its sight.
TSAN_UNITS := $(addprefix $(WORK)/tsan/unit/test_,archive bufpool cache engines opstats preload sink workers)
TSAN_BATS  := tests/umm-convert-many.bats tests/umm-archive.bats tests/umm-features-by.bats
build-tsan:
	$(call build,tsan) CC=gcc CFLAGS='-O1 -g1' SAN=thread tools $(TSAN_UNITS)
tsan: build-tsan
	$(piece) env UMM_SAN=thread UMM_BUILD=$(WORK)/tsan sh -c 'scripts/unit $(TSAN_UNITS); exec "$$@"' tsan \
		$(call tests,3,$(TSAN_BATS))
arm64: build-gcc
	$(piece) env UMM_BUILD=$(WORK)/gcc $(if $(ALL),,SAMPLE='$(SEED)') scripts/check-arm64 $(WORK)/arm64
models: build-gcc arm64
	$(piece) scripts/check-model-peers $(WORK)/gcc $(WORK)/arm64
valgrind: build-gcc
	$(piece) scripts/check-valgrind $(WORK)/gcc
bits: build-gcc build-clang
	$(piece) env $(if $(ALL),,SAMPLE='$(SEED)') scripts/check-bits $(WORK)/bits $(WORK)/gcc $(WORK)/clang
fuzz: build-fuzz
	$(piece) scripts/fuzz $(WORK)/fuzz 5 $(FUZZERS)

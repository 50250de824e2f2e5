# umm - small tools that turn market-data text into shared arrays.
#
#   make            build the library and the tools under $(BUILD)
#   make help       all targets
#
# Variables a user may set: CC AR CPPFLAGS CFLAGS LDFLAGS PKG_CONFIG PREFIX LIBDIR DESTDIR
# BUILD SAN=address|undefined|thread (comma-separated), V=1 to see the commands,
# COMPLETIONS= (empty) to install none, as a cross build cannot run its own tools.

BUILD        ?= build
PREFIX       ?= /usr/local
LIBDIR       ?= $(PREFIX)/lib
PKG_CONFIG   ?= pkg-config
CFLAGS       ?= -O2 -g
FUZZ_SECONDS ?= 60
FUZZ_CC      ?= clang
LOAD_SECONDS ?= 60
VERSION      := $(shell sed -n 's/^\#define UMM_VERSION *"\(.*\)"/\1/p' lib/umm.h)

ifneq ($(V),1)
Q    := @
SAY   = @printf '  %-5s %s\n'
else
SAY   = @:
endif

# ---- dependencies: pkg-config where there is one, a link probe for libcsv ----

DEPS     := libzstd libxxhash jansson
NO_BUILD := clean help m5-help dist check demo bench fuzz cov uninstall
ifneq ($(filter-out $(NO_BUILD),$(or $(MAKECMDGOALS),all)),)
DEPS_LACK := $(shell for d in $(DEPS); do $(PKG_CONFIG) --exists $$d || echo $$d; done)
ifneq ($(DEPS_LACK),)
$(error pkg-config does not find: $(DEPS_LACK). On Debian: apt-get install pkg-config libzstd-dev libxxhash-dev libjansson-dev (or run scripts/bootstrap))
endif
CSV_PROBE := $(shell echo 'int csv_fini(void); int main(void) { return csv_fini(); }' | \
	$(CC) -x c - -o /dev/null $(LDFLAGS) -lcsv >/dev/null 2>&1 && echo found)
ifneq ($(CSV_PROBE),found)
$(error cannot link with -lcsv. On Debian: apt-get install libcsv-dev (or run scripts/bootstrap))
endif
DEP_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(DEPS))
DEP_LIBS   := $(shell $(PKG_CONFIG) --libs $(DEPS)) -lcsv -ldl
# Loaded when a file or a server needs one. Without any: make LOADED_CFLAGS=
LOADED_CFLAGS := $(shell CC='$(CC)' PKG_CONFIG='$(PKG_CONFIG)' CPPFLAGS='$(CPPFLAGS)' \
	LDFLAGS='$(LDFLAGS)' scripts/find-loaded)
# Of umm-db alone, which does without either.
DB_DEPS   := $(shell for d in sqlite3 libpq; do $(PKG_CONFIG) --exists $$d && echo $$d; done)
DB_CFLAGS := $(if $(DB_DEPS),$(shell $(PKG_CONFIG) --cflags $(DB_DEPS))) \
	$(if $(filter sqlite3,$(DB_DEPS)),-DUMM_WITH_SQLITE) $(if $(filter libpq,$(DB_DEPS)),-DUMM_WITH_POSTGRES)
DB_LIBS   := $(if $(DB_DEPS),$(shell $(PKG_CONFIG) --libs $(DB_DEPS)))
ifeq ($(MAKELEVEL),0)
DB_LACK   := $(filter-out $(DB_DEPS),sqlite3 libpq)
$(if $(DB_LACK),$(info umm-db will know no places of: $(DB_LACK), which pkg-config does not find))
endif
endif

# ---- flags ----

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-align -Wcast-qual -Wwrite-strings -Wvla \
	-Wundef -Wformat=2 -Wswitch-enum -Wimplicit-fallthrough
# Fortify needs an optimising build without sanitizers; glibc warns about any other.
FORTIFY := $(if $(SAN),,$(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-D_FORTIFY_SOURCE=2))
HARDEN := -fstack-protector-strong -fPIE $(FORTIFY)
# With a sanitizer's code at each load, the copies of base/inline.h would take minutes.
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all \
	-DUMM_PLAIN_KERNELS) \
	$(if $(FUZZ),-fsanitize=fuzzer-no-link)
# Contraction off: the same input gives the same bits on every machine. -iquote, not -I:
# lib/sys/ must not stand before the system's <sys/...>.
UMM_CFLAGS := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -ffp-contract=off -fvisibility=hidden \
	-pthread $(WARN) $(HARDEN) $(SANFLAGS) -iquote lib $(DEP_CFLAGS)
# AddressSanitizer's and UBSan's tables are all addresses: where those need no relocation, a
# program starts in four fifths of the time.
PIE := $(if $(findstring address,$(SAN)),-no-pie,-pie)
# As needed: a library that a tool does not use is not loaded at its start either.
UMM_LDFLAGS := -pthread $(PIE) -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS)

# ---- what there is: one file per tool, one pair per module ----

LIB_SRC  := $(filter-out lib/interpose/%,$(sort $(wildcard lib/*/*.c)))
CMD_SRC  := $(sort $(wildcard cmd/umm-*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
MAN_SRC  := $(sort $(wildcard man/*.[157]))
LIB      := $(BUILD)/libumm.a
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard cmd/cli*.c)))
TOOLS    := $(CMD_SRC:cmd/%.c=$(BUILD)/%)
UNITS    := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FUZZERS  := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/%)
# Libraries to preload into other programs; umm-memstat looks for them beside itself.
INTERPOSE := $(patsubst lib/interpose/%.c,$(BUILD)/lib%.so,$(sort $(wildcard lib/interpose/*.c)))
PART_SRC := $(filter-out $(CMD_SRC) $(wildcard cmd/cli*.c),$(sort $(wildcard cmd/*.c)))
OBJ      := $(LIB_OBJ) $(CLI_OBJ) \
	$(patsubst %.c,$(BUILD)/%.o,$(CMD_SRC) $(PART_SRC) $(UNIT_SRC) $(FUZZ_SRC))
# Of each tool one for each shell, under the name that it looks for.
BASH_COMP := $(TOOLS:$(BUILD)/%=$(BUILD)/completions/%)
ZSH_COMP  := $(TOOLS:$(BUILD)/%=$(BUILD)/completions/_%)
FISH_COMP := $(TOOLS:$(BUILD)/%=$(BUILD)/completions/%.fish)
COMPLETIONS := $(BASH_COMP) $(ZSH_COMP) $(FISH_COMP)

.PHONY: all tools units fuzzers unit demo check fuzz fault load cov bench install uninstall deb dist clean \
	help FORCE
.DELETE_ON_ERROR:
.SECONDARY: $(OBJ)

all: $(LIB) $(TOOLS) $(INTERPOSE) $(BUILD)/umm.pc $(COMPLETIONS)
tools: $(TOOLS) $(INTERPOSE)
units: $(UNITS)
fuzzers: $(FUZZERS)

# ---- how it is built ----

# These two files change only when what they hold does: new flags rebuild everything,
# a source file that came or went makes the library anew.
$(BUILD)/flags: export NOW = $(CC) $(CPPFLAGS) $(CFLAGS) $(UMM_CFLAGS) $(LOADED_CFLAGS) $(DB_CFLAGS) $(LDFLAGS) $(UMM_LDFLAGS)
$(BUILD)/members: export NOW = $(LIB_OBJ)
$(BUILD)/flags $(BUILD)/members: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$NOW" | cmp -s - $@ || printf '%s\n' "$$NOW" >$@

$(BUILD)/lib/unpack/%.o $(BUILD)/lib/redis/%.o: UMM_CFLAGS += $(LOADED_CFLAGS)
$(BUILD)/lib/db/%.o: UMM_CFLAGS += $(DB_CFLAGS)
$(BUILD)/umm-db: TOOL_LIBS := $(DB_LIBS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(UMM_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(LIB_OBJ) $(BUILD)/members
	$(SAY) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

# Parts of a tool umm-x that has several are cmd/x_*.c.
.SECONDEXPANSION:
$(BUILD)/umm-%: $(BUILD)/cmd/umm-%.o $$(addprefix $(BUILD)/,$$(subst .c,.o,$$(wildcard cmd/$$*_*.c))) \
		$(CLI_OBJ) $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(UMM_LDFLAGS) $(CFLAGS) $(LDFLAGS) $^ $(DEP_LIBS) $(TOOL_LIBS) -lm -o $@

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(UMM_LDFLAGS) $(CFLAGS) $(LDFLAGS) $^ $(DEP_LIBS) -lcmocka -lm -o $@

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) -fsanitize=fuzzer $(UMM_LDFLAGS) $(CFLAGS) $(LDFLAGS) $^ $(DEP_LIBS) -lm -o $@

# Part of other people's programs: nothing of ours in it, no sanitizer, no coverage.
$(BUILD)/lib%.so: lib/interpose/%.c $(BUILD)/flags
	$(SAY) LINK $@
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -ftls-model=initial-exec -pthread \
		$(WARN) -iquote lib $(CPPFLAGS) $(filter-out --coverage,$(CFLAGS)) -MMD -MP \
		-shared -Wl,-z,now $(LDFLAGS) $< -ldl -o $@

$(BUILD)/completions/%.fish: $(BUILD)/% scripts/gen-completion
	@mkdir -p $(@D)
	$(Q)scripts/gen-completion fish $< >$@

$(BUILD)/completions/_%: $(BUILD)/% scripts/gen-completion
	@mkdir -p $(@D)
	$(Q)scripts/gen-completion zsh $< >$@

$(BUILD)/completions/%: $(BUILD)/% scripts/gen-completion
	@mkdir -p $(@D)
	$(Q)scripts/gen-completion bash $< >$@

$(BUILD)/umm.pc: umm.pc.in lib/umm.h FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' -e 's|@VERSION@|$(VERSION)|' $< >$@

-include $(OBJ:.o=.d) $(INTERPOSE:.so=.d)

# ---- tests ----

demo:
	BUILD=$(BUILD) scripts/demo

check:
	BUILD=$(BUILD) scripts/check

unit: $(UNITS)
	scripts/unit $(UNITS)

fault: $(TOOLS)
	UMM_BUILD=$(BUILD) tests/fault/run
	UMM_BUILD=$(BUILD) tests/fault/alloc
	UMM_BUILD=$(BUILD) tests/fault/without
	UMM_BUILD=$(BUILD) tests/fault/short
	UMM_BUILD=$(BUILD) tests/fault/durable

load: $(TOOLS)
	UMM_BUILD=$(BUILD) LOAD_SECONDS=$(LOAD_SECONDS) tests/load/run

# Library and targets are built by clang under $(BUILD)/fuzz; a crash stops the rest.
fuzz:
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=$(FUZZ_CC) SAN=address,undefined \
		FUZZ=1 fuzzers
	scripts/fuzz $(BUILD)/fuzz $(FUZZ_SECONDS)

cov:
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/cov CFLAGS='-O0 -g --coverage' units tools
	scripts/cov $(BUILD)/cov

# BENCH: options of scripts/bench, such as --quick.
bench:
	BUILD=$(BUILD) scripts/bench $(BENCH)

# ---- checks of memory, which other projects also include ----

M5       := $(BUILD)/umm-m5
MEMSTAT  := $(BUILD)/umm-memstat
M5_DIR   := $(BUILD)/m5
M5_NEEDS := tools
include umm.mk

# ---- installation ----

INSTALL := install
bindir   = $(DESTDIR)$(PREFIX)/bin
libdir   = $(DESTDIR)$(LIBDIR)
# libumm-alloc.so is looked for in ../lib/umm of the tools.
partdir  = $(DESTDIR)$(PREFIX)/lib/umm
incdir   = $(DESTDIR)$(PREFIX)/include
mandir   = $(DESTDIR)$(PREFIX)/share/man
# Where the shells look by themselves. Debian's zsh has another name in /usr for what packages bring,
# and fish looks for nothing in /usr/local.
bashdir  = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir   = $(DESTDIR)$(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
fishdir  = $(DESTDIR)$(if $(filter /usr/local,$(PREFIX)),/etc/fish/completions,$(PREFIX)/share/fish/vendor_completions.d)
# man/umm-x.1 goes to man1/umm-x.1, and so on.
MAN_DEST = $(foreach m,$(notdir $(MAN_SRC)),$(mandir)/man$(subst .,,$(suffix $(m)))/$(m))

install: all
	$(INSTALL) -d $(bindir) $(libdir)/pkgconfig $(incdir)/umm $(sort $(dir $(MAN_DEST)))
	$(if $(TOOLS),$(INSTALL) -m 755 $(TOOLS) $(bindir))
	$(INSTALL) -m 644 $(LIB) $(libdir)
	$(if $(INTERPOSE),$(INSTALL) -d $(partdir))
	$(if $(INTERPOSE),$(INSTALL) -m 755 $(INTERPOSE) $(partdir))
	$(INSTALL) -m 644 $(BUILD)/umm.pc $(libdir)/pkgconfig
	$(INSTALL) -m 644 lib/umm.h umm.mk $(incdir)
	$(INSTALL) -m 644 lib/umm/*.h $(incdir)/umm
	@set -e; for m in $(MAN_SRC); do \
		$(INSTALL) -m 644 $$m $(mandir)/man$${m##*.}; done
	$(if $(COMPLETIONS),$(INSTALL) -d $(bashdir) $(zshdir) $(fishdir))
	$(if $(COMPLETIONS),$(INSTALL) -m 644 $(BASH_COMP) $(bashdir))
	$(if $(COMPLETIONS),$(INSTALL) -m 644 $(ZSH_COMP) $(zshdir))
	$(if $(COMPLETIONS),$(INSTALL) -m 644 $(FISH_COMP) $(fishdir))

uninstall:
	rm -f $(addprefix $(bindir)/,$(notdir $(TOOLS))) $(addprefix $(bashdir)/,$(notdir $(BASH_COMP))) \
		$(addprefix $(zshdir)/,$(notdir $(ZSH_COMP))) $(addprefix $(fishdir)/,$(notdir $(FISH_COMP))) \
		$(addprefix $(partdir)/,$(notdir $(INTERPOSE))) \
		$(libdir)/libumm.a $(libdir)/pkgconfig/umm.pc $(incdir)/umm.h $(incdir)/umm.mk \
		$(patsubst lib/%,$(incdir)/%,$(wildcard lib/umm/*.h)) \
		$(MAN_DEST)

# Debian packages of the tools and of the library, in $(BUILD)/deb.
deb: all
	$(Q)scripts/make-deb $(BUILD) 'CC=$(CC)' 'AR=$(AR)' 'CPPFLAGS=$(CPPFLAGS)' 'CFLAGS=$(CFLAGS)' \
		'LDFLAGS=$(LDFLAGS)' 'PKG_CONFIG=$(PKG_CONFIG)'
	@ls $(BUILD)/deb/*.deb

dist:
	git archive --format=tar.gz --prefix=umm-$(VERSION)/ -o umm-$(VERSION).tar.gz HEAD
	@echo umm-$(VERSION).tar.gz

clean:
	rm -rf $(BUILD)

help:
	@echo 'make [all]      library, tools, umm.pc and shell completions, under $(BUILD)/'
	@echo 'make demo       a tour of the tools on small data'
	@echo 'make check      every kind of test (scripts/check --quick: a few minutes; --all: no samples)'
	@echo 'make unit       the unit tests'
	@echo 'make fault      every system call and allocation made to fail, and power cuts (needs strace)'
	@echo 'make load       200 runs at a time on one dataset, killed at random, for LOAD_SECONDS=$(LOAD_SECONDS)'
	@echo 'make fuzz       every fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS) (needs clang)'
	@echo 'make cov        test coverage (needs gcovr)'
	@echo 'make bench      umm-convert beside its peers, about a quarter of an hour (BENCH=--quick)'
	@echo 'make m5-help    checks of memory behaviour: m5-quick, m5-demo, m5-baseline, mem-health, ...'
	@echo 'make install    into PREFIX=$(PREFIX), below DESTDIR if that is set'
	@echo 'make uninstall  removes what install put there'
	@echo 'make deb        Debian packages umm and libumm-dev, in $(BUILD)/deb (needs debhelper)'
	@echo 'make dist       umm-$(VERSION).tar.gz from the committed tree'
	@echo 'make clean      removes $(BUILD)/'
	@echo 'SAN=address,undefined or SAN=thread builds with sanitizers; V=1 shows the commands.'

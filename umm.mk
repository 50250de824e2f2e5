# SPDX-License-Identifier: MIT
#
# umm.mk - checks of a program's memory, to be included by a project's makefile:
#
#     M5_COMMAND = python3 feed.py
#     include umm.mk
#
#   M5_COMMAND  what to check; it finds in its environment how many signals to process
#               (M5_SIGNALS) and over how many seconds to spread them (M5_SECONDS, 0: as
#               fast as it can). Without it, the workload of umm-m5 is checked.
#   M5_OPTIONS  more options of `umm-m5 check`, such as --max-allocs=2
#   M5_DIR      where reports go
#   M5_NEEDS    targets that must be built before
#   M5, MEMSTAT the programs, if they are not in the path
#
# A check fails if a line is FAIL (umm-m5 exits 1, and make says "Error 1"), and if one is
# INCONCLUSIVE ("Error 4"): then more signals would decide it.
#
# At the prompt: FAST=1 (shorter), QUIET=1 (only what FAILs), DEMO_MODE=1 (DEMO_SIGNALS
# signals, 200 unless said, in m5-quick and m5-demo), duration= and signals= of m5-stress.

# Included first, it must not become what a plain `make` does.
umm-default-goal := $(.DEFAULT_GOAL)

M5           ?= umm-m5
MEMSTAT      ?= umm-memstat
M5_DIR       ?= build/m5
DEMO_SIGNALS ?= 200
duration     ?= 3600
signals      ?= 1000000

m5-is-on = $(filter-out 0 no,$(1))
m5-quiet = $(if $(call m5-is-on,$(QUIET)),--quiet)
# A number for a quick look, a number for FAST=1, or the number itself.
m5-number = $(if $(call m5-is-on,$(DEMO_MODE)),$(DEMO_SIGNALS),$(if $(call m5-is-on,$(FAST)),$(1),$(2)))
m5-fast = $(if $(call m5-is-on,$(FAST)),$(1),$(2))
# m5-check SIGNALS,OPTIONS: reports beside the others, the last run replaces the one before.
m5-check = @mkdir -p $(M5_DIR) && $(M5) check --signals=$(1) $(2) $(m5-quiet) --dir=$(M5_DIR) \
	--baseline=$(M5_DIR)/baseline --page=$(M5_DIR)/report.html --report=$(M5_DIR)/report.json \
	--metrics=$(M5_DIR)/report.prom $(M5_OPTIONS) $(if $(M5_COMMAND),-- $(M5_COMMAND))

.PHONY: m5-quick m5-demo m5-baseline m5-stress m5-completion m5-help mem-snapshot mem-health

# Without syncs: how long a disk takes that others use must not decide.
m5-quick: $(M5_NEEDS)
	$(call m5-check,$(call m5-number,20000,100000),--no-sync --max-seconds=60)

m5-demo: $(M5_NEEDS)
	$(call m5-check,$(call m5-number,90000,120000),--seconds=$(call m5-fast,30,150) \
		--max-seconds=$(call m5-fast,60,180))

m5-baseline: $(M5_NEEDS)
	$(call m5-check,400000,--seconds=1800 --max-seconds=1860 --save-baseline=$(M5_DIR)/baseline)

m5-stress: $(M5_NEEDS)
	$(call m5-check,$(signals),--seconds=$(duration) --max-seconds=$$(( $(duration) + 60 )))

m5-completion: $(M5_NEEDS)
	@mkdir -p $(M5_DIR) && $(M5) complete $(m5-quiet) --dir=$(M5_DIR) --baseline=$(M5_DIR)/baseline

mem-health: $(M5_NEEDS)
	@$(M5) health $(m5-quiet) --seconds=15

# pid=N: also that process, for `umm-memstat compare` later.
mem-snapshot: $(M5_NEEDS)
	@mkdir -p $(M5_DIR) && $(MEMSTAT) --format=json >$(M5_DIR)/system.json
	$(if $(call m5-is-on,$(QUIET)),,@$(MEMSTAT))
	$(if $(pid),@$(MEMSTAT) -p $(pid) snapshot $(M5_DIR)/$(pid).snapshot)

m5-help:
	@echo 'make m5-quick       is memory fit for release? under a minute'
	@echo 'make m5-demo        the same over 150 s (FAST=1: 30 s)'
	@echo 'make m5-baseline    half an hour, kept for later runs to be compared with'
	@echo 'make m5-stress      duration=$(duration) seconds, signals=$(signals)'
	@echo 'make m5-completion  is all there that the checks need?'
	@echo 'make mem-health     15 s of this system: available memory, pressure, swap'
	@echo 'make mem-snapshot   memory now (pid=N: of a process, kept to compare with)'
	@echo 'FAST=1 QUIET=1 DEMO_MODE=1 DEMO_SIGNALS=$(DEMO_SIGNALS); M5_COMMAND=... is your program.'
	@echo 'The last run is in $(M5_DIR)/report.html, .json and .prom.'

.DEFAULT_GOAL := $(umm-default-goal)

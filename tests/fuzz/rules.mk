# Fuzzing by libFuzzer, which is clang's, with the address and undefined-behaviour sanitizers; and
# coverage, which gcc counts. docs/assurance.md tells which target has which inputs.

.PHONY: fuzz check-fuzz coverage
FUZZ_ALL := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/replay.c tests/fuzz/mutate_%.c, \
              $(sort $(wildcard tests/fuzz/*.c))))
FUZZ_TARGETS ?= $(FUZZ_ALL)
FUZZ_SECONDS ?= 60
# Of each target in ./test: enough for every seed and some hundred changes of each.
FUZZ_RUNS    ?= 3000

FUZZ_CC     ?= clang
FUZZ_CFLAGS := -std=gnu17 -gline-tables-only -O1 $(WARNINGS) -Iinclude -I. -DIMAGE_BASE=0 \
               -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
               -fno-omit-frame-pointer

# What the targets read with, beside the library: of the boot programs, and of the command.
FUZZ_BOOT := $(addprefix boot/,bzimage.c cmdline.c format.c loadable.c multiboot1_kernel.c \
               multiboot2.c multiboot2_header.c multiboot2_kernel.c multiboot2_screen.c \
               multiboot_kernel.c payload.c pvh_elf.c) \
             $(addprefix kernel/,loader.c loader_multiboot2.c loader_pvh.c options.c) \
             $(addprefix shim/,acpi_loader.c fault_options.c fw_cfg_directory.c hob.c mailbox_ap.c options.c \
               source_multiboot.c) \
             $(addprefix monitor/,arithmetic.c decode.c guest_memory.c guest_state.c opcodes.c \
               page_lock.c store.c store_work.c tdvf.c)
FUZZ_CLI  := $(sort $(wildcard cli/inspect/*.c cli/timeline/*.c cli/timeline/*.S) \
               $(wildcard cli/base/symbols*.c) cli/simulate/costs.c sim/costs.c \
               $(addprefix cli/base/,child.c clean.c fields.c files.c members.c option.c output.c \
                 paint.c stream.c table.c temp.c words.c) \
               $(addprefix cli/machine/,apic_trace.c console.c guest.c monitor.c registers.c))

fuzz_objects = $(patsubst %,$(BUILD)/fuzz/%.o,$(1))
FUZZ_ARCHIVES := $(addprefix $(BUILD)/fuzz/,libcli.a libboot.a libmuster.a)
$(BUILD)/fuzz/libmuster.a: $(call fuzz_objects,$(LIB_C) $(LIB_S))
$(BUILD)/fuzz/libboot.a: $(call fuzz_objects,$(FUZZ_BOOT))
$(BUILD)/fuzz/libcli.a: $(call fuzz_objects,$(FUZZ_CLI))
$(FUZZ_ARCHIVES): tests/fuzz/rules.mk
	@rm -f $@
	$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/fuzz/%.o: %
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) $(if $(filter cli/% tests/%,$<),$(CLI_CFLAGS)) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/cli/timeline/page.S.o: $(wildcard cli/timeline/page*.html cli/timeline/page*.css cli/timeline/page*.js)

# A target may have a mutation of its own.
.SECONDEXPANSION:
$(addprefix $(BUILD)/fuzz/bin/,$(FUZZ_ALL)): $(BUILD)/fuzz/bin/%: $(BUILD)/fuzz/tests/fuzz/%.c.o \
    $$(patsubst $$(percent),$(BUILD)/fuzz/$$(percent).o,$$(wildcard tests/fuzz/mutate_$$*.c)) \
    $(FUZZ_ARCHIVES)
	@mkdir -p $(@D)
	$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(CLI_LIBS)
percent := %

$(BUILD)/fuzz/seeds: tests/fuzz/write_seeds.py tests/fuzz/rules.mk $(wildcard tests/inspect/*.py tests/inspect/data/* tests/unit/captured/*)
	@rm -rf $@
	python3 $< $@

#: make fuzz       libFuzzer on every target; FUZZ_SECONDS=60 of each, FUZZ_TARGETS="acpi fdt"

fuzz: $(addprefix $(BUILD)/fuzz/bin/,$(FUZZ_TARGETS)) $(BUILD)/fuzz/seeds
	@BUILD=$(BUILD) tests/fuzz/run time $(FUZZ_SECONDS) $(FUZZ_TARGETS)

#: make check-fuzz  the same few thousand inputs each time
check-fuzz: $(addprefix $(BUILD)/fuzz/bin/,$(FUZZ_TARGETS)) $(BUILD)/fuzz/seeds
	@BUILD=$(BUILD) tests/fuzz/run fixed $(FUZZ_RUNS) $(FUZZ_TARGETS)

# What gcc counts of the library's readers while the unit tests run and the targets' seeds are read.
COVERAGE_FOLDERS := lib/firmware lib/memory
COVERAGE_LEAST   ?= 95
COVERAGE         := $(BUILD)/coverage
REPLAYED         := acpi boot_info fdt memory_map page_tables
$(addprefix $(BUILD)/tests/replay_,$(REPLAYED)): $(BUILD)/tests/replay_%: \
    $(BUILD)/sanitized/tests/fuzz/%.c.o $(BUILD)/sanitized/tests/fuzz/replay.c.o \
    $(BUILD)/sanitized/lib/cpu/load.c.o $(BUILD)/sanitized/libmuster.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^

#: make coverage   branches of lib/firmware and lib/memory that unit tests and seeds take
coverage: $(BUILD)/muster-tdshim.fd $(BUILD)/fuzz/seeds
	@$(MAKE) -s BUILD=$(COVERAGE) SANITIZE='--coverage -O0' \
	  $(patsubst $(BUILD)/%,$(COVERAGE)/%,$(UNIT_TESTS)) \
	  $(addprefix $(COVERAGE)/tests/replay_,$(REPLAYED))
	@find $(COVERAGE) -name '*.gcda' -delete
	@for t in $(notdir $(UNIT_TESTS)); do \
	  MUSTER_BUILD=$(BUILD) $(COVERAGE)/tests/$$t >$(COVERAGE)/$$t.log 2>&1 || \
	    { cat $(COVERAGE)/$$t.log; exit 1; }; done
	@for t in $(REPLAYED); do \
	  $(COVERAGE)/tests/replay_$$t $(BUILD)/fuzz/seeds/$$t/* >/dev/null || exit 1; done
	@python3 tests/fuzz/coverage.py $(COVERAGE) $(COVERAGE_LEAST) $(COVERAGE_FOLDERS)

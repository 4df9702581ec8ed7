# The command as a benchmark, against the peers that Debian carries.

#: make bench      all contenders, all figures: a table, build/bench.json, build/bench.svg (minutes)
.PHONY: bench
bench: all
	@linux=$$(scripts/fetch kernel) || linux=; xen=$$(scripts/fetch xen) || xen=; \
	  $(BUILD)/muster bench $${linux:+--linux "$$linux"} $${xen:+--xen "$$xen"} --first 1 \
	  --json $(BUILD)/bench.json --output $(BUILD)/bench.svg --markdown $(BUILD)/bench.md \
	  $(BENCH_OPTIONS)

# What the benchmark decides apart from machines: of QEMU's log, and of figures.
BENCH_LOGIC := $(addprefix cli/bench/,contender.c goals.c marks.c statistics.c) \
               cli/machine/apic_trace.c \
               $(addprefix cli/timeline/,axis.c model.c history.c records.c words.c) \
               $(addprefix cli/base/,clean.c fields.c files.c output.c)
BENCH_OBJECTS := $(call test_objects,$(BENCH_LOGIC) tests/unit/test_bench.c)
$(BENCH_OBJECTS): COMMON += $(CLI_CFLAGS)
$(BUILD)/tests/test_bench: $(BENCH_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcmocka $(CLI_LIBS)

# What the guest's serial port tells.
CONSOLE_OBJECTS := $(call test_objects,cli/machine/console.c cli/base/clean.c tests/unit/test_console.c)
$(CONSOLE_OBJECTS): COMMON += $(CLI_CFLAGS)
$(BUILD)/tests/test_console: $(CONSOLE_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcmocka $(CLI_LIBS)

# Whom it times, and on which machines.
SERIES_LOGIC := $(addprefix cli/bench/,contender.c lists.c marks.c series.c statistics.c) \
                cli/machine/apic_trace.c $(addprefix cli/base/,files.c lists.c option.c output.c words.c)
SERIES_OBJECTS := $(call test_objects,$(SERIES_LOGIC) tests/unit/test_bench_series.c)
$(SERIES_OBJECTS): COMMON += $(CLI_CFLAGS)
$(BUILD)/tests/test_bench_series: $(SERIES_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcmocka $(CLI_LIBS)

# The library's own sources with threads as CPUs, each access to a shared word held up by chance.
STRESS_C := $(sort $(wildcard tests/stress/*.c)) $(LIB_C_HOST) shim/mailbox_ap.c
STRESS_OBJECTS := $(patsubst %,$(BUILD)/stress/%.o,$(STRESS_C) $(filter-out lib/cpu/leave.S,$(LIB_S)))
STRESS_STEPS ?= 1000000
STRESS_SEED ?= $(shell date +%s)

.PHONY: stress stress-mutants
$(BUILD)/stress/%.o: %
	@mkdir -p $(@D)
	$(CC) $(COMMON) -O1 -fsanitize=thread -include tests/stress/delay.h -MMD -MP -c -o $@ $<

$(BUILD)/stress/stress: $(STRESS_OBJECTS)
	$(CC) -fsanitize=thread -o $@ $^ -lpthread

#: make stress     threads as CPUs on the library's sources, under ThreadSanitizer (STRESS_STEPS=, STRESS_SEED=)
stress: $(BUILD)/stress/stress
	@TSAN_OPTIONS=halt_on_error=1 $< $(STRESS_STEPS) $(STRESS_SEED)

#: make stress-mutants  wrong versions of the library, each of which the stress must find
stress-mutants: $(BUILD)/stress/stress
	@BUILD=$(BUILD) tests/stress/mutants 500000 $(STRESS_OBJECTS)

# Every fault of the one list (tests/faults/list.c), injected into the simulated machine.

.PHONY: faults

FAULTS_C := $(sort $(wildcard tests/faults/*.c))
# What names errors and states; the machine's own library is inside of sim.o.
$(BUILD)/tests/faults: $(call test_objects,$(FAULTS_C)) $(BUILD)/sanitized/sim.o \
                       $(BUILD)/sanitized/libmuster.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lfdt

#: make faults     every fault by every way on many sizes, simulated, with a line each
faults: $(BUILD)/tests/faults
	@$< --long --verbose

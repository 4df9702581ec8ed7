# Muster. `make` builds everything, `make check` runs the unit tests, `make help` lists the rest.

BUILD ?= build
# Where loaders put the two images; both run anywhere.
KERNEL_BASE := 0x1000000
SHIM_BASE   := 0x200000
ifeq ($(origin CC),default)
CC := gcc
endif
AR    ?= ar
LD    ?= ld
OBJCOPY ?= objcopy

# Newer compilers refuse what the last one lists; older ones only warn.
WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef \
            -Werror=implicit-function-declaration
COMMON   := -std=gnu17 -g $(WARNINGS) -Iinclude -I.
# For the bare processor: no libc, no red zone, no vector registers, position-independent.
BARE     := $(COMMON) -O2 -ffreestanding -fno-stack-protector -fno-strict-aliasing -mno-red-zone \
            -mgeneral-regs-only -fpie -fvisibility=hidden -fcf-protection=none \
            -fno-asynchronous-unwind-tables
# gcc would make our strlen() of a call to strlen(); clang neither does that nor knows the option.
BARE     += $(shell $(CC) -fno-tree-loop-distribute-patterns -E -x c /dev/null >/dev/null 2>&1 && \
              echo -fno-tree-loop-distribute-patterns)
HOST     := $(COMMON) -O2
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

LIB_C  := $(sort $(wildcard lib/*.c lib/*/*.c))
LIB_S  := $(sort $(wildcard lib/*/*.S))
# What runs only on a CPU's own privileged state has no meaning in a host process.
LIB_C_BARE_ONLY := lib/cpu/load.c
LIB_C_HOST := $(filter-out $(LIB_C_BARE_ONLY),$(LIB_C))

# The simulator has the library of its own: built so that every access to a shared word is seen.
SIM_SRC := $(sort $(wildcard sim/*.c)) $(LIB_C_HOST) $(filter-out lib/cpu/leave.S,$(LIB_S))

CLI_PACKAGES := glib-2.0 gio-2.0 gio-unix-2.0 json-glib-1.0 libelf cairo
CLI_CFLAGS    = $(shell pkg-config --cflags $(CLI_PACKAGES))
CLI_LIBS      = $(shell pkg-config --libs $(CLI_PACKAGES)) -lm

BOOT_COMMON := boot/enter.S boot/jump.S boot/td.S boot/hyperv_call.S boot/font.c \
               $(sort $(wildcard boot/*.c))
KERNEL_SRC  := $(sort $(wildcard kernel/*.c kernel/*.S)) boot/entry_pvh.S boot/entry_multiboot2.S \
               $(BOOT_COMMON)
EFI_SRC     := $(sort $(wildcard boot/efi/*.c)) boot/string.c boot/jump.S
SHIM_SRC    := $(sort $(wildcard shim/*.c shim/*.S)) boot/entry_multiboot.S boot/entry_multiboot2.S \
               $(BOOT_COMMON)
# Bare hardware is all that the monitor runs on: nothing of the programs' own ways to come up.
MONITOR_SRC := $(sort $(wildcard monitor/*.c monitor/*.S)) \
               boot/cmdline.c boot/console.c boot/format.c boot/json.c boot/native.c boot/string.c \
               boot/tsc_rate.c \
               boot/native_td.c boot/td.c boot/td_ve.c boot/td.S
CLI_SRC     := $(sort $(wildcard cli/*.c cli/*/*.c cli/*/*.S))
UNIT_TESTS  := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))

bare_objects = $(patsubst %,$(BUILD)/bare/%.o,$(1))
host_objects = $(patsubst %,$(BUILD)/host/%.o,$(1))
test_objects = $(patsubst %,$(BUILD)/sanitized/%.o,$(1))

.PHONY: all check check-td test-long iso efi-disk clean help
all: $(BUILD)/libmuster.a $(BUILD)/muster $(BUILD)/muster-kernel.elf $(BUILD)/muster-shim.elf \
     $(BUILD)/muster-kernel.efi $(BUILD)/muster-tdshim.fd $(BUILD)/muster-monitor.rom \
     $(BUILD)/muster.1 $(BUILD)/completion/muster $(BUILD)/completion/_muster

#: make            build library, kernel, shim, monitor and command into build/
#: make help       this list
help:
	@sed -n 's/^#: //p' $(MAKEFILE_LIST)

# What a kernel does not call, its linker can leave out (--gc-sections).
$(call bare_objects,$(LIB_C) $(KERNEL_SRC)): BARE += -ffunction-sections -fdata-sections

# One object in which only the public names are global: a kernel's own cannot clash with ours.
$(BUILD)/libmuster.a: $(call bare_objects,$(LIB_C) $(LIB_S))
	@rm -f $@
	$(LD) -r -o $(BUILD)/muster.o $^
	$(OBJCOPY) --wildcard --keep-global-symbol='muster_*' $(BUILD)/muster.o
	$(AR) rcs $@ $(BUILD)/muster.o

# The shim plays the firmware's side with some of the library's inner parts.
$(BUILD)/bare/libmuster-inner.a: $(call bare_objects,$(LIB_C) $(LIB_S))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/muster-kernel.elf: boot/image.ld $(call bare_objects,$(KERNEL_SRC)) $(BUILD)/libmuster.a
	$(LD) -pie --no-dynamic-linker -z max-page-size=4096 -z noexecstack -z text --build-id=none \
	  -T boot/image.ld --defsym=IMAGE_BASE=$(KERNEL_BASE) -o $@ $(filter %.o %.a,$^)

# Multiboot loaders take ELF of 32 bits only: the same image, with headers of that size.
$(BUILD)/muster-shim.elf: $(BUILD)/muster-shim.elf64
	$(OBJCOPY) -O elf32-i386 --strip-all $< $@

$(BUILD)/muster-shim.elf64: boot/image.ld $(call bare_objects,$(SHIM_SRC)) \
                               $(BUILD)/bare/libmuster-inner.a
	$(LD) -pie --no-dynamic-linker -z max-page-size=4096 -z noexecstack -z text --build-id=none \
	  -T boot/image.ld --defsym=IMAGE_BASE=$(SHIM_BASE) -o $@ $(filter %.o %.a,$^)

# The shim as TD firmware: its image as a flat file, behind a reset vector that ends at 4 GiB.
$(BUILD)/muster-tdshim.bin: $(BUILD)/muster-shim.elf64
	$(OBJCOPY) -O binary $< $@

$(BUILD)/tdshim-reset.o: shim/td/reset.S shim/td/layout.h abi/tdvf_image.h abi/tdx.h abi/x86.h \
                         $(BUILD)/muster-tdshim.bin
	$(CC) $(COMMON) -DSHIM_FILE='"$(BUILD)/muster-tdshim.bin"' -c -o $@ $<

$(BUILD)/muster-tdshim.fd: $(BUILD)/tdshim-reset.o shim/td/image.ld $(BUILD)/muster-shim.elf64
	bytes=$$(($$(stat -c %s $(BUILD)/muster-tdshim.bin) / 4096 * 4096 + 6 * 4096)); \
	  $(LD) -T shim/td/image.ld --just-symbols=$(BUILD)/muster-shim.elf64 \
	  --defsym=IMAGE_START=$$((0x100000000 - bytes)) -o $(BUILD)/tdshim.elf $<
	$(OBJCOPY) -O binary --gap-fill=0xff $(BUILD)/tdshim.elf $@

# QEMU's -bios: a ROM that ends with the reset vector. Linked where it runs, above 4 GiB.
# No relaxing: ld would put addresses above 2 GiB into 32-bit immediates.
$(BUILD)/muster-monitor.rom: $(BUILD)/muster-monitor.elf
	$(OBJCOPY) -O binary -j .text -j .rodata -j .data -j .reset --gap-fill 0xFF $< $@

$(BUILD)/muster-monitor.elf: $(BUILD)/monitor.ld $(call bare_objects,$(MONITOR_SRC)) \
                                $(BUILD)/bare/libmuster-inner.a
	$(LD) -static --no-relax -z max-page-size=4096 -z noexecstack --build-id=none -T $< -o $@ \
	  $(filter %.o %.a,$^)

$(BUILD)/monitor.ld: monitor/monitor.ld monitor/layout.h
	@mkdir -p $(@D)
	$(CC) -E -P -x c -I. -o $@ $<

# One object in which only the simulator's names are global: its library is nobody else's.
sim_object = $(patsubst %,$(BUILD)/$(1)/sim-of/%.o,$(SIM_SRC))
$(BUILD)/host/sim.o: $(call sim_object,host)
$(BUILD)/sanitized/sim.o: $(call sim_object,sanitized)
$(BUILD)/host/sim.o $(BUILD)/sanitized/sim.o:
	$(LD) -r -o $@.all $^
	$(OBJCOPY) --wildcard --keep-global-symbol='sim_*' $@.all $@

# The command reads tables with the library, its inner parts included. What only a CPU's privileged
# state can run is there too, because the plan knows each way; it is never called.
$(BUILD)/host/libmuster.a: $(call host_objects,$(LIB_C) $(LIB_S))
	@rm -f $@
	$(AR) rcs $@ $^

# What `muster bench` times is the library as it is installed, and not the command's own of it.
$(BUILD)/host/discovery.o: $(call host_objects,cli/bench/discovery.c) $(BUILD)/libmuster.a
	$(LD) -r -o $@.all $^
	$(OBJCOPY) --keep-global-symbol=bench_discover $@.all $@

$(BUILD)/muster: $(call host_objects,$(filter-out cli/bench/discovery.c,$(CLI_SRC))) \
                 $(BUILD)/host/discovery.o $(BUILD)/host/sim.o $(BUILD)/host/libmuster.a
	$(CC) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)

# Manual page and completion come from the same tables as the command's help.
$(BUILD)/muster.1: $(BUILD)/muster
	$(BUILD)/muster help --man >$@

$(BUILD)/completion/muster: $(BUILD)/muster
	@mkdir -p $(@D)
	$(BUILD)/muster help --completion bash >$@

$(BUILD)/completion/_muster: $(BUILD)/muster
	@mkdir -p $(@D)
	$(BUILD)/muster help --completion zsh >$@

$(BUILD)/sanitized/libmuster.a: $(call test_objects,$(LIB_C_HOST) $(LIB_S))
	@rm -f $@
	$(AR) rcs $@ $^

# What the shim reads of hostile input, and the tree that it writes: apart from all hardware.
SHIM_TESTED := shim/hob.c shim/fw_cfg_directory.c shim/acpi_loader.c shim/fdt_write.c shim/tree.c \
               shim/lookout.c shim/mailbox_ap.c \
               shim/bios.c shim/host.c shim/host_hyperv.c shim/host_td.c shim/options.c shim/shared.c \
               shim/fault_options.c shim/source_hob.c shim/source_multiboot.c \
               boot/clock_compare.c boot/cmdline.c boot/format.c boot/hyperv.c boot/timer.c \
               boot/tsc_rate.c boot/multiboot2.c boot/multiboot2_screen.c boot/screen.c boot/font.c \
               boot/payload.c boot/loadable.c boot/bzimage.c boot/pvh_elf.c \
               boot/multiboot_kernel.c boot/multiboot1_kernel.c boot/multiboot2_kernel.c \
               boot/multiboot2_header.c
$(BUILD)/sanitized/libshim.a: $(call test_objects,$(SHIM_TESTED))
	@rm -f $@
	$(AR) rcs $@ $^

KERNEL_TESTED := kernel/loader.c kernel/loader_multiboot2.c kernel/loader_pvh.c kernel/options.c \
                 boot/efi/efi.c boot/efi/information.c
$(BUILD)/sanitized/libkernel.a: $(call test_objects,$(KERNEL_TESTED))
	@rm -f $@
	$(AR) rcs $@ $^

# What the monitor decides apart from all hardware: what it reads of images and of instructions.
MONITOR_LOGIC := $(addprefix monitor/,arithmetic.c decode.c guest_memory.c guest_state.c hob.c \
                   hypercall.c hypercall_vp.c metadata.c npt_vp.c opcodes.c overlay.c page_lock.c \
                   store.c store_work.c tdvf.c tsc.c)
$(BUILD)/sanitized/libmonitor.a: $(call test_objects,$(MONITOR_LOGIC))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/sanitized/libsim.a: $(BUILD)/sanitized/sim.o
	@rm -f $@
	$(AR) rcs $@ $^

# What the timeline decides apart from drawing: its model of a hostile report, its axis, its rows.
TIMELINE_LOGIC := $(addprefix cli/timeline/,axis.c history.c model.c palette.c records.c rows.c \
                    words.c) $(addprefix cli/base/,clean.c fields.c files.c output.c)
TIMELINE_OBJECTS := $(call test_objects,$(TIMELINE_LOGIC) tests/unit/test_timeline.c)
$(TIMELINE_OBJECTS): COMMON += $(CLI_CFLAGS)
$(BUILD)/tests/test_timeline: $(TIMELINE_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcmocka $(CLI_LIBS)

$(BUILD)/tests/%: $(BUILD)/sanitized/tests/unit/%.c.o $(BUILD)/sanitized/libkernel.a \
                  $(BUILD)/sanitized/libshim.a \
                  $(BUILD)/sanitized/libmonitor.a $(BUILD)/sanitized/libmuster.a \
                  $(BUILD)/sanitized/libsim.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcmocka -lfdt

$(BUILD)/host/sim-of/%.o: %
	@mkdir -p $(@D)
	$(CC) $(HOST) -include sim/touch.h $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/sanitized/sim-of/%.o: %
	@mkdir -p $(@D)
	$(CC) $(COMMON) -include sim/touch.h -O1 $(SANITIZE) -MMD -MP -c -o $@ $<

# The screen's letters, of the sheet that they are drawn on.
$(BUILD)/font.c: boot/font.txt scripts/make-font
	@mkdir -p $(@D)
	scripts/make-font $< >$@.new && mv $@.new $@

$(BUILD)/bare/boot/font.c.o: $(BUILD)/font.c boot/font.h
	@mkdir -p $(@D)
	$(CC) $(BARE) -c -o $@ $<

$(BUILD)/sanitized/boot/font.c.o: $(BUILD)/font.c boot/font.h
	@mkdir -p $(@D)
	$(CC) $(COMMON) -O1 $(SANITIZE) -c -o $@ $<

$(BUILD)/bare/%.o: %
	@mkdir -p $(@D)
	$(CC) $(BARE) -DIMAGE_BASE=$(KERNEL_BASE) -MMD -MP -c -o $@ $<

$(BUILD)/host/cli/%.o: cli/%
	@mkdir -p $(@D)
	$(CC) $(HOST) $(CFLAGS) $(CLI_CFLAGS) -MMD -MP -c -o $@ $<

# What the assembler reads by itself.
$(BUILD)/host/cli/timeline/page.S.o: $(wildcard cli/timeline/page*.html cli/timeline/page*.css cli/timeline/page*.js)

$(BUILD)/host/%.o: %
	@mkdir -p $(@D)
	$(CC) $(HOST) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/sanitized/cli/%.o: cli/%
	@mkdir -p $(@D)
	$(CC) $(COMMON) -O1 $(SANITIZE) $(CLI_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/sanitized/%.o: %
	@mkdir -p $(@D)
	$(CC) $(COMMON) -O1 $(SANITIZE) -MMD -MP -c -o $@ $<

# Our own programs on GRUB, for BIOS and UEFI, from a stick or a CD. GRUB loads all sections that an
# ELF has, so this one has none for debuggers.
#: make iso        build build/muster.iso, which starts a real PC (docs/iso.md)
iso: $(BUILD)/muster.iso
# The kernel as an EFI program: as a flat file, within a loader whose headers are laid by hand.
$(BUILD)/muster-kernel.bin: $(BUILD)/muster-kernel.elf
	$(OBJCOPY) -O binary $< $@

$(BUILD)/efi-header.o: boot/efi/header.S abi/x86.h $(BUILD)/muster-kernel.bin
	$(CC) $(COMMON) -DKERNEL_FILE='"$(BUILD)/muster-kernel.bin"' -c -o $@ $< \
	  -DKERNEL_BYTES="$$(nm $(BUILD)/muster-kernel.elf | awk '$$3 == "image_end" { print "0x" $$1 }')-$(KERNEL_BASE)"

$(BUILD)/muster-kernel.efi: boot/efi/image.ld $(BUILD)/efi-header.o $(call bare_objects,$(EFI_SRC)) \
                            $(BUILD)/bare/libmuster-inner.a
	$(LD) -pie --no-dynamic-linker -z noexecstack -z text --build-id=none \
	  -T boot/efi/image.ld -o $(BUILD)/efi.elf $(filter %.o %.a,$^)
	$(OBJCOPY) -O binary $(BUILD)/efi.elf $@

$(BUILD)/muster.iso: boot/grub.cfg $(BUILD)/muster-kernel.elf $(BUILD)/muster-shim.elf
	@for tool in grub-mkrescue xorriso mformat; do command -v $$tool >/dev/null || { echo \
	  "$$tool is missing; install grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools" >&2; \
	  exit 1; }; done
	$(OBJCOPY) --strip-debug $(BUILD)/muster-kernel.elf $(BUILD)/muster-kernel-iso.elf
	grub-mkrescue -o $@ --fonts= --locales= --themes= /boot/grub/grub.cfg=boot/grub.cfg \
	  /boot/muster-kernel.elf=$(BUILD)/muster-kernel-iso.elf \
	  /boot/muster-shim.elf=$(BUILD)/muster-shim.elf >$(BUILD)/muster-iso.log 2>&1 || \
	  { cat $(BUILD)/muster-iso.log >&2; rm -f $@; exit 1; }

#: make efi-disk   build build/muster-efi.img, which UEFI starts by itself (docs/tdvf.md)
efi-disk: $(BUILD)/muster-efi.img
# The kernel where UEFI looks for a program on any disk: in a FAT file system, of a floppy's size.
$(BUILD)/muster-efi.img: $(BUILD)/muster-kernel.efi
	@command -v mformat >/dev/null || { echo "mformat is missing; install mtools" >&2; exit 1; }
	mformat -C -f 1440 -i $@.new ::
	mmd -i $@.new ::/EFI ::/EFI/BOOT
	mcopy -i $@.new $< ::/EFI/BOOT/BOOTX64.EFI
	mv $@.new $@

#: make check      unit tests, under the address and undefined-behaviour sanitizers
check: $(UNIT_TESTS) $(BUILD)/muster-tdshim.fd
	@for t in $(UNIT_TESTS); do MUSTER_BUILD=$(BUILD) $$t || exit 1; done

#: make check-td   guests of the monitor: TDs that break a rule each, partitions of Hyper-V
check-td: $(BUILD)/muster-monitor.rom $(BUILD)/muster-tdshim.fd
	@tests/td/check
	@BUILD=$(BUILD) tests/hyperv/check
	@BUILD=$(BUILD) tests/td/witness

#: make test-long  ./test and its long variants: an hour or more (CONTRIBUTING.md)
test-long:
	MUSTER_TEST_LONG=1 ./test

#: make clean      remove build/
clean:
	rm -rf $(BUILD)

# A folder's own rules, each with its line of help behind "#: ".
include $(sort $(wildcard */rules.mk tests/*/rules.mk))

.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

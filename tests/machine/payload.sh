#!/bin/sh
# What the shim boots besides Linux and PVH: kernels for Multiboot 1 and 2, ours and others'.
. tests/machine/common.sh

cases() {
    echo "60 kernel_by_multiboot_2_wakes_4_cpus_by_mailbox own_kernel"
    echo "60 shim_by_multiboot_1_boots_the_kernel_in_turn own_shim"
    echo "60 gnu_mach_of_64_bits_starts_by_multiboot_1 mach"
    echo "60 xen_starts_by_multiboot_1 xen_alone multiboot1"
    echo "120 xen_starts_behind_uefi xen_alone multiboot2 --firmware ovmf"
    echo "120 xen_by_multiboot_2_brings_up_4_cpus_and_its_dom0 xen_dom0 multiboot2"
    echo "60 next_kernel_finds_nothing_of_ours_in_the_registers next_registers"
    echo "60 next_linux_finds_nothing_of_ours_in_the_registers linux_registers"
    echo "60 rsdp_by_multiboot_2_is_kept_for_the_next_kernel next_rsdp"
    echo "30 kernel_that_requires_a_video_mode_is_refused video_mode"
    echo "30 kernel_for_another_protocol_than_asked_is_refused other_protocol"
    echo "30 compressed_kernel_is_named compressed"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    echo "120 gnu_mach_starts_behind_uefi mach --firmware ovmf --memory 128M"
    echo "300 xen_by_multiboot_1_brings_up_4_cpus_and_its_dom0 xen_dom0 multiboot1"
    echo "300 xen_by_multiboot_2_brings_up_16_cpus_and_its_dom0 xen_dom0 multiboot2 16"
}

# Made for PVH, too, which would go first.
own_kernel() {
    expect_status 0 "$muster" boot build/muster-kernel.elf --cpus 4 --append wake=mailbox \
        --shim-append protocol=multiboot2 --json "$work/report.json"
    expect "$work/report.json" '.shim.protocol == "multiboot2" and .way == "mailbox"'
    expect "$work/report.json" '.handover.init == 0 and .handover.cpus_up == 4'
}

# The inner shim finds the tables of the outer one where a BIOS would have them, and its mailbox.
own_shim() {
    expect_status 0 "$muster" boot build/muster-shim.elf --cpus 4 --append mailbox-version=0 \
        --initrd build/muster-kernel.elf --until "result: ok: 4 of 4 CPUs on" \
        --shim-append protocol=multiboot1 --json "$work/report.json" >"$work/console"
    tail -n 20 "$work/console"
    grep -q "result: ok: 4 of 4 CPUs on" "$work/console" || fail "the kernel did not come up"
    expect "$work/report.json" '.shim.protocol == "multiboot1" and .handover.cpus_up == 4'
    expect "$work/report.json" '.way == "mailbox" and .failures == []'
}

# mach [ARG...]: it has read command line and memory map when it misses its first program.
mach() {
    kernel=$(input gnumach)
    expect_status 0 "$muster" boot "$kernel" --cpus 1 --append console=com0 "$@" \
        --until "No bootstrap code loaded" --json "$work/report.json" >"$work/console"
    tail -n 20 "$work/console"
    expect "$work/report.json" '.shim.protocol == "multiboot1"'
    grep -q "biosmem: .*, available" "$work/console" || fail "it has no memory map of ours"
    grep -q "biosmem: .*, ACPI NVS" "$work/console" || fail "it does not know the shim's memory"
}

# With its real-mode code Xen would ask the BIOS for memory, and overwrite the shim's.
xen_words="xen no-real-mode com1=115200,8n1 console=com1 loglvl=all noreboot"

# xen_alone PROTOCOL [ARG...]
xen_alone() {
    protocol=$1
    shift
    kernel=$(input xen)
    expect_status 0 "$muster" boot "$kernel" --cpus 1 --append "$xen_words" "$@" \
        --shim-append "protocol=$protocol" --until "dom0 kernel not specified" \
        --json "$work/report.json" >"$work/console"
    tail -n 20 "$work/console"
    grep -q "Command line: .*no-real-mode com1" "$work/console" || fail "it has other words"
    expect "$work/report.json" ".shim.protocol == \"$protocol\""
}

# xen_dom0 PROTOCOL [CPUS]: by INIT-SIPI, as Xen knows no mailbox; Linux is its first domain.
xen_dom0() {
    kernel=$(input xen)
    dom0=$(input kernel)
    cpus=${2:-4}
    # Debian's cloud kernels from 6.12 on are no Dom0: Xen says so when it has read all of one.
    case $(cat "$(dirname "$dom0")/version") in
    [1-5].* | 6.[0-9].* | 6.1[01].*) until="Dom0 has maximum" ;;
    *) until="Kernel does not support Dom0 operation" ;;
    esac
    expect_status 1 "$muster" boot "$kernel" --cpus "$cpus" --append "$xen_words" \
        --initrd "$dom0" --shim-append "protocol=$1" --until "$until" \
        --json "$work/report.json" >"$work/console"
    tail -n 30 "$work/console"
    grep -q "Brought up $cpus CPUs" "$work/console" || fail "Xen has not all CPUs"
    grep -q "Multiboot-e820 RAM map" "$work/console" || fail "Xen does not use our memory map"
    expect "$work/report.json" ".shim.protocol == \"$1\" and .way == \"sipi\""
    expect "$work/report.json" ".handover.cpus_up == $cpus and (.failures | length == 1)"
}

# Our kernel fills them before it boots the next one, which is our kernel again, and looks.
next_registers() {
    expect_status 0 "$muster" run --wake mailbox --cpus 2 --then build/muster-kernel.elf \
        --then-append custody=reclaim --until "reclaimed-memory  held" --keep "$work/logs"
    [ "$(grep -a -c "proof: registers  *held.*vector and debug registers are empty" \
        "$work/logs/console.log")" = 2 ] || fail "both kernels' proofs are not there"
}

# The same by Linux's 64-bit boot protocol, which has a jump of its own.
linux_registers() {
    gcc -I. -c -o "$work/registers.o" tests/machine/registers.S
    ld -Ttext=0 -e 0 --oformat binary -o "$work/registers" "$work/registers.o"
    expect_status 0 "$muster" run --wake mailbox --cpus 1 --then "$work/registers" \
        --until "looked at" --keep "$work/logs"
    grep -a "looked at" "$work/logs/console.log"
    grep -a -q "^registers are empty" "$work/logs/console.log" || fail "they are not empty"
}

# Multiboot 2 brings a copy of the RSDP in memory that is free otherwise: Linux, booted by the
# kernel in turn, must be told that it is ACPI's.
next_rsdp() {
    kernel=$(input kernel)
    expect_status 0 "$muster" run --wake mailbox --cpus 2 --shim-append protocol=multiboot2 \
        --then "$kernel" --keep "$work/logs" --json "$work/report.json"
    console=$work/logs/console.log
    grep -a "ACPI data" "$console" || fail "Linux knows no memory of ACPI's"
    rsdp=$(sed -n 's/.*ACPI: RSDP 0x0*\([0-9A-F]*\) .*/\1/p' "$console")
    [ -n "$rsdp" ] || fail "Linux has no RSDP"
    range=$(sed -n 's/.*e820: \[mem 0x0*\([0-9a-f]*\)-0x0*\([0-9a-f]*\)\] ACPI data.*/0x\1 0x\2/p' \
        "$console")
    while read -r start end; do
        [ $((0x$rsdp >= start && 0x$rsdp <= end)) = 1 ] && return
    done <<END
$range
END
    fail "the RSDP at 0x$rsdp is not in ACPI's memory: $range"
}

# refused STATUS WORD ARG...
refused() {
    status=$1
    word=$2
    shift 2
    expect_status "$status" "$muster" boot "$@" 2>"$work/stderr" >"$work/console"
    cat "$work/stderr"
    grep -q -- "^muster: .*$word" "$work/stderr" || fail "stderr does not say '$word'"
}

# A header of Multiboot 1 with load addresses and flag 2, as no ELF.
video_mode() {
    printf '\002\260\255\033\004\000\001\000\372\117\121\344' >"$work/flat"
    printf '\000\000\020\000\000\000\020\000\000\000\000\000\000\000\000\000\040\000\020\000' \
        >>"$work/flat"
    printf '\364\364\364\364' >>"$work/flat"
    refused 3 "video mode" "$work/flat" --cpus 1
}

other_protocol() {
    refused 3 "is no bzImage" build/muster-shim.elf --cpus 1 \
        --initrd build/muster-kernel.elf --shim-append protocol=linux
}

compressed() {
    gzip -c build/muster-shim.elf >"$work/kernel.gz"
    refused 3 gunzip "$work/kernel.gz"
}

main "$@"

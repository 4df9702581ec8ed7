#!/bin/sh
# As an Intel TD, under the monitor: our kernel, an unmodified Linux, and guests that break one
# rule each. Every CPU is woken by the mailbox, and none by INIT or SIPI.
. tests/machine/common.sh

# What muster gives a TD, and the same with 5-level paging.
cpu_td=Skylake-Server-v4,+svm,+npt,phys-bits=52,-cx16
cpu_la57=Skylake-Server-v4,+la57,+svm,+npt,phys-bits=52,-cx16

cases() {
    for cpus in 1 4 8 16; do
        echo "100 td_wakes_${cpus}_cpus_of_our_kernel td_run $cpus"
    done
    echo "60 td_with_usable_tables_elsewhere_comes_up td_run 4 --mailbox-version 0 \
--firmware-memory usable --page-tables 0x11000000"
    echo "60 td_boots_our_kernel_as_any_other td_boot_our_kernel 2"
    echo "100 td_wakes_4_cpus_by_device_tree td_run 4 --wake fdt"
    echo "60 td_on_5_levels_leaves_a_4_level_shim td_levels 5 4"
    echo "60 td_on_4_levels_leaves_a_5_level_shim td_levels 4 5"
    for cpus in 1 2 4; do
        echo "400 linux_6_12_as_a_td_wakes_${cpus}_cpus td_linux $cpus"
    done
    echo "40 td_whose_mailbox_the_host_can_write_to_is_refused td_mailbox_shared"
    echo "30 td_that_hangs_is_asked_where_it_is td_hangs 2"
    echo "30 td_without_room_for_the_shared_bit_is_refused td_fatal"
    for name in $(tests/td/check list); do
        echo "40 monitor_$name monitor_case $name"
    done
    echo "240 witness_catches_each_wrong_guest_by_its_rule witness"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    echo "900! linux_6_12_as_a_td_against_itself_without_the_monitor td_ratio 4 2"
    echo "400 linux_6_12_as_a_td_wakes_8_cpus td_linux 8"
    echo "400 linux_6_12_as_a_td_goes_to_5_levels td_linux 4 --cpu $cpu_la57"
    echo "400 td_wakes_64_cpus_of_our_kernel td_run 64"
    for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        echo "400 linux_6_12_as_a_td_wakes_4_cpus_time_$round td_linux 4"
    done
}

# check_td REPORT CPUS: the monitor ran them all, and had nothing to complain of.
check_td() {
    expect "$1" '.schema == "muster.report/1" and .result == "ok" and .failures == []'
    expect "$1" ".monitor.profile == \"tdx\" and .monitor.vcpus == $2"
    expect "$1" '.monitor.fatal == null and .monitor.findings == []'
    expect "$1" '.handover.init == 0 and .handover.sipi == 0'
    expect "$1" '.shim.failed == []'
    # One CPU has nobody to wake.
    [ "$2" = 1 ] || expect "$1" '.shim.way == "td-start" and .way == "mailbox"'
}

# The host could send the CPUs anywhere.
td_mailbox_shared() {
    refused 1 "MUSTER_ERROR_MAILBOX_SHARED" --td --cpus 4 --tables acpi \
        --shim-append fault=mailbox-shared
    refused 2 "since this is no TD" --wake mailbox --cpus 4 --shim-append fault=mailbox-shared
}

# One guest for each rule of the mailbox, which breaks just that one.
witness() {
    expect_status 0 env BUILD=build tests/td/witness
}

# td_run CPUS [ARG...]: our kernel, with all its proofs but the one that nobody can inject.
td_run() {
    cpus=$1
    shift
    # Nobody can inject a machine check into a TD.
    always_held=$(echo "$always_held" | sed 's/ist-mc //')
    expect_status 0 "$muster" run --td --cpus "$cpus" --json "$work/report.json" "$@"
    check_all_on "$work/report.json" mailbox "$cpus"
    check_td "$work/report.json" "$cpus"
    expect "$work/report.json" ".handover.cpus_up == $cpus"
    expect "$work/report.json" \
        '.proofs | map(select(.name == "ist-mc")) | length == 1 and .[0].state == "not-applicable"'
}

# td_levels KERNEL-LEVELS SHIM-LEVELS: the page tables of either side, by their depth.
td_levels() {
    td_run 4 --cpu "$cpu_la57" --append "levels=$1" --shim-append "levels=$2"
    expect "$work/report.json" ".guest.fields.paging_levels == $1"
}

# td_boot_our_kernel CPUS: judged by its result alone; it says nothing that boot would count.
td_boot_our_kernel() {
    expect_status 0 "$muster" boot build/muster-kernel.elf --td --cpus "$1" --append "" \
        --json "$work/report.json"
    expect "$work/report.json" '.result == "ok" and .handover.cpus_up == null'
    expect "$work/report.json" ".monitor.vcpus == $1 and .monitor.findings == []"
}

# td_linux CPUS [ARG...]: the unmodified kernel of Debian.
td_linux() {
    kernel=$(input kernel-6.12)
    cpus=$1
    shift
    expect_status 0 "$muster" boot "$kernel" --td --cpus "$cpus" --timeout 360 \
        --json "$work/report.json" "$@" >"$work/console"
    tail -n 6 "$work/console"
    check_td "$work/report.json" "$cpus"
    expect "$work/report.json" ".handover.guest_said == $cpus"
    grep -q "tdx: Guest detected" "$work/console" || fail "Linux does not know that it is a TD"
}

# boot_time CPUS ARG...: how long one boot to init takes; the console's I/O is not what counts.
boot_time() {
    expect_status 0 "$muster" boot "$kernel" --cpus "$@" --initrd "$work/initrd" --timeout 200 \
        --until "CPUs online" --append "console=ttyS0 quiet" --json "$work/report.json" >"$work/console"
    jq .wall_s "$work/report.json"
}

# td_ratio CPUS MOST: by turns on the same CPU model and memory, the shortest of 5 each, since a
# busy host only ever adds; the figure is in docs/monitor.md.
td_ratio() {
    kernel=$(input kernel-6.12)
    scripts/make-initrd tests/real/init-cpus "$work/initrd"
    for round in 1 2 3 4 5; do
        boot_time "$1" --td >>"$work/td"
        boot_time "$1" --memory 2G --cpu "$cpu_td" >>"$work/plain"
        echo "round $round: $(tail -n 1 "$work/td") s as a TD, $(tail -n 1 "$work/plain") s without"
    done
    ratio=$(jq -n --slurpfile td "$work/td" --slurpfile plain "$work/plain" \
        '($td | min) / ($plain | min) * 100 | round / 100')
    echo "ratio $ratio"
    [ "$(jq -n "$ratio <= $2")" = true ] || fail "as a TD it takes more than $2 times as long"
}

# td_hangs CPUS: the deadline passes; every vCPU tells where it is.
td_hangs() {
    kernel=$(input kernel-6.12)
    expect_status 1 "$muster" boot "$kernel" --td --cpus "$1" --timeout 5 \
        --json "$work/report.json" >"$work/console" 2>"$work/stderr"
    cat "$work/stderr"
    expect "$work/report.json" ".monitor.where | length == $1 and all(.rip | startswith(\"0x\"))"
    grep -q "^muster: no end after 5 s; .*vCPU 0 (APIC ID 0) at 0x" "$work/stderr" ||
        fail "stderr does not say where the vCPUs are"
}

td_fatal() {
    expect_status 2 "$muster" run --td --cpus 2 --cpu max --json "$work/report.json" \
        2>"$work/stderr"
    cat "$work/stderr"
    [ ! -e "$work/report.json" ] || fail "there is a report of what never began"
    grep -q "^muster: the monitor says: .*phys-bits=52" "$work/stderr" ||
        fail "stderr does not name the reason"
    ! grep -q "TCG doesn't support" "$work/stderr" || fail "QEMU's noise reached the user"
}

# monitor_case NAME: one line of tests/td/check.
monitor_case() {
    tests/td/check "$1"
}

main "$@"

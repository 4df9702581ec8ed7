#!/bin/sh
# The monitor as a Hyper-V hypervisor, to a partition and to a TD: our shim and our kernel as
# openhcl_boot has it, and guests that check what they find (tests/hyperv).
. tests/machine/common.sh

cases() {
    for cpus in 1 4 8 16; do
        echo "80 hyperv_wakes_${cpus}_cpus_of_our_kernel partition $cpus"
    done
    echo "80 hyperv_wakes_4_vps_with_other_indexes_and_time_outs shuffled 4"
    echo "80 hyperv_starts_each_ap_on_tables_of_its_own own_tables 4"
    echo "80 hyperv_wakes_4_cpus_described_by_acpi described acpi"
    echo "80 hyperv_wakes_4_cpus_described_by_both described both"
    echo "80 hyperv_vps_start_in_the_usual_vtl usual_vtl 4"
    echo "80 hyperv_wakes_4_cpus_by_amds_instruction started 4 --tables both \
--cpu EPYC-v1,+svm,+npt,-cx16"
    echo "60 hyperv_shim_refuses_wrong_words wrong_words"
    echo "80 hyperv_clock_that_is_slow_is_found slow_clock"
    echo "80 hyperv_vp_that_never_runs_costs_itself_alone lost_vp 4"
    echo "60 hyperv_vps_of_a_td_that_run_already_are_named started_td"
    echo "80 hyperv_starts_4_vps_of_a_td td 4"
    echo "80 hyperv_starts_8_vps_of_a_td_on_tables_of_their_own td 8 --shim-append ap-tables=each \
--vp-index shuffled --time-out 3"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
    for name in $(tests/hyperv/check list); do
        echo "80 hyperv_$name hyperv_case $name"
    done
}

long_cases() {
    echo "400 hyperv_wakes_64_cpus_of_our_kernel started 64 --tables both"
    echo "400 hyperv_wakes_64_cpus_on_tables_of_their_own started 64 --tables both --time-out 2 \
--shim-append ap-tables=each"
    echo "400 hyperv_starts_64_vps_of_a_td td 64"
    echo "80 hyperv_starts_1_vp_of_a_td td 1"
    echo "80 hyperv_vp_of_a_td_that_never_runs_costs_itself_alone lost_vp 4 --td"
    for round in 1 2 3 4 5 6 7 8 9 10; do
        echo "100 hyperv_wakes_8_cpus_time_$round started 8 --tables both --time-out 2"
    done
}

# started CPUS [ARG...]: all on, by the mailbox; and the shim started them by hypercall.
started() {
    cpus=$1
    shift
    # Nobody can inject a machine check into the monitor's guest.
    always_held=$(echo "$always_held" | sed 's/ist-mc //')
    expect_status 0 "$muster" run --wake hyperv --cpus "$cpus" --json "$work/report.json" "$@"
    check_all_on "$work/report.json" mailbox "$cpus"
    expect "$work/report.json" '.failures == [] and .shim.failed == []'
    expect "$work/report.json" ".monitor.vcpus == $cpus and .monitor.fatal == null"
    expect "$work/report.json" '.monitor.findings == []'
    expect "$work/report.json" '.handover.init == 0 and .handover.sipi == 0'
    expect "$work/report.json" '.shim.clock.agrees and .shim.clock.elapsed_ns >= 50000000'
    [ "$cpus" = 1 ] || expect "$work/report.json" '.shim.way == "hyperv"'
}

# by_tree: the kernel has its CPUs and its mailbox from the shim's tree, and no ACPI at all.
by_tree() {
    expect "$work/report.json" '.shim.tables == "fdt" and .discovery.madt_revision == 0'
    expect "$work/report.json" '.discovery.source == "device-tree"'
    expect "$work/report.json" '.discovery.mailbox_source == "device-tree"'
}

# partition CPUS [ARG...]
partition() {
    started "$@"
    expect "$work/report.json" '.monitor.profile == "hyperv"'
    expect "$work/report.json" '.shim.clock.source == "reference-tsc"'
    expect "$work/report.json" '.shim.ap_tables == "shared" and .shim.ap_tables_bytes == 131072'
    by_tree
    [ "$1" = 1 ] || check_held "$work/report.json" reclaimed-memory
}

# shuffled CPUS: an index is no APIC ID, and every second call is to be made again.
shuffled() {
    partition "$1" --vp-index shuffled --time-out 2
    expect "$work/report.json" '.monitor.counts | map(.hypercall_time_out) | add > 2'
}

# own_tables CPUS: one set for each AP, beside the one that all come back on.
own_tables() {
    started "$1" --shim-append ap-tables=each
    by_tree
    expect "$work/report.json" ".shim.ap_tables == \"each\""
    expect "$work/report.json" ".shim.ap_tables_bytes == $1 * 131072"
    expect "$work/report.json" '.shim.ap_tables_used_bytes > 0'
    expect "$work/report.json" '.shim.ap_tables_used_bytes <= .shim.ap_tables_bytes'
    # What the kernel took into custody tells that each AP came on tables of its own.
    each=$(jq .memory.custody_taken_bytes "$work/report.json")
    started "$1"
    shared=$(jq .memory.custody_taken_bytes "$work/report.json")
    [ "$each" -gt $((shared + ($1 - 2) * 4096)) ] ||
        fail "custody took $each bytes with tables for each, $shared with shared ones"
}

# described acpi|both
described() {
    started 4 --tables "$1" --per-vp-memory on
    expect "$work/report.json" ".shim.tables == \"$1\" and .discovery.mailbox_source == \"acpi\""
    check_held "$work/report.json" reset-vector
}

usual_vtl() {
    started "$1" --shim-append vtl=0
    expect "$work/report.json" '.shim.vtl == 0'
}

wrong_words() {
    for word in ap-tables=none vtl=1 vtl; do
        expect_status 2 "$muster" run --wake hyperv --cpus 2 --shim-append "$word" 2>"$work/stderr"
        cat "$work/stderr"
        grep -q "^muster: the shim says: ${word%=*} must be " "$work/stderr" || fail "not named: $word"
    done
}

slow_clock() {
    expect_status 1 "$muster" run --wake hyperv --cpus 2 --reference-clock slow \
        --json "$work/report.json" 2>"$work/stderr"
    cat "$work/stderr"
    grep -q "^muster: the guest's clock and the hypervisor's disagree: " "$work/stderr" ||
        fail "stderr does not say so"
    expect "$work/report.json" '.shim.clock.agrees == false and (.failures | length == 1)'
}

# lost_vp CPUS [ARG...]: it costs the shim's deadline, is named, and is in no table; the others run.
lost_vp() {
    cpus=$1
    shift
    refused 1 "the shim could not start the CPU with APIC ID 2" --wake hyperv --cpus "$cpus" \
        --lost-vp 2 --json "$work/report.json" "$@"
    expect "$work/report.json" '.shim.failed == [2] and .result == "failed"'
    expect "$work/report.json" "[.cpus[].apic_id] | sort == [range($cpus)] - [2]"
    expect "$work/report.json" '(.cpus | all(.state == "on")) and .monitor.fatal == null'
    expect "$work/report.json" '.proofs | all(.state != "broken")'
}

# A TD's host that takes hypercalls and has let all VPs run from the reset vector; muster run knows
# no such host. The shim's starts are refused, and the kernel gets what there is: one CPU.
started_td() {
    timeout -k 1 50 qemu-system-x86_64 -machine q35 -accel tcg -m 3G -smp 3 -display none \
        -cpu Skylake-Server-v4,+svm,+npt,phys-bits=52,-cx16 -nodefaults -no-reboot \
        -bios build/muster-monitor.rom -fw_cfg name=opt/muster/monitor,string=hypercalls=hyperv \
        -fw_cfg name=opt/muster/td-firmware,file=build/muster-tdshim.fd \
        -fw_cfg name=opt/muster/kernel,file=build/muster-kernel.elf \
        -debugcon "file:$work/lines" >"$work/qemu" 2>&1 &
    child=$!
    until grep -q '"from":"kernel","event":"end"' "$work/lines" 2>"$work/grep"; do
        kill -0 "$child" || fail "QEMU ended: $(cat "$work/qemu")"
        sleep 0.1
    done
    kill "$child"
    jq -s . "$work/lines" >"$work/events"
    expect "$work/events" 'any(.event == "ready" and .way == "hyperv" and .failed == [1, 2])'
    expect "$work/events" '[.[] | select(.text == "hypercall 0x99: the VP has been started")] |
        length == 2'
    expect "$work/events" 'any(.event == "report" and .result == "ok" and (.cpus | length == 1))'
}

# td CPUS [ARG...]: only vCPU 0 runs, until the shim starts the others by TDG.VP.VMCALL.
td() {
    started "$@" --td
    by_tree
    expect "$work/report.json" '.monitor.profile == "tdx" and .shim.clock.source == "counter"'
}

# hyperv_case NAME: one line of tests/hyperv/check.
hyperv_case() {
    expect_status 0 tests/hyperv/check "$1"
}

main "$@"

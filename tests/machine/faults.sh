#!/bin/sh
# Every fault of the one list (tests/faults/list.c): in the simulated machine, and in QEMU wherever a
# shim or a hypervisor that does it wrong can make it. Who is missing has a name, all others are on.
. tests/machine/common.sh

cases() {
    echo "60 every_simulated_fault_has_its_name_and_spares_the_others simulated"
    echo "30 every_fault_of_the_list_is_tried_in_qemu_or_says_why_not told"
    for fault in $(in_qemu); do
        echo "60 fault_${fault}_in_qemu_spares_the_others qemu $fault"
    done
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || echo "900 every_simulated_fault_on_many_sizes_and_seeds long"
}

simulated() {
    expect_status 0 build/tests/faults
}

long() {
    expect_status 0 build/tests/faults --long
}

# Lines of "FAULT how": by which function, or why not.
table() {
    cat <<'END'
dead mailbox_fault
late mailbox_fault
sipi-lost - QEMU delivers every SIPI
init-late - QEMU's INIT takes effect at once
twice - nobody follows a command but the AP that it is for
uncounted uncounted
unknown-id unknown_id
duplicate-id - QEMU gives each CPU an ID of its own
not-acknowledged mailbox_fault
acknowledged-twice mailbox_fault
unknown-command mailbox_fault
mailbox-busy - what the shim begins with is what each unknown-command leaves
vector-overwritten mailbox_fault
call-refused - the monitor refuses what is wrong only: tests/hyperv/check has a call for each status
call-times-out time_out
call-always-times-out - the monitor lets every second one be done at least
call-is-late - the monitor cannot keep a vCPU away from its guest for a time that is told
call-nonsense - the monitor refuses what is wrong only: tests/hyperv/check has a call for each status
call-refused-and-done - the monitor does not do what it refuses
page-no-vmsa - QEMU has no SEV
vmsa-no-page - QEMU has no SEV
jump-table-refused - QEMU has no SEV
jump-table-nowhere - QEMU has no SEV
jump-table-unaligned - QEMU has no SEV
jump-table-unmapped - QEMU has no SEV
jump-table-shared - QEMU has no SEV
jump-table-gone - QEMU has no SEV
dies-in-slot - no option can stop a vCPU between two of its instructions
nmi interrupted
machine-check checked
tables-trampled trampled
table-changed - no moment between two reads can be hit from outside
no-low-memory no_low_memory
clock-stands - a TSC of QEMU's cannot be stopped
clock-stands-and-dead - a TSC of QEMU's cannot be stopped
END
}

in_qemu() { table | awk '$2 != "-" { print $1 }'; }

# The table has each fault of the list, in its order, and no other; so has the docs' table.
told() {
    build/tests/faults --list | cut -d ' ' -f 1 >"$work/list"
    table | cut -d ' ' -f 1 >"$work/table"
    diff "$work/list" "$work/table" || fail "the list and the table of this file differ"
    # shellcheck disable=SC2016 # Markdown's
    sed -n '/^## Faults/,/^## Soak/s/^| `\([a-z-]*\)`.*/\1/p' docs/assurance.md >"$work/docs"
    diff "$work/list" "$work/docs" || fail "the list and the table of docs/assurance.md differ"
    table | awk 'NF < 2 || ($2 == "-" && NF < 4) { exit 1 }' || fail "a line says too little"
    table | sed -n 's/ - /: not applicable in QEMU: /p'
}

qemu() {
    "$(table | awk -v fault="$1" '$1 == fault { print $2 }')" "$1"
}

# faulty FAULT CPUS [ARG...]: our kernel behind a shim with this fault; its verdict is no matter here.
faulty() {
    fault=$1
    cpus=$2
    shift 2
    "$muster" run --wake mailbox --mailbox-version 0 --cpus "$cpus" --append timeout-ms=3000 \
        --shim-append "fault=$fault" --json "$work/report.json" "$@" || true
    expect "$work/report.json" '.end == "good"'
}

# missing [APIC-ID ERROR]...: these by these names, and everybody else on.
missing() {
    wanted=
    while [ $# -gt 0 ]; do
        wanted="$wanted${wanted:+,}[$1,\"failed\",\"$2\"]"
        shift 2
    done
    expect "$work/report.json" "[.cpus[] | select(.state != \"on\") |
        [.apic_id, .state, .failure]] == [$wanted]"
    # The proofs are made on those that are there; memory is not handed out while one is missing.
    expect "$work/report.json" '.proofs | length > 10 and
        all(.name == "reclaimed-memory" or .state != "broken")'
}

mailbox_fault() {
    case $1 in
    dead)
        faulty dead:2 4
        missing 2 MUSTER_ERROR_NOT_ACKNOWLEDGED
        faulty dead:5 16
        missing 5 MUSTER_ERROR_NOT_ACKNOWLEDGED
        ;;
    late)
        faulty late:2 4
        missing 2 MUSTER_ERROR_NOT_ARRIVED
        ;;
    not-acknowledged)
        faulty not-acknowledged:2 4
        missing
        ;;
    acknowledged-twice)
        faulty acknowledged-twice:1 4
        # The next one may have looked before.
        if [ "$(jq '[.cpus[] | select(.state != "on")] | length' "$work/report.json")" = 0 ]; then
            missing
        else
            missing 2 MUSTER_ERROR_NOT_ARRIVED
        fi
        ;;
    unknown-command)
        faulty unknown-command:2 4
        missing 3 MUSTER_ERROR_MAILBOX_BUSY
        ;;
    vector-overwritten)
        faulty vector-overwritten:1 4
        missing 1 MUSTER_ERROR_NOT_ARRIVED 2 MUSTER_ERROR_WRONG_APIC_ID
        ;;
    esac
}

# It stays in the shim's loop, and no broadcast reaches it.
uncounted() {
    faulty uncounted:2 4 --tables acpi
    expect "$work/report.json" '[.cpus[] | [.apic_id, .state]] == [[0, "on"], [1, "on"], [3, "on"]]'
}

unknown_id() {
    faulty unknown-id:2 4 --tables acpi
    missing 66 MUSTER_ERROR_NOT_ACKNOWLEDGED
}

time_out() {
    expect_status 0 "$muster" run --wake hyperv --cpus 4 --time-out 2 --json "$work/report.json"
    expect "$work/report.json" '.monitor.counts | map(.hypercall_time_out) | add > 0'
    missing
}

# One to each CPU between adoption and start, by every way that QEMU has.
interrupted() {
    for way in sipi mailbox fdt; do
        expect_status 0 "$muster" run --wake "$way" --cpus 8 --append nmi=parked \
            --json "$work/report.json"
        expect "$work/report.json" '.guest.fields.nmis_parked == 7'
        missing
    done
}

# To each CPU between adoption and start, by QEMU's monitor; the last one's cannot be gone on from.
checked() {
    for way in sipi mailbox; do
        version=
        [ "$way" = sipi ] || version="--mailbox-version 0"
        # shellcheck disable=SC2086 # two words, or none
        expect_status 1 "$muster" run --wake "$way" $version --cpus 4 \
            --append "mce=parked timeout-ms=3000" --json "$work/report.json"
        expect "$work/report.json" '.end == "good" and .guest.fields.mces_parked == 3'
        missing 3 MUSTER_ERROR_NOT_ARRIVED
    done
}

trampled() {
    refused 1 "MUSTER_ERROR_TABLE_CHECKSUM" --wake mailbox --cpus 4 --tables acpi \
        --shim-append fault=tables-trampled
}

no_low_memory() {
    expect_status 1 "$muster" boot build/muster-kernel.elf --cpus 4 --append wake=sipi \
        --tables acpi --shim-append fault=no-low-memory >"$work/console" 2>&1
    grep "page below 1 MiB.*MUSTER_ERROR_OUT_OF_MEMORY" "$work/console" || fail "it has no name"
}

main "$@"

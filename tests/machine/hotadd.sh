#!/bin/sh
# CPUs that come while the machine runs, and go again. QEMU 7.2 overwrites its own memory when a
# CPU goes, so these use the newer one.
. tests/machine/common.sh

cases() {
    echo "90 four_cpus_come_and_go_twice hot_add 2 4"
    echo "90 cpus_come_to_a_machine_of_one hot_add 1 2"
    echo "90 cpus_come_after_others_went_off_and_on hot_add 2 2 --cycles 20"
    echo "90 cpus_come_to_an_x2apic_machine x2apic 2 4"
    echo "30 hot_add_in_a_td_is_refused_by_the_kernel refused_td"
    echo "30 hot_add_by_the_mailbox_is_refused_by_the_kernel refused_mailbox"
    echo "30 hot_add_without_room_is_refused_by_the_kernel refused_room"
    echo "60 cpus_that_nobody_adds_are_named nobody_adds"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    for round in 1 2 3 4 5 6 7 8 9 10; do
        echo "90 four_cpus_come_and_go_twice_$round hot_add 2 4"
    done
    echo "200 thirty_two_cpus_come_and_go_twice hot_add 4 32"
}

# check_hot_add COUNT: so many in each round, all proved, and the ones from the boot remain.
check_hot_add() {
    expect "$work/report.json" ".hot_add.asked == $1 and .hot_add.added == 2 * $1"
    expect "$work/report.json" '.hot_add.removed == .hot_add.added'
    expect "$work/report.json" '.hot_add.rounds | length == 2 and all(.problem == null)'
    expect "$work/report.json" ".hot_add.rounds | all(.cpus | length == $1 and all(.gone))"
    # The same places twice: a slot that was left is good for the next CPU.
    expect "$work/report.json" '.hot_add.rounds | map(.cpus | map(.apic_id)) | unique | length == 1'
    expect "$work/report.json" '.hot_add.rounds | all(.proofs | length == 10 and all(.state == "held"))'
    expect "$work/report.json" ".guest.fields.strays == 0"
}

# hot_add CPUS COUNT [ARG...]
hot_add() {
    qemu=$(input qemu-10)
    cpus=$1
    count=$2
    shift 2
    expect_status 0 "$muster" run --wake sipi --cpus "$cpus" --hot-add "$count" --qemu "$qemu" \
        --json "$work/report.json" "$@"
    check_all_on "$work/report.json" sipi "$cpus"
    check_hot_add "$count"
    expect "$work/report.json" ".discovery.online_capable == 2 * $count"
}

x2apic() {
    hot_add "$1" "$2" --cpu max,-la57,-cx16,+x2apic --append apic=x2
    expect "$work/report.json" '.proofs | any(.name == "apic" and (.detail | test("x2APIC")))'
}

# refused STATUS TEXT ARG...: by the kernel; the command itself would not have come so far.
refused() {
    wanted_status=$1
    text=$2
    shift 2
    expect_status "$wanted_status" "$muster" run "$@" 2>"$work/stderr"
    grep -q -- "$text" "$work/stderr" || fail "stderr does not say '$text'"
}

refused_td() {
    refused 2 "way is 'mailbox', and a TD has no INIT-SIPI" --td --cpus 2 --append hot-add=1
}

refused_mailbox() {
    refused 2 "INIT-SIPI alone can wake it" --wake mailbox --cpus 2 --append hot-add=1
}

refused_room() {
    refused 2 "lists 0 CPUs that may come" --wake sipi --cpus 2 --append hot-add=1
}

# Nobody listens to the kernel: it gives up after its time, and goes on with those it has.
nobody_adds() {
    refused 1 "kernel's own result is 'failed'" --wake sipi --cpus 2 --json "$work/report.json" \
        --append "hot-add=2 timeout-ms=500" -- -smp 2,maxcpus=4
    expect "$work/report.json" '.cpus | length == 2 and all(.state == "on")'
    expect "$work/report.json" '.proofs | all(.state != "broken")'
}

main "$@"

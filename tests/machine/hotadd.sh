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
    echo "30 machine_without_a_controller_is_refused_by_the_kernel refused_machine"
    echo "60 cpus_that_nobody_adds_are_named nobody_adds"
    echo "30 cpu_that_nobody_takes_out_is_named by_hand 0.of.1.CPU.went"
    echo "30 cpu_of_the_boot_is_not_let_go by_hand which.it.did.not.add --remove=cold"
    echo "30 newcomer_that_lacks_a_feature_is_named by_hand MUSTER_ERROR_FEATURES_DIFFER \
--with=smep=off --remove=new"
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

# By the kernel; the command itself would not have come so far.
refused_td() {
    refused 2 "way is 'mailbox', and a TD has no INIT-SIPI" --td --cpus 2 --append hot-add=1
}

refused_mailbox() {
    refused 2 "INIT-SIPI alone can wake it" --wake mailbox --cpus 2 --append hot-add=1
}

refused_room() {
    refused 2 "lists 0 CPUs that may come" --wake sipi --cpus 2 --append hot-add=1
}

refused_machine() {
    refused 1 "no CPU hot-plug controller at port 0xcd8" --wake sipi --cpus 2 --append hot-add=1 \
        -- -machine pc -smp 2,maxcpus=4
}

# await TEXT: in what the kernel says.
await() {
    until grep -q -- "$1" "$work/lines"; do
        kill -0 "$child" || fail "QEMU ended, and the kernel did not say '$1'"
        sleep 0.1
    done
}

# by_hand PROBLEM [--with=PROPERTY] [--remove=ID]: one CPU comes to a machine of two; then CPU ID
# is asked for, and nobody else. The kernel gives up after its time, and names the problem.
by_hand() {
    qemu=$(input qemu-10)
    problem=$1
    property=
    remove=
    shift
    for word; do
        case $word in
        --with=*) property=,${word#--with=} ;;
        --remove=*) remove=${word#--remove=} ;;
        esac
    done
    place=max-x86_64-cpu,core-id=0,thread-id=0,socket-id
    mkfifo "$work/commands"
    : >"$work/lines"
    timeout -k 1 25 "$qemu" -machine q35 -accel tcg -cpu max,-la57,-cx16 -m 256M -display none \
        -nodefaults -no-reboot -smp 1,maxcpus=3,sockets=3 -device "$place=1,id=cold" \
        -kernel build/muster-kernel.elf -append "wake=sipi hot-add=1 timeout-ms=2500" \
        -debugcon "file:$work/lines" -monitor stdio <"$work/commands" >"$work/monitor" 2>&1 &
    child=$!
    exec 3>"$work/commands"
    await '"event":"hot-add"'
    echo "device_add $place=2,id=new$property" >&3
    await '"event":"hot-remove"'
    [ -z "$remove" ] || echo "device_del $remove" >&3
    await '"event":"end"'
    echo quit >&3
    wait "$child" || fail "QEMU ended with status $?: $(cat "$work/monitor")"
    grep '"event":"report"' "$work/lines" >"$work/report.json"
    expect "$work/report.json" '.result == "failed" and (.hot_add | length == 1)'
    expect "$work/report.json" ".hot_add[0].problem | test(\"$problem\")"
    expect "$work/report.json" '.proofs | all(.state != "broken")'
}

# Nobody listens to the kernel: it gives up after its time, and goes on with those it has.
nobody_adds() {
    refused 1 "kernel's own result is 'failed'" --wake sipi --cpus 2 --json "$work/report.json" \
        --append "hot-add=2 timeout-ms=500" -- -smp 2,maxcpus=4
    expect "$work/report.json" '.cpus | length == 2 and all(.state == "on")'
    expect "$work/report.json" '.proofs | all(.state != "broken")'
}

main "$@"

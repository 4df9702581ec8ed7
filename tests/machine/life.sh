#!/bin/sh
# CPUs that come and go: off and on again by each other, back to the firmware and in again, and
# over to the next kernel.
. tests/machine/common.sh

cases() {
    echo "60 cpus_go_off_and_on_1000_times_by_sipi cycles sipi 4 1000"
    echo "60 cpus_go_off_and_on_1000_times_by_mailbox cycles mailbox 4 1000"
    echo "90 cpus_of_a_td_go_off_and_on_1000_times td_cycles 4 1000"
    echo "60 two_cpus_turn_each_other_off_and_on cycles sipi 2 50"
    echo "60 x2apic_cpus_go_off_and_on x2apic_cycles 4 100"
    echo "60 same_seed_makes_the_same_rounds same_seed"
    echo "60 cpus_are_handed_back_100_times hand_backs 4 100"
    echo "120 linux_gets_every_cpu_from_our_kernel then_linux kernel 4"
    echo "120 linux_gets_no_memory_that_its_cpus_stand_on then_linux_keeps kernel 4"
    echo "120 our_kernel_hands_over_to_itself then_ourselves 4"
    echo "30 hand_over_without_a_kernel_is_refused refused 2 brings.no.kernel \
--wake mailbox --cpus 2 --append then=boot"
    echo "30 hand_over_by_hand_is_refused_for_what_is_wrong next_kernel_is_none"
    echo "30 hand_over_of_reclaimed_firmware_is_refused reclaimed"
    echo "30 words_that_mean_nothing_are_refused refused 2 cycles=0 \
--wake mailbox --cpus 2 --append cycles=0"
    echo "60! parked_cpus_cost_the_host_nothing parks hlt sipi 2"
    echo "60! parked_cpus_of_a_td_cost_the_host_nothing parks_td 2"
    echo "60 cpus_park_by_mwait_and_come_from_it parks_by_mwait 4"
    echo "60 cpus_at_the_shims_mailbox_cost_the_host_little waits 64"
    echo "60 one_thread_for_all_cpus_cannot_be_measured parks_in_one_thread 2"
    echo "30 mwait_that_the_processor_lacks_is_refused refused_mwait"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    for way in sipi mailbox; do
        for cpus in 2 16 64; do
            echo "200 ${cpus}_cpus_go_off_and_on_1000_times_by_$way cycles $way $cpus 1000"
        done
        for round in 1 2 3 4 5; do
            echo "200 cpus_go_off_and_on_10000_times_by_${way}_$round cycles $way 4 10000"
        done
    done
    echo "200 cpus_are_handed_back_1000_times hand_backs 8 1000"
    echo "300 linux_6_12_gets_16_cpus_from_our_kernel then_linux kernel-6.12 16"
    echo "400 linux_6_12_as_a_td_gets_every_cpu_from_our_kernel then_linux_td 4"
}

# check_cycles COUNT: so many, and all other proofs held on the CPUs that came again.
check_cycles() {
    check_held "$work/report.json" cycles
    expect "$work/report.json" ".guest.fields.cycles.count == $1"
}

# cycles WAY CPUS COUNT
cycles() {
    muster_run "$1" "$2" --cycles "$3"
    check_cycles "$3"
}

x2apic_cycles() {
    qemu=$(input qemu-10)
    muster_run sipi "$1" --cycles "$2" --qemu "$qemu" --cpu max,-la57,-cx16,+x2apic --append apic=x2
    check_cycles "$2"
}

td_cycles() {
    expect_status 0 "$muster" run --td --cpus "$1" --cycles "$2" --json "$work/report.json"
    check_cycles "$2"
    expect "$work/report.json" '.monitor.findings == [] and .handover.init == 0'
}

same_seed() {
    for time in 1 2; do
        muster_run sipi 4 --cycles 40 --seed 12345
        expect "$work/report.json" '.guest.fields.cycles.seed == 12345'
        jq '.guest.fields.cycles | del(.ns)' "$work/report.json" >"$work/rounds$time"
    done
    cmp "$work/rounds1" "$work/rounds2" || fail "the same seed led to other rounds"
}

# hand_backs CPUS ROUNDS
hand_backs() {
    muster_run mailbox "$1" --hand-back "$2"
    check_held "$work/report.json" reset-vector
    expect "$work/report.json" ".proofs | any(.detail | startswith(\"$2 CPUs were handed back\"))"
}

# check_then CPUS: all of them, counted by Linux and from outside, and nothing but the mailbox.
check_then() {
    expect "$work/report.json" '.result == "ok" and .failures == []'
    expect "$work/report.json" ".then.handed_back == $1 - 1 and .then.guest_said == $1"
    expect "$work/report.json" '.handover.init == 0 and .handover.sipi == 0'
    expect "$work/report.json" ".handover.cpus_up == $1"
}

# then_linux KERNEL CPUS [ARG...]
then_linux() {
    kernel=$(input "$1")
    cpus=$2
    shift 2
    scripts/make-initrd tests/real/init-cpus "$work/initrd"
    expect_status 0 "$muster" run --wake mailbox --cpus "$cpus" --then "$kernel" \
        --then-initrd "$work/initrd" --then-append "console=ttyS0 then-words" \
        --until "CPUs online" --json "$work/report.json" "$@" >"$work/console"
    tail -n 3 "$work/console"
    check_then "$cpus"
    grep -q "muster-init: $cpus CPUs online" "$work/console" || fail "init did not say so"
    grep -q "Command line: console=ttyS0 then-words" "$work/console" || fail "Linux has other words"
}

# Usable memory by the shim's map, and by Linux's none of its own: custody was handed on.
then_linux_keeps() {
    then_linux "$1" "$2" --firmware-memory usable --page-tables 0x18000000 --hand-back 100 \
        --cycles 100
    grep -q "BIOS-e820: \[mem 0x0000000018000000-.*ACPI NVS" "$work/console" ||
        fail "Linux may use the page tables that its CPUs wait on"
}

then_linux_td() {
    kernel=$(input kernel-6.12)
    expect_status 0 "$muster" run --td --cpus "$1" --then "$kernel" --timeout 360 \
        --json "$work/report.json" >"$work/console"
    check_then "$1"
    expect "$work/report.json" '.monitor.findings == []'
}

# Also an ELF: it finds the same mailbox, and proves the same CPUs once more.
then_ourselves() {
    expect_status 0 "$muster" run --wake mailbox --cpus "$1" --then build/muster-kernel.elf \
        --then-append "wake=mailbox" --until "result: ok: $1 of $1 CPUs on" --json "$work/report.json" \
        >"$work/console"
    expect "$work/report.json" ".then.handed_back == $1 - 1 and .handover.cpus_up == $1"
    [ "$(grep -c "^result: ok: $1 of $1 CPUs on" "$work/console")" = 2 ] ||
        fail "the second kernel did not prove $1 CPUs"
}

# parks METHOD WAY CPUS: a second of it, on a thread of QEMU's for each CPU.
parks() {
    muster_run "$2" "$3" --park-ms 1000 -- -accel tcg,thread=multi
    check_asleep "$1"
}

# check_asleep METHOD: every AP's thread slept, and so did all of QEMU.
check_asleep() {
    expect "$work/report.json" ".park.method == \"$1\" and .park.ms >= 900"
    expect "$work/report.json" '.park.host_cpu_ms[1:] | all(. <= 100)'
    expect "$work/report.json" '.park.process_cpu_ms <= 300'
}

parks_td() {
    expect_status 0 "$muster" run --td --cpus "$1" --park-ms 1000 --json "$work/report.json" \
        -- -accel tcg,thread=multi
    check_asleep tdcall
}

# TCG's MWAIT does not sleep: that it is used and left again is all that can be shown here.
parks_by_mwait() {
    muster_run sipi "$1" --append park=mwait --cycles 100
    expect "$work/report.json" '.park.method == "mwait"'
    check_cycles 100
}

# The shim's APs look now and then: less than a fifth of a core, and not nothing.
waits() {
    muster_run mailbox "$1" --wait-ms 2000 -- -accel tcg,thread=single
    expect "$work/report.json" '.wait.ms >= 1900 and .park.ms == null'
    expect "$work/report.json" '.wait.process_cpu_ms > 0 and .wait.process_cpu_ms <= 0.2 * .wait.ms'
}

parks_in_one_thread() {
    muster_run sipi "$1" --park-ms 100 -- -accel tcg,thread=single
    expect "$work/report.json" '.park.host_cpu_ms == null and (.park.why_not | test("one thread"))'
    expect "$work/report.json" '.park.process_cpu_ms != null and .wait.ms == null'
}

refused_mwait() {
    refused 2 'park=mwait .*no such sleep' --wake sipi --cpus 2 --cpu max,-la57,-monitor \
        --append park=mwait
}

reclaimed() {
    kernel=$(input kernel)
    refused 2 "cannot be handed back: custody=reclaim" --wake mailbox --cpus 2 \
        --append custody=reclaim --then "$kernel"
}

# modules MODULE,...: the machine of two, with what a loader brings given by hand.
modules() {
    echo "build/muster-kernel.elf then=boot,$1"
}

# The command refuses these itself; so the shim gets them by hand.
next_kernel_is_none() {
    refused 1 "the next kernel: the kernel is neither a Linux bzImage nor an ELF" --wake mailbox \
        --cpus 2 -- -initrd "$(modules "build/muster-monitor.rom x,build/muster-monitor.rom x")"
    refused 2 "no mailbox with a ResetVector is in use" --wake mailbox --cpus 2 \
        --mailbox-version 0 -- \
        -initrd "$(modules "build/muster-monitor.rom x,build/muster-kernel.elf x")"
}

main "$@"

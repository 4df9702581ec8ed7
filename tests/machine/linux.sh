#!/bin/sh
# Debian's kernels, unmodified, on the shim: every CPU of theirs is woken by the mailbox.
. tests/machine/common.sh

cases() {
    echo "120 linux_wakes_4_cpus_by_mailbox linux kernel 4 --mailbox-version 0"
    echo "180 linux_wakes_16_cpus_by_mailbox linux kernel 16"
    echo "120 linux_init_sees_4_cpus_online linux_init kernel 4"
    echo "120 linux_6_12_wakes_4_cpus_by_mailbox linux kernel-6.12 4"
    echo "150 linux_6_12_offlines_and_onlines_cpus_by_reset_vector hotplug 4"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    for version in 0 1; do
        for cpus in 1 2 8 32 64; do
            for kernel in kernel kernel-6.12; do
                name=${kernel}_wakes_${cpus}_cpus_by_mailbox_v$version
                echo "600 $name linux $kernel $cpus --mailbox-version $version"
            done
        done
    done
    echo "600 linux_6_12_offlines_and_onlines_16_cpus_by_reset_vector hotplug 16"
    for round in 1 2 3 4 5 6 7 8 9 10; do
        echo "180 linux_wakes_4_cpus_time_$round linux kernel 4"
    done
}

# What muster saw from outside: nothing but the mailbox was used, and all CPUs came.
check_boot() {
    expect "$1" '.schema == "muster.report/1" and .result == "ok"'
    expect "$1" '.handover.init == 0 and .handover.sipi == 0'
    expect "$1" ".handover.cpus_up == $2"
}

# linux KERNEL CPUS [ARG...]
linux() {
    kernel=$(input "$1")
    cpus=$2
    shift 2
    expect_status 0 "$muster" boot "$kernel" --cpus "$cpus" --json "$work/report.json" "$@"
    check_boot "$work/report.json" "$cpus"
    expect "$work/report.json" ".handover.guest_said == $cpus"
}

# linux_init KERNEL CPUS: also counted by a program inside the guest.
linux_init() {
    kernel=$(input "$1")
    scripts/make-initrd tests/real/init-cpus "$work/initrd"
    expect_status 0 "$muster" boot "$kernel" --cpus "$2" --initrd "$work/initrd" \
        --until "CPUs online" --json "$work/report.json" >"$work/console"
    check_boot "$work/report.json" "$2"
    grep -q "muster-init: $2 CPUs online" "$work/console" || fail "init did not say so"
}

# hotplug CPUS: an offlined CPU waits in the shim again, by the ResetVector.
hotplug() {
    kernel=$(input kernel-6.12)
    scripts/make-initrd tests/real/init-hotplug "$work/initrd"
    expect_status 0 "$muster" boot "$kernel" --cpus "$1" --initrd "$work/initrd" \
        --mailbox-version 1 --until "muster-init: hotplug ok" --json "$work/report.json" \
        >"$work/console"
    tail -n 5 "$work/console"
    check_boot "$work/report.json" "$1"
    grep -q "muster-init: hotplug ok" "$work/console" || fail "hotplug did not work"
}

main "$@"

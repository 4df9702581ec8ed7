#!/bin/sh
# The monitor as a Hyper-V hypervisor, to a partition and to a TD: guests that check what they find
# and start their VPs by hypercall (tests/hyperv).
. tests/machine/common.sh

cases() {
    for name in $(tests/hyperv/check list); do
        echo "80 hyperv_$name hyperv_case $name"
    done
}

# hyperv_case NAME: one line of tests/hyperv/check.
hyperv_case() {
    expect_status 0 tests/hyperv/check "$1"
}

main "$@"

#!/bin/sh
# muster inspect on tables that are taken out of guests now. In the short run those in
# tests/inspect/data stand for them.
. tests/machine/common.sh

cases() {
    [ "${MUSTER_TEST_LONG:-0}" != 0 ] || return 0
    for name in q35 microvm ovmf shim; do
        echo "400 tables_of_${name}_taken_now_are_clean taken $name"
    done
}

# taken NAME: see tests/inspect/capture.py
taken() {
    [ "$1" != ovmf ] || [ -r /usr/share/ovmf/OVMF.fd ] || skip "the package ovmf is not installed"
    kernel=$(input kernel)
    tests/inspect/capture.py "$kernel" "$work" "$1"
    expect_status 0 "$muster" inspect "$work/$1.acpi" "$work/$1.e820" --json "$work/report.json"
    expect "$work/report.json" '.errors == 0 and .warnings == 0 and (.cpus | length == 4)'
    expect "$work/report.json" '.discovery.root_made == false'
}

main "$@"

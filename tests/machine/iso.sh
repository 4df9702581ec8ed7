#!/bin/sh
# build/muster.iso as a PC boots it: under SeaBIOS on VGA text, under OVMF on a framebuffer. The
# screen is read letter by letter (boot_iso.py), the kernel's report from the debug console.
. tests/machine/common.sh

cases() {
    echo "120 iso_under_bios_wakes_4_cpus_and_shows_them boots seabios 0 sipi"
    echo "120 iso_under_uefi_wakes_4_cpus_and_shows_them boots ovmf 0 sipi"
    echo "120 iso_under_bios_wakes_4_cpus_by_the_shim boots seabios 1 mailbox"
    echo "120 iso_under_uefi_wakes_4_cpus_by_the_shim boots ovmf 1 mailbox"
    echo "150 iso_without_keys_or_serial_port_shows_64_cpus_on_two_pages two_pages"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || echo "150 iso_under_uefi_shows_64_cpus at_once"
}

boot() {
    flock build/iso.lock make -s iso || fail "no ISO could be made"
    python3 tests/machine/boot_iso.py "$work" "$@" || fail "it did not come to its end"
    cat "$work/screen.txt"
    jq -c 'select(.from == "kernel" and .event == "report")' "$work/events" >"$work/report.json"
    [ -s "$work/report.json" ] || fail "no report"
    expect "$work/report.json" '.result == "ok"'
}

# on_screen TEXT [SCREEN]: a line of the screen has it.
on_screen() {
    grep -F -- "$1" "$work/${2:-screen.txt}" >/dev/null || fail "not on the screen: $1"
}

# The kernel's report, with nobody there to inject machine checks.
check_report() {
    check=$work/report.json
    expect "$check" ".way == \"$1\" and (.cpus | length) == $2"
    expect "$check" '.cpus | all(.state == "on") and (map(.apic_id) | unique | length) == length'
    for proof in $always_held; do
        [ "$proof" = ist-mc ] || check_held "$check" "$proof"
    done
}

# boots FIRMWARE ENTRY WAY
boots() {
    boot "$1" "$2"
    check_report "$3" 4
    [ "$3" = sipi ] || check_held "$work/report.json" reset-vector
    on_screen "Muster: ok: 4 of 4 CPUs on, by $3"
    on_screen "page 1 of 1"
    for cpu in 1 2 3; do
        grep -E "^ +$cpu +$cpu +$3 +on( +[0-9]+){5}\$" "$work/screen.txt" >/dev/null ||
            fail "CPU $cpu has no line on the screen"
    done
    grep -E "write-xor-execute +held" "$work/screen.txt" >/dev/null || fail "no proofs on the screen"
    grep "result: ok: 4 of 4 CPUs on" "$work/serial.log" >/dev/null || fail "not on the serial port"
}

two_pages() {
    boot seabios 0 --cpus 64 --no-serial --wait --pages 2
    check_report sipi 64
    on_screen "Muster: ok: 64 of 64 CPUs on, by sipi"
    grep -E "(^| )47 on +[0-9]+" "$work/screen.txt" >/dev/null || fail "no CPU 47 on page 1"
    grep -E "(^| )63 on +[0-9]+" "$work/screen2.txt" >/dev/null || fail "no CPU 63 on page 2"
}

at_once() {
    boot ovmf 1 --cpus 64
    check_report mailbox 64
    on_screen "page 1 of 1"
    grep -E "(^| )63 on +[0-9]+" "$work/screen.txt" >/dev/null || fail "no CPU 63 on the screen"
}

main "$@"

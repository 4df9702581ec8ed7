#!/bin/sh
# Other machines and other firmware than a q35 behind SeaBIOS, on which all the rest is tested.
. tests/machine/common.sh

cases() {
    echo "60 microvm_wakes_4_cpus_by_sipi on microvm qboot sipi"
    echo "60 microvm_wakes_4_cpus_by_mailbox on microvm qboot mailbox"
    echo "60 microvm_behind_seabios_wakes_4_cpus_by_sipi on microvm seabios sipi"
    echo "60 microvm_behind_seabios_wakes_4_cpus_by_device_tree on microvm seabios fdt"
    echo "60 q35_behind_qboot_wakes_4_cpus_by_sipi on q35 qboot sipi"
    echo "60 q35_behind_qboot_wakes_4_cpus_by_mailbox on q35 qboot mailbox"
    echo "120 q35_behind_ovmf_wakes_4_cpus_by_sipi on q35 ovmf sipi"
    echo "120 q35_behind_ovmf_wakes_4_cpus_by_mailbox on q35 ovmf mailbox"
    echo "120 linux_on_a_microvm_wakes_4_cpus_by_mailbox linux microvm qboot"
    echo "180 linux_behind_ovmf_and_grub_wakes_4_cpus_by_mailbox linux q35 ovmf"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    for way in sipi mailbox fdt; do
        echo "200 microvm_wakes_64_cpus_by_$way many microvm qboot $way 64"
        echo "300 q35_behind_ovmf_wakes_16_cpus_by_$way many q35 ovmf $way 16"
    done
    echo "200 microvm_of_qemu_10_wakes_4_cpus_by_mailbox newer microvm qboot mailbox"
    echo "200 linux_behind_qboot_wakes_4_cpus_by_mailbox linux q35 qboot"
    echo "200 microvm_hands_4_cpus_over_to_linux then_linux"
}

check_names() {
    expect "$work/report.json" ".qemu.machine == \"$1\" and .qemu.firmware == \"$2\""
    file=$(jq -r .qemu.firmware_file "$work/report.json")
    [ -s "$file" ] || fail "the firmware's file is not there: $file"
    expect "$work/report.json" ".qemu.arguments | index(\"-bios\") as \$i | .[\$i + 1] == \"$file\""
}

# many MACHINE FIRMWARE WAY CPUS [ARG...]
many() {
    machine=$1
    firmware=$2
    shift 2
    muster_run "$@" --machine "$machine" --firmware "$firmware"
    check_names "$machine" "$firmware"
}

# on MACHINE FIRMWARE WAY [ARG...]
on() {
    machine=$1
    firmware=$2
    way=$3
    shift 3
    many "$machine" "$firmware" "$way" 4 "$@"
}

newer() {
    qemu=$(input qemu-10)
    on "$@" --qemu "$qemu"
}

# By a link, as Debian's /vmlinuz is one.
linux() {
    kernel=$(input kernel)
    ln -s "$kernel" "$work/vmlinuz"
    expect_status 0 "$muster" boot "$work/vmlinuz" --cpus 4 --machine "$1" --firmware "$2" \
        --json "$work/report.json"
    expect "$work/report.json" '.handover.init == 0 and .handover.sipi == 0'
    expect "$work/report.json" '.handover.cpus_up == 4 and .handover.guest_said == 4'
    expect "$work/report.json" '.shim.protocol == "linux"'
    check_names "$1" "$2"
}

then_linux() {
    kernel=$(input kernel)
    expect_status 0 "$muster" run --cpus 4 --machine microvm --wake mailbox --then "$kernel" \
        --json "$work/report.json"
    expect "$work/report.json" '.then.handed_back == 3 and .then.guest_said == 4'
}

main "$@"

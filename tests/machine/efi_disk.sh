#!/bin/sh
# build/muster-efi.img, a disk from which UEFI starts the kernel by itself, with nothing given by
# QEMU: under OVMF, and in a TD, whose firmware reads the disk through shared pages.
. tests/machine/common.sh

cases() {
    echo "120 disk_under_uefi_starts_the_kernel_on_2_cpus under_ovmf 2"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] ||
        echo "400 disk_behind_tdvf_starts_the_kernel_on_4_cpus_of_a_td behind_tdvf 4"
}

# boot CPUS QEMU-ARG...: until the kernel has come to its end; it leaves the machine on.
boot() {
    flock build/efi-disk.lock make -s efi-disk || fail "no disk could be made"
    cpus=$1
    shift
    timeout -k 1 380 qemu-system-x86_64 -machine q35 -accel tcg -smp "$cpus" -display none \
        -nodefaults -no-reboot -debugcon "file:$work/lines" -serial "file:$work/serial" \
        -drive if=none,id=disk,format=raw,snapshot=on,file=build/muster-efi.img "$@" \
        >"$work/qemu" 2>&1 &
    child=$!
    until grep -q '"from":"kernel","event":"end"' "$work/lines" 2>"$work/grep"; do
        kill -0 "$child" || fail "QEMU ended: $(cat "$work/qemu" "$work/lines")"
        sleep 0.2
    done
    kill "$child"
    jq -s . "$work/lines" >"$work/events"
    jq 'map(select(.from == "kernel" and .event == "report"))[0]' "$work/events" \
        >"$work/report.json"
    expect "$work/report.json" ".result == \"ok\" and (.cpus | length) == $cpus"
    expect "$work/report.json" '.cpus | all(.state == "on")'
    expect "$work/report.json" '.proofs | all(.state == "held" or .state == "not-applicable")'
    grep "result: ok: $cpus of $cpus CPUs on" "$work/serial" || fail "not on the serial port"
}

under_ovmf() {
    cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/vars"
    boot "$1" -m 512 -device ide-hd,drive=disk \
        -drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
        -drive "if=pflash,unit=1,format=raw,file=$work/vars"
    expect "$work/report.json" '.way == "sipi"'
}

# The monitor's rules are those of any TD; nothing of them is broken.
behind_tdvf() {
    boot "$1" -m 3G -cpu Skylake-Server-v4,+svm,+npt,phys-bits=52,-cx16 \
        -bios build/muster-monitor.rom -fw_cfg name=opt/muster/monitor,string=watch=found \
        -fw_cfg "name=opt/muster/td-firmware,file=$(input tdvf-debian13)" \
        -device virtio-blk-pci,drive=disk
    expect "$work/report.json" '.way == "mailbox"'
    expect "$work/events" 'any(.event == "watch" and .region == "mailbox")'
    expect "$work/events" 'all(.event != "finding" and .event != "fatal")'
    check_held "$work/report.json" reclaimed-memory
}

main "$@"

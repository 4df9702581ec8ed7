#!/bin/sh
# TDs behind EDK2's firmware, unmodified, in three generations (docs/tdvf.md): our kernel as an EFI
# program, and Linux. No INIT, no SIPI, no rule of page states or of the mailbox broken.
. tests/machine/common.sh

cases() {
    echo "300 tdvf_of_debian_13_gives_4_cpus_to_our_kernel our_kernel debian13 4 0 16 not-usable"
    echo "10 tdvf_without_a_td_or_with_words_for_the_shim_is_refused wrong_options"
    echo "40 file_that_is_no_tdvf_is_refused_and_not_blamed_on_the_kernel wrong_files"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    echo "400 tdvf_of_debian_12_gives_4_cpus_to_our_kernel our_kernel debian12 4 1 16 usable"
    echo "400 tdvf_of_sid_takes_cpus_back_100_times hand_back 4 100"
    echo "600 tdvf_of_sid_takes_all_cpus_back_for_linux then_linux 4"
    echo "600 tdvf_of_debian_12_loses_its_aps_to_linux_that_clears_memory wipes 4"
    for suite in debian12 debian13 sid; do
        for round in 1 2 3 4 5 6 7 8 9 10; do
            echo "600 tdvf_of_${suite}_gives_4_cpus_to_linux_time_$round linux $suite 4"
        done
    done
    for round in 1 2 3 4 5 6 7 8 9 10; do
        echo "600 tdvf_of_sid_gives_8_cpus_to_linux_time_$round linux sid 8"
    done
}

# firmware SUITE: its image; a case that needs what was not to be had is skipped with the reason.
firmware() {
    input "tdvf-$1"
}

# check_kept REPORT CPUS: every rule was watched and held, and nothing else was found.
check_kept() {
    expect "$1" '.result == "ok" and .failures == []'
    expect "$1" '.monitor.findings == [] and .monitor.fatal == null'
    expect "$1" ".monitor.vcpus == $2"
    expect "$1" '.conformance.rules | length == 13 and all(.state == "held")'
    expect "$1" '.handover.init == 0 and .handover.sipi == 0'
}

# our_kernel SUITE CPUS VERSION BYTES DECLARED: what that generation publishes, and what the memory
# map says of its APs' page tables. Every byte of free memory is overwritten meanwhile.
our_kernel() {
    image=$(firmware "$1")
    report=$work/report.json
    expect_status 0 "$muster" run --td --td-firmware "$image" --cpus "$2" --timeout 280 \
        --json "$report"
    check_kept "$report" "$2"
    expect "$report" '.proofs | all(.state == "held" or .state == "not-applicable")'
    expect "$report" ".cpus | length == $2 and all(.state == \"on\")"
    expect "$report" ".discovery.mailbox_version == $3"
    expect "$report" ".guest.fields.firmware.mailbox_entry_bytes == $4"
    expect "$report" '.guest.fields.firmware.ap_cr3 == "0x800000"'
    expect "$report" ".guest.fields.firmware.ap_count == $2 - 1"
    expect "$report" '.guest.fields.firmware.table_pages == 6'
    expect "$report" ".guest.fields.firmware.tables_declared == \"$5\""
    check_held "$report" reclaimed-memory
}

# hand_back CPUS ROUNDS: sid's alone has a ResetVector.
hand_back() {
    image=$(firmware sid)
    expect_status 0 "$muster" run --td --td-firmware "$image" --cpus "$1" --timeout 380 \
        --hand-back "$2" --json "$work/report.json"
    check_kept "$work/report.json" "$1"
    check_held "$work/report.json" reset-vector
    expect "$work/report.json" '.memory.policy == "keep"'
    expect "$work/report.json" '.guest.fields.firmware.tables_declared == "not-usable"'
}

# then_linux CPUS: our kernel hands all of them back, and enters Linux by its boot protocol.
then_linux() {
    image=$(firmware sid)
    kernel=$(input kernel-6.12)
    expect_status 0 "$muster" run --td --td-firmware "$image" --cpus "$1" --timeout 580 \
        --then "$kernel" --json "$work/report.json" >"$work/console"
    tail -n 6 "$work/console"
    check_kept "$work/report.json" "$1"
    expect "$work/report.json" ".then.handed_back == $1 - 1 and .then.guest_said == $1"
}

# linux SUITE CPUS
linux() {
    image=$(firmware "$1")
    kernel=$(input kernel-6.12)
    expect_status 0 "$muster" conform "$kernel" --td-firmware "$image" --cpus "$2" --timeout 580 \
        --json "$work/report.json" >"$work/console"
    tail -n 20 "$work/console"
    check_kept "$work/report.json" "$2"
    expect "$work/report.json" ".handover.guest_said == $2"
}

# wipes CPUS: Debian 12's image declares the APs' page tables free memory, and this Linux clears it.
wipes() {
    image=$(firmware debian12)
    kernel=$(input kernel-6.12)
    expect_status 1 "$muster" conform "$kernel" --td-firmware "$image" --cpus "$1" --timeout 580 \
        --append "init_on_free=1 panic=-1 console=ttyS0" --json "$work/report.json" >"$work/console"
    tail -n 30 "$work/console"
    expect "$work/report.json" '.result == "failed"'
    expect "$work/report.json" '.conformance.rules | map(select(.state == "broken"))
        | map(.rule) == ["firmware-tables-written"]'
    expect "$work/report.json" '.monitor.findings | length > 0 and all(
        (.rip | startswith("0x")) and (.address | test("^0x80[0-5][0-9a-f]{3}$")))'
}

wrong_options() {
    refused 2 "add --td" --td-firmware debian13
    refused 2 "leave them out" --td --td-firmware debian13 --firmware-memory nvs
    refused 2 "leave --wake out" --td --td-firmware debian13 --wake fdt
    refused 3 "nowhere" --td --td-firmware "$work/nowhere"
}

# no_tdvf TEXT FILE: as the monitor sees it; nothing is said about the kernel, hence status 3.
no_tdvf() {
    refused_by conform 3 "the monitor says: .*$1" build/muster-kernel.efi --td-firmware "$2"
}

# Our own image is a TDVF as good as any, and is cut and bent here.
wrong_files() {
    image=build/muster-tdshim.fd
    bytes=$(wc -c <$image)
    dd if=/dev/zero of="$work/zeros" bs=4096 count=1 2>"$work/dd"
    no_tdvf "no table of GUIDs" "$work/zeros"
    head -c 1000 $image >"$work/cut"
    no_tdvf "has 0x3e8 bytes; whole pages" "$work/cut"
    head -c $((bytes - 4096)) $image >"$work/without-end"
    no_tdvf "no table of GUIDs" "$work/without-end"
    tail -c $((bytes - 4096)) $image >"$work/without-beginning"
    no_tdvf "section 0 of the TD firmware" "$work/without-beginning"
    : >"$work/empty"
    refused_by conform 3 "is empty" build/muster-kernel.efi --td-firmware "$work/empty"
    refused_by conform 3 "is a folder" build/muster-kernel.efi --td-firmware "$work"
}

main "$@"

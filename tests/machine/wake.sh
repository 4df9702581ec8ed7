#!/bin/sh
# All ways of waking, on machines of all sizes and shapes. Judged by muster's exit status and
# by its report.
. tests/machine/common.sh

cases() {
    for cpus in 1 2 4 16 64; do
        echo "100 sipi_wakes_${cpus}_cpus muster_run sipi $cpus"
        echo "100 mailbox_v0_wakes_${cpus}_cpus mailbox 0 $cpus"
        echo "100 mailbox_v1_wakes_${cpus}_cpus mailbox 1 $cpus"
        [ "$cpus" = 2 ] || echo "100 device_tree_wakes_${cpus}_cpus tree $cpus"
    done
    echo "60 one_cpu_is_told_of_as_one singular"
    for strategy in classic serial pipelined; do
        echo "60 sipi_${strategy}_wakes_4_cpus strategy $strategy 4"
    done
    echo "100 auto_takes_the_way_that_is_described auto"
    echo "60 device_tree_beside_acpi_is_agreed_with both"
    echo "60 device_tree_is_not_taken_from_a_shim_that_has_none no_tree"
    echo "60 sparse_apic_ids_come_up_by_device_tree sparse_ids fdt"
    echo "60 x2apic_wakes_4_cpus_by_device_tree x2apic fdt 4"
    echo "150 x2apic_wakes_300_cpus_by_device_tree x2apic_firmware fdt 300"
    echo "60 sparse_apic_ids_come_up_by_sipi sparse_ids sipi"
    echo "60 sparse_apic_ids_come_up_by_mailbox sparse_ids mailbox"
    echo "60 x2apic_wakes_4_cpus_by_sipi x2apic sipi 4"
    echo "60 x2apic_wakes_4_cpus_by_mailbox x2apic mailbox 4"
    echo "150 x2apic_wakes_300_cpus_by_sipi x2apic_firmware sipi 300"
    echo "150 x2apic_wakes_300_cpus_by_mailbox x2apic_firmware mailbox 300"
    echo "60 kernel_on_5_levels_comes_up_by_sipi levels sipi 5"
    echo "60 kernel_on_5_levels_leaves_a_4_level_shim levels mailbox 5"
    echo "60 kernel_on_4_levels_leaves_a_5_level_shim levels mailbox 4 5"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    for cpus in 64 255; do
        echo "400! strategies_of_${cpus}_cpus_come_in_the_order_that_is_simulated order $cpus"
    done
    echo "400 sipi_wakes_255_cpus muster_run sipi 255"
    echo "400 mailbox_v0_wakes_255_cpus mailbox 0 255"
    echo "400 mailbox_v1_wakes_255_cpus mailbox 1 255"
    echo "400 device_tree_wakes_255_cpus tree 255"
    for round in 1 2 3 4 5 6 7 8 9 10; do
        echo "60 sipi_wakes_8_cpus_time_$round muster_run sipi 8"
        echo "60 mailbox_wakes_8_cpus_time_$round muster_run mailbox 8"
    done
    for cpus in 3 5 31 32 33 100; do
        echo "200 sipi_wakes_${cpus}_cpus muster_run sipi $cpus"
        echo "200 mailbox_wakes_${cpus}_cpus muster_run mailbox $cpus"
    done
}

# A reader of "1 CPUs" wonders what else was not looked at.
singular() {
    expect_status 0 "$muster" run --cpus 1 --keep "$work/kept" >"$work/console"
    grep '^ok: 1 CPU by' "$work/console" || fail "the command does not tell of one CPU"
    ! grep -E '(^|[^0-9])1 [A-Za-z]+s ' "$work/console" || fail "the command tells of several"
    grep '^discover: 1 CPU by' "$work/kept/console.log" || fail "the kernel finds not one CPU"
    grep '^result: ok: 1 of 1 CPU on' "$work/kept/console.log" || fail "the kernel ends with others"
}

# strategy NAME CPUS: INIT-SIPI otherwise than the library does it. One CPU at a time is on before
# the next is sent for; with the classic delays 10.2 ms go by for each.
strategy() {
    expect_status 0 "$muster" run --wake "sipi-$1" --cpus "$2" --json "$work/report.json" \
        >"$work/console" 2>&1
    expect "$work/report.json" ".way == \"sipi\" and .guest.fields.strategy == \"$1\""
    aps='[.cpus[] | select(.bsp | not) | .stamps_ns] | sort_by(.wake_sent)'
    one_by_one=$(jq "$aps | [range(1; length) as \$i | .[\$i].wake_sent >= .[\$i - 1].on] | all" \
        "$work/report.json")
    [ "$1" = pipelined ] || [ "$one_by_one" = true ] || fail "two CPUs were under way at once"
    [ "$1" != pipelined ] || [ "$one_by_one" = false ] || fail "each CPU was awaited"
    [ "$1" != classic ] ||
        expect "$work/report.json" "$aps | all(.on - .wake_sent >= 10000000)"
}

# measure WAY CPUS: the best of three, in ns from the first wake to the last CPU on.
measure() {
    for round in 1 2 3; do
        "$muster" run --wake "$1" --cpus "$2" --json "$work/report.json" \
            -- -accel tcg,thread=single >"$work/console" 2>&1 || fail "$1, round $round: status $?"
        jq '[.cpus[] | select(.bsp | not) | .stamps_ns] |
            (map(.on) | max) - (map(.wake_sent) | min)' "$work/report.json"
    done | sort -n | head -n 1
}

# order CPUS: of two strategies that are simulated to differ by half or more, with the costs of such
# a QEMU, the machine has the same one first.
order() {
    "$muster" simulate --cpus "$1" --costs sim/costs/qemu-tcg.json --json "$work/simulated.json" \
        >"$work/console" || fail "status $?"
    for strategy in broadcast pipelined serial classic; do
        way=sipi-$strategy
        [ "$strategy" != broadcast ] || way=sipi
        ns=$(measure "$way" "$1")
        echo "{\"strategy\": \"$strategy\", \"measured_ns\": ${ns:-null}}"
    done >"$work/measured"
    jq -n --slurpfile measured "$work/measured" --slurpfile simulated "$work/simulated.json" \
        "[\$simulated[0].runs[] as \$run | \$measured[] | select(.strategy == \$run.strategy) +
          {on_ns: \$run.on_ns}]" >"$work/both"
    cat "$work/both"
    expect "$work/both" "length == 4 and
        ([.[] as \$a | .[] | select(.on_ns >= 1.5 * \$a.on_ns) | .measured_ns > \$a.measured_ns] |
         length >= 3 and all)"
}

# mailbox VERSION CPUS: with a ResetVector a CPU is handed back and comes again; without, what
# firmware had declared usable is taken at once.
mailbox() {
    muster_run mailbox "$2" --mailbox-version "$1"
    if [ "$2" = 1 ]; then
        return
    elif [ "$1" = 1 ]; then
        check_held "$work/report.json" reset-vector
    else
        check_held "$work/report.json" reclaimed-memory
    fi
}

# tree CPUS: the shim offers a device tree and no ACPI. A tree knows of no ResetVector, so what
# firmware had declared usable is taken at once.
tree() {
    muster_run fdt "$1"
    expect "$work/report.json" '.shim.tables == "fdt" and .discovery.source == "device-tree"'
    expect "$work/report.json" '.discovery.madt_revision == 0'
    [ "$1" != 1 ] || return 0
    expect "$work/report.json" '.reason | contains("mailbox of the device tree")'
    expect "$work/report.json" '.discovery.mailbox_phys == .shim.mailbox'
    check_held "$work/report.json" reclaimed-memory
}

# A PC describes no mailbox, and one CPU needs no way.
auto() {
    for cpus in 1 4 16 64; do
        muster_run auto "$cpus"
        way=sipi
        [ "$cpus" != 1 ] || way=none
        expect "$work/report.json" ".way == \"$way\""
    done
}

# Whatever the shim offers is read, and ACPI's mailbox, which knows more, is used.
both() {
    muster_run mailbox 4
    expect "$work/report.json" '.shim.tables == "both"'
    expect "$work/report.json" '.discovery.source == "acpi+device-tree"'
    expect "$work/report.json" '.discovery.mailbox_source == "acpi"'
    muster_run mailbox 4 --shim-append tables=acpi
    expect "$work/report.json" '.discovery.source == "acpi"'
    muster_run mailbox 4 --tables fdt --append custody=keep
    expect "$work/report.json" '.discovery.source == "device-tree"'
}

no_tree() {
    expect_status 1 "$muster" boot build/muster-kernel.elf --cpus 2 --append wake=fdt \
        --shim-append tables=acpi >"$work/console" 2>&1
    grep "gives no device tree" "$work/console" || fail "the kernel did not say so"
    expect_status 2 "$muster" run --cpus 2 --wake mailbox --shim-append tables=none
}

# Two sockets of three cores: the hardware leaves APIC IDs 3 and 7 out.
sparse_ids() {
    muster_run "$1" 6 -- -smp 6,sockets=2,cores=3,threads=1
    expect "$work/report.json" '.cpus | map(.apic_id) | sort == [0, 1, 2, 4, 5, 6]'
}

check_x2apic() {
    expect "$work/report.json" \
        '.proofs | any(.name == "apic" and (.detail | contains("x2APIC mode")))'
}

# The kernel switches a small machine's APICs to x2APIC mode itself.
x2apic() {
    qemu=$(input qemu-10)
    muster_run "$1" "$2" --qemu "$qemu" --cpu max,-la57,-cx16,+x2apic --append apic=x2
    check_x2apic
}

# With IDs above 254 it is the firmware that has switched already.
x2apic_firmware() {
    qemu=$(input qemu-10)
    muster_run "$1" "$2" --qemu "$qemu" --cpu max,-la57,-cx16,+x2apic
    expect "$work/report.json" '.cpus | map(.apic_id) | max > 254'
    check_x2apic
}

# levels WAY KERNEL-LEVELS [SHIM-LEVELS]: the page tables of either side, by their depth.
levels() {
    if [ $# -gt 2 ]; then
        muster_run "$1" 4 --cpu max,-cx16 --append "levels=$2" --shim-append "levels=$3"
    else
        muster_run "$1" 4 --cpu max,-cx16 --append "levels=$2"
    fi
    expect "$work/report.json" ".guest.fields.paging_levels == $2"
}

main "$@"

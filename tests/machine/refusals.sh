#!/bin/sh
# What makes a machine, or what is said of it, impossible to wake: the kernel and the shim name it.
. tests/machine/common.sh

cases() {
    echo "30 pc_without_a_mailbox_is_not_woken_by_one refused 1 MUSTER_ERROR_NO_WAY --wake sipi \
--cpus 2 -- -append wake=mailbox"
    echo "30 td_is_not_woken_by_sipi sipi_in_a_td"
    echo "30 machine_without_acpi_is_refused refused 1 no.ACPI:.the.loader.gives.no.RSDP \
--wake sipi --cpus 2 -- -machine microvm,acpi=off"
    echo "30 tree_that_lists_other_cpus_than_acpi_is_refused_with_both disagrees CPUS_DIFFER \
0x5,.wanted.0xffffffff 5 0x8000000"
    echo "30 tree_with_another_mailbox_than_acpi_is_refused_with_both disagrees MAILBOX_DIFFERS \
0x8000000,.wanted.0x 1 0x8000000"
    echo "60 cpu_that_is_listed_and_not_there_costs_itself_alone nobody_there"
    echo "30 mailbox_over_the_kernel_is_refused over_the_kernel"
    echo "60 machine_that_is_too_small_for_the_shim_is_refused too_small"
    echo "30 modules_that_the_shim_cannot_use_are_refused modules"
    echo "30 platform_with_more_tables_than_the_shim_passes_on_is_refused many_tables"
    echo "30 page_tables_where_no_memory_is_are_refused refused 2 no.free.memory.for.them \
--wake mailbox --cpus 2 --page-tables 0xffff0000"
    echo "30 x2apic_that_the_processor_lacks_is_refused refused 1 switch.to.x2APIC.mode --wake sipi \
--cpus 2 --cpu max,-la57,-x2apic --append apic=x2"
    echo "30 fifth_level_that_the_processor_lacks_is_refused refused 1 MUSTER_ERROR_PAGING_LEVELS \
--wake sipi --cpus 2 --cpu max,-la57 --append levels=5"
}

# muster run would ask a TD for nothing but the mailbox.
sipi_in_a_td() {
    expect_status 1 "$muster" boot build/muster-kernel.elf --td --cpus 2 --append wake=sipi \
        >"$work/console"
    grep "MUSTER_ERROR_NO_WAY" "$work/console" || fail "the refusal has no name"
}

# write_tree APIC-ID MAILBOX: two CPUs, the second with APIC-ID, and the mailbox at MAILBOX.
write_tree() {
    dtc -q -I dts -O dtb -o "$work/tree" - <<EOF
/dts-v1/;
/ {
    #address-cells = <2>;
    #size-cells = <2>;
    cpus {
        #address-cells = <1>;
        #size-cells = <0>;
        cpu@0 { device_type = "cpu"; reg = <0>; };
        cpu@1 { device_type = "cpu"; reg = <$1>; };
    };
    reserved-memory {
        #address-cells = <2>;
        #size-cells = <2>;
        ranges;
        wakeup_table { compatible = "intel,wakeup-mailbox"; reg = <0 $2 0 0x1000>; };
    };
};
EOF
}

# disagrees STATUS TEXT APIC-ID MAILBOX: ACPI is the shim's; the tree beside it says something else.
disagrees() {
    write_tree "$3" "$4"
    refused 1 "found $2.*MUSTER_ERROR_SOURCES_$1" --wake mailbox --cpus 2 --tables acpi -- \
        -initrd "build/muster-kernel.elf wake=mailbox,$work/tree devicetree"
}

# by_tree STATUS TEXT: the kernel has this tree alone, the shim's ACPI or not.
by_tree() {
    refused "$1" "$2" --wake mailbox --cpus 2 --tables acpi --json "$work/report.json" -- \
        -initrd "build/muster-kernel.elf wake=fdt timeout-ms=1000,$work/tree devicetree"
}

# A tree of the same length leaves the shim's mailbox where the first run shows it.
nobody_there() {
    write_tree 7 0x1000000
    by_tree 1 MUSTER_ERROR_RANGE_OWNED
    write_tree 7 "$(jq -r .shim.mailbox "$work/report.json")"
    by_tree 1 "CPU 1 (APIC ID 7) is not on but failed: MUSTER_ERROR_NOT_ACKNOWLEDGED"
    expect "$work/report.json" '.cpus | map([.apic_id, .state]) == [[0, "on"], [7, "failed"]]'
    # Where it is nobody knows, and so no memory is handed out.
    expect "$work/report.json" '.proofs | map(select(.state == "broken")) | length == 1 and
        (.[0].detail | test("a CPU may still be in the firmware.s loop"))'
}

# The kernel's image begins at 16 MiB.
over_the_kernel() {
    write_tree 1 0x1000000
    by_tree 1 "take the firmware's memory into custody: .*MUSTER_ERROR_RANGE_OWNED"
}

# Each step of the layout in its turn; muster run itself would take no less than 64M.
too_small() {
    refused 1 "no place for the shim: .*MUSTER_ERROR_OUT_OF_MEMORY" --wake mailbox --cpus 2 -- -m 3M
    refused 1 "no room for page tables: .*MUSTER_ERROR_OUT_OF_MEMORY" --wake mailbox --cpus 32 \
        --shim-append ap-tables=each -- -m 7M
    refused 3 "no room for the kernel where it wants to be" --wake mailbox --cpus 2 -- -m 7M
}

modules() {
    kernel=build/muster-kernel.elf
    refused 2 "more than three Multiboot modules" --wake mailbox --cpus 2 -- \
        -initrd "$kernel,$kernel,$kernel,$kernel"
    : >"$work/empty"
    refused 2 "a module is empty" --wake mailbox --cpus 2 -- -initrd "$work/empty"
}

many_tables() {
    printf 'abcd' >"$work/table"
    set --
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
        table="sig=TEST,data=$work/table"
        set -- "$@" -acpitable "$table" -acpitable "$table" -acpitable "$table" \
            -acpitable "$table" -acpitable "$table"
    done
    refused 1 "the platform has more than 64 ACPI tables" --wake mailbox --cpus 2 -- "$@"
}

main "$@"

#!/bin/sh
# The memory that parked APs stand on: declared in every way, and where Linux writes. Older
# firmware declares it usable; a kernel that believes it destroys what its CPUs run on.
. tests/machine/common.sh

cases() {
    echo "60 firmware_memory_declared_nvs_is_kept declared nvs"
    echo "60 firmware_memory_declared_reserved_is_kept declared reserved"
    echo "60 firmware_memory_declared_usable_comes_back usable_comes_back"
    echo "60 adoption_survives_tables_that_kill_linux adoption_survives"
    echo "150 usable_tables_kill_linux seed_bug"
    echo "150 reserved_tables_do_not_kill_linux same_tables_reserved"
}

# Just below the top of 1 GiB, where Linux puts its array of all pages, before it wakes anyone.
# In the middle of free memory the same tables would live: a kernel seldom writes there.
seed_memory=1G
seed_tables=0x3f000000

# Where older TDVF builds keep their tables, 0x800000-0x80CFFF, was usable and comes back; what
# was declared otherwise never does.
known_range=53248

declared() {
    muster_run mailbox 4 --mailbox-version 0 --firmware-memory "$1"
    expect "$work/report.json" ".memory.returned_bytes == $known_range"
    expect "$work/report.json" '.memory.custody_taken_bytes > .memory.returned_bytes'
}

usable_comes_back() {
    muster_run mailbox 4 --mailbox-version 0 --firmware-memory usable
    expect "$work/report.json" ".memory.returned_bytes > $known_range"
    check_held "$work/report.json" reclaimed-memory
}

adoption_survives() {
    muster_run mailbox 4 --mailbox-version 0 --firmware-memory usable \
        --memory "$seed_memory" --page-tables "$seed_tables"
    expect "$work/report.json" ".memory.returned_bytes > $known_range"
    check_held "$work/report.json" reclaimed-memory
}

# boot_over_tables STATUS DECLARED-AS: Linux over a shim whose tables lie in its way. The early
# console shows that Linux ran, and how far.
boot_over_tables() {
    kernel=$(input kernel)
    expect_status "$1" "$muster" boot "$kernel" --cpus 4 --mailbox-version 0 \
        --firmware-memory "$2" --memory "$seed_memory" --page-tables "$seed_tables" \
        --append "console=ttyS0 earlyprintk=serial,ttyS0,115200 nokaslr panic=-1" \
        --timeout 60 --json "$work/report.json" >"$work/console"
    tail -n 5 "$work/console"
    grep -q '^\[.*Linux version' "$work/console" || fail "Linux did not start"
}

seed_bug() {
    boot_over_tables 1 usable
    expect "$work/report.json" '.result == "failed" and .handover.cpus_up < 4'
    expect "$work/report.json" '.failures | any(contains("reset itself"))'
    ! grep -q 'smp: Brought up' "$work/console" || fail "Linux brought its CPUs up"
}

same_tables_reserved() {
    boot_over_tables 0 reserved
    expect "$work/report.json" '.result == "ok" and .handover.cpus_up == 4'
}

main "$@"

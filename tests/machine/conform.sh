#!/bin/sh
# muster conform: a kernel that keeps the rules is told so, and one that breaks a rule is told where.
. tests/machine/common.sh

tables=0x3000000

cases() {
    echo "400 conform_finds_that_linux_6_12_keeps_every_rule linux 2"
    echo "400 conform_finds_that_linux_6_12_keeps_every_rule_as_cpus_go_and_come hotplug 2"
    echo "60 conform_finds_that_our_kernel_keeps_every_rule our_kernel 2"
    echo "60 conform_finds_a_vector_written_after_the_command \
breaks 1 mailbox-operands-after-command 1"
    echo "60 conform_finds_a_write_to_the_firmware_half breaks 3 firmware-half-written 1"
    echo "60 conform_finds_a_write_to_the_page_tables breaks 15 firmware-tables-written 512"
    echo "60 conform_finds_a_command_for_an_unknown_cpu breaks 9 cpu-not-described 1"
    echo "60 conform_finds_a_trap_before_the_idt breaks 10 trap-before-idt 1"
    echo "60 conform_tells_of_refused_init_and_sipi init_sipi 19"
    echo "60 conform_tells_where_a_triple_fault_was ends_badly 20 triple fault"
    echo "60 conform_tells_where_a_guest_spins spins 21"
    echo "60 conform_tells_where_an_unknown_tdcall_leaf_was_asked ends_badly 22 TDCALL leaf 0x63"
    echo "60 conform_tells_where_a_pending_page_was_touched ends_badly 23 a page that is pending"
    echo "60 conform_hears_no_guest_in_the_monitors_name imitates 24"
    echo "400 conform_names_the_linux_that_wipes_the_firmwares_tables wipes 2"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    echo "240 conform_tells_of_init_and_sipi_behind_an_open_line init_sipi 25 --timeout 200"
    for cpus in 1 4 8; do
        echo "400 conform_finds_that_linux_6_12_with_${cpus}_cpus_keeps_every_rule linux $cpus"
    done
    echo "400 conform_finds_that_linux_6_12_with_4_cpus_keeps_every_rule_as_they_go_and_come hotplug 4"
    echo "400 conform_finds_that_our_kernel_with_16_cpus_keeps_every_rule our_kernel 16"
    echo "400 conform_names_the_linux_with_4_cpus_that_wipes_the_firmwares_tables wipes 4"
}

# conform STATUS KERNEL [ARG...]: the report is $work/report.json, the words are in $work/said.
conform() {
    wanted_status=$1
    kernel=$2
    shift 2
    (expect_status "$wanted_status" "$muster" conform "$kernel" --json "$work/report.json" "$@") \
        >"$work/said" 2>&1 || {
        tail -n 30 "$work/said"
        exit 1
    }
    tail -n 30 "$work/said"
}

# check_all_held REPORT: thirteen rules, each of which was watched.
check_all_held() {
    expect "$1" '.conformance.rules | length == 13 and all(.state == "held" and .count == 0)'
}

# check_broken REPORT RULE COUNT: this one and no other.
check_broken() {
    expect "$1" '.result == "failed" and (.conformance.rules | length == 13)'
    expect "$1" ".conformance.rules | map(select(.state != \"held\")) |
        map([.rule, .state, .count]) == [[\"$2\", \"broken\", $3]]"
}

linux() {
    kernel=$(input kernel-6.12)
    conform 0 "$kernel" --cpus "$1" --timeout 360
    check_all_held "$work/report.json"
    expect "$work/report.json" '.verb == "conform" and .result == "ok" and .end == "good"'
    expect "$work/report.json" ".handover.guest_said == $1 and .conformance.mailbox_commands == $1 - 1"
    expect "$work/report.json" ".monitor.counts | length == $1 and all(.tdcall > 0)"
    expect "$work/report.json" ".monitor.where | length == $1"
    [ "$(grep -c '^[a-z-]*  *held$' "$work/said")" = 13 ] || fail "not one line for each rule"
}

# hotplug CPUS: each AP goes offline by the ResetVector and comes online by the mailbox, three times.
# Each time Linux asks for it by Test, then wakes it.
hotplug() {
    scripts/make-initrd tests/real/init-hotplug "$work/initrd"
    kernel=$(input kernel-6.12)
    conform 0 "$kernel" --cpus "$1" --initrd "$work/initrd" --mailbox-version 1 \
        --until "muster-init: hotplug ok" --timeout 360
    check_all_held "$work/report.json"
    expect "$work/report.json" '.result == "ok" and .monitor.findings == []'
    expect "$work/report.json" ".conformance.mailbox_commands == ($1 - 1) * (1 + 3 * 2)"
    grep -q "muster-init: hotplug ok" "$work/said" || fail "hotplug did not work"
}

our_kernel() {
    conform 0 build/muster-kernel.elf --cpus "$1" --append ""
    check_all_held "$work/report.json"
}

# guest NUMBER [ARG...]: conform of one of tests/td/wrong.c, which is to fail. $wrong is the address
# of the instruction that does it.
guest() {
    number=$1
    shift
    TABLES=$tables tests/td/build-wrong "$number" "$work/guest.elf"
    conform 1 "$work/guest.elf" --cpus 2 --page-tables "$tables" --symbols "$work/guest.elf" \
        --timeout 40 "$@"
    wrong=$(nm "$work/guest.elf" | sed -n 's/^0*\([0-9a-f]*\) . wrong$/0x\1/p')
    [ -n "$wrong" ] || fail "no symbol 'wrong'"
}

# breaks NUMBER RULE COUNT: caught by exactly that rule, at exactly that instruction.
breaks() {
    guest "$1"
    check_broken "$work/report.json" "$2" "$3"
    expect "$work/report.json" ".conformance.rules | map(.findings[]) | length > 0 and
        all(.rip == \"$wrong\" and .symbol == \"wrong+0x0\" and .vcpu != null and .apic_id != null)"
    grep -q "^$2  *broken, $3 time" "$work/said" || fail "no line for the rule"
    grep -q "^    vCPU .* at $wrong (wrong+0x0): " "$work/said" || fail "no line for the place"
    grep -q "^muster: 1 rule was broken: $2\$" "$work/said" || fail "no failure"
}

# init_sipi NUMBER [ARG...]: behind the TDCALL lies the RIP of what it asked for.
init_sipi() {
    guest "$@"
    expect "$work/report.json" '.result == "failed" and .end == "good" and .handover.init == 1
        and .handover.sipi == 1'
    expect "$work/report.json" '.conformance.rules | map(select(.state == "broken").rule)
        == ["no-init", "no-sipi"]'
    expect "$work/report.json" '.conformance.rules[] | select(.rule == "no-init") | .findings
        | map(.symbol) == ["wrong+0x4"]'
    grep -q "^    vCPU 0 (APIC ID 0) at 0x.* (wrong+0x4): INIT to APIC ID 1: refused" "$work/said" ||
        fail "the refusal is not told"
}

# ends_badly NUMBER REASON...: the monitor stops the guest, and says where it was and why.
ends_badly() {
    guest "$1"
    shift
    check_all_held "$work/report.json"
    expect "$work/report.json" ".end == \"bad\" and .monitor.fatal.vcpu == 0 and
        .monitor.fatal.rip == \"$wrong\" and .monitor.fatal.symbol == \"wrong+0x0\""
    expect "$work/report.json" '.monitor.counts | length == 2'
    grep -q "^muster: .*vCPU 0 (APIC ID 0) at $wrong (wrong+0x0): .*$*" "$work/said" ||
        fail "the end is not told"
}

# spins NUMBER: for ever, without an exit to the monitor.
spins() {
    guest "$1" --timeout 8
    check_all_held "$work/report.json"
    expect "$work/report.json" ".end == \"bad\" and (.monitor.where | length == 2) and
        (.monitor.where | map(select(.vcpu == 0))[0].rip == \"$wrong\")"
    expect "$work/report.json" '.monitor.counts | length == 2'
    grep -q "^muster: no end after 8 s; .*vCPU 0 (APIC ID 0) at $wrong (wrong+0x0)" "$work/said" ||
        fail "the place is not told"
}

# imitates NUMBER: what the guest says of itself by the monitor's port breaks no rule.
imitates() {
    tests/td/build-wrong "$1" "$work/guest.elf"
    conform 0 "$work/guest.elf" --cpus 2
    check_all_held "$work/report.json"
    expect "$work/report.json" '.monitor.findings == []'
    expect "$work/report.json" '.guest.noise_lines == 1'
}

# kernel_symbols KERNEL: what clears memory, in $work/map: Debian keeps its System.map in a package
# of hundreds of megabytes, but the kernel itself knows.
kernel_symbols() {
    scripts/make-initrd tests/real/init-symbols "$work/initrd"
    expect_status 0 "$muster" boot "$1" --cpus 1 --initrd "$work/initrd" \
        --append "console=ttyS0 nokaslr quiet" --until "symbols end" >"$work/console"
    tr -d '\r' <"$work/console" | grep -E '^[0-9a-f]{16} [a-zA-Z] ' >"$work/map" ||
        fail "the kernel told no symbols"
}

# wipes CPUS: the bug of older TDVF (asterinas #1628). Page tables of waiting processors in memory
# that is declared usable, and a Linux that clears what it frees.
wipes() {
    linux=$(input kernel-6.12)
    kernel_symbols "$linux"
    conform 1 "$linux" --cpus "$1" --firmware-memory usable --page-tables 0x4000000 \
        --append "init_on_free=1 panic=-1 console=ttyS0" --symbols "$work/map" --timeout 300
    grep -q "gets the word nokaslr" "$work/said" || fail "nokaslr is not told"
    expect "$work/report.json" '.conformance.rules | map(select(.state == "broken").rule)
        == ["firmware-tables-written"]'
    expect "$work/report.json" '.conformance.rules | map(.findings[])
        | all((.rip | startswith("0xffffffff")) and (.symbol | test("^(clear_page|__memset|memset)")))'
    grep -q "^    vCPU 0 (APIC ID 0) at 0xffffffff.* (.*+0x.*): written while processors are on these" \
        "$work/said" || fail "the place is not told"
    grep -q "^muster: the monitor stopped the TD, .*: triple fault" "$work/said" ||
        fail "no processor has met the damage"
}

main "$@"

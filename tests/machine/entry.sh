#!/bin/sh
# What an AP does in its entry page (lib/cpu/entry_sipi.S) and what it leaves to C. All APs of a
# QEMU have what the BSP has, and QEMU's INIT turns MTRRs off; so the other paths are shown by
# changing the page from outside, before the APs are woken (poke.py). C has its own words: only
# what each AP found in the page is changed, but where the name says so.
# shellcheck disable=SC2016 # $r is jq's
. tests/machine/common.sh

nobodys=0xffffffff # as a leaf, and as features: there are reserved bits in each of the words

cases() {
    echo "60 entry_page_checks_and_loads_all_that_the_bsp_has by_page"
    for word in LEAF 1_ECX 1_EDX 7_EBX 7_ECX; do
        echo "60 ap_that_lacks_a_need_of_its_entry_page_is_set_up_by_c_$word by_c NOTHING \
ENTRY_NEEDS_$word=$nobodys"
    done
    echo "60 ap_with_another_mtrrcap_than_its_entry_page_says_is_set_up_by_c by_c NOTHING \
ENTRY_MTRR_CAP=0x407"
    echo "60 mtrrcap_is_compared_too_where_nothing_is_to_be_loaded by_c NOTHING \
ENTRY_MTRR_CAP=0x407 ENTRY_MSR_BYTES=0"
    echo "60 mtrrs_that_the_entry_page_does_not_list_are_written_by_c by_c CHECKED \
ENTRY_MSR_BYTES=0"
    echo "60 mtrrs_that_are_on_and_right_are_left_alone_by_entry_page_and_c by_nobody CHECKED \
--loaded all"
    echo "60 mtrrs_that_are_on_and_wrong_are_left_by_the_entry_page_and_written_by_c by_c CHECKED \
--loaded last"
    echo "60 aps_as_under_sev_es_enter_by_their_stubs_and_ask_no_cpuid_in_the_entry_page by_c \
NOTHING --stubs"
    echo "60 need_that_no_ap_has_refuses_each_after_its_entry_page_and_spares_the_bsp needed"
}

# poke STATUS DID ARG...: muster run of 4 CPUs, changed by poke.py; what each AP did in the page.
poke() {
    wanted_status=$1
    wanted_did=$2
    shift 2
    expect_status "$wanted_status" tests/machine/poke.py "$work" "$@" -- \
        "$muster" run --cpus 4 --wake sipi --timeout 30 --json "$work/report.json"
    cat "$work/did"
    printf 'CPU %s: %s\n' 1 "$wanted_did" 2 "$wanted_did" 3 "$wanted_did" |
        cmp - "$work/did" || fail "not what the APs should have done in their entry page"
}

# all_on DID FILTER ARG...: FILTER judges how many MSRs had to be written, on all APs together.
all_on() {
    did=$1
    filter=$2
    shift 2
    poke 0 "$did" "$@"
    check_all_on "$work/report.json" sipi 4
    expect "$work/report.json" '.proofs[] | select(.name == "registers") |
        .detail | capture("(?<count>[0-9]+) had to be written").count | tonumber'" | $filter"
}

by_page() { all_on "CHECKED LOADED" '. > 0'; }

by_c() {
    did=$1
    shift
    all_on "$did" '. > 0' "$@"
}

by_nobody() {
    did=$1
    shift
    all_on "$did" '. == 0' "$@"
}

# Of C as well.
needed() {
    poke 1 NOTHING --needs "ENTRY_NEEDS_1_ECX=$nobodys" 2>"$work/stderr"
    cat "$work/stderr"
    for id in 1 2 3; do
        grep -q "^muster: CPU $id (APIC ID $id) is not on but failed: MUSTER_ERROR_FEATURES_DIFFER" \
            "$work/stderr" || fail "APIC ID $id is not named"
    done
    expect "$work/report.json" '.cpus | map(.state) == ["on", "failed", "failed", "failed"]'
    expect "$work/report.json" '.proofs | map(select(.state == "broken")) == []'
}

main "$@"

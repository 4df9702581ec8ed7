#!/bin/sh
# muster bench: what is refused, what is left out by name, and that a blind trace is no figure.
#
#     tests/cli/test_bench.sh [build/muster]
#
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

refusals() {
    expect one_cpu_is_refused 2 "'1' is no number of CPUs" -- bench --cpus 1
    expect too_many_cpus_are_refused 2 "'513' is no number of CPUs" -- bench --cpus 513
    expect falling_list_is_refused 2 'give them rising' -- bench --cpus 64,16
    expect unknown_contender_is_refused 2 "there is no 'grub'; give some of sipi, sipi-classic" -- \
        bench --only sipi,grub
    expect empty_contender_is_refused 2 "there is no ''" -- bench --only sipi,
    expect contender_given_twice_is_refused 2 'xen is there twice' -- bench --only xen,xen
    expect unknown_threads_are_refused 2 'give one of single, multi, both' -- bench --threads all
    expect no_repeats_are_refused 2 '1 to 100' -- bench --repeat 0
    expect operand_is_refused 2 'one argument too many' -- bench fast
    expect kernel_that_is_not_there_is_refused 3 "kernel $lab/none: " -- \
        bench --linux "$lab/none"
    expect picture_without_a_format_is_refused 2 'ends\{0,1\} with .svg, .png or .pdf' -- \
        bench -o "$lab/picture"
    expect report_in_no_folder_is_refused_before_anything_runs 3 'cannot be written' -- \
        bench --json "$lab/none/report.json"
    echo x >"$lab/xen"
    expect report_over_a_peer_is_refused 2 'is the same file as' -- \
        bench --xen "$lab/xen" --json "$lab/./xen"
    expect nobody_who_is_left_is_no_success 3 'nobody is left to be timed: xen: give --xen FILE' -- \
        bench --only xen --cpus 2
    expect missing_qemu_is_told 3 'there is no such program' -- \
        bench --only sipi --cpus 2 --times-only --qemu "$lab/none"
}

kernel_of_two() {
    stamps='"wake_sent":10,"first_instruction":20,"on":30'
    cat <<EOF
console {"from":"kernel","event":"report","result":"ok","cpus":[{"bsp":true,"state":"on","stamps_ns":{}},{"bsp":false,"state":"on","stamps_ns":{$stamps}}]}
console {"from":"kernel","event":"end"}
EOF
}

trace_of_two() {
    cat <<EOF
trace 9@100.000010:apic_mem_writel 0x300 = 0x000c4500
trace 9@100.000020:apic_mem_writel 0x300 = 0x000c4610
trace 9@100.000510:fw_cfg_select 0x55 key 0x8002 'irq0', ret: 1
trace 9@101.000000:apic_mem_writel 0x380 = 0x4d755570
trace 9@101.000100:apic_mem_writel 0x300 = 0x000c4500
trace 9@101.000200:apic_mem_writel 0x300 = 0x000c469e
trace 9@101.002100:apic_mem_writel 0x380 = 0x4d754f6e
EOF
}

# expect_no_text NAME TEXT: the last command did not print this (a basic regular expression).
expect_no_text() {
    if grep -q -- "$2" "$lab/out"; then
        fail "$1" "there is '$2'"
    else
        pass "$1"
    fi
}

measured() {
    FAKE_SCRIPT=$(kernel_of_two)
    export FAKE_SCRIPT
    expect blind_trace_is_an_error_and_no_zero 3 'shows no INIT and no SIPI' -- \
        bench --only sipi --cpus 2 --repeat 1 --times-only --qemu "$lab/answers" \
        --json "$lab/report.json"
    expect_no_report nothing_is_written_of_a_blind_one
    FAKE_SCRIPT=$(trace_of_two && kernel_of_two)
    expect figures_are_as_the_stamps_say 0 '^sipi *2 *3 *2 ms *2 ms *2 ms *10 ns *20 ns' -- \
        bench --only sipi,seabios,linux,xen --cpus 2 --repeat 3 --times-only --qemu "$lab/answers" \
        --json "$lab/report.json"
    expect_report all_samples_are_in_the_report '"schema" : "muster.bench/1"'
    expect contender_without_a_file_is_left_out_by_name 0 'Left out: xen: give --xen FILE' -- \
        bench --only sipi,xen --cpus 2 --repeat 1 --first 0 --times-only --qemu "$lab/answers"
    expect goals_that_were_not_measured_are_counted 0 '15 of 15 figures were not measured here' -- \
        bench --only sipi --cpus 2 --repeat 1 --times-only --qemu "$lab/answers" --json "$lab/report.json"
    expect_no_text and_have_no_table 'What is to be reached:'
    expect_report and_are_all_in_the_report '"state" : "not-measured"'
    expect goal_that_was_measured_has_its_row 1 '^64 CPUs by INIT-SIPI *2 ms *500 µs *missed *SeaBIOS' -- \
        bench --only sipi,seabios --cpus 64 --repeat 1 --times-only --qemu "$lab/answers"
    expect_no_text and_no_other_has_one 'held\|not-measured\|^[0-9].* - '
    expect file_that_cannot_be_written_is_told 3 'report /dev/full: cannot be written' -- \
        bench --only sipi --cpus 2 --repeat 1 --times-only --qemu "$lab/answers" \
        --json /dev/full --markdown "$lab/tables"
    if grep -q '^| sipi | 2 ms |' "$lab/tables"; then
        pass and_costs_no_other_file
    else
        fail and_costs_no_other_file "no tables"
    fi
    FAKE_SCRIPT=$(trace_of_two | grep -v fw_cfg && kernel_of_two)
    expect boot_without_a_figure_is_no_success 1 'seabios, 2 CPUs: 1 of 1 boot not measured' -- \
        bench --only sipi,seabios --cpus 2 --repeat 1 --times-only --qemu "$lab/answers"
}

# One that dies at once gives no figure to anybody.
unmeasured() {
    fake dies <<'EOF'
echo 'no such machine' >&2
exit 1
EOF
    expect boots_that_all_failed_are_no_success 3 'nothing was measured' -- \
        bench --only sipi,seabios --cpus 2 --repeat 2 --times-only --qemu "$lab/dies" \
        --json "$lab/report.json"
    expect_report why_is_in_the_report 'no such machine'
    expect what_is_not_time_and_has_no_figure_is_told 3 \
        "Not measured: instructions of 64 CPUs: .*no such machine" -- \
        bench --cpus 2 --repeat 1 --qemu "$lab/dies"
}

refusals
unmeasured
if command -v python3 >/dev/null; then
    fake_that_answers answers
    measured
else
    echo "skipped: figures of a QEMU that answers (no python3)"
fi
[ "$failed" = 0 ]

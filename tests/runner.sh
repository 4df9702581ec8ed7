#!/bin/sh
# Runs every test that is built and counts: unit tests, the command's own tests, compilers, and
# the machine cases in tests/machine/. As many at a time as there are cores, or MUSTER_TEST_JOBS.
#
#   tests/runner.sh [WORD]     only what has WORD in its name
#   tests/runner.sh -1 LINE    one of the lines of list_tests()
#
# One line for each; a failure shows the end of its log. The last line is the sum. Exit status
# 0 if nothing failed. Logs are kept in build/test-logs/. SIGINT, SIGTERM and SIGHUP end the tests
# that run, too.
set -u
cd "$(dirname "$0")/.." || exit

logs=build/test-logs
export CMOCKA_MESSAGE_OUTPUT=tap
results=$logs/results # lines of "passed N", "failed N", "skipped NAME: REASON"; and "ended NAME"

# ---- What there is: lines of "KIND DEADLINE NAME COMMAND ARG..." ----
#
#   case       one test: 0 is passed, 77 is skipped with the log's last line as the reason,
#              anything else failed
#   counted    a program with many tests in it, of which each counts: a cmocka program (TAP on
#              stdout) or a script that says "ok NAME", "FAIL NAME" or "skipped: NAME (REASON)".
#              One that dies half-way counts as a failure even if every test that it got to was
#              fine.
#
# The deadline is in seconds, and ends the whole process group. With a "!" behind it the test
# measures the host's time: it runs when nothing else does.

list_unit_tests() {
    for source in tests/unit/test_*.c; do
        name=$(basename "$source" .c)
        echo "counted 240 unit/$name build/tests/$name"
    done
    echo "case 240 unit/threads_as_cpus_lose_nothing_in_100000_steps make -s stress STRESS_STEPS=100000"
}

# The library promises to compile without a warning under both compilers; everything else is
# held to it under the one that builds it.
list_compilers() {
    echo "case 300 compilers/gcc_warns_about_nothing tests/compilers gcc"
    echo "case 300 compilers/clang_warns_about_nothing_in_the_library tests/compilers clang"
    echo "case 120 compilers/gcc_builds_what_other_kernels_build_in_each_of_their_ways tests/embed gcc"
    echo "case 120 compilers/clang_builds_what_other_kernels_build_in_each_of_their_ways tests/embed clang"
    echo "case 60 docs/each_public_function_type_and_hook_is_documented make -s docs"
    echo "case 60 docs/sizes_are_what_the_table_says_and_no_larger_than_is_allowed scripts/size check"
    echo "case 120 compilers/cmake_and_meson_build_it_as_a_part_of_another_project tests/subproject"
}

list_command_tests() {
    for file in tests/cli/test_*.sh; do
        echo "counted 240 cli/$(basename "$file" .sh) sh $file"
    done
    echo "counted 240 inspect python3 tests/inspect/test_inspect.py"
    echo "case 400 fuzz/the_same_hostile_inputs_neither_crash_nor_hang_any_reader make -s check-fuzz"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] ||
        echo "case 900 fuzz/the_readers_branches_are_taken_by_tests_and_seeds make -s coverage"
    echo "case 60 docs/each_example_in_a_public_header_compiles tests/docs/examples"
    echo "case 60 docs/each_test_file_and_function_that_a_table_names_is_there tests/docs/check"
    echo "case 60 docs/simulators_tables_are_what_it_says_today scripts/simulated check"
    echo "case 400 model/right_versions_hold_and_wrong_ones_are_caught model/check short"
}

# A file of machine cases lists them as lines of "DEADLINE NAME FUNCTION ARG...".
list_machine_cases() {
    for file in tests/machine/*.sh; do
        [ "$file" = tests/machine/common.sh ] && continue
        sh "$file" list >"$logs/list" || echo "60 $file/lists_its_cases false" >>"$logs/list"
        while read -r deadline name command; do
            echo "case $deadline $name sh $file run $command"
        done <"$logs/list"
    done
}

# The longest first: what is left for the end is short.
list_tests() {
    list_compilers
    list_command_tests
    list_machine_cases
    list_unit_tests
}

# ---- A command that ends with us ----

child=

# supervise SECONDS COMMAND ARG...: in a process group of its own, which has ended after so many
# seconds (0: no limit). What is left of it 5 s after a signal is killed.
supervise() {
    timeout -k 5 "$@" </dev/null &
    child=$!
    supervised=0
    wait "$child" || supervised=$?
    child=
    return "$supervised"
}

# end_by STATUS: timeout passes the signal on to its group.
end_by() {
    trap '' HUP INT TERM
    [ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null
    exit "$1"
}

# ---- One of them ----

# record NAME SECONDS PASSED FAILED: in one piece, since others write, too.
record() {
    [ "$3" -eq 0 ] || echo "passed $3" >>"$results"
    [ "$4" -eq 0 ] || echo "failed $4" >>"$results"
    if [ "$4" -gt 0 ]; then
        printf 'FAILED %s\n%s\n' "$1" "$(tail -n 15 "$log" | sed 's/^/    /')
    (all of it: $log)"
    else
        echo "ok $1 ($2 s)"
    fi
}

record_skip() {
    echo "skipped $1: $(tail -n 1 "$log")" >>"$results"
    echo "skipped $1"
}

# What a counted program says it has skipped, in lines of "skipped: WHAT (REASON)".
record_skips() {
    sed -n "s|^skipped: |skipped $name: |p" "$log" >>"$results"
}

judge_case() {
    case $status in
    0) record "$name" "$seconds" 1 0 ;;
    77) record_skip "$name" ;;
    *) record "$name" "$seconds" 0 1 ;;
    esac
}

judge_counted() {
    record_skips
    good=$(grep -c '^ok ' "$log")
    bad=$(grep -E '^(not ok [0-9]+ -|FAIL)' "$log" | grep -vc '# SKIP')
    if [ "$status" -ne 0 ] || [ "$bad" -gt 0 ] || [ "$good" -eq 0 ]; then
        [ "$bad" -gt 0 ] || bad=1
        record "$name ($bad of $((good + bad)) tests, status $status)" "$seconds" "$good" "$bad"
    else
        record "$name: $good tests" "$seconds" "$good" 0
    fi
}

# run_one KIND DEADLINE NAME COMMAND ARG...
run_one() {
    kind=$1
    deadline=${2%!}
    name=$3
    shift 3
    log=$logs/$(printf '%s' "$name" | tr ' /' '__').log
    begun=$(date +%s)
    status=0
    supervise "$deadline" "$@" >"$log" 2>&1 || status=$?
    seconds=$(($(date +%s) - begun))
    case $status in 124 | 137) echo "the deadline of $deadline s passed" >>"$log" ;; esac
    "judge_$kind"
    echo "ended $name" >>"$results"
}

# ---- All of them ----

# run_list JOBS FILE: the lines of FILE, as many at a time.
run_list() {
    supervise 0 xargs -r -a "$2" -d '\n' -n 1 -P "$1" "$0" -1
}

total() { awk -v kind="$1" '$1 == kind { sum += $2 } END { print sum + 0 }' "$results"; }

# Nothing that was begun is forgotten: a test whose runner died has failed.
count_lost() {
    lost=$(($(wc -l <"$logs/tests") - $(grep -c '^ended ' "$results")))
    [ "$lost" -le 0 ] || {
        echo "FAILED to run $lost of the tests in $logs/tests"
        echo "failed $lost" >>"$results"
    }
}

summary() {
    passed=$(total passed)
    failed=$(total failed)
    skipped=$(grep -c '^skipped ' "$results")
    line="$passed passed, $failed failed"
    [ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
    sed -n 's/^skipped /skipped: /p' "$results"
    echo "$line"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

run_all() {
    rm -rf "$logs" build/test-work
    mkdir -p "$logs"
    : >"$results"
    list_tests | awk -v word="$1" 'index($3, word)' >"$logs/tests"
    grep -v '^[a-z]* [0-9]*! ' "$logs/tests" >"$logs/together"
    grep '^[a-z]* [0-9]*! ' "$logs/tests" >"$logs/alone"
    run_list "${MUSTER_TEST_JOBS:-$(nproc)}" "$logs/together"
    run_list 1 "$logs/alone"
    count_lost
    summary
}

trap 'end_by 129' HUP
trap 'end_by 130' INT
trap 'end_by 143' TERM
if [ "${1:-}" = -1 ]; then
    # shellcheck disable=SC2086 # a command and its arguments
    run_one $2
else
    run_all "${1:-}"
fi

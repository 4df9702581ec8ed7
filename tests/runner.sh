#!/bin/sh
# Runs every test that is built and counts: unit tests, the command's own tests, compilers, and
# the machine cases in tests/machine/.
#
#   tests/runner.sh [WORD]     only what has WORD in its name
#
# One line for each; a failure shows the end of its log. The last line is the sum. Exit status
# 0 if nothing failed. Logs are kept in build/test-logs/.
set -u
cd "$(dirname "$0")/.." || exit

word=${1:-}
logs=build/test-logs
passed=0
failed=0
skipped=0
rm -rf "$logs" build/test-work
mkdir -p "$logs"
: >"$logs/skipped"

wanted() { case $1 in *"$word"*) return 0 ;; *) return 1 ;; esac; }

log_of() { printf '%s' "$logs/$(printf '%s' "$1" | tr ' /' '__').log"; }

show_end() {
    tail -n 15 "$1" | sed 's/^/    /'
    echo "    (all of it: $1)"
}

record_pass() {
    passed=$((passed + ${3:-1}))
    echo "ok $1 ($2 s)"
}

record_failure() {
    failed=$((failed + ${3:-1}))
    echo "FAILED $1"
    show_end "$2"
}

record_skip() {
    skipped=$((skipped + 1))
    echo "$1: $(tail -n 1 "$2")" >>"$logs/skipped"
    echo "skipped $1"
}

# run_case NAME DEADLINE COMMAND...: 0 is passed, 77 is skipped with the log's last line as
# the reason, anything else failed. The deadline ends the whole process group.
run_case() {
    name=$1
    deadline=$2
    shift 2
    wanted "$name" || return 0
    log=$(log_of "$name")
    begun=$(date +%s)
    status=0
    timeout -k 5 "$deadline" "$@" >"$log" 2>&1 </dev/null || status=$?
    case $status in
    0) record_pass "$name" $(($(date +%s) - begun)) ;;
    77) record_skip "$name" "$log" ;;
    124 | 137)
        echo "the deadline of $deadline s passed" >>"$log"
        record_failure "$name" "$log"
        ;;
    *) record_failure "$name" "$log" ;;
    esac
}

# run_counted NAME COMMAND...: a program with many tests in it, of which each counts: a cmocka
# program (TAP on stdout) or a script that says "ok NAME" or "FAIL NAME". One that dies half-way
# counts as a failure even if every test that it got to was fine.
run_counted() {
    name=$1
    shift
    wanted "$name" || return 0
    log=$(log_of "$name")
    begun=$(date +%s)
    status=0
    CMOCKA_MESSAGE_OUTPUT=tap timeout -k 5 240 "$@" >"$log" 2>&1 </dev/null || status=$?
    good=$(grep -c '^ok ' "$log")
    bad=$(grep -E '^(not ok [0-9]+ -|FAIL)' "$log" | grep -vc '# SKIP')
    if [ "$status" -ne 0 ] || [ "$bad" -gt 0 ] || [ "$good" -eq 0 ]; then
        passed=$((passed + good))
        [ "$bad" -gt 0 ] || bad=1
        record_failure "$name ($bad of $((good + bad)) tests, status $status)" "$log" "$bad"
    else
        record_pass "$name: $good tests" $(($(date +%s) - begun)) "$good"
    fi
}

# The library promises to compile without a warning under both compilers; everything else is
# held to it under the one that builds it.
run_compilers() {
    strict="-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef"
    run_case compilers/gcc_warns_about_nothing 300 \
        make -s -j"$(nproc)" BUILD=build/strict-gcc "WARNINGS=$strict -Werror"
    run_case compilers/clang_warns_about_nothing_in_the_library 300 \
        make -s -j"$(nproc)" CC=clang BUILD=build/strict-clang "WARNINGS=$strict -Werror" \
        build/strict-clang/libmuster.a
}

# A file of machine cases lists them as lines of "DEADLINE NAME COMMAND ARG..."; "run" runs one.
run_machine_cases() {
    list=$logs/$(basename "$1" .sh).list
    sh "$1" list >"$list" || {
        echo "cannot list the cases of $1" >>"$list"
        record_failure "$1" "$list"
        return
    }
    while read -r deadline name command; do
        # shellcheck disable=SC2086 # a command and its arguments
        run_case "$name" "$deadline" sh "$1" run $command
    done <"$list"
}

summary() {
    line="$passed passed, $failed failed"
    [ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
    sed 's/^/skipped: /' "$logs/skipped"
    echo "$line"
}

for source in tests/unit/test_*.c; do
    run_counted "unit/$(basename "$source" .c)" "build/tests/$(basename "$source" .c)"
done
run_case unit/threads_that_race_are_clean_under_thread_sanitizer 240 make -s check-threads
for file in tests/cli/test_*.sh; do
    run_counted "cli/$(basename "$file" .sh)" sh "$file"
done
run_counted inspect python3 tests/inspect/test_inspect.py
run_case inspect/mutated_tables_neither_crash_nor_hang 240 make -s check-inspect
run_compilers
run_case docs/each_test_that_a_table_of_errors_names_is_there 60 tests/docs/check
run_case model/right_versions_hold_and_wrong_ones_are_caught 240 model/check short
for file in tests/machine/*.sh; do
    [ "$file" = tests/machine/common.sh ] || run_machine_cases "$file"
done
summary
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

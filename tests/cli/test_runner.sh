#!/bin/sh
# The runner of ./test: what it makes of tests that fail, skip or hang, that take it along, and that
# run as it is ended; in a tree of its own, with such tests alone.
#
#     tests/cli/test_runner.sh
#
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

tree=$lab/tree

# What hangs does so in a child, as it would in a QEMU.
plant() {
    mkdir -p "$tree/tests/machine" "$tree/tests/cli" "$tree/tests/unit"
    cp "$here/../runner.sh" "$tree/tests/"
    cat >"$tree/tests/cli/test_odd.sh" <<'EOF'
echo "ok one"
echo "skipped: two (no tool)"
EOF
    cat >"$tree/tests/machine/odd.sh" <<EOF
good() { :; }
bad() { echo "the reason"; exit 1; }
unable() { echo "no network"; exit 77; }
hang() { sleep 60 & echo \$! >"$lab/pid"; wait; }
# Of our timeout the parent is the runner that would judge us.
murder() { kill -KILL "\$(sed -n 's/^PPid:[[:space:]]*//p' /proc/\$PPID/status)"; }
case \$1 in
list)
    echo "20 odd_good good"
    echo "20 odd_bad bad"
    echo "20 odd_unable unable"
    echo "1 odd_late hang"
    echo "20 odd_murder murder"
    echo "60 slow_case hang"
    ;;
*) "\$2" ;;
esac
EOF
}

# run_tests WORD: how the runner ends is in $got.
run_tests() {
    got=0
    sh "$tree/tests/runner.sh" "$1" >"$lab/out" 2>"$lab/err" || got=$?
}

# expect_run NAME STATUS LINE: of run_tests() before.
expect_run() {
    if [ "$got" != "$2" ]; then
        fail "$1" "exit status $got, not $2"
    else
        expect_line "$1" "$3"
    fi
}

counts() {
    run_tests odd_good
    expect_run good_case_passes 0 '1 passed, 0 failed'
    run_tests odd_bad
    expect_run bad_case_fails 1 '0 passed, 1 failed'
    expect_line and_shows_the_end_of_its_log '    the reason'
    run_tests odd_unable
    expect_run skipped_case_is_no_pass 1 '0 passed, 0 failed, 1 skipped'
    expect_line and_says_why 'skipped: odd_unable: no network'
    run_tests test_odd
    expect_run skip_among_counted_tests_is_told 0 '1 passed, 0 failed, 1 skipped'
    run_tests odd_late
    expect_run late_case_fails 1 '0 passed, 1 failed'
    expect_gone with_all_that_it_started
    run_tests odd_murder
    expect_run case_whose_runner_died_fails 1 '0 passed, 1 failed'
    run_tests nothing_like_this
    expect_run no_case_is_no_success 1 '0 passed, 0 failed'
}

# The one long variant that the runner lists by itself; there is nothing here that it could make.
long_variants() {
    for long in "" 0; do
        MUSTER_TEST_LONG=$long run_tests fuzz/the_readers_branches
        expect_run "long_variants_are_left_out_by_'$long'" 1 '0 passed, 0 failed'
    done
    MUSTER_TEST_LONG=1 run_tests fuzz/the_readers_branches
    expect_run long_variants_are_run_by_1 1 '0 passed, 1 failed'
}

# ended SIGNAL STATUS: the runner alone is sent it, while a case runs.
ended() {
    rm -f "$lab/pid"
    # A shell lets what it puts into the background ignore SIGINT.
    env --default-signal=INT sh "$tree/tests/runner.sh" slow_case >"$lab/out" 2>&1 &
    runner=$!
    for _ in $(seq 200); do
        [ ! -s "$lab/pid" ] || break
        sleep 0.05
    done
    kill -"$1" "$runner"
    got=0
    wait "$runner" || got=$?
    if [ "$got" = "$2" ] && [ -s "$lab/pid" ]; then
        pass "runner_ends_by_sig$1"
    else
        fail "runner_ends_by_sig$1" "exit status $got, not $2"
    fi
    expect_gone "with_the_case_that_runs_by_sig$1"
}

plant
counts
long_variants
ended INT 130
ended TERM 143
ended HUP 129
[ "$failed" = 0 ]

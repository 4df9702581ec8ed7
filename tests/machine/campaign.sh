#!/bin/sh
# Campaigns and soaks: the same jobs for the same seed, spread, interrupted, gone on with, merged.
. tests/machine/common.sh

cases() {
    echo "150 six_boots_at_random_come_up soak 6"
    echo "150 campaign_that_was_killed_goes_on_where_it_was killed"
    echo "150 campaign_is_spread_over_hosts_by_ssh hosts"
    echo "30 job_that_is_ended_or_killed_takes_its_command_along tied"
    echo "30 job_that_fails_names_the_command_that_repeats_it failing"
    echo "30 campaigns_jobs_are_the_same_for_the_same_seed same"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || echo "1800 hundred_boots_at_random_come_up soak 100"
}

campaign() {
    tests/campaign/run "$work/campaign" "$@"
}

# done_once COUNT: so many jobs have a result, each one only.
done_once() {
    jq -r .name "$work/campaign/results.jsonl" | sort >"$work/names"
    [ "$(wc -l <"$work/names")" -eq "$1" ] || fail "not $1 results: $(cat "$work/names")"
    [ -z "$(uniq -d "$work/names")" ] || fail "done twice: $(uniq -d "$work/names")"
}

soak() {
    # Another day, other boots; the line of the failed one has its seed.
    expect_status 0 campaign soak "${SOAK_SEED:-$(date +%j)}" "$1"
    expect "$work/campaign/report.json" ".jobs == $1 and .ok == $1 and .failed == []"
    done_once "$1"
}

# all_gone SESSION: no process of it lives, within a few seconds from now.
all_gone() {
    for _ in $(seq 50); do
        cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' |
            awk -v session="$1" '$1 != "Z" && $4 == session { exit 1 }' && return
        sleep 0.1
    done
    fail "a process of the campaign is there"
}

# In the middle, with all that it has started; what is cut off in the middle of a line is no result.
killed() {
    CAMPAIGN_JOBS=1 setsid tests/campaign/run "$work/campaign" soak 77 6 >"$work/first" 2>&1 &
    child=$!
    until [ -s "$work/campaign/results.jsonl" ]; do
        kill -0 "$child" || fail "it ended before it was killed: $(cat "$work/first")"
        sleep 0.05
    done
    env kill -9 -- "-$child"
    wait "$child" || true
    all_gone "$child"
    printf '{"name": "boot-770' >>"$work/campaign/results.jsonl"
    expect_status 0 campaign soak 77 6 >"$work/second"
    cat "$work/second"
    ! grep -q "^6 jobs, 6 to do" "$work/second" || fail "it began anew"
    expect "$work/campaign/report.json" '.ok == 6'
    grep -v '^{"name": "boot-770$' "$work/campaign/results.jsonl" >"$work/whole"
    mv "$work/whole" "$work/campaign/results.jsonl"
    done_once 6
    expect_status 2 campaign soak 78 6 2>"$work/stderr"
    grep -q "is another campaign's" "$work/stderr" || fail "another campaign may use the folder"
}

# One that would go on for ten minutes; each job has a session of its own, in which to look.
tied() {
    for how in TERM INT HUP KILL; do
        mkdir "$work/$how"
        TMPDIR=$work/$how setsid env --default-signal=INT tests/campaign/job.py \
            "$(printf 'long\t0\t\tsh -c "touch %s; exec sleep 600"' "$work/$how.begun")" \
            >"$work/result" &
        job=$!
        until [ -e "$work/$how.begun" ]; do
            kill -0 "$job" || fail "it ended by itself"
            sleep 0.05
        done
        kill -"$how" "$job"
        wait "$job" || true
        all_gone "$job"
        [ ! -s "$work/result" ] || fail "a job without end has a result: $(cat "$work/result")"
        [ "$how" = KILL ] || [ -z "$(ls "$work/$how")" ] || fail "its folder is there"
    done
}

# Two hosts, which an ssh that goes nowhere makes of this one; each gets jobs.
hosts() {
    cat >"$work/ssh" <<'END'
#!/bin/sh
# ssh [OPTION...] HOST COMMAND...
while [ "${1#-}" != "$1" ]; do
    case $1 in -[loip]) shift ;; esac
    shift
done
echo "$1" >>"$FAKE_SSH_LOG"
shift
[ "$1" != -- ] || shift
SHELL=/bin/sh # as sshd has it; parallel's worker does nothing without
export SHELL
exec sh -c "$*"
END
    chmod +x "$work/ssh"
    FAKE_SSH_LOG=$PWD/$work/hosts PARALLEL_SSH=$PWD/$work/ssh CAMPAIGN_SSH=1/one,1/two \
        campaign soak 5 4
    expect "$work/campaign/report.json" '.ok == 4'
    for host in one two; do
        grep -q "$host" "$work/hosts" || fail "nothing was sent to $host"
    done
}

failing() {
    {
        printf 'good\t0\t\tbuild/muster simulate --cpus 64\n'
        printf 'bad\t0\t\tbuild/muster run --cpus 0\n'
        printf 'words\t2\tno such text\tbuild/muster run --cpus 0\n'
    } >"$work/jobs"
    while IFS= read -r line; do
        tests/campaign/job.py "$line" >>"$work/results"
    done <"$work/jobs"
    expect_status 1 tests/campaign/merge.py report "$work/jobs" "$work/results" \
        "$work/report.json" >"$work/table"
    cat "$work/table"
    grep -q "^FAILED bad: exit status 2, not 0" "$work/table" || fail "the status is not told"
    grep -q "repeat it: build/muster run --cpus 0$" "$work/table" || fail "no command repeats it"
    grep -q "^FAILED words: stderr does not say 'no such text'" "$work/table" || fail "no text"
    expect "$work/report.json" '.ok == 1 and .failed == ["bad", "words"] and .missing == []'
}

same() {
    for kind in "soak 3 50" "matrix 3 2"; do
        # shellcheck disable=SC2086 # words
        tests/campaign/jobs.py $kind >"$work/one"
        # shellcheck disable=SC2086
        tests/campaign/jobs.py $kind >"$work/two"
        cmp "$work/one" "$work/two" || fail "they differ"
        [ -z "$(cut -f 1 "$work/one" | sort | uniq -d)" ] || fail "two jobs have one name"
    done
    tests/campaign/jobs.py soak 3 50 | sed -n 8p >"$work/eighth"
    tests/campaign/jobs.py boot 3000007 | cmp - "$work/eighth" || fail "a seed is not its boot"
    for wrong in "soak three" "soak 1 0" "soak -1 3" "matrix 1" "boot"; do
        # shellcheck disable=SC2086
        expect_status 2 tests/campaign/jobs.py $wrong 2>"$work/stderr"
    done
}

main "$@"

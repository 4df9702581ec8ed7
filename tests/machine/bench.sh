#!/bin/sh
# muster bench: that each contender is really seen from outside, and that the report says it all.
. tests/machine/common.sh

cases() {
    echo "60 bench_times_kernel_and_seabios_side_by_side side_by_side"
    echo "60 bench_sees_the_same_in_a_newer_qemu newer"
    echo "60 bench_that_is_interrupted_leaves_nothing interrupted"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    echo "600 bench_times_every_contender every_contender"
    echo "600 bench_measures_what_is_not_time extras"
}

# bench STATUS ARGUMENTS: into report.json of the work folder.
bench() {
    status=$1
    shift
    expect_status "$status" "$muster" bench --json "$work/report.json" "$@"
    expect "$work/report.json" '.schema == "muster.bench/1" and .verb == "bench" and
        (.machine | .qemu and .host and .load_before >= 0) and (.goals | length > 0) and
        all(.goals[]; .state == "held" or .state == "missed" or .state == "not-measured")'
    expect "$work/report.json" 'all(.series[]; .from and .to and .what and
        all(.on_ns, .first_ns, .own_on_ns, .own_first_ns, .look_ns;
            (.samples | map(select(. != null)) | length) == .count and
            (.count == 0) == (.median == null)))'
}

# seen NAME SAMPLES: from outside, in each boot, and not in no time.
seen() {
    expect "$work/report.json" "[.series[] | select(.contender == \"$1\")] |
        length > 0 and all(.[]; .problems == [] and .on_ns.count == $2 and .on_ns.least > 10000 and
            .on_ns.least <= .on_ns.median and .on_ns.median <= .on_ns.most)"
}

# The kernel's stamps lie within what is seen from outside.
stamps_agree() {
    expect "$work/report.json" "all(.series[] | select(.contender == \"$1\");
        [.on_ns.samples, .own_on_ns.samples, .own_first_ns.samples] | transpose | all(.[];
            .[1] <= .[0] * 1.1 + 1000000 and .[2] <= .[1]))"
}

side_by_side() {
    bench 0 --only sipi,seabios --cpus 4 --repeat 2 -o "$work/bench.svg" \
        --markdown "$work/bench.md"
    seen sipi 2
    seen seabios 2
    stamps_agree sipi
    grep -q '<title>From the first wake to all CPUs on</title>' "$work/bench.svg" ||
        fail "the picture"
    grep -q '^| seabios |' "$work/bench.md" || fail "no table"
    # Who asks for some contenders asks for their times.
    expect "$work/report.json" '.instructions == [] and .discoveries == [] and
        .parked.percent == null and .waiting.percent == null'
}

newer() {
    qemu=$(input qemu-10)
    bench 0 --only sipi,seabios --cpus 4 --repeat 1 --times-only --qemu "$qemu"
    seen sipi 1
    seen seabios 1
}

interrupted() {
    mkdir "$work/tmp"
    TMPDIR=$work/tmp "$muster" bench --only sipi --cpus 64 --times-only --json "$work/none.json" &
    sleep 1
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" = 143 ] || fail "exit status $status, not 143 as by SIGTERM"
    [ -z "$(ls -A "$work/tmp")" ] || fail "left behind: $(ls -A "$work/tmp")"
    [ ! -e "$work/none.json" ] || fail "a report is there"
}

every_contender() {
    linux=$(input kernel)
    xen=$(input xen)
    bench 0 --linux "$linux" --xen "$xen" --cpus 4 --repeat 1 --first 1 --times-only
    for name in sipi sipi-classic mailbox fdt shim seabios ovmf linux linux-lpj linux-mailbox xen; do
        seen "$name" 1
    done
    for name in sipi mailbox fdt; do
        stamps_agree "$name"
    done
    for name in shim seabios ovmf linux linux-lpj xen; do
        expect "$work/report.json" "any(.series[]; .contender == \"$name\" and .first_ns.count == 1 and
            .first_ns.median <= .on_ns.median * 5)"
    done
    expect "$work/report.json" 'all(.series[] | select(.contender == "td" or .contender == "hyperv");
        .on_ns.count == 0 and .own_on_ns.count == 1)'
}

# Whether all goals are reached is not asked here, on a host that may have much to do.
extras() {
    "$muster" bench --cpus 4 --repeat 1 --threads single --json "$work/report.json" || [ $? = 1 ] ||
        fail "no report"
    expect "$work/report.json" '(.instructions | map(.cpus) == [64, 255]) and
        all(.instructions[]; .instructions > 1000) and (.discoveries | length == 5) and
        .parked.percent > 0 and .waiting.percent > 0 and .parked.cpus == 63'
}

main "$@"

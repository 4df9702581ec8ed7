#!/bin/sh
# What is known of each CPU: where it is, in which order they start, their clocks, their trace.
# shellcheck disable=SC2016 # $r and $ring are jq's
. tests/machine/common.sh

cases() {
    for way in sipi mailbox; do
        echo "60 cores_come_before_siblings_by_$way order $way cores [2,4,6,1,3,5,7]"
        echo "60 nearest_come_first_by_$way order $way nearest [1,4,5,2,3,6,7]"
        echo "60 alike_cores_stay_as_listed_by_$way order $way performance [1,2,3,4,5,6,7]"
        echo "60 trace_tells_each_step_by_$way trace $way 8"
    done
    echo "60 machine_without_nodes_and_siblings_starts_as_listed plain"
    echo "60 order_that_the_kernel_does_not_know_is_refused unknown_order"
    echo "100 td_tells_orders_clocks_and_trace_and_corrects_nothing td"
    echo "80 td_whose_clocks_are_apart_is_told_and_not_corrected td_skewed 10000000"
    echo "300 trace_of_255_cpus_loses_nothing trace sipi 255"
    echo "60 trace_can_be_turned_off no_trace"
    echo "60 trace_is_found_in_the_memory_of_a_dead_machine crash"
    echo "240 trace_costs_at_most_2_percent_of_8_cpus cost 8"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || long_cases
}

long_cases() {
    echo "300 trace_of_255_cpus_by_mailbox_loses_nothing trace mailbox 255"
    echo "900 trace_costs_at_most_2_percent_of_64_cpus cost 64"
    echo "1800 trace_costs_at_most_2_percent_of_255_cpus cost 255"
}

# Two packages of two cores of two threads; each node has one core of either package.
order() {
    muster_run "$1" 8 --order "$2" -- -smp 8,sockets=2,cores=2,threads=2 \
        -object memory-backend-ram,id=m0,size=512M -object memory-backend-ram,id=m1,size=512M \
        -numa node,nodeid=0,memdev=m0,cpus=0-1,cpus=4-5 \
        -numa node,nodeid=1,memdev=m1,cpus=2-3,cpus=6-7
    expect "$work/report.json" ".order == {policy: \"$2\", apic_ids: $3}"
    expect "$work/report.json" \
        '[.cpus[] | [.apic_id, .core, .package, .node]] == [[0, 0, 0, 0], [1, 0, 0, 0],
         [2, 1, 0, 1], [3, 1, 0, 1], [4, 2, 1, 0], [5, 2, 1, 0], [6, 3, 1, 1], [7, 3, 1, 1]]'
    expect "$work/report.json" 'all(.cpus[]; .kind == "unknown" and .die == .package)'
    # The starts were sent in that order, too.
    expect "$work/report.json" "[.trace[0].records[] | select(.[1] == \"start-sent\") | .[2]] == $3"
}

plain() {
    muster_run sipi 3
    expect "$work/report.json" '.order == {policy: "listed", apic_ids: [1, 2]}'
    expect "$work/report.json" 'all(.cpus[]; .node == null and .core == .apic_id)'
}

# CPUID is asked of the host here, and the TSC is not ours to move.
td() {
    expect_status 0 "$muster" run --td --cpus 4 --order nearest --json "$work/report.json"
    report=$work/report.json
    expect "$report" '.order == {policy: "nearest", apic_ids: [1, 2, 3]}'
    expect "$report" 'all(.cpus[]; .core == .apic_id and .package == 0)'
    expect "$report" 'all(.cpus[] | select(.bsp | not); .tsc_correction == 0 and
        .tsc_uncertainty > 0)'
    expect "$report" '.trace | length == 4 and all(.written > 0)'
    check_held "$report" clock
}

# td_skewed TICKS: the module keeps the counters; the kernel has nothing but its word to give.
td_skewed() {
    expect_status 1 "$muster" run --td --cpus 3 --tsc-skew "$1" --json "$work/report.json" \
        2>"$work/stderr"
    cat "$work/stderr"
    grep -q "^muster: proof clock is broken: CPU 1 (APIC ID 1): its TSC is [0-9]* ticks from " \
        "$work/stderr" || fail "stderr does not name the CPU"
    expect "$work/report.json" '(.failures | length == 1) and all(.cpus[]; .state == "on")'
    expect "$work/report.json" "all(.cpus[] | select(.bsp | not); .tsc_correction == 0 and
        .tsc_uncertainty < $1 / 2 and (.tsc_offset - $1 * .apic_id | fabs) <= .tsc_uncertainty)"
}

unknown_order() {
    expect_status 2 "$muster" run --append order=fastest 2>"$work/stderr"
    grep -q 'order=fastest .*must be listed, performance, cores or nearest' "$work/stderr" ||
        fail "stderr does not name the policies"
}

# trace WAY CPUS: every CPU's steps are there, in order, and none is lost.
trace() {
    muster_run "$1" "$2"
    report=$work/report.json
    expect "$report" ".trace | length == $2"
    expect "$report" 'all(.trace[]; .written == (.records | length))'
    expect "$report" 'all(.trace[]; [.records[][0]] | . == sort)'
    expect "$report" '[.trace[0].records[][1]] | index("discovered") == 0 and
        index("planned") == 1 and (index("prepared") < index("wake-sent")) and
        index("started") == length - 1'
    for event in wake-sent start-sent; do
        expect "$report" "[.trace[0].records[] | select(.[1] == \"$event\") | .[2]] | unique ==
            ([\$r.cpus[] | select(.bsp | not) | .apic_id] | sort)"
    done
    [ "$1" = sipi ] ||
        expect "$report" '[.trace[0].records[] | select(.[1] == "mailbox-acknowledged" and
            .[3] == 1) | .[2]] | unique | length == ($r.cpus | length - 1)'
    # One that was handed back and came again has all of it twice.
    expect "$report" 'all(.trace[1:][]; [.records[][1]] | .[-6:] == ["first-instruction",
        "long-mode", "own-tables", "parked", "on", "clock"])'
    expect "$report" 'all(.trace[1:][]; . as $ring | .records[-1][3] == ([$r.cpus[] |
        select(.apic_id == $ring.apic_id)][0].tsc_offset))'
    # Summary and trace are one reading of the clock.
    expect "$report" 'all(.trace[1:][]; . as $ring | [$r.cpus[] |
        select(.apic_id == $ring.apic_id)][0].stamps_ns | .parked == $ring.records[-3][0] and
        .on == $ring.records[-2][0])'
}

no_trace() {
    muster_run sipi 2 --append trace=off
    expect "$work/report.json" '.trace == [] and (.cpus[1].stamps_ns | length == 6)'
}

# QEMU is killed, the kernel asked nothing; what is left is the machine's memory.
crash() {
    muster_run sipi 4 --memory 256M -- -machine memory-backend=ram \
        -object "memory-backend-file,id=ram,size=256M,mem-path=$work/memory,share=on"
    tests/machine/read_trace.py "$work/memory" >"$work/records"
    cat "$work/records"
    # 14: start sent by the BSP; 6: on, by each itself.
    for id in 1 2 3; do
        grep -q "^0 [0-9]* 14 $id " "$work/records" || fail "no start of APIC ID $id"
        grep -q "^$id [0-9]* 6 0 0$" "$work/records" || fail "APIC ID $id did not come on"
    done
}

# instructions CPUS WORD: of adoption and start, in a machine that counts each as a nanosecond.
instructions() {
    muster_run mailbox "$1" --mailbox-version 0 --memory 128M --append "trace=$2" --timeout 800 -- \
        -accel tcg,thread=single -icount shift=0,sleep=off -rtc base=2024-01-01,clock=vm -seed 1
    mv "$work/report.json" "$work/$2.json"
}

# Of discovery, preparing, adoption and start; clocks and the firmware's memory are not counted.
cost() {
    instructions "$1" off
    instructions "$1" on
    jq -n --slurpfile on "$work/on.json" --slurpfile off "$work/off.json" '
        def at($event): $on[0].trace[0].records | map(select(.[1] == $event)) | last | .[0];
        def both: .[0].timing | .adopt_ns + .start_ns;
        {trace: (($on | both) - ($off | both)), adopt_and_start: ($off | both),
         whole: (at("adopted") - at("discovered") + $on[0].timing.start_ns)}
        | . + {percent: (100 * .trace / .whole), fits: (.trace > 0 and 50 * .trace <= .whole)}' |
        tee "$work/cost.json"
    expect "$work/cost.json" .fits
}

main "$@"

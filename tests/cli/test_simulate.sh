#!/bin/sh
# muster simulate: its tables, its report, its picture, and what is refused.
#
#     tests/cli/test_simulate.sh [build/muster]
#
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

# expect_json NAME CONDITION: of $lab/report.json, by jq.
expect_json() {
    if jq -e "$2" "$lab/report.json" >"$lab/out" 2>"$lab/err"; then
        pass "$1"
    else
        fail "$1" "not so: $2"
    fi
}

tables() {
    expect fastest_strategy_is_marked 0 '^broadcast  *[0-9.]* [^ ]*s\*' -- simulate --cpus 64,255
    expect path_of_the_last_cpu_is_told 0 '^strategy  *wakes  *delays  *delivery' -- \
        simulate --cpus 64 --way mailbox
    expect strategies_can_be_chosen 0 '^node' -- simulate --cpus 64 --strategy fanout,node
    if grep -q '^serial' "$lab/out"; then
        fail others_are_left_out "serial is there"
    else
        pass others_are_left_out
    fi
}

# expect_within SECONDS NAME STATUS TEXT -- ARGUMENTS: as expect, and no longer than that.
expect_within() {
    limit=$1
    shift
    begin=$(date +%s)
    expect "$@"
    took=$(($(date +%s) - begin))
    if [ "$took" -le "$limit" ]; then
        pass "$1_within_${limit}_s"
    else
        fail "$1_within_${limit}_s" "it took $took s"
    fi
}

whole_table_of_65536_cpus() {
    expect_within 10 one_bring_up_of_65536_cpus_is_told 0 '^broadcast.* ms' -- \
        simulate --cpus 65536 --strategy broadcast
    expect_within 40 whole_table_up_to_65536_cpus_is_told 0 '^node.* ms' -- \
        simulate --json "$lab/report.json"
    expect_json all_cpus_of_36_runs_have_paths_that_add_up \
        '(.runs | length) == 36 and all(.runs[]; ([.path_ns[]] | add) == .on_ns)'
    expect_json order_that_the_librarys_defaults_rest_on \
        '[.runs[] | select(.fastest) | .strategy] == ["broadcast", "broadcast", "broadcast",
          "broadcast", "broadcast", "broadcast"]'
    expect_json largest_machine_has_a_node_for_each_128_cpus \
        'any(.runs[]; .cpus == 65536 and .nodes == 512)'
}

same_again() {
    "$muster" simulate --cpus 300 --json "$lab/one.json" >/dev/null
    "$muster" simulate --cpus 300 --json "$lab/two.json" >/dev/null
    "$muster" simulate --cpus 300 --seed 2 --json "$lab/other.json" >/dev/null
    rm -f "$lab/out" "$lab/err"
    if cmp -s "$lab/one.json" "$lab/two.json" && ! cmp -s "$lab/one.json" "$lab/other.json"; then
        pass same_seed_gives_the_same_report_and_another_another
    else
        fail same_seed_gives_the_same_report_and_another_another "it does not"
    fi
    "$muster" simulate --cpus 64 --json - 2>/dev/null >"$lab/report.json"
    expect_json report_to_standard_output_stands_alone '.schema == "muster.simulate/1"'
}

costs() {
    printf '# twice as far\nline_far = 270\n\n icr_write=300 # and slow\n' >"$lab/lines"
    echo '{"line_far": 270, "icr_write": 300}' >"$lab/object"
    "$muster" simulate --cpus 300 --costs "$lab/lines" --json "$lab/one.json" >/dev/null
    "$muster" simulate --cpus 300 --costs "$lab/object" --json "$lab/report.json" >/dev/null
    rm -f "$lab/out" "$lab/err"
    if cmp -s "$lab/one.json" "$lab/report.json"; then
        pass costs_in_lines_are_the_same_as_in_json
    else
        fail costs_in_lines_are_the_same_as_in_json "they differ"
    fi
    expect_json costs_that_were_given_are_in_the_report '.costs.line_far == 270'
    echo 'line_fra = 1' >"$lab/bad"
    echo '{}' >"$lab/own.costs"
    expect results_over_the_costs_are_refused 2 'is the same file as' -- \
        simulate --cpus 64 --costs "$lab/own.costs" --json "$lab/./own.costs"
    expect unknown_cost_is_told_with_the_nearest 3 "no cost 'line_fra', but line_far" -- \
        simulate --costs "$lab/bad"
    echo 'load_overlap = 0' >"$lab/bad"
    expect cost_beyond_its_limits_is_refused 3 'load_overlap = .0.: give a number from 1' -- \
        simulate --costs "$lab/bad"
    echo 'line_far 270' >"$lab/bad"
    expect line_that_is_none_is_told_by_its_number 3 'line 1 is not .name = value.' -- \
        simulate --costs "$lab/bad"
    echo '{"line_far": "much"}' >"$lab/bad"
    expect cost_that_is_no_number_is_refused 3 'line_far is not a whole number' -- \
        simulate --costs "$lab/bad"
    echo '{"line_far": 1' >"$lab/bad"
    expect json_that_breaks_off_is_refused 3 "costs $lab/bad: " -- simulate --costs "$lab/bad"
    expect costs_that_are_not_there_are_refused 3 "costs $lab/none: " -- \
        simulate --costs "$lab/none"
}

pictures() {
    for format in svg png pdf; do
        rm -f "$lab/picture.$format"
        "$muster" simulate --cpus 64,255 -o "$lab/picture.$format" >"$lab/out" 2>"$lab/err"
    done
    if grep -q '<title>From the first wake to all CPUs on, by sipi</title>' "$lab/picture.svg" &&
        head -c 4 "$lab/picture.png" | grep -q PNG && head -c 5 "$lab/picture.pdf" | grep -q '%PDF-'; then
        pass picture_is_what_its_name_says
    else
        fail picture_is_what_its_name_says "one of them is not"
    fi
    expect picture_of_one_size_and_strategy_is_drawn 0 broadcast -- \
        simulate --cpus 2 --strategy broadcast -o "$lab/one.svg"
    expect picture_without_a_format_is_refused 2 'ends\{0,1\} with .svg, .png or .pdf' -- \
        simulate -o "$lab/picture"
    expect picture_in_no_folder_is_refused_before_anything_runs 3 'cannot be written' -- \
        simulate -o "$lab/none/picture.svg"
}

refusals() {
    expect one_cpu_is_refused 2 "'1' is no number of CPUs" -- simulate --cpus 1
    expect too_many_cpus_are_refused 2 "'65537' is no number of CPUs" -- simulate --cpus 65537
    expect more_cpus_than_real_mode_has_room_for_are_refused 2 "'10113' is no number of CPUs" -- \
        simulate --way es-jump-table --cpus 10113
    expect empty_list_is_refused 2 "'' is no number of CPUs" -- simulate --cpus 64,
    expect falling_list_is_refused 2 'give them rising' -- simulate --cpus 64,32
    expect unknown_strategy_is_refused 2 "there is no 'fast'; give some of classic" -- \
        simulate --strategy fast
    expect strategy_that_the_way_has_not_is_refused 2 'classic is none of the way mailbox' -- \
        simulate --way mailbox --strategy classic
    expect strategy_given_twice_is_refused 2 'node is there twice' -- \
        simulate --strategy node,node
    expect more_nodes_than_cpus_are_refused 2 'more than the 64 CPUs' -- \
        simulate --cpus 64,255 --nodes 65
    expect operand_is_refused 2 'one argument too many' -- simulate fast
}

tables
whole_table_of_65536_cpus
same_again
costs
pictures
refusals
[ "$failed" = 0 ]

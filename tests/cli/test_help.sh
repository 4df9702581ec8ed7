#!/bin/sh
# What a user reads and types: help, manual page, completion, slips of the finger, colour.
#
#     tests/cli/test_help.sh [build/muster]
#
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

# expect_text NAME WANTED GOT
expect_text() {
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1" "'$3' instead of '$2'"
    fi
}

verbs() {
    "$muster" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'
}

# The long options that help tells of a verb.
options_of() {
    "$muster" help "$1" | sed -n 's/^  \(-[a-z], \)\{0,1\}--\([a-z-]*\).*/\2/p'
}

# expect_all NAME COMMAND...: the command fails for no option of no verb, called VERB OPTION.
expect_all() {
    name=$1
    shift
    missing=
    count=0
    for verb in $(verbs); do
        for option in $(options_of "$verb"); do
            "$@" "$verb" "$option" || missing="$missing $verb/$option"
            count=$((count + 1))
        done
    done
    if [ "$count" -lt 60 ]; then
        fail "$name" "only $count options were looked at"
    elif [ -n "$missing" ]; then
        fail "$name" "missing:$missing"
    else
        pass "$name"
    fi
}

helps() {
    expect bare_command_tells_the_verbs 0 '^  conform  *Boot any kernel' --
    expect help_of_a_verb 0 '^Usage: muster boot \[OPTIONS\] KERNEL' -- help boot
    expect option_help_is_the_same 0 '^Usage: muster boot' -- boot --help
    expect help_behind_a_wrong_option 0 '^Usage: muster run' -- run --fly --help
    expect help_of_an_unknown_verb 2 "no verb 'fly'" -- help fly
    expect help_of_two_verbs 2 'give one verb' -- help run boot
    expect help_of_itself 0 '--completion bash|zsh' -- help help
    expect version_alone 0 '^muster [0-9.]*$' -- --version
    for verb in '' $(verbs); do
        # shellcheck disable=SC2086 # none is the overview
        "$muster" help $verb >"$lab/out" 2>"$lab/err"
        expect_text "help_of_${verb}_fits_80_columns" "" "$(awk 'length > 80' "$lab/out")"
    done
    expect conform_tells_its_own_limit 0 'Processors, 1 to 64' -- help conform
    expect conform_has_no_memory_to_choose 2 'Unknown option --memory' -- conform --memory 2G k
}

slips() {
    expect verb_with_swapped_letters 2 "did you mean 'run'" -- rnu
    expect verb_with_a_letter_too_much 2 "did you mean 'boot'" -- boott
    expect verb_that_ends_too_early 2 "did you mean 'simulate'" -- sim
    expect verb_of_which_two_begin_so 2 "no verb 'b'; 'muster help' lists" -- b
    expect verb_like_no_other 2 "no verb 'fly'; 'muster help' lists" -- fly
    expect option_with_a_slip 2 'did you mean --timeout?' -- run --timeuot 5
    expect option_that_ends_too_early 2 'Unknown option --mem (did you mean --memory?)' -- run --mem 1G
    expect option_that_ends_early_is_no_slip 2 'did you mean --wait-ms?' -- run --wait 5
    expect option_of_which_two_begin_so 2 "Unknown option --time; 'muster" -- run --time 5
    expect option_like_no_other 2 "^muster: Unknown option --fly; 'muster help run' lists" -- run --fly
    expect word_of_musters_own 2 '--append wake=sipi: .*only the first counts; use --wake' -- \
        run --append wake=sipi
    expect word_given_by_option_and_append 2 'cycles=5: .*use --cycles' -- \
        run --cycles 4 --append 'trace=off cycles=5'
    expect word_given_twice 2 'levels=5: .*leave it out' -- run --append 'levels=4 levels=5'
    expect word_that_muster_injects_by 2 'inject=mce: .*leave it out' -- run --append inject=mce
    expect word_that_another_begins_with 3 'no such program' -- \
        run --append 'in=1' --qemu "$lab/nowhere"
    expect word_of_the_shim_given_twice 2 '--shim-append tables=acpi: .*use --tables' -- \
        run --wake fdt --shim-append tables=acpi
    expect cycles_of_one_cpu 2 '--cpus 1 --cycles 5: .*give 2 CPUs' -- run --cpus 1 --cycles 5
    expect parking_of_one_cpu 2 '--cpus 1 --park-ms 5: .*give 2 CPUs' -- run --cpus 1 --park-ms 5
}

in_manual() {
    grep -qF "\\-\\-$(echo "$2" | sed 's/-/\\-/g')\\fR" "$lab/manual"
}

manual() {
    "$muster" help --man >"$lab/manual"
    expect_all every_option_is_in_the_manual_page in_manual
    if command -v mandoc >/dev/null; then
        expect_text manual_page_is_clean_for_mandoc "" "$(mandoc -Tlint "$lab/manual" 2>&1)"
    else
        echo "skipped: mandoc reads the manual page (no mandoc)"
    fi
    if command -v groff >/dev/null; then
        expect_text manual_page_is_clean_for_groff "" \
            "$(groff -ww -man -Tascii "$lab/manual" 2>&1 >/dev/null)"
    else
        echo "skipped: groff reads the manual page (no groff)"
    fi
}

# in_bash WORD...: what bash offers for the last of these words.
in_bash() {
    bash --norc -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _muster
        echo "${COMPREPLY[*]}"' "$lab/muster.bash" muster "$@" 2>&1
}

offered_in_bash() {
    [ "$(in_bash "$1" "--$2" | tr ' ' '\n' | grep -cx -- "--$2")" = 1 ]
}

completes_in_bash() {
    "$muster" help --completion bash >"$lab/muster.bash"
    expect_all every_option_is_completed_in_bash offered_in_bash
    expect_text bash_completes_a_verb conform "$(in_bash con)"
    expect_text bash_completes_help boot "$(in_bash help bo)"
    expect_text bash_completes_words 'nearest' "$(in_bash run --order ne)"
    expect_text bash_offers_all_words 'tcg kvm auto' "$(in_bash boot --accel '')"
    expect_text bash_completes_words_behind_an_equals_sign mailbox "$(in_bash run --wake = ma)"
    expect_text bash_offers_words_behind_an_equals_sign 'tcg kvm auto' "$(in_bash run --accel =)"
    expect_text bash_offers_nothing_for_a_number '' "$(in_bash run --cpus '')"
    mkdir "$lab/kernels"
    : >"$lab/kernels/my kernel"
    expect_text bash_completes_kernels "$lab/kernels/my kernel" "$(in_bash boot "$lab/kernels/m")"
    expect_text bash_completes_files "$lab/kernels/my kernel" \
        "$(in_bash conform k --symbols "$lab/kernels/m")"
    expect_text bash_completes_files_for_qemu "$lab/kernels/my kernel" \
        "$(in_bash run -- -bios "$lab/kernels/m")"
    expect_text bash_completes_no_operand_of_run '' "$(in_bash run "$lab/kernels/m")"
}

in_zsh() {
    timeout 30 zsh -f "$here/complete.zsh" "$lab/zsh" "$1"
}

offered_in_zsh() {
    grep -q "[ ,]--$2=\{0,1\}}\{0,1\}'\[" "$lab/zsh.$1"
}

completes_in_zsh() {
    if ! command -v zsh >/dev/null; then
        echo "skipped: completion in zsh (no zsh)"
        return
    fi
    mkdir "$lab/zsh"
    "$muster" help --completion zsh >"$lab/zsh/_muster"
    for verb in $(verbs); do
        sed -n "/^    $verb)/,/^        ;;/p" "$lab/zsh/_muster" >"$lab/zsh.$verb"
    done
    expect_all every_option_is_completed_in_zsh offered_in_zsh
    expect_text zsh_completes_a_verb 'muster conform ' "$(in_zsh 'muster con')"
    expect_text zsh_completes_an_option 'muster run --order=' "$(in_zsh 'muster run --ord')"
    expect_text zsh_completes_words 'muster run --order=nearest ' "$(in_zsh 'muster run --order=ne')"
    expect_text zsh_completes_kernels "muster boot $lab/kernels/my\\ kernel " \
        "$(in_zsh "muster boot $lab/kernels/m")"
    expect_text zsh_completes_help 'muster help boot ' "$(in_zsh 'muster help bo')"
}

# on_terminal VARIABLE=VALUE... COMMAND: what the command prints on a terminal.
on_terminal() {
    timeout 20 script -qec "env $*" /dev/null </dev/null | tr -d '\r'
}

# expect_colour NAME yes|no VARIABLE=VALUE...: of a run that goes well, and of an error.
expect_colour() {
    name=$1 wanted=$2
    shift 2
    : >"$lab/err"
    on_terminal "$@" "$muster" run --cpus 2 --qemu "$lab/good" >"$lab/out"
    on_terminal "$@" "$muster" fly >>"$lab/out"
    count=$(grep -c "^$(printf '\033')\[32mok:$(printf '\033')\[0m 2 CPUs\|^$(printf '\033')\[1;31mmuster:$(printf '\033')\[0m there" "$lab/out")
    any=$(grep -c "$(printf '\033')" "$lab/out")
    if [ "$wanted" = yes ] && [ "$count" = 2 ]; then
        pass "$name"
    elif [ "$wanted" = no ] && [ "$any" = 0 ] && grep -q '^ok: 2 CPUs' "$lab/out"; then
        pass "$name"
    else
        fail "$name" "$count coloured words, $any lines with escapes"
    fi
}

colours() {
    name=good
    # shellcheck disable=SC2119 # all proofs held
    fake_kernel on "$(proofs)" ok
    expect_colour terminal_is_coloured yes TERM=xterm
    expect_colour no_color_is_honoured no TERM=xterm NO_COLOR=1
    expect_colour empty_no_color_is_none yes TERM=xterm NO_COLOR=
    printf 'BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable\n' >"$lab/map"
    expect_text inspect_is_coloured_too 1 "$(on_terminal TERM=xterm "$muster" inspect "$lab/map" |
        grep -c "^$(printf '\033')\[32mok:$(printf '\033')\[0m ")"
    expect_colour dumb_terminal_stays_plain no TERM=dumb
    TERM=xterm "$muster" run --cpus 2 --qemu "$lab/good" >"$lab/out" 2>"$lab/err"
    expect_clean pipe_stays_plain
}

standard_output() {
    name=good
    "$muster" run --cpus 2 --qemu "$lab/good" --json - >"$lab/out" 2>"$lab/err"
    expect_text report_on_stdout_ends_well 0 $?
    expect_text report_on_stdout_is_all_there '{}' "$(sed -n '1p;$p' "$lab/out" | tr -d '\n')"
    expect_text people_read_stderr_then 1 "$(grep -c '^ok: 2 CPUs' "$lab/err")"
    expect_text report_on_stdout_makes_no_file '' "$(ls ./- 2>/dev/null)"
    for what in "run --cpus 2 --qemu $lab/good" "run --json - --cpus 2 --qemu $lab/good" \
        "help" "help --man" "--version"; do
        # shellcheck disable=SC2086 # a command line
        "$muster" $what >/dev/full 2>"$lab/err"
        status=$?
        : >"$lab/out"
        if [ "$status" = 3 ] && grep -q '^muster: .*\(could be written\|No space\)' "$lab/err"; then
            pass "full_disk_is_told_by_${what%% --qemu*}"
        else
            fail "full_disk_is_told_by_${what%% --qemu*}" "status $status"
        fi
    done
    # The reader's going is no failure: what it wanted, it has.
    (
        "$muster" help run 2>"$lab/err"
        echo $? >"$lab/status"
    ) | true
    expect_text reader_that_goes_is_no_failure 0 "$(cat "$lab/status")"
}

helps
slips
manual
completes_in_bash
completes_in_zsh
colours
standard_output
[ "$failed" = 0 ]

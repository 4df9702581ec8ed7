#!/bin/sh
# How the command starts QEMU and what it keeps of it: --dry-run, --keep, --accel.
#
#     tests/cli/test_machine.sh [build/muster]
#
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

# expect_file NAME FILE TEXT: TEXT (a basic regular expression) is in the file.
expect_file() {
    if grep -q -- "$3" "$2" 2>/dev/null; then
        pass "$1"
    else
        fail "$1" "no '$3' in $2"
    fi
}

# paste ARGUMENTS: what a shell makes of the command that --dry-run prints: its words in $lab/words.
paste() {
    verb=$1
    shift
    : >"$lab/words"
    "$muster" "$verb" --dry-run --qemu "$lab/tells" "$@" >"$lab/command" 2>"$lab/err" &&
        (cd "$lab/tmp" && sh "$lab/command") >"$lab/words" 2>>"$lab/err"
}

# expect_pasted NAME WORD: among those.
expect_pasted() {
    : >"$lab/out"
    if grep -qxF -- "$2" "$lab/words"; then
        pass "$1"
    else
        fail "$1" "no word '$2' among '$(tr '\n' '|' <"$lab/words")'"
    fi
}

# The file of an ELF's magic is all that is looked at here.
elf() {
    printf '\177ELF and so on' >"$1"
}

dry_runs() {
    # shellcheck disable=SC2016,SC2028 # for the fake
    echo 'printf "%s\n" "$@"' | fake tells
    elf "$lab/vmlinux"
    elf "$lab/a,b"
    elf "$lab/a b"
    expect dry_run_starts_nothing 0 "^$lab/tells" -- run --dry-run --qemu "$lab/tells"
    paste run --cpus 3
    expect_pasted dry_run_names_the_kernel_itself "$lab/bin/muster-kernel.elf"
    expect_pasted dry_run_has_what_was_asked_for 3
    expect_pasted dry_run_waits_for_no_injection wake=auto
    paste boot "$lab/vmlinux" --append "it's \$HOME, \"x\" \\ y"
    expect_pasted dry_run_quotes_words "$lab/vmlinux it's \$HOME,, \"x\" \\ y"
    paste boot "$lab/a,b" --append "" -- -name "my machine"
    expect_pasted dry_run_doubles_commas "$lab/a,,b"
    expect_pasted dry_run_passes_on_what_is_qemus "my machine"
    paste boot "$lab/a b" --td
    expect_pasted dry_run_of_a_td_takes_any_name "name=opt/muster/kernel,file=$lab/a b"
    expect dry_run_of_a_name_with_a_blank 3 'takes no module whose name has a blank' -- \
        boot "$lab/a b" --dry-run --qemu "$lab/tells"
    paste conform "$lab/vmlinux" --cpus 2
    expect_pasted dry_run_of_conform_has_the_monitor "$lab/bin/muster-monitor.rom"
    for word in -S -no-shutdown -mon; do
        if grep -qx -e "$word" "$lab/words"; then
            fail "dry_run_has_no_$word" "it would wait for QMP"
        else
            pass "dry_run_has_no_$word"
        fi
    done
    expect dry_run_without_qemu 3 'no such program' -- run --dry-run --qemu "$lab/nowhere"
    expect dry_run_with_a_report 2 'leave --json, --timeline and --keep out' -- run --dry-run --json r
    expect dry_run_asks_for_no_kvm 0 '^    -accel kvm' -- \
        run --dry-run --accel kvm --qemu "$lab/tells"
}

keeps() {
    # shellcheck disable=SC2016 # for the fake
    {
        echo 'echo "from the guest" >$serial; echo "qemu: a warning"'
        echo 'for word; do [ "${last:-}" != -D ] || echo "a trace" >$word; last=$word; done'
        echo "cat '$lab/chatty.lines' >\$console; sleep 60 & wait"
    } >"$lab/body"
    # shellcheck disable=SC2119 # all proofs held
    report_line on "$(proofs)" ok >"$lab/chatty.lines"
    echo '{"from":"kernel","event":"end"}' >>"$lab/chatty.lines"
    fake chatty <"$lab/body"
    kept=$lab/kept/of/one
    expect logs_are_kept 0 "The logs are in $kept" -- \
        run --cpus 2 --qemu "$lab/chatty" --keep "$kept" --json "$lab/report.json"
    expect_report report_says_where "\"keep\" : \"$kept\""
    expect_file serial_port_is_kept "$kept/console.log" '^from the guest$'
    expect_file events_are_kept "$kept/events.log" '"event":"end"'
    expect_file qemus_own_words_are_kept "$kept/qemu.log" '^qemu: a warning$'
    expect_file trace_is_kept "$kept/trace.log" '^a trace$'
    expect_file command_is_kept "$kept/command.sh" "^$lab/chatty"
    expect failure_tells_how_to_keep 1 '^muster: to have all .*--keep DIR' -- \
        run --cpus 3 --qemu "$lab/chatty"
    expect failure_names_the_log 1 "^muster: what the guest printed is in $kept/console.log" -- \
        run --cpus 3 --qemu "$lab/chatty" --keep "$kept"
    : >"$lab/plain"
    expect keep_in_a_file 3 '--keep .*; give a folder' -- \
        run --cpus 2 --qemu "$lab/chatty" --keep "$lab/plain"
    expect keep_in_no_name 2 'the name is empty' -- run --keep ''
    ln -sf /dev/full "$kept/console.log"
    expect keep_on_a_full_disk 3 'console.log is not whole' -- \
        run --cpus 2 --qemu "$lab/chatty" --keep "$kept"
}

# A QEMU whose trial under KVM does what $probe says, and which then runs as $rest.
fake_kvm() {
    # shellcheck disable=SC2016 # for the fake
    {
        echo '[ -n "${probe:-}" ] || {' "cat '$lab/chatty.lines' >\$console; sleep 60 & wait; }"
        echo "echo \$\$ >'$lab/pid'"
        echo "$2"
    } | fake "$1"
}

accelerations() {
    # shellcheck disable=SC2119 # all proofs held
    fake_kvm works "$(report_line on "$(proofs)" ok | sed "s/.*/echo '&'/")
        echo '{\"from\":\"kernel\",\"event\":\"end\"}'; sleep 60 & wait"
    fake_kvm lacks 'echo "Could not access KVM kernel module: No such file or directory"; exit 1'
    fake_kvm hangs "echo starting; trap '' TERM; sleep 60 & echo \$! >>'$lab/pid'; wait; sleep 60"
    fake_kvm errs 'echo "{\"from\":\"kernel\",\"event\":\"error\",\"text\":\"no MADT\"}"; sleep 60'
    expect kvm_that_works_is_used 0 '^ok' -- \
        run --cpus 2 --accel kvm --qemu "$lab/works" --json "$lab/report.json"
    expect_gone trial_leaves_no_orphan
    grep -q '"kvm_probe" : "ok"' "$lab/report.json" || fail kvm_probe_is_reported "it is not"
    expect_report kvm_is_reported '"accel" : "kvm"'
    expect kvm_that_is_not_there 3 'KVM does not work here: QEMU ended with exit status 1: Could' -- \
        run --cpus 2 --accel kvm --qemu "$lab/lacks"
    expect kvm_whose_guest_fails 3 'in a small guest the kernel says: no MADT' -- \
        run --cpus 2 --accel kvm --qemu "$lab/errs"
    expect kvm_that_hangs 3 'a small guest did not end within 5 s; leave --accel out' -- \
        run --cpus 2 --accel kvm --qemu "$lab/hangs"
    expect_gone hanging_trial_leaves_no_orphan
    expect auto_falls_back_and_says_so 0 '^muster: KVM is not used: QEMU ended .*; going on with TCG' -- \
        run --cpus 2 --accel auto --qemu "$lab/lacks" --json "$lab/report.json"
    grep -q '"kvm_probe" : "QEMU ended' "$lab/report.json" || fail fall_back_is_reported "it is not"
    expect_report tcg_is_reported '"accel" : "tcg'
    expect kvm_under_the_monitor 2 '--accel kvm: the monitor needs .*nested SVM' -- \
        run --td --accel kvm
    expect auto_under_the_monitor 0 '-accel$\|-accel tcg' -- \
        conform "$lab/vmlinux" --accel auto --dry-run --qemu "$lab/lacks"
    for words in "-accel kvm" "--accel kvm" "-accel hvf -accel kvm,kernel-irqchip=off" \
        "-enable-kvm" "-machine q35,accel=kvm" "-machine accel=hvf:kvm,usb=off"; do
        # shellcheck disable=SC2086 # words for QEMU
        expect "kvm_by_the_back_door_$(echo "$words" | tr ' ' _)" 2 'would not be tried first; use --accel kvm' -- \
            run -- $words
    done
    expect two_accelerators 2 '-accel is behind "--", too' -- run --accel tcg -- -accel tcg
    kvm_cannot_be_killed
}

# A process inside of a driver that hangs dies for no signal; so it looks where kill() does nothing.
kvm_cannot_be_killed() {
    echo 'int kill(int pid, int signal) { return pid + signal ? 0 : 0; }' >"$lab/kill.c"
    if ! gcc -shared -fPIC -o "$lab/kill.so" "$lab/kill.c" 2>"$lab/err"; then
        fail kvm_that_cannot_be_killed "no library to stand in for kill()"
        return
    fi
    printf '#!/bin/sh\nexec env LD_PRELOAD="%s" "%s" "$@"\n' "$lab/kill.so" "$lab/bin/muster" >"$lab/mild"
    chmod +x "$lab/mild"
    muster=$lab/mild
    begun=$(date +%s)
    expect kvm_that_cannot_be_killed 3 'its QEMU cannot be killed: KVM hangs' -- \
        run --cpus 2 --accel kvm --qemu "$lab/hangs"
    passed=$(($(date +%s) - begun))
    [ "$passed" -le 12 ] || fail nobody_waits_for_what_cannot_be_killed "it took $passed s"
    end_left
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || qemu_cannot_be_killed
    muster=$lab/bin/muster
}

qemu_cannot_be_killed() {
    echo "echo \$\$ >'$lab/pid'; sleep 60" | fake sticks
    expect qemu_that_cannot_be_killed 1 'QEMU (process [0-9]*) cannot be killed' -- \
        run --cpus 2 --qemu "$lab/sticks" --timeout 1
    end_left
}

end_left() {
    # shellcheck disable=SC2013 # words are as good
    for pid in $(cat "$lab/pid"); do
        kill -KILL "$pid" 2>/dev/null
    done
}

# under_kvm NAME STATUS TEXT SCRIPT: boot under a KVM that works, in a QEMU that answers.
under_kvm() {
    name=$1 status=$2 text=$3
    FAKE_SCRIPT=$4
    export FAKE_SCRIPT
    expect "$name" "$status" "$text" -- boot "$lab/vmlinux" --cpus 2 --accel kvm --timeout 60 \
        --qemu "$lab/answers" --json "$lab/report.json"
}

counts_under_kvm() {
    # shellcheck disable=SC2016 # for the fake
    echo "[ -z \"\${probe:-}\" ] || exec '$lab/works' \"\$@\"
        exec python3 -S '$here/fake_qemu.py' \"\$@\"" | fake answers
    FAKE_REGISTERS='|CPU#0|CR0=80050033 CR2=0 CR3=0000000002610000 CR4=0|CPU#1|CR0=80050033 CR2=0 CR3=0000000002610000 CR4=0'
    export FAKE_REGISTERS
    ready='console {"from":"shim","event":"ready","cpus":2,"ap_cr3":"0x7ff01000"}
        console {"from":"shim","event":"handover"}'
    under_kvm counts_are_not_known_under_kvm 0 '^INITs after the hand-over *not known' "$ready
        serial Run /init as init process"
    grep -q '"init" : null' "$lab/report.json" || fail counts_are_null_under_kvm "they are not"
    expect_report report_says_why_not '"why_not" : "under KVM the APIC is not QEMU'
    under_kvm people_are_told_why_not 0 '^under KVM the APIC is not' "$ready
        serial Run /init as init process"
    FAKE_REGISTERS='|CPU#0|CR0=80050033 CR2=0 CR3=02610000 CR4=0|CPU#1|CR0=80050033 CR2=0 CR3=7ff01018 CR4=0'
    under_kvm cpus_are_counted_under_kvm 1 "1 of 2 CPUs have left the shim's page tables" "$ready
        serial Run /init as init process"
    rm -f "$lab/report.json"
}

hints() {
    echo 'exit 0' | fake leaves
    : >"$lab/bin/muster-shim.elf64"
    expect gdb_is_given_the_symbols 3 "localhost:1234' $lab/bin/muster-shim.elf64" -- \
        boot "$lab/vmlinux" --gdb --qemu "$lab/leaves"
    rm "$lab/bin/muster-shim.elf64"
    expect gdb_is_given_what_there_is 3 "localhost:1234' $lab/bin/muster-shim.elf$" -- \
        boot "$lab/vmlinux" --gdb --qemu "$lab/leaves"
    echo 'sleep 60 & wait' | fake silent
    expect silent_elf_is_no_linux 1 'printed nothing; how many' -- \
        boot "$lab/vmlinux" --qemu "$lab/silent" --timeout 1
    { head -c 510 /dev/zero; printf '\125\252\0\0HdrS'; } >"$lab/vmlinuz"
    expect silent_linux_needs_a_console 1 'printed nothing (Linux needs console=ttyS0)' -- \
        boot "$lab/vmlinuz" --qemu "$lab/silent" --timeout 1
    expect program_with_another_version 3 "names no QEMU version" -- run --qemu /bin/true
}

dry_runs
keeps
accelerations
if command -v python3 >/dev/null; then
    counts_under_kvm
else
    echo "skipped: counts under KVM, in a QEMU that answers (no python3)"
fi
hints
[ "$failed" = 0 ]

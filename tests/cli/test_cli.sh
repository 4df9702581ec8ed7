#!/bin/sh
# The command against QEMUs that fail in every way: exit status, message, report, orphans.
#
#     tests/cli/test_cli.sh [build/muster]
#
# Prints "ok NAME" or "FAIL NAME" for each, and exits with 1 if any failed. The tests in which QEMU
# answers need python3; without it they are named as skipped.
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

usage_and_files() {
    expect bare_command_helps 0 'Usage:' --
    expect help_of_verb 0 '--firmware-memory' -- help boot
    expect version 0 '^muster [0-9]' -- --version
    expect unknown_verb 2 "no verb 'fly'" -- fly
    expect unknown_option 2 'Unknown option --fly' -- run --fly
    expect zero_cpus 2 '--cpus 0' -- run --cpus 0
    expect junk_cpus 2 '--cpus 4x' -- run --cpus 4x
    expect too_many_cpus 2 '1 to 512' -- run --cpus 513
    expect unaligned_page_tables 2 'multiple of 4096' -- boot --page-tables 0x11000010 k
    expect junk_page_tables 2 'multiple of 4096' -- run --wake mailbox --page-tables high
    expect junk_timeout 2 '--timeout soon' -- run --timeout soon
    expect junk_wake 2 '--wake psci' -- run --wake psci
    expect parking_of_cpus_that_come_one_by_one 2 \
        'wake sipi-classic --park-ms 5: .*none is parked before' -- \
        run --wake sipi-classic --park-ms 5
    expect order_of_cpus_that_come_one_by_one 2 'wake sipi-serial --order cores: .*use --wake sipi' -- \
        run --wake sipi-serial --order cores
    expect waiting_of_one_cpu 2 '--cpus 1 --wait-ms 5: .*give 2 CPUs' -- run --cpus 1 --wait-ms 5
    expect td_by_a_strategy 2 'a TD has the mailbox alone' -- run --td --wake sipi-classic
    expect junk_order 2 'listed, performance, cores, nearest' -- run --order fastest
    expect order_of_a_foreign_kernel 2 'Unknown option --order' -- boot --order cores k
    expect junk_memory 2 '--memory lots' -- run --memory lots
    expect shim_option_without_shim 2 'add --wake mailbox' -- run --mailbox-version 1
    expect no_cycles 2 '--cycles 0' -- run --cycles 0
    expect junk_seed 2 '--seed x' -- run --cycles 5 --seed x
    expect seed_of_nothing 2 'add --cycles N' -- run --seed 5
    expect no_cpu_to_add 2 '--hot-add 0' -- run --hot-add 0
    expect hot_add_by_mailbox 2 'no firmware is left .* only INIT-SIPI can wake it' -- \
        run --wake mailbox --hot-add 4
    expect hot_add_to_a_td 2 'no firmware is left .* a TD has no INIT and SIPI' -- run --td --hot-add 4
    expect hot_add_beyond_the_kernel 2 'needs room for 520 CPUs' -- run --cpus 400 --hot-add 60
    expect hand_back_without_mailbox 2 'add --wake mailbox or --td' -- run --hand-back 5
    expect hand_back_by_a_tree 2 "tree's mailbox takes no CPU back" -- run --wake fdt --hand-back 5
    expect next_kernel_without_mailbox 2 'add --wake mailbox or --td' -- run --then k
    expect next_kernel_by_a_tree 2 "tree's mailbox takes no CPU back" -- run --wake fdt --then k
    expect next_kernel_by_a_one_way_mailbox 2 'takes no CPU back' -- \
        run --wake mailbox --mailbox-version 0 --then k
    expect words_for_no_next_kernel 2 'add --then KERNEL' -- run --then-append quiet
    expect missing_next_kernel 3 'nowhere: No such file' -- run --td --then "$lab/nowhere"
    expect td_without_init_and_sipi 2 'a TD has the mailbox alone' -- run --td --wake sipi
    expect td_of_another_size 2 'leave --memory out' -- run --td --memory 1G
    expect td_under_gdb 2 'leave one' -- boot --td --gdb k
    expect td_with_too_many_cpus 2 'at most 64' -- run --td --cpus 65
    expect hyperv_of_another_size 2 'leave --memory out' -- run --wake hyperv --memory 1G
    expect hyperv_under_gdb 2 '^muster: --wake hyperv --gdb: .*leave one' -- run --wake hyperv --gdb
    expect hyperv_with_too_many_cpus 2 '--wake hyperv --cpus 65: give at most 64' -- \
        run --wake hyperv --cpus 65
    expect hyperv_option_without_hyperv 2 'add --wake hyperv' -- run --td --vp-index shuffled
    expect hyperv_option_of_run_only 2 'Unknown option --time-out' -- boot --td --time-out 2 k
    expect junk_vp_index 2 'vp-index sorted: give one of shuffled' -- run --wake hyperv --vp-index sorted
    expect junk_time_out 2 'time-out 1: give a number from 2 on' -- run --wake hyperv --time-out 1
    expect lost_vp_that_is_not_there 2 'lost-vp 4: of 4 CPUs the last has index 3' -- \
        run --wake hyperv --cpus 4 --lost-vp 4
    expect lost_vp_of_one_cpu 2 'lost-vp 1: of 1 CPU the last has index 0' -- \
        run --wake hyperv --cpus 1 --lost-vp 1
    expect junk_lost_vp 2 'lost-vp 0: give a number from 1 on' -- run --wake hyperv --lost-vp 0
    expect junk_per_vp_memory 2 'per-vp-memory yes: give one of on' -- run --wake hyperv --per-vp-memory yes
    expect per_vp_memory_in_a_td 2 'leave --td out' -- run --td --wake hyperv --per-vp-memory on
    expect junk_reference_clock 2 'give one of slow' -- run --wake hyperv --reference-clock fast
    expect junk_core_kinds 2 'core-kinds PX: give letters P and E' -- run --wake hyperv --core-kinds PX
    expect empty_core_kinds 2 'give letters P and E, at most 31' -- run --wake hyperv --core-kinds=
    expect core_kinds_in_a_td 2 'leave --td out' -- run --td --wake hyperv --core-kinds PE
    expect core_kinds_of_a_pc 2 'give --wake hyperv' -- run --core-kinds PE
    expect junk_tsc_skew 2 'tsc-skew soon: give ticks' -- run --td --tsc-skew soon
    expect too_much_tsc_skew 2 'from -10000000 to 10000000' -- run --td --tsc-skew -10000001
    expect tsc_skew_of_a_pc 2 'add --wake hyperv or --td' -- run --tsc-skew 5
    expect junk_tables 2 'tables none: give one of acpi, fdt, both' -- run --wake hyperv --tables none
    expect tables_without_shim 2 'add --wake mailbox' -- run --tables fdt
    expect tree_by_acpi 2 'the tree alone is asked for' -- run --wake fdt --tables acpi
    expect conform_with_too_many_cpus 2 '^muster: --cpus 65: give a number from 1 to 64' -- conform --cpus 65 k
    expect conform_of_another_size 2 'Unknown option --memory' -- conform --memory 1G k
    expect conform_is_always_a_td 2 'Unknown option --gdb' -- conform --gdb k
    expect conform_without_kernel 2 'which kernel' -- conform
    expect conform_of_a_text 3 "is not a kernel: no 'HdrS'" -- conform "$here/test_cli.sh"
    expect no_kernel_given 2 'which kernel' -- boot
    expect missing_kernel 3 'nowhere: No such file' -- boot "$lab/nowhere"
    expect folder_as_kernel 3 'is a folder' -- boot "$lab"
    : >"$lab/empty"
    expect empty_kernel 3 'is empty' -- boot "$lab/empty"
    expect text_as_kernel 3 "is not a kernel: no 'HdrS'" -- boot "$here/test_cli.sh"
    printf '\177ELF and so on' >"$lab/vmlinux"
    expect missing_next_initrd 3 'initrd .*No such file' -- \
        run --td --then "$lab/vmlinux" --then-initrd "$lab/nowhere"
    expect missing_initrd 3 'initrd .*No such file' -- boot "$lab/vmlinux" --initrd "$lab/nowhere"
    expect empty_initrd 3 'is empty' -- boot "$lab/vmlinux" --initrd "$lab/empty"
    truncate -s 2G "$lab/huge"
    expect huge_initrd 3 'do not fit into' -- boot "$lab/vmlinux" --initrd "$lab/huge"
    expect report_in_no_folder 3 'cannot be written' -- run --json "$lab/nowhere/r.json"
    cp "$lab/vmlinux" "$lab/mine"
    ln -s mine "$lab/link"
    expect report_over_the_kernel 2 'json .*/link: is the same file as .*/mine' -- \
        boot "$lab/mine" --json "$lab/link"
    expect report_over_the_next_initrd 2 'is the same file as' -- \
        run --td --then "$lab/vmlinux" --then-initrd "$lab/mine" --json "$lab/./mine"
    expect timeline_over_the_report 2 'timeline .*: is the same file as .*new.json' -- \
        run --json "$lab/new.json" --timeline "$lab/./new.json"
    expect missing_qemu 3 'there is no such program' -- run --qemu "$lab/nowhere"
    expect plain_file_as_qemu 3 'not an executable' -- run --qemu "$lab/vmlinux"
    printf '#!/bin/sh\nPATH=/nowhere exec "%s" "$@"\n' "$muster" >"$lab/without_path"
    chmod +x "$lab/without_path"
    muster=$lab/without_path
    expect no_qemu_in_path 3 'install the package' -- run
    muster=$lab/bin/muster
}

bad_qemus() {
    printf '#!/bin/sh\necho frobnicator 7.2\n' >"$lab/other" && chmod +x "$lab/other"
    expect other_program_as_qemu 3 'names no QEMU version' -- run --qemu "$lab/other"

    echo 'echo "qemu: no such option" >&2; exit 1' | fake refuses
    expect qemu_that_refuses 3 'exit status 1: qemu: no such option' -- \
        run --qemu "$lab/refuses" --json "$lab/report.json"
    expect_no_report qemu_that_refuses_gives_no_report

    echo 'exit 0' | fake leaves
    expect machine_that_told_no_way_names_none 3 'FAILED: 4 CPUs, QEMU' -- run --qemu "$lab/leaves"
    expect qemu_that_leaves_at_once 3 'ended by itself with exit status 0' -- \
        boot "$lab/vmlinux" --qemu "$lab/leaves"

    echo 'kill -SEGV $$' | fake crashes
    expect qemu_that_crashes 3 'signal 11' -- run --qemu "$lab/crashes"

    echo 'exit 0' | fake old
    expect hot_add_on_old_qemu 3 'overwrites its own memory' -- run --hot-add 1 --qemu "$lab/old"
    expect too_many_cpus_for_old_qemu 3 'need x2APIC' -- run --cpus 300 --qemu "$lab/old"
}

no_orphans() {
    echo "echo \$\$ >'$lab/pid'; echo starting >\$serial; trap '' TERM; sleep 99 & echo \$! >>'$lab/pid'; wait; sleep 99" |
        fake hangs
    expect_late qemu_that_hangs_meets_deadline 1 "no end after S s; the last line was 'starting'" -- \
        run --qemu "$lab/hangs" --json "$lab/report.json"
    expect_report deadline_is_reported '"result" : "failed"'
    expect_gone deadline_leaves_no_orphan

    for signal in INT TERM KILL; do
        : >"$lab/pid"
        # In the background a shell has SIGINT ignored from the start.
        env --default-signal=INT "$muster" run --qemu "$lab/hangs" --json "$lab/report.json" \
            >"$lab/out" 2>"$lab/err" &
        running=$!
        for _ in $(seq 200); do
            [ "$(wc -l <"$lab/pid")" -lt 2 ] || break
            sleep 0.1
        done
        kill -s "$signal" "$running"
        wait "$running" 2>/dev/null
        [ "$(kill -l $?)" = "$signal" ] || fail "end_by_SIG$signal" "it did not end by that signal"
        [ "$signal" = KILL ] && sed -i 2d "$lab/pid" # only what the kernel can know of
        expect_gone "no_orphan_after_SIG$signal"
        expect_no_report "no_report_after_SIG$signal"
        [ "$signal" = KILL ] || [ -z "$(ls -A "$lab/tmp")" ] ||
            fail "no_files_after_SIG$signal" "left behind: $(ls -A "$lab/tmp")"
    done
    rm -rf "$lab"/tmp/*
}

# make_folder NAME: as an earlier muster may have left one behind in TMPDIR.
make_folder() {
    mkdir -m 700 "$lab/tmp/$1"
    : >"$lab/tmp/$1/qmp"
}

# expect_left NAME FOLDERS: what the next muster leaves in TMPDIR.
expect_left() {
    "$muster" run --qemu "$lab/fails" >"$lab/out" 2>"$lab/err"
    if [ "$(ls -A "$lab/tmp")" = "$2" ]; then
        pass "$1"
    else
        fail "$1" "left: $(ls -A "$lab/tmp")"
    fi
}

# Only what a dead process of this user's has left is removed.
abandoned_folders() {
    dead=$(sh -c 'echo $$')
    echo 'exit 1' | fake fails
    for kept in "$dead" "$$-alive1" aaaaaa "$dead-aaaaaaa" "x$dead-aaaaaa" "$dead-public" "$dead-locked"; do
        make_folder "muster-$kept"
    done
    chmod 755 "$lab/tmp/muster-$dead-public"
    ln -s muster-aaaaaa "$lab/tmp/muster-$dead-linked"
    kept=$(ls -A "$lab/tmp")
    make_folder "muster-$dead-aaaaaa"
    exec 9<"$lab/tmp/muster-$dead-locked"
    flock -n 9
    expect_left abandoned_folder_is_removed_and_no_other "$kept"
    exec 9<&-
    rm -rf "$lab"/tmp/*

    echo 'exec sleep 99' | fake sleeps
    "$muster" run --qemu "$lab/sleeps" >"$lab/out" 2>"$lab/err" &
    running=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -z "$(find "$lab/tmp" -name console)" ] || break
        sleep 0.2
    done
    own=$(ls -A "$lab/tmp")
    mv "$lab/tmp/$own" "$lab/tmp/muster-$dead-${own##*-}"
    expect_left folder_of_a_muster_that_lives_is_kept_whatever_its_name "muster-$dead-${own##*-}"
    kill -KILL "$running"
    wait "$running" 2>/dev/null
    expect_left folder_of_a_killed_muster_is_removed_by_the_next ""
}

kernels() {
    name=good
    fake_kernel on "$(proofs)" ok
    expect good_kernel 0 'ok: 2 CPUs by sipi' -- \
        run --cpus 2 --qemu "$lab/good" --json "$lab/report.json"
    expect_report good_kernel_is_reported '"schema" : "muster.report/1"'
    expect kernel_with_fewer_cpus 1 'reports 2 CPUs, 3 were asked' -- run --cpus 3 --qemu "$lab/good"
    expect kernel_with_more_cpus_than_one 1 'reports 2 CPUs, 1 was asked' -- run --cpus 1 --qemu "$lab/good"
    expect machine_of_one_cpu_is_told_as_one 1 'FAILED: 1 CPU by sipi, QEMU' -- run --cpus 1 --qemu "$lab/good"
    ln -sf /dev/full "$lab/full"
    expect kernel_that_did_not_use_the_tree 1 'not the device tree' -- \
        run --cpus 2 --wake fdt --qemu "$lab/good" --json "$lab/report.json"
    expect_report tree_is_asked_of_the_shim '"tables=fdt"'
    expect report_on_a_full_disk 3 'cannot be written' -- \
        run --cpus 2 --qemu "$lab/good" --json "$lab/full"

    name=traced
    {
        echo '{"from":"kernel","event":"trace","apic_id":77,"written":1,"records":[[5,"on",0,0]]}'
        report_line on "$(proofs)" ok
        echo '{"from":"kernel","event":"end"}'
    } >"$lab/traced.lines"
    echo "cat '$lab/traced.lines' >\$console; sleep 60 & wait" | fake traced
    expect traced_kernel 0 'ok: 2 CPUs by sipi' -- \
        run --cpus 2 --qemu "$lab/traced" --json "$lab/report.json"
    expect_report trace_is_reported '"apic_id" : 77'

    # A path may be any bytes; the report is JSON all the same.
    odd=$(printf 'odd\377')
    name=$odd
    fake_kernel on "$(proofs)" ok
    expect qemu_of_an_odd_name 0 '^ok' -- \
        run --cpus 2 --qemu "$lab/$odd" --json "$lab/report.json"
    iconv -f UTF-8 -t UTF-8 "$lab/report.json" >/dev/null || fail report_is_utf_8 "it is not"
    expect_report odd_name_is_reported '"path" : ".*/odd'

    name=dead
    fake_kernel failed "$(proofs)" failed
    expect kernel_with_dead_cpu 1 'CPU 1 (APIC ID 1) is not on but failed' -- \
        run --cpus 2 --qemu "$lab/dead" --json "$lab/report.json"
    expect_report dead_cpu_is_reported 'CPU 1 (APIC ID 1) is not on'

    name=broken
    fake_kernel on "$(proofs ist-df broken)" ok
    expect broken_proof 1 'proof ist-df is broken: x' -- run --cpus 2 --qemu "$lab/broken"
    name=absent
    fake_kernel on "$(proofs apic absent)" ok
    expect absent_proof 1 'proof apic is missing' -- run --cpus 2 --qemu "$lab/absent"
    name=clockless
    fake_kernel on "$(proofs reference-clock absent)" ok
    expect absent_proof_of_the_clock 1 'proof reference-clock is missing' \
        -- run --cpus 2 --qemu "$lab/clockless"
    name=excused
    fake_kernel on "$(proofs registers not-applicable)" ok
    expect proof_that_may_not_be_excused 1 'proof registers is not-applicable, which it may not' \
        -- run --cpus 2 --qemu "$lab/excused"

    hostile='\u001b]0;owned\u0007\u001b[2J\u009b31mtext'
    name=hostile
    fake_kernel failed "$(proofs apic broken)" failed
    literal=$(printf '%s' "$hostile" | sed 's/\\/\\\\/g')
    sed -i "s/:\"x\"/:\"$literal\"/g; s/:\"sipi/:\"$literal/; s/:null/:\"$literal\"/g" \
        "$lab/hostile.lines"
    expect control_characters_in_a_report 1 'proof apic is broken: .*text' -- \
        run --cpus 2 --qemu "$lab/hostile" --json "$lab/report.json"
    expect_clean control_characters_in_a_report_are_not_printed
    rm -f "$lab/report.json"
    printf '{"from":"kernel","event":"error","text":"%s"}\n' "$hostile" >"$lab/hostile.lines"
    expect control_characters_in_an_error 1 'the kernel says: .*text' -- run --qemu "$lab/hostile"
    expect_clean control_characters_in_an_error_are_not_printed

    # shellcheck disable=SC2016
    echo 'echo "no RAM" >$serial; echo "{\"from\":\"kernel\",\"event\":\"error\",\"text\":\"no MADT\"}" >$console; sleep 9' | fake errs
    expect kernel_that_says_an_error 1 'the kernel says: no MADT' -- run --qemu "$lab/errs"
    sed 's/\\"text/\\"kind\\":\\"usage\\",&/' "$lab/errs" >"$lab/errs_usage" && chmod +x "$lab/errs_usage"
    expect kernel_that_says_wrong_usage 2 'the kernel says' -- run --qemu "$lab/errs_usage"
    # shellcheck disable=SC2016
    { echo 'i=0; while [ $i -lt 3000 ]; do printf "[[[[[[[["; i=$((i+1)); done >$console'
      echo 'printf "\n{\377}\n{\"from\":1}\n{\"from\":\"kernel\"" >$console'; } | fake babbles
    expect kernel_that_babbles 3 'ended by itself' -- run --qemu "$lab/babbles"
}

# boot NAME STATUS TEXT SCRIPT [OPTIONS]: two CPUs under the shim, in a QEMU that answers.
boot() {
    boot_and expect "$@"
}

# boot_late NAME STATUS TEXT SCRIPT [OPTIONS]: the same, as expect_late.
boot_late() {
    boot_and expect_late "$@"
}

boot_and() {
    what=$1 name=$2 status=$3 text=$4
    FAKE_SCRIPT=$5
    export FAKE_SCRIPT
    shift 5
    "$what" "$name" "$status" "$text" -- boot "$lab/vmlinux" --cpus 2 --json "$lab/report.json" \
        --qemu "$lab/answers" --timeout 60 "$@"
}

# next_kernel NAME STATUS TEXT SCRIPT: the same for our kernel, which then hands over to another.
next_kernel() {
    next_kernel_and expect "$@"
}

next_kernel_late() {
    next_kernel_and expect_late "$@"
}

next_kernel_and() {
    what=$1 name=$2 status=$3 text=$4
    FAKE_SCRIPT="$shim
        console $(report_line on "$(proofs reclaimed-memory held)" ok | sed 's/:"sipi"/:"mailbox"/')
        serial Muster kernel: wakes every processor and proves it alive
        serial result: ok: 2 of 2 CPUs on
        $5"
    export FAKE_SCRIPT
    "$what" "$name" "$status" "$text" -- run --wake mailbox --cpus 2 --then "$lab/vmlinux" \
        --json "$lab/report.json" --qemu "$lab/answers" --timeout 60
}

next_kernels() {
    next='console {"from":"kernel","event":"handover","handed_back":1,"ns":5}
        sleep 0.3'
    next_kernel good_next_kernel 0 'ok: 2 CPUs by mailbox' "$next
        $up
        $init"
    expect_report good_next_kernel_is_reported '"handed_back" : 1'
    next_kernel_late next_kernel_that_never_begins 1 'never handed over to .*vmlinux' "$up
        $init"
    next_kernel own_end_is_not_the_next_kernels 1 'never handed over to .*vmlinux' \
        'console {"from":"kernel","event":"end"}'
    next_kernel next_kernel_without_its_cpus 1 'handed 0 CPUs back, 1 had to be' \
        "console {\"from\":\"kernel\",\"event\":\"handover\",\"handed_back\":0}
        sleep 0.3
        $up
        $init"
    next_kernel next_kernel_that_sends_inits 1 'after the hand-over the guest sent 1 INIT and 0 SIPIs' "$next
        trace 1@2.3:apic_mem_writel 0x300 = 0x000c4500
        $up
        $init"
    next_kernel next_kernel_that_finds_one_cpu 1 'the guest says it has 1 CPU, not 2' "$next
        serial smp: Brought up 1 node, 1 CPU
        $init"
    next_kernel next_kernel_that_panics 1 'the guest panicked: .*Attempted' "$next
        serial Kernel panic - not syncing: Attempted to kill init!"
    rm -f "$lab/report.json"
}

boots() {
    shim='trace 1@2.3:apic_mem_writel 0x300 = 0x000c4500
        console {"from":"shim","event":"ready","cpus":2,"ap_cr3":"0x7ff01000"}
        trace 1@2.3:apic_mem_writel 0x380 = 0x4d757374
        trace 1@2.3:apic_mem_writel 0x380 = 0x00000000
        console {"from":"shim","event":"handover"}'
    up='serial smp: Brought up 1 node, 2 CPUs'
    init='serial Run /init as init process'
    FAKE_REGISTERS='|CPU#0|CR0=80050033 CR2=0 CR3=0000000002610000 CR4=0|CPU#1|CR0=80050033 CR2=0 CR3=0000000002610000 CR4=0'
    export FAKE_REGISTERS
    boot good_guest 0 'ok: .*vmlinux with 2 CPUs' "$shim
        $up
        $init"
    expect_report good_guest_is_reported '"guest_said" : 2'
    next_kernels
    boot guest_without_init_is_good_too 0 '^ok' "$shim
        serial Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"
    boot guest_that_panics 1 'the guest panicked: .*Attempted to kill' "$shim
        serial Kernel panic - not syncing: Attempted to kill init!"
    boot panic_before_a_reset_is_named 1 'the guest panicked: .*Attempted to kill' "$shim
        serial Kernel panic - not syncing: Attempted to kill init!
        event SHUTDOWN guest-reset"
    boot_late awaited_text_that_never_comes 1 'no end after S s' "$shim
        console {\"from\":\"kernel\",\"event\":\"report\",\"result\":\"ok\"}
        console {\"from\":\"kernel\",\"event\":\"end\"}" --until 'never comes'
    expect_report guest_on_the_debug_console_is_noise '"noise_lines" : 2'
    boot_late guest_cannot_end_by_the_debug_console 1 'no end after S s' "$shim
        console {\"from\":\"kernel\",\"event\":\"end\"}"
    boot guest_cannot_speak_for_the_shim 0 '^ok' "$shim
        console {\"from\":\"shim\",\"event\":\"error\",\"kind\":\"usage\",\"text\":\"forged\"}
        sleep 0.5
        $up
        $init"
    boot_late kernel_before_the_handover_is_not_believed 1 'no end after S s' \
        'console {"from":"kernel","event":"end"}'
    rm -f "$lab/report.json"
    boot muster_kernel_that_succeeds 0 '^ok' "$shim
        serial Muster kernel: wakes every processor and proves it alive
        serial result: ok: 2 of 2 CPUs on"
    boot muster_kernel_that_fails 1 "the guest says 'result: failed: 1 of 2 CPUs on'" "$shim
        serial Muster kernel: wakes every processor and proves it alive
        serial result: failed: 1 of 2 CPUs on
        serial more"
    boot_late result_of_another_kernel 1 'no end after S s' "$shim
        serial result: ok"
    boot prompt_without_line_end 0 '^ok' "$shim
        serial login: " --until 'login:'
    boot guest_that_resets 1 "reset itself (triple fault?); its last line was 'Booting SMP'" "$shim
        serial Booting SMP
        event SHUTDOWN guest-reset"
    boot guest_that_powers_off 0 '^ok' "$shim
        event SHUTDOWN guest-shutdown"
    boot guest_that_powers_off_too_early 1 "powered off before it printed 'ready'" "$shim
        event SHUTDOWN guest-shutdown" --until ready
    rm -f "$lab/report.json"
    boot guest_that_sends_init 1 'sent 1 INIT and 1 SIPI;' "$shim
        trace 1@2.3:apic_mem_writel 0x300 = 0x0000c500
        trace 1@2.3:apic_mem_writel 0x300 = 0x00008500
        trace 1@2.3:apic_mem_writel 0x300 = 0x00000699
        $init"
    expect_report inits_are_counted '"init" : 1'
    boot guest_that_counts_wrong 1 'says it has 1 CPU, not 2' "$shim
        serial smp: Brought up 1 node, 1 CPU
        $init"
    boot shim_that_fails 1 'the shim says: no room' \
        'console {"from":"shim","event":"error","text":"no room"}'
    boot shim_without_environment 3 'the shim says: no xAPIC' \
        'console {"from":"shim","event":"error","kind":"environment","text":"no xAPIC"}'
    rm -f "$lab/report.json"
    boot trace_without_mark 3 "blind: it does not show the shim's mark" "$(echo "$shim" | grep -v 380)
        $init"
    expect_report unknown_counts_are_null '"init" : null'
    boot trace_without_inits 3 'blind: it does not show the INITs' "$(echo "$shim" | grep -v 300)
        $init"
    boot_late guest_that_hangs 1 "no end after S s; the last line was 'stuck'; 2 of 2 CPUs were up" "$shim
        serial stuck"
    FAKE_REGISTERS='|CPU#0|CR0=80050033 CR2=0 CR3=02610000 CR4=0|CPU#1|CR0=80050033 CR2=0 CR3=7ff01018 CR4=0'
    boot guest_that_leaves_a_cpu 1 "1 of 2 CPUs have left the shim's page tables" "$shim
        $init"
    expect_report cpu_left_behind_is_off '"state" : "off"'
}

# In a TD the monitor speaks, until the end, and QEMU's registers are nobody's.
tds() {
    ready='console {"from":"monitor","event":"ready","vcpus":2,"profile":"tdx"}
        console {"from":"shim","event":"ready","cpus":2,"ap_cr3":"0x7ff01000"}
        console {"from":"shim","event":"handover"}'
    up='serial smp: Brought up 1 node, 2 CPUs'
    init='serial Run /init as init process'
    at='"vcpu":1,"apic_id":4,"rip":"0x1234"'
    boot good_td 0 '^ok: .*with 2 CPUs as a TD' "$ready
        $up
        $init" --td
    expect_report td_takes_its_cpus_from_the_guest '"cpus_up" : 2'
    boot silent_td_is_not_known 0 'CPUs that the guest says it has *not known' "$ready
        $init" --td
    expect_report silent_td_has_null '"cpus_up" : null'
    boot td_that_is_stopped 1 'stopped the TD, vCPU 1 (APIC ID 4) at 0x1234: a page that is pending' \
        "$ready
        console {\"from\":\"monitor\",\"event\":\"fatal\",$at,\"reason\":\"a page that is pending\"}
        event SHUTDOWN guest-reset" --td
    expect_report fatal_is_in_the_report '"reason" : "a page that is pending"'
    boot td_whose_firmware_is_none 3 'the monitor says: no TDVF$' \
        'console {"from":"monitor","event":"fatal","vcpu":null,"apic_id":null,"reason":"no TDVF"}
        event SHUTDOWN guest-reset' --td
    for rule in no-init no-sipi; do
        boot "td_that_breaks_$rule" 1 "vCPU 1 (APIC ID 4) at 0x1234 broke the rule $rule" "$ready
            console {\"from\":\"monitor\",\"event\":\"finding\",\"rule\":\"$rule\",$at,\"text\":\"x\"}
            $init" --td
        expect_report "${rule}_is_counted" "\"${rule#no-}\" : 1"
    done
    boot td_with_another_finding 0 'port-read-refused: vCPU 1 (APIC ID 4) at 0x1234: of 0xcf9' "$ready
        console {\"from\":\"monitor\",\"event\":\"finding\",\"rule\":\"port-read-refused\",$at,\"text\":\"of 0xcf9\"}
        $up
        $init" --td
    expect_report finding_is_in_the_report '"rule" : "port-read-refused"'
    one="console {\"from\":\"monitor\",\"event\":\"finding\",\"rule\":\"port-read-refused\",$at,\"text\":\"of 0xcf9\"}"
    other=$(echo "$one" | sed s/0xcf9/0x64/)
    boot findings_that_read_the_same_are_one_line 0 'of 0xcf9 (2 times)$' "$ready
        $one
        $one
        $other
        $up
        $init" --td
    grep -q 'of 0x64$' "$lab/out" || fail findings_that_differ_have_lines 'no second line'
    boot td_with_fewer_vcpus 1 'the monitor has 1 vCPU, 2 were asked for' "$(echo "$ready" | sed s/'vcpus":2'/'vcpus":1'/)
        $init" --td
    boot td_without_monitor 3 'the monitor never said that it is ready' "$(echo "$ready" | grep -v monitor)
        $init" --td
    boot monitor_without_td_is_not_believed 1 'powered off before' \
        "console {\"from\":\"monitor\",\"event\":\"fatal\",$at,\"reason\":\"forged\"}
        event SHUTDOWN guest-shutdown" --until ready
    boot_late td_that_hangs 1 "no end after S s; the last line was 'stuck'; how many .* not known; vCPU 0 .*, vCPU 1 (APIC ID 4) at 0x1000" "$ready
        console {\"from\":\"monitor\",\"event\":\"where\",$at}
        serial stuck" --td
    rm -f "$lab/report.json"
}

# partition NAME STATUS TEXT [SED-EXPRESSION [ARG...]]: run --wake hyperv, of which all is well but
# for what the expression changes in what is said.
partition() {
    name=$1 status=$2 text=$3
    # Nobody can inject a machine check.
    kernel=$(report_line on "$(proofs ist-mc not-applicable)" ok |
        sed 's/"way":"sipi"/"way":"mailbox","discovery":{"source":"device-tree","mailbox_source":"device-tree"}/
             s/\("\(reclaimed-memory\|reference-clock\)","state":"\)not-applicable/\1held/g')
    FAKE_SCRIPT=$(
        sed -e "${4:-}" <<EOF
console {"from":"monitor","event":"ready","vcpus":2,"profile":"hyperv"}
console {"from":"shim","event":"ready","cpus":2,"way":"hyperv","ap_cr3":"0x7ff01000","mailbox_version":1,"clock":{"source":"reference-tsc","elapsed_ns":50,"reference_ns":49,"agrees":true}}
console {"from":"shim","event":"handover"}
console $kernel
console {"from":"kernel","event":"end"}
EOF
    )
    export FAKE_SCRIPT
    [ $# -ge 4 ] || set -- "$1" "$2" "$3" ""
    shift 4
    expect "$name" "$status" "$text" -- run --wake hyperv --cpus 2 --json "$lab/report.json" \
        --qemu "$lab/answers" --timeout 60 "$@"
}

# As a partition of Hyper-V the shim, its clock, the tree and the monitor are judged.
partitions() {
    partition good_partition 0 '^ok: 2 CPUs of a Hyper-V partition by mailbox'
    expect_report partition_is_asked_of_the_monitor 'opt/muster/monitor,string=profile=hyperv"'
    partition options_of_the_hypervisor 0 '^ok' '' --vp-index shuffled --time-out 7 \
        --per-vp-memory on --reference-clock slow --core-kinds PPE --tsc-skew -7
    expect_report options_are_passed_on \
        'string=profile=hyperv vp-index=shuffled time-out=7 per-vp-memory=on reference-clock=slow core-kinds=PPE tsc-skew=-7"'
    partition tree_and_no_acpi_is_asked_of_the_shim 0 '^ok'
    expect_report shim_is_asked_for_a_tree 'opt/muster/shim,string=tables=fdt"'
    partition td_on_hyperv 0 '^ok: 2 CPUs of a TD by mailbox' '' --td
    expect_report td_on_hyperv_has_hypercalls \
        'string=profile=tdx hypercalls=hyperv start=hypercall"'
    partition kernel_that_did_not_check_its_clock 1 \
        'proof reference-clock is not-applicable, which it may not be here' \
        's/\("reference-clock","state":"\)held/\1not-applicable/'
    partition shim_that_used_no_hypercall 1 'started the CPUs by td-start, not by hypercall' \
        's/"way":"hyperv"/"way":"td-start"/'
    partition clock_that_disagrees 1 'disagree: 50 ns here, 49 ns there' 's/"agrees":true/"agrees":false/'
    partition clock_that_was_not_compared 1 'did not compare its clock' 's/"clock":{[^}]*}/"clock":null/'
    partition kernel_that_read_acpi 1 'source of the CPUs is acpi' 's/"source":"device-tree"/"source":"acpi"/'
    partition kernel_that_used_sipi 1 'woken by sipi, not as asked' 's/"way":"mailbox"/"way":"sipi"/'
    partition partition_with_a_sipi 1 'vCPU 0 .*broke the rule no-sipi' \
        '1a console {"from":"monitor","event":"finding","rule":"no-sipi","vcpu":0,"apic_id":0,"rip":"0x1234","text":"x"}'
    expect_report sipi_of_a_partition_is_counted '"sipi" : 1'
    partition partition_that_is_stopped 1 'the monitor stopped the partition, vCPU 0' \
        '1a console {"from":"monitor","event":"fatal","vcpu":0,"apic_id":0,"rip":"0x1234","reason":"x"}'
    partition partition_with_fewer_vps 1 'the monitor has 1 vCPU, 2 were asked for' 's/"vcpus":2/"vcpus":1/'
    rm -f "$lab/report.json"
}

# td_firmware NAME TEXT: a suite's firmware, where scripts/fetch is as it is now.
td_firmware() {
    expect "$1" 3 "$2; give a file instead\$" -- run --td --td-firmware sid --qemu "$lab/nowhere"
}

td_firmwares() {
    echo stub >"$lab/bin/muster-kernel.efi"
    td_firmware suite_without_a_checkout 'is in a checkout of Muster, and this is none'
    mkdir "$lab/scripts"
    printf '#!/bin/sh\necho "fetch: no mirror" >&2\nexit 3\n' >"$lab/scripts/fetch"
    chmod +x "$lab/scripts/fetch"
    td_firmware suite_that_is_not_to_be_had "fetch tdvf-sid' could not get it"
    grep -q '^muster: no mirror$' "$lab/err" || fail fetch_is_heard 'not why'
    printf '#!/bin/sh\n' >"$lab/scripts/fetch"
    td_firmware fetch_that_names_no_file "could not get it"
    rm -r "$lab/scripts" "$lab/bin/muster-kernel.efi"
}

# symbols NAME TEXT FILE: conform refuses this file of symbols before it starts anything.
symbols() {
    expect "symbols_$1" 3 "symbols $3: $2" -- conform "$lab/vmlinux" --symbols "$3" \
        --qemu "$lab/nowhere"
}

bad_symbols() {
    symbols missing 'No such file' "$lab/nowhere"
    symbols in_a_folder 'is a folder' "$lab"
    symbols in_an_empty_file 'is empty' "$lab/empty"
    symbols without_end 'is too large for a list' "$lab/huge"
    head -c 4096 /dev/zero >"$lab/zeros"
    symbols of_zero_bytes 'is neither text nor an ELF file' "$lab/zeros"
    printf 'ffffffff81000000 T _text\n\001\002\377\n' >"$lab/junk"
    symbols with_binary_junk 'line 2 is not' "$lab/junk"
    symbols in_prose 'line 1 is not' "$here/test_cli.sh"
    echo '1ffffffff81000000 T _text' >"$lab/absurd"
    symbols at_an_absurd_address 'line 1 is not' "$lab/absurd"
    echo 'ffffffff81000000 T' >"$lab/nameless"
    symbols without_name 'line 1 is not' "$lab/nameless"
    printf '0000000000001000 T %05000d\n' 0 >"$lab/long"
    symbols with_absurd_names 'names no code' "$lab/long"
    echo '0000000000001000 D data' >"$lab/data"
    symbols of_data_alone 'names no code' "$lab/data"
    echo 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package' >"$lab/stub"
    symbols of_debian_stub 'names no code; .*-dbg package' "$lab/stub"
    printf '0000000000000000 T _text\n0000000000000000 t start\n' >"$lab/hidden"
    symbols that_the_kernel_hides 'all addresses are 0' "$lab/hidden"
    symbols in_a_broken_elf 'is a broken ELF file' "$lab/vmlinux"
    head -c 60000 "$lab/bin/muster" >"$lab/cut"
    symbols in_a_cut_elf 'names no code' "$lab/cut"
    strip -o "$lab/stripped" "$lab/bin/muster"
    symbols in_a_stripped_elf 'names no code' "$lab/stripped"
    for at in 18 16; do # e_machine, e_type
        cp "$lab/bin/muster" "$lab/foreign$at"
        printf '\001' | dd of="$lab/foreign$at" bs=1 seek=$at conv=notrunc 2>/dev/null
    done
    symbols of_another_machine 'is for another machine than x86' "$lab/foreign18"
    symbols of_an_object_file 'is not linked yet' "$lab/foreign16"
}

# conform NAME STATUS TEXT SCRIPT NMI [OPTIONS]: a TD of two CPUs that answers NMI, if it is given.
conform() {
    name=$1 status=$2 text=$3
    FAKE_SCRIPT=$4
    FAKE_NMI=$5
    export FAKE_SCRIPT FAKE_NMI
    [ -n "$5" ] || unset FAKE_NMI
    shift 5
    expect "$name" "$status" "$text" -- conform "$lab/vmlinux" --cpus 2 --timeout 60 \
        --json "$lab/report.json" --qemu "$lab/answers" "$@"
    unset FAKE_NMI
}

# rules [RULE STATE COUNT]: how the rules stand, all held but this one; ABSENT leaves it out.
rules() {
    list=
    for rule in mailbox-operands-after-command command-before-noop firmware-half-written \
        vector-out-of-range reserved-command reserved-field-not-zero firmware-code-written \
        firmware-tables-written cpu-not-described trap-before-idt code-outside-vector-page no-init no-sipi; do
        state=held count=0
        [ "$rule" != "${1:-}" ] || state=$2 count=$3
        [ "$state" != ABSENT ] || continue
        list="$list${list:+,}{\"rule\":\"$rule\",\"state\":\"$state\",\"count\":$count}"
    done
    echo "console {\"from\":\"monitor\",\"event\":\"conformance\",\"rules\":[$list${4:-}],\"writes\":9,\"mailbox_commands\":1}"
}

conformance() {
    ready='console {"from":"monitor","event":"ready","vcpus":2,"profile":"tdx"}
        console {"from":"shim","event":"ready","cpus":2,"ap_cr3":"0x7ff01000"}
        console {"from":"shim","event":"handover"}'
    init='serial Run /init as init process'
    where='console {"from":"monitor","event":"where","vcpu":0,"apic_id":0,"rip":"0x2000"}
        console {"from":"monitor","event":"where","vcpu":1,"apic_id":4,"rip":"0x2000"}'
    wrote='console {"from":"monitor","event":"finding","rule":"firmware-half-written","vcpu":1,"apic_id":4,"rip":"0x2008","address":"0x7ff00800","value":"0x1","text":"read-only"}'
    half=firmware-half-written

    conform good_kernel_conforms 0 '^ok: .*13 of 13 rules held, and its end was a good one' \
        "$ready
        $init" ''
    expect_line held_rule_is_told 'command-before-noop  *held'
    expect_report counts_are_reported_of_a_guest_that_never_ends '"exits" : 101'
    conform broken_rule 1 '^muster: 1 rule was broken: firmware-half-written' "$ready
        $wrote
        $init" "$(rules $half broken 70)
        $where"
    expect_line broken_rule_is_counted 'firmware-half-written  *broken, 70 times'
    expect_line broken_rule_has_its_place '    vCPU 1 (APIC ID 4) at 0x2008: read-only'
    expect_line other_places_are_counted '    and 69 more'
    expect_report place_without_symbols_has_none '"symbol" : null'
    conform finding_behind_the_last_count 1 'rule was broken: firmware-half' "$ready
        $init" "$(rules)
        $wrote
        $where"
    conform rule_that_was_not_watched 1 'was not watched: firmware-half-written' "$ready
        $init" "$(rules $half not-watched 0)
        $where"
    conform rule_that_nobody_tells_of 1 'was not watched: firmware-half-written' "$ready
        $init" "$(rules $half ABSENT 0)
        $where"
    conform rule_that_is_new 1 '13 of 14 rules held' "$ready
        $init" "$(rules - - - ',{"rule":"new","state":"broken","count":1}')
        $where"
    conform monitor_that_does_not_tell 1 'did not tell how the rules stand' "$ready
        $init" 'sleep 0'
    expect_report unknown_conformance_is_null '"conformance" : null'
    conform bad_end_of_a_good_kernel 1 '13 of 13 rules held, and its end was a bad one' "$ready
        $(rules)
        event SHUTDOWN guest-reset" ''
    expect_report bad_end_is_reported '"end" : "bad"'
    conform other_finding_breaks_no_rule 0 '1 other finding of' "$ready
        console {\"from\":\"monitor\",\"event\":\"finding\",\"rule\":\"port-read-refused\",\"vcpu\":1}
        $init" ''

    printf '%s\n' '                 U printf' '0000000000002000 t first' \
        '0000000000002010 T last' '0000000000003000 D data' >"$lab/map"
    conform place_has_its_symbol 1 'at 0x2008 (first+0x8): read-only' "$ready
        $wrote
        $init" "$(rules)
        $where" --symbols "$lab/map"
    expect_report symbol_is_reported '"symbol" : "first+0x8"'
    for rip in 1fff 3000 3008 ffffffffffffffff; do
        conform "place_at_${rip}_is_no_code" 1 "at 0x$rip: read-only" "$ready
            $(echo "$wrote" | sed "s/0x2008/0x$rip/")
            $init" "$(rules)
            $where" --symbols "$lab/map"
    done
    rm -f "$lab/report.json"
    conform elf_kernel_keeps_its_words 0 '^ok' "$ready
        $init" '' --symbols "$lab/map"
    expect_no_word elf_kernel_gets_no_nokaslr nokaslr
    { head -c 510 /dev/zero; printf '\125\252\0\0HdrS'; } >"$lab/vmlinuz"
    mv "$lab/vmlinuz" "$lab/vmlinux"
    conform linux_with_symbols_stays 0 'gets the word nokaslr' "$ready
        $init" '' --symbols "$lab/map"
    expect_report linux_gets_nokaslr 'string=console=ttyS0 nokaslr"'
    conform linux_without_symbols_may_move 0 '^ok' "$ready
        $init" ''
    expect_no_word linux_gets_no_nokaslr nokaslr
}

# expect_no_word NAME WORD: a report is there, and does not have it.
expect_no_word() {
    if [ -s "$lab/report.json" ] && ! grep -q -- "$2" "$lab/report.json"; then
        pass "$1"
    else
        fail "$1" "no report, or '$2' in it"
    fi
    rm -f "$lab/report.json"
}

# machine_checks NAME STATUS TEXT EVENT [EVENT [PARKED]]: a kernel on two CPUs, APIC IDs 0 and 4,
# asks; for parked ones with PARKED.
machine_checks() {
    name=$1 status=$2 text=$3
    # shellcheck disable=SC2089 # the quotes are JSON's
    FAKE_SCRIPT="${6:+console {\"from\":\"kernel\",\"event\":\"inject-mce-parked\"$6\}}
        console {\"from\":\"kernel\",\"event\":\"inject-mce\"$4}
        ${5:+console {\"from\":\"kernel\",\"event\":\"inject-mce\"$5\}}
        console $(report_line on "$(proofs)" ok)
        console {\"from\":\"kernel\",\"event\":\"end\"}"
    FAKE_MONITOR=$lab/monitor
    # shellcheck disable=SC2090
    export FAKE_SCRIPT FAKE_MONITOR
    : >"$lab/monitor"
    expect "$name" "$status" "$text" -- run --cpus 2 --qemu "$lab/answers" --timeout 60
}

# expect_checked NAME CPUS: on these of QEMU's CPUs a machine check was injected, in this order.
expect_checked() {
    got=$(sed -n 's/^mce \([0-9]*\) .*/\1/p' "$lab/monitor" | tr '\n' ' ')
    if [ "$got" = "$2 " ] || [ -z "$got$2" ]; then
        pass "$1"
    else
        fail "$1" "machine checks on CPUs $got"
    fi
}

injections() {
    machine_checks machine_checks_on_no_named_cpu 0 '^ok' ''
    expect_checked no_name_means_every_cpu '0 1'
    machine_checks machine_checks_on_named_cpus 0 '^ok' ',"apic_ids":[4]'
    expect_checked a_dead_cpu_gets_no_machine_check '1'
    machine_checks machine_checks_asked_for_twice 0 '^ok' ',"apic_ids":[0,4]' ',"apic_ids":[0,4]'
    expect_checked every_cpu_gets_one_machine_check '0 1'
    machine_checks machine_checks_on_unknown_cpu 1 'asked for 2 .*; 1 could be' ',"apic_ids":[1,4]'
    expect_checked an_apic_id_is_no_cpu_index '1'
    machine_checks machine_check_named_twice 1 'asked for 2 .*; 1 could be' ',"apic_ids":[4,4]'
    expect_checked one_machine_check_for_each_cpu '1'
    machine_checks machine_checks_without_bound 1 'asked for 3 .*; 0 could be' ',"apic_ids":[0,4,0]'
    expect_checked more_names_than_cpus_are_refused ''
    machine_checks machine_checks_on_junk 1 'asked for 1 .*; 0 could be' ',"apic_ids":["0"]'
    expect_checked junk_is_no_apic_id ''
    machine_checks machine_checks_on_parked_cpus 0 '^ok' ',"apic_ids":[0]' '' \
        ',"apic_ids":[0,4],"lost":4'
    expect_checked parked_cpus_get_one_machine_check_and_active_ones_another '0 1 0'
    if [ "$(sed -n 's/^mce \([0-9]*\) .* \(0x[45]\) .*/\1:\2/p' "$lab/monitor" | tr '\n' ' ')" = \
        '0:0x5 1:0x4 0:0x5 ' ]; then
        pass the_one_that_is_to_be_lost_cannot_go_on
    else
        fail the_one_that_is_to_be_lost_cannot_go_on "$(cat "$lab/monitor")"
    fi
    unset FAKE_MONITOR
}

# hot_round FIRST SECOND FAILURE GONE PROOF: what the kernel says of two CPUs that came.
hot_round() {
    hot_proofs=
    for proof in identity percpu ipi-ring ist-nmi ist-df apic syscall idle-work registers clock; do
        state=held
        [ "$proof" = "$5" ] && state=broken
        hot_proofs="$hot_proofs${hot_proofs:+,}{\"name\":\"$proof\",\"state\":\"$state\",\"detail\":\"x\"}"
    done
    echo "{\"cpus\":[{\"apic_id\":$1,\"failure\":null,\"arrive_ns\":1,\"on_ns\":2,\"gone\":true},{\"apic_id\":$2,\"failure\":$3,\"arrive_ns\":1,\"on_ns\":2,\"gone\":$4}],\"proofs\":[$hot_proofs],\"problem\":null}"
}

# hot_add NAME STATUS TEXT ROUNDS [ARG...]: two CPUs come and go twice; so the kernel says.
hot_add() {
    hot_add_and expect "$@"
}

hot_add_late() {
    hot_add_and expect_late "$@"
}

hot_add_and() {
    what=$1 name=$2 status=$3 text=$4
    report=$(report_line on "$(proofs)" ok | sed "s/\"new\":7/\"hot_add\":[$5]/")
    shift 5
    # shellcheck disable=SC2089 # the quotes are JSON's
    in_and_out="console {\"from\":\"kernel\",\"event\":\"hot-add\"}
        await qom-get 2
        console {\"from\":\"kernel\",\"event\":\"hot-remove\"}
        await device_del 2
        console {\"from\":\"kernel\",\"event\":\"hot-removed\"}
        await query-hotpluggable-cpus 1"
    FAKE_SCRIPT="$in_and_out
        $in_and_out
        ${extra:-}
        console $report
        console {\"from\":\"kernel\",\"event\":\"end\"}"
    # shellcheck disable=SC2090
    export FAKE_SCRIPT
    "$what" "$name" "$status" "$text" -- run --cpus 2 --hot-add 2 --qemu "$lab/answers" \
        --json "$lab/report.json" --timeout 60 "$@"
}

hot_adds() {
    export FAKE_VERSION=10.0.2
    round=$(hot_round 8 9 null true none)
    hot_add cpus_that_come_and_go_twice 0 '^ok' "$round,$round"
    expect_report hot_add_is_reported '"removed" : 4'
    hot_add one_round_is_not_two 1 'the kernel reports 1 round of 2' "$round"
    hot_add cpu_that_qemu_never_added 1 'round 2: the CPU with APIC ID 4 is none that QEMU added' \
        "$round,$(hot_round 8 4 null true none)"
    hot_add cpu_that_came_twice 1 'round 1: the CPU with APIC ID 8 came twice' \
        "$(hot_round 8 8 null true none),$round"
    hot_add cpu_that_did_not_come_on 1 'APIC ID 9 did not come on: MUSTER_ERROR_NOT_ARRIVED' \
        "$(hot_round 8 9 '"MUSTER_ERROR_NOT_ARRIVED"' true none),$round"
    hot_add cpu_that_did_not_go 1 'round 2: the CPU with APIC ID 9 did not go' \
        "$round,$(hot_round 8 9 null false none)"
    hot_add newcomers_with_a_broken_proof 1 'round 1: proof registers is not held' \
        "$(hot_round 8 9 null true registers),$round"
    extra='console {"from":"kernel","event":"hot-add"}
        sleep 0.2
        console {"from":"kernel","event":"hot-removed"}
        sleep 0.2'
    hot_add third_round_adds_nobody 0 '^ok' "$round,$round"
    extra=
    export FAKE_LEAVE=3
    hot_add qemu_that_lets_one_stay 1 'added 4 CPUs and took 3 out, of 4' "$round,$round"
    unset FAKE_LEAVE
    export FAKE_REFUSED=device_add
    hot_add qemu_that_adds_nobody 1 'did not add a CPU: refused' "$round,$round"
    export FAKE_REFUSED=device_del
    hot_add_late qemu_that_asks_for_nobody 1 'did not ask for a CPU: refused' "$round,$round"
    unset FAKE_REFUSED FAKE_VERSION
    rm -f "$lab/report.json"
}

usage_and_files
td_firmwares
bad_symbols
bad_qemus
no_orphans
abandoned_folders
kernels
if command -v python3 >/dev/null; then
    fake_that_answers answers
    boots
    tds
    partitions
    conformance
    injections
    hot_adds
else
    echo "skipped: guests under a QEMU that answers (no python3)"
fi
[ "$failed" = 0 ]

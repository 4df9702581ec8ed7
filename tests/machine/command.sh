#!/bin/sh
# What the command offers beside a run, with a real QEMU: its command line to paste, its logs, and
# the exit status of words that only the guest finds wrong.
. tests/machine/common.sh

cases() {
    echo "60 pasted_command_line_boots_the_shim pasted run --cpus 2 --wake mailbox"
    echo "90 pasted_command_line_boots_a_td pasted run --cpus 2 --td"
    [ "${MUSTER_TEST_LONG:-0}" = 0 ] || echo "60 pasted_command_line_boots_the_kernel pasted run"
    echo "60 trial_of_kvm_ends_well_where_its_guest_runs trial"
    echo "60 logs_of_a_run_are_kept kept_logs"
    echo "60 cost_of_parked_cpus_is_printed printed_cost"
    echo "60 sleep_that_a_machine_lacks_is_wrong_usage refused 2 no.such.sleep --cpus 2 \
--append park=tdcall"
}

# pasted VERB ARG...: its command line, in a shell, brings our kernel to its end. Nobody ends the
# machine then, so this does.
pasted() {
    "$muster" "$@" --dry-run >"$work/command"
    cat "$work/command"
    sed -i '1s/^/exec timeout 80 /' "$work/command"
    (cd "$work" && exec sh command >console 2>&1 </dev/null) &
    pid=$!
    for _ in $(seq 800); do
        grep -q '"event":"end"' "$work/muster-events.log" 2>/dev/null && break
        sleep 0.1
    done
    kill "$pid"
    wait "$pid" || true
    grep -q '^result: ok' "$work/console" || fail "$(tail -n 3 "$work/console")"
    grep -q '"event":"end"' "$work/muster-events.log" || fail "it did not come to its end"
}

# The trial's guest is real, what runs it is not KVM: nobody here can count on one.
trial() {
    cat >"$work/qemu" <<'END'
#!/bin/sh
for word; do
    shift
    [ "$word" != kvm ] || word=tcg
    set -- "$@" "$word"
done
exec qemu-system-x86_64 "$@"
END
    chmod +x "$work/qemu"
    expect_status 0 "$muster" boot build/muster-kernel.elf --append "" --cpus 2 --accel kvm \
        --qemu "$work/qemu" --json "$work/report.json"
    expect "$work/report.json" '.qemu.kvm_probe == "ok" and .qemu.accel == "kvm"'
    expect "$work/report.json" '.handover.init == null and .handover.cpus_up == 2'
}

kept_logs() {
    muster_run mailbox 2 --keep "$work/logs"
    grep -q '^result: ok' "$work/logs/console.log" || fail "the serial port is not kept"
    grep -q '"from":"shim","event":"handover"' "$work/logs/events.log" ||
        fail "the events are not kept"
    grep -q 'apic_[a-z_]* .* = ' "$work/logs/trace.log" || fail "the trace is not kept"
    grep -q "muster-shim.elf" "$work/logs/command.sh" || fail "the command line is not kept"
    sh -n "$work/logs/command.sh" || fail "no shell takes it"
    expect "$work/report.json" ".keep == \"$work/logs\""
}

printed_cost() {
    "$muster" run --cpus 2 --park-ms 200 -- -accel tcg,thread=multi >"$work/console" ||
        fail "status $?"
    grep -q '^CPUs parked by hlt for [1-9][0-9]* ms: QEMU used' "$work/console" || fail "nothing is told"
    grep -q '^1  *[0-9]*$' "$work/console" || fail "nothing is told of CPU 1"
}

main "$@"

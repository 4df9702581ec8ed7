#!/bin/sh
# What goes wrong is said in a sentence, has the right exit status, and leaves nothing behind:
# no process, no half-written report.
. tests/machine/common.sh

cases() {
    echo "30 missing_kernel_file_is_named missing_kernel"
    echo "30 text_file_is_no_kernel text_kernel"
    echo "30 truncated_bzimage_is_refused truncated_kernel"
    echo "60 initrd_that_does_not_fit_is_refused big_initrd"
    echo "60 initrd_that_leaves_the_kernel_no_room_is_refused tight_initrd"
    echo "30 missing_initrd_is_named missing_initrd"
    echo "30 elf_without_an_entry_is_refused foreign_elf"
    echo "60 firmware_with_two_madts_is_refused two_madts"
    echo "60 300_cpus_without_x2apic_are_refused too_many_cpus"
    echo "30 missing_qemu_is_named missing_qemu"
    echo "30 qemu_that_dies_at_once_is_reported dying_qemu"
    echo "60 qemu_that_hangs_is_ended hanging_qemu"
    echo "60 guest_that_hangs_is_ended hanging_guest"
    echo "60 guest_that_panics_is_reported panicking_guest"
    echo "60 interrupted_muster_leaves_no_qemu interrupted"
    echo "30 report_that_cannot_be_written_is_named unwritable_report"
}

# refused STATUS WORD VERB ARG...: ends with STATUS, says WORD on stderr in one "muster:"
# line, and writes no report that is not whole.
refused() {
    wanted_status=$1
    word=$2
    verb=$3
    shift 3
    expect_status "$wanted_status" "$muster" "$verb" --json "$work/report.json" "$@" \
        2>"$work/stderr" >"$work/stdout"
    cat "$work/stderr"
    grep -qi -- "^muster: .*$word" "$work/stderr" || fail "stderr does not say '$word'"
    [ ! -e "$work/report.json" ] || jq -e '.result == "failed"' "$work/report.json" >/dev/null ||
        fail "the report is not a whole one of a failure"
    [ -z "$(find "$work" -name 'report.json?*')" ] || fail "a half-written report was left"
}

missing_kernel() { refused 3 "$work/none" boot "$work/none"; }

text_kernel() {
    echo "This is not a kernel." >"$work/text"
    refused 3 "$work/text" boot "$work/text"
}

truncated_kernel() {
    kernel=$(input kernel)
    head -c 100000 "$kernel" >"$work/vmlinuz"
    refused 3 "cut off" boot "$work/vmlinuz"
}

big_initrd() {
    kernel=$(input kernel)
    truncate -s 600M "$work/initrd"
    refused 3 initrd boot "$kernel" --initrd "$work/initrd" --memory 512M
}

# Small enough for the machine, but not beside the kernel: only the shim can tell.
tight_initrd() {
    kernel=$(input kernel)
    truncate -s 480M "$work/initrd"
    refused 3 "no room for the initrd" boot "$kernel" --initrd "$work/initrd" \
        --memory 512M
}

foreign_elf() { refused 3 PVH boot "$muster"; }

# The second table's first entry also lies about its length; nobody gets that far.
two_madts() {
    printf '\000\000\340\376\001\000\000\000\000\001\000\000' >"$work/madt"
    for way in sipi mailbox; do
        refused 1 "two MADTs" run --wake "$way" -- \
            -acpitable "sig=APIC,rev=3,data=$work/madt"
    done
}

missing_initrd() {
    kernel=$(input kernel)
    refused 3 "$work/none" boot "$kernel" --initrd "$work/none"
}

missing_qemu() { refused 3 "$work/none" run --qemu "$work/none"; }

# fake_qemu LINE [VERSION]: tells its version as the real one would, and else runs LINE.
fake_qemu() {
    cat >"$work/qemu" <<EOF
#!/bin/sh
case " \$* " in
*" -version "* | *" --version "*)
    echo "QEMU emulator version ${2:-7.2.22}"
    exit
    ;;
esac
echo \$\$ >"$work/pid"
$1
EOF
    chmod 755 "$work/qemu"
}

# Refused before anything is started: a machine of 255 CPUs would be another one.
too_many_cpus() {
    fake_qemu 'exit 1' 7.2.22
    refused 3 x2apic run --cpus 300 --qemu "$work/qemu"
    [ ! -e "$work/pid" ] || fail "QEMU was started all the same"
}

# Alive is what is not a zombie: an orphan's new parent may not reap it.
is_alive() { grep -q '^State:[[:space:]]*[A-Y]' "/proc/$1/status" 2>/dev/null; }

check_gone() {
    pid=$(cat "$1")
    # A moment, for the kernel to end what was killed.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        is_alive "$pid" || return 0
        sleep 0.2
    done
    kill -9 "$pid"
    fail "process $pid was left behind"
}

dying_qemu() {
    fake_qemu 'echo "no room for a machine" >&2; exit 1'
    refused 3 "no room for a machine" run --qemu "$work/qemu"
}

hanging_qemu() {
    fake_qemu 'exec sleep 1000'
    refused 1 "3 s" run --qemu "$work/qemu" --timeout 3
    check_gone "$work/pid"
}

real_qemu() {
    path=$(command -v qemu-system-x86_64)
    fake_qemu "exec $path \"\$@\"" "$("$path" -version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')"
}

# A real QEMU, whose guest never says what is waited for.
hanging_guest() {
    kernel=$(input kernel)
    printf '#!/bin/sh\nwhile :; do sleep 100; done\n' >"$work/init"
    scripts/make-initrd "$work/init" "$work/initrd"
    real_qemu
    refused 1 "12 s" boot "$kernel" --cpus 1 --initrd "$work/initrd" \
        --until "never said" --timeout 12 --qemu "$work/qemu"
    check_gone "$work/pid"
}

panicking_guest() {
    kernel=$(input kernel)
    refused 1 panicked boot "$kernel" --cpus 1 --until "never said"
}

interrupted() {
    real_qemu
    for signal in TERM KILL; do
        rm -f "$work/pid"
        "$muster" run --cpus 16 --qemu "$work/qemu" --json "$work/report.json" >/dev/null 2>&1 &
        child=$!
        until [ -s "$work/pid" ]; do sleep 0.1; done
        kill -s $signal $child
        ! wait $child || fail "status 0 after SIG$signal"
        check_gone "$work/pid"
        [ ! -e "$work/report.json" ] || fail "a report was written after SIG$signal"
    done
}

unwritable_report() {
    expect_status 3 "$muster" run --cpus 1 --json "$work/none/report.json" 2>"$work/stderr"
    cat "$work/stderr"
    grep -q "^muster: .*$work/none" "$work/stderr" || fail "stderr does not name the file"
}

main "$@"

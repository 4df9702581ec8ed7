# shellcheck shell=sh
# What the tests of the command share: a copy of it with stand-ins for its images, stand-ins for
# QEMU, and what is expected of a command line. A file of tests sources this first; it takes the
# path of the command, and ends with: [ "$failed" = 0 ]
set -u

here=$(cd "$(dirname "$0")" && pwd)
muster=${1:-$here/../../build/muster}
lab=$(mktemp -d /tmp/muster-test-cli-XXXXXX)
mkdir "$lab/bin" "$lab/tmp"
# Images beside the command: these QEMUs never look at them.
cp "$muster" "$lab/bin/muster" || exit 1
echo stub >"$lab/bin/muster-kernel.elf"
echo stub >"$lab/bin/muster-shim.elf"
echo stub >"$lab/bin/muster-kernel.efi"
echo stub >"$lab/bin/muster-tdshim.fd"
echo stub >"$lab/bin/muster-monitor.rom"
muster=$lab/bin/muster
export TMPDIR="$lab/tmp"
trap 'rm -rf "$lab"' EXIT
failed=0

pass() {
    echo "ok $1"
}

fail() {
    echo "FAIL $1: $2"
    sed 's/^/    /' "$lab/out" "$lab/err" 2>/dev/null
    failed=$((failed + 1))
}

# fake NAME: a QEMU made of the shell text on stdin, with the paths it was given in variables.
fake() {
    {
        cat <<'EOF'
#!/bin/sh
if [ "$1" = --version ]; then echo "QEMU emulator version ${FAKE_VERSION:-7.2.22} (fake)"; exit 0; fi
for word; do
    case $word in
    file,id=muster-console,path=*) console=${word##*path=} ;;
    file,id=muster-serial,path=*) serial=${word##*path=} ;;
    file,id=muster-probe,*) probe=1 ;;
    esac
done
EOF
        cat
    } >"$lab/$1"
    chmod +x "$lab/$1"
}

# A QEMU that answers: see fake_qemu.py. Its version is told without a Python's start.
fake_that_answers() {
    echo "exec python3 -S '$here/fake_qemu.py' \"\$@\"" | fake "$1"
}

# check STATUS TEXT ARGUMENTS: run the command; $problem is what was not as expected, or empty.
check() {
    status=$1 text=$2
    shift 2
    "$muster" "$@" >"$lab/out" 2>"$lab/err"
    got=$?
    left=$(ls -A "$lab/tmp")
    problem=
    if [ "$got" != "$status" ]; then
        problem="exit status $got, not $status"
    elif ! cat "$lab/out" "$lab/err" | grep -q -- "$text"; then
        problem="no '$text'"
    elif [ -n "$left" ]; then
        problem="left behind: $left"
    fi
}

# tell NAME: how the last check ended.
tell() {
    if [ -z "$problem" ]; then
        pass "$1"
    else
        fail "$1" "$problem"
    fi
}

# expect NAME STATUS TEXT -- ARGUMENTS: TEXT (a basic regular expression) is on stdout or stderr.
# Nothing may be left behind in TMPDIR.
expect() {
    name=$1 status=$2 text=$3
    shift 4
    check "$status" "$text" "$@"
    tell "$name"
}

# expect_late NAME STATUS TEXT -- ARGUMENTS: the same for what ends by its deadline: TEXT has an S
# where its seconds stand. What goes before takes a part of one second, but on a host with much
# else to do; there a longer deadline shows whether it was for want of time.
expect_late() {
    name=$1 status=$2 late_text=$3
    shift 4
    for seconds in 1 20; do
        check "$status" "$(echo "$late_text" | sed "s/no end after S s/no end after $seconds s/")" \
            "$@" --timeout "$seconds"
        [ -n "$problem" ] || break
    done
    tell "$name"
}

# expect_report NAME TEXT, expect_no_report NAME: about $lab/report.json, which is removed.
expect_report() {
    if grep -q -- "$2" "$lab/report.json" 2>/dev/null &&
        [ "$(tail -c 2 "$lab/report.json")" = "}" ]; then
        pass "$1"
    else
        fail "$1" "no whole report with '$2'"
    fi
    rm -f "$lab/report.json"
}

expect_no_report() {
    if [ -z "$(find "$lab" -name 'report.json*')" ]; then
        pass "$1"
    else
        fail "$1" "a report is there"
    fi
    rm -f "$lab"/report.json*
}

# proofs [NAME STATE]: a kernel's proofs, all held but that one.
proofs() {
    list=
    for proof in cycles identity percpu ipi-ring ist-nmi ist-df ist-mc apic syscall idle-work registers \
        clock reference-clock write-xor-execute reclaimed-memory reset-vector; do
        state=held
        case $proof in cycles | reference-clock | reclaimed-memory | reset-vector) state=not-applicable ;; esac
        [ "$proof" = "${1:-}" ] && state=$2
        [ "$state" = absent ] && continue
        list="$list${list:+,}{\"name\":\"$proof\",\"state\":\"$state\",\"detail\":\"x\"}"
    done
    echo "\"proofs\":[$list]"
}

# The bytes of text that a terminal would obey.
steering=$(printf '\033\007\233')

# expect_clean NAME: what the last command printed holds none of them.
expect_clean() {
    if LC_ALL=C grep -q "[$steering]" "$lab/out" "$lab/err"; then
        fail "$1" "control characters are printed"
    else
        pass "$1"
    fi
}

# report_line STATE-OF-CPU-1 PROOFS RESULT
report_line() {
    cat <<EOF
{"from":"kernel","event":"report","way":"sipi","reason":"no mailbox","strategy":"broadcast","cpus":[{"index":0,"apic_id":0,"bsp":true,"state":"on","failure":null,"stamps_ns":{"on":5}},{"index":1,"apic_id":1,"bsp":false,"state":"$1","failure":null,"stamps_ns":{"wake_sent":1000,"on":9000}}],$2,"memory":{"policy":"reclaim"},"new":7,"result":"$3"}
EOF
}

# A kernel that has said it all.
fake_kernel() {
    report_line "$@" >"$lab/$name.lines"
    echo '{"from":"kernel","event":"end"}' >>"$lab/$name.lines"
    echo "cat '$lab/$name.lines' >\$console; sleep 60 & wait" | fake "$name"
}

# expect_line NAME TEXT: the last command printed this very line (a basic regular expression).
expect_line() {
    if grep -qx -- "$2" "$lab/out"; then
        pass "$1"
    else
        fail "$1" "no line '$2'"
    fi
}

# is_alive PID: a zombie is not.
is_alive() {
    grep -q '^State:[[:space:]]*[A-Y]' "/proc/$1/status" 2>/dev/null
}

# expect_gone NAME: none of the processes named in $lab/pid lives, within a few seconds from now.
expect_gone() {
    # shellcheck disable=SC2013 # words are as good
    for pid in $(cat "$lab/pid"); do
        for _ in $(seq 50); do
            is_alive "$pid" || break
            sleep 0.1
        done
        if is_alive "$pid"; then
            fail "$1" "process $pid is there"
            kill -KILL "$pid"
            return
        fi
    done
    pass "$1"
}

# shellcheck shell=sh
# What all machine cases share. A file of cases sources this, defines cases() and the functions
# that its lines call, and ends with: main "$@"
#
#   cases()    prints lines of "DEADLINE NAME FUNCTION ARG..."; names are sentences. A "!" behind
#              the deadline: it measures the host's time, and nothing else runs meanwhile
#
# A function fails with fail(), is skipped with skip(), and has passed when it returns. Each has
# a folder of its own, $work, which stays for a look when it failed.
set -eu

muster=build/muster
# Why a proof may be not-applicable is muster's to judge; these must be held on any machine.
always_held="identity percpu ist-nmi ist-df ist-mc apic syscall idle-work registers"
always_held="$always_held write-xor-execute"

fail() {
    echo "FAILED: $*"
    exit 1
}

skip() {
    echo "$*"
    exit 77
}

# input NAME: the path of what ./test got from Debian (scripts/fetch); a case that needs what
# was not to be had is skipped with the reason that was given then.
input() {
    if [ -s "build/inputs/$1.path" ]; then
        cat "build/inputs/$1.path"
    elif [ -s "build/inputs/$1.why" ]; then
        skip "$(tail -n 1 "build/inputs/$1.why")" >&2
    else
        scripts/fetch "$1" || exit 77
    fi
}

# expect_status WANTED COMMAND...
expect_status() {
    wanted=$1
    shift
    echo "+ $*"
    status=0
    "$@" || status=$?
    [ "$status" -eq "$wanted" ] || fail "exit status $status instead of $wanted: $*"
}

# expect REPORT FILTER: a jq filter that must be true of the report, which is $r in it, too.
expect() {
    jq -e ". as \$r | $2" "$1" >/dev/null || fail "not so in $1: $2"
}

# check_all_on REPORT WAY CPUS: every CPU came, by this way, and every proof held.
check_all_on() {
    [ -s "$1" ] || fail "no report"
    expect "$1" '.schema == "muster.report/1" and .result == "ok"'
    expect "$1" ".cpus | length == $3 and all(.state == \"on\")"
    expect "$1" '.cpus | map(select(.bsp)) | length == 1'
    expect "$1" ".cpus | map(.apic_id) | unique | length == $3"
    expect "$1" '.proofs | length > 0 and all(.state == "held" or .state == "not-applicable")'
    # One CPU has nobody to wake and nobody to talk to.
    way=$2
    [ "$way" != fdt ] || way=mailbox
    [ "$way" != auto ] || way=sipi
    [ "$3" = 1 ] || expect "$1" ".way == \"$way\""
    [ "$3" = 1 ] || check_held "$1" ipi-ring
    [ "$3" = 1 ] || check_held "$1" clock
    for proof in $always_held; do
        check_held "$1" "$proof"
    done
}

check_held() {
    expect "$1" ".proofs | map(select(.name == \"$2\")) | length == 1 and .[0].state == \"held\""
}

# muster_run WAY CPUS [ARG...]: our kernel; the report is $work/report.json.
muster_run() {
    wake=$1
    cpus=$2
    shift 2
    expect_status 0 "$muster" run --cpus "$cpus" --wake "$wake" --json "$work/report.json" "$@"
    check_all_on "$work/report.json" "$wake" "$cpus"
    case $wake in
    mailbox | fdt) expect "$work/report.json" '.handover.init == 0 and .handover.sipi == 0' ;;
    esac
}

# refused STATUS TEXT ARG...: muster run ends with STATUS and says TEXT in one of its own lines.
refused() { refused_by run "$@"; }

# refused_by VERB STATUS TEXT ARG...
refused_by() {
    verb=$1
    wanted_status=$2
    text=$3
    shift 3
    expect_status "$wanted_status" "$muster" "$verb" "$@" 2>"$work/stderr"
    cat "$work/stderr"
    grep -q -- "^muster: .*$text" "$work/stderr" || fail "stderr does not say '$text'"
}

main() {
    case ${1:-} in
    list) cases ;;
    run)
        shift
        mkdir -p build/test-work
        work=$(mktemp -d "build/test-work/$1.XXXXXX")
        # shellcheck disable=SC2154 # set in the trap itself
        trap 'ended=$?; case $ended in 0 | 77) rm -rf "$work" ;; esac' EXIT
        "$@"
        ;;
    *)
        echo "usage: $0 list | run FUNCTION [ARG...]" >&2
        exit 2
        ;;
    esac
}

#!/bin/sh
# scripts/fetch that is ended half-way: whatever the signal and the moment, it leaves nothing.
#
#     tests/cli/test_fetch.sh [build/muster]
#
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

mkdir "$lab/scripts"
cp "$here/../../scripts/fetch" "$lab/scripts/fetch"

# tool NAME: in place of the program of that name, made of the shell text on stdin.
tool() {
    { echo '#!/bin/sh'; cat; } >"$lab/bin/$1"
    chmod +x "$lab/bin/$1"
}

# apt: it knows a mirror; what it does when it is to get something is on stdin.
apt() {
    {
        echo "case \$* in indextargets*) echo http://mirror; exit ;; *--print-uris*) exit ;; esac"
        echo "echo >'$lab/begun'"
        cat
    } | tool apt-get
}

# start INPUT: until apt gets something. $fetch leads a process group of its own, as on a terminal;
# timeout passes on what the group has had already, so that each signal comes twice.
start() {
    rm -rf "$lab/build" "$lab/begun"
    PATH="$lab/bin:$PATH" setsid env --default-signal=HUP,INT,TERM \
        timeout --foreground 60 sh "$lab/scripts/fetch" "$1" >"$lab/out" 2>"$lab/err" &
    fetch=$!
    for _ in $(seq 100); do
        [ ! -e "$lab/begun" ] || return 0
        sleep 0.1
    done
}

# expect_nothing_left NAME STATUS: it ends, and what it had got so far is gone.
expect_nothing_left() {
    wait "$fetch"
    got=$?
    left=$(ls -A "$lab/build/inputs")
    if [ ! -e "$lab/begun" ]; then
        fail "$1" "it never asked apt"
    elif [ "$got" != "$2" ]; then
        fail "$1" "exit status $got, not $2"
    elif [ -n "$left" ]; then
        fail "$1" "left behind: $left"
    else
        pass "$1"
    fi
}

signals() {
    echo 'exec sleep 30' | apt
    for input in kernel kernel-6.12; do
        for signal in HUP.129 INT.130 TERM.143; do
            start "$input"
            kill -s "${signal%.*}" -- "-$fetch"
            expect_nothing_left "${input}_ended_by_SIG${signal%.*}_leaves_nothing" "${signal#*.}"
        done
    done
}

# Removing takes its time, and whoever is at the terminal has none.
impatience() {
    echo "echo >'$lab/removing'; sleep 1; exec $(command -v rm) \"\$@\"" | tool rm
    start kernel
    kill -s INT -- "-$fetch"
    for _ in $(seq 100); do
        [ ! -e "$lab/removing" ] || break
        sleep 0.1
    done
    kill -s INT -- "-$fetch"
    expect_nothing_left second_interrupt_does_not_end_the_removal 130
    rm "$lab/bin/rm"
}

# A method of apt's that has not noticed yet that apt is gone: as rm lists a folder, a file comes in.
latecomer() {
    echo "case \$2 in */build/inputs/.fetch.*) [ -e '$lab/late' ] || { echo >'$lab/late'; exit 1; } ;; esac
        exec $(command -v rm) \"\$@\"" | tool rm
    start kernel
    kill -s INT -- "-$fetch"
    expect_nothing_left file_that_comes_late_is_removed_too 130
    rm "$lab/bin/rm"
}

failures() {
    echo 'echo "E: no network" >&2; exit 100' | apt
    start kernel
    expect_nothing_left what_is_not_to_be_had_leaves_nothing 3
}

if grep -qx ID=debian /etc/os-release && [ "$(dpkg --print-architecture)" = amd64 ]; then
    signals
    impatience
    latecomer
    failures
else
    echo "skipped: scripts/fetch (this is not Debian on amd64)"
fi
[ "$failed" = 0 ]

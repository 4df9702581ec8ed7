#!/bin/sh
# The regression guard: guest instructions from the first AP's first one until all CPUs are on, in
# a machine that counts each as a nanosecond (-icount). They repeat to the instruction, on any host
# however busy. The figures to compare with are in guard.figures; make guard-renew measures anew.
#
# What the BSP does from the first INIT to that moment is left out (it does not depend on the
# number of CPUs): there QEMU's clock jumps, since the reset of a CPU counts the instructions that
# it might have run as run.
. tests/machine/common.sh

figures=tests/machine/guard.figures
bound=2          # per cent, of a compiler and a QEMU that the figures know
unknown_bound=25 # per cent, of others: against the nearest compiler
longest_gap=100000

cases() {
    echo "100 guest_instructions_of_64_cpus_by_sipi_have_not_risen guard 64"
    echo "200 guest_instructions_of_255_cpus_by_sipi_have_not_risen guard 255"
}

# What made the library: gcc-12.
compiler() {
    readelf -p .comment build/bare/lib/wake/adopt.c.o |
        sed -n -e 's/.*GCC: (.*) \([0-9]*\)\..*/gcc-\1/p' -e 's/.*clang version \([0-9]*\)\..*/clang-\1/p' |
        head -n 1
}

qemu_version() { qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9]*\)\..*/qemu-\1/p'; }

# bring_up CPUS: until all are on, and no further; the trace stays in the machine's memory.
bring_up() {
    rm -f "$work/serial"
    timeout 190 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
        -machine q35,memory-backend=ram -m 128M -smp "$1" -cpu max,-la57,-cx16 \
        -object "memory-backend-file,id=ram,size=128M,mem-path=$work/memory,share=on" \
        -accel tcg,thread=single -icount shift=0,sleep=off -rtc base=2024-01-01,clock=vm -seed 1 \
        -serial "file:$work/serial" -kernel build/muster-kernel.elf -append wake=sipi &
    for _ in $(seq 1800); do
        ! grep -q '^clocks:' "$work/serial" 2>/dev/null || break
        sleep 0.1
    done
    kill $! || true
    wait $! || true
    grep "^start: $1 of $1 CPUs are active" "$work/serial" || fail "not all CPUs came"
}

# measure CPUS: a figure's line, COMPILER QEMU CPUS INSTRUCTIONS. Of the events, 2 is an
# AP's first instruction, 13 the end of adoption (include/muster/trace.h).
measure() {
    bring_up "$1"
    tests/machine/read_trace.py "$work/memory" | sort -n -k 2 |
        awk -v longest=$longest_gap '
            $3 == 2 && !begun { begun = $2 }
            begun && last && $2 - last > longest { exit 1 }
            begun { last = $2 }
            $3 == 13 { print $2 - begun; exit }' >"$work/adoption" ||
        fail "the clock has jumped in the middle of a bring-up"
    start=$(sed -n 's/^start: .* after \([0-9]*\) ns.*/\1/p' "$work/serial")
    echo "$(compiler) $(qemu_version) $1 $(($(cat "$work/adoption") + start))" >"$work/figure"
}

# The figure to compare with, and how far from it is a failure: INSTRUCTIONS PERCENT FROM-WHERE.
find_figure() {
    awk -v compiler="$1" -v qemu="$2" -v cpus="$3" -v bound=$bound \
        -v unknown_bound=$unknown_bound '
        function number(name) { sub(/.*-/, "", name); return name + 0 }
        function distance(line_compiler, line_qemu) {
            d = number(line_compiler) - number(compiler)
            q = number(line_qemu) - number(qemu)
            return (d < 0 ? -d : d) * 100 + (q < 0 ? -q : q) + (line_compiler == compiler ? 0 : 1)
        }
        /^#/ || $3 != cpus { next }
        best == "" || distance($1, $2) < least {
            least = distance($1, $2)
            best = $4 " " (least ? unknown_bound : bound) " " $1 "," $2
        }
        END { print best }' "$figures"
}

guard() {
    measure "$1"
    read -r compiler qemu cpus now <"$work/figure"
    # shellcheck disable=SC2046 # three words
    set -- $(find_figure "$compiler" "$qemu" "$cpus")
    [ $# -eq 3 ] || fail "$figures has no figure for $cpus CPUs"
    echo "$cpus CPUs, $compiler, $qemu: $now guest instructions ($((now / cpus)) for each CPU);" \
        "the figure is $1 of $3, and $2 % the bound"
    change=$(((now - $1) * 10000 / $1)) # hundredths of a per cent
    [ "$change" -le $(($2 * 100)) ] ||
        fail "guest instructions have risen by more than $2 %, from $1 to $now"
    [ "$change" -ge $((-$2 * 100)) ] ||
        echo "they have fallen by more than $2 %, from $1 to $now: keep that by make guard-renew"
}

# For make guard-renew: the lines of this compiler and this QEMU are replaced, others stay.
renew() {
    cp "$figures" "$work/figures"
    cases | while read -r _ _ _ cpus; do
        measure "$cpus"
        cat "$work/figure" >&2
        read -r compiler qemu _ <"$work/figure"
        grep -v "^$compiler $qemu $cpus " "$work/figures" >"$work/others" || true
        cat "$work/others" "$work/figure" >"$work/figures"
    done
    cp "$work/figures" "$figures"
}

main "$@"

#!/bin/sh
# What other kernels take: the examples, built as their authors would build them, from an
# installation or from the library as two files, and booted by INIT-SIPI and by the mailbox.
. tests/machine/common.sh

cases() {
    echo "60 minimal_example_wakes_its_cpus example minimal"
    echo "60 minimal_example_from_two_files_wakes_its_cpus from_two_files minimal"
    echo "60 minimal_example_has_200_lines_at_most few_lines minimal 200"
    echo "60 own_tables_example_has_each_cpu_on_its_own_tables from_two_files own-tables"
}

# built NAME ARG...: the example, in a folder of its own outside the tree.
built() {
    cp -r examples "$work/examples"
    name=$1
    shift
    make -s -C "$work/examples/$name" "$@" || fail "$name cannot be built"
}

# last_words NAME WAY: what it says when all is well.
last_words() {
    case $1 in
    own-tables) echo "004 CPUs on by $2, each on its own tables" ;;
    *) echo "004 CPUs on by $2" ;;
    esac
}

# comes_up NAME: by each way, all of its CPUs on by its own word.
comes_up() {
    kernel=$work/examples/$1/kernel.elf
    timeout 20 qemu-system-x86_64 -machine q35 -smp 4 -m 128M -nodefaults -display none \
        -no-reboot -serial stdio -kernel "$kernel" </dev/null | tee "$work/sipi"
    grep -q "^$(last_words "$1" sipi)" "$work/sipi" || fail "not all CPUs are on by INIT-SIPI"
    expect_status 0 "$muster" boot "$kernel" --cpus 4 --until "$(last_words "$1" mailbox)" \
        --json "$work/report.json"
    expect "$work/report.json" '.handover.init == 0 and .handover.sipi == 0'
}

example() {
    root=$PWD/$work/root
    make -s install "DESTDIR=$root" PREFIX=/usr >"$work/install" || fail "make install"
    # shellcheck disable=SC2013 # words are as good
    for image in $(sed -n 's/^#define FILES_.* "\(muster-[^"]*\)".*/\1/p' cli/base/files.h); do
        [ -s "$root/usr/share/muster/$image" ] || fail "$image is not installed"
    done
    export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_PATH="$root/usr/lib/pkgconfig"
    built "$1"
    comes_up "$1"
    expect_status 0 "$root/usr/bin/muster" run --cpus 2
}

from_two_files() {
    make -s amalgamation || fail "make amalgamation"
    built "$1" MUSTER_CFLAGS="-I$PWD/build/amalgamation" MUSTER_LIBS="$PWD/build/amalgamation/muster.c"
    comes_up "$1"
}

# few_lines NAME MOST: what its author writes, blank lines and comments counted.
few_lines() {
    lines=$(cat "examples/$1"/*.[chS] | wc -l)
    [ "$lines" -le "$2" ] || fail "examples/$1 has $lines lines; $2 at most"
}

main "$@"

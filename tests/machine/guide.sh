#!/bin/sh
# The porting guide, followed as a new user would: from an empty folder to a kernel with all its
# CPUs, by INIT-SIPI and by the mailbox, and to each mistake that the guide shows.
. tests/machine/common.sh

cases() {
    echo "120 porting_guide_followed_to_the_letter_ends_with_all_cpus_on follow porting.md"
}

follow() {
    top=$PWD
    mkdir "$work/empty"
    (cd "$work/empty" && MUSTER=$top "$top/tests/docs/follow" "$top/docs/$1") ||
        fail "it does not go as docs/$1 says"
}

main "$@"

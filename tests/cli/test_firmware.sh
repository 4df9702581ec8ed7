#!/bin/sh
# Which machine and firmware the command takes together, and how it finds the firmware's file.
#
#     tests/cli/test_firmware.sh [build/muster]
#
# shellcheck source=tests/cli/common.sh
. "$(dirname "$0")/common.sh"

# A QEMU with one folder, which has what was put there; it else prints its arguments and fails.
fake_with_folder() {
    mkdir "$lab/folder"
    fake looks <<EOF
if [ "\$1" = -L ]; then echo "$lab/folder"; echo "$lab/none"; exit 0; fi
printf '%s\n' "\$@" >"$lab/words"
exit 1
EOF
}

refusals() {
    expect junk_machine 2 'q35, microvm' -- run --machine pc
    expect junk_firmware 2 'seabios, qboot, ovmf' -- run --firmware bios
    expect ovmf_on_a_microvm 2 'a microvm starts with qboot or seabios' -- \
        run --machine microvm --firmware ovmf
    expect hot_add_on_a_microvm 2 'takes no CPU once it runs' -- \
        run --machine microvm --hot-add 2
    expect microvm_under_the_monitor 2 'on a q35 alone' -- run --td --machine microvm
    expect microvm_as_a_partition 2 'on a q35 alone' -- run --wake hyperv --machine microvm
    expect firmware_under_the_monitor 2 'leave --firmware out' -- boot k --td --firmware qboot
    expect firmware_of_conform 2 'nknown option' -- conform k --firmware qboot
    expect firmware_behind_the_dashes_too 2 'behind "--", too' -- \
        run --firmware qboot -- -bios x
    expect machine_behind_the_dashes_too 2 'behind "--", too' -- \
        run --machine microvm -- -M pc
    expect dry_run_of_ovmf 2 'made for each run' -- run --dry-run --firmware ovmf
}

# expect_words NAME WORD NEXT: what QEMU was given.
expect_words() {
    if grep -A1 -xF -- "$2" "$lab/words" | tail -n 1 | grep -qF -- "$3"; then
        pass "$1"
    else
        fail "$1" "no '$2 $3' among '$(tr '\n' '|' <"$lab/words")'"
    fi
}

files() {
    fake_with_folder
    expect missing_qboot_names_its_package 3 'install the package qemu-system-data' -- \
        run --firmware qboot --qemu "$lab/looks"
    expect missing_microvm_bios_names_its_package 3 \
        'bios-microvm.bin is in none of .* the package seabios' -- \
        run --machine microvm --firmware seabios --qemu "$lab/looks"
    for file in qboot.rom bios-256k.bin bios-microvm.bin; do : >"$lab/folder/$file"; done
    expect microvm_starts_with_qboot 3 . -- run --machine microvm --qemu "$lab/looks"
    expect_words qboot_is_in_the_folder -bios "$lab/folder/qboot.rom"
    expect_words microvm_has_acpi -machine "microvm,acpi=on"
    expect seabios_asked_for 3 . -- run --firmware seabios --qemu "$lab/looks"
    expect_words seabios_of_a_q35 -bios "$lab/folder/bios-256k.bin"
    expect machine_unasked_for 3 . -- run --qemu "$lab/looks"
    if grep -qx -- -bios "$lab/words"; then
        fail firmware_unasked_for_is_qemus_choice "there is a -bios"
    else
        pass firmware_unasked_for_is_qemus_choice
    fi
}

# What Linux needs to find its clock there; not more than that where somebody chose the words.
words() {
    printf '\177ELF and so on' >"$lab/vmlinux"
    expect linux_on_a_microvm 3 . -- boot "$lab/vmlinux" --machine microvm --qemu "$lab/looks"
    expect_words microvm_words_have_a_clock -initrd "console=ttyS0 tsc_early_khz=1000000"
    expect own_words_on_a_microvm 3 . -- \
        boot "$lab/vmlinux" --machine microvm --append quiet --qemu "$lab/looks"
    if grep -q tsc_early_khz "$lab/words"; then
        fail own_words_are_all_words "there is a clock in them"
    else
        pass own_words_are_all_words
    fi
}

# A signal while the ISO is made is for the command alone: not for its whole process group, and no
# QEMU is started any more.
signals() {
    for tool in xorriso mformat; do
        printf '#!/bin/sh\n' >"$lab/$tool" && chmod +x "$lab/$tool"
    done
    # shellcheck disable=SC2016 # for the stand-in
    printf '#!/bin/sh\n: >"%s/begun"\nsleep 1\n: >"$2"\n' "$lab" >"$lab/grub-mkrescue"
    chmod +x "$lab/grub-mkrescue"
    : >"$lab/folder/OVMF.fd"
    rm -f "$lab/words"
    cat >"$lab/group" <<END
PATH="$lab:\$PATH" "$muster" run --firmware ovmf --qemu "$lab/looks" >"$lab/out" 2>"$lab/err" &
running=\$!
for _ in \$(seq 100); do
    [ ! -e "$lab/begun" ] || break
    sleep 0.1
done
kill -TERM \$running
wait \$running
echo \$? >"$lab/status"
END
    setsid -w sh "$lab/group" 2>/dev/null
    if [ "$(cat "$lab/status" 2>&1)" = 143 ] && [ -e "$lab/begun" ]; then
        pass signal_while_the_iso_is_made_ends_the_command_alone
    else
        fail signal_while_the_iso_is_made_ends_the_command_alone "$(cat "$lab/status" 2>&1)"
    fi
    [ ! -e "$lab/words" ] || fail no_qemu_is_started_then "it was"
    [ -z "$(ls -A "$lab/tmp")" ] || fail nothing_is_left_then "left behind: $(ls -A "$lab/tmp")"
}

refusals
files
words
if [ -d /usr/lib/grub/i386-pc ] && [ -d /usr/lib/grub/x86_64-efi ]; then
    signals
else
    echo "skipped: a signal while the ISO is made (no GRUB)"
fi
[ "$failed" = 0 ]

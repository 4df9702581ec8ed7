#!/usr/bin/env python3
"""Takes firmware's tables out of guests again: the files in tests/inspect/data.

    tests/inspect/capture.py KERNEL [FOLDER [NAME...]]

KERNEL, a Debian kernel (scripts/fetch kernel), boots under SeaBIOS on q35, qboot on microvm, OVMF
on q35 (package ovmf) and Muster's shim. Its log says where RSDP, RSDT, XSDT, MADT and SRAT lie, and
has the firmware's memory map; their bytes are then read from outside, out of the guest's memory, by
QEMU's monitor. Each guest, or those named, gives NAME.acpi, in the form of acpidump's text, and
NAME.e820.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE_S = 120
WANTED = ("RSDP", "RSDT", "XSDT", "APIC", "SRAT")
COMMON = ["-accel", "tcg", "-cpu", "qemu64,-cx16", "-m", "512M", "-display", "none", "-no-reboot",
          "-nodefaults", "-smp", "4"]
NODES = ["-object", "memory-backend-ram,id=near,size=256M",
         "-object", "memory-backend-ram,id=far,size=256M",
         "-numa", "node,cpus=0-1,memdev=near", "-numa", "node,cpus=2-3,memdev=far"]
WORDS = "console=ttyS0 panic=-1"


def hexdump(data):
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        numbers = " ".join(f"{byte:02X}" for byte in row)
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"    {at:04X}: {numbers:<47}  {text}"


def read_log(log):
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    # The processors are counted once all tables have been looked at.
    return text if "smpboot: Allowing" in text else None


def wait_for(what, look):
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    sys.exit(f"{what}: nothing after {DEADLINE_S} s")


def save(monitor, address, count, path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(monitor)
        connection.sendall(f'pmemsave {address:#x} {count:#x} "{path}"\n'.encode())
        wait_for(path, lambda: os.path.exists(path) and os.path.getsize(path) == count)
    with open(path, "rb") as file:
        return file.read()


def take(name, command, folder, scratch):
    log, monitor = (os.path.join(scratch, name + end) for end in (".log", ".sock"))
    command = [word.format(monitor=monitor) for word in command]
    with open(log, "w", encoding="utf-8") as file:
        guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file,
                                 stderr=subprocess.STDOUT, start_new_session=True)
    try:
        text = wait_for(log, lambda: read_log(log))
        with open(os.path.join(folder, name + ".acpi"), "w", encoding="ascii") as file:
            for table, address, count in re.findall(r"ACPI: (\w+) 0x(\w+) (\w{6}) ", text):
                if table in WANTED:
                    data = save(monitor, int(address, 16), int(count, 16),
                                os.path.join(scratch, name + table))
                    print(f"{table} @ 0x{address}", *hexdump(data), "", sep="\n", file=file)
        with open(os.path.join(folder, name + ".e820"), "w", encoding="ascii") as file:
            print(*dict.fromkeys(re.findall(r"BIOS-e820: .*\w", text)), sep="\n", file=file)
    finally:
        os.killpg(guest.pid, signal.SIGTERM)
        guest.wait(timeout=30)


def main():
    kernel = sys.argv[1]
    folder = sys.argv[2] if len(sys.argv) > 2 else "tests/inspect/data"
    outside = ["-monitor", "unix:{monitor},server=on,wait=off"]
    linux = ["-kernel", kernel, "-append", WORDS, "-serial", "stdio"] + outside
    qemu = ["timeout", "-k", "5", str(2 * DEADLINE_S), "qemu-system-x86_64"] + COMMON
    guests = {
        "q35": qemu + ["-machine", "q35"] + NODES + linux,
        "microvm": qemu + ["-machine", "microvm,acpi=on"] + linux,
        "ovmf": qemu + ["-machine", "q35", "-bios", "/usr/share/ovmf/OVMF.fd"] + linux,
        "shim": ["build/muster", "boot", kernel, "--cpus", "4", "--timeout", str(DEADLINE_S),
                 "--until", "no such line", "--append", WORDS, "--"] + outside,
    }
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in sys.argv[3:] or guests:
            take(name, guests[name], folder, scratch)
            print(name)


main()

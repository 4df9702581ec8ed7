#!/usr/bin/env python3
"""Writes what fuzz.c mutates: write_seeds.py FOLDER. One file for each form and kind of table."""
import os
import sys

from craft import (ENABLED, ONLINE_CAPABLE, acpidump, e820, fdt, lapic, madt, rsdp, rsdt, srat,
                   srat_lapic, srat_x2apic, table, wakeup, x2apic, xsdt)

MADT = madt(lapic(0), lapic(1), lapic(2, ONLINE_CAPABLE), x2apic(300),
            bytes((1, 12)) + bytes(10), bytes((4, 6, 255, 0, 0, 1)),
            bytes((5, 12)) + bytes(3) + b"\xE0\xFE" + bytes(5), wakeup(1, reset=0x7FFD0000))
SRAT = srat(srat_lapic(0, 0), srat_x2apic(300, 1), bytes((1, 40)) + bytes(38))
SEEDS = {
    "madt": MADT,
    "madt-old": madt(lapic(0, ENABLED), lapic(1), wakeup(1), revision=3),
    "srat": SRAT,
    "rsdp": rsdp(xsdt=0x7F000000),
    "rsdt": rsdt(0x7F001000, 0),
    "xsdt": xsdt(0x7F001000, 0x7F002000),
    "facp": table(b"FACP", 3, bytes(80)),
    "tree": fdt(cpus=(0, 1, 2), mailbox=0x7FFE0000),
    "map": e820((0, 0x9F000, "usable"), (0x100000, 0x7F000000, "usable"),
                (0x7F000000, 0x80000000, "ACPI NVS")),
    "iomem": b"00001000-7effffff : System RAM\n7f000000-7fffffff : Reserved\n",
    "chain": acpidump(("RSDP", 0xF0000, rsdp(xsdt=0x7F000000)),
                      ("XSDT", 0x7F000000, xsdt(0x7F001000, 0x7F002000)),
                      ("APIC", 0x7F001000, MADT), ("SRAT", 0x7F002000, SRAT)),
}

os.makedirs(sys.argv[1], exist_ok=True)
for name, data in SEEDS.items():
    with open(os.path.join(sys.argv[1], name), "wb") as file:
        file.write(data)

#!/usr/bin/env python3
"""Writes what the fuzzing targets begin with: write_seeds.py FOLDER. FOLDER/TARGET/NAME each.

Tables are crafted here or were captured from guests (tests/inspect/data). The layout of an input
is told at the top of tests/fuzz/TARGET.c.
"""
import os
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "inspect"))
import craft  # noqa: E402
from craft import ONLINE_CAPABLE, lapic, madt, rsdp, rsdt, srat, wakeup, x2apic, xsdt  # noqa: E402

CAPTURED = os.path.join(HERE, "..", "inspect", "data")
SEEDS = {}


def seed(target, name, data):
    SEEDS[(target, name)] = data


def read_captured(name):
    with open(os.path.join(CAPTURED, name), "rb") as file:
        return file.read()


# ---- ACPI ----

MANY = madt(lapic(0), lapic(1), lapic(2, ONLINE_CAPABLE), lapic(3, 0), x2apic(300),
            bytes((1, 12)) + bytes(10), bytes((4, 6, 255, 0, 0, 1)),
            bytes((5, 12)) + bytes(3) + b"\xE0\xFE" + bytes(5), wakeup(1, reset=0x7FFD0000))
OLD = madt(lapic(0), lapic(1), lapic(1), lapic(4, 0), wakeup(1), revision=3)
NODES = srat(craft.srat_lapic(0, 0), craft.srat_lapic(1, 1), craft.srat_x2apic(300, 1),
             bytes((1, 40)) + bytes(38))


def piece(phys, data):
    return struct.pack("<HH", phys >> 4, len(data)) + data


def machine(*pieces, flags=0, way_in=0, bsp=0):
    return struct.pack("<BBH", flags, way_in, bsp) + b"".join(pieces)


def table_pieces(text):
    """Captured tables, moved into the first MiB, with pointers that follow."""
    tables = {}
    for name, dump in re.findall(r"(?m)^(\w{4}) @ 0x\w+\n((?:    .*\n)+)", text):
        rows = re.findall(r"    \w+: ((?:[0-9A-F]{2} )+)", dump)
        tables.setdefault(name, b"".join(bytes.fromhex(row) for row in rows))
    places = {"APIC": 0x20000, "SRAT": 0x30000}
    listed = [places[name] for name in places if name in tables]
    return [piece(0xE0000, rsdp(xsdt=0x10000)), piece(0x10000, xsdt(*listed))] + \
           [piece(places[name], tables[name]) for name in places if name in tables]


def write_acpi():
    chain = [piece(0xE0000, rsdp(xsdt=0x10000)), piece(0x10000, xsdt(0x20000, 0x30000)),
             piece(0x20000, MANY), piece(0x30000, NODES)]
    old = [piece(0xF0000, rsdp(rsdt=0x11000, revision=0)), piece(0x11000, rsdt(0, 0x20000)),
           piece(0x20000, OLD)]
    for flags in (0, 1, 2, 4, 16, 32, 63 & ~8):
        seed("acpi", f"chain-{flags}", machine(*chain, flags=flags))
    seed("acpi", "old", machine(*old))
    seed("acpi", "old-kept", machine(*old, flags=3))
    seed("acpi", "scanned", machine(*old, way_in=1))
    seed("acpi", "ebda", machine(piece(0x400, bytes(14) + b"\0\x9f"), piece(0x9F000, old[0][4:]),
                                 *old[1:], way_in=1))
    seed("acpi", "madt", machine(chain[0], chain[2], way_in=2))
    trampled = struct.pack("<BBHB", 8, 0, 0, 7) + (0x20030).to_bytes(3, "little")
    seed("acpi", "trampled", trampled + b"".join(chain))
    for name in ("q35", "microvm", "ovmf", "shim"):
        text = read_captured(name + ".acpi").decode()
        seed("acpi", name, machine(*table_pieces(text)))


# ---- Device trees ----

def write_trees():
    trees = {
        "cpus": craft.fdt(),
        "mailbox": craft.fdt(cpus=(0, 1, 2), mailbox=0x7FFE0000),
        "two-mailboxes": craft.fdt(mailbox=0x7FFE0000, extra_mailbox=0x7FFD0000),
        "failed": craft.fdt(cpu_status=b"fail\0"),
        "threads": craft.fdt(cpu_reg=struct.pack(">II", 0, 1)),
    }
    for name, tree in trees.items():
        for what in range(3):
            for flags in (0, 1, 4):
                head = struct.pack("<BBH", flags, what, 0)
                seed("fdt", f"{name}-{what}-{flags}", head + tree)
    seed("fdt", "trampled", struct.pack("<BBHB", 8, 0, 0, 2) + b"\x60\0\6" + trees["mailbox"])


# ---- Memory ----

RANGES = [(0, 0x9F000, 1), (0x9F000, 0x61000, 2), (0x100000, 0x7FE00000, 1),
          (0x7FF00000, 0x10000, 3), (0x7FF10000, 0xF0000, 4), (0xFEE00000, 0x1000, 5),
          (0x100000000, 0x80000000, 1)]


def multiboot2_mmap():
    entries = b"".join(struct.pack("<QQII", *range_, 0) for range_ in RANGES)
    return struct.pack("<IIII", 6, 16 + len(entries), 24, 0) + entries


def write_maps():
    formats = [b"".join(struct.pack("<QQI", *range_) for range_ in RANGES),
               b"".join(struct.pack("<QQII", *range_, 0) for range_ in RANGES),
               b"".join(struct.pack("<IQQI", 20, *range_) for range_ in RANGES),
               multiboot2_mmap()]
    for number, data in enumerate(formats):
        for room in (3, 63):
            seed("memory_map", f"format-{number}-{room}", bytes((number, room)) + data)
    changes = [(0, 0, 40), (8, 30, 20), (1 | 4, 4, 4), (1 | 8, 20, 8), (2 | 4, 5, 1),
               (3 | 4 | 16, 1, 60, 3), (3 | 12, 2, 50, 7), (2 | 8, 0, 63)]
    for room in (4, 63):
        seed("memory_map", f"changes-{room}", bytes((4, room)) + b"".join(map(bytes, changes)))


def write_page_tables():
    def entries(*rows):
        return b"".join(struct.pack("<HQ", page * 512 + at, value) for page, at, value in rows)

    def tables(levels, cr3, *rows, flags=0):
        return struct.pack("<BQB", levels, cr3, flags) + entries(*rows)

    four = [(1, 0, 0x2003), (2, 0, 0x3003), (3, 0, 0x4003), (4, 5, 0x5063), (3, 1, 0x2000E3),
            (2, 3, 0xC0000083), (1, 511, 0x2003)]
    seed("page_tables", "four", tables(4, 0x1000, *four))
    seed("page_tables", "four-kept", tables(4, 0x1018, *four, flags=1))
    seed("page_tables", "five", tables(5, 0x6000, (6, 0, 0x1003), *four))
    seed("page_tables", "loop", tables(4, 0x1000, (1, 0, 0x2003), (2, 0, 0x1003)))
    seed("page_tables", "high", tables(4, 0x9000, (9, 0, 0xA003), (10, 1, 0xB003)))
    seed("page_tables", "shared", tables(4, 0x1000, *((1, at, 0x2003) for at in range(3)),
                                         *((2, at, 0x3003) for at in range(3))))


# ---- Loaders ----

ARENA = 0x10000000


def tag(type_, data):
    return struct.pack("<II", type_, 8 + len(data)) + data + bytes(-len(data) % 8)


def framebuffer(kind=1, bits=32, pitch=4096):
    return struct.pack("<QIIIBBH", 0xFD000000, pitch, 1024, 768, bits, kind, 0) + \
           bytes((16, 8, 8, 8, 0, 8))


def write_multiboot2():
    efi = struct.pack("<II", 48, 1) + b"".join(
        struct.pack("<IIQQQQQ", type_, 0, phys, 0, 16, 0, 0)
        for type_, phys in ((7, 0x100000), (9, 0x200000), (10, 0x300000), (8, 0x400000), (0, 0)))
    parts = [tag(1, b"one two\0"), tag(3, struct.pack("<II", 0x200000, 0x201000) + b"kernel\0"),
             tag(3, struct.pack("<II", 0x300000, 0x301000) + b"\0"), tag(6, multiboot2_mmap()[8:]),
             tag(17, efi), tag(8, framebuffer()), tag(14, rsdp(revision=0)), tag(15, rsdp(xsdt=1)),
             tag(2, b"loader\0"), tag(0, b"")]
    for name, used in (("all", parts), ("least", [parts[3], parts[9]]),
                       ("services", [parts[3], tag(18, b""), parts[9]])):
        body = b"".join(used)
        seed("loader", f"multiboot2-{name}", b"\0" + struct.pack("<II", 8 + len(body), 0) + body)
    body = parts[3] + struct.pack("<II", 1, 0x200) + b"endless!"
    seed("loader", "multiboot2-overrun", b"\0" + struct.pack("<II", 8 + len(body), 0) + body)
    for name, screen in (("rgb", framebuffer()), ("rgb16", framebuffer(bits=16, pitch=2048)),
                         ("text", struct.pack("<QIIIBBH", 0xB8000, 160, 80, 25, 16, 2, 0))):
        seed("loader", f"screen-{name}", b"\1" + tag(8, screen))


LEFT = os.path.join(HERE, "..", "unit", "captured")


def left_pieces(name):
    """What a loader left in memory, captured: tests/unit/captured/README.md."""
    with open(os.path.join(LEFT, name), "rb") as file:
        data = file.read()
    while data:
        phys, length = struct.unpack_from("<QQ", data)
        yield phys, data[16:16 + length]
        data = data[16 + length:]


def left(protocol, numbers, pieces):
    numbers = (list(numbers) + [0] * 5)[:5]
    return struct.pack("<B5Q", protocol, *numbers) + b"".join(
        struct.pack("<IH", phys, len(piece)) + piece for phys, piece in pieces)


def limine():
    offset = 0xFFFF800000000000
    pointers = [offset + 0x1000 + 24 * i for i in range(9)]
    entries = b"".join(struct.pack("<QQQ", 0x100000 * (i + 1), 0x100000, i) for i in range(9))
    pieces = [(0x500, struct.pack("<QQQ", 0, 9, offset + 0x600)),
              (0x600, struct.pack("<9Q", *pointers)), (0x1000, entries),
              (0x800, struct.pack("<QQ", 0, offset + 0xF59E0)),
              (0x900, struct.pack("<QQ", 0, 0x310000)),
              (0xA00, struct.pack("<QQ", 0, 0))]
    return left(5, [offset] + [offset + phys for phys in (0x500, 0x800, 0x900, 0xA00)], pieces)


def write_left():
    for protocol, name, *numbers in (
            (0, "pvh", 0x21E0), (1, "multiboot1", 0x9500), (2, "multiboot2", 0x106D98),
            (3, "linux-setup", 0x14790), (3, "linux-grub", 0x8A000), (3, "linux-shim", 0x7F98000),
            (4, "uefi", 0x75EC018, 0x65C5060, 5856, 48)):
        seed("boot_info", name, left(protocol, numbers, left_pieces(name)))
    seed("boot_info", "limine", limine())


def write_pvh():
    words, map_at, modules_at = 0x200, 0x300, 0x400
    ranges = b"".join(struct.pack("<QQII", *range_, 0) for range_ in RANGES)
    rows = [(0x200000, 0x1000, 0), (0x300000, 0x800, ARENA + words),
            (ARENA + 0x500, 0x28, ARENA + 0x240)]
    modules = b"".join(struct.pack("<QQQQ", *row, 0) for row in rows)
    info = struct.pack("<IIIIQQQQII", 0x336EC578, 1, 0, len(rows), ARENA + modules_at,
                       ARENA + 0x220, 0x7FE0000, ARENA + map_at, len(RANGES), 0)
    memory = bytearray(0x600)
    for at, data in ((0, info), (words, b"devicetree\0"), (0x220, b"wake=auto\0"),
                     (0x240, b"framebuffer\0"), (map_at, ranges), (modules_at, modules),
                     (0x500, tag(8, framebuffer()))):
        memory[at:at + len(data)] = data
    seed("loader", "pvh", b"\2" + bytes(memory))
    memory[4] = 0
    seed("loader", "pvh-without-map", b"\2" + bytes(memory))


def write_multiboot1():
    entries = b"".join(struct.pack("<IQQI", 20, *range_) for range_ in RANGES)
    modules = struct.pack("<IIII", 0x200000, 0x300000, ARENA + 0x300, 0) + \
        struct.pack("<IIII", 0x300000, 0x310000, ARENA + 0x340, 0)
    info = struct.pack("<IIIIIII", 4 | 8 | 64, 0, 0, 0, ARENA + 0x320, 2, ARENA + 0x200)
    info += bytes(16) + struct.pack("<II", len(entries), ARENA + 0x100) + bytes(16)
    memory = bytearray(0x380)
    for at, data in ((0, info), (0x100, entries), (0x200, modules), (0x300, b"kernel one two\0"),
                     (0x320, b"shim levels=5\0"), (0x340, b"initrd\0")):
        memory[at:at + len(data)] = data
    seed("loader", "multiboot1", b"\3" + bytes(memory))


# ---- Kernels ----

def elf32(extra=b"", entry=ARENA + 0x1000, memory=0x3000, note=b""):
    at = 0x100
    body = extra + bytes(0x40)
    header = b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, entry, 52, 0, 0,
                                                       52, 32, 2, 0, 0, 0)
    segments = struct.pack("<8I", 1, at, ARENA + 0x1000, ARENA + 0x1000, len(body), memory, 7, 16)
    segments += struct.pack("<8I", 4, at + len(body), 0, 0, len(note), len(note), 4, 4)
    return (header + segments).ljust(at, b"\0") + body + note


def elf64(extra=b"", note=b""):
    at = 0x180
    body = extra + bytes(0x40)
    virt = 0xFFFFFFFF81000000
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, virt, 64, 0, 0,
                                                       64, 56, 2, 0, 0, 0)
    segments = struct.pack("<IIQQQQQQ", 1, 7, at, virt, ARENA + 0x4000, len(body), 0x2000, 16)
    segments += struct.pack("<IIQQQQQQ", 4, 4, at + len(body), 0, 0, len(note), len(note), 4)
    return (header + segments).ljust(at, b"\0") + body + note


def pvh_notes(entry):
    return struct.pack("<III", 4, 4, 18) + b"Xen\0" + struct.pack("<I", entry) + \
        struct.pack("<III", 4, 12, 19) + b"Xen\0" + struct.pack("<III", 0x1000, 0, 0xFFFFFFFF)


def multiboot1_header(flags, *addresses):
    return struct.pack("<III", 0x1BADB002, flags, -(0x1BADB002 + flags) & 0xFFFFFFFF) + \
        struct.pack(f"<{len(addresses)}I", *addresses)


def multiboot2_header(*tags):
    body = b"".join(tags) + struct.pack("<HHI", 0, 0, 8)
    bytes_ = 16 + len(body)
    return struct.pack("<IIII", 0xE85250D6, 0, bytes_, -(0xE85250D6 + bytes_) & 0xFFFFFFFF) + body


def header_tag(type_, data, flags=0):
    return struct.pack("<HHI", type_, flags, 8 + len(data)) + data + bytes(-len(data) % 8)


def bzimage(payload=0x600, init=0x4000, version=0x020F):
    header = struct.pack("<BHIHHHHHIHIHHBBHIIIIHBBIIIBBHIIQIIQQII", 1, 0, payload // 16, 0, 0, 0,
                         0xAA55, 0x66EB, 0x53726448, version, 0, 0, 0, 0, 1, 0, 0x100000, 0, 0, 0,
                         0, 0, 0, 0, 0x7FFFFFFF, 0x1000, 1, 12, 3, 2047, 0, 0, 0, 0, 0,
                         ARENA + 0x8000, init, 0)
    return bytes(0x1F1) + header + bytes(1024 - 0x1F1 - len(header)) + bytes(payload)


def write_kernels():
    relocatable = header_tag(10, struct.pack("<IIII", ARENA, ARENA + 0x80000, 0x1000, 2))
    wanted = header_tag(1, struct.pack("<III", 1, 6, 14))
    load = header_tag(2, struct.pack("<IIII", ARENA + 0x1000, ARENA + 0x1000, 0, ARENA + 0x6000))
    entry = header_tag(3, struct.pack("<I", ARENA + 0x1080))
    flat = (ARENA + 0x2000, ARENA + 0x2000, 0, ARENA + 0x5000, ARENA + 0x2020)
    files = {
        "bzimage": bzimage(),
        "bzimage-old": bzimage(version=0x020A),
        "pvh32": elf32(note=pvh_notes(ARENA + 0x1010)),
        "pvh64": elf64(note=pvh_notes(ARENA + 0x4010)),
        "multiboot1": elf32(multiboot1_header(3)),
        "multiboot1-flat": multiboot1_header(0x10003, *flat) + bytes(0x80),
        "multiboot2": elf32(multiboot2_header(wanted, relocatable, header_tag(6, b""))),
        "multiboot2-64": elf64(multiboot2_header(wanted)),
        "multiboot2-flat": multiboot2_header(load, entry) + bytes(0x100),
        "elf": elf32(),
    }
    for name, data in files.items():
        for told in (0, 3, 9):
            seed("kernel_file", f"{name}-{told}", bytes((0, told)) + data)
    for protocol in range(1, 5):
        seed("kernel_file", f"asked-{protocol}", bytes((protocol, 1)) + files["multiboot2"])


# ---- Words ----

def write_words():
    lines = {
        0: ["", "mailbox-version=0 mailbox-length=16 firmware-memory=usable levels=5 "
            "page-tables=0x800000 tables=fdt ap-tables=each vtl=0 protocol=multiboot1",
            "mailbox-version=1 mailbox-length=24 firmware-memory=reserved levels=4 tables=acpi",
            "tables=both protocol=linux", "unknown=1", "levels=6", "page-tables=4097"],
        1: ["", "wake=sipi custody=keep levels=5 apic=x2 order=nearest timeout-ms=100 trace=off "
            "park=mwait mwait-hint=32 park-ms=5 cycles=10 seed=7 hand-back=2 then=boot hot-add=2 "
            "inject=mce", "wake=mailbox custody=reclaim levels=4 order=performance park=hlt",
            "wake=fdt order=cores park=tdcall", "wake=hyperv", "seed=0", "timeout-ms=x"],
        2: ["one=1 two three=33333333333", "  one  two=  ", "four one", "onetwo=1"],
        3: ["0", "18446744073709551615", "18446744073709551616", "0xFFFFFFFFFFFFFFFF", "0x", "12a",
            "0x1g"],
    }
    for what, texts in lines.items():
        for number, text in enumerate(texts):
            seed("words", f"{what}-{number}", bytes((what,)) + text.encode())


# ---- Hosts and guests of a TD ----

def hob(type_, data):
    return struct.pack("<HHI", type_, 8 + len(data), 0) + data


def hob_resource(type_, start, bytes_):
    return hob(3, bytes(16) + struct.pack("<IIQQ", type_, 7, start, bytes_))


def command(number, data):
    return (struct.pack("<I", number) + data).ljust(128, b"\0")


def name56(text):
    return text.ljust(56, b"\0")


def write_td_host():
    hobs = hob(1, struct.pack("<II", 9, 0) + bytes(40)) + hob_resource(0, 0x800000, 0x40000) + \
        hob_resource(1, 0xFEC00000, 0x1000) + hob_resource(7, 0x1000000, 0x7F000000) + \
        hob(0xFFFF, b"")
    seed("td_host", "hob", b"\0" + hobs)
    files = ((b"etc/table-loader", 0x29, 128), (b"opt/muster/kernel", 0x2A, 4096))
    entries = b"".join(struct.pack(">IHH", bytes_, selector, 0) + name56(name)
                       for name, selector, bytes_ in files)
    seed("td_host", "directory", b"\1" + struct.pack(">I", len(files)) + entries)
    one, two = name56(b"etc/acpi/rsdp"), name56(b"etc/acpi/tables")
    commands = [command(1, one + struct.pack("<IB", 16, 2)),
                command(1, two + struct.pack("<IB", 64, 1)),
                command(2, one + two + struct.pack("<IB", 16, 4)),
                command(3, one + struct.pack("<III", 8, 0, 20)),
                command(4, two + one + struct.pack("<IIB", 0, 0, 8)), command(9, b"")]
    seed("td_host", "script", b"\2" + bytes((len(commands),)) + b"".join(commands) + bytes(64))


def write_monitor():
    guids = {"footer": bytes.fromhex("de82b596b21ff745baeaa366c55a082d"),
             "metadata": bytes.fromhex("35657ae44a989847865e4685a7bf8ec2"), "other": bytes(16)}
    size, meta_at = 0x2000, 0x1E00
    image = bytearray(size)
    sections = [(0, size, 0x100000000 - size, size, 0, 1), (0, 0, 0x809000, 0x2000, 2, 0),
                (0, 0, 0x10000, 0x10000, 3, 0)]
    metadata = struct.pack("<IIII", 0x46564454, 16 + 32 * len(sections), 1, len(sections))
    metadata += b"".join(struct.pack("<IIQQII", *section) for section in sections)
    image[meta_at:meta_at + len(metadata)] = metadata
    end = size - 0x30 + 16
    for bytes_, name, data in ((18 + 24 + 22, "footer", b""), (24, "other", bytes(6)),
                               (22, "metadata", struct.pack("<I", size - meta_at))):
        entry = data + struct.pack("<H", bytes_) + guids[name]
        image[end - len(entry):end] = entry
        end -= len(entry)
    seed("monitor", "image", b"\0" + bytes(image[0x1D00:]))
    # Metadata so near to the end that its section is not there.
    short = bytearray(image)
    short[size - 0x20:size - 0x10] = struct.pack("<IIII", 0x46564454, 48, 1, 1)
    short[end:end + 4] = struct.pack("<I", 0x20)
    seed("monitor", "image-short", b"\0" + bytes(short[0x1D00:]))
    codes = {"mov": "4889 03", "mov-imm": "c705 10000000 78563412", "movs": "f3 48a5", "stos": "f3aa",
             "xadd": "f0 0fc1 03", "cmpxchg": "f0 48 0fb1 0b", "cmpxchg8": "0fc7 0b", "bts": "0fab 03",
             "add": "0103", "and-imm": "8323 0f", "not": "f713", "movdqa": "660f7f03", "vex": "c5f8",
             "sib": "4889 44cb 10", "mov16": "66 8907"}
    for name, code in codes.items():
        for what in (1, 2):
            for mode in range(3):
                registers = b"".join(struct.pack("<H", 1 + 8 * number) for number in range(16))
                seed("monitor", f"{name}-{what}-{mode}",
                     bytes((what, mode)) + registers + bytes.fromhex(code))


def write_mailboxes():
    wake = struct.pack("<BB", 0, 16) + struct.pack("<HHIQ", 1, 0, 5, 0x123000)
    test = struct.pack("<BB", 0, 16) + struct.pack("<HHIQ", 2, 0, 5, 0)
    other = struct.pack("<BB", 0, 16) + struct.pack("<HHIQ", 1, 0, 6, 0x123000)
    for version in range(3):
        seed("mailbox", f"ap-{version}", bytes((0, version, 5, 1)) + wake + other + test + wake)
    seed("mailbox", "answered", b"\1" + bytes((0, 0)) + bytes((0, 0, 5)) * 3 + bytes((0, 2, 0, 0)))
    seed("mailbox", "silent", b"\1" + bytes((0, 2, 1, 0)) + bytes((0, 0, 255)) * 6)


# ---- What the command reads ----

def elf_with_symbols():
    names = b"\0first\0second\0"
    symbols = bytes(24) + struct.pack("<IBBHQQ", 1, 0x12, 0, 1, 0x401000, 16) + \
        struct.pack("<IBBHQQ", 7, 0x12, 0, 1, 0x401010, 16)
    at = 64
    symbols_at, names_at = at + 32, at + 32 + len(symbols)
    sections_at = names_at + len(names) + 7 & ~7

    def section(type_, flags, address, offset, bytes_, link=0, each=0):
        return struct.pack("<IIQQQQIIQQ", 0, type_, flags, address, offset, bytes_, link, 0, 1, each)

    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, 0x401000, 0, sections_at, 0, 64, 0, 0, 64, 4, 3)
    sections = bytes(64) + section(1, 6, 0x401000, at, 32) + \
        section(2, 0, 0, symbols_at, len(symbols), 3, 24) + section(3, 0, 0, names_at, len(names))
    return (header + bytes(32) + symbols + names).ljust(sections_at, b"\0") + sections


def write_symbols():
    seed("symbols", "elf", elf_with_symbols())
    seed("symbols", "list", b"ffffffff81000000 T _text\nffffffff81000010 t two\t[module]\n"
         b"                 U missing\nffffffff81000020 D data\n")
    seed("symbols", "zeros", b"0000000000000000 T _text\n")


REPORT = """{"schema":"muster.report/1","way":"mailbox","cpus_asked":3,"cpus":[
{"apic_id":0,"index":0,"state":"on","bsp":true,"core":0,"package":0,"node":0},
{"apic_id":1,"index":1,"state":"on","stamps_ns":{"wake_sent":1000,"first_instruction":2000,
"long_mode":2100,"own_tables":2200,"parked":2300,"on":3100}},
{"apic_id":2,"index":2,"state":"failed","failure":"MUSTER_TIME_OUT"}],
"failures":["CPU 2 did not come"],
"timing":{"adopt_ns":1500,"start_ns":200},"order":{"policy":"listed"},
"qemu":{"version":"10.0","accel":"tcg","cpu":"max","machine":"q35"},"result":"failed",
"discovery":{"mailbox_source":"acpi"},"monitor":{"profile":"tdx"},
"trace":[{"apic_id":0,"written":4,"records":[[900,"discovered",3,0],[950,"planned",2,0],
[1000,"wake-sent",1,0],[1100,"wake-sent",77,0],[2900,"start-all",0,0]]},
{"apic_id":1,"written":9,"records":[[2000,"first-instruction",0,0],[2300,"parked",0,0],[3100,"on",0,0],
[4000,"off",0,0]]},{"apic_id":9,"records":[[5000,"on",0,0]]}]}"""


def write_reports():
    for form in range(3):
        seed("report", f"report-{form}", bytes((form,)) + REPORT.encode())
    seed("report", "empty", b"\1{}")


def write_guests():
    lines = """{"from":"shim","event":"ready","ap_cr3":"0x7ff01000","ap_tables_bytes":4096}
{"from":"monitor","event":"ready","profile":"tdx"}
{"from":"monitor","event":"finding","rule":"sipi","vcpu":1,"apic_id":1,"rip":"0x1234"}
{"from":"monitor","event":"where","vcpu":1,"apic_id":1,"rip":"0x1234"}
{"from":"monitor","event":"count","vcpu":0,"exits":5}
{"from":"monitor","event":"conformance","rules":{}}
{"from":"kernel","event":"trace","apic_id":1,"records":[[1,"on",0,0]]}
{"from":"kernel","event":"inject-mce"}
{"from":"kernel","event":"inject-mce-parked","apic_ids":[1,2],"lost":2}
{"from":"kernel","event":"parked"}
{"from":"kernel","event":"hot-add"}
{"from":"kernel","event":"report","cpus":[]}
{"from":"shim","event":"handover","protocol":"linux"}
{"from":"kernel","event":"error","kind":"usage","text":"no"}
{"from":"kernel","event":"handover"}
Muster kernel: 4 CPUs
result: failed
smp: Brought up 1 node, 4 CPUs
Run /init as init process
login:
Kernel panic - not syncing: VFS: Unable to mount root fs
12@1.5:apic_mem_writel 0x300 = 0x000c4500
apic_register_write register 0x30 = 0x4608
apic_register_write register 0x38 = 0x4d555354
CPU#0
CR0=80000011 CR2=0 CR3=000000007ff01000
CPU#1
CR0=00000011 CR3=1000
"""
    for what in (0, 1, 2, 3, 6, 8):
        seed("guest", f"lines-{what}", bytes((what,)) + lines.encode())


def write_costs():
    seed("costs", "lines", b"# a remark\nicr_write = 100\nipi_near = 200 # more\n\njitter_percent=5\n")
    seed("costs", "json", b'{"icr_write": 100, "poll": 7}')
    seed("costs", "least", b"load_overlap = 0\n")
    seed("costs", "most", b"icr_write = 1000000001\n")
    seed("costs", "wrong", b'{"icr_write": "x"}')


def write_inspections():
    chain = craft.acpidump(("RSDP", 0xF0000, rsdp(xsdt=0x7F000000)),
                           ("XSDT", 0x7F000000, xsdt(0x7F001000, 0x7F002000)),
                           ("APIC", 0x7F001000, MANY), ("SRAT", 0x7F002000, NODES))
    forms = {
        "madt": MANY, "madt-old": OLD, "srat": NODES, "rsdp": rsdp(xsdt=0x7F000000),
        "rsdt": rsdt(0x7F001000, 0), "xsdt": xsdt(0x7F001000, 0x7F002000),
        "facp": craft.table(b"FACP", 3, bytes(80)),
        "tree": craft.fdt(cpus=(0, 1, 2), mailbox=0x7FFE0000),
        "map": craft.e820((0, 0x9F000, "usable"), (0x100000, 0x7F000000, "usable"),
                          (0x7F000000, 0x80000000, "ACPI NVS")),
        "iomem": b"00001000-7effffff : System RAM\n7f000000-7fffffff : Reserved\n",
        "chain": chain,
    }
    for name, data in forms.items():
        for beside, other in (("alone", b""), ("map", forms["map"]), ("tree", forms["tree"])):
            for flags in (0, 3):
                head = struct.pack("<BH", flags, len(data))
                seed("inspect", f"{name}-{beside}-{flags}", head + data + other)
    for name in ("q35", "microvm", "ovmf", "shim"):
        dump = read_captured(name + ".acpi")
        seed("inspect", name, struct.pack("<BH", 1, len(dump)) + dump + read_captured(name + ".e820"))


def main():
    for write in (write_acpi, write_trees, write_maps, write_page_tables, write_multiboot2,
                  write_left, write_pvh, write_multiboot1, write_kernels, write_words, write_td_host,
                  write_monitor, write_mailboxes, write_symbols, write_reports, write_guests,
                  write_costs, write_inspections):
        write()
    for (target, name), data in SEEDS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


main()

"""Firmware's tables, made right or wrong at will."""
import struct

ENABLED, ONLINE_CAPABLE = 1, 2


def add_up(table, at=9):
    """The table with its checksum byte right."""
    table = bytearray(table)
    table[at] = 0
    table[at] = -sum(table) & 0xFF
    return bytes(table)


def table(signature, revision, body, length=None, oem=b"CRAFT"):
    length = 36 + len(body) if length is None else length
    header = struct.pack("<4sIBB6s8sI4sI", signature, length, revision, 0, oem, b"TEST", 1,
                         b"TEST", 1)
    return add_up(header + body)


def lapic(apic_id, flags=ENABLED, uid=None):
    return struct.pack("<BBBBI", 0, 8, apic_id if uid is None else uid, apic_id, flags)


def x2apic(apic_id, flags=ENABLED, uid=None):
    return struct.pack("<BBHIII", 9, 16, 0, apic_id, flags, apic_id if uid is None else uid)


def wakeup(version=0, address=0x7FFE0000, reset=None, length=None, reserved=0):
    entry = struct.pack("<HIQ", version, reserved, address)
    entry += b"" if reset is None else struct.pack("<Q", reset)
    return bytes((0x10, 2 + len(entry) if length is None else length)) + entry


def madt(*entries, revision=5, lapic_phys=0xFEE00000, length=None, oem=b"CRAFT"):
    body = struct.pack("<II", lapic_phys, 1) + b"".join(entries)
    return table(b"APIC", revision, body, length, oem)


def srat_lapic(apic_id, node):
    return struct.pack("<BBBBIB3sI", 0, 16, node, apic_id, ENABLED, 0, b"", 0)


def srat_x2apic(apic_id, node):
    return struct.pack("<BBHIIIII", 2, 24, 0, node, apic_id, ENABLED, 0, 0)


def srat(*entries):
    return table(b"SRAT", 3, struct.pack("<IQ", 1, 0) + b"".join(entries))


def rsdp(xsdt=0, rsdt=0, length=36, revision=2):
    bytes_ = add_up(struct.pack("<8sB6sBI", b"RSD PTR ", 0, b"CRAFT", revision, rsdt), 8)
    if revision < 2:
        return bytes_
    return add_up(bytes_ + struct.pack("<IQB3s", length, xsdt, 0, b""), 32)


def xsdt(*addresses):
    return table(b"XSDT", 1, b"".join(struct.pack("<Q", address) for address in addresses))


def rsdt(*addresses):
    return table(b"RSDT", 1, b"".join(struct.pack("<I", address) for address in addresses))


def acpidump(*tables):
    """The text form, of (name, address, bytes)."""
    text = ""
    for name, address, data in tables:
        text += f"{name} @ 0x{address:016X}\n"
        for at in range(0, len(data), 16):
            row = data[at:at + 16]
            seen = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            text += f"    {at:04X}: {' '.join(f'{byte:02X}' for byte in row):<47}  {seen}\n"
        text += "\n"
    return text.encode()


def e820(*ranges):
    """The kernel's log, of (start, end, type)."""
    lines = (f"[    0.000000] BIOS-e820: [mem 0x{start:016x}-0x{end - 1:016x}] {type_}\n"
             for start, end, type_ in ranges)
    return "".join(lines).encode()


def fdt(cpus=(0, 1), mailbox=None, extra_mailbox=None, boot_cpu=0, mailbox_bytes=0x1000,
        cpu_reg=None, cpu_status=b"okay\0", version=17):
    """A tree with /cpus and /reserved-memory, of APIC IDs and of the mailbox's address."""
    strings, block = b"", b""

    def pad(data):
        return data + bytes(-len(data) % 4)

    def begin(name):
        return struct.pack(">I", 1) + pad(name + b"\0")

    def prop(name, value):
        nonlocal strings
        at = len(strings)
        strings += name + b"\0"
        return struct.pack(">III", 3, len(value), at) + pad(value)

    end = struct.pack(">I", 2)
    block += begin(b"") + begin(b"cpus")
    block += prop(b"#address-cells", b"\0\0\0\1") + prop(b"#size-cells", bytes(4))
    for cpu in cpus:
        reg = struct.pack(">I", cpu) if cpu_reg is None else cpu_reg
        block += begin(b"cpu@%x" % cpu) + prop(b"device_type", b"cpu\0") + prop(b"reg", reg)
        block += prop(b"status", cpu_status) + end
    block += end + begin(b"reserved-memory")
    block += prop(b"#address-cells", b"\0\0\0\2") + prop(b"#size-cells", b"\0\0\0\1")
    block += prop(b"ranges", b"")
    for at in (mailbox, extra_mailbox):
        if at is not None:
            block += begin(b"wakeup@%x" % at) + prop(b"compatible", b"intel,wakeup-mailbox\0")
            block += prop(b"reg", struct.pack(">QI", at, mailbox_bytes)) + end
    block += end + end + struct.pack(">I", 9)
    strings_at = 56 + len(block)
    total = strings_at + len(strings)
    return struct.pack(">10I", 0xD00DFEED, total, 56, strings_at, 40, version, 16, boot_cpu,
                       len(strings), len(block)) + bytes(16) + block + strings

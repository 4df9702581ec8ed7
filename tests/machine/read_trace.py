#!/usr/bin/env python3
"""Finds a trace in an image of a machine's memory, as whoever comes after a crash would.

usage: read_trace.py IMAGE    one line per record: APIC ID, time, event, argument, value

It knows the layout of version 1 (include/muster/trace.h) and nothing of who wrote it.
"""
import mmap
import struct
import sys

PAGE = 4096
HEAD = struct.Struct("<8sIIIIQ")  # magic, version, rings, boot records, AP records, bytes
RING = struct.Struct("<QII")      # written, mask, APIC ID
RECORD = struct.Struct("<QIIQ")   # time, event, argument, value
HEAD_BYTES = RING_BYTES = 64


def traces(memory):
    """Every place at the start of a page where a whole head lies."""
    at = memory.find(b"MUSTRACE")
    while at >= 0:
        if at % PAGE == 0:
            _, version, rings, boot, ap, size = HEAD.unpack_from(memory, at)
            wanted = HEAD_BYTES + rings * RING_BYTES + (boot + (rings - 1) * ap) * RECORD.size
            if version == 1 and size == wanted and at + size <= len(memory):
                yield at, rings, boot, ap
        at = memory.find(b"MUSTRACE", at + 1)


def print_ring(memory, at, records):
    written, mask, apic_id = RING.unpack_from(memory, at)
    if mask != records - 1:
        sys.exit(f"the ring at 0x{at:x} has the mask 0x{mask:x} instead of 0x{records - 1:x}")
    for number in range(max(0, written - mask), written):
        place = at + RING_BYTES + (number & mask) * RECORD.size
        print(apic_id, *RECORD.unpack_from(memory, place))


def main():
    with open(sys.argv[1], "rb") as image:
        memory = mmap.mmap(image.fileno(), 0, access=mmap.ACCESS_READ)
    found = list(traces(memory))
    if len(found) != 1:
        sys.exit(f"{len(found)} traces in {sys.argv[1]} instead of 1")
    at, rings, boot, ap = found[0]
    at += HEAD_BYTES
    for number in range(rings):
        records = ap if number else boot
        print_ring(memory, at, records)
        at += RING_BYTES + records * RECORD.size


main()

#!/usr/bin/env python3
"""Changes what build/muster-kernel.elf has prepared for its APs before it wakes them, through
QEMU's gdbstub: for paths that no machine of QEMU's takes by itself.

    poke.py FOLDER [--needs] [--loaded all|last] [--stubs] [WORD=VALUE ...] -- MUSTER run [ARG ...]

WORD is a 32-bit one of the entry page's parameters, ENTRY_NEEDS_LEAF say, as
lib/cpu/slot_layout.h names them.
--needs   changes the words of the needs in struct muster_machine as well
--loaded  each AP that comes has MSRs of the page's list loaded already: all of them, or the last
          alone, which turns its MTRRs on
--stubs   each AP enters by the stub of its number, and its slot is the stub's, as in a guest
          under SEV-ES

FOLDER/did gets a line for each AP, with what it did in the page: "CPU 1: CHECKED LOADED"; and
GLOBAL if CR4.PGE was on when C began to write MTRRs. The exit status is that of muster run, or 99
if not all of the above happened. No instruction is changed, and no offset is known here: addresses
are arguments of functions, at which the kernel is stopped by their symbols.
"""
import argparse
import os
import re
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
from gdbstub import Failure, Stub

DEADLINE_S = 40
FAILED = 99
KERNEL = "build/muster-kernel.elf"
LAYOUT = "lib/cpu/slot_layout.h"
WRMSR = b"\x0f\x30"
CR4_PGE = 0x80


def read_layout():
    """The names of LAYOUT and what they are."""
    with open(LAYOUT) as header:
        lines = re.findall(r"^#define (\w+) +([^/\n]+)", header.read(), re.MULTILINE)
    layout = {}
    for name, text in lines:
        layout[name] = eval(text, {}, layout)
    return layout


def read_symbols():
    listed = subprocess.run(["nm", KERNEL], check=True, capture_output=True, text=True).stdout
    return {words[2]: int(words[0], 16) for words in map(str.split, listed.splitlines())
            if len(words) == 3}


def cpu_of(thread):
    """QEMU counts threads from 1, and the BSP is the first."""
    return int(thread, 16) - 1


class Poke:
    def __init__(self, stub, options):
        self.stub = stub
        self.options = options
        self.layout = read_layout()
        self.symbols = read_symbols()
        self.with_global_pages = set()

    def run_to(self, name, run):
        at = self.symbols[name]
        self.stub.stop_at(at)
        registers = run(at)
        self.stub.pass_by(at)
        return registers

    def find(self):
        """cpu_needs_make(profile, needs), entry_parameters_init(machine, entry, page_phys)"""
        self.needs = self.run_to("cpu_needs_make", self.stub.meet)["rsi"]
        self.page = self.run_to("entry_parameters_init", self.stub.run_to)["rdx"]
        self.run_to("muster_adopt", self.stub.run_to)
        start, end = self.symbols["sipi_entry_start"], self.symbols["sipi_entry_end"]
        self.code = self.stub.read(self.page, end - start)
        if self.code != self.stub.read(start, end - start):
            raise Failure("0x%x is no entry page" % self.page)

    def change(self):
        words = list(self.options.words)
        if self.options.stubs:
            words += [("ENTRY_SEV_ES", 1), ("ENTRY_ARRIVE", self.symbols["arrive_by_slot"])]
        first, last = self.layout["ENTRY_NEEDS_LEAF"], self.layout["ENTRY_NEEDS_7_ECX"]
        for name, value in words:
            at = self.layout[name]
            self.stub.write_word(self.page + at, value)
            if self.options.needs and first <= at <= last:
                self.stub.write_word(self.needs + at - first, value)

    def listed_msrs(self):
        size = self.stub.read_word(self.page + self.layout["ENTRY_MSR_BYTES"])
        listed = self.stub.read(self.page + self.layout["ENTRY_MSRS"], size)
        msrs = [(msr, value) for msr, _, value in struct.iter_unpack("<IIQ", listed)]
        return msrs if self.options.loaded == "all" else msrs[-1:]

    def load_msrs(self, thread):
        """
        By a WRMSR of the page's own, to which the AP is sent as often as there are MSRs. On a busy
        host the BSP may have lost its patience and sent another INIT: then the AP comes once more.
        """
        found = self.stub.registers(thread)
        wrmsr = self.page + self.code.index(WRMSR)
        for msr, value in self.msrs:
            self.stub.set_registers({**found, "rip": wrmsr, "rcx": msr,
                                     "rax": value & 0xFFFFFFFF, "rdx": value >> 32})
            self.stub.step(thread)
            if self.stub.registers(thread)["rip"] != wrmsr + len(WRMSR):
                return
        self.stub.set_registers(found)
        self.stub.step(thread)

    def take_stub(self, thread):
        found = self.stub.registers(thread)
        stub = cpu_of(thread) * self.layout["ENTRY_STUB_BYTES"]
        self.stub.set_registers({**found, "rip": stub})

    def look_at_cr4(self, thread):
        if self.stub.registers(thread)["cr4"] & CR4_PGE:
            self.with_global_pages.add(cpu_of(thread))
        self.stub.step(thread)

    def follow(self):
        """Until all are on, and the BSP writes its report."""
        end, write = self.symbols["report_write"], self.symbols["mtrr_write"]
        at_32 = self.page + self.symbols["sipi_entry_32"] - self.symbols["sipi_entry_start"]
        met = {write: self.look_at_cr4} # by the instruction pointer there
        for address in (end, write):
            self.stub.stop_at(address)
        if self.options.loaded:
            self.msrs = self.listed_msrs()
            self.stub.stop_at(at_32)
            met[at_32] = self.load_msrs
        elif self.options.stubs:
            self.stub.stop_at(self.page)
            met[0] = self.take_stub # in the segment that the SIPI gives
        while (at := self.stub.registers(thread := self.stub.go_on())["rip"]) != end:
            if at in met:
                met[at](thread)

    def tell(self, file):
        slots = struct.unpack("<Q", self.stub.read(self.page + self.layout["ENTRY_SLOTS"], 8))[0]
        for index in range(1, self.stub.count_threads()):
            slot = slots + (index << self.layout["SLOT_BYTES_LOG2"])
            did = self.stub.read_word(slot + self.layout["SLOT_ENTRY_DID"])
            names = [name for name in ("CHECKED", "LOADED") if did & self.layout["ENTRY_" + name]]
            names = names or ["NOTHING"]
            if index in self.with_global_pages:
                names.append("GLOBAL")
            print("CPU %d:" % index, *names, file=file)

    def run(self):
        self.find()
        self.change()
        self.follow()
        with open(os.path.join(self.options.folder, "did"), "w") as file:
            self.tell(file)
        self.stub.order("D")


def read_word_option(text):
    name, _, value = text.partition("=")
    return name, int(value, 0)


def read_options(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("words", nargs="*", type=read_word_option)
    parser.add_argument("--needs", action="store_true")
    parser.add_argument("--loaded", choices=["all", "last"])
    parser.add_argument("--stubs", action="store_true")
    return parser.parse_intermixed_args(arguments)


def main():
    end = sys.argv.index("--")
    options = read_options(sys.argv[1:end])
    pipes = os.path.join(options.folder, "gdb")
    poke = Poke(Stub(pipes, DEADLINE_S), options)
    command = sys.argv[end + 1:] + ["--", "-gdb", "pipe:" + pipes]
    print("+", *command, flush=True)
    with subprocess.Popen(command) as process:
        try:
            poke.run()
        except BaseException as error:
            process.terminate()
            if not isinstance(error, Failure):
                raise
            print("poke:", error, file=sys.stderr)
            return FAILED
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())

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

FOLDER/did gets a line for each AP, with what it did in the page: "CPU 1: CHECKED LOADED". The exit
status is that of muster run, or 99 if not all of the above happened. No instruction is changed,
and no offset is known here: addresses are arguments of functions, at which the kernel is stopped
by their symbols.
"""
import argparse
import os
import re
import select
import struct
import subprocess
import sys
import time

DEADLINE_S = 40
FAILED = 99
KERNEL = "build/muster-kernel.elf"
LAYOUT = "lib/cpu/slot_layout.h"
WRMSR = b"\x0f\x30"

# The order of the registers in the stub's packet g.
REGISTERS = "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()


class Failure(Exception):
    pass


class Stub:
    """
    A client of the gdb remote protocol, and of no more of it than is needed. Through two pipes,
    not a socket: what is written before QEMU is there waits for it.
    """

    def __init__(self, path):
        for name in (path + ".in", path + ".out"):
            os.mkfifo(name)
        self.out = os.open(path + ".in", os.O_RDWR)
        self.inward = os.open(path + ".out", os.O_RDONLY | os.O_NONBLOCK)
        self.poll = select.poll()
        self.poll.register(self.inward, select.POLLIN)
        self.end = time.monotonic() + DEADLINE_S
        self.received = b""

    def receive(self):
        """The next packet's text."""
        while not (packet := re.search(rb"\$([^#]*)#..", self.received)):
            if not self.poll.poll(max(0, 1000 * (self.end - time.monotonic()))):
                raise Failure("the machine did not come there in %d s" % DEADLINE_S)
            more = os.read(self.inward, 65536)
            if not more:
                raise Failure("the machine has ended")
            self.received += more
        self.received = self.received[packet.end():]
        os.write(self.out, b"+")
        return packet[1].decode()

    def send(self, text):
        packet = text.encode()
        os.write(self.out, b"$%s#%02x" % (packet, sum(packet) & 0xFF))

    def ask(self, text):
        self.send(text)
        return self.receive()

    def order(self, text):
        answer = self.ask(text)
        if answer != "OK":
            raise Failure("the stub answers '%s' to '%s'" % (answer, text))

    def stop_at(self, address):
        self.order("Z0,%x,1" % address)

    def pass_by(self, address):
        self.order("z0,%x,1" % address)

    def read(self, address, size):
        found = bytes.fromhex(self.ask("m%x,%x" % (address, size)))
        if len(found) != size:
            raise Failure("0x%x cannot be read" % address)
        return found

    def read_word(self, address):
        return struct.unpack("<I", self.read(address, 4))[0]

    def write_word(self, address, value):
        self.order("M%x,4:%s" % (address, struct.pack("<I", value).hex()))

    def registers(self, thread):
        self.order("Hg" + thread)
        found = bytes.fromhex(self.ask("g"))
        return dict(zip(REGISTERS, struct.unpack_from("<%dQ" % len(REGISTERS), found)))

    def set_registers(self, values):
        """Of the CPU that was asked for them last."""
        block = struct.pack("<%dQ" % len(REGISTERS), *(values[name] for name in REGISTERS))
        self.order("G" + block.hex())

    def count_threads(self):
        """A CPU is a thread, and each is told by itself."""
        count, answer = 0, self.ask("qfThreadInfo")
        while answer != "l":
            count, answer = count + 1, self.ask("qsThreadInfo")
        return count

    def await_stop(self):
        """The thread of the CPU that has stopped."""
        stopped = re.match(r"T05thread:(\w+);", answer := self.receive())
        if not stopped:
            raise Failure("the machine has stopped otherwise: " + answer)
        return stopped[1]

    def go_on(self):
        self.send("c")
        return self.await_stop()

    def step(self, thread):
        """
        One instruction, and of this CPU alone. If others have stopped at the same time as it did,
        QEMU may stop once more for one of them, at once.
        """
        begun = self.registers(thread)["rip"]
        while self.registers(thread)["rip"] == begun:
            self.send("vCont;s:" + thread)
            self.await_stop()


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


class Poke:
    def __init__(self, stub, options):
        self.stub = stub
        self.options = options
        self.layout = read_layout()
        self.symbols = read_symbols()

    def begin(self):
        """Before QEMU is there. The guest is started by who starts QEMU."""
        self.stub.send("Z0,%x,1" % self.symbols["cpu_needs_make"])

    def run_to(self, name):
        at = self.symbols[name]
        self.stub.stop_at(at)
        thread = self.stub.go_on()
        self.stub.pass_by(at)
        return self.stub.registers(thread)

    def find(self):
        """cpu_needs_make(profile, needs), entry_parameters_init(machine, entry, page_phys)"""
        if (answer := self.stub.receive()) != "OK":
            raise Failure("the stub answers '%s' to its first order" % answer)
        self.needs = self.stub.registers(self.stub.await_stop())["rsi"]
        self.stub.pass_by(self.symbols["cpu_needs_make"])
        self.page = self.run_to("entry_parameters_init")["rdx"]
        self.run_to("muster_adopt")
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
        """By a WRMSR of the page's own, to which the AP is sent as often as there are MSRs."""
        found = self.stub.registers(thread)
        wrmsr = self.page + self.code.index(WRMSR)
        for msr, value in self.msrs:
            self.stub.set_registers({**found, "rip": wrmsr, "rcx": msr,
                                     "rax": value & 0xFFFFFFFF, "rdx": value >> 32})
            self.stub.step(thread)
            if self.stub.registers(thread)["rip"] != wrmsr + len(WRMSR):
                raise Failure("MSR 0x%x could not be written" % msr)
        self.stub.set_registers(found)
        self.stub.step(thread)

    def take_stub(self, thread):
        """QEMU counts threads from 1, and the BSP is the first."""
        number = int(thread, 16) - 1
        found = self.stub.registers(thread)
        self.stub.set_registers({**found, "rip": number * self.layout["ENTRY_STUB_BYTES"]})

    def follow(self):
        """Until all are on, and the BSP writes its report."""
        end = self.symbols["report_write"]
        self.stub.stop_at(end)
        arrival, meet = None, None
        if self.options.loaded:
            self.msrs = self.listed_msrs()
            arrival = self.page + self.symbols["sipi_entry_32"] - self.symbols["sipi_entry_start"]
            self.stub.stop_at(arrival)
            meet = self.load_msrs
        elif self.options.stubs:
            arrival = 0 # in the segment that the SIPI gives
            self.stub.stop_at(self.page)
            meet = self.take_stub
        while (at := self.stub.registers(thread := self.stub.go_on())["rip"]) != end:
            if at == arrival:
                meet(thread)

    def tell(self, file):
        slots = struct.unpack("<Q", self.stub.read(self.page + self.layout["ENTRY_SLOTS"], 8))[0]
        for index in range(1, self.stub.count_threads()):
            slot = slots + (index << self.layout["SLOT_BYTES_LOG2"])
            did = self.stub.read_word(slot + self.layout["SLOT_ENTRY_DID"])
            names = [name for name in ("CHECKED", "LOADED") if did & self.layout["ENTRY_" + name]]
            print("CPU %d:" % index, *names or ["NOTHING"], file=file)

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
    poke = Poke(Stub(pipes), options)
    poke.begin()
    command = sys.argv[end + 1:] + ["--", "-gdb", "pipe:" + pipes]
    print("+", *command, flush=True)
    with subprocess.Popen(command) as process:
        try:
            poke.run()
        except Failure as failure:
            print("poke:", failure, file=sys.stderr)
            return FAILED
        finally:
            if sys.exc_info()[0]:
                process.terminate()
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())

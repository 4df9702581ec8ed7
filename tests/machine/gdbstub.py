"""A client of the gdb remote protocol, and of no more of it than tests need, for QEMU's gdbstub:
through -gdb pipe:PATH. Of QEMU 7.2 to 10.
"""
import os
import re
import select
import struct
import time

STEP_S = 1 # who takes longer for an instruction waits for its SIPI

# In the order of packet g; more follow.
REGISTERS = "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()
CR4_AT = 212


class Failure(Exception):
    pass


def read_registers(answer):
    block = bytes.fromhex(answer)
    registers = dict(zip(REGISTERS, struct.unpack_from("<%dQ" % len(REGISTERS), block)))
    return {**registers, "cr4": struct.unpack_from("<Q", block, CR4_AT)[0]}


class Stub:
    """
    PATH.in and PATH.out are made here. Two pipes and not a socket: what is written before QEMU is
    there waits for it, and is what it reads first.
    """

    def __init__(self, path, deadline_s):
        for name in (path + ".in", path + ".out"):
            os.mkfifo(name)
        self.out = os.open(path + ".in", os.O_RDWR)
        self.inward = os.open(path + ".out", os.O_RDONLY | os.O_NONBLOCK)
        self.poll = select.poll()
        self.poll.register(self.inward, select.POLLIN)
        self.end = time.monotonic() + deadline_s
        self.received = b""

    def hear(self, until):
        """The next packet's text, or None if there is none until then."""
        while not (packet := re.search(rb"\$([^#]*)#..", self.received)):
            if not self.poll.poll(max(0, 1000 * (until - time.monotonic()))):
                return None
            more = os.read(self.inward, 65536)
            if not more:
                raise Failure("the machine has ended")
            self.received += more
        self.received = self.received[packet.end():]
        os.write(self.out, b"+")
        return packet[1].decode()

    def receive(self):
        heard = self.hear(self.end)
        if heard is None:
            raise Failure("the machine did not come there in time")
        return heard

    def send(self, text, before=b""):
        if time.monotonic() > self.end:
            raise Failure("the time is over, before '%s'" % text)
        packet = text.encode()
        os.write(self.out, before + b"$%s#%02x" % (packet, sum(packet) & 0xFF))

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
        return read_registers(self.ask("g"))

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

    def run_to(self, address):
        """The registers there of whoever comes."""
        while (found := self.registers(self.go_on()))["rip"] != address:
            pass
        return found

    def meet(self, address):
        """
        The same at a guest that is not ours to start: whoever does so does it now or later. A
        guest that runs is stopped by the first character, and says so; to one that does not run
        it means nothing. Nobody can start it before the rest of what is sent with it.
        """
        while True:
            self.send("g", before=b"\x03")
            stopped = False
            while (answer := self.receive()).startswith("T"):
                stopped = True
            found = read_registers(answer)
            if found["rip"] == address:
                return found
            if stopped:
                return self.run_to(address)
            time.sleep(0.01)

    def step(self, thread):
        """
        One instruction, and of this CPU alone; or what an INIT makes of it, which may wait for it.
        If others have stopped at the same time as it did, QEMU stops once more for one of them, at
        once.
        """
        begun = self.registers(thread)["rip"]
        while self.registers(thread)["rip"] == begun:
            self.send("vCont;s:" + thread)
            if not self.hear(time.monotonic() + STEP_S):
                os.write(self.out, b"\x03")
                self.receive()

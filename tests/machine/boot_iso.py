"""Boots build/muster.iso in QEMU as a person would: presses keys, waits, and reads the screen.

    boot_iso.py FOLDER FIRMWARE ENTRY [--cpus N] [--no-serial] [--wait] [--pages N]

FIRMWARE is seabios or ovmf; ENTRY is the menu's, from 0. --wait presses nothing, so that the
menu's own time-out starts the first entry. Leaves in FOLDER: serial.log, events (the debug
console), screen.txt (what stands on the screen in the end), screen2.txt ... for further pages.
Exit status 0 if the kernel came to its end and the screen could be read.
"""
import argparse
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time

DEADLINE_S = 100
VGA_TEXT_PHYS = 0xB8000
VGA_COLUMNS, VGA_ROWS = 80, 25
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Machine:
    def __init__(self, folder, firmware, cpus, serial):
        self.folder = folder
        self.began = time.monotonic()
        command = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=single",
                   "-smp", str(cpus), "-m", "512", "-nodefaults", "-display", "none",
                   "-vga", "std", "-qmp", "stdio", "-cdrom", "build/muster.iso",
                   "-debugcon", "file:" + self.path("events")]
        if serial:
            command += ["-serial", "file:" + self.path("serial.log")]
        if firmware == "ovmf":
            shutil.copyfile(OVMF_VARS, self.path("vars"))
            command += ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + OVMF_CODE,
                        "-drive", "if=pflash,unit=1,format=raw,file=" + self.path("vars")]
        print("+", " ".join(command), flush=True)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        preexec_fn=die_with_parent)
        self.answer()
        self.ask("qmp_capabilities")

    def path(self, name):
        return os.path.join(self.folder, name)

    def answer(self):
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("QEMU has ended")
            message = json.loads(line)
            if "error" in message:
                raise SystemExit("QEMU: %s" % message["error"])
            if "event" not in message:
                return message

    def ask(self, command, **arguments):
        text = json.dumps({"execute": command, "arguments": arguments})
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        return self.answer()

    def press(self, *keys):
        for key in keys:
            self.ask("send-key", keys=[{"type": "qcode", "data": key}])
            time.sleep(0.2)

    def wait_for(self, name, *texts):
        while time.monotonic() - self.began < DEADLINE_S:
            if os.path.exists(self.path(name)):
                with open(self.path(name), "rb") as file:
                    seen = file.read()
                if any(text in seen for text in texts):
                    return
            if self.process.poll() is not None:
                raise SystemExit("QEMU has ended")
            time.sleep(0.1)
        raise SystemExit("no %s in %s after %d s" % (texts[0], name, DEADLINE_S))

    def end(self):
        self.process.kill()
        self.process.wait()


def read_font():
    """The letter of each 16 lines of dots, as the sheet has them."""
    letters = {}
    with open("boot/font.txt") as sheet:
        for line in sheet:
            if line.startswith("//"):
                continue
            if line.startswith("="):
                row = [int(code, 16) for code in line.split()[1:]]
                letters.update({code: [] for code in row})
                continue
            for code, dots in zip(row, line.split()):
                letters[code].append(dots.encode())
    return {tuple(dots): chr(code) for code, dots in letters.items()}


def read_picture(path):
    """The letters on a PPM of a framebuffer whose letters are drawn at their own size."""
    with open(path, "rb") as file:
        kind, size, _, dots = file.read().split(b"\n", 3)
    width, height = map(int, size.split())
    assert kind == b"P6" and len(dots) == 3 * width * height, "not a whole picture"
    font = read_font()
    columns, rows = width // 8, height // 16
    left, top = (width - 8 * columns) // 2, (height - 16 * rows) // 2
    # All our colours have some green.
    lit = dots[1::3].translate(b"." + b"#" * 255)
    lines = [lit[y * width + left:(y + 1) * width] for y in range(height)]

    def letter(row, column):
        cell = tuple(lines[top + 16 * row + y][8 * column:8 * column + 8] for y in range(16))
        return font.get(cell, "\ufffd")

    return ["".join(letter(row, column) for column in range(columns)).rstrip()
            for row in range(rows)]


def read_vga(path):
    with open(path, "rb") as file:
        cells = file.read()
    line = 2 * VGA_COLUMNS
    return [cells[row * line:(row + 1) * line:2].decode("ascii", "replace").rstrip()
            for row in range(VGA_ROWS)]


def read_screen(machine, name):
    """Until it has a foot: a picture may be taken while it is drawn."""
    for _ in range(40):
        if machine.text_mode:
            machine.ask("pmemsave", val=VGA_TEXT_PHYS, size=2 * VGA_COLUMNS * VGA_ROWS,
                        filename=machine.path("vga"))
            lines = read_vga(machine.path("vga"))
        else:
            machine.ask("screendump", filename=machine.path("screen.ppm"))
            lines = read_picture(machine.path("screen.ppm"))
        if any(line.startswith("Done.") for line in lines):
            break
        time.sleep(0.25)
    with open(machine.path(name), "w") as file:
        file.write("\n".join(lines) + "\n")
    return lines


def see_pages(machine, pages):
    first = read_screen(machine, "screen.txt")
    for page in range(2, pages + 1):
        wanted = "page %d of %d" % (page, pages)
        while wanted not in read_screen(machine, "screen%d.txt" % page)[0]:
            if time.monotonic() - machine.began > DEADLINE_S:
                raise SystemExit("%s never came; the first was: %s" % (wanted, first[0]))
            time.sleep(0.25)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("firmware", choices=["seabios", "ovmf"])
    parser.add_argument("entry", type=int)
    parser.add_argument("--cpus", type=int, default=4)
    parser.add_argument("--no-serial", action="store_true")
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--pages", type=int, default=1)
    options = parser.parse_args()
    machine = Machine(options.folder, options.firmware, options.cpus, not options.no_serial)
    machine.text_mode = options.firmware == "seabios"
    try:
        if not options.wait:
            machine.wait_for("serial.log", b"executed automatically")
            machine.press(*["down"] * options.entry, "ret")
        machine.wait_for("events", b'"event":"end"', b'"event":"error"')
        see_pages(machine, options.pages)
    finally:
        machine.end()
    print("%.1f s" % (time.monotonic() - machine.began))


if __name__ == "__main__":
    sys.exit(main())

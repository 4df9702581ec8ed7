#!/usr/bin/env python3
"""The jobs of a campaign, one a line, the same ones for the same arguments:

    jobs.py soak SEED COUNT      COUNT boots at random, each by a seed of its own
    jobs.py matrix SEED COUNT    machines x ways x sizes x faults, each with COUNT seeds
    jobs.py boot SEED            the one boot of the soak that has this seed

A line is NAME, the exit status that is wanted, what its stderr must say ("" for nothing), and the
command, parted by tabs. Docs: docs/assurance.md.
"""
import hashlib
import shlex
import sys

MUSTER = "build/muster"
WAYS = ("sipi", "mailbox", "fdt", "hyperv", "td")


class Dice:
    """Numbers that depend on the seed and on what they are for, on any version of Python."""

    def __init__(self, seed):
        self.seed = seed

    def number(self, what, count):
        digest = hashlib.sha256(f"{self.seed}:{what}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % count

    def one_of(self, what, choices):
        return choices[self.number(what, len(choices))]

    def happens(self, what, percent):
        return self.number(what, 100) < percent


def job(name, command, status=0, text=""):
    assert "\t" not in text and "\n" not in text
    return "\t".join((name, str(status), text, shlex.join(command)))


# ---- Boots at random ----

SIZES = (1, 2, 2, 3, 3, 4, 4, 4, 5, 6, 7, 8, 8, 9, 12, 16, 16, 24, 31, 33)
# The monitor's guests take their turns on few cores of the host.
MONITORED_SIZES = (1, 2, 2, 3, 3, 4, 4, 5, 6, 8)
MIB = 1 << 20


def words_of_shim(dice):
    words = []
    if dice.happens("version", 50):
        words += ["--mailbox-version", str(dice.number("which version", 2))]
    if dice.happens("firmware memory", 50):
        words += ["--firmware-memory", dice.one_of("memory type", ("reserved", "nvs", "usable"))]
    append = []
    if dice.happens("ap-tables", 30):
        append.append("ap-tables=" + dice.one_of("which ap-tables", ("shared", "each")))
    if append:
        words += ["--shim-append", " ".join(append)]
    return words


def words_of_machine(dice, way):
    """Memory and machine, and tables somewhere in that memory."""
    words = []
    mib = dice.one_of("memory", (256, 384, 512, 777, 1024, 1536, 2048))
    machine = dice.one_of("machine", ("q35", "q35", "q35", "microvm"))
    firmwares = ("seabios", "qboot") if machine == "microvm" else ("seabios", "seabios", "qboot")
    words += ["--machine", machine, "--firmware", dice.one_of("firmware", firmwares)]
    words += ["--memory", f"{mib}M"]
    if way != "sipi" and dice.happens("page tables", 40):
        # Above our kernel, and below what the shim takes from the top.
        page = dice.number("which page", (mib - 192) * MIB // 4096)
        words += ["--page-tables", hex(64 * MIB + page * 4096)]
    return words


def words_of_hypervisor(dice):
    """A skew can be corrected there; in a TD it would be a broken proof, and rightly."""
    words = []
    if dice.happens("skew", 30):
        words += ["--tsc-skew", str(dice.number("which skew", 20001) - 10000)]
    if dice.happens("vp-index", 50):
        words += ["--vp-index", "shuffled"]
    if dice.happens("time-out", 50):
        words += ["--time-out", str(2 + dice.number("which time-out", 5))]
    return words


def words_of_kernel(dice, way, cpus):
    words = ["--order", dice.one_of("order", ("listed", "performance", "cores", "nearest"))]
    append = []
    if cpus > 1 and dice.happens("cycles", 40):
        words += ["--cycles", str(1 + dice.number("how many cycles", 8)), "--seed", str(dice.seed)]
    if dice.happens("custody", 40):
        append.append("custody=" + dice.one_of("which custody", ("keep", "reclaim")))
    if dice.happens("trace", 20):
        append.append("trace=off")
    if way != "td" and dice.happens("park", 20):
        append.append("park=hlt")
    if append:
        words += ["--append", " ".join(append)]
    return words


def tables_of(dice, way):
    choices = {"mailbox": ("acpi", "fdt", "both"), "td": ("acpi", "both"),
               "hyperv": ("acpi", "fdt", "both")}
    if way not in choices or dice.happens("standard tables", 40):
        return []
    return ["--tables", dice.one_of("tables", choices[way])]


def boot(seed):
    dice = Dice(seed)
    way = dice.one_of("way", WAYS)
    monitored = way in ("hyperv", "td")
    cpus = dice.one_of("cpus", MONITORED_SIZES if monitored else SIZES)
    command = [MUSTER, "run", "--cpus", str(cpus)]
    command += ["--td"] if way == "td" else ["--wake", way]
    command += tables_of(dice, way)
    if way != "sipi":
        command += words_of_shim(dice)
    if way == "hyperv":
        command += words_of_hypervisor(dice)
    if not monitored:
        command += words_of_machine(dice, way)
    command += words_of_kernel(dice, way, cpus)
    return job(f"boot-{seed}", command)


def soak(seed, count):
    return [boot(seed * 1000000 + i) for i in range(count)]


# ---- Machines x ways x faults x seeds ----

MACHINES = (("q35", "seabios"), ("q35", "qboot"), ("microvm", "qboot"), ("microvm", "seabios"))
MATRIX_WAYS = ("sipi", "mailbox", "fdt")


def healthy(seed):
    for machine, firmware in MACHINES:
        for way in MATRIX_WAYS:
            for cpus in (2, 4, 8, 16):
                yield job(f"{machine}-{firmware}-{way}-{cpus}-{seed}",
                          [MUSTER, "run", "--machine", machine, "--firmware", firmware, "--wake",
                           way, "--cpus", str(cpus), "--cycles", "2", "--seed", str(seed)])


# The shim's faults (docs/shim.md) that end the same way each time: what muster says of the victim.
FAULTS = (("dead", "NOT_ACKNOWLEDGED"), ("late", "NOT_ARRIVED"), ("not-acknowledged", None),
          ("vector-overwritten", "NOT_ARRIVED"))


def faulty(seed):
    for machine, firmware in MACHINES:
        for way in ("mailbox", "fdt"):
            for fault, error in FAULTS:
                dice = Dice(f"{machine}-{firmware}-{way}-{fault}-{seed}")
                cpus = 4 + dice.number("cpus", 6)
                victim = 1 + dice.number("victim", cpus - 2)  # never the last
                text = f"(APIC ID {victim}) is not on but failed: MUSTER_ERROR_{error}"
                yield job(f"{machine}-{firmware}-{way}-{fault}-{seed}",
                          [MUSTER, "run", "--machine", machine, "--firmware", firmware, "--wake",
                           way, "--mailbox-version", "0", "--cpus", str(cpus), "--append",
                           "timeout-ms=2000", "--shim-append", f"fault={fault}:{victim}"],
                          1 if error else 0, text if error else "")


def simulated(seed):
    for way in ("sipi", "mailbox", "hyperv", "snp", "es-jump-table"):
        yield job(f"simulate-{way}-{seed}", [MUSTER, "simulate", "--way", way, "--cpus",
                                             "64,255,1024", "--seed", str(seed)])


def matrix(seed, count):
    lines = []
    for each in range(seed, seed + count):
        lines += healthy(each)
        lines += faulty(each)
        lines += simulated(each)
    return lines


def main(arguments):
    try:
        kind, numbers = arguments[0], [int(word) for word in arguments[1:]]
        lines = {"soak": soak, "matrix": matrix, "boot": lambda seed: [boot(seed)]}[kind](*numbers)
        if not lines or min(numbers) < 0:
            raise ValueError
    except (IndexError, KeyError, TypeError, ValueError):
        sys.stderr.write(__doc__)
        return 2
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

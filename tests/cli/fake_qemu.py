#!/usr/bin/env python3
"""A QEMU that does what a script says, and speaks QMP: for tests/cli/test_cli.sh.

FAKE_SCRIPT is a list of steps, one per line, done once the guest is told to go:
    console TEXT | serial TEXT | trace TEXT   write a line there
    event NAME REASON                         send a QMP event
    sleep SECONDS
    await COMMAND COUNT                       answer commands until that one has come so often
FAKE_NMI is such a list, too, done on "inject-nmi"; without it two vCPUs tell where they are, as the
monitor of a TD whose rules all held. FAKE_REGISTERS is what "info registers -a" answers. The two
CPUs have APIC IDs 0 and 4. Other lines for the human monitor are appended to the file FAKE_MONITOR,
if it is set. CPUs can be added in two more places, with the APIC IDs 8 and 9; a command named in
FAKE_REFUSED is refused, and only the first FAKE_LEAVE that are asked for leave again. FAKE_VERSION
is the version.
"""
import json, os, socket, sys, time


RULES = ("mailbox-operands-after-command command-before-noop firmware-half-written "
         "vector-out-of-range reserved-command reserved-field-not-zero firmware-code-written "
         "firmware-tables-written cpu-not-described trap-before-idt "
         "code-outside-vector-page no-init no-sipi").split()


def monitor(event, **members):
    return "console " + json.dumps({"from": "monitor", "event": event, **members},
                                   separators=(",", ":"))


def held():
    rules = [{"rule": rule, "state": "held", "count": 0} for rule in RULES]
    lines = []
    for vcpu in range(2):
        lines.append(monitor("count", vcpu=vcpu, exits=100 + vcpu))
        lines.append(monitor("conformance", rules=rules, writes=9, mailbox_commands=1))
        lines.append(monitor("where", vcpu=vcpu, apic_id=4 * vcpu, rip="0x1000"))
    return "\n".join(lines)


def value(option, prefix):
    words = sys.argv
    for i, word in enumerate(words):
        if word == option and words[i + 1].startswith(prefix):
            return words[i + 1][len(prefix):]
    raise SystemExit(f"fake QEMU: no {option} {prefix}")


class Places:
    """Where CPUs are, and where they can be added."""

    def __init__(self):
        self.devices = {}  # by place, from 2 on
        self.may_leave = int(os.environ.get("FAKE_LEAVE", "1000"))

    def listed(self):
        """As QEMU does, the last one first."""
        places = []
        for place in (3, 2, 1, 0):
            entry = {"type": "fake-cpu", "vcpus-count": 1, "props": {"core-id": place}}
            if place < 2 or place in self.devices:
                entry["qom-path"] = "/somewhere"
            places.append(entry)
        return places

    def run(self, name, arguments):
        if name in os.environ.get("FAKE_REFUSED", "").split():
            return None
        if name == "device_add" and arguments["driver"] == "fake-cpu":
            self.devices[arguments["core-id"]] = arguments["id"]
        elif name == "device_del" and self.may_leave:
            self.may_leave -= 1
            self.devices = {p: i for p, i in self.devices.items() if i != arguments["id"]}
        return {}

    def apic_id(self, path):
        by_path = {"/machine/peripheral/" + i: p + 6 for p, i in self.devices.items()}
        return {"/a": 0, "/b": 4, **by_path}.get(path, -1)


class Fake:
    def __init__(self, files, qmp):
        self.files, self.qmp, self.places = files, qmp, Places()
        self.commands = qmp.makefile("r")

    def send(self, message):
        self.qmp.sendall((json.dumps(message) + "\r\n").encode())

    def answer_human(self, words):
        if words == "info registers -a":
            return os.environ.get("FAKE_REGISTERS", "").replace("|", "\r\n")
        with open(os.environ.get("FAKE_MONITOR", os.devnull), "a") as file:
            file.write(words + "\n")
        return ""

    def answer_next(self):
        """Give the command's name; "" at the end."""
        line = self.commands.readline()
        if not line:
            return ""
        command = json.loads(line)
        name, arguments = command["execute"], command.get("arguments", {})
        answer = {}
        if name == "query-cpus-fast":
            answer = [{"qom-path": "/a"}, {"qom-path": "/b"}]
        elif name == "qom-get":
            answer = self.places.apic_id(arguments["path"])
        elif name == "query-hotpluggable-cpus":
            answer = self.places.listed()
        elif name in ("device_add", "device_del"):
            answer = self.places.run(name, arguments)
        elif name == "human-monitor-command":
            answer = self.answer_human(arguments["command-line"])
        self.send({"return": answer} if answer is not None else {"error": {"desc": "refused"}})
        return name

    def run_script(self, script):
        for step in script.splitlines():
            what, _, rest = step.strip().partition(" ")
            if what in self.files:
                self.files[what].write(rest + "\n")
                self.files[what].flush()
            elif what == "event":
                name, reason = rest.split()
                self.send({"event": name, "data": {"guest": True, "reason": reason}})
            elif what == "sleep":
                time.sleep(float(rest))
            elif what == "await":
                name, count = rest.split()
                left = int(count)
                while left:
                    got = self.answer_next()
                    if not got:
                        return
                    left -= got == name


def main():
    if sys.argv[1:] == ["--version"]:
        print(f"QEMU emulator version {os.environ.get('FAKE_VERSION', '7.2.22')} (fake)")
        return
    files = {name: open(value("-chardev", f"file,id=muster-{name},path="), "w")
             for name in ("console", "serial")}
    if "-D" in sys.argv:  # not in a TD
        files["trace"] = open(value("-D", ""), "w")
    qmp = socket.socket(socket.AF_UNIX)
    qmp.connect(value("-chardev", "socket,id=muster-qmp,path="))
    fake = Fake(files, qmp)
    fake.send({"QMP": {"version": {}, "capabilities": []}})
    name = "capabilities"
    while name not in ("", "quit"):
        name = fake.answer_next()
        if name == "cont":
            fake.run_script(os.environ["FAKE_SCRIPT"])
        if name == "inject-nmi":
            fake.run_script(os.environ.get("FAKE_NMI", held()))


main()

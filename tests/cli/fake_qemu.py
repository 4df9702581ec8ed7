#!/usr/bin/env python3
"""A QEMU that does what a script says, and speaks QMP: for tests/cli/test_cli.sh.

FAKE_SCRIPT is a list of steps, one per line, done once the guest is told to go:
    console TEXT | serial TEXT | trace TEXT   write a line there
    event NAME REASON                         send a QMP event
    sleep SECONDS
FAKE_NMI is such a list, too, done on "inject-nmi"; without it two vCPUs tell where they are, as the
monitor of a TD whose rules all held. FAKE_REGISTERS is what "info registers -a" answers. The two CPUs have APIC IDs 0 and 4. Other lines
for the human monitor are appended to the file FAKE_MONITOR, if it is set.
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


def main():
    if sys.argv[1:] == ["--version"]:
        print("QEMU emulator version 7.2.22 (fake)")
        return
    files = {name: open(value("-chardev", f"file,id=muster-{name},path="), "w")
             for name in ("console", "serial")}
    if "-D" in sys.argv:  # not in a TD
        files["trace"] = open(value("-D", ""), "w")
    qmp = socket.socket(socket.AF_UNIX)
    qmp.connect(value("-chardev", "socket,id=muster-qmp,path="))
    commands = qmp.makefile("r")

    def send(message):
        qmp.sendall((json.dumps(message) + "\r\n").encode())

    def run_script(script):
        for step in script.splitlines():
            what, _, rest = step.strip().partition(" ")
            if what in files:
                files[what].write(rest + "\n")
                files[what].flush()
            elif what == "event":
                name, reason = rest.split()
                send({"event": name, "data": {"guest": True, "reason": reason}})
            elif what == "sleep":
                time.sleep(float(rest))

    send({"QMP": {"version": {}, "capabilities": []}})
    for line in commands:
        command = json.loads(line)
        name = command["execute"]
        answer = {}
        if name == "query-cpus-fast":
            answer = [{"qom-path": "/a"}, {"qom-path": "/b"}]
        elif name == "qom-get":
            answer = {"/a": 0, "/b": 4}[command["arguments"]["path"]]
        elif name == "human-monitor-command":
            answer = ""
            words = command["arguments"]["command-line"]
            if words != "info registers -a":
                with open(os.environ.get("FAKE_MONITOR", os.devnull), "a") as monitor:
                    monitor.write(words + "\n")
            else:
                answer = os.environ.get("FAKE_REGISTERS", "").replace("|", "\r\n")
        send({"return": answer})
        if name == "cont":
            run_script(os.environ["FAKE_SCRIPT"])
        if name == "inject-nmi":
            run_script(os.environ.get("FAKE_NMI", held()))
        if name == "quit":
            return


main()

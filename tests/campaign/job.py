#!/usr/bin/env python3
"""Run one job of a campaign (a line of jobs.py) and print its result as one line of JSON.

Exit status 0 whatever became of the job: that is in the line. What the job started dies with it,
also by SIGKILL.
"""
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time

# muster has its own deadline (60 s and half a second for each CPU); this is for muster.
DEADLINE_S = float(os.environ.get("CAMPAIGN_DEADLINE_S", "240"))
PATIENCE_S = 10
TAIL_BYTES = 2000
# muster, which ends its QEMU then.
TIED = ["setpriv", "--pdeathsig", "TERM"]


def with_report(command, path):
    """The report is asked for as the verb's first option, before what QEMU gets."""
    if os.path.basename(command[0]) != "muster":
        return command
    return command[:2] + ["--json", path] + command[2:]


def end(child):
    """What it said until then. Whoever holds its stderr is of its process group."""
    os.killpg(child.pid, signal.SIGTERM)
    try:
        return child.communicate(timeout=PATIENCE_S)[1]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.communicate()[1]


def run(command, deadline_s):
    """Exit status and stderr; None if the deadline passed."""
    child = subprocess.Popen(TIED + command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, process_group=0)
    status = None
    try:
        error = child.communicate(timeout=deadline_s)[1]
        status = child.returncode
    except subprocess.TimeoutExpired:
        error = end(child)
    except SystemExit:
        end(child)
        raise
    return status, error.decode(errors="replace")


def digest_of(path):
    """What of muster's report the campaign keeps."""
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
    except (OSError, ValueError):
        return None
    cpus = report.get("cpus") or []
    return {
        "verb": report.get("verb"),
        "way": report.get("way"),
        "result": report.get("result"),
        "cpus_on": sum(cpu.get("state") == "on" for cpu in cpus),
        "missing": [[cpu.get("apic_id"), cpu.get("failure")] for cpu in cpus
                    if cpu.get("state") != "on"],
        "failures": report.get("failures"),
    }


def judge(status, wanted, error, text):
    if status is None:
        return f"no end after {DEADLINE_S:g} s"
    if status != wanted:
        return f"exit status {status}, not {wanted}"
    if text not in error:
        return f"stderr does not say '{text}'"
    return None


def main(line):
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda which, _: sys.exit(128 + which))
    name, wanted, text, command = line.split("\t")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="muster-job-") as folder:
        report = os.path.join(folder, "report.json")
        try:
            status, error = run(with_report(shlex.split(command), report), DEADLINE_S)
        except OSError as why:
            status, error = 127, str(why)
        wrong = judge(status, int(wanted), error, text)
        result = {"name": name, "result": "failed" if wrong else "ok", "wrong": wrong,
                  "status": status, "seconds": round(time.monotonic() - begun, 2),
                  "host": os.uname().nodename, "command": command, "report": digest_of(report)}
    if wrong:
        result["stderr"] = error[-TAIL_BYTES:]
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])

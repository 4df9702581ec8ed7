#!/usr/bin/env python3
"""Reports for muster timeline, small and made up: reports.py KIND [CPUS] writes one to stdout.

plain    all CPUs come on, one millisecond after the other
failed   the last CPU never comes, the one before it is absent, and one more is not even listed
hostile  the same, and all texts try to break out of where they are put
lost     the oldest records of each ring are gone
stamps   no trace
boot     as muster boot writes it: no time of any CPU
"""
import json
import sys

HOSTILE = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>" \
    "\u2028\x07\x1b[31m'\"\\&amp;{{data}}]]>"
STEPS = ("first_instruction", "long_mode", "own_tables", "parked")


def ap(index, start):
    """One that is woken at start; each step takes 100 us, and its start comes at 200 ms."""
    stamps = {"wake_sent": start}
    for step, name in enumerate(STEPS, 1):
        stamps[name] = start + step * 100000
    stamps["on"] = 200000000 + index * 50000 + 700000
    return {"index": index, "apic_id": index, "bsp": False, "state": "on", "failure": None,
            "core": index, "package": index % 2, "node": None, "stamps_ns": stamps}


def ring(cpu):
    records = [[cpu["stamps_ns"][name], name.replace("_", "-"), 0, 0]
               for name in (*STEPS, "on") if name in cpu["stamps_ns"]]
    return {"apic_id": cpu["apic_id"], "written": len(records), "records": records}


def bsp_ring(cpus):
    records = [[1000000, "discovered", len(cpus), 0], [2000000, "prepared", len(cpus), 4096]]
    for cpu in cpus[1:]:
        if "wake_sent" in cpu["stamps_ns"]:
            records.append([cpu["stamps_ns"]["wake_sent"], "wake-sent", cpu["apic_id"], 1])
    records.append([150000000, "adopted", 0, 0])
    for cpu in cpus[1:]:
        if cpu["state"] == "on":
            records.append([200000000 + cpu["index"] * 50000, "start-sent", cpu["apic_id"], 0])
        elif cpu["state"] == "failed":
            records.append([149000000, "failed", cpu["apic_id"], 3])
    records.append([201000000 + len(cpus) * 50000, "started", 0, 0])
    return {"apic_id": 0, "written": len(records), "records": sorted(records)}


def fail(cpus, reason):
    dead, absent = cpus[-1], cpus[-2]
    dead.update(state="failed", failure=reason, stamps_ns={"wake_sent": dead["stamps_ns"]["wake_sent"]})
    absent.update(state="absent", failure=None, stamps_ns={})


def main():
    kind, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 4
    cpus = [{"index": 0, "apic_id": 0, "bsp": True, "state": "on", "failure": None, "core": 0,
             "package": 0, "node": None, "stamps_ns": {"own_tables": 1500000, "on": 1600000}}]
    gap = 140000000 // max(count, 140)
    cpus += [ap(index, 3000000 + index * gap) for index in range(1, count)]
    failures = []
    text = HOSTILE if kind == "hostile" else "MUSTER_ERROR_NOT_ARRIVED"
    if kind in ("failed", "hostile"):
        fail(cpus, text)
        failures = [f"CPU {count - 1} (APIC ID {count - 1}) is not on but failed: {text}"]
    trace = [bsp_ring(cpus)] + [ring(cpu) for cpu in cpus[1:]]
    if kind == "lost":
        for one in trace[1:]:
            one.update(written=99, records=[[300000000, "off", 0, 0], [300100000, "on", 0, 0]])
    if kind == "boot":
        cpus = [{"index": cpu["index"], "apic_id": cpu["index"], "state": "on", "stamps_ns": {}} for cpu in cpus]
    json.dump({
        "schema": "muster.report/1", "verb": "boot" if kind == "boot" else "run",
        "result": "failed" if failures else "ok", "failures": failures,
        "cpus_asked": count + (1 if failures else 0), "way": "sipi", "cpus": cpus,
        "trace": [] if kind in ("stamps", "boot") else trace,
        "timing": {"adopt_ns": 147000000, "start_ns": 1000000},
        "order": {"policy": text if kind == "hostile" else "listed", "apic_ids": []},
        "qemu": {"version": "7.2.22", "machine": "q35", "cpu": text if kind == "hostile" else "max",
                 "accel": "tcg"}}, sys.stdout)


main()

#!/usr/bin/env python3
"""Holds a file to what the trace-event format says of each event: check_trace.py FILE CPUS.

The format: "Trace Event Format", JSON Object Format; events X, i, s, f, M.
"""
import json
import sys

NAMES = {"process_name": "name", "process_labels": "labels", "thread_name": "name",
         "thread_sort_index": "sort_index"}


def need(condition, *what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def check_event(event):
    need(event["ph"] in ("X", "i", "s", "f", "M"), "a phase of another kind", event)
    need(isinstance(event["pid"], int) and isinstance(event["tid"], int), "no place", event)
    need(event["name"] and isinstance(event["name"], str), "no name", event)
    if event["ph"] == "M":
        need(event["name"] in NAMES and NAMES[event["name"]] in event["args"], "unknown metadata", event)
        return
    need(isinstance(event["ts"], (int, float)) and event["ts"] >= 0, "no time", event)
    need(event["cat"], "no category", event)
    need(event["ph"] != "X" or event["dur"] >= 0, "no duration", event)
    need(event["ph"] != "i" or event["s"] in ("t", "p", "g"), "no scope", event)
    need(event["ph"] != "f" or event["bp"] == "e", "is bound to the next slice", event)


def check_nesting(slices):
    """On one thread a slice lies in another, or beside it, never half and half."""
    inside = []
    for event in sorted(slices, key=lambda one: (one["ts"], -one["dur"])):
        begin, end = event["ts"], event["ts"] + event["dur"]
        while inside and inside[-1] <= begin + 1e-4:
            inside.pop()
        need(not inside or end <= inside[-1] + 1e-4, "overlaps another", event)
        inside.append(end)


def is_in_a_slice(event, slices):
    return any(one["ts"] - 1e-4 <= event["ts"] <= one["ts"] + one["dur"] + 1e-4 for one in slices)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        trace = json.load(file)
    events = trace["traceEvents"]
    for event in events:
        check_event(event)
    slices = {}
    for event in events:
        if event["ph"] == "X":
            slices.setdefault(event["tid"], []).append(event)
    for thread in slices.values():
        check_nesting(thread)
    begins = {event["id"]: event for event in events if event["ph"] == "s"}
    ends = {event["id"]: event for event in events if event["ph"] == "f"}
    need(begins.keys() == ends.keys(), "an arrow without an end")
    for number, begin in begins.items():
        end = ends[number]
        need((begin["cat"], begin["name"]) == (end["cat"], end["name"]), "two names of an arrow", begin, end)
        need(begin["ts"] <= end["ts"], "an arrow back in time", begin, end)
        need(is_in_a_slice(begin, slices[begin["tid"]]), "an arrow from nowhere", begin)
        need(is_in_a_slice(end, slices[end["tid"]]), "an arrow to nowhere", end)
    names = [event for event in events if event["name"] == "thread_name"]
    need(len(names) == int(sys.argv[2]), "threads:", len(names))
    print(f"{len(events)} events, {len(begins)} arrows, {len(names)} CPUs")


main()

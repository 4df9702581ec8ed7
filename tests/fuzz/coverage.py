#!/usr/bin/env python3
"""How much of some folders has been run: coverage.py BUILD LEAST_PERCENT FOLDER...

BUILD holds objects that gcc made with --coverage, and what they wrote when they ran. One row for
each source, then each line that has a branch which was never taken. Exit status 1 if fewer than
LEAST_PERCENT of all branches were. gcc counts every outcome of every condition, also of those
that && and || join, and at -O0 it leaves none out.
"""
import json
import os
import subprocess
import sys


class Source:
    def __init__(self):
        self.lines, self.branches = {}, {}

    def add(self, line):
        """A header's line is in many objects, and is run if it is in one of them."""
        number = line["line_number"]
        self.lines[number] = self.lines.get(number, 0) + line["count"]
        for at, branch in enumerate(line["branches"]):
            place = (number, line.get("function_name"), at)
            self.branches[place] = self.branches.get(place, 0) + branch["count"]

    def counts(self):
        return (sum(count > 0 for count in self.lines.values()), len(self.lines),
                sum(count > 0 for count in self.branches.values()), len(self.branches))


def read_objects(build, folders):
    sources = {}
    for folder in folders:
        place = os.path.join(build, "sanitized", folder)
        notes = sorted(os.path.join(place, name) for name in os.listdir(place)
                       if name.endswith(".gcno"))
        reports = subprocess.run(["gcov", "--branch-probabilities", "--stdout", "--json-format",
                                  *notes], check=True, stdout=subprocess.PIPE).stdout
        for report in reports.splitlines():
            for file in json.loads(report)["files"]:
                if os.path.dirname(file["file"]) in folders:
                    for line in file["lines"]:
                        sources.setdefault(file["file"], Source()).add(line)
    return sources


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def print_row(name, counts):
    lines, all_lines, branches, all_branches = counts
    print(f"{name:<34} {lines:>4} of {all_lines:>4} lines {percent(lines, all_lines):6.1f} %   "
          f"{branches:>4} of {all_branches:>4} branches {percent(branches, all_branches):6.1f} %")


def print_missed(name, source):
    missed = sorted({place[0] for place, count in source.branches.items() if not count})
    with open(name, encoding="utf-8") as file:
        text = file.read().splitlines()
    for number in missed:
        print(f"not taken: {name}:{number}: {text[number - 1].strip()}")


def main():
    build, least, folders = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    sources = read_objects(build, folders)
    for name in sorted(sources):
        print_row(name, sources[name].counts())
    total = [sum(counts) for counts in zip(*(source.counts() for source in sources.values()))]
    for name in sorted(sources):
        print_missed(name, sources[name])
    print_row("all", total)
    if percent(total[2], total[3]) < least:
        sys.exit(f"fewer than {least:g} % of the branches were taken")


main()

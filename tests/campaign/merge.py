#!/usr/bin/env python3
"""merge.py todo JOBS RESULTS       the jobs that have no result yet
merge.py report JOBS RESULTS OUT   one report of all: JSON in OUT, a table on stdout

A result that is not a whole line of JSON was cut off with the campaign: it is none. Exit status of
"report": 0 all is well, 1 a job failed or has no result.
"""
import json
import sys


def read_jobs(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if line.strip()]


def read_results(path):
    """By name; of several the last one counts."""
    results = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    result = json.loads(line)
                    results[result["name"]] = result
                except (ValueError, KeyError, TypeError):
                    continue
    except FileNotFoundError:
        pass
    return results


def name_of(job):
    return job.split("\t")[0]


def kind_of(result):
    report = result.get("report") or {}
    way = report.get("way") or "-"
    command = result["command"].split()
    if "--td" in command:
        way = "td"
    elif "--wake" in command:
        way = command[command.index("--wake") + 1]
    return report.get("verb") or command[0].rsplit("/", 1)[-1], way


def print_table(results):
    rows = {}
    for result in results:
        row = rows.setdefault(kind_of(result), {"ok": 0, "failed": 0, "cpus": 0, "s": 0.0})
        row[result["result"]] += 1
        row["cpus"] += (result.get("report") or {}).get("cpus_on") or 0
        row["s"] += result["seconds"]
    print(f"{'verb':<12} {'way':<10} {'ok':>6} {'failed':>6} {'CPUs on':>8} {'s each':>7}")
    for (verb, way), row in sorted(rows.items()):
        count = row["ok"] + row["failed"]
        print(f"{verb:<12} {way:<10} {row['ok']:>6} {row['failed']:>6} {row['cpus']:>8} "
              f"{row['s'] / count:>7.2f}")


def print_failures(failed, missing):
    for result in failed:
        print(f"FAILED {result['name']}: {result['wrong']} (on {result['host']})")
        for line in (result.get("stderr") or "").strip().splitlines()[-3:]:
            print(f"    {line}")
        print(f"    repeat it: {result['command']}")
    for job in missing:
        print(f"no result: {name_of(job)}")


def write_report(path, results, missing):
    report = {
        "schema": "muster.campaign/1",
        "jobs": len(results) + len(missing),
        "ok": sum(result["result"] == "ok" for result in results),
        "failed": [result["name"] for result in results if result["result"] != "ok"],
        "missing": [name_of(job) for job in missing],
        "hosts": sorted({result["host"] for result in results}),
        "cpus_on": sum((result.get("report") or {}).get("cpus_on") or 0 for result in results),
        "seconds": round(sum(result["seconds"] for result in results), 2),
        "results": results,
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    return report


def report_all(jobs, results, path):
    there = [results[name_of(job)] for job in jobs if name_of(job) in results]
    missing = [job for job in jobs if name_of(job) not in results]
    failed = [result for result in there if result["result"] != "ok"]
    report = write_report(path, there, missing)
    print_table(there)
    print_failures(failed, missing)
    print(f"{report['jobs']} jobs: {report['ok']} ok, {len(failed)} failed, {len(missing)} without "
          f"result; {report['cpus_on']} CPUs on, {len(report['hosts'])} hosts, "
          f"{report['seconds']:.0f} s of work")
    return 1 if failed or missing else 0


def main(arguments):
    if len(arguments) < 3 or arguments[0] not in ("todo", "report"):
        sys.stderr.write(__doc__)
        return 2
    jobs, results = read_jobs(arguments[1]), read_results(arguments[2])
    if arguments[0] == "report":
        return report_all(jobs, results, arguments[3])
    for job in jobs:
        if name_of(job) not in results:
            print(job)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""muster inspect: good tables are clean, and each bad one has its finding.

    test_inspect.py [MUSTER]

Prints "ok NAME" or "FAIL NAME" for each; exit status 1 if any failed.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from craft import (ENABLED, ONLINE_CAPABLE, acpidump, add_up, e820, fdt, lapic, madt, rsdp, rsdt,
                   srat, srat_lapic, srat_x2apic, table, wakeup, x2apic, xsdt)

HERE = os.path.dirname(os.path.abspath(__file__))
MUSTER = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/muster")
GOOD = madt(lapic(0), lapic(1))
WITH_MAILBOX = madt(lapic(0), lapic(1), wakeup())
MAILBOX = 0x7FFE0000
RAM = (0x100000, 0x7F000000, "usable")
NVS_MAP = e820((0, 0x9F000, "usable"), RAM, (0x7F000000, 0x80000000, "ACPI NVS"))

CHAIN = (("RSDP", 0xF0000, rsdp(xsdt=0x7F000000)),
         ("XSDT", 0x7F000000, xsdt(0x7F001000, 0x7F002000)),
         ("FACP", 0x7F001000, table(b"FACP", 3, bytes(80))),
         ("APIC", 0x7F002000, GOOD))


def corrupt(data, at, value):
    return data[:at] + bytes((value,)) + data[at + 1:]


def chain(**changed):
    """A whole chain in acpidump's form; a table by its name, changed."""
    return acpidump(*((name, address, changed.get(name, data)) for name, address, data in CHAIN))


# Name: files, exit status, and every finding that is more than a note, or is looked for.
CASES = {
    # Good ones.
    "two_local_apics_are_clean": ([GOOD], 0, []),
    "chain_by_acpidump_is_clean": ([chain()], 0, []),
    "mailbox_in_nvs_is_clean": ([WITH_MAILBOX, NVS_MAP], 0, []),
    "mailbox_with_reset_vector_is_clean":
        ([madt(lapic(0), lapic(1), wakeup(1, reset=0x7FFD0000)), NVS_MAP], 0, []),
    "tree_alone_is_clean": ([fdt(mailbox=MAILBOX), NVS_MAP], 0, []),
    "tree_that_agrees_is_clean": ([WITH_MAILBOX, fdt(mailbox=MAILBOX), NVS_MAP], 0, []),
    "srat_that_agrees_is_clean": ([GOOD, srat(srat_lapic(0, 0), srat_lapic(1, 1))], 0, []),
    "the_same_table_twice_is_once": ([GOOD, GOOD], 0, []),
    "rsdt_of_an_old_bios_is_clean": ([acpidump(
        ("RSDP", 0xF0000, rsdp(rsdt=0x7F000000, revision=0)),
        ("RSDT", 0x7F000000, rsdt(0x7F001000)), ("APIC", 0x7F001000, GOOD))], 0, []),

    # The chain.
    "rsdp_with_a_wrong_sum": ([chain(RSDP=corrupt(CHAIN[0][2], 10, 0))], 1, ["rsdp-checksum"]),
    "rsdp_of_33_bytes": ([chain(RSDP=rsdp(xsdt=0x7F000000, length=33))], 1, ["rsdp-length"]),
    "rsdp_cut_off": ([CHAIN[0][2][:12], GOOD], 1, ["table-truncated"]),
    "rsdp_that_names_nothing": ([chain(RSDP=rsdp())], 1, ["rsdp-no-tables"]),
    "xsdt_with_a_wrong_sum": ([chain(XSDT=corrupt(CHAIN[1][2], 10, 0))], 1, ["table-checksum"]),
    "xsdt_with_half_an_entry":
        ([chain(XSDT=table(b"XSDT", 1, bytes(12)))], 1, ["table-length"]),
    "xsdt_that_names_an_impossible_address":
        ([chain(XSDT=xsdt(0x7F002000, 1 << 60))], 1, ["table-address"]),
    "xsdt_without_the_rest": ([rsdp(xsdt=0x5000), xsdt(0x6000), GOOD], 0, ["root-not-used"]),
    "fadt_with_a_wrong_sum": ([chain(FACP=corrupt(CHAIN[2][2], 50, 1))], 1, ["table-checksum"]),
    "two_madts": ([GOOD, madt(lapic(0))], 1, ["madt-twice"]),

    # The MADT.
    "madt_with_a_wrong_sum": ([corrupt(GOOD, 10, 0)], 1, ["table-checksum"]),
    "madt_shorter_than_its_fixed_part": ([table(b"APIC", 5, bytes(4))], 1, ["table-length"]),
    "madt_that_says_it_is_longer": ([madt(lapic(0), length=300)], 1, ["table-truncated"]),
    "madt_cut_in_its_header": ([GOOD[:20]], 1, ["table-truncated"]),
    "madt_with_bytes_behind_it": ([GOOD + bytes(8)], 0, ["table-longer-in-file"]),
    "entry_of_length_0": ([madt(lapic(0), bytes(2))], 1, ["entry-length-zero"]),
    "entry_of_length_1": ([madt(lapic(0), b"\x00\x01")], 1, ["entry-length-zero"]),
    "local_apic_of_6_bytes": ([madt(lapic(0), b"\x00\x06" + bytes(4))], 1, ["entry-length"]),
    "entry_past_the_end": ([madt(lapic(0), b"\x00\xff" + bytes(6))], 1, ["entry-overrun"]),
    "no_cpu_enabled": ([madt(lapic(0, 0))], 1, ["no-enabled-cpu", "cpus-disabled"]),
    "bsp_not_listed": ([GOOD, "--bsp", "7"], 1, ["bsp-not-listed"]),
    "bsp_listed_second": ([GOOD, "--bsp", "1"], 0, ["bsp-not-first"]),
    "local_apic_at_nowhere": ([madt(lapic(0), lapic_phys=0x123)], 1, ["lapic-address"]),
    "apic_id_listed_twice": ([madt(lapic(0), lapic(1), lapic(1, uid=5))], 1, ["apic-id-twice"]),
    "cpus_in_both_forms": ([madt(lapic(0), lapic(1), x2apic(0), x2apic(1))], 0,
                           ["cpu-in-both-forms"]),
    "two_cpus_of_one_uid": ([madt(lapic(0), lapic(1, uid=0))], 0, ["acpi-uid-twice"]),
    "local_apic_255": ([madt(lapic(0), lapic(255))], 1, ["local-apic-id-255"]),
    "x2apic_none": ([madt(lapic(0), x2apic(0xFFFFFFFF))], 1, ["x2apic-id-none"]),
    "x2apic_below_255_beside_local_apics": ([madt(lapic(0), x2apic(1))], 0,
                                            ["x2apic-entry-below-255"]),
    "x2apics_alone_are_clean": ([madt(x2apic(0), x2apic(1))], 0, []),
    "apic_id_300": ([madt(lapic(0), x2apic(300))], 0, ["apic-id-needs-x2apic"]),
    "online_capable_in_revision_4": ([madt(lapic(0), lapic(1, ONLINE_CAPABLE), revision=4)], 0,
                                     ["online-capable-too-early", "cpus-disabled"]),
    "online_capable_in_revision_5": ([madt(lapic(0), lapic(1, ONLINE_CAPABLE))], 0,
                                     ["cpus-may-come"]),
    "enabled_and_online_capable": ([madt(lapic(0), lapic(1, ENABLED | ONLINE_CAPABLE))], 0,
                                   ["enabled-and-online-capable"]),
    "disabled_cpu": ([madt(lapic(0), lapic(1, 0))], 0, ["cpus-disabled"]),
    "places_filled_up_are_clean": ([madt(lapic(0), lapic(1), lapic(255, 0))], 0, []),
    "entry_of_a_reserved_type": ([madt(lapic(0), b"\x7e\x04\x00\x00")], 0, ["entry-type-unknown"]),

    # The mailbox.
    "wakeup_entry_of_20_bytes": ([madt(lapic(0), wakeup(length=20) + bytes(4))], 1,
                                 ["wakeup-length"]),
    "older_tdvf": ([madt(lapic(0), lapic(1), wakeup(1)), NVS_MAP, "--td"], 0,
                   ["wakeup-v1-in-16-bytes", "tdvf-memory-usable"]),
    "younger_tdvf": ([madt(lapic(0), wakeup(), oem=b"BOCHS "), NVS_MAP, "--td"], 0,
                     ["tdvf-memory-usable"]),
    "version_0_with_reset_vector": ([madt(lapic(0), wakeup(0, reset=0x7FFD0000)), NVS_MAP], 0,
                                    ["wakeup-v0-with-reset"]),
    "unknown_mailbox_version": ([madt(lapic(0), wakeup(2)), NVS_MAP], 1, ["mailbox-version"]),
    "mailbox_at_0": ([madt(lapic(0), wakeup(address=0)), NVS_MAP], 1, ["mailbox-address"]),
    "mailbox_beyond_52_bits": ([madt(lapic(0), wakeup(address=1 << 52)), NVS_MAP], 1,
                               ["mailbox-address"]),
    "mailbox_not_aligned": ([madt(lapic(0), wakeup(address=MAILBOX + 0x800)), NVS_MAP], 1,
                            ["mailbox-alignment"]),
    "mailbox_over_the_madt": ([acpidump(("APIC", MAILBOX, WITH_MAILBOX)), NVS_MAP], 1,
                              ["table-overlap"]),
    "mailbox_above_4_gib": ([madt(lapic(0), wakeup(address=1 << 33)),
                             e820(RAM, (1 << 33, (1 << 33) + 0x1000, "ACPI NVS"))], 0,
                            ["mailbox-above-4g"]),
    "mailbox_in_usable_memory": ([WITH_MAILBOX, e820((0x100000, 0x80000000, "usable"))], 1,
                                 ["mailbox-in-usable-memory"]),
    "mailbox_half_in_usable_memory":
        ([WITH_MAILBOX, e820((0x100000, MAILBOX, "usable"), (MAILBOX, MAILBOX + 0x800, "ACPI NVS"),
                             (MAILBOX + 0x800, MAILBOX + 0x1000, "usable"))], 1,
         ["mailbox-in-usable-memory"]),
    "mailbox_in_reserved_memory": ([WITH_MAILBOX, e820(RAM, (0x7F000000, 1 << 31, "reserved"))], 0,
                                   ["mailbox-not-nvs"]),
    "mailbox_outside_of_the_map": ([WITH_MAILBOX, e820(RAM)], 0, ["mailbox-outside-map"]),
    "mailbox_without_a_map": ([WITH_MAILBOX], 0, ["mailbox-unchecked"]),
    "two_mailboxes": ([madt(lapic(0), wakeup(), wakeup(address=0x7FFD0000)), NVS_MAP], 1,
                      ["wakeup-entries-differ"]),
    "one_mailbox_twice": ([madt(lapic(0), wakeup(), wakeup()), NVS_MAP], 0, ["wakeup-entry-twice"]),
    "reserved_field_not_0": ([madt(lapic(0), wakeup(reserved=7)), NVS_MAP], 0,
                             ["wakeup-reserved-field"]),
    "reset_vector_beyond_52_bits": ([madt(lapic(0), wakeup(1, reset=1 << 60)), NVS_MAP], 1,
                                    ["reset-vector-address"]),
    "td_without_a_mailbox": ([GOOD, "--td"], 1, ["no-way"]),
    "two_things_wrong_are_both_told":
        ([madt(lapic(0), b"\x00\x06" + bytes(4), wakeup(2), lapic(255)), NVS_MAP], 1,
         ["entry-length", "mailbox-version", "local-apic-id-255"]),

    # The tree.
    "tree_of_version_3": ([fdt(version=3)], 1, ["fdt-header"]),
    "tree_cut_off": ([fdt()[:-40]], 1, ["table-truncated"]),
    "tree_with_a_bad_token": ([corrupt(fdt(), 59, 7)], 1, ["fdt-structure"]),
    "tree_with_a_cpu_of_3_bytes": ([fdt(cpu_reg=b"\0\0\0")], 1, ["fdt-property"]),
    "tree_with_a_cpu_twice": ([fdt(cpus=(0, 1, 1))], 1, ["fdt-cpu-twice"]),
    "tree_without_a_cpu": ([fdt(cpus=())], 1, ["fdt-no-cpu"]),
    "tree_with_disabled_cpus": ([fdt(cpu_status=b"fail\0")], 1, ["fdt-no-cpu", "cpus-disabled"]),
    "tree_without_its_bsp": ([fdt(boot_cpu=9)], 1, ["fdt-bsp-not-listed"]),
    "tree_with_a_mailbox_of_8_kib": ([fdt(mailbox=MAILBOX, mailbox_bytes=0x2000), NVS_MAP], 1,
                                     ["fdt-mailbox-region"]),
    "tree_with_two_mailboxes": ([fdt(mailbox=MAILBOX, extra_mailbox=0x7FFD0000), NVS_MAP], 1,
                                ["fdt-two-mailboxes"]),
    "tree_with_other_cpus": ([GOOD, fdt(cpus=(0, 2))], 1, ["sources-cpus-differ"]),
    "tree_with_fewer_cpus": ([GOOD, fdt(cpus=(0,))], 1, ["sources-cpus-differ"]),
    "tree_with_another_mailbox": ([WITH_MAILBOX, fdt(mailbox=0x7FFD0000), NVS_MAP], 1,
                                  ["sources-mailbox-differs"]),
    "mailbox_in_the_tree_alone": ([GOOD, fdt(mailbox=MAILBOX), NVS_MAP], 0,
                                  ["mailbox-in-one-source"]),

    # SRAT and map.
    "srat_with_an_unknown_cpu": ([GOOD, srat(srat_lapic(0, 0), srat_x2apic(900, 1))], 0,
                                 ["srat-unknown-cpu"]),
    "srat_with_a_cpu_in_two_nodes": ([GOOD, srat(srat_lapic(0, 0), srat_lapic(0, 1))], 0,
                                     ["srat-cpu-twice"]),
    "srat_entry_too_short": ([GOOD, srat(b"\x00\x08" + bytes(6))], 1, ["entry-length"]),
    "map_that_overlaps": ([GOOD, e820((0, 0x2000, "usable"), (0x1000, 0x3000, "reserved"))], 0,
                          ["map-overlap"]),
    "map_with_a_range_backwards": ([GOOD, e820((0x2000, 0x1000, "usable"))], 1, ["map-range"]),
    "map_alone": ([NVS_MAP], 0, ["no-cpu-source"]),
}

# What cannot be read, or is asked for wrongly: files, exit status, a text on stderr.
REFUSED = {
    "unknown_file_is_refused": ([b"\x7fELF\x02\x01" + bytes(60)], 3, "nothing that can be"),
    "text_of_nothing_is_refused": ([b"hello\n"], 3, "nothing that can be"),
    "empty_file_is_refused": ([b""], 3, "is empty"),
    "absent_file_is_refused": (["/nowhere/at/all"], 3, "cannot be opened"),
    "dump_with_a_missing_line_is_refused":
        ([b"\n".join(acpidump(("APIC", 0, GOOD)).split(b"\n")[:2] +
                     acpidump(("APIC", 0, GOOD)).split(b"\n")[3:])], 3, "lines are missing"),
    "dump_without_bytes_is_refused": ([b"APIC @ 0x0000000000000000\n\n"], 3, "has no bytes"),
    "map_of_zeros_is_refused": ([b"00000000-00000000 : System RAM\n"], 3, "as root"),
    "map_line_that_is_none_is_refused": ([b"BIOS-e820: here and there\n"], 3, "has no '[mem"),
    "device_is_refused": (["/dev/null"], 3, "neither a file nor a folder"),
    "source_that_is_wrong_is_refused": ([b"/dts-v1/;\n/ { a = ; };\n"], 3, "dtc does not take"),
    "two_trees_are_refused": ([fdt(), fdt(cpus=(0,))], 2, "two device trees"),
    "bsp_that_is_none_is_refused": ([GOOD, "--bsp", "x"], 2, "--bsp x: give a number from 0 to 4294967294"),
    "unknown_option_is_refused": (["--fly"], 2, "Unknown option"),
    "root_and_files_are_refused": ([GOOD, "--root", "/"], 2, "--root /: is for"),
    "machine_without_tables_is_refused": (["--root", HERE], 3, "a container hides them"),
    "report_in_no_folder_is_refused": ([GOOD, "--json", "/nowhere/at/all"], 3, "cannot be written"),
}

failed = 0
broken = set()


def tell(name, why=None):
    global failed
    failed += why is not None
    print(f"ok {name}" if why is None else f"FAIL {name}: {why}")


def run(lab, words, *more):
    """Bytes among the words become files, and their names arguments."""
    arguments = []
    for number, word in enumerate(words):
        if isinstance(word, bytes):
            path = os.path.join(lab, f"input-{number}")
            with open(path, "wb") as file:
                file.write(word)
            word = path
        arguments.append(word)
    return subprocess.run([MUSTER, "inspect", *arguments, *more], capture_output=True, timeout=60,
                          check=False)


def judge(name, ended, status, rules):
    if ended.returncode != status:
        return tell(name, f"exit status {ended.returncode}, not {status}: {ended.stderr.decode()}")
    try:
        report = json.loads(ended.stdout)
    except ValueError as error:
        return tell(name, f"no JSON: {error}")
    found = {finding["rule"] for finding in report["findings"]}
    serious = {f["rule"] for f in report["findings"] if f["severity"] != "note"}
    broken.update(found)
    wanted = set(rules)
    if not wanted <= found or not serious <= wanted:
        return tell(name, f"found {sorted(found)}, not {sorted(wanted)}")
    if report["schema"] != "muster.inspect/1" or (report["result"] == "ok") != (status == 0):
        return tell(name, f"{report['schema']}, {report['result']}")
    return tell(name)


def check_text(lab, name, words, status, rules):
    """The same for people: every line fits, and each finding is named."""
    ended = run(lab, words)
    lines = ended.stdout.decode().splitlines()
    # A path may be longer than a line.
    wide = [line for line in lines if len(line) > 80 and lab not in line]
    missing = [rule for rule in rules if not any(line.endswith(rule) or f" {rule} " in line
                                                 for line in lines)]
    if ended.returncode != status or wide or missing:
        tell(f"{name}_in_words", f"status {ended.returncode}, wide {wide}, missing {missing}")


def rows(text):
    return [line for line in text.splitlines()
            if re.match(r"\| `[a-z0-9-]+` \| (error|warning|note) \|", line)]


def check_rules():
    listed = rows(subprocess.run([MUSTER, "inspect", "--rules"], capture_output=True, check=True,
                                 text=True).stdout)
    with open(os.path.join(HERE, "../../docs/inspect.md"), encoding="utf-8") as file:
        told = rows(file.read())
    names = {row.split("`")[1] for row in listed}
    tell("documentation_lists_the_rules",
         None if listed and listed == told else f"differ: {set(listed) ^ set(told)}")
    tell("every_rule_is_broken_by_a_table_here",
         None if names == broken else f"not broken: {sorted(names - broken)}")


def check_captured(lab):
    """Tables out of guests; see capture.py."""
    folder = os.path.join(HERE, "data")
    for name in ("q35", "microvm", "ovmf", "shim"):
        files = [os.path.join(folder, name + end) for end in (".acpi", ".e820")]
        ended = run(lab, files, "--json", "-")
        judge(f"tables_of_{name}_are_clean", ended, 0, [])
        report = json.loads(ended.stdout)
        way = "mailbox" if name == "shim" else "sipi"
        if [cpu["apic_id"] for cpu in report["cpus"]] != [0, 1, 2, 3] or \
                report["plan"]["way"] != way or report["discovery"]["root_made"]:
            tell(f"tables_of_{name}_are_understood", json.dumps(report["plan"]))
    nodes = [cpu["numa_node"] for cpu in json.loads(
        run(lab, [os.path.join(folder, "q35.acpi")], "--json", "-").stdout)["cpus"]]
    tell("nodes_of_q35_are_told", None if nodes == [0, 0, 1, 1] else str(nodes))


def check_fields(lab):
    """Each member of an entry's structure, by its name."""
    given = madt(lapic(3, uid=7), wakeup(1, reset=0x7FFD0000), b"\x7e\x02")
    report = json.loads(run(lab, [given, NVS_MAP], "--json", "-").stdout)
    wanted = [{"processor_uid": 7, "apic_id": 3, "flags": 1},
              {"mailbox_version": 1, "reserved": 0, "mailbox_address": "0x7ffe0000",
               "reset_vector": "0x7ffd0000"}, {}]
    fields = [entry["fields"] for entry in report["entries"]]
    tell("fields_of_entries_are_told", None if fields == wanted else str(fields))
    conflict = run(lab, [GOOD, fdt(cpus=(0, 2))]).stdout.decode()
    tell("both_sides_of_a_conflict_are_told",
         None if "The device tree lists APIC ID 2 as usable; ACPI does not." in conflict
         else conflict)
    report = json.loads(run(lab, [GOOD], "--bsp", "7", "--json", "-").stdout)
    lost = report["findings"][0]
    tell("bsp_that_is_not_listed_is_named_and_has_no_entry",
         None if "APIC ID 7" in lost["what"] and lost["entry"] is None and lost["found"] is None
         else str(lost))


def check_forms(lab):
    """The same by every form that it can be given in."""
    dts = os.path.join(lab, "tree.dts")
    with open(os.path.join(lab, "tree.dtb"), "wb") as file:
        file.write(fdt(mailbox=MAILBOX))
    subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", "-o", dts, file.name], check=True)
    judge("device_tree_source_is_clean", run(lab, [dts, NVS_MAP], "--json", "-"), 0, [])
    piped = subprocess.run([MUSTER, "inspect", "-", "--json", "-"], input=GOOD, capture_output=True,
                           timeout=60, check=False)
    judge("stdin_is_clean", piped, 0, [])
    last = piped.stderr.decode().splitlines()[-1]
    tell("report_on_stdout_needs_no_name", None if last == "ok: clean" else last)
    iomem = b"00001000-7effffff : System RAM\n  01000000-01ffffff : Kernel code\n" \
            b"7f000000-7fffffff : ACPI Non-volatile Storage\nfec00000-fec003ff : IOAPIC 0\n"
    judge("iomem_is_clean", run(lab, [WITH_MAILBOX, iomem], "--json", "-"), 0, [])
    shutil.copy(dts, os.path.join(lab, "-x.dts"))
    behind = subprocess.run([MUSTER, "inspect", "--json", "-", "--", "-x.dts", "./-x.dts"],
                            capture_output=True, cwd=lab, timeout=60, check=False)
    judge("name_behind_dashes_is_no_option", behind, 0, ["mailbox-unchecked"])
    without = dict(os.environ, PATH="/nowhere")
    ended = subprocess.run([MUSTER, "inspect", dts], capture_output=True, env=without, timeout=60,
                           check=False)
    tell("missing_dtc_is_named", None if ended.returncode == 3 and
         b"device-tree-compiler" in ended.stderr else f"{ended.returncode} {ended.stderr}")


def check_root(lab):
    """A machine's own tables, in a folder that looks like its root."""
    root = os.path.join(lab, "root")
    tables = os.path.join(root, "sys/firmware/acpi/tables")
    os.makedirs(tables)
    os.makedirs(os.path.join(root, "proc"))
    for name, data in (("APIC", WITH_MAILBOX), ("SRAT", srat(srat_lapic(1, 3))),
                       ("../../fdt", fdt(mailbox=MAILBOX)),
                       ("../../../../proc/cpuinfo", b"processor\t: 0\napicid\t\t: 1\n")):
        with open(os.path.join(tables, name), "wb") as file:
            file.write(data)
    for number, words in enumerate((("0x1000", "0x7effffff", "System RAM"),
                                    ("0x7f000000", "0x7fffffff", "ACPI Non-volatile Storage"))):
        folder = os.path.join(root, "sys/firmware/memmap", str(number))
        os.makedirs(folder)
        for name, word in zip(("start", "end", "type"), words):
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                print(word, file=file)
    ended = run(lab, ["--root", root], "--json", "-")
    judge("own_tables_are_clean", ended, 0, ["bsp-not-first"])
    report = json.loads(ended.stdout)
    seen = [(cpu["apic_id"], cpu["numa_node"], cpu["bsp"]) for cpu in report["cpus"]]
    good = seen == [(0, None, False), (1, 3, True)] and report["plan"]["way"] == "mailbox"
    tell("own_tables_are_understood", None if good else str(seen))
    shutil.rmtree(os.path.join(root, "sys/firmware/memmap"))
    judge("own_map_may_be_missing", run(lab, ["--root", root], "--json", "-"), 0,
          ["mailbox-unchecked"])


def check_output(lab):
    """Where the report goes: never over what was given, nor named where it is on stdout."""
    path = os.path.join(lab, "mine")
    with open(path, "wb") as file:
        file.write(GOOD)
    other = os.path.join(lab, ".", "mine")
    ended = run(lab, [path], "--json", other)
    with open(path, "rb") as file:
        good = ended.returncode == 2 and b"is the same file as" in ended.stderr and \
            file.read() == GOOD
    tell("report_never_replaces_a_table", None if good else f"{ended.returncode} {ended.stderr}")
    last = run(lab, [path], "--json", "-").stderr.decode().splitlines()[-1]
    tell("report_on_stdout_is_no_file", None if last.startswith("ok: ") and "report" not in last
         else last)


def check_long(lab):
    """Many CPUs take few lines, and the report has them all."""
    many = madt(*(lapic(number) for number in range(255)),
                *(x2apic(number) for number in range(255, 400)))
    lines = run(lab, [many]).stdout.decode().splitlines()
    report = json.loads(run(lab, [many], "--json", "-").stdout)
    good = len(lines) < 40 and max(map(len, lines)) <= 80 and \
        len(report["entries"]) == len(report["cpus"]) == 400
    tell("400_cpus_are_told_in_few_lines", None if good else f"{len(lines)} lines")
    short = madt(lapic(0), *(bytes((0, 4)) + bytes(2) for _ in range(5000)))
    report = json.loads(run(lab, [short], "--json", "-").stdout)
    good = len(report["findings"]) == 64 and report["errors"] == 5000
    tell("5000_findings_are_counted", None if good else f"{len(report['findings'])}")


def main():
    with tempfile.TemporaryDirectory() as lab:
        for name, (words, status, rules) in CASES.items():
            judge(name, run(lab, words, "--json", "-"), status, rules)
            check_text(lab, name, words, status, rules)
        for name, (words, status, text) in REFUSED.items():
            ended = run(lab, words)
            good = ended.returncode == status and text in ended.stderr.decode()
            tell(name, None if good else f"status {ended.returncode}: {ended.stderr.decode()}")
        check_captured(lab)
        check_fields(lab)
        check_forms(lab)
        check_root(lab)
        check_output(lab)
        check_long(lab)
        check_rules()
    sys.exit(1 if failed else 0)


main()

#include "cli/inspect/rules.h"

#include <stdio.h>

static const struct rule rules[RULE_COUNT] = {
    [RULE_RSDP_CHECKSUM] = {"rsdp-checksum", SEVERITY_ERROR, "ACPI 6.6, 5.2.5.3",
                            "The RSDP's bytes do not add up to 0.", NULL},
    [RULE_RSDP_LENGTH] = {"rsdp-length", SEVERITY_ERROR, "ACPI 6.6, 5.2.5.3",
                          "An RSDP of revision 2 is shorter than 36 bytes, or longer than a page.",
                          NULL},
    [RULE_RSDP_NO_TABLES] = {"rsdp-no-tables", SEVERITY_ERROR, "ACPI 6.6, 5.2.5.3",
                             "The RSDP names neither an RSDT nor an XSDT.", NULL},
    [RULE_TABLE_CHECKSUM] = {"table-checksum", SEVERITY_ERROR, "ACPI 6.6, 5.2.6",
                             "A table's bytes do not add up to 0.", NULL},
    [RULE_TABLE_LENGTH] = {"table-length", SEVERITY_ERROR, "ACPI 6.6, 5.2.6",
                           "A table's length cannot be: too short for its header or fixed part, "
                           "over 16 MiB, or no whole number of entries.",
                           NULL},
    [RULE_TABLE_TRUNCATED] = {"table-truncated", SEVERITY_ERROR, "ACPI 6.6, 5.2.6",
                              "A table says that it is longer than what was given of it.",
                              "Take it again; if the bytes are all, the table lies about its "
                              "length: update the firmware."},
    [RULE_TABLE_ADDRESS] = {"table-address", SEVERITY_ERROR, "ACPI 6.6, 5.2.7 and 5.2.8",
                            "The RSDT or XSDT names an address that no table can have.", NULL},
    [RULE_TABLE_OVERLAP] = {"table-overlap", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.19",
                            "A table, or the mailbox, lies over another table.", NULL},
    [RULE_MADT_TWICE] = {"madt-twice", SEVERITY_ERROR, "Linux: acpi_apic_instance=",
                         "There are two MADTs that differ, and nothing says which one counts.",
                         NULL},
    [RULE_ENTRY_LENGTH_ZERO] = {"entry-length-zero", SEVERITY_ERROR, "ACPI 6.6, 5.2.12",
                                "An entry has length 0 or 1: a careless reader never gets past it.",
                                NULL},
    [RULE_ENTRY_LENGTH] = {"entry-length", SEVERITY_ERROR, "ACPI 6.6, 5.2.12 and 5.2.16",
                           "An entry of MADT or SRAT is too short for its type.", NULL},
    [RULE_ENTRY_OVERRUN] = {"entry-overrun", SEVERITY_ERROR, "ACPI 6.6, 5.2.12 and 5.2.16",
                            "An entry of MADT or SRAT runs past the table's end.", NULL},
    [RULE_NO_ENABLED_CPU] = {"no-enabled-cpu", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.2",
                             "The MADT lists no processor that is enabled.", NULL},
    [RULE_BSP_NOT_LISTED] = {"bsp-not-listed", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.1",
                             "The MADT does not list the BSP as enabled.", NULL},
    [RULE_LAPIC_ADDRESS] = {"lapic-address", SEVERITY_ERROR, "ACPI 6.6, 5.2.12 and 5.2.12.8",
                            "The local APIC's address cannot be, or is overridden twice.", NULL},
    [RULE_WAKEUP_LENGTH] = {"wakeup-length", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.19",
                            "A Multiprocessor Wakeup entry is neither 16 bytes long nor at least "
                            "24.",
                            NULL},
    [RULE_WAKEUP_ENTRIES_DIFFER] = {"wakeup-entries-differ", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.19",
                                    "Two Multiprocessor Wakeup entries name different mailboxes.",
                                    NULL},
    [RULE_MAILBOX_VERSION] = {"mailbox-version", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.19",
                              "The mailbox has a version that is neither 0 nor 1.", NULL},
    [RULE_MAILBOX_ADDRESS] = {"mailbox-address", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.19",
                              "The mailbox's address is 0 or beyond 52 bits.", NULL},
    [RULE_MAILBOX_ALIGNMENT] = {"mailbox-alignment", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.19",
                                "The mailbox does not begin on a 4 KiB boundary.", NULL},
    [RULE_RESET_VECTOR_ADDRESS] = {"reset-vector-address", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.19",
                                   "The ResetVector lies beyond 52 bits.", NULL},
    [RULE_FDT_HEADER] = {"fdt-header", SEVERITY_ERROR, "Devicetree v0.4, 5.2",
                         "A device tree's header cannot be: version, size, or its blocks.", NULL},
    [RULE_FDT_STRUCTURE] = {"fdt-structure", SEVERITY_ERROR, "Devicetree v0.4, 5.3 and 5.4",
                            "A device tree is malformed: tokens, names, reservations, or a node "
                            "or property twice.",
                            NULL},
    [RULE_FDT_PROPERTY] = {"fdt-property", SEVERITY_ERROR, "Devicetree v0.4, 2.3, 3.5 and 3.8",
                           "A property that matters has a value that it cannot have.", NULL},
    [RULE_FDT_CPU_TWICE] = {"fdt-cpu-twice", SEVERITY_ERROR, "Devicetree v0.4, 3.8.1",
                            "A device tree lists an APIC ID twice.", NULL},
    [RULE_FDT_NO_CPU] = {"fdt-no-cpu", SEVERITY_ERROR, "Devicetree v0.4, 3.7",
                         "A device tree lists no processor that can be used.", NULL},
    [RULE_FDT_BSP_NOT_LISTED] = {"fdt-bsp-not-listed", SEVERITY_ERROR, "Devicetree v0.4, 5.2",
                                 "A device tree does not list the processor that its header names "
                                 "as BSP.",
                                 NULL},
    [RULE_FDT_MAILBOX_REGION] = {"fdt-mailbox-region", SEVERITY_ERROR,
                                 "Linux: intel,wakeup-mailbox.yaml",
                                 "The tree's mailbox is not exactly one region of 4 KiB.", NULL},
    [RULE_FDT_TWO_MAILBOXES] = {"fdt-two-mailboxes", SEVERITY_ERROR,
                                "Linux: intel,wakeup-mailbox.yaml",
                                "A device tree has two wakeup mailboxes.", NULL},
    [RULE_SOURCES_CPUS_DIFFER] = {"sources-cpus-differ", SEVERITY_ERROR,
                                  "Muster: muster_discover_both()",
                                  "ACPI and the device tree list different usable processors.",
                                  NULL},
    [RULE_SOURCES_MAILBOX_DIFFERS] = {"sources-mailbox-differs", SEVERITY_ERROR,
                                      "Muster: muster_discover_both()",
                                      "ACPI and the device tree name different mailboxes.", NULL},
    [RULE_NO_WAY] = {"no-way", SEVERITY_ERROR, "Intel TDX: no INIT, no SIPI",
                     "There are APs, and nothing that could wake them is described.",
                     "A TD's firmware must publish a mailbox, by the MADT or a device tree."},
    [RULE_APIC_ID_NEEDS_X2APIC] = {"apic-id-needs-x2apic", SEVERITY_WARNING,
                                   "Intel SDM vol. 3, 11.12",
                                   "A usable CPU's APIC ID is 255 or more: an xAPIC cannot "
                                   "address it.",
                                   "Turn on x2APIC mode before discovery "
                                   "(muster_apic_enable_x2()), or in the firmware."},

    [RULE_APIC_ID_TWICE] = {"apic-id-twice", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.2; asterinas #1963",
                            "Two usable entries of one type have the same APIC ID.",
                            "Count each APIC ID once (Muster does); update the firmware."},
    [RULE_CPU_IN_BOTH_FORMS] = {"cpu-in-both-forms", SEVERITY_WARNING,
                                "ACPI 6.6, 5.2.12.12; asterinas #1963",
                                "A usable CPU is listed as local APIC and as local x2APIC: some "
                                "kernels count it twice.",
                                "Count each APIC ID once (Muster does)."},
    [RULE_ACPI_UID_TWICE] = {"acpi-uid-twice", SEVERITY_WARNING, "ACPI 6.6, 5.2.12.2",
                             "Two usable CPUs have the same ACPI processor UID.",
                             "Do not tell CPUs apart by their UID; update the firmware."},
    [RULE_LOCAL_APIC_ID_255] = {"local-apic-id-255", SEVERITY_ERROR,
                                "ACPI 6.6, 5.2.12.12; Intel SDM vol. 3, 11.12",
                                "An enabled local APIC entry has ID 255, which reaches everybody: "
                                "the CPU is dropped.",
                                "The firmware must list it as local x2APIC, with its 32-bit ID."},
    [RULE_X2APIC_ID_NONE] = {"x2apic-id-none", SEVERITY_ERROR, "ACPI 6.6, 5.2.12.12",
                             "An enabled local x2APIC entry has the ID that means none: the CPU "
                             "is dropped.",
                             "Update the firmware."},
    [RULE_X2APIC_ENTRY_BELOW_255] = {"x2apic-entry-below-255", SEVERITY_WARNING,
                                     "ACPI 6.6, 5.2.12.12; Linux: acpi_parse_x2apic()",
                                     "A CPU below ID 255 is listed as x2APIC only, beside local "
                                     "APIC entries: Linux ignores it.",
                                     "The firmware must list CPUs below 255 as local APICs, or all "
                                     "of them as x2APICs."},
    [RULE_ONLINE_CAPABLE_TOO_EARLY] = {"online-capable-too-early", SEVERITY_WARNING,
                                       "ACPI 6.3, 5.2.12.2",
                                       "An entry has the online-capable flag, and the MADT's "
                                       "revision is below 5, where it means nothing.",
                                       "Such CPUs are dropped, unless the host knows better "
                                       "(keep_disabled); the firmware must set revision 5."},
    [RULE_ENABLED_AND_ONLINE_CAPABLE] = {"enabled-and-online-capable", SEVERITY_WARNING,
                                         "ACPI 6.6, 5.2.12.2",
                                         "An entry is enabled and online-capable; the second must "
                                         "be 0 then.",
                                         "Take it as enabled (Muster does)."},
    [RULE_CPUS_DISABLED] = {"cpus-disabled", SEVERITY_NOTE, "ACPI 6.6, 5.2.12.2",
                            "CPUs are listed as neither enabled nor online-capable, and dropped.",
                            "Nothing, unless they should be there: then look at the firmware's "
                            "set-up."},
    [RULE_CPUS_MAY_COME] = {"cpus-may-come", SEVERITY_NOTE, "ACPI 6.6, 5.2.12.2",
                            "CPUs are not there and may be added later.",
                            "Keep room for them; do not wait for them at boot."},
    [RULE_BSP_NOT_FIRST] = {"bsp-not-first", SEVERITY_NOTE, "ACPI 6.6, 5.2.12.1; asterinas #2091",
                            "The BSP is not the first entry of the MADT.",
                            "Do not take the first entry for the BSP."},
    [RULE_ENTRY_TYPE_UNKNOWN] = {"entry-type-unknown", SEVERITY_NOTE, "ACPI 6.6, 5.2.12",
                                 "The MADT has entries of a type that ACPI 6.6 reserves; they are "
                                 "skipped.",
                                 "Nothing: types are skipped by their length."},
    [RULE_WAKEUP_V1_IN_16_BYTES] = {"wakeup-v1-in-16-bytes", SEVERITY_WARNING,
                                    "ACPI 6.6, 5.2.12.19; EDK2 TDVF before stable202311",
                                    "The mailbox is of version 1 and its entry 16 bytes long: "
                                    "there is no ResetVector.",
                                    "Judge version and length each by itself: such a mailbox works "
                                    "like version 0. Update the TDVF."},
    [RULE_WAKEUP_V0_WITH_RESET] = {"wakeup-v0-with-reset", SEVERITY_WARNING, "ACPI 6.6, 5.2.12.19",
                                   "The mailbox is of version 0 and its entry has a ResetVector.",
                                   "Do not use the ResetVector: version 0 takes no CPU back."},
    [RULE_WAKEUP_ENTRY_TWICE] = {"wakeup-entry-twice", SEVERITY_WARNING, "ACPI 6.6, 5.2.12.19",
                                 "There are two Multiprocessor Wakeup entries that say the same.",
                                 "Use either; update the firmware."},
    [RULE_WAKEUP_RESERVED_FIELD] = {"wakeup-reserved-field", SEVERITY_NOTE, "ACPI 6.6, 5.2.12.19",
                                    "The reserved field of a Multiprocessor Wakeup entry is not 0.",
                                    "Ignore it."},
    [RULE_MAILBOX_IN_USABLE_MEMORY] = {"mailbox-in-usable-memory", SEVERITY_ERROR,
                                       "ACPI 6.6, 5.2.12.19; asterinas #1628",
                                       "The mailbox lies in memory that is declared usable: the "
                                       "first allocation may overwrite it.",
                                       "Take the page into custody before the allocator runs "
                                       "(muster/custody.h); the firmware must declare it NVS."},
    [RULE_MAILBOX_NOT_NVS] = {"mailbox-not-nvs", SEVERITY_WARNING, "ACPI 6.6, 5.2.12.19",
                              "The mailbox lies in memory that is declared, but not as ACPI NVS.",
                              "A TD's Linux maps reserved memory as shared: map the page private. "
                              "The firmware must declare it NVS."},
    [RULE_MAILBOX_OUTSIDE_MAP] = {"mailbox-outside-map", SEVERITY_WARNING,
                                  "ACPI 6.6, 5.2.12.19; OpenHCL",
                                  "The memory map does not have the mailbox's page at all.",
                                  "Map the page anyway, private in a TD; the firmware must declare "
                                  "it NVS."},
    [RULE_MAILBOX_ABOVE_4G] = {"mailbox-above-4g", SEVERITY_WARNING,
                               "EDK2 TDVF: its tables map 4 GiB", "The mailbox lies above 4 GiB.",
                               "A kernel must be able to map it there; keep the wakeup vector "
                               "below 4 GiB."},
    [RULE_MAILBOX_UNCHECKED] = {"mailbox-unchecked", SEVERITY_NOTE, "ACPI 6.6, 5.2.12.19",
                                "No memory map was given: whether the mailbox lies in NVS was not "
                                "looked at.",
                                "Give a memory map too: /sys/firmware/memmap, or the BIOS-e820 "
                                "lines of the kernel's log."},
    [RULE_MAILBOX_IN_ONE_SOURCE] = {"mailbox-in-one-source", SEVERITY_NOTE,
                                    "Muster: muster_discover_both()",
                                    "ACPI and a device tree are given, and only one describes the "
                                    "mailbox.",
                                    "Look whether the kernel reads the one that does."},
    [RULE_TDVF_MEMORY_USABLE] = {"tdvf-memory-usable", SEVERITY_WARNING,
                                 "asterinas #1628; EDK2 TDVF before stable202411 and 202508",
                                 "This looks like an older TDVF, whose AP page tables and work "
                                 "area lie in memory that is declared usable.",
                                 "Adopt the APs, or take the ranges into custody, before the "
                                 "allocator touches memory; update the TDVF."},
    [RULE_SRAT_UNKNOWN_CPU] = {"srat-unknown-cpu", SEVERITY_WARNING, "ACPI 6.6, 5.2.16",
                               "The SRAT gives a NUMA node to a CPU that nobody lists.",
                               "Pass over it; look whether a CPU is missing."},
    [RULE_SRAT_CPU_TWICE] = {"srat-cpu-twice", SEVERITY_WARNING, "ACPI 6.6, 5.2.16",
                             "The SRAT puts a CPU into two NUMA nodes.",
                             "The first counts (Muster); update the firmware."},
    [RULE_TABLE_LONGER_IN_FILE] = {"table-longer-in-file", SEVERITY_WARNING, "ACPI 6.6, 5.2.6",
                                   "There are bytes behind the end that the table or tree says it "
                                   "has.",
                                   "If they belong to it, its length lies: entries are lost. Else "
                                   "the file has been padded."},
    [RULE_NO_CPU_SOURCE] = {"no-cpu-source", SEVERITY_NOTE, "Muster: muster_discover()",
                            "Neither a MADT nor a device tree was given: nothing lists CPUs.",
                            "Give the MADT (APIC) or the device tree too."},
    [RULE_ROOT_NOT_USED] = {"root-not-used", SEVERITY_NOTE, "ACPI 6.6, 5.2.5 to 5.2.8",
                            "RSDP, RSDT and XSDT as given do not lead to the other tables as "
                            "given: a root that does was made.",
                            "For all of the chain give acpidump's text, which tells addresses."},
    [RULE_MAP_OVERLAP] = {"map-overlap", SEVERITY_WARNING, "ACPI 6.6, 15.1",
                          "Two ranges of the memory map overlap and are of different types.",
                          "Let the more restrictive type win (Muster does)."},
    [RULE_MAP_RANGE] = {"map-range", SEVERITY_ERROR, "ACPI 6.6, 15.1",
                        "A range of the memory map ends before it begins, or wraps around.",
                        "Ignore the range; update the firmware."},
};

const struct rule *rule_of(enum rule_id id)
{
    return &rules[id];
}

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {"error", "warning", "note"};
    return names[severity];
}

void rules_print(void)
{
    printf("| rule | severity | source | what |\n|---|---|---|---|\n");
    for (int i = 0; i < RULE_COUNT; i++)
        printf("| `%s` | %s | %s | %s |\n", rules[i].name, severity_name(rules[i].severity),
               rules[i].source, rules[i].what);
}

/**
 * ACPI tables that describe processors (ACPI 6.6, 5.2): layouts only, little endian, packed.
 */
#ifndef ABI_ACPI_H
#define ABI_ACPI_H

#include <stdint.h>

#define ACPI_RSDP_SIGNATURE         "RSD PTR "
#define ACPI_RSDP_V0_BYTES          20u
#define ACPI_RSDP_EXTENDED_REVISION 2u /* from here on length, XSDT and a second checksum */
#define ACPI_SIGNATURE_RSDT         "RSDT"
#define ACPI_SIGNATURE_XSDT         "XSDT"
#define ACPI_SIGNATURE_MADT         "APIC"
#define ACPI_SIGNATURE_SRAT         "SRAT"

/* RSDP (5.2.5.3). The first 20 bytes are revision 0's. */
struct acpi_rsdp {
    char signature[8];
    uint8_t checksum;
    char oem_id[6];
    uint8_t revision;
    uint32_t rsdt_address;
    uint32_t length;
    uint64_t xsdt_address;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.6, 5.2.5.3");

/* The header of every system description table (5.2.6). */
struct acpi_header {
    char signature[4];
    uint32_t length;
    uint8_t revision;
    uint8_t checksum;
    char oem_id[6];
    char oem_table_id[8];
    uint32_t oem_revision;
    char creator_id[4];
    uint32_t creator_revision;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.6, 5.2.6");

/* MADT (5.2.12): this, then entries of type and length. */
struct acpi_madt {
    struct acpi_header header;
    uint32_t local_apic_address;
    uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt) == 44, "ACPI 6.6, 5.2.12");

#define ACPI_MADT_ONLINE_CAPABLE_REVISION 5u /* from here on flags bit 1 means something */

enum acpi_madt_type {
    ACPI_MADT_LOCAL_APIC = 0x00,
    ACPI_MADT_IO_APIC = 0x01,
    ACPI_MADT_INTERRUPT_OVERRIDE = 0x02,
    ACPI_MADT_NMI_SOURCE = 0x03,
    ACPI_MADT_LAPIC_NMI = 0x04,
    ACPI_MADT_LAPIC_ADDRESS_OVERRIDE = 0x05,
    ACPI_MADT_LOCAL_X2APIC = 0x09,
    ACPI_MADT_X2APIC_NMI = 0x0A,
    ACPI_MADT_WAKEUP = 0x10,
    ACPI_MADT_TYPE_LAST = 0x1B, /* PLIC; behind it all is reserved ... */
    ACPI_MADT_TYPE_OEM = 0x80,  /* ... up to here: OEMs' own */
};

#define ACPI_MADT_ENABLED        (1u << 0)
#define ACPI_MADT_ONLINE_CAPABLE (1u << 1)
#define ACPI_LOCAL_APIC_ID_NONE  0xFFu
#define ACPI_X2APIC_ID_NONE      0xFFFFFFFFu

struct acpi_madt_entry {
    uint8_t type;
    uint8_t length;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_entry) == 2, "ACPI 6.6, 5.2.12");

/* Processor Local APIC (5.2.12.2). */
struct acpi_madt_local_apic {
    struct acpi_madt_entry entry;
    uint8_t processor_uid;
    uint8_t apic_id;
    uint32_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_local_apic) == 8, "ACPI 6.6, 5.2.12.2");

/* I/O APIC (5.2.12.3). */
struct acpi_madt_io_apic {
    struct acpi_madt_entry entry;
    uint8_t io_apic_id;
    uint8_t reserved;
    uint32_t address;
    uint32_t interrupt_base;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_io_apic) == 12, "ACPI 6.6, 5.2.12.3");

/* Interrupt Source Override (5.2.12.5). */
struct acpi_madt_interrupt_override {
    struct acpi_madt_entry entry;
    uint8_t bus;
    uint8_t source;
    uint32_t interrupt;
    uint16_t flags;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_interrupt_override) == 10, "ACPI 6.6, 5.2.12.5");

/* NMI Source (5.2.12.6). */
struct acpi_madt_nmi_source {
    struct acpi_madt_entry entry;
    uint16_t flags;
    uint32_t interrupt;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_nmi_source) == 8, "ACPI 6.6, 5.2.12.6");

/* Local APIC NMI (5.2.12.7). */
struct acpi_madt_lapic_nmi {
    struct acpi_madt_entry entry;
    uint8_t processor_uid; /* 0xFF: all */
    uint16_t flags;
    uint8_t lint;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_lapic_nmi) == 6, "ACPI 6.6, 5.2.12.7");

/* Local APIC Address Override (5.2.12.8). */
struct acpi_madt_lapic_address_override {
    struct acpi_madt_entry entry;
    uint16_t reserved;
    uint64_t address;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_lapic_address_override) == 12, "ACPI 6.6, 5.2.12.8");

/* Processor Local x2APIC (5.2.12.12). */
struct acpi_madt_local_x2apic {
    struct acpi_madt_entry entry;
    uint16_t reserved;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t processor_uid;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_local_x2apic) == 16, "ACPI 6.6, 5.2.12.12");

/* Local x2APIC NMI (5.2.12.13). */
struct acpi_madt_x2apic_nmi {
    struct acpi_madt_entry entry;
    uint16_t flags;
    uint32_t processor_uid; /* 0xFFFFFFFF: all */
    uint8_t lint;
    uint8_t reserved[3];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_x2apic_nmi) == 12, "ACPI 6.6, 5.2.12.13");

/* Multiprocessor Wakeup (5.2.12.19): 16 bytes up to ACPI 6.5, 24 from 6.6 on. */
struct acpi_madt_wakeup {
    struct acpi_madt_entry entry;
    uint16_t mailbox_version;
    uint32_t reserved;
    uint64_t mailbox_address;
    uint64_t reset_vector; /* only with length 24 */
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_madt_wakeup) == 24, "ACPI 6.6, 5.2.12.19");

/* SRAT (5.2.16): this, then structures of type and length as in the MADT. */
struct acpi_srat {
    struct acpi_header header;
    uint32_t reserved0;
    uint64_t reserved1;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_srat) == 48, "ACPI 6.6, 5.2.16");

enum acpi_srat_type {
    ACPI_SRAT_LOCAL_APIC = 0x00,
    ACPI_SRAT_MEMORY = 0x01,
    ACPI_SRAT_LOCAL_X2APIC = 0x02,
};

#define ACPI_SRAT_ENABLED (1u << 0)

/* Processor Local APIC/SAPIC Affinity (5.2.16.1). */
struct acpi_srat_local_apic {
    uint8_t type;
    uint8_t length;
    uint8_t domain_low;
    uint8_t apic_id;
    uint32_t flags;
    uint8_t sapic_eid;
    uint8_t domain_high[3];
    uint32_t clock_domain;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_srat_local_apic) == 16, "ACPI 6.6, 5.2.16.1");

/* Processor Local x2APIC Affinity (5.2.16.3). */
struct acpi_srat_local_x2apic {
    uint8_t type;
    uint8_t length;
    uint16_t reserved0;
    uint32_t domain;
    uint32_t apic_id;
    uint32_t flags;
    uint32_t clock_domain;
    uint32_t reserved1;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_srat_local_x2apic) == 24, "ACPI 6.6, 5.2.16.3");

/* Memory Affinity (5.2.16.2). */
struct acpi_srat_memory {
    uint8_t type;
    uint8_t length;
    uint32_t domain;
    uint16_t reserved0;
    uint64_t start_phys;
    uint64_t bytes;
    uint32_t reserved1;
    uint32_t flags;
    uint64_t reserved2;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_srat_memory) == 40, "ACPI 6.6, 5.2.16.2");

#define ACPI_MADT_WAKEUP_BYTES_V0 16u
#define ACPI_MADT_WAKEUP_BYTES_V1 24u

#endif

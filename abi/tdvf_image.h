/**
 * A TD firmware image (Intel TDVF Design Guide, chapter 11): the metadata that tells a host what
 * to put where before a TD's first instruction, and the HOBs (UEFI PI 1.7, vol. 3) it is given.
 */
#ifndef ABI_TDVF_IMAGE_H
#define ABI_TDVF_IMAGE_H

/* The image ends at 4 GiB; every vCPU starts there, in 32-bit protected mode, ESI = its index. */
#define TDVF_RESET_VECTOR 0xFFFFFFF0

/* The GUID of the footer, which ends the GUID-ed table, begins this far before the image's end. */
#define TDVF_TABLE_FOOTER_OFFSET 0x30

#define TDVF_SIGNATURE 0x46564454 /* "TDVF" */
#define TDVF_VERSION   1

#define TDVF_SECTION_BFV      0 /* code: measured, copied from the image */
#define TDVF_SECTION_CFV      1 /* variables: copied from the image */
#define TDVF_SECTION_TD_HOB   2
#define TDVF_SECTION_TEMP_MEM 3 /* zeroed and accepted */
#define TDVF_SECTION_PERM_MEM 4

#define HOB_HANDOFF                    0x0001
#define HOB_RESOURCE                   0x0003
#define HOB_END                        0xFFFF
#define HOB_HANDOFF_VERSION            9
#define HOB_RESOURCE_SYSTEM_MEMORY     0
#define HOB_RESOURCE_UNACCEPTED_MEMORY 7
#define HOB_ATTRIBUTES                 7 /* present, initialized, tested */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* 96b582de-1fb2-45f7-baea-a366c55a082d and e47a6535-984a-4798-865e-4685a7bf8ec2, as stored. */
#define TDVF_FOOTER_GUID                                                                           \
    {                                                                                              \
        0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08,  \
            0x2d                                                                                   \
    }
#define TDVF_METADATA_GUID                                                                         \
    {                                                                                              \
        0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47, 0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e,  \
            0xc2                                                                                   \
    }

/* An entry of the GUID-ed table, read from its end: data, then this. */
struct tdvf_table_entry {
    uint16_t bytes; /* of data and this */
    uint8_t guid[16];
} __attribute__((packed));
_Static_assert(sizeof(struct tdvf_table_entry) == 18, "EDK2 ResetVector");

struct tdvf_metadata {
    uint32_t signature;
    uint32_t bytes;
    uint32_t version;
    uint32_t section_count;
};
_Static_assert(sizeof(struct tdvf_metadata) == 16, "TDVF Design Guide, 11.2");

struct tdvf_section {
    uint32_t data_offset; /* in the image */
    uint32_t data_bytes;
    uint64_t memory_phys;
    uint64_t memory_bytes;
    uint32_t type;
    uint32_t attributes; /* bit 0: extend the measurement */
};
_Static_assert(sizeof(struct tdvf_section) == 32, "TDVF Design Guide, 11.2");

struct hob_header {
    uint16_t type;
    uint16_t bytes;
    uint32_t reserved;
};

struct hob_handoff {
    struct hob_header header;
    uint32_t version;
    uint32_t boot_mode;
    uint64_t memory_top, memory_bottom, free_top, free_bottom, end_of_list;
};
_Static_assert(sizeof(struct hob_handoff) == 56, "UEFI PI 1.7, vol. 3, 5.3");

struct hob_resource {
    struct hob_header header;
    uint8_t owner[16];
    uint32_t type;
    uint32_t attributes;
    uint64_t start_phys;
    uint64_t bytes;
};
_Static_assert(sizeof(struct hob_resource) == 48, "UEFI PI 1.7, vol. 3, 5.5");
#endif

#endif

/*
 * ACPI tables: RSDP, RSDT, XSDT, MADT with its wakeup entry, SRAT; what is discovered of them, and
 * the plan for it. An input: flags, the way in, the BSP, and pieces of memory (acpi_pieces.h).
 */
#include "tests/fuzz/acpi_pieces.h"
#include "tests/fuzz/firmware.h"

/** Where the reading begins. */
enum way_in {
    BY_RSDP, /* the first piece */
    BY_SCAN,
    BY_MADT, /* the second piece */
    WAYS_IN,
};

static struct firmware firmware;

static uint64_t piece_phys(unsigned number)
{
    return number < firmware.piece_count ? firmware.pieces[number].phys : 0;
}

static enum muster_status discover(enum way_in way_in, uint32_t bsp)
{
    if (way_in == BY_MADT)
        return muster_discover_madt(&firmware.machine, piece_phys(1), bsp);
    uint64_t rsdp_phys = way_in == BY_SCAN ? muster_rsdp_scan(&firmware.platform) : piece_phys(0);
    return muster_discover(&firmware.machine, rsdp_phys, bsp);
}

static void check_nodes(enum way_in way_in)
{
    struct muster_machine *machine = &firmware.machine;
    uint32_t before = machine->cpu_count;
    if (way_in == BY_MADT)
        return;
    enum muster_status status = muster_discover_nodes(machine, piece_phys(0));
    fuzz_require(machine->cpu_count == before, "the SRAT changed how many processors there are");
    for (uint32_t i = 0; status != MUSTER_OK && i < machine->cpu_count; i++)
        fuzz_require(machine->cpus[i].numa_node == MUSTER_NUMA_NODE_UNKNOWN,
                     "a refused SRAT left a node");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    unsigned flags = (unsigned)fuzz_number(&input, 1);
    enum way_in way_in = (enum way_in)(fuzz_number(&input, 1) % WAYS_IN);
    uint32_t bsp = (uint32_t)fuzz_number(&input, 2);
    struct acpi_piece piece;
    firmware_begin(&firmware, flags, &input);
    while (acpi_piece_next(&input, &piece))
        firmware_put(&firmware, piece.phys, piece.bytes, piece.count);
    enum muster_status status =
        discover(way_in, flags & FIRMWARE_UNKNOWN_BSP ? MUSTER_BSP_UNKNOWN : bsp);
    firmware_check(&firmware, status);
    if (status == MUSTER_OK)
        check_nodes(way_in);
    firmware_forget_maps(&firmware);
    return 0;
}

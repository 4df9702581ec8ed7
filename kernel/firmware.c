#include "kernel/firmware.h"

#include "abi/x86.h"
#include "boot/console.h"
#include "boot/json.h"
#include "boot/plural.h"
#include "kernel/kernel.h"

/* The tables that the first AP came on, as it found them. */
static struct {
    uint64_t cr3;
    unsigned levels;
    uint32_t cpus; /* that came on the same */
    uint32_t pages;
    uint64_t first_phys, last_phys;
    bool usable; /* the memory map called some of them free memory */
} tables;

static const char *declared(void)
{
    return tables.usable ? "usable" : "not-usable";
}

static enum muster_status look_at_page(void *context, const struct muster_page_visit *visit)
{
    (void)context;
    if (!visit->is_table)
        return MUSTER_OK;
    const struct muster_memory_range *range = muster_memory_find(&kernel.map, visit->phys);
    if (!tables.pages++ || visit->phys < tables.first_phys)
        tables.first_phys = visit->phys;
    if (visit->phys > tables.last_phys)
        tables.last_phys = visit->phys;
    tables.usable |= range && range->type == MUSTER_MEMORY_USABLE;
    return MUSTER_OK;
}

static void find_tables(void)
{
    const struct muster_machine *machine = &kernel.machine;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        const struct muster_slot *slot = &machine->slots[i];
        if (!tables.cr3 && slot->firmware_cr3) {
            tables.cr3 = slot->firmware_cr3;
            tables.levels = slot->firmware_levels;
        }
        tables.cpus += tables.cr3 && slot->firmware_cr3 == tables.cr3;
    }
}

void firmware_look(void)
{
    const struct muster_mailbox_description *mailbox = &kernel.machine.mailbox;
    if (kernel.plan.way != MUSTER_WAY_MAILBOX)
        return;
    find_tables();
    if (!tables.cr3)
        return;
    /* What custody could not walk it has told of; what was seen until then is told here. */
    (void)muster_paging_walk(&kernel.platform, tables.cr3, tables.levels, look_at_page, NULL);
    console_printf("firmware: mailbox entry of version %u and %u bytes; %u %s came on CR3 0x%lx, "
                   "%u %s of %u levels in 0x%lx-0x%lx, declared %s\n",
                   mailbox->version, mailbox->length, tables.cpus, plural(tables.cpus, "AP", "APs"),
                   tables.cr3, tables.pages, plural(tables.pages, "table", "tables"), tables.levels,
                   tables.first_phys, tables.last_phys + PAGE_BYTES - 1, declared());
}

void firmware_report(void)
{
    if (!tables.cr3) {
        json_text("firmware", NULL);
        return;
    }
    json_open("firmware", '{');
    json_number("mailbox_entry_bytes", kernel.machine.mailbox.length);
    json_hex("ap_cr3", tables.cr3);
    json_number("ap_levels", tables.levels);
    json_number("ap_count", tables.cpus);
    json_number("table_pages", tables.pages);
    json_hex("tables_first_phys", tables.first_phys);
    json_hex("tables_last_phys", tables.last_phys);
    json_text("tables_declared", declared());
    json_close('}');
}

/*
 * From top to bottom: the result, the machine, CPUs, proofs. Few CPUs have a line each; more stand
 * side by side in narrow columns, and if a screen does not hold them, on further pages.
 */
#include "kernel/display.h"

#include "boot/console.h"
#include "boot/native.h"
#include "boot/plural.h"
#include "boot/screen.h"
#include "kernel/kernel.h"
#include "kernel/memory.h"
#include "kernel/proof.h"
#include "kernel/report.h"

#define NS_PER_US   1000u
#define NS_PER_S    1000000000u
#define PAGE_TURN_S 6u

#define LINE_BYTES   256u
#define HEAD_ROWS    3u /* result, machine, and of CPUs that are not on */
#define FOOT_ROWS    1u
#define NAME_COLUMNS 26u /* of a proof */
#define CELL_COLUMNS 20u /* of a CPU in the narrow form */

struct layout {
    bool wide; /* a CPU has its own line */
    uint32_t across;
    uint32_t proof_rows;  /* with two lines above them, and below them what is broken */
    uint32_t first_count; /* CPUs on the first page */
    uint32_t page_count;  /* and on each further one */
    uint32_t pages;
};

static uint32_t there[MAX_CPUS]; /* indexes of those that are shown */
static uint32_t there_count;
static uint64_t first_wake_ns; /* from which times count: the TSC itself began at power-on */
static struct layout layout;

void display_open(const struct screen_mode *mode)
{
    kernel.screen = *mode;
    if (screen_mode_is_below(mode, FOUR_GIB))
        screen_open(mode);
}

void display_open_late(void)
{
    if (!screen_is_open())
        screen_open(&kernel.screen);
}

static uint32_t rows_for(uint32_t count, uint32_t across)
{
    return (count + across - 1) / across;
}

static uint32_t broken_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < proof_count; i++)
        count += proofs[i].state == PROOF_BROKEN;
    return count;
}

static void lay_out(void)
{
    uint32_t columns = screen_columns();
    /* Below the head each page has the table's own head, and the foot. */
    uint32_t body = screen_rows() - HEAD_ROWS - 1 - FOOT_ROWS;
    uint32_t proofs_across = columns / NAME_COLUMNS ? columns / NAME_COLUMNS : 1;
    layout.proof_rows = 2 + rows_for(proof_count, proofs_across) + broken_count();
    uint32_t first = body > layout.proof_rows ? body - layout.proof_rows : 0;
    layout.wide = there_count <= first;
    layout.across = layout.wide ? 1 : columns / CELL_COLUMNS;
    layout.first_count = first * layout.across;
    layout.page_count = body * layout.across;
    layout.pages = 1;
    if (there_count > layout.first_count)
        layout.pages += rows_for(there_count - layout.first_count, layout.page_count);
}

static void find_there(void)
{
    there_count = 0;
    first_wake_ns = UINT64_MAX;
    for (uint32_t i = 0; i < kernel.machine.cpu_count; i++) {
        uint64_t sent = kernel.machine.slots[i].stamps_ns[MUSTER_STAMP_WAKE_SENT];
        if (!kernel.machine.cpus[i].enabled)
            continue;
        there[there_count++] = i;
        if (sent && sent < first_wake_ns)
            first_wake_ns = sent;
    }
}

/* In microseconds since then; "-" for what was not reached, and for the BSP's own. */
static void time_text(char *text, size_t bytes, uint32_t index, enum muster_stamp stamp)
{
    uint64_t at = kernel.machine.slots[index].stamps_ns[stamp];
    if (at < first_wake_ns || index == kernel.machine.bsp)
        text_format(text, bytes, "-");
    else
        text_format(text, bytes, "%lu", (at - first_wake_ns) / NS_PER_US);
}

static const char *way_of(uint32_t index)
{
    return index == kernel.machine.bsp ? "BSP" : muster_way_name(kernel.plan.way);
}

static bool cpu_is_well(uint32_t index)
{
    return cpu_if_active(index) != NULL;
}

static void show_wide(uint32_t row, uint32_t index)
{
    static const enum muster_stamp stamps[] = {
        MUSTER_STAMP_WAKE_SENT, MUSTER_STAMP_FIRST_INSTRUCTION, MUSTER_STAMP_LONG_MODE,
        MUSTER_STAMP_PARKED, MUSTER_STAMP_ON};
    char line[LINE_BYTES], text[24];
    size_t length = text_format(line, sizeof(line), "%4u%9u  %-9s%-8s", index,
                                kernel.machine.cpus[index].apic_id, way_of(index),
                                muster_cpu_state_name(report_cpu_state(index)));
    for (unsigned i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        time_text(text, sizeof(text), index, stamps[i]);
        length += text_format(line + length, sizeof(line) - length, "%9s", text);
    }
    screen_put(row, 0, cpu_is_well(index) ? SCREEN_PLAIN : SCREEN_BAD, line);
}

static void show_narrow(uint32_t row, uint32_t column, uint32_t index)
{
    char line[LINE_BYTES], text[24];
    time_text(text, sizeof(text), index, MUSTER_STAMP_ON);
    text_format(
        line, sizeof(line), "%4u %-6s%7s", kernel.machine.cpus[index].apic_id,
        index == kernel.machine.bsp ? "BSP" : muster_cpu_state_name(report_cpu_state(index)), text);
    screen_put(row, column, cpu_is_well(index) ? SCREEN_PLAIN : SCREEN_BAD, line);
}

/* Gives the row below them. */
static uint32_t show_cpus(uint32_t begin, uint32_t count)
{
    uint32_t row = HEAD_ROWS;
    if (layout.wide)
        screen_put(row, 0, SCREEN_TITLE,
                   " CPU  APIC ID  way      state        sent    first     long   parked       on");
    for (uint32_t i = 0; !layout.wide && i < layout.across; i++)
        screen_put(row, i * CELL_COLUMNS, SCREEN_TITLE, "APIC state      on");
    uint32_t rows = rows_for(count, layout.across);
    for (uint32_t i = 0; i < count; i++)
        if (layout.wide)
            show_wide(row + 1 + i, there[begin + i]);
        else /* down, and then across */
            show_narrow(row + 1 + i % rows, i / rows * CELL_COLUMNS, there[begin + i]);
    return row + 1 + rows;
}

static void show_result(uint32_t page)
{
    char line[LINE_BYTES];
    uint32_t columns = screen_columns();
    bool well = report_is_well();
    text_format(line, sizeof(line), "Muster: %s: %u of %u %s on, by %s", well ? "ok" : "FAILED",
                cpu_active_count(), there_count, plural(there_count, "CPU", "CPUs"),
                muster_way_name(kernel.plan.way));
    screen_put(0, 0, well ? SCREEN_GOOD : SCREEN_BAD, line);
    size_t length = text_format(line, sizeof(line), "page %u of %u", page + 1, layout.pages);
    screen_put(0, columns - (uint32_t)length, SCREEN_TITLE, line);
}

/* The processor's own name (SDM vol. 2, CPUID, 80000002h to 80000004h); empty if it has none. */
static void read_brand(char brand[CPUID_BRAND_BYTES + 1])
{
    uint32_t r[4];
    memset(brand, 0, CPUID_BRAND_BYTES + 1);
    kernel.platform.cpuid(kernel.platform.context, CPUID_EXTENDED_MAX, 0, r);
    if (r[0] < CPUID_BRAND + 2)
        return;
    for (uint32_t i = 0; i < 3; i++) {
        kernel.platform.cpuid(kernel.platform.context, CPUID_BRAND + i, 0, r);
        memcpy(brand + i * sizeof(r), r, sizeof(r));
    }
}

static void show_machine(void)
{
    char line[LINE_BYTES], brand[CPUID_BRAND_BYTES + 1];
    read_brand(brand);
    const char *name = brand;
    while (*name == ' ')
        name++;
    text_format(line, sizeof(line), "%s; times in microseconds since the first wake", name);
    screen_put(1, 0, SCREEN_PLAIN, line);
}

/* The first one's reason is most often that of all. */
static void show_failed(void)
{
    char line[LINE_BYTES], reason[REPORT_FAILURE_BYTES];
    uint32_t count = 0, first = 0;
    for (uint32_t i = 0; i < there_count; i++)
        if (!cpu_is_well(there[i]) && count++ == 0)
            first = there[i];
    if (!count)
        return;
    text_format(line, sizeof(line), "%u not on; the first, APIC ID %u: %s", count,
                kernel.machine.cpus[first].apic_id, report_failure(first, reason));
    screen_put(2, 0, SCREEN_BAD, line);
}

/* Below the first page's CPUs: each by name, and what is wrong with those that are broken. */
static void show_proofs(uint32_t row)
{
    static const enum screen_colour tones[] = {[PROOF_HELD] = SCREEN_GOOD,
                                               [PROOF_BROKEN] = SCREEN_BAD,
                                               [PROOF_NOT_APPLICABLE] = SCREEN_PLAIN};
    static const char *const words[] = {
        [PROOF_HELD] = "held", [PROOF_BROKEN] = "BROKEN", [PROOF_NOT_APPLICABLE] = "-"};
    char line[LINE_BYTES];
    uint32_t across = screen_columns() / NAME_COLUMNS;
    uint32_t rows = rows_for(proof_count, across);
    row++;
    uint32_t detail = row + 1 + rows;
    screen_put(row++, 0, SCREEN_TITLE, "Proofs on every CPU (-: not applicable here)");
    for (uint32_t i = 0; i < proof_count; i++) {
        text_format(line, sizeof(line), "%-18s%s", proofs[i].name, words[proofs[i].state]);
        screen_put(row + i % rows, i / rows * NAME_COLUMNS, tones[proofs[i].state], line);
        if (proofs[i].state != PROOF_BROKEN)
            continue;
        text_format(line, sizeof(line), "%s: %s", proofs[i].name, proofs[i].detail);
        screen_put(detail++, 0, SCREEN_BAD, line);
    }
}

static void show_page(uint32_t page)
{
    uint32_t begin = page ? layout.first_count + (page - 1) * layout.page_count : 0;
    uint32_t most = page ? layout.page_count : layout.first_count;
    uint32_t count = there_count - begin < most ? there_count - begin : most;
    screen_clear();
    show_result(page);
    show_machine();
    show_failed();
    uint32_t below = show_cpus(begin, count);
    if (page == 0)
        show_proofs(below);
    screen_put(screen_rows() - 1, 0, SCREEN_TITLE,
               "Done. Switch off at will. COM1 (115200 8N1), if there is one, has had all of it.");
}

void display_show(void)
{
    if (!screen_is_open())
        return;
    find_there();
    lay_out();
    show_page(0);
}

void display_turn_pages(void)
{
    if (!screen_is_open() || layout.pages < 2)
        return;
    for (uint32_t page = 1;; page = (page + 1) % layout.pages) {
        native_delay_ns((uint64_t)PAGE_TURN_S * NS_PER_S);
        show_page(page);
    }
}

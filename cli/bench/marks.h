/**
 * The moments of a boot that QEMU's own time stamps show, of any guest: INITs and SIPIs, lines on
 * the serial port, reads of fw_cfg, our programs' marks, and the first instruction of each CPU.
 *
 * Who sends for the CPUs is told by the SIPI's vector, and SeaBIOS has one that nobody else uses.
 */
#ifndef CLI_BENCH_MARKS_H
#define CLI_BENCH_MARKS_H

#include <stdbool.h>

#include <glib.h>

#define MARKS_NEVER (-1)

/** SeaBIOS's, which starts its APs at 0x10000. */
#define MARKS_SEABIOS_VECTOR 0x10

/** QEMU's events besides that of apic_trace.h, for -trace. */
#define MARKS_SERIAL_EVENT "serial_write"
#define MARKS_FW_CFG_EVENT "fw_cfg_select"

/** One program's sending for CPUs. Times are microseconds since 1970; MARKS_NEVER: not seen. */
struct marks_phase {
    unsigned vector;
    gint64 init_us; /* the first INIT */
    gint64 sipi_us; /* the first SIPI */
    guint inits, sipis;
    guint enables; /* APICs that were switched on behind the first SIPI: writes of register 0xF0 */
    gint64 enable_us; /* the last of these that can be an AP's */
    gint64 fw_cfg_us; /* firmware reads fw_cfg again, and not the number of CPUs */
};

struct marks {
    guint cpus;         /* that the machine has */
    guint64 entry_phys; /* where APs begin, to see it; 0: not looked for */
    bool seabios;

    gint64 now_us;          /* the stamp of the latest line that has one */
    gint64 init_us;         /* an INIT whose SIPI has not come yet */
    GArray *phases;         /* struct marks_phase, in the order of their first SIPI */
    gint64 shim_on_us;      /* the shim's APs are at its mailbox */
    gint64 handover_us;     /* it starts the payload */
    gint64 bring_up_us;     /* our kernel is about to wake the first */
    gint64 all_on_us;       /* and has all */
    gint64 booting_us;      /* Linux says that it begins */
    gint64 brought_up_us;   /* Linux or Xen says that it has them */
    gint64 brought_up_cpus; /* how many */
    gint64 entered_us;      /* the last first instruction at entry_phys, as read; never the BSP's */
    GHashTable *entered;    /* by CPU index */
    bool entered_open;      /* entered_us is when we read it; the next stamp may be earlier */

    GString *text; /* the line on the serial port, as far as it has come */
    gint64 text_us;
};

void marks_init(struct marks *marks, guint cpus, bool seabios, guint64 entry_phys);
void marks_clear(struct marks *marks);

/** A line of QEMU's log, which was read at @read_us (which counts for lines without a stamp). */
void marks_line(struct marks *marks, const char *line, gint64 read_us);

/** SeaBIOS's phase, or the first of anybody else; NULL if there is none. */
const struct marks_phase *marks_firmware(const struct marks *marks);
const struct marks_phase *marks_guest(const struct marks *marks);

#endif

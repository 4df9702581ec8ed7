/**
 * The monitor's options: words of fw_cfg's opt/muster/monitor (docs/monitor.md).
 */
#ifndef MONITOR_OPTIONS_H
#define MONITOR_OPTIONS_H

/** Fill monitor's members of them; what is malformed or does not fit together is fatal. */
void options_read(void);

#endif

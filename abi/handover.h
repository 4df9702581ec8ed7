/**
 * Marks that a program writes to the local APIC's Timer Initial Count, so that a trace of APIC
 * writes shows, on its own clock, what no other register would: a moment. Each is followed by a 0.
 */
#ifndef ABI_HANDOVER_H
#define ABI_HANDOVER_H

#define HANDOVER_MARK 0x4D757374u /* "Must": the payload starts */
#define BRING_UP_MARK 0x4D755570u /* "MuUp": the first wake is next */
#define ALL_ON_MARK   0x4D754F6Eu /* "MuOn": every CPU that came is on */

#endif

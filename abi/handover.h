/**
 * The mark between firmware and what it boots: written to the local APIC's Timer Initial Count
 * just before the payload starts, so that a trace of APIC writes shows the hand-over.
 */
#ifndef ABI_HANDOVER_H
#define ABI_HANDOVER_H

#define HANDOVER_MARK 0x4D757374u /* "Must" */

#endif

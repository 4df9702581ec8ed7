/**
 * The PC's two 8259 interrupt controllers (Intel 8259A): their ports, as far as Muster needs them.
 */
#ifndef ABI_PIC_H
#define ABI_PIC_H

#define PIC_MASTER_DATA 0x21 /* interrupt mask */
#define PIC_SLAVE_DATA  0xA1
#define PIC_MASK_ALL    0xFF

#endif

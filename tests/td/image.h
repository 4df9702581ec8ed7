/**
 * A guest's firmware image for the tests: where it lies and what it is given. IMAGE_BYTES comes
 * from whoever includes this.
 */
#ifndef TESTS_TD_IMAGE_H
#define TESTS_TD_IMAGE_H

#define IMAGE_PHYS (0x100000000 - IMAGE_BYTES)
#define HOB_PHYS   0x7F0000
#define HOB_BYTES  0x1000
#define WORK_PHYS  0x800000 /* private memory, zeroed and accepted */
#define WORK_BYTES 0x10000

#endif

/* The rate of this machine's time stamp counter. */
#ifndef VM_TSC_H
#define VM_TSC_H

#include <stdint.h>

/* In kHz; 0: not known. Blocks some 20 ms. */
uint64_t tsc_khz(void);

#endif

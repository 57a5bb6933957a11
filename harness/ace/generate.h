/*
 * Bounded, exhaustive generation of sequences, after ACE (Mohan and others,
 * OSDI 2018): every operation of a fixed list on a fixed set of names, and
 * behind it every persistence point that has to do with it.
 *
 * seq-1 has one operation, seq-2 two, the first perhaps followed by a
 * persistence point. What the operations need is made in the setup, which is
 * durable before they begin. Sequences have numbers that never change with the
 * same version of this file; those of seq-2 have gaps, where what the number
 * stands for cannot be.
 */
#ifndef ACE_GENERATE_H
#define ACE_GENERATE_H

#include "ace/sequence.h"

/* One more than the largest number, by the number of operations (1 or 2). */
uint64_t ace_numbers(unsigned operations);

/* -ENOENT: no sequence has that number. Its name is "seq1-7". */
int ace_generate(unsigned operations, uint64_t number,
		 struct ace_sequence *ret);

/* "ace-seq1", "ace-seq2": their operations; 0: no such suite. */
unsigned ace_suite_operations(const char *suite);

#endif

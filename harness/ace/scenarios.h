/*
 * Suites of sequences as scenarios: what `powercut run --suite ace-seq1` runs.
 *
 *	ace-seq1      each sequence of one operation
 *	ace-seq2      sequences of two, a sample of them
 *	ace-recipes   those in workloads/ace/recipes, each by itself
 *
 * The rest of a scenario is workloads/ace/scenario.yaml's. A recording holds a
 * batch of sequences.
 */
#ifndef ACE_SCENARIOS_H
#define ACE_SCENARIOS_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;
struct scenario;

#define ACE_BATCH 100		 /* sequences in one recording, at most */
#define ACE_SAMPLE_ALL UINT64_MAX
#define ACE_SAMPLE_DEFAULT 100 /* of ace-seq2 */

struct ace_request {
	const char *suite;
	const char *folder; /* workloads/ace */
	uint64_t sample; /* so many sequences; 0: ace-seq1 all, ace-seq2
			  * ACE_SAMPLE_DEFAULT */
	uint64_t seed;	 /* that draws them */
	uint64_t batch;	 /* 0: ACE_BATCH; 1: each on a file system of its own */
};

/* Whether there is such a suite; ace_suite_names: "a, b or c" for messages. */
int ace_suite_exists(const char *suite);
extern const char ace_suite_names[];

/* The scenarios, and their list, are the caller's to free. -EINVAL: a recipe that
 * is none, FILE:LINE:COLUMN in the message. */
int ace_scenarios(const struct ace_request *r, struct scenario ***ret,
		  size_t *ret_n, struct error *e);
/* A line for each sequence: its name and its text. */
int ace_list(const struct ace_request *r, struct buf *ret, struct error *e);

#endif

/*
 * What is run of suites: a row is one scenario on one file system, with some
 * seeds; a job is one run of it. The matrix has a line for each row.
 */
#ifndef SUITE_ROWS_H
#define SUITE_ROWS_H

#include "suite/suite.h"

struct error;

/* What was asked for on the command line. */
struct suite_selection {
	char **filesystems; /* types, NULL-terminated; NULL: as the suite says */
	const uint64_t *seeds;
	size_t n_seeds;	    /* 0: as the suite says */
	const char *only;   /* glob(7) over SYSTEM/NAME or NAME; NULL: all */
	int quick;	    /* only the quick subset */
};

struct suite_row {
	const struct suite *suite;
	const struct suite_entry *entry;
	struct scenario scenario; /* on its file system; borrows the entry's */
	char *note; /* what had to be changed for that, or NULL. Owned */
	const uint64_t *seeds; /* borrowed; or &scenario.seed */
	size_t n_seeds;
	size_t turn; /* rows with a lower one are run first: those of one file
		      * system together, so that guests stay warm */
};

struct suite_rows {
	struct suite_row **list; /* in the order of the suites */
	size_t n;
};

struct suite_job {
	struct suite_row *row;
	struct scenario scenario; /* with its seed; borrows the row's */
};

/* Appends what the selection leaves of the suite, which is borrowed. A scenario
 * whose own list of file systems has none of those asked for has no row. -EINVAL: a
 * scenario that cannot run where it is asked to. */
int suite_rows_add(struct suite_rows *rows, const struct suite *s,
		   const struct suite_selection *q, struct error *e);
/* Keeps the i-th of n shares (from 1): by the rows' names, so that it does not
 * depend on the order in the file; together the shares are all rows, each once. */
void suite_rows_shard(struct suite_rows *rows, uint64_t i, uint64_t n);
void suite_rows_release(struct suite_rows *rows);

/* One per row and seed, in the order in which to run them. Caller frees. */
struct suite_job *suite_jobs(const struct suite_rows *rows, size_t *ret_n);

#endif

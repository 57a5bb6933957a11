/* Scenarios run one after another, and what is printed of them: `powercut run`. */
#ifndef CMD_BATCH_H
#define CMD_BATCH_H

#include "cmd/options.h"
#include "cmd/session.h"
#include "suite/rows.h"

struct error;

struct batch_request {
	const struct command_line *line;
	const struct session_options *session;
	const struct suite_rows *rows;
	int matrix; /* the table that ends it is that of a suite */
	int first;  /* what is meant to be violated is judged until it is */
	const char *junit; /* file for all of them, or NULL */
};

/* Returns an enum exit_status. Blocks until all are done, or the user asked to
 * stop. */
int batch_run(const struct batch_request *q, struct error *e);

#endif

#ifndef CMD_EXPLAIN_MINIMAL_H
#define CMD_EXPLAIN_MINIMAL_H

#include <stdint.h>

#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/target.h"

struct error;

/* Judges at most so many states and prints what is left of t->state. Returns an
 * enum exit_status. */
int explain_minimal(const struct command_line *line,
		    const struct session_options *o, uint64_t judgements,
		    const struct target *t, const struct scenario *s,
		    struct error *e);

#endif

#ifndef CMD_EXPLAIN_FIX_H
#define CMD_EXPLAIN_FIX_H

#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/target.h"

struct error;

/* powercut explain --try-fix. Returns an enum exit_status: 0 cured, 1 not, 2 not
 * known. */
int explain_fix(const struct command_line *line,
		const struct session_options *o, const struct target *t,
		const struct scenario *s, struct error *e);

#endif

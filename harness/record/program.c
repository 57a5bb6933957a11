#include "record/program.h"

#include <errno.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/text.h"
#include "scenario/scenario.h"

/* Three lines: dd(1) and its like say what was wrong before they say how far
 * they came. */
char *program_complaint(const struct agent_result *r)
{
	char *line = text_last_lines(r->err.len ? &r->err : &r->out, 3);

	if (*line)
		return line;
	free(line);
	return NULL;
}

int program_missing(const struct scenario *s, const char *what,
		    const char *program, struct error *e)
{
	int err = error_set(e, ENOENT, "%s: there is no program '%s' in the "
			    "guest", what, program);

	error_hint(e, "add %s/%s.c, or name a program of the guest image",
		   s->folder, program);
	return err;
}

int program_must_run(struct agent *a, const struct scenario *s,
		     const char *what, const struct agent_run *run,
		     struct error *e)
{
	const char *const *argv = run->argv;
	struct agent_result result = { 0 };
	CLEANUP_FREE char *line = NULL;
	int err = agent_run(a, run, &result, e);

	if (err)
		return err;
	line = program_complaint(&result);
	if (result.not_found) {
		err = program_missing(s, what, argv[0], e);
	} else if (result.timed_out) {
		err = error_set(e, EPROTO, "%s: %s did not end in time%s%s",
				what, argv[0], line ? ": " : "",
				line ? line : "");
	} else if (result.status != 0) {
		err = error_set(e, EPROTO, "%s: %s ended with %s %d: %s", what,
				argv[0], result.signal ? "signal" : "status",
				result.signal ? result.signal : result.status,
				line ? line : "it said nothing");
	}
	agent_result_free(&result);
	return err;
}

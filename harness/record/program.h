/* A scenario's program in the guest, as a recording runs it. */
#ifndef RECORD_PROGRAM_H
#define RECORD_PROGRAM_H

#include "vm/agent.h"

struct error;
struct scenario;

/* Runs a program that must succeed, or the recording cannot begin: -EPROTO
 * with what it said, -ENOENT: there is none. what: the scenario's key. Errors
 * else as of vm/agent.h. */
int program_must_run(struct agent *a, const struct scenario *s,
		     const char *what, const struct agent_run *run,
		     struct error *e);
/* Says that there is no such program in the guest: -ENOENT. */
int program_missing(const struct scenario *s, const char *what,
		    const char *program, struct error *e);
/* What a program that failed said last, or NULL. Caller frees. */
char *program_complaint(const struct agent_result *r);

#endif

/* The cause of a state's loss, as `powercut explain` says it. */
#ifndef CMD_EXPLAIN_CAUSE_H
#define CMD_EXPLAIN_CAUSE_H

#include <jansson.h>

#include "cmd/target.h"
#include "journey/path.h"
#include "lab/home.h"
#include "run/journeys.h"

struct buf;
struct error;

struct explained {
	struct workload workload; /* for symbols; empty where it does not build */
	struct told told;
	struct cause cause;
	struct path path;
	char *stack; /* lines, "" */
};

/* message: what the check said, NULL: what the run's store has of that state.
 * recorded is borrowed until explained_release. -EINVAL: no such state. */
int explained_find(const struct home *home, const struct target *t,
		   const struct scenario *s, const struct recorded *recorded,
		   const char *state, const char *message,
		   struct explained *ret, struct error *e);
void explained_release(struct explained *x);

/* Lines, appended. */
void explained_text(const struct explained *x, struct buf *ret);
/* layer, layer_name, sentence, missing, file, offset, length, call, program,
 * thread, promise, promise_mark, stack, doubt, cut_ns, journey. */
json_t *explained_json(const struct explained *x);

#endif

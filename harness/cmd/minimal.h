/* What minimising found, as `powercut hunt` and `powercut explain --minimise`
 * say it. */
#ifndef CMD_MINIMAL_H
#define CMD_MINIMAL_H

#include <jansson.h>

#include "explain/minimise.h"

struct buf;

/* CUT:SURVIVORS with the recording's folder before it where it is not the
 * replay: what stands behind RUN@. Caller frees. */
char *minimal_name(const char *source, const char *state);

/* Lines of "  label   value"; name: minimal_name of its state. */
void minimal_text(const struct minimised *m, const char *name,
		  struct buf *ret);

/* Puts minimal_state, minimal_lost, losses, judgements, reproduced,
 * one_minimal, earliest and stable into the object; without a state all of
 * them null. */
void minimal_json(const struct minimised *m, const char *name, json_t *object);

#endif

/* What was tried against a loss, and what came of it, as `powercut explain` says it. */
#ifndef CMD_EXPLAIN_FIX_WORDS_H
#define CMD_EXPLAIN_FIX_WORDS_H

#include <jansson.h>

#include "run/fix.h"

struct buf;

/* Lines, appended; number: from 1. */
void fix_text(const struct fix *f, size_t number, const struct fix_result *r,
	      struct buf *ret);
/* by, fix, result, message, added, record_ns, record_ns_before, run. */
json_t *fix_json(const struct fix *f, const struct fix_result *r);

#endif

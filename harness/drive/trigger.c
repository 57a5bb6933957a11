#include "drive/trigger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/rng.h"

int trigger_init(struct trigger *t, const struct cut_trigger *from,
		 struct error *e)
{
	struct trigger made = { .kind = from->kind, .left = from->nth };
	struct rng rng = rng_init(from->seed);

	switch (from->kind) {
	case CUT_NONE:
	case CUT_TIME:
		break;
	case CUT_WRITE:
	case CUT_FLUSH:
	case CUT_MARK:
	case CUT_RANDOM:
		if (from->nth)
			break;
		return error_set(e, EINVAL, "cuts are counted from 1, not 0");
	default:
		return error_set(e, EINVAL, "unknown kind of cut %d",
				 (int)from->kind);
	}
	if (from->kind == CUT_RANDOM) {
		made.kind = CUT_WRITE;
		made.left = 1 + rng_below(&rng, from->nth);
	}
	if (from->kind == CUT_MARK && from->mark && *from->mark)
		made.mark = xstrdup(from->mark);
	*t = made;
	return 0;
}

void trigger_free(struct trigger *t)
{
	free(t->mark);
	*t = (struct trigger){ .kind = CUT_NONE };
}

static int counts(const struct trigger *t, const struct log_record *r,
		  const char *text)
{
	switch (t->kind) {
	case CUT_WRITE:
		return r->type == LOG_WRITE || r->type == LOG_ZEROES ||
		       r->type == LOG_DISCARD;
	case CUT_FLUSH:
		return r->type == LOG_FLUSH;
	case CUT_MARK:
		return r->type == LOG_MARK &&
		       (!t->mark || (strlen(t->mark) == r->payload &&
				     !memcmp(t->mark, text, r->payload)));
	default:
		return 0;
	}
}

int trigger_sees(struct trigger *t, const struct log_record *r,
		 const char *text)
{
	return t->left && counts(t, r, text) && --t->left == 0;
}

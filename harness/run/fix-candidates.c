/* What may help against a cause: the calls that the program could have made. */
#include "run/fix.h"

#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"

struct candidates {
	const struct cause *cause;
	struct fix *fixes;
	size_t n;
};

static const char *what_words(enum cure_what w)
{
	return w == CURE_SYNC_FILE   ? "sync" :
	       w == CURE_SYNC_PARENT ? "fsync of the directory" :
				       "syncfs";
}

static void add_cure(struct fix *f, enum cure_when when, enum cure_what what,
		     enum call_kind call)
{
	f->cures[f->n_cures++] = (struct cure){
		.when = when, .what = what, .call = call,
		.path = what == CURE_SYNC_FS ? NULL : f->pattern,
	};
}

static struct fix *add_fix(struct candidates *c)
{
	const struct operation *o = c->cause->accused;

	c->fixes = xrealloc(c->fixes, (c->n + 1) * sizeof(*c->fixes));
	c->fixes[c->n] = (struct fix){ .pattern = cure_pattern(o->path) };
	return &c->fixes[c->n++];
}

static void add(struct candidates *c, enum cure_when when, enum cure_what what)
{
	const struct call *call = c->cause->accused->call;
	struct fix *f = add_fix(c);
	const char *name = call->name ? call->name :
					call_kind_name(call->kind);

	add_cure(f, when, what, what == CURE_SYNC_FS ? 0 : call->kind);
	f->words = what == CURE_SYNC_FS ?
			   xstrdup("syncfs before each ack") :
		   when == CURE_BEFORE_ACK ?
			   xasprintf("%s before each ack, for each %s of %s",
				     what_words(what), name, f->pattern) :
			   xasprintf("%s after each %s of %s",
				     what_words(what), name, f->pattern);
}

/* Both the bytes and the name. */
static void add_both(struct candidates *c)
{
	struct fix *f = add_fix(c);
	const struct call *call = c->cause->accused->call;

	add_cure(f, CURE_AFTER_CALL, CURE_SYNC_FILE, call->kind);
	f->cures[f->n_cures++] = (struct cure){ .when = CURE_AFTER_CALL,
						.what = CURE_SYNC_PARENT,
						.call = CALL_RENAME };
	f->words = xasprintf("sync after each %s of %s, and fsync of the "
			     "directory after each rename",
			     call->name ? call->name :
					  call_kind_name(call->kind),
			     f->pattern);
}

static void add_file_fixes(struct candidates *c)
{
	int promised = c->cause->promise != NULL;

	add(c, promised ? CURE_BEFORE_ACK : CURE_AFTER_CALL, CURE_SYNC_FILE);
	add(c, promised ? CURE_AFTER_CALL : CURE_BEFORE_ACK, CURE_SYNC_FILE);
	add_both(c);
	add(c, CURE_BEFORE_ACK, CURE_SYNC_FS);
}

static void add_name_fixes(struct candidates *c)
{
	add(c, CURE_AFTER_CALL, CURE_SYNC_PARENT);
	add(c, CURE_BEFORE_ACK, CURE_SYNC_PARENT);
	add(c, CURE_BEFORE_ACK, CURE_SYNC_FS);
}

size_t fix_candidates(const struct cause *cause, struct fix **ret)
{
	struct candidates c = { .cause = cause };

	*ret = NULL;
	if (!cause->accused || !cause->accused->path ||
	    !*cause->accused->path)
		return 0;
	switch (cause->step) {
	case STEP_SYNC_FILE:
	case STEP_SYNC_MAPPING:
		add_file_fixes(&c);
		break;
	case STEP_SYNC_DIRECTORY:
		add_name_fixes(&c);
		break;
	default:
		break;
	}
	*ret = c.fixes;
	return c.n;
}

void fixes_free(struct fix *fixes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(fixes[i].pattern);
		free(fixes[i].words);
	}
	free(fixes);
}

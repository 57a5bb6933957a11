/*
 * What may help against a cause. First the calls that the program could have made:
 * of the accused file alone, then of all files, in the program's order. That is as
 * much as can be done for a program from outside; what is in its buffers, functions
 * of its own can write.
 */
#include "run/fix.h"

#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"

struct fix *fixes_add(struct fixes *f)
{
	f->list = xrealloc(f->list, (f->n + 1) * sizeof(*f->list));
	f->list[f->n] = (struct fix){ .by = FIX_BY_TRACER };
	return &f->list[f->n++];
}

static void fix_release(struct fix *f)
{
	free(f->pattern);
	free(f->mount);
	free(f->words);
	scenario_free(f->variant);
}

void fixes_release(struct fixes *f)
{
	for (size_t i = 0; i < f->n; i++)
		fix_release(&f->list[i]);
	free(f->list);
	*f = (struct fixes){ .n = 0 };
}

/* ---- one call ---- */

struct candidates {
	const struct cause *cause;
	struct fixes *fixes;
};

static const char *what_words(enum cure_what w)
{
	return w == CURE_SYNC_FILE   ? "sync" :
	       w == CURE_SYNC_PARENT ? "fsync of the directory" :
				       "syncfs";
}

static const char *name_of(const struct call *call)
{
	return call->name ? call->name : call_kind_name(call->kind);
}

/* Of the accused file, for such calls; for syncfs all of them will do. */
static void add_cure(struct fix *f, enum cure_when when, enum cure_what what,
		     enum call_kind call)
{
	f->cures[f->n_cures++] = (struct cure){
		.when = when, .what = what, .call = call,
		.path = what == CURE_SYNC_FS ? NULL : f->pattern,
	};
}

/* Of whatever file. */
static void add_any(struct fix *f, enum cure_what what, enum call_kind call)
{
	f->cures[f->n_cures++] = (struct cure){ .when = CURE_AFTER_CALL,
						.what = what, .call = call };
}

static struct fix *add_fix(struct candidates *c)
{
	struct fix *f = fixes_add(c->fixes);

	f->pattern = cure_pattern(c->cause->accused->path);
	return f;
}

static void add(struct candidates *c, enum cure_when when, enum cure_what what)
{
	const struct call *call = c->cause->accused->call;
	struct fix *f = add_fix(c);

	add_cure(f, when, what, what == CURE_SYNC_FS ? 0 : call->kind);
	f->words = what == CURE_SYNC_FS ?
			   xstrdup("syncfs before each ack") :
		   when == CURE_BEFORE_ACK ?
			   xasprintf("%s before each ack, for each %s of %s",
				     what_words(what), name_of(call),
				     f->pattern) :
			   xasprintf("%s after each %s of %s",
				     what_words(what), name_of(call),
				     f->pattern);
}

/* ---- several ---- */

/* Both the bytes and the name. */
static void add_both(struct candidates *c)
{
	struct fix *f = add_fix(c);
	const struct call *call = c->cause->accused->call;

	add_cure(f, CURE_AFTER_CALL, CURE_SYNC_FILE, call->kind);
	add_any(f, CURE_SYNC_PARENT, CALL_RENAME);
	f->words = xasprintf("sync after each %s of %s, and fsync of the "
			     "directory after each rename",
			     name_of(call), f->pattern);
}

/* For stores that count on the order of what they write. */
static struct fix *add_in_order(struct candidates *c)
{
	static const enum call_kind files[] = { CALL_WRITE, CALL_ALLOCATE,
						CALL_TRUNCATE, CALL_SYNC_RANGE,
						CALL_OPEN };
	static const enum call_kind names[] = { CALL_OPEN, CALL_RENAME,
						CALL_LINK, CALL_UNLINK,
						CALL_SYMLINK, CALL_MKDIR,
						CALL_RMDIR };
	struct fix *f = fixes_add(c->fixes);

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		add_any(f, CURE_SYNC_FILE, files[i]);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		add_any(f, CURE_SYNC_PARENT, names[i]);
	f->words = xstrdup("everything in the program's order: sync after each "
			   "write, allocation, truncation and msync(MS_ASYNC) "
			   "of any file, and fsync of the directory after each "
			   "name that is made, changed or removed");
	return f;
}

/* For what was stored behind the last of the calls, too. */
static void add_in_order_and_mapped(struct candidates *c)
{
	struct fix *f = add_in_order(c);
	CLEANUP_FREE char *words = f->words;

	f->cures[f->n_cures++] = (struct cure){ .when = CURE_BEFORE_ACK,
						.what = CURE_SYNC_FILE,
						.call = CALL_MAP };
	f->words = xasprintf("%s; sync of each mapped file before each ack",
			     words);
}

static void add_file_fixes(struct candidates *c)
{
	int promised = c->cause->promise != NULL;

	add(c, promised ? CURE_BEFORE_ACK : CURE_AFTER_CALL, CURE_SYNC_FILE);
	add(c, promised ? CURE_AFTER_CALL : CURE_BEFORE_ACK, CURE_SYNC_FILE);
	add_both(c);
	add(c, CURE_BEFORE_ACK, CURE_SYNC_FS);
	add_in_order(c);
}

static void add_before_acks(struct candidates *c)
{
	add(c, CURE_BEFORE_ACK, CURE_SYNC_FILE);
	add(c, CURE_BEFORE_ACK, CURE_SYNC_FS);
}

/* Into a mapping is stored without a call: a sync after mmap has nothing to sync,
 * and what is stored between two acks has no order but that of the program's own
 * msync. */
static void add_mapping_fixes(struct candidates *c)
{
	add_before_acks(c);
	add_in_order_and_mapped(c);
}

static void add_name_fixes(struct candidates *c)
{
	add(c, CURE_AFTER_CALL, CURE_SYNC_PARENT);
	add(c, CURE_BEFORE_ACK, CURE_SYNC_PARENT);
	add(c, CURE_BEFORE_ACK, CURE_SYNC_FS);
	add_in_order(c);
}

/* What is in a buffer has no call yet, nor a file: whatever the flushes write is
 * synced. */
static void add_flush_fix(struct candidates *c, enum cure_what sync,
			  enum call_kind call, const char *sync_words)
{
	struct fix *f = fixes_add(c->fixes);

	add_cure(f, CURE_BEFORE_ACK, CURE_FLUSH_BUFFERS, 0);
	add_cure(f, CURE_BEFORE_ACK, sync, call);
	f->words = xasprintf("flush of the programs' own buffers (C stdio, "
			     "Python) before each ack, and then %s",
			     sync_words);
}

static void add_flush_fixes(struct candidates *c)
{
	add_flush_fix(c, CURE_SYNC_FILE, CALL_WRITE,
		      "sync of each file written");
	add_flush_fix(c, CURE_SYNC_FS, 0, "syncfs");
}

void fix_candidates(const struct fix_question *q, struct fixes *ret)
{
	struct candidates c = { .cause = q->cause, .fixes = ret };
	const struct operation *o = q->cause->accused;
	int named = o && o->path && *o->path;

	switch (q->cause->step) {
	case STEP_SYNC_FILE:
		if (named)
			add_file_fixes(&c);
		break;
	case STEP_SYNC_MAPPING:
		if (named)
			add_mapping_fixes(&c);
		break;
	case STEP_SYNC_DIRECTORY:
		if (named)
			add_name_fixes(&c);
		break;
	/* The program did sync, and its file system did not all of it: once
	 * more, or by another way through it. */
	case STEP_FILE_SYSTEM:
		if (named)
			add_before_acks(&c);
		break;
	case STEP_FLUSH_BUFFER:
		add_flush_fixes(&c);
		break;
	case STEP_DRIVE:
		fix_add_drive(q, ret);
		break;
	case STEP_MOUNT:
		fix_add_mount(q, ret);
		break;
	case STEP_ATOMIC:
		fix_add_atomic(q, ret);
		break;
	default:
		break;
	}
}

/*
 * Halfway: one change of a file in several places, of which a part is there
 *
 * Between two syncs of a file nothing says in which order what was written into it
 * becomes durable, and nothing keeps a power cut from falling in between. Where old
 * content was written over, the file is then neither as it was nor as it should be,
 * and no sync would have helped.
 */
#include "journey/trial.h"

#include <inttypes.h>

#include "common/buf.h"

static int is_write(const struct operation *o)
{
	return o->kind == OPERATION_WRITE && o->inode;
}

static int was_made(const struct trial *t, uint64_t inode)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (t->j->operations[i].kind == OPERATION_NAME &&
		    t->j->operations[i].call->kind == CALL_OPEN &&
		    t->j->operations[i].inode == inode)
			return 1;
	return 0;
}

/* It stood there before the recording, or somebody had synced it. */
static int had_content(const struct trial *t, const struct operation *o)
{
	return o->offset < o->call->old_size &&
	       (!was_made(t, o->inode) ||
		journey_sync(t->j, o, 0, o->enter_ns));
}

/* b wrote over what the file had, before a and with no sync in between. */
static int is_part_with(const struct trial *t, const struct operation *b,
			const struct operation *a)
{
	return is_write(b) && b->inode == a->inode &&
	       b->exit_ns <= a->enter_ns && had_content(t, b) &&
	       !journey_sync(t->j, b, b->exit_ns, a->enter_ns);
}

static const struct operation *there(const struct trial *t,
				     const struct operation *a)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (t->standings[i].at == ON_MEDIA &&
		    is_part_with(t, &t->j->operations[i], a))
			return &t->j->operations[i];
	return NULL;
}

static void say(struct trial *t, const struct operation *a)
{
	const struct operation *b = t->witness;
	struct buf sentence = BUF_INIT, missing = BUF_INIT;

	answer_accuse(t, a);
	buf_printf(&missing, "nothing makes the writes to %s from call %" PRIu64
		   " to call %" PRIu64 " atomic, such as a log, or a copy that "
		   "takes its name",
		   a->path && *a->path ? a->path : "the file", b->call->number,
		   a->call->number);
	operation_words(a, &sentence);
	buf_puts(&sentence, ", were ");
	standing_words(&t->media, &t->ret->standing, &sentence);
	buf_puts(&sentence, " when the power failed, though ");
	operation_words(b, &sentence);
	buf_puts(&sentence, " over older ones, are on the media");
	answer_missing(&missing, &sentence);
	answer(t, (unsigned)t->ret->standing.at, STEP_TOGETHER, &sentence,
	       &missing);
}

int halfway_say(struct trial *t)
{
	for (size_t i = 0; i < t->j->n_operations; i++) {
		const struct operation *a = &t->j->operations[i];

		if (!is_write(a) || !trial_lost(t, i))
			continue;
		t->witness = there(t, a);
		if (t->witness) {
			say(t, a);
			return 1;
		}
	}
	return 0;
}

/* Which operation is most likely what a broken promise lacks. */
#include "journey/trial.h"

#include <ctype.h>
#include <string.h>

/* What is promised once it stands in a log: its path says that it is one, as
 * pg_wal/000000010000000000000001 or 000005.log does. */
static int is_log(const char *path)
{
	static const char *const words[] = {"wal", "log", "aof"};

	for (const char *p = path; p && *p;) {
		size_t n = 0;

		while (isalpha((unsigned char)p[n]))
			n++;
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (n == strlen(words[i]) && !memcmp(p, words[i], n))
				return 1;
		p += n + !n;
	}
	return 0;
}

/* SQLite's: it has what was before. */
static int is_rollback(const char *path)
{
	static const char end[] = "-journal";
	size_t n = path ? strlen(path) : 0;

	return n >= sizeof(end) - 1 && !strcmp(path + n - sizeof(end) + 1, end);
}

/* The more of these, the more likely it is what the check missed. */
static unsigned weight(const struct trial *t, size_t i)
{
	const struct operation *o = &t->j->operations[i];
	const struct call *ack = t->broken->ack->call;
	unsigned w = 0;

	if (trial_has_words(t, o))
		w += 16;
	if (t->media.n_fates && t->standings[i].at == AT_DRIVE)
		w += 8;
	if (o->call->pid == ack->pid)
		w += 4;
	if (o->kind == OPERATION_WRITE || o->kind == OPERATION_STORE)
		w += is_log(o->path) ? 3 : is_rollback(o->path) ? 1 : 2;
	return w;
}

static const struct operation *
accuse_in(const struct trial *t, int (*among)(const struct trial *t, size_t i))
{
	const struct operation *best = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < t->j->n_operations; i++) {
		if (!among(t, i) || (best && weight(t, i) <= most))
			continue;
		best = &t->j->operations[i];
		most = weight(t, i);
	}
	return best;
}

/* There are writes to a log, and what is accused is none of them and has
 * nothing of the promise in it: what was promised by the log had not come to it
 * yet. PostgreSQL's pages, which are written at any time, where the commit is
 * in its buffers (synchronous_commit=off). */
const struct operation *accused_log_left_out(const struct trial *t,
					     const struct operation *accused)
{
	if (is_log(accused->path) || trial_has_words(t, accused))
		return NULL;
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (t->j->operations[i].kind == OPERATION_WRITE &&
		    is_log(t->j->operations[i].path))
			return &t->j->operations[i];
	return NULL;
}

static int in_window(const struct trial *t, size_t i)
{
	return promise_has(t->broken, &t->j->operations[i]) && trial_lost(t, i);
}

static int before_window(const struct trial *t, size_t i)
{
	return t->j->operations[i].exit_ns <= t->broken->until_ns &&
	       trial_lost(t, i);
}

/* A store into a page that is dirty already has no event of its own. */
static int stored_before(const struct trial *t, size_t i)
{
	const struct operation *o = &t->j->operations[i];

	return o->kind == OPERATION_STORE && before_window(t, i) &&
	       (t->broken->messenger ||
		o->call->pid == t->broken->ack->call->pid);
}

static int unknown_in_window(const struct trial *t, size_t i)
{
	return promise_has(t->broken, &t->j->operations[i]) &&
	       trial_unknown(t, i);
}

/* Its data left the program only behind the ack. */
static int carried_later(const struct trial *t, size_t i)
{
	const struct operation *o = &t->j->operations[i];

	return o->enter_ns > t->broken->until_ns && trial_lost(t, i) &&
	       trial_carries(o, t->broken->ack->mark->text);
}

static int carried_before(const struct trial *t, size_t i)
{
	return before_window(t, i) &&
	       trial_carries(&t->j->operations[i], t->broken->ack->mark->text);
}

/* A write between the ack and the cut of which only the head is known. */
const struct operation *accused_perhaps_later(const struct trial *t)
{
	for (size_t i = 0; i < t->j->n_operations; i++) {
		const struct operation *o = &t->j->operations[i];

		if (o->kind == OPERATION_WRITE &&
		    o->enter_ns > t->broken->until_ns &&
		    o->enter_ns <= t->media.guest_ns &&
		    (t->broken->messenger ||
		     o->call->pid == t->broken->ack->call->pid) &&
		    o->length > o->call->head_length)
			return o;
	}
	return NULL;
}

const struct operation *accused_in_window(const struct trial *t)
{
	return accuse_in(t, in_window);
}

const struct operation *accused_before_by_words(const struct trial *t)
{
	return accuse_in(t, carried_before);
}

const struct operation *accused_unknown(const struct trial *t)
{
	return accuse_in(t, unknown_in_window);
}

const struct operation *accused_before(const struct trial *t)
{
	return accuse_in(t,
			 t->broken->has_begin ? stored_before : before_window);
}

const struct operation *accused_later(const struct trial *t)
{
	return accuse_in(t, carried_later);
}

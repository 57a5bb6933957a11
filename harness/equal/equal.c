/*
 * Why two states are equal.
 *
 * What judging does (mount, check, unmount, fsck) is decided by what the guest
 * reads of the state, by the promises, and by what it starts from: the same
 * programs, empty caches, the same time on its clock. Nothing else of the state
 * reaches it. So let S be a state that was judged, and T one that was not, with
 * the same promises.
 *
 * 1. Unread. Let R be all units that the guest read of S at any time from mount
 * to the end of fsck, before it had itself overwritten them (drive/accesses.h).
 * If T holds in every unit of R what S holds, T is judged as S was.
 *
 *    Proof, by induction over the guest's reads: until the nth read both runs
 *    have read the same, so they did the same, so they read at the same place.
 *    There they get what they wrote themselves, which is the same, or what the
 *    state holds: that is in R, so it is the same.
 *
 * A unit is in R if any of its bytes was read, by read-ahead, too: R may be too
 * large, which only makes less states equal.
 *
 * 2. Recovered. A file system with a journal reads ahead through it when it
 * recovers, whatever is in there, so states that differ in the journal are
 * never equal by (1), even where recovery comes to the same. So let T be
 * mounted, too. It is judged as S was if
 *
 *    a. the mounts of S and T wrote the same units, and after the mounts these
 *       hold the same: in the file system and in the journal;
 *    b. T holds what S holds in all units outside of the journal that the mount
 *       of S read of it;
 *    c. T holds what S holds in all units that the guest read of S after the
 *       mount, inside of the journal and outside. (Those that the mount wrote
 *       in part or whole hold the same after it, by (a).)
 *
 *    Proof: outside of the journal, both mounts read the same, by (b). What
 *    recovery took from the journal it wrote, and that is the same, by (a): a
 *    file system recovers by writing what the journal says to where it belongs,
 *    waits until it is there, and only then goes on; what it reads elsewhere to
 *    do so (XFS: what it changes) serves these writes alone. It keeps two things in
 *    memory: pages of the units that it read or wrote, which hold the same by
 *    (a) and (b), and where its journal goes on, which it has written there
 *    before the mount returned, so that it is the same by (a): ext4 the number
 *    of the next transaction, in the journal's superblock (jbd2,
 *    journal_reset()); XFS cycle and block of the log's head, in the blocks that
 *    it clears in front of it (xlog_clear_stale_blocks()). That this was written
 *    is not taken for granted: `anchor` says where, and a mount that wrote
 *    nothing there has its reads inside of the journal counted as any others.
 *    From then on both guests have the same in memory, and (c) is (1) for the
 *    rest.
 *
 * What is assumed, then. For (1): that the programs and the kernel are
 * deterministic in what they are judged by. Threads may run in another order,
 * numbers may be random: a check that says now this and now that says nothing
 * about the state either, but it could say of T what it said of S by luck. For
 * (2), besides: that what is above about journals is so, and that a check reads
 * files, not the journal's own blocks through the device of a mounted file
 * system, where pages that recovery left in memory answer and not the drive.
 *
 * None of this is believed: it is audited. A seeded share of the states that
 * would be skipped is judged all the same. If one of them turns out other than
 * its equal, something that is assumed does not hold in this run. Then nothing
 * is equal any more, and what was skipped is judged after all.
 */
#include "equal/equal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/rng.h"
#include "equal/index.h"

#define MAX_FACTS (1u << 20) /* in each of the two: some 80 MiB */
#define ALWAYS_AUDITED 3     /* the first that would be skipped */

/* Facts that are not about units of the disk; no disk has so many units. */
#define FACT_PROMISES (UINT64_MAX - 2)
#define FACT_WRITTEN_LOW (UINT64_MAX - 1)
#define FACT_WRITTEN_HIGH UINT64_MAX

struct equal {
	struct equal_config config;
	uint64_t *varying;
	struct unit_run *journal;
	pthread_mutex_t lock;
	struct index *unread, *recovered;
	struct equal_judged **judged; /* entries do not move: they are lent */
	size_t n_judged, size;
	struct equal_totals totals;
	char *stopped; /* NULL: it has not */
};

static void *copy(const void *from, size_t size)
{
	void *to = xmalloc(size + 1);

	return size ? memcpy(to, from, size) : to;
}

struct equal *equal_new(const struct equal_config *c)
{
	struct equal *q = xcalloc(1, sizeof(*q));

	q->config = *c;
	q->varying = copy(c->varying, c->n_varying * sizeof(*c->varying));
	q->journal = copy(c->journal, c->n_journal * sizeof(*c->journal));
	pthread_mutex_init(&q->lock, NULL);
	q->unread = index_new(MAX_FACTS);
	q->recovered = index_new(MAX_FACTS);
	return q;
}

void equal_free(struct equal *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->n_judged; i++) {
		free((char *)q->judged[i]->name);
		free((char *)q->judged[i]->message);
		free(q->judged[i]);
	}
	free(q->judged);
	index_free(q->unread);
	index_free(q->recovered);
	pthread_mutex_destroy(&q->lock);
	free(q->varying);
	free(q->journal);
	free(q->stopped);
	free(q);
}

int equal_asks_mounted(const struct equal *q, struct unit_run *ret_asked)
{
	*ret_asked = q->config.anchor;
	return q->config.n_journal && q->config.anchor.count;
}

/* ---- asking ---- */

struct question {
	const struct equal_state *state;
	const struct drive_written *written; /* NULL: not mounted */
};

static uint64_t content_of(void *arg, uint64_t unit)
{
	const struct question *k = arg;

	if (unit == FACT_PROMISES)
		return k->state->promises;
	if (unit == FACT_WRITTEN_LOW)
		return k->written->hash_low;
	if (unit == FACT_WRITTEN_HIGH)
		return k->written->hash_high;
	return k->state->content(k->state->arg, unit);
}

/* The same for the same state, in whatever order they come. */
static int is_audited(const struct equal *q, const struct equal_state *s)
{
	struct rng rng = rng_init(q->config.seed ^ s->hash ^
				  (s->promises << 48));
	double drawn = (double)(rng_next(&rng) >> 11) / (double)(1ULL << 53);

	return q->config.audit > 0 &&
	       (q->totals.audited < ALWAYS_AUDITED || drawn < q->config.audit);
}

static struct equal_answer look_up(struct equal *q, const struct index *ix,
				   const struct question *k,
				   uint64_t *skipped)
{
	int64_t found = q->stopped ? -1 :
				     index_find(ix, content_of, (void *)k);
	struct equal_answer a = { NULL, 0 };

	if (found < 0)
		return a;
	/* The smallest state that shows a loss is worth being judged. */
	if (q->judged[found]->verdict == VERDICT_VIOLATED &&
	    k->state->lost < q->judged[found]->lost)
		return a;
	a.to = q->judged[found];
	a.audit = is_audited(q, k->state);
	if (a.audit)
		q->totals.audited++;
	else
		(*skipped)++;
	return a;
}

struct equal_answer equal_unread(struct equal *q, const struct equal_state *s)
{
	struct question k = { s, NULL };
	LOCKED(&q->lock);

	return look_up(q, q->unread, &k, &q->totals.unread);
}

struct equal_answer equal_recovered(struct equal *q,
				    const struct equal_state *s,
				    const struct drive_written *w)
{
	struct question k = { s, w };
	LOCKED(&q->lock);

	return look_up(q, q->recovered, &k, &q->totals.recovered);
}

/* ---- remembering ---- */

struct facts {
	struct fact *at; /* owned */
	size_t n, size;
};

static void add_fact(struct facts *f, const struct question *k, uint64_t unit)
{
	if (f->n == f->size) {
		f->size = f->size ? 2 * f->size : 256;
		f->at = xrealloc(f->at, f->size * sizeof(*f->at));
	}
	f->at[f->n++] =
		(struct fact){ unit, content_of((void *)k, unit) };
}

/* Runs, walked beside the units that are asked for. */
struct walk {
	const struct unit_run *at, *end;
};

/* Whether the unit is in the runs; units must be asked for ascending. */
static int walk_has(struct walk *w, uint64_t unit)
{
	while (w->at < w->end && w->at->first + w->at->count <= unit)
		w->at++;
	return w->at < w->end && w->at->first <= unit;
}

static struct walk walk_from(const struct drive_reads *r, int phase)
{
	return (struct walk){ r->runs[phase], r->runs[phase] + r->n[phase] };
}

/* Of the units in which states can differ those that were read; those of the
 * journal perhaps not, as far as they were read while mounting. */
static void add_reads(const struct equal *q, const struct question *k,
		      const struct drive_reads *r, int but_journal,
		      struct facts *f)
{
	struct walk mounting = walk_from(r, DRIVE_MOUNTING);
	struct walk after = walk_from(r, DRIVE_AFTER);
	struct walk journal = { q->journal,
				q->journal + (but_journal ?
						      q->config.n_journal :
						      0) };

	for (size_t i = 0; i < q->config.n_varying; i++) {
		uint64_t unit = q->varying[i];
		int left_out = walk_has(&journal, unit);
		int early = walk_has(&mounting, unit) && !left_out;

		if (walk_has(&after, unit) || early)
			add_fact(f, k, unit);
	}
}

static uint32_t keep(struct equal *q, const struct equal_judged *judged)
{
	struct equal_judged *j = xmalloc(sizeof(*j));

	*j = *judged;
	j->name = xstrdup(judged->name);
	j->message = judged->message ? xstrdup(judged->message) : NULL;
	if (q->n_judged == q->size) {
		q->size = q->size ? 2 * q->size : 256;
		q->judged = xrealloc(q->judged, q->size * sizeof(*q->judged));
	}
	q->judged[q->n_judged] = j;
	return (uint32_t)q->n_judged++;
}

static void remember_unread(struct equal *q, const struct equal_state *s,
			    const struct drive_reads *reads, uint32_t value)
{
	struct question k = { s, NULL };
	struct facts f = { 0 };

	add_fact(&f, &k, FACT_PROMISES);
	add_reads(q, &k, reads, 0, &f);
	index_add(q->unread, f.at, f.n, value);
	free(f.at);
}

static void remember_recovered(struct equal *q, const struct equal_state *s,
			       const struct drive_reads *reads,
			       const struct drive_written *w, uint32_t value)
{
	struct question k = { s, w };
	struct facts f = { 0 };

	add_fact(&f, &k, FACT_PROMISES);
	add_fact(&f, &k, FACT_WRITTEN_LOW);
	add_fact(&f, &k, FACT_WRITTEN_HIGH);
	add_reads(q, &k, reads, 1, &f);
	index_add(q->recovered, f.at, f.n, value);
	free(f.at);
}

void equal_remember(struct equal *q, const struct equal_state *s,
		    const struct drive_reads *reads,
		    const struct drive_written *w,
		    const struct equal_judged *judged)
{
	struct unit_run asked;
	uint32_t value;
	LOCKED(&q->lock);

	if (q->stopped || (judged->verdict != VERDICT_HELD &&
			   judged->verdict != VERDICT_VIOLATED))
		return;
	value = keep(q, judged);
	remember_unread(q, s, reads, value);
	if (equal_asks_mounted(q, &asked) && w && w->of_asked)
		remember_recovered(q, s, reads, w, value);
}

/* ---- the audit ---- */

static int same_message(const char *a, const char *b)
{
	CLEANUP_FREE char *x = store_pattern(a ? a : "");
	CLEANUP_FREE char *y = store_pattern(b ? b : "");

	return !strcmp(x, y);
}

int equal_compare(struct equal *q, const struct equal_answer *a,
		  const struct equal_judged *now)
{
	const struct equal_judged *to = a->to;
	LOCKED(&q->lock);

	if (to->verdict == now->verdict && to->stage == now->stage &&
	    same_message(to->message, now->message))
		return 0;
	q->totals.mismatches++;
	if (!q->stopped)
		q->stopped = xasprintf(
			"%s reads the same as %s, but is %s (%s) where that "
			"is %s (%s)", now->name, to->name,
			verdict_name(now->verdict),
			now->message ? now->message : "no complaint",
			verdict_name(to->verdict),
			to->message ? to->message : "no complaint");
	return -EBADMSG;
}

void equal_stop(struct equal *q, const char *why)
{
	LOCKED(&q->lock);

	if (!q->stopped)
		q->stopped = xstrdup(why);
}

struct equal_totals equal_totals(struct equal *q)
{
	LOCKED(&q->lock);

	return q->totals;
}

const char *equal_stopped(struct equal *q)
{
	LOCKED(&q->lock);

	return q->stopped;
}

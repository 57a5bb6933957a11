/*
 * Whether what makes an operation reachable was committed
 *
 * ext4: the transaction is known, and its blocks stand in the drive's log. It is
 * committed in a state that has all of its blocks, and all of the transactions
 * before it: recovery stops at the first that is not whole.
 *
 * Other file systems do not tell which of their log's writes belong to what. A
 * sync that covers the operation and returned before the cut has written all that
 * is needed: so what the file system wrote until then must be on the media, of XFS
 * what it wrote to its log. Without such a sync nothing was committed if nothing
 * was written since; else it is not known.
 */
#include "journey/standing.h"

#include <string.h>

static struct standing at(enum standing_at layer, size_t command)
{
	return (struct standing){ .at = layer,
				  .part = PART_REACH,
				  .command = command };
}

static struct standing not_known(const char *why)
{
	struct standing s = at(NOT_KNOWN, NO_INDEX);

	s.why = why;
	return s;
}

/* ---- ext4 ---- */

/* One transaction alone: the first of its writes that the state has not. */
static struct standing blocks_standing(const struct media *m, size_t index)
{
	const struct journey *j = m->journey;
	const struct ext4_transaction *t = &j->ext4.transactions[index];
	const struct command *commands = j->in.history->commands;
	struct standing s = at(ON_MEDIA, NO_INDEX);

	if (t->commit == NO_INDEX || commands[t->commit].submit > m->position)
		s = at(AT_JOURNAL, t->commit);
	for (size_t i = 0; i < t->n_commands && s.at != AT_JOURNAL; i++) {
		const struct command *c = &commands[t->commands[i]];
		enum media_has has = media_has(m, t->commands[i], c->offset,
					       c->length);

		if (has == MEDIA_FLIGHT)
			s = at(AT_BLOCK, t->commands[i]);
		else if (has == MEDIA_LOST && s.at != AT_BLOCK)
			s = at(AT_DRIVE, t->commands[i]);
	}
	s.transaction = t->number;
	return s;
}

struct standing transaction_standing(const struct media *m, size_t index)
{
	const struct journey *j = m->journey;
	const struct history *h = j->in.history;
	struct standing s = blocks_standing(m, index), before;

	for (size_t i = index; i-- > 0 && s.at == ON_MEDIA;) {
		const struct ext4_transaction *t = &j->ext4.transactions[i];

		if (!t->n_commands || !h->commands[t->commands[0]].number)
			break;
		before = blocks_standing(m, i);
		if (before.at != ON_MEDIA)
			s = before;
	}
	return s;
}

static size_t transaction_index(const struct journey *j, uint64_t number)
{
	for (size_t i = j->ext4.n; i-- > 0;)
		if (j->ext4.transactions[i].number == (uint32_t)number)
			return i;
	return NO_TRANSACTION;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static uint64_t first_time(const struct journey *j, size_t t)
{
	const struct ext4_transaction *x = &j->ext4.transactions[t];

	return x->n_commands ?
		       j->in.history->commands[x->commands[0]].guest_ns : 0;
}

static int shows(const struct journey *j, const struct operation *o, size_t t)
{
	const struct ext4_transaction *x = &j->ext4.transactions[t];
	struct ext4_inode in;

	switch (o->kind) {
	case OPERATION_NAME:
		return ext4_entry_in(&j->ext4, x, o->inode,
				     base_name(o->path));
	case OPERATION_SIZE:
		return ext4_inode_in(&j->ext4, x, o->inode, &in) &&
		       in.size == o->length;
	default:
		return 0;
	}
}

/* The first transaction in which the change can be seen: where nobody told which
 * one the call joined. */
static size_t first_that_shows(const struct journey *j,
			       const struct operation *o)
{
	for (size_t t = 0; t < j->ext4.n; t++)
		if (first_time(j, t) >= o->enter_ns && shows(j, o, t))
			return t;
	return NO_TRANSACTION;
}

static int can_be_shown(const struct operation *o)
{
	if (o->kind == OPERATION_NAME)
		return o->inode && o->call->kind != CALL_UNLINK &&
		       o->call->kind != CALL_RMDIR;
	return o->kind == OPERATION_SIZE && o->call->kind == CALL_TRUNCATE;
}

static struct standing reach_ext4(const struct media *m,
				  const struct operation *o)
{
	const struct journey *j = m->journey;
	uint64_t number = o->transaction;
	size_t index = number ? transaction_index(j, number) :
				first_that_shows(j, o);
	struct standing s;

	if (index != NO_TRANSACTION)
		return transaction_standing(m, index);
	if (!number && !can_be_shown(o))
		return not_known("the trace does not say which transaction of "
				 "the journal the call took part in");
	s = at(AT_JOURNAL, NO_INDEX);
	s.transaction = number;
	return s;
}

/* ---- others ---- */

static int in_pieces(const struct journal *x, const struct command *c)
{
	for (size_t i = 0; i < x->n; i++)
		if (c->offset < x->pieces[i].offset + x->pieces[i].length &&
		    x->pieces[i].offset < c->offset + c->length)
			return 1;
	return 0;
}

/* A write of a file's bytes, as far as is known. */
static int is_data(const struct journey *j, const struct command *c)
{
	const struct calls *calls = j->in.calls;

	for (size_t i = 0; i < calls->n_extents; i++) {
		const struct call_extent *x = &calls->extents[i];

		if (c->offset >= x->physical &&
		    c->offset + c->length <= x->physical + x->length)
			return 1;
	}
	return 0;
}

static int is_metadata(const struct journey *j, const struct command *c)
{
	if (c->type != LOG_WRITE && c->type != LOG_ZEROES)
		return 0;
	return j->journal.n ? in_pieces(&j->journal, c) : !is_data(j, c);
}

static struct standing synced(const struct media *m,
			      const struct operation *o,
			      const struct call *sync)
{
	const struct history *h = m->journey->in.history;
	struct standing s = at(ON_MEDIA, NO_INDEX);

	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];
		enum media_has has;

		if (c->guest_ns < o->enter_ns ||
		    c->guest_ns > sync->exit_ns ||
		    !is_metadata(m->journey, c))
			continue;
		has = media_has(m, i, c->offset, c->length);
		if (has == MEDIA_LOST || has == MEDIA_FLIGHT)
			s = at(has == MEDIA_LOST ? AT_DRIVE : AT_BLOCK, i);
	}
	return s;
}

static int wrote_metadata(const struct media *m, uint64_t from)
{
	const struct history *h = m->journey->in.history;

	for (size_t i = 0; i < h->n_commands; i++)
		if (h->commands[i].guest_ns >= from &&
		    h->commands[i].submit <= m->position &&
		    is_metadata(m->journey, &h->commands[i]))
			return 1;
	return 0;
}

struct standing reach_standing(const struct media *m,
			       const struct operation *o)
{
	const struct journey *j = m->journey;
	const struct call *sync;

	if (j->has_ext4)
		return reach_ext4(m, o);
	sync = journey_sync(j, o, o->exit_ns, m->guest_ns);
	if (sync)
		return synced(m, o, sync);
	if (wrote_metadata(m, o->enter_ns))
		return not_known("this file system does not tell which writes "
				 "of its own belong to the call");
	return at(AT_JOURNAL, NO_INDEX);
}

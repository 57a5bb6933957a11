/* Prose: standing.h. */
#include "journey/standing.h"

#include <fcntl.h>
#include <string.h>

static struct standing data_at(enum standing_at layer, size_t command,
			       uint64_t offset, uint64_t length)
{
	return (struct standing){ .at = layer,
				  .part = PART_DATA,
				  .command = command,
				  .offset = offset,
				  .length = length };
}

static struct standing data_not_known(const char *why, uint64_t offset,
				      uint64_t length)
{
	struct standing s = data_at(NOT_KNOWN, NO_INDEX, offset, length);

	s.why = why;
	return s;
}

/* What is known to be lost says more than what is not known, and that more
 * than what is on the media. */
static int tells_more(const struct standing *a, const struct standing *b)
{
	int x = a->at == NOT_KNOWN ? AT_DRIVE * 2 + 1 : (int)a->at * 2;
	int y = b->at == NOT_KNOWN ? AT_DRIVE * 2 + 1 : (int)b->at * 2;

	return x < y;
}

/* ---- the bytes ---- */

static int covers(const struct command *c, uint64_t offset, uint64_t length)
{
	return c->offset <= offset && offset + length <= c->offset + c->length;
}

/* How far they got at the drive, of all writes since that have them. */
static struct standing at_drive(const struct media *m, uint64_t copied,
				uint64_t physical, uint64_t length)
{
	const struct history *h = m->journey->in.history;
	struct standing s = data_at(AT_PAGES, NO_INDEX, 0, 0);

	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];
		enum media_has has;

		if (c->type == LOG_FLUSH || c->guest_ns < copied ||
		    !covers(c, physical, length))
			continue;
		has = media_has(m, i, physical, length);
		if (has == MEDIA_HAS)
			return data_at(ON_MEDIA, i, 0, 0);
		if (has == MEDIA_LOST && s.at != AT_DRIVE)
			s = data_at(AT_DRIVE, i, 0, 0);
		if (has == MEDIA_FLIGHT && s.at == AT_PAGES)
			s = data_at(AT_BLOCK, i, 0, 0);
	}
	return s;
}

static int is_request(const struct layer_event *ev)
{
	return ev->kind >= LAYER_QUEUE && ev->kind <= LAYER_ISSUE && ev->write;
}

static int was_requested(const struct media *m, uint64_t copied,
			 uint64_t physical, uint64_t length)
{
	const struct layers *l = m->journey->in.layers;

	for (size_t i = layers_from(l, copied); l && i < l->n; i++) {
		const struct layer_event *ev = &l->events[i];

		if (ev->time_ns > m->guest_ns)
			break;
		if (is_request(ev) && ev->offset <= physical &&
		    physical + length <= ev->offset + ev->length)
			return 1;
	}
	return 0;
}

/* Before a request existed. */
static enum standing_at above_requests(const struct media *m,
				       const struct operation *o)
{
	uint64_t copied = o->copied_ns;
	int direct = o->kind == OPERATION_WRITE &&
		     o->call->file_flags & O_DIRECT;

	return direct || copied > m->guest_ns ? AT_CALL : AT_PAGES;
}

static struct standing unit_standing(const struct media *m,
				     const struct operation *o,
				     uint64_t physical, uint64_t length)
{
	uint64_t copied = o->copied_ns;
	struct standing s;

	if (copied == TIME_NEVER)
		return data_at(AT_CALL, NO_INDEX, 0, 0);
	s = at_drive(m, copied, physical, length);
	if (s.at != AT_PAGES)
		return s;
	if (was_requested(m, copied, physical, length))
		s.at = AT_BLOCK;
	else
		s.at = above_requests(m, o);
	return s;
}

/* Unit by unit of the drive; data in file order. */
static struct standing run_standing(const struct media *m,
				    const struct operation *o, uint64_t offset,
				    const struct placed *p)
{
	uint64_t tear = m->journey->in.model->tear;
	struct standing worst = data_at(ON_MEDIA, NO_INDEX, offset, p->length);

	for (uint64_t done = 0; done < p->length;) {
		uint64_t at = p->physical + done, n = tear - at % tear;
		struct standing s;

		if (n > p->length - done)
			n = p->length - done;
		s = unit_standing(m, o, at, n);
		s.offset = offset + done;
		s.length = n;
		if (tells_more(&s, &worst))
			worst = s;
		else if (s.at == worst.at && s.at != ON_MEDIA &&
			 worst.offset + worst.length == s.offset)
			worst.length += n;
		done += n;
	}
	return worst;
}

/* Whether the kernel had begun to write the file back. */
static int written_back(const struct media *m, const struct operation *o,
			uint64_t copied)
{
	const struct layers *l = m->journey->in.layers;

	for (size_t i = layers_from(l, copied); l && i < l->n; i++) {
		const struct layer_event *ev = &l->events[i];

		if (ev->time_ns > m->guest_ns)
			break;
		if (ev->inode == o->inode &&
		    (ev->kind == LAYER_WRITEBACK || ev->kind == LAYER_FSYNC))
			return 1;
	}
	return 0;
}

/* No place on the disk is known. */
static struct standing placeless(const struct media *m,
				 const struct operation *o, uint64_t offset,
				 uint64_t length)
{
	uint64_t copied = o->copied_ns;
	const struct layers *l = m->journey->in.layers;

	if (copied == TIME_NEVER || copied > m->guest_ns)
		return data_at(AT_CALL, NO_INDEX, offset, length);
	if (!l || !l->traced || l->lost)
		return data_not_known("the kernel's tracepoints were not on, "
				      "or some of what they said was lost",
				      offset, length);
	if (!o->inode || written_back(m, o, copied) ||
	    journey_sync(m->journey, o, copied, m->guest_ns))
		return data_not_known("the kernel had begun to write the file "
				      "back, and nothing says where to",
				      offset, length);
	return data_at(AT_PAGES, NO_INDEX, offset, length);
}

static struct standing reach_of(const struct media *m,
				const struct operation *o,
				const struct placed *p)
{
	if (p->tied && p->transaction == NO_TRANSACTION)
		return (struct standing){ .at = ON_MEDIA,
					  .part = PART_REACH,
					  .command = NO_INDEX };
	if (p->tied)
		return transaction_standing(m, p->transaction);
	if (p->unreachable)
		return (struct standing){ .at = AT_JOURNAL,
					  .part = PART_REACH,
					  .command = NO_INDEX };
	return reach_standing(m, o);
}

/* data=journal: the bytes go into the journal themselves. */
static int data_in_journal(const struct journey *j)
{
	return j->has_ext4 && mount_has(j->in.mount_options, "data=journal");
}

static struct standing journaled(const struct media *m,
				 const struct operation *o,
				 const struct placed *p)
{
	const struct journey *j = m->journey;
	uint64_t block = p->physical / j->ext4.layout.block_size;

	for (size_t t = 0; t < j->ext4.n; t++) {
		const struct ext4_transaction *x = &j->ext4.transactions[t];
		uint64_t when = x->n_commands ?
			j->in.history->commands[x->commands[0]].guest_ns : 0;

		if (when < o->enter_ns || (p->tied && t < p->transaction &&
					   p->transaction != NO_TRANSACTION))
			continue;
		for (size_t i = 0; i < x->n_copies; i++)
			if (x->copies[i].block == block)
				return transaction_standing(m, t);
	}
	return (struct standing){ .at = AT_JOURNAL,
				  .part = PART_REACH,
				  .command = NO_INDEX };
}

static struct standing piece_standing(const struct media *m,
				      const struct operation *o,
				      uint64_t offset, struct placed *p)
{
	struct standing data, reach;

	if (p->known && data_in_journal(m->journey))
		return journaled(m, o, p);
	if (!p->known && !p->in_metadata)
		return placeless(m, o, offset, p->length);
	reach = reach_of(m, o, p);
	if (p->in_metadata)
		return reach;
	data = run_standing(m, o, offset, p);
	if (data.at < AT_JOURNAL && !p->tied &&
	    journey_sync(m->journey, o, o->exit_ns, m->guest_ns))
		return data_not_known("a sync returned, and nothing says where "
				      "it had the bytes written", offset,
				      p->length);
	return data.at == ON_MEDIA ? reach : data;
}

static struct standing bytes_standing(const struct media *m,
				      const struct operation *o)
{
	struct standing worst = data_at(ON_MEDIA, NO_INDEX, o->offset,
					o->length);

	if (o->offset == CALL_NOWHERE || !o->inode)
		return data_not_known("the trace does not say which bytes of "
				      "which file the call wrote", 0, 0);
	for (uint64_t done = 0; done < o->length;) {
		struct placed p = operation_place(m, o, o->offset + done,
						  o->length - done);
		struct standing s = piece_standing(m, o, o->offset + done,
						   &p);

		if (tells_more(&s, &worst))
			worst = s;
		if (!p.length)
			break;
		done += p.length;
	}
	return worst;
}

struct standing operation_standing(const struct media *m,
				   const struct operation *o)
{
	struct standing s = { .at = NOT_BEGUN, .command = NO_INDEX };

	if (o->enter_ns > m->guest_ns)
		return s;
	if (o->kind == OPERATION_WRITE || o->kind == OPERATION_STORE)
		return bytes_standing(m, o);
	if (o->exit_ns > m->guest_ns) {
		s.at = AT_CALL;
		s.part = PART_REACH;
		return s;
	}
	return reach_standing(m, o);
}

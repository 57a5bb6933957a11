/*
 * Where the bytes of a file go
 *
 * On ext4 the transactions say it: each copy of the inode has its size and its
 * extents. The one that counts is the first, from the last before the operation on,
 * that has the bytes mapped, written and within the size; one from before a
 * truncation in between does not count. Where an inode's extents stand in a
 * block of their own, and on other file systems, it is what FIEMAP answered first
 * at or after the operation. Where nobody asked, the bytes themselves are
 * looked for in what the drive received until the cut: at the same place in a
 * sector, and only if they are not all alike. Without a file system a byte's place
 * in the file is its place on the disk.
 */
#include "journey/standing.h"

#include <string.h>
#include <unistd.h>

#include <linux/fiemap.h>

#define PAGE 4096

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- ext4 ---- */

static uint64_t version_time(const struct journey *j, size_t t)
{
	const struct ext4_transaction *x = &j->ext4.transactions[t];

	if (!x->n_commands)
		return 0;
	return j->in.history->commands[x->commands[0]].guest_ns;
}

/* Whether the file was cut off between the two times. */
static int truncated(const struct journey *j, uint64_t inode, uint64_t from,
		     uint64_t until)
{
	for (size_t i = 0; i < j->n_operations; i++) {
		const struct operation *o = &j->operations[i];

		if (o->kind == OPERATION_SIZE && o->inode == inode &&
		    o->enter_ns >= from && o->enter_ns < until &&
		    o->call->kind != CALL_ALLOCATE)
			return 1;
		if (o->kind == OPERATION_NAME && o->inode == inode &&
		    o->call->kind == CALL_OPEN && o->enter_ns >= from &&
		    o->enter_ns < until)
			return 1;
	}
	return 0;
}

static const struct ext4_extent *extent_of(const struct ext4_inode *in,
					   uint64_t offset)
{
	for (unsigned i = 0; i < in->n_extents; i++) {
		const struct ext4_extent *x = &in->extents[i];

		if (offset >= x->logical && offset - x->logical < x->length &&
		    !x->unwritten)
			return x;
	}
	return NULL;
}

/* Whether the inode has the bytes at offset, and how many of them where. */
static int maps(const struct ext4_inode *in, uint64_t offset, uint64_t length,
		struct placed *ret)
{
	const struct ext4_extent *x;

	if (in->size <= offset)
		return 0;
	ret->length = least(length, in->size - offset);
	if (in->is_inline) {
		ret->in_metadata = 1;
		return 1;
	}
	if (!in->mapped)
		return 1; /* by its size alone; the place is not in here */
	x = extent_of(in, offset);
	if (!x)
		return 0;
	ret->known = 1;
	ret->physical = x->physical + (offset - x->logical);
	ret->length = least(ret->length, x->length - (offset - x->logical));
	return 1;
}

/* Bytes at the end that grew later, in the same page, are in a later version:
 * this one must have all of them. */
static int version_has(const struct ext4_inode *in, uint64_t offset,
		       uint64_t length, struct placed *ret)
{
	struct placed p = { .transaction = NO_TRANSACTION };
	uint64_t page_end = (offset / PAGE + 1) * PAGE;

	if (!maps(in, offset, length, &p) ||
	    p.length < least(length, page_end - offset))
		return 0;
	*ret = p;
	return 1;
}

static int base_has(const struct journey *j, const struct operation *o,
		    uint64_t offset, uint64_t length, struct placed *ret)
{
	struct ext4_inode in;

	return !truncated(j, o->inode, 0, o->enter_ns) &&
	       ext4_inode_base(&j->ext4, o->inode, &in) && in.links &&
	       version_has(&in, offset, length, ret);
}

static struct placed place_ext4(const struct media *m,
				const struct operation *o, uint64_t offset,
				uint64_t length)
{
	const struct journey *j = m->journey;
	struct placed best = { .transaction = NO_TRANSACTION }, p;
	struct ext4_inode in;
	int found = base_has(j, o, offset, length, &best);

	for (size_t t = 0; t < j->ext4.n; t++) {
		uint64_t when = version_time(j, t);

		if (when >= o->enter_ns && found)
			break;
		if (when > o->gone_ns)
			break;
		if (!ext4_inode_in(&j->ext4, &j->ext4.transactions[t],
				   o->inode, &in))
			continue;
		found = when >= o->enter_ns ||
			!truncated(j, o->inode, when, o->enter_ns);
		found = found && version_has(&in, offset, length, &p);
		if (found) {
			best = p;
			best.transaction = t;
		}
	}
	if (!found)
		return (struct placed){ .transaction = NO_TRANSACTION,
					.length = length,
					.unreachable = 1 };
	best.tied = 1;
	return best;
}

/* ---- FIEMAP ---- */

#define WITHOUT_PLACE (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC)
#define IN_METADATA (FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL)

static int place_fiemap(const struct journey *j, const struct operation *o,
			uint64_t offset, uint64_t length, struct placed *ret)
{
	const struct calls *c = j->in.calls;

	for (size_t i = 0; i < c->n_extents; i++) {
		const struct call_extent *x = &c->extents[i];
		uint64_t in;

		if (x->inode != o->inode || x->time_ns < o->enter_ns ||
		    x->time_ns > o->gone_ns || x->flags & WITHOUT_PLACE ||
		    offset < x->logical || offset - x->logical >= x->length)
			continue;
		in = offset - x->logical;
		ret->length = least(length, x->length - in);
		ret->in_metadata = !!(x->flags & IN_METADATA);
		ret->known = !ret->in_metadata;
		ret->physical = x->physical + in;
		return 1;
	}
	return 0;
}

/* ---- by content ---- */

#define TELLING 16 /* bytes that are enough to tell by */

static int is_telling(const unsigned char *head, uint32_t n)
{
	unsigned different = 0;

	for (uint32_t i = 1; i < n; i++)
		different += head[i] != head[i - 1];
	return n >= TELLING && different >= TELLING / 2;
}

static int holds(const struct journey *j, const struct command *c,
		 uint64_t at, const unsigned char *head, uint32_t n)
{
	unsigned char found[64];

	return at + n <= c->length && j->log_fd >= 0 &&
	       pread(j->log_fd, found, n, (off_t)(c->data + at)) ==
		       (ssize_t)n &&
	       !memcmp(found, head, n);
}

/* Files begin at whole sectors of the disk, whatever the file system. */
#define SECTOR 512

/* Where in the command the bytes stand; UINT64_MAX: nowhere. */
static uint64_t find_in(const struct journey *j, const struct command *c,
			uint64_t in_sector, const unsigned char *head,
			uint32_t n)
{
	for (uint64_t at = in_sector; at < c->length; at += SECTOR)
		if (holds(j, c, at, head, n))
			return at;
	return UINT64_MAX;
}

/* Only of the operation's first sector, whose first bytes are known, and of what
 * the drive had by the cut: later they may have been written elsewhere. The one
 * that is on the media, if there is one. */
static int place_content(const struct media *m, const struct operation *o,
			 struct placed *ret)
{
	const struct journey *j = m->journey;
	const struct history *h = j->in.history;
	uint64_t in_sector = o->offset % SECTOR, at;
	uint32_t n = (uint32_t)least(o->call->head_length,
				     SECTOR - in_sector);
	int found = 0;

	if (o->kind != OPERATION_WRITE || !is_telling(o->call->head, n))
		return 0;
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->submit > m->position)
			break;
		if (c->type != LOG_WRITE || c->guest_ns < o->copied_ns)
			continue;
		at = find_in(j, c, in_sector, o->call->head, n);
		if (at == UINT64_MAX)
			continue;
		found = 1;
		ret->known = 1;
		ret->physical = c->offset + at;
		ret->length = least(ret->length, SECTOR - in_sector);
		if (media_has(m, i, ret->physical, 1) == MEDIA_HAS)
			break;
	}
	return found;
}

/* Without a file system nothing else is told of: bytes stand on the disk where
 * they were written to, and need nothing to be reached. */
static int is_disk(const struct journey *j)
{
	return j->in.filesystem && !strcmp(j->in.filesystem, "none");
}

struct placed operation_place(const struct media *m,
			      const struct operation *o, uint64_t offset,
			      uint64_t length)
{
	const struct journey *j = m->journey;
	struct placed p = { .transaction = NO_TRANSACTION, .length = length };

	if (is_disk(j))
		return (struct placed){ .known = 1,
					.tied = 1,
					.transaction = NO_TRANSACTION,
					.physical = offset,
					.length = length };
	if (j->has_ext4)
		p = place_ext4(m, o, offset, length);
	if (p.known || p.in_metadata)
		return p;
	if (place_fiemap(j, o, offset, p.length, &p))
		return p;
	if (offset == o->offset && o->copied_ns != TIME_NEVER &&
	    place_content(m, o, &p))
		return p;
	p.nowhere = j->has_ext4 && p.unreachable;
	return p;
}

#include "run/reach.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascending.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

#define JBD2_MAGIC 0xc03b3998u
#define JBD2_DESCRIPTOR 1u
#define JBD2_COMMIT 2u
#define JBD2_REVOKE 5u
#define SMALLEST_BLOCK 1024
#define CHUNK (1 << 20)
#define OPEN_COMMITS 64 /* that are looked through for a sequence number */

/* Positions from .. until - 1 are inside. */
struct commit {
	uint64_t from, until;
	uint32_t sequence;
};

struct reach_map {
	struct commit *commits; /* by from */
	size_t n, size;
	uint64_t *latest; /* per commit: the last `until` up to it */
};

static struct commit *add(struct reach_map *r, uint64_t from, uint64_t until)
{
	if (r->n == r->size) {
		r->size = r->size ? 2 * r->size : 64;
		r->commits = xrealloc(r->commits,
				      r->size * sizeof(*r->commits));
	}
	r->commits[r->n] = (struct commit){ .from = from, .until = until };
	return &r->commits[r->n++];
}

/* ---- ext4 ---- */

/* The commit of this sequence that is under way, or NULL. */
static struct commit *under_way(struct reach_map *r, uint32_t sequence)
{
	for (size_t i = r->n, seen = 0; i-- && seen < OPEN_COMMITS; seen++)
		if (r->commits[i].sequence == sequence &&
		    r->commits[i].until == POSITION_NEVER)
			return &r->commits[i];
	return NULL;
}

/* A block of the disk that the command carried. */
static void look_at_block(struct reach_map *r, const struct command *c,
			  uint64_t durable, const unsigned char *block)
{
	uint32_t header[3], type, sequence;
	struct commit *commit;

	memcpy(header, block, sizeof(header));
	type = be32toh(header[1]);
	sequence = be32toh(header[2]);
	if (be32toh(header[0]) != JBD2_MAGIC ||
	    (type != JBD2_DESCRIPTOR && type != JBD2_COMMIT &&
	     type != JBD2_REVOKE))
		return;
	commit = under_way(r, sequence);
	if (!commit) {
		commit = add(r, c->submit, POSITION_NEVER);
		commit->sequence = sequence;
	}
	if (type == JBD2_COMMIT)
		commit->until = durable;
}

static int look_at_write(struct reach_map *r, int fd, const struct command *c,
			 uint64_t durable, unsigned char *chunk)
{
	uint64_t start = (c->offset + SMALLEST_BLOCK - 1) / SMALLEST_BLOCK *
			 SMALLEST_BLOCK;
	uint64_t end = c->offset + c->length;

	while (start + SMALLEST_BLOCK <= end) {
		uint64_t n = end - start < CHUNK ? end - start : CHUNK;
		int err = pread_full(fd, chunk, n, c->data + start - c->offset);

		if (err)
			return err;
		for (uint64_t at = 0; at + SMALLEST_BLOCK <= n;
		     at += SMALLEST_BLOCK)
			look_at_block(r, c, durable, chunk + at);
		start += n / SMALLEST_BLOCK * SMALLEST_BLOCK;
	}
	return 0;
}

static int find_ext4(struct reach_map *r, const struct history *h,
		     const struct state_space *s, struct error *e)
{
	CLEANUP_CLOSE int fd = open(h->log_path, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE unsigned char *chunk = xmalloc(CHUNK);

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", h->log_path);
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];
		int err;

		if (c->type != LOG_WRITE)
			continue;
		err = look_at_write(r, fd, c, space_durable(s, i), chunk);
		if (err)
			return error_errno(e, -err, "cannot read the journal's "
					   "blocks from %s", h->log_path);
	}
	return 0;
}

/* ---- others ---- */

static void find_barriers(struct reach_map *r, const struct history *h,
			  const struct state_space *s)
{
	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];

		if (c->type == LOG_FLUSH)
			add(r, c->submit, c->complete);
		else if (c->fua)
			add(r, c->submit, space_durable(s, i));
	}
}

/* ---- all of it ---- */

int reach_new(const struct history *h, const struct state_space *s,
	      const char *type, struct reach_map **ret, struct error *e)
{
	struct reach_map *r = xcalloc(1, sizeof(*r));
	uint64_t latest = 0;
	int err = 0;

	if (!strcmp(type, "ext4"))
		err = find_ext4(r, h, s, e);
	else if (strcmp(type, "none"))
		find_barriers(r, h, s);
	if (err) {
		reach_free(r);
		return err;
	}
	r->latest = xcalloc(r->n, sizeof(*r->latest));
	for (size_t i = 0; i < r->n; i++) {
		if (r->commits[i].until > latest)
			latest = r->commits[i].until;
		r->latest[i] = latest;
	}
	*ret = r;
	return 0;
}

void reach_free(struct reach_map *r)
{
	if (!r)
		return;
	free(r->commits);
	free(r->latest);
	free(r);
}

static int in_commit(const struct reach_map *r, uint64_t position)
{
	size_t begun = keys_until(KEYS_OF(r->commits, r->n, from), position);

	return begun && r->latest[begun - 1] > position;
}

unsigned reach_at(const struct reach_map *r, const struct plan_cut *c,
		  int is_recovery)
{
	unsigned reach = 0;

	if (c->begun)
		reach |= 1u << REACH_BEGIN_ACK;
	if (c->volatile_writes)
		reach |= 1u << REACH_WRITE_FLUSH;
	if (in_commit(r, c->cut.position))
		reach |= 1u << REACH_JOURNAL;
	if (is_recovery)
		reach |= 1u << REACH_RECOVERY;
	return reach;
}

/*
 * The walk through the journal
 *
 * The journal is a ring of blocks. The drive's log is read in submit order, and
 * what stands in each block of the ring is remembered. A commit block says that
 * its transaction is whole: the kernel sends it only when all other blocks of it
 * were written, so its descriptors are among those that came since the commit
 * before. A descriptor's tags name the blocks whose copies follow it in the ring.
 * What came before the disk was armed counts, too: the ring goes on where it was.
 */
#include "journey/ext4.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/bytes.h"
#include "common/cleanup.h"
#include "common/error.h"

#define JBD2_MAGIC 0xc03b3998u
enum { JBD2_DESCRIPTOR = 1, JBD2_COMMIT = 2 };
enum { INCOMPAT_64BIT = 2, INCOMPAT_CSUM_V2 = 8, INCOMPAT_CSUM_V3 = 16 };
enum { TAG_ESCAPE = 1, TAG_SAME_UUID = 2, TAG_LAST = 8 };
#define HEADER 12 /* journal_header_t */
#define UUID 16

/* ---- the ring ---- */

uint64_t ext4_journal_block(const struct ext4_layout *l, uint64_t offset)
{
	uint64_t before = 0;

	for (size_t i = 0; i < l->journal.n; i++) {
		const struct journal_piece *p = &l->journal.pieces[i];

		if (offset >= p->offset && offset - p->offset < p->length)
			return (before + offset - p->offset) / l->block_size;
		before += p->length;
	}
	return UINT64_MAX;
}

/* What a block of the ring holds. */
struct place {
	size_t command; /* NO_INDEX: nothing yet */
	uint64_t data;
};

struct scan {
	struct ext4 *x;
	struct place *ring;
	unsigned char *block; /* scratch */
	uint64_t *descriptors; /* in the ring, since the last commit */
	size_t n_descriptors;
	size_t *commands; /* likewise */
	size_t n_commands;
};

static int read_log(const struct ext4 *x, uint64_t data, void *to, size_t len)
{
	return pread(x->log_fd, to, len, (off_t)data) == (ssize_t)len ? 0 :
								       -EIO;
}

static size_t tag_bytes(const struct ext4_layout *l)
{
	size_t n = 12;

	if (l->journal_features & INCOMPAT_CSUM_V3)
		return 16;
	if (l->journal_features & INCOMPAT_CSUM_V2)
		n += 2;
	return l->journal_features & INCOMPAT_64BIT ? n : n - 4;
}

static uint32_t tag_flags(const struct ext4_layout *l, const unsigned char *tag)
{
	return l->journal_features & INCOMPAT_CSUM_V3 ? be32_at(tag + 4) :
							be16_at(tag + 6);
}

static uint64_t tag_block(const struct ext4_layout *l, const unsigned char *tag)
{
	uint64_t high = l->journal_features & INCOMPAT_64BIT ?
				be32_at(tag + 8) : 0;

	return high << 32 | be32_at(tag);
}

static uint64_t ring_next(const struct ext4_layout *l, uint64_t at)
{
	return at + 1 < l->journal_blocks ? at + 1 : l->journal_first;
}

static void add_copy(struct ext4_transaction *t, const struct place *p,
		     uint64_t block, int escaped)
{
	t->copies = xrealloc(t->copies,
			     (t->n_copies + 1) * sizeof(*t->copies));
	t->copies[t->n_copies++] = (struct ext4_copy){ .block = block,
						       .command = p->command,
						       .data = p->data,
						       .escaped = escaped };
}

static void read_tags(struct scan *s, uint64_t at, struct ext4_transaction *t)
{
	const struct ext4_layout *l = &s->x->layout;
	size_t size = tag_bytes(l), from = HEADER;
	uint32_t flags = 0;

	if (read_log(s->x, s->ring[at].data, s->block, l->block_size))
		return;
	while (from + size <= l->block_size && !(flags & TAG_LAST)) {
		const unsigned char *tag = s->block + from;

		flags = tag_flags(l, tag);
		at = ring_next(l, at);
		if (s->ring[at].command == NO_INDEX)
			return;
		add_copy(t, &s->ring[at], tag_block(l, tag),
			 !!(flags & TAG_ESCAPE));
		from += size + (flags & TAG_SAME_UUID ? 0 : UUID);
	}
}

/* commit: NO_INDEX where the log ends before. */
static void end_transaction(struct scan *s, uint32_t number, size_t commit)
{
	struct ext4 *x = s->x;
	struct ext4_transaction t = { .number = number, .commit = commit };

	for (size_t i = 0; i < s->n_descriptors; i++)
		read_tags(s, s->descriptors[i], &t);
	t.commands = xcalloc(s->n_commands, sizeof(*t.commands));
	memcpy(t.commands, s->commands, s->n_commands * sizeof(*t.commands));
	t.n_commands = s->n_commands;
	x->transactions = xrealloc(x->transactions,
				   (x->n + 1) * sizeof(*x->transactions));
	x->transactions[x->n++] = t;
	s->n_descriptors = s->n_commands = 0;
}

/* What mke2fs wrote into the journal is no transaction's. */
static int is_before_mount(const struct scan *s, size_t command)
{
	const struct command *c = s->x->history->commands;

	return s->n_commands && !s->n_descriptors && c[command].number &&
	       !c[s->commands[0]].number;
}

static void add_command(struct scan *s, size_t command)
{
	if (is_before_mount(s, command))
		s->n_commands = 0;
	if (s->n_commands && s->commands[s->n_commands - 1] == command)
		return;
	s->commands = xrealloc(s->commands, (s->n_commands + 1) *
						    sizeof(*s->commands));
	s->commands[s->n_commands++] = command;
}

static void add_descriptor(struct scan *s, uint64_t at)
{
	s->descriptors = xrealloc(s->descriptors, (s->n_descriptors + 1) *
							sizeof(uint64_t));
	s->descriptors[s->n_descriptors++] = at;
}

static void take_block(struct scan *s, uint64_t at, size_t command,
		       uint64_t data)
{
	unsigned char head[HEADER];
	uint32_t kind = 0;

	if (at < s->x->layout.journal_first)
		return; /* the journal's superblock */
	s->ring[at] = (struct place){ command, data };
	add_command(s, command);
	if (read_log(s->x, data, head, sizeof(head)) ||
	    be32_at(head) != JBD2_MAGIC)
		return;
	kind = be32_at(head + 4);
	if (kind == JBD2_DESCRIPTOR)
		add_descriptor(s, at);
	else if (kind == JBD2_COMMIT)
		end_transaction(s, be32_at(head + 8), command);
}

static void take_command(struct scan *s, size_t index)
{
	const struct ext4_layout *l = &s->x->layout;
	const struct command *c = &s->x->history->commands[index];

	if (c->type != LOG_WRITE || c->offset % l->block_size)
		return;
	for (uint64_t o = 0; o + l->block_size <= c->length;
	     o += l->block_size) {
		uint64_t at = ext4_journal_block(l, c->offset + o);

		if (at < l->journal_blocks)
			take_block(s, at, index, c->data + o);
	}
}

/* What mke2fs left in there is older than what was mounted. */
static void end_scan(struct scan *s)
{
	unsigned char head[HEADER];

	if (!s->n_descriptors)
		return;
	if (!read_log(s->x, s->ring[s->descriptors[0]].data, head,
		      sizeof(head)))
		end_transaction(s, be32_at(head + 8), NO_INDEX);
}

void ext4_scan(struct ext4 *x)
{
	struct scan s = { .x = x };

	s.ring = xcalloc(x->layout.journal_blocks, sizeof(*s.ring));
	s.block = xmalloc(x->layout.block_size);
	for (uint64_t i = 0; i < x->layout.journal_blocks; i++)
		s.ring[i].command = NO_INDEX;
	for (size_t i = 0; i < x->history->n_commands; i++)
		take_command(&s, i);
	end_scan(&s);
	free(s.ring);
	free(s.block);
	free(s.descriptors);
	free(s.commands);
}

int ext4_open(const struct history *h, journal_read_fn *base, void *arg,
	      struct ext4 *ret, struct error *e)
{
	struct ext4 x = { .history = h, .base = base, .base_arg = arg };
	int err = ext4_layout_read(base, arg, &x.layout, e);

	if (err)
		return err;
	x.log_fd = open(h->log_path, O_RDONLY | O_CLOEXEC);
	if (x.log_fd < 0) {
		free(x.layout.tables);
		return error_errno(e, errno, "cannot open %s", h->log_path);
	}
	*ret = x;
	ext4_scan(ret);
	return 0;
}

void ext4_close(struct ext4 *x)
{
	for (size_t i = 0; i < x->n; i++) {
		free(x->transactions[i].commands);
		free(x->transactions[i].copies);
	}
	free(x->transactions);
	free(x->layout.tables);
	if (x->log_fd > 0)
		close(x->log_fd);
	*x = (struct ext4){ .log_fd = -1 };
}

const struct ext4_transaction *ext4_transaction(const struct ext4 *x,
						uint64_t number)
{
	for (size_t i = x->n; i-- > 0;)
		if (x->transactions[i].number == number)
			return &x->transactions[i];
	return NULL;
}

/* ---- inodes ---- */

/* Offsets in struct ext4_inode (fs/ext4/ext4.h). */
enum { I_MODE = 0, I_SIZE = 4, I_LINKS = 26, I_FLAGS = 32, I_BLOCK = 40,
       I_SIZE_HIGH = 108 };
#define FLAG_EXTENTS 0x80000u
#define FLAG_INLINE 0x10000000u
#define EXTENT_MAGIC 0xf30a
#define EXTENT_WRITTEN_MOST 32768

static void read_extents(const unsigned char *p, uint32_t block_size,
			 struct ext4_inode *ret)
{
	unsigned n = le16_at(p + 2);

	if (le16_at(p) != EXTENT_MAGIC || le16_at(p + 6) || n > 4)
		return;
	ret->mapped = 1;
	for (unsigned i = 0; i < n; i++) {
		const unsigned char *x = p + 12 + 12 * i;
		uint64_t length = le16_at(x + 4);
		uint64_t start = (uint64_t)le16_at(x + 6) << 32 |
				 le32_at(x + 8);
		int unwritten = length > EXTENT_WRITTEN_MOST;

		if (unwritten)
			length -= EXTENT_WRITTEN_MOST;
		ret->extents[ret->n_extents++] = (struct ext4_extent){
			.logical = (uint64_t)le32_at(x) * block_size,
			.physical = start * block_size,
			.length = length * block_size,
			.unwritten = unwritten,
		};
	}
}

static void parse_inode(const unsigned char *p, uint32_t block_size,
			struct ext4_inode *ret)
{
	uint32_t flags = le32_at(p + I_FLAGS);

	*ret = (struct ext4_inode){
		.size = (uint64_t)le32_at(p + I_SIZE_HIGH) << 32 |
			le32_at(p + I_SIZE),
		.links = le16_at(p + I_LINKS),
		.mode = le16_at(p + I_MODE),
		.is_inline = !!(flags & FLAG_INLINE),
	};
	if (flags & FLAG_EXTENTS && !ret->is_inline)
		read_extents(p + I_BLOCK, block_size, ret);
}

/* In which block the inode stands, and where in there. */
static int inode_place(const struct ext4_layout *l, uint64_t inode,
		       uint64_t *ret_block, uint32_t *ret_offset)
{
	uint64_t group, at;

	if (!inode)
		return 0;
	group = (inode - 1) / l->inodes_per_group;
	if (group >= l->n_groups)
		return 0;
	at = (inode - 1) % l->inodes_per_group * l->inode_size;
	*ret_block = l->tables[group] + at / l->block_size;
	*ret_offset = (uint32_t)(at % l->block_size);
	return 1;
}

int ext4_inode_in(const struct ext4 *x, const struct ext4_transaction *t,
		  uint64_t inode, struct ext4_inode *ret)
{
	unsigned char raw[128];
	uint64_t block;
	uint32_t offset;

	if (!inode_place(&x->layout, inode, &block, &offset))
		return 0;
	for (size_t i = 0; i < t->n_copies; i++) {
		if (t->copies[i].block != block)
			continue;
		if (read_log(x, t->copies[i].data + offset, raw, sizeof(raw)))
			return 0;
		parse_inode(raw, x->layout.block_size, ret);
		return 1;
	}
	return 0;
}

int ext4_inode_base(const struct ext4 *x, uint64_t inode,
		    struct ext4_inode *ret)
{
	unsigned char raw[128];
	uint64_t block;
	uint32_t offset;

	if (!inode_place(&x->layout, inode, &block, &offset) ||
	    x->base(x->base_arg, block * x->layout.block_size + offset, raw,
		    sizeof(raw)))
		return 0;
	parse_inode(raw, x->layout.block_size, ret);
	return 1;
}

/* ---- names ---- */

/* struct ext4_dir_entry_2: inode, rec_len, name_len, file_type, name. */
static int has_entry(const unsigned char *block, uint32_t size,
		     uint64_t inode, const char *name)
{
	size_t length = strlen(name);

	for (uint32_t at = 0; at + 8 + length <= size; at += 4)
		if (le32_at(block + at) == inode &&
		    block[at + 6] == length &&
		    !memcmp(block + at + 8, name, length))
			return 1;
	return 0;
}

int ext4_entry_in(const struct ext4 *x, const struct ext4_transaction *t,
		  uint64_t inode, const char *name)
{
	CLEANUP_FREE unsigned char *block = xmalloc(x->layout.block_size);

	if (!inode || !*name)
		return 0;
	for (size_t i = 0; i < t->n_copies; i++)
		if (!read_log(x, t->copies[i].data, block,
			      x->layout.block_size) &&
		    has_entry(block, x->layout.block_size, inode, name))
			return 1;
	return 0;
}

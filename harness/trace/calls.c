/*
 * Reads the watcher's records out of a trace file (calls-wire.h).
 *
 * The guest is not trusted: each record is looked at to its last byte, and what
 * does not fit ends the reading with -EBADMSG. A file that is cut off is no
 * error, its end just was not told. A return without its call, or a call that is
 * told twice, is damage.
 */
#include "trace/calls.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "trace/call-table.h"
#include "trace/calls-wire.h"
#include "trace/pages.h"
#include "trace/trace.h"

#define FRAMES_MAX 64
struct reader {
	FILE *f;
	struct calls *calls;
	size_t calls_size, extents_size;
	/* Where a sequence's call stands: open addressing, index + 1, 0 where
	 * there is none. Twice as many as calls_size. */
	size_t *slots;
	size_t begun, ended;  /* watchers */
	uint64_t records;     /* of all watchers */
	struct record_asked asked; /* of the call to come, if it is its */
	uint64_t told;	      /* that the watchers say they have sent */
	char *payload;	      /* TRACE_PAYLOAD_MAX bytes */
};

/* What is left of a record. */
struct rest {
	const char *at;
	size_t left;
};

static const char *const kind_names[CALL_KINDS] = {
	[CALL_OPEN] = "open",
	[CALL_WRITE] = "write",
	[CALL_MAP] = "mmap",
	[CALL_SYNC] = "fsync",
	[CALL_DATASYNC] = "fdatasync",
	[CALL_SYNC_RANGE] = "sync_file_range",
	[CALL_SYNC_FS] = "sync",
	[CALL_MSYNC] = "msync",
	[CALL_RENAME] = "rename",
	[CALL_LINK] = "link",
	[CALL_UNLINK] = "unlink",
	[CALL_SYMLINK] = "symlink",
	[CALL_MKDIR] = "mkdir",
	[CALL_RMDIR] = "rmdir",
	[CALL_TRUNCATE] = "truncate",
	[CALL_ALLOCATE] = "fallocate",
	[CALL_ATTRIBUTE] = "attribute",
	[CALL_MARK] = "mark",
	[CALL_OPAQUE] = "opaque",
	[CALL_FLUSH] = "flush",
};

/* Of those that an io_uring can ask for. */
static const char *const uring_names[CALL_KINDS] = {
	[CALL_OPEN] = "io_uring open",
	[CALL_WRITE] = "io_uring write",
	[CALL_SYNC] = "io_uring fsync",
	[CALL_DATASYNC] = "io_uring fdatasync",
	[CALL_SYNC_RANGE] = "io_uring sync_file_range",
	[CALL_RENAME] = "io_uring rename",
	[CALL_LINK] = "io_uring link",
	[CALL_UNLINK] = "io_uring unlink",
	[CALL_SYMLINK] = "io_uring symlink",
	[CALL_MKDIR] = "io_uring mkdir",
	[CALL_RMDIR] = "io_uring rmdir",
	[CALL_TRUNCATE] = "io_uring ftruncate",
	[CALL_ALLOCATE] = "io_uring fallocate",
};

static const char *const aio_names[CALL_KINDS] = {
	[CALL_WRITE] = "aio write",
	[CALL_SYNC] = "aio fsync",
	[CALL_DATASYNC] = "aio fdatasync",
};

const char *call_kind_name(enum call_kind k)
{
	return (unsigned int)k < CALL_KINDS && kind_names[k] ? kind_names[k] :
							       "unknown";
}

static const char *call_name(const struct record_enter *w)
{
	uint32_t kind = le32toh(w->kind), number = le32toh(w->syscall);
	uint32_t by = le32toh(w->by);
	const char *const *names = NULL;
	const struct call_type *t = call_type_find(number);

	if (by == RECORD_BY_URING || by == RECORD_BY_AIO)
		names = by == RECORD_BY_AIO ? aio_names : uring_names;
	if (names && kind < CALL_KINDS && names[kind])
		return names[kind];
	if (kind == CALL_FLUSH)
		return number == FLUSH_PYTHON ? "python-flush" : "fflush";
	return t ? t->name : "unknown";
}

static int damaged(struct error *e, const char *what)
{
	return error_set(e, EBADMSG, "a record of calls: %s", what);
}

static int take(struct rest *r, void *ret, size_t len, struct error *e)
{
	if (r->left < len)
		return damaged(e, "it is too short");
	memcpy(ret, r->at, len);
	r->at += len;
	r->left -= len;
	return 0;
}

/* A string within the record, or NULL. */
static const char *take_text(struct rest *r, struct error *e)
{
	const char *text = r->at;
	const char *end = memchr(text, '\0', r->left);

	if (!end) {
		damaged(e, "a text has no end");
		return NULL;
	}
	r->left -= (size_t)(end - text) + 1;
	r->at = end + 1;
	return text;
}

static void release_call(struct call *c)
{
	free(c->path);
	free(c->path2);
	for (size_t i = 0; i < c->n_frames; i++)
		free(c->frames[i].object);
	free(c->frames);
}

int call_waited_for(const struct call *c, const struct call *other)
{
	return c->asked_ns && other->asked_ns && c->queue == other->queue &&
	       other->order < c->order &&
	       (other->order >= c->from || other->order <= c->until);
}

void calls_free(struct calls *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		release_call(&c->calls[i]);
	free(c->calls);
	free(c->extents);
	free(c);
}

/* ---- one call ---- */

static int take_frame(struct rest *r, const char *const *objects, size_t n,
		      struct call *c, struct error *e)
{
	struct record_frame f;
	int err = take(r, &f, sizeof(f), e);

	if (err)
		return err;
	if (le32toh(f.object) >= n)
		return damaged(e, "a frame of no object");
	c->frames[c->n_frames++] = (struct call_frame){
		.address = le64toh(f.address),
		.object = xstrdup(objects[le32toh(f.object)]),
	};
	return 0;
}

static int take_frames(struct rest *r, const struct record_enter *w,
		       struct call *c, struct error *e)
{
	const char *objects[FRAMES_MAX];
	size_t n_objects = le32toh(w->n_objects);
	size_t n_frames = le32toh(w->n_frames);
	int err = 0;

	if (n_objects > FRAMES_MAX || n_frames > FRAMES_MAX)
		return damaged(e, "too many frames");
	for (size_t i = 0; i < n_objects; i++) {
		objects[i] = take_text(r, e);
		if (!objects[i])
			return -EBADMSG;
	}
	c->frames = xcalloc(n_frames, sizeof(*c->frames));
	for (size_t i = 0; i < n_frames && !err; i++)
		err = take_frame(r, objects, n_objects, c, e);
	return err;
}

static int fill_call(const struct record_enter *w, struct call *c,
		     struct error *e)
{
	*c = (struct call){
		.enter_ns = le64toh(w->enter_ns),
		.kind = le32toh(w->kind),
		.syscall = le32toh(w->syscall),
		.name = call_name(w),
		.pid = (int32_t)le32toh((uint32_t)w->pid),
		.tid = (int32_t)le32toh((uint32_t)w->tid),
		.inode = le64toh(w->inode),
		.inode2 = le64toh(w->inode2),
		.parent = le64toh(w->parent),
		.parent2 = le64toh(w->parent2),
		.file_flags = le32toh(w->file_flags),
		.flags = le32toh(w->flags),
		.offset = le64toh(w->offset),
		.length = le64toh(w->length),
		.old_size = le64toh(w->old_size),
		.hash = le64toh(w->hash),
		.head_length = le32toh(w->head_length),
		.injected = le32toh(w->by) == RECORD_BY_TRACER,
	};
	memcpy(c->head, w->head, sizeof(c->head));
	memcpy(c->program, w->program, sizeof(c->program));
	c->program[sizeof(c->program) - 1] = '\0';
	if (c->kind < 1 || c->kind >= CALL_KINDS)
		return damaged(e, "a call of an unknown kind");
	if (c->head_length > sizeof(c->head))
		return damaged(e, "its data begin with too much");
	return 0;
}

static int read_call(struct rest *r, struct call *c, uint64_t *ret_sequence,
		     struct error *e)
{
	struct record_enter w;
	const char *path, *path2;
	int err = take(r, &w, sizeof(w), e);

	if (!err)
		err = fill_call(&w, c, e);
	if (err)
		return err;
	path = take_text(r, e);
	path2 = path ? take_text(r, e) : NULL;
	if (!path2)
		return -EBADMSG;
	c->path = xstrdup(path);
	c->path2 = xstrdup(path2);
	*ret_sequence = le64toh(w.sequence);
	err = take_frames(r, &w, c, e);
	return !err && r->left ? damaged(e, "it is too long") : err;
}

static void grow(void **list, size_t n, size_t *size, size_t item)
{
	if (n < *size)
		return;
	*size = *size ? *size * 2 : 64;
	*list = xrealloc(*list, *size * item);
}

/* The slot of a sequence, or the free one where it would be. Until all is
 * read, a call's number is its sequence. */
static size_t *find_slot(const struct reader *r, uint64_t sequence)
{
	size_t mask = 2 * r->calls_size - 1;
	size_t i = (size_t)(sequence * 0x9e3779b97f4a7c15u >> 20) & mask;

	while (r->slots[i] &&
	       r->calls->calls[r->slots[i] - 1].number != sequence)
		i = (i + 1) & mask;
	return &r->slots[i];
}

static void grow_calls(struct reader *r)
{
	struct calls *all = r->calls;
	size_t size = r->calls_size;

	grow((void **)&all->calls, all->n, &r->calls_size, sizeof(*all->calls));
	if (size == r->calls_size)
		return;
	free(r->slots);
	r->slots = xcalloc(2 * r->calls_size, sizeof(*r->slots));
	for (size_t i = 0; i < all->n; i++)
		*find_slot(r, all->calls[i].number) = i + 1;
}

static void take_asked(const struct record_asked *w, struct call *c)
{
	c->asked_ns = le64toh(w->asked_ns);
	c->queue = le64toh(w->queue);
	c->order = le64toh(w->order);
	c->from = le64toh(w->from);
	c->until = le64toh(w->until);
}

static int take_enter(struct reader *r, struct rest *rest, struct error *e)
{
	struct calls *all = r->calls;
	struct call c = { 0 };
	size_t *slot;
	int err = read_call(rest, &c, &c.number, e);

	if (err) {
		release_call(&c);
		return err;
	}
	if (le64toh(r->asked.sequence) == c.number)
		take_asked(&r->asked, &c);
	grow_calls(r);
	slot = find_slot(r, c.number);
	if (*slot) {
		release_call(&c);
		return damaged(e, "a call is told twice");
	}
	all->calls[all->n++] = c;
	*slot = all->n;
	return 0;
}

static int take_exit(struct reader *r, struct rest *rest, struct error *e)
{
	struct record_exit w;
	struct call *c = NULL;
	uint32_t known;
	int err = take(rest, &w, sizeof(w), e);

	if (err)
		return err;
	if (r->slots && *find_slot(r, le64toh(w.sequence)))
		c = &r->calls->calls[*find_slot(r, le64toh(w.sequence)) - 1];
	if (!c || c->exit_ns || !w.exit_ns)
		return damaged(e, "a return without its call");
	known = le32toh(w.known);
	c->exit_ns = le64toh(w.exit_ns);
	c->result = (int64_t)le64toh((uint64_t)w.result);
	if (known & EXIT_INODE)
		c->inode = le64toh(w.inode);
	if (known & EXIT_OFFSET)
		c->offset = le64toh(w.offset);
	if (known & EXIT_HASH)
		c->hash = le64toh(w.hash);
	if (known & EXIT_FILE_FLAGS)
		c->file_flags = le32toh(w.file_flags);
	return 0;
}

/* ---- extents, begin and end ---- */

static int take_extents(struct reader *r, struct rest *rest, struct error *e)
{
	struct calls *all = r->calls;
	struct record_extents w;
	int err = take(rest, &w, sizeof(w), e);

	if (err)
		return err;
	if (rest->left != (uint64_t)le32toh(w.n) * sizeof(struct record_extent))
		return damaged(e, "another number of extents");
	while (rest->left) {
		struct record_extent x;

		err = take(rest, &x, sizeof(x), e);
		if (err)
			return err;
		grow((void **)&all->extents, all->n_extents, &r->extents_size,
		     sizeof(*all->extents));
		all->extents[all->n_extents++] = (struct call_extent){
			.time_ns = le64toh(w.time_ns),
			.inode = le64toh(w.inode),
			.logical = le64toh(x.logical),
			.physical = le64toh(x.physical),
			.length = le64toh(x.length),
			.flags = le32toh(x.flags),
		};
	}
	return 0;
}

static int take_begin(struct reader *r, struct rest *rest, struct error *e)
{
	struct record_begin w;
	int err = take(rest, &w, sizeof(w), e);

	if (err)
		return err;
	r->begun++;
	r->calls->traced = 1;
	r->calls->device = le64toh(w.device);
	r->calls->mapped = w.mapped != 0;
	return 0;
}

static uint64_t saturate(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int take_end(struct reader *r, struct rest *rest, struct error *e)
{
	struct record_end w;
	int err = take(rest, &w, sizeof(w), e);

	if (err)
		return err;
	r->ended++;
	r->told = saturate(r->told, le64toh(w.records));
	r->calls->lost = saturate(r->calls->lost, le64toh(w.lost));
	return 0;
}

static int take_rest(struct reader *r, struct rest *rest, struct error *e)
{
	struct record_rest w;
	int err = take(rest, &w, sizeof(w), e);

	if (err)
		return err;
	r->calls->rested = w.lost == 0;
	r->calls->lost = saturate(r->calls->lost, le64toh(w.lost));
	return 0;
}

static int take_record(struct reader *r, uint16_t kind, struct rest *rest,
		       struct error *e)
{
	switch (kind) {
	case RECORD_BEGIN:
		return take_begin(r, rest, e);
	case RECORD_ENTER:
		r->records++;
		return take_enter(r, rest, e);
	case RECORD_EXIT:
		r->records++;
		return take_exit(r, rest, e);
	case RECORD_EXTENTS:
		return take_extents(r, rest, e);
	case RECORD_END:
		return take_end(r, rest, e);
	case RECORD_REST:
		return take_rest(r, rest, e);
	case RECORD_ASKED:
		return take(rest, &r->asked, sizeof(r->asked), e);
	}
	return damaged(e, "it is of an unknown kind");
}

static int take_records(struct reader *r, size_t length, struct error *e)
{
	struct rest all = { r->payload, length };
	int err = 0;

	while (!err && all.left) {
		struct call_record head;
		struct rest one;

		err = take(&all, &head, sizeof(head), e);
		if (err)
			return err;
		if (le32toh(head.length) > all.left)
			return damaged(e, "it does not end where its chunk does");
		one = (struct rest){ all.at, le32toh(head.length) };
		all.at += one.left;
		all.left -= one.left;
		err = take_record(r, le16toh(head.kind), &one, e);
		if (!err && one.left)
			err = damaged(e, "it is too long");
	}
	return err;
}

/* ---- the file ---- */

/* 1 with a chunk, 0 at the end of the file or where it is cut off. */
static int next_chunk(struct reader *r, struct trace_chunk *ret,
		      struct error *e)
{
	struct trace_chunk c;

	if (fread(&c, 1, sizeof(c), r->f) < sizeof(c))
		return 0;
	if (le32toh(c.magic) != TRACE_MAGIC)
		return error_set(e, EBADMSG, "no chunk begins here");
	c.kind = le16toh(c.kind);
	c.length = le32toh(c.length);
	c.stream = le32toh(c.stream);
	if (c.length > TRACE_PAYLOAD_MAX)
		return error_set(e, EBADMSG, "a chunk of %u bytes", c.length);
	if (fread(r->payload, 1, c.length, r->f) < c.length)
		return 0;
	*ret = c;
	return 1;
}

static int read_chunks(struct reader *r, const char *name, struct error *e)
{
	struct trace_chunk c = { 0 };
	int err;

	while ((err = next_chunk(r, &c, e)) > 0) {
		if (c.stream != TRACE_CALLS)
			continue;
		err = c.kind == TRACE_RECORDS ?
			      take_records(r, c.length, e) :
			      damaged(e, "it comes in another chunk");
		if (err)
			break;
	}
	if (!err && ferror(r->f))
		return error_errno(e, EIO, "cannot read %s", name);
	if (err)
		error_prefix(e, "trace %s", name);
	return err;
}

static int by_entry(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->enter_ns != y->enter_ns)
		return x->enter_ns < y->enter_ns ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* What a watcher sent and did not arrive was lost on its way. */
static void finish(struct reader *r)
{
	struct calls *all = r->calls;

	if (all->n)
		qsort(all->calls, all->n, sizeof(*all->calls), by_entry);
	for (size_t i = 0; i < all->n; i++)
		all->calls[i].number = i + 1;
	if (r->told > r->records)
		all->lost = saturate(all->lost, r->told - r->records);
	all->ended = r->begun > 0 && r->begun == r->ended;
}

int calls_read(FILE *f, const char *name, struct calls **ret, struct error *e)
{
	struct reader r = { .f = f, .calls = xcalloc(1, sizeof(*r.calls)) };
	int err;

	r.payload = xmalloc(TRACE_PAYLOAD_MAX);
	err = read_chunks(&r, name, e);
	free(r.payload);
	if (err) {
		calls_free(r.calls);
	} else {
		finish(&r);
		*ret = r.calls;
	}
	free(r.slots);
	return err;
}

int calls_load(const char *path, struct calls **ret, struct error *e)
{
	CLEANUP_FCLOSE FILE *f = fopen(path, "re");

	if (!f)
		return error_errno(e, errno, "cannot open trace %s", path);
	return calls_read(f, path, ret, e);
}

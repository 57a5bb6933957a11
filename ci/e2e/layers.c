/*
 * Looks at what a recording of append-log tells of the kernel's layers
 * (trace/layers.h), against the drive's log and the commands that are joined
 * with it, both of which other tests prove.
 *
 *	layers dump REPLAY-FOLDER     a line for each event
 *	layers check REPLAY-FOLDER TYPE  a line for each rule; exit 1 if one is
 *	                              broken
 *
 * What is the k-th write of a range of the disk in one of the three is the k-th
 * in the others, too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/history.h"
#include "record/load.h"
#include "trace/layers.h"
#include "trace/trace.h"
#include "workloads/append-log/record.h"

#define PAGE 4096

static void __attribute__((noreturn)) fail(const struct error *e)
{
	fprintf(stderr, "layers: %s\n", e->message);
	exit(2);
}

/* ---- what there is ---- */

struct subject {
	struct layers *layers;
	struct trace *trace;
	struct history *history;
	char *log;
};

static void load(const char *folder, struct subject *s)
{
	CLEANUP_FREE char *path = xasprintf("%s/trace.bin", folder);
	CLEANUP_FREE char *scratch = xasprintf("%s/layers.log", folder);
	struct error e = { "", "" };

	if (layers_load(path, &s->layers, &e) ||
	    trace_load(path, &s->trace, &e) ||
	    record_log(folder, scratch, &s->log, &e) ||
	    record_history(folder, s->log, &s->history, &e))
		fail(&e);
}

static void release(struct subject *s, const char *folder)
{
	CLEANUP_FREE char *scratch = xasprintf("%s/layers.log", folder);

	layers_free(s->layers);
	trace_free(s->trace);
	history_free(s->history);
	free(s->log);
	unlink(scratch);
}

static void dump(const struct layers *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct layer_event *e = &l->events[i];

		printf("%" PRIu64 " %-10s tid %d ino %" PRIu64 " tx %" PRIu64
		       " %" PRIu64 "+%" PRIu64 "%s%s%s%s%s%s\n", e->time_ns,
		       layer_kind_name(e->kind), e->tid, e->inode,
		       e->transaction, e->offset, e->length,
		       e->disk ? " disk" : "", e->write ? " write" : "",
		       e->flush ? " flush" : "", e->fua ? " fua" : "",
		       e->discard ? " discard" : "", e->sync ? " sync" : "");
	}
	printf("%zu events, %" PRIu64 " lost, traced %d, drained %d, journal "
	       "%d, kinds %#x, device %#" PRIx64 "\n", l->n, l->lost,
	       l->traced, l->drained, l->journal, l->kinds, l->device);
}

/* ---- rules ---- */

static int broken;

/* Of n things that were looked at. None at all proves nothing. */
static void rule(const char *name, size_t n, size_t bad)
{
	printf("%s %s: %zu looked at, %zu broken\n", n && !bad ? "ok" : "BAD",
	       name, n, bad);
	broken |= !n || bad;
}

static int is_block(const struct layer_event *e, enum layer_kind kind,
		    uint64_t offset, uint64_t length)
{
	return e->kind == kind && e->write && !e->discard &&
	       e->offset == offset && e->length == length;
}

/* The nth (from 0) of a kind that is of exactly this range, or NULL. */
static const struct layer_event *nth_block(const struct layers *l,
					   enum layer_kind kind,
					   uint64_t offset, uint64_t length,
					   size_t nth)
{
	for (size_t i = 0; i < l->n; i++)
		if (is_block(&l->events[i], kind, offset, length) && !nth--)
			return &l->events[i];
	return NULL;
}

/* The commands that were sent since the layers are traced, as bytes. */
struct sent {
	uint64_t time_ns, offset, length;
	size_t nth; /* of this range */
};

static size_t list_sent(const struct subject *s, struct sent **ret)
{
	uint64_t unit = s->trace->unit ? s->trace->unit :
					 s->history->block_size;
	struct sent *list = xcalloc(s->trace->n_events, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < s->trace->n_events; i++) {
		const struct nvme_event *e = &s->trace->events[i];
		struct sent *c = &list[n];

		if (e->opcode != NVME_WRITE || e->nsid != 1 || !s->layers->n ||
		    e->time_ns < s->layers->events[0].time_ns)
			continue;
		*c = (struct sent){ e->time_ns, e->slba * unit,
				    e->blocks * unit, 0 };
		for (size_t k = 0; k < n; k++)
			c->nth += list[k].offset == c->offset &&
				  list[k].length == c->length;
		n++;
	}
	*ret = list;
	return n;
}

/* The bio that has this byte, the last before the time. */
static const struct layer_event *bio_of(const struct layers *l, uint64_t byte,
					uint64_t time_ns)
{
	const struct layer_event *found = NULL;

	for (size_t i = 0; i < l->n && l->events[i].time_ns <= time_ns; i++) {
		const struct layer_event *e = &l->events[i];

		if (e->kind == LAYER_QUEUE && e->write && !e->discard &&
		    e->offset <= byte && byte - e->offset < e->length)
			found = e;
	}
	return found;
}

static int has_bios(const struct layers *l, const struct sent *c)
{
	for (uint64_t at = 0; at < c->length; at += 512)
		if (!bio_of(l, c->offset + at, c->time_ns))
			return 0;
	return 1;
}

static void check_commands(const struct subject *s)
{
	CLEANUP_FREE struct sent *sent = NULL;
	size_t n = list_sent(s, &sent), queued = 0, issued = 0, completed = 0;

	for (size_t i = 0; i < n; i++) {
		const struct sent *c = &sent[i];
		const struct layer_event *issue = nth_block(
			s->layers, LAYER_ISSUE, c->offset, c->length, c->nth);
		const struct layer_event *end =
			nth_block(s->layers, LAYER_COMPLETE, c->offset,
				  c->length, c->nth);

		queued += (size_t)has_bios(s->layers, c);
		issued += issue && issue->time_ns >= c->time_ns;
		completed += issue && end && end->time_ns > issue->time_ns;
	}
	rule("each command has bios before it", n, n - queued);
	rule("each command has an issue of its range", n, n - issued);
	rule("each issue has its end", n, n - completed);
}

/* As many issues of its range as the log has of it since the arming. */
static void check_log(const struct subject *s)
{
	const struct history *h = s->history;
	size_t n = 0, bad = 0;

	for (size_t i = 0; i < h->n_commands; i++) {
		const struct command *c = &h->commands[i];
		size_t nth = 0;

		if (c->type != LOG_WRITE || c->submit < h->arm)
			continue;
		for (size_t k = 0; k < i; k++)
			nth += h->commands[k].type == LOG_WRITE &&
			       h->commands[k].submit >= h->arm &&
			       h->commands[k].offset == c->offset &&
			       h->commands[k].length == c->length;
		n++;
		bad += !nth_block(s->layers, LAYER_ISSUE, c->offset,
				  c->length, nth);
	}
	rule("each write in the log was issued", n, bad);
}

/* ---- journal ---- */

static int comes_before(const struct layers *l, enum layer_kind kind,
			const struct layer_event *later)
{
	for (const struct layer_event *e = l->events; e < later; e++)
		if (e->kind == kind && e->transaction == later->transaction)
			return 1;
	return 0;
}

static void check_journal(const struct layers *l, const char *type)
{
	int is_ext4 = !strcmp(type, "ext4");
	size_t n = 0, bad = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct layer_event *e = &l->events[i];

		if (e->kind != LAYER_COMMITTED)
			continue;
		n++;
		bad += !comes_before(l, LAYER_LOGGING, e) ||
		       (is_ext4 && (!comes_before(l, LAYER_COMMIT, e) ||
				    !comes_before(l, LAYER_JOIN, e)));
	}
	rule("each end of a commit has its beginning", n, bad);
}

static void count_fsyncs(const struct layers *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->events[i].kind == LAYER_FSYNC;
	rule("each record was synced", n, n < 12);
}

/* ---- the pages of the log ---- */

static size_t count_dirty(const struct layers *l, uint64_t offset,
			  uint64_t inode, uint64_t time_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n && l->events[i].time_ns <= time_ns; i++)
		n += l->events[i].kind == LAYER_DIRTY && !l->events[i].disk &&
		     l->events[i].inode == inode &&
		     l->events[i].offset == offset;
	return n;
}

/* Of the file whose page is first made dirty: the log. btrfs keeps its own pages
 * in inode 1. */
static uint64_t log_inode(const struct layers *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->events[i].kind == LAYER_DIRTY && !l->events[i].disk &&
		    l->events[i].inode > 1 && !l->events[i].offset)
			return l->events[i].inode;
	return 0;
}

/* Where in the file the first record in the block begins: *ret. 0: it has none.
 * A block of the file has it where the file has it. */
static int find_record(const unsigned char *block, uint64_t *ret)
{
	static const char head[] = "COMMIT: TXN-";
	char line[RECORD_MAX];
	size_t len = record_make(1, line);
	const unsigned char *at = memmem(block, PAGE, head, strlen(head));
	uint64_t number;

	if (!at || at + 17 > block + PAGE)
		return 0;
	number = strtoull((const char *)at + strlen(head), NULL, 10);
	*ret = (number - 1) * len;
	return number && *ret % PAGE == (uint64_t)(at - block);
}

struct pages_seen {
	uint64_t inode;
	size_t written[16]; /* of each page, so often */
	size_t n, bad;
};

static void look_at_block(const struct subject *s, const struct sent *c,
			  uint64_t at, const unsigned char *block,
			  struct pages_seen *seen)
{
	const struct layer_event *bio;
	uint64_t record, page;

	if (!find_record(block, &record) || record / PAGE >= 16)
		return;
	page = record / PAGE;
	bio = bio_of(s->layers, c->offset + at, c->time_ns);
	seen->n++;
	seen->written[page]++;
	seen->bad += !bio || count_dirty(s->layers, page * PAGE, seen->inode,
					 bio->time_ns) < seen->written[page];
}

/* The data of the nth write of this range since the arming; 0: none. */
static int read_data(const struct subject *s, const struct sent *c,
		     unsigned char *data, FILE *log)
{
	const struct history *h = s->history;
	size_t all = 0, seen = 0;

	/* Both count from the first: the trace from before the arming on. */
	for (size_t i = 0; i < h->n_commands; i++)
		all += h->commands[i].type == LOG_WRITE &&
		       h->commands[i].offset == c->offset &&
		       h->commands[i].length == c->length;
	for (size_t i = 0; i < s->trace->n_events; i++)
		if (s->trace->events[i].opcode == NVME_WRITE &&
		    s->trace->events[i].nsid == 1 &&
		    s->trace->events[i].time_ns < c->time_ns &&
		    s->trace->events[i].slba * h->block_size == c->offset &&
		    (uint64_t)s->trace->events[i].blocks * h->block_size ==
			    c->length)
			seen++;
	for (size_t i = 0; i < h->n_commands && seen < all; i++)
		if (h->commands[i].type == LOG_WRITE &&
		    h->commands[i].offset == c->offset &&
		    h->commands[i].length == c->length && !seen--)
			return !fseeko(log, (off_t)h->commands[i].data,
				       SEEK_SET) &&
			       fread(data, 1, c->length, log) == c->length;
	return 0;
}

static void check_pages(const struct subject *s)
{
	struct pages_seen seen = { .inode = log_inode(s->layers) };
	CLEANUP_FCLOSE FILE *log = fopen(s->log, "re");
	CLEANUP_FREE struct sent *sent = NULL;
	size_t n = list_sent(s, &sent);

	for (size_t i = 0; i < n && log; i++) {
		CLEANUP_FREE unsigned char *data = xcalloc(1, sent[i].length +
								      PAGE);

		if (!read_data(s, &sent[i], data, log))
			continue;
		for (uint64_t at = 0; at < sent[i].length; at += PAGE)
			look_at_block(s, &sent[i], at, data + at, &seen);
	}
	rule("each page of the log was dirty before its bio", seen.n,
	     seen.bad);
}

static int check(const struct subject *s, const char *type)
{
	const struct layers *l = s->layers;

	rule("all is told", l->n,
	     (size_t)l->lost + !l->traced + !l->drained + !l->device);
	check_commands(s);
	check_log(s);
	count_fsyncs(l);
	check_pages(s);
	/* btrfs does not say when a commit begins. */
	if (strcmp(type, "btrfs"))
		check_journal(l, type);
	return broken;
}

int main(int argc, char **argv)
{
	struct subject s = { 0 };
	int r = 0;

	if (argc == 3 && !strcmp(argv[1], "dump")) {
		load(argv[2], &s);
		dump(s.layers);
	} else if (argc == 4 && !strcmp(argv[1], "check")) {
		load(argv[2], &s);
		r = check(&s, argv[3]);
	} else {
		fputs("usage: layers dump FOLDER | check FOLDER TYPE\n",
		      stderr);
		return 2;
	}
	release(&s, argv[2]);
	return r;
}

/*
 * Reads one stream of a trace file: its chunks from the guest, in the order of
 * their arrival.
 *
 * What counts as lost, per CPU (linux kernel/trace/ring_buffer.c, the
 * counters of per_cpu/cpuN/stats):
 *
 *   overrun         events overwritten before they were read; the pages that
 *                   follow say the same in their header, so the greater of
 *                   the two counts once
 *   commit overrun  events dropped as nested writers wrapped the buffer
 *   dropped events  events dropped as the buffer was full
 *   read events     events handed to the reader: those that were read when
 *                   the guest took the counters, but stand in no page here,
 *                   were lost on their way
 */
#include "trace/stream.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "trace/pages.h"
#include "trace/trace.h"

#define CPU_MAX 256

struct cpu {
	struct cpu_events events;
	uint64_t overrun, commit_overrun, dropped; /* as last told */
	uint64_t untold; /* read in the guest, in no page here */
};

struct loader {
	FILE *f;
	unsigned number; /* of the stream */
	struct pages *pages;
	struct cpu *cpus; /* CPU_MAX of them */
	int drained;
	int cut_off; /* within a chunk */
	struct trace_chunk chunk;
	char *payload; /* TRACE_PAYLOAD_MAX + 1 bytes, NUL behind the chunk */
};

static uint64_t saturate(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* The value of the line "NAME: N". */
static int stat_value(const char *text, const char *name, uint64_t *ret,
		      struct error *e)
{
	size_t n = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		char *end;

		line += *line == '\n';
		if (strncmp(line, name, n) || strncmp(line + n, ": ", 2))
			continue;
		line += n + 2;
		errno = 0;
		*ret = strtoull(line, &end, 10);
		if (*line < '0' || *line > '9' || *end != '\n' || errno)
			break;
		return 0;
	}
	return error_set(e, EBADMSG, "no count of %s in a CPU's stats", name);
}

static int take_stats(struct cpu *c, const char *text, struct error *e)
{
	uint64_t read, untold;
	int err = stat_value(text, "overrun", &c->overrun, e);

	if (!err)
		err = stat_value(text, "commit overrun", &c->commit_overrun, e);
	if (!err)
		err = stat_value(text, "dropped events", &c->dropped, e);
	if (!err)
		err = stat_value(text, "read events", &read, e);
	if (err)
		return err;
	untold = read > c->events.records ? read - c->events.records : 0;
	if (untold > c->untold)
		c->untold = untold;
	return 0;
}

static uint64_t cpu_lost(const struct cpu *c)
{
	uint64_t lost = c->overrun > c->events.missed ? c->overrun :
							c->events.missed;

	lost = saturate(lost, c->commit_overrun);
	lost = saturate(lost, c->dropped);
	return saturate(lost, c->untold);
}

static int take_page(struct loader *l, struct cpu *c, struct error *e)
{
	uint64_t before = c->events.records;
	int err = pages_decode(l->pages, l->payload, l->chunk.length,
			       &c->events, e);

	if (c->events.records != before)
		l->drained = 0;
	return err;
}

static int take_chunk(struct loader *l, struct error *e)
{
	struct cpu *c = &l->cpus[l->chunk.cpu];
	int is_text = l->chunk.kind != TRACE_PAGE;

	if (is_text && strlen(l->payload) != l->chunk.length)
		return error_set(e, EBADMSG, "a NUL byte in a text");
	switch (l->chunk.kind) {
	case TRACE_FORMAT:
		return pages_set_format(l->pages, l->payload, e);
	case TRACE_HEADER:
		return pages_set_header(l->pages, l->payload, e);
	case TRACE_PAGE:
		return take_page(l, c, e);
	case TRACE_STATS:
		return take_stats(c, l->payload, e);
	case TRACE_DRAINED:
		l->drained = 1;
		return l->chunk.length ?
			       error_set(e, EBADMSG, "a drain with content") :
			       0;
	}
	return error_set(e, EBADMSG, "unknown kind %u of chunk", l->chunk.kind);
}

/* 1 with a chunk, 0 at the end of the file or where it is cut off. */
static int next_chunk(struct loader *l, struct error *e)
{
	size_t n = fread(&l->chunk, 1, sizeof(l->chunk), l->f);

	if (n < sizeof(l->chunk)) {
		l->cut_off = n != 0;
		return 0;
	}
	l->chunk.magic = le32toh(l->chunk.magic);
	l->chunk.kind = le16toh(l->chunk.kind);
	l->chunk.cpu = le16toh(l->chunk.cpu);
	l->chunk.length = le32toh(l->chunk.length);
	l->chunk.stream = le32toh(l->chunk.stream);
	if (l->chunk.magic != TRACE_MAGIC)
		return error_set(e, EBADMSG, "no chunk begins here");
	if (l->chunk.length > TRACE_PAYLOAD_MAX || l->chunk.cpu >= CPU_MAX)
		return error_set(e, EBADMSG, "a chunk of %u bytes for CPU %u",
				 l->chunk.length, l->chunk.cpu);
	n = fread(l->payload, 1, l->chunk.length, l->f);
	l->payload[n] = '\0';
	l->cut_off = n < l->chunk.length;
	return !l->cut_off;
}

static uint64_t time_of(const struct cpu_events *ev, size_t i, size_t each)
{
	uint64_t time_ns;

	memcpy(&time_ns, (const char *)ev->events + i * each, sizeof(time_ns));
	return time_ns;
}

/* Takes the oldest of the CPUs' next events, again and again: each CPU's own
 * order is kept, equal times go by CPU number. */
static void merge(const struct cpu *cpus, size_t n_cpus, size_t each,
		  struct stream *ret)
{
	size_t at[CPU_MAX] = { 0 };
	uint64_t next[CPU_MAX];

	for (size_t c = 0; c < n_cpus; c++)
		if (cpus[c].events.n)
			next[c] = time_of(&cpus[c].events, 0, each);
	for (size_t i = 0; i < ret->n; i++) {
		size_t best = n_cpus;
		const struct cpu_events *ev;

		for (size_t c = 0; c < n_cpus; c++)
			if (at[c] < cpus[c].events.n &&
			    (best == n_cpus || next[c] < next[best]))
				best = c;
		ev = &cpus[best].events;
		memcpy((char *)ret->events + i * each,
		       (const char *)ev->events + at[best] * each, each);
		ret->cpus[i] = (uint8_t)best;
		if (++at[best] < ev->n)
			next[best] = time_of(ev, at[best], each);
	}
}

static void take_all(const struct loader *l, const struct pages_set *set,
		     struct stream *ret)
{
	size_t n_cpus = 0;

	*ret = (struct stream){ .drained = l->drained && !l->cut_off };
	for (size_t c = 0; c < CPU_MAX; c++) {
		ret->n += l->cpus[c].events.n;
		ret->lost = saturate(ret->lost, cpu_lost(&l->cpus[c]));
		if (l->cpus[c].events.n)
			n_cpus = c + 1;
	}
	ret->events = xcalloc(ret->n, set->event_size);
	ret->cpus = xcalloc(ret->n, sizeof(*ret->cpus));
	merge(l->cpus, n_cpus, set->event_size, ret);
	for (size_t i = 0; i < set->n; i++)
		if (pages_knows(l->pages, i))
			ret->kinds |= 1ULL << i;
}

static int read_chunks(struct loader *l, const char *name, struct error *e)
{
	long long at = 0;
	int err;

	while ((err = next_chunk(l, e)) > 0) {
		err = l->chunk.stream == l->number ? take_chunk(l, e) : 0;
		if (err)
			break;
		at += (long long)sizeof(l->chunk) + l->chunk.length;
	}
	if (!err && ferror(l->f))
		return error_errno(e, EIO, "cannot read %s", name);
	if (err)
		error_prefix(e, "trace %s, chunk at byte %lld (CPU %u)", name,
			     at, l->chunk.cpu);
	return err;
}

int stream_open(const char *path, FILE **ret, struct error *e)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return error_errno(e, errno, "cannot open trace %s", path);
	*ret = f;
	return 0;
}

int stream_read(FILE *f, const char *name, unsigned number,
		const struct pages_set *set, struct stream *ret,
		struct error *e)
{
	struct loader l = { .f = f, .number = number,
			    .pages = pages_new(set) };
	int err;

	if (!l.pages)
		return error_set(e, ENOMEM, "cannot set up libtraceevent");
	l.cpus = xcalloc(CPU_MAX, sizeof(*l.cpus));
	l.payload = xmalloc(TRACE_PAYLOAD_MAX + 1);
	err = read_chunks(&l, name, e);
	if (!err)
		take_all(&l, set, ret);
	for (size_t c = 0; c < CPU_MAX; c++)
		free(l.cpus[c].events.events);
	free(l.cpus);
	free(l.payload);
	pages_free(l.pages);
	return err;
}

void stream_release(struct stream *s)
{
	free(s->events);
	free(s->cpus);
	*s = (struct stream){ 0 };
}

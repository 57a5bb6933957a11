/*
 * Reads a trace file: chunks from the guest, in the order of their arrival.
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
#include "trace/trace.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "trace/pages.h"

#define CPU_MAX 256

struct cpu {
	struct cpu_events events;
	uint64_t overrun, commit_overrun, dropped; /* as last told */
	uint64_t untold; /* read in the guest, in no page here */
};

struct loader {
	FILE *f;
	struct pages *pages;
	struct cpu *cpus; /* CPU_MAX of them */
	int drained;
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
		if (n)
			l->drained = 0;
		return 0;
	}
	l->chunk.magic = le32toh(l->chunk.magic);
	l->chunk.kind = le16toh(l->chunk.kind);
	l->chunk.cpu = le16toh(l->chunk.cpu);
	l->chunk.length = le32toh(l->chunk.length);
	if (l->chunk.magic != TRACE_MAGIC)
		return error_set(e, EBADMSG, "no chunk begins here");
	if (l->chunk.length > TRACE_PAYLOAD_MAX || l->chunk.cpu >= CPU_MAX)
		return error_set(e, EBADMSG, "a chunk of %u bytes for CPU %u",
				 l->chunk.length, l->chunk.cpu);
	n = fread(l->payload, 1, l->chunk.length, l->f);
	l->payload[n] = '\0';
	if (n < l->chunk.length) {
		l->drained = 0;
		return 0;
	}
	return 1;
}

/* Takes the oldest of the CPUs' next events, again and again: each CPU's own
 * order is kept, equal times go by CPU number. */
static void merge(const struct cpu *cpus, size_t n_cpus, struct trace *t)
{
	size_t at[CPU_MAX] = { 0 };

	for (size_t i = 0; i < t->n_events; i++) {
		size_t best = n_cpus;

		for (size_t c = 0; c < n_cpus; c++) {
			const struct cpu_events *ev = &cpus[c].events;

			if (at[c] < ev->n &&
			    (best == n_cpus ||
			     ev->events[at[c]].time_ns <
				     cpus[best].events.events[at[best]].time_ns))
				best = c;
		}
		t->events[i] = cpus[best].events.events[at[best]++];
	}
}

static struct trace *trace_from(const struct loader *l)
{
	struct trace *t = xcalloc(1, sizeof(*t));
	size_t n_cpus = 0;

	for (size_t c = 0; c < CPU_MAX; c++) {
		t->n_events += l->cpus[c].events.n;
		t->lost = saturate(t->lost, cpu_lost(&l->cpus[c]));
		if (l->cpus[c].events.n)
			n_cpus = c + 1;
	}
	t->events = xcalloc(t->n_events, sizeof(*t->events));
	t->drained = l->drained;
	t->unit = pages_unit(l->pages);
	merge(l->cpus, n_cpus, t);
	return t;
}

static int read_chunks(struct loader *l, const char *name, struct error *e)
{
	long long at = 0;
	int err;

	while ((err = next_chunk(l, e)) > 0) {
		err = take_chunk(l, e);
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

int trace_read(FILE *f, const char *name, struct trace **ret, struct error *e)
{
	struct loader l = { .f = f, .pages = pages_new() };
	int err;

	if (!l.pages)
		return error_set(e, ENOMEM, "cannot set up libtraceevent");
	l.cpus = xcalloc(CPU_MAX, sizeof(*l.cpus));
	l.payload = xmalloc(TRACE_PAYLOAD_MAX + 1);
	err = read_chunks(&l, name, e);
	if (!err)
		*ret = trace_from(&l);
	for (size_t c = 0; c < CPU_MAX; c++)
		free(l.cpus[c].events.events);
	free(l.cpus);
	free(l.payload);
	pages_free(l.pages);
	return err;
}

int trace_load(const char *path, struct trace **ret, struct error *e)
{
	CLEANUP_FCLOSE FILE *f = fopen(path, "re");

	if (!f)
		return error_errno(e, errno, "cannot open trace %s", path);
	return trace_read(f, path, ret, e);
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	free(t->events);
	free(t);
}

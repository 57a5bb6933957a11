#include "drive/map.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

#define PAGE_UNITS 1024u

void map_init(struct map *m, uint64_t size, uint32_t unit)
{
	uint64_t units = size / unit + (size % unit != 0);

	m->size = size;
	m->unit = unit;
	m->n_pages = (size_t)(units / PAGE_UNITS + (units % PAGE_UNITS != 0));
	m->pages = xcalloc(m->n_pages, sizeof(*m->pages));
}

void map_clear(struct map *m)
{
	for (size_t i = 0; i < m->n_pages; i++) {
		free(m->pages[i].sources);
		m->pages[i] = (struct map_page){ NULL, SOURCE_BASE };
	}
}

void map_free(struct map *m)
{
	map_clear(m);
	free(m->pages);
	*m = (struct map){ NULL, 0, 0, 0 };
}

/* Zeroes and the base are the same for every unit; data moves on. */
static int stands_in_file(uint64_t source)
{
	return SOURCE_KIND(source) == SOURCE_LOG ||
	       SOURCE_KIND(source) == SOURCE_SCRATCH;
}

static uint64_t advance(uint64_t source, uint64_t bytes)
{
	return stands_in_file(source) ? source + bytes : source;
}

static int is_newer(uint64_t source, uint64_t old)
{
	return SOURCE_OFFSET(source) >= SOURCE_OFFSET(old);
}

static void page_split(struct map_page *p)
{
	if (p->sources)
		return;
	p->sources = xmalloc(PAGE_UNITS * sizeof(*p->sources));
	for (size_t i = 0; i < PAGE_UNITS; i++)
		p->sources[i] = p->same;
}

static void page_set(struct map_page *p, size_t from, size_t to,
		     uint64_t source, uint32_t unit, int only_newer)
{
	int whole = from == 0 && to == PAGE_UNITS && !stands_in_file(source);

	if (whole && (!only_newer || !p->sources)) {
		if (only_newer && !is_newer(source, p->same))
			return;
		free(p->sources);
		*p = (struct map_page){ NULL, source };
		return;
	}
	page_split(p);
	for (size_t i = from; i < to; i++) {
		if (!only_newer || is_newer(source, p->sources[i]))
			p->sources[i] = source;
		source = advance(source, unit);
	}
}

static void set(struct map *m, uint64_t first, uint64_t count, uint64_t source,
		int only_newer)
{
	while (count) {
		size_t from = (size_t)(first % PAGE_UNITS);
		size_t n = PAGE_UNITS - from;

		if (n > count)
			n = (size_t)count;
		page_set(&m->pages[first / PAGE_UNITS], from, from + n, source,
			 m->unit, only_newer);
		source = advance(source, (uint64_t)n * m->unit);
		first += n;
		count -= n;
	}
}

void map_set(struct map *m, uint64_t first, uint64_t count, uint64_t source)
{
	set(m, first, count, source, 0);
}

void map_set_newer(struct map *m, uint64_t first, uint64_t count,
		   uint64_t source)
{
	set(m, first, count, source, 1);
}

static uint64_t source_of(const struct map *m, uint64_t unit)
{
	const struct map_page *p = &m->pages[unit / PAGE_UNITS];

	return p->sources ? p->sources[unit % PAGE_UNITS] : p->same;
}

/* Whether content from `next` on continues what stands at `source`. */
static int continues(uint64_t source, uint64_t next, uint64_t bytes)
{
	if (SOURCE_KIND(source) != SOURCE_KIND(next))
		return 0;
	return !stands_in_file(source) || next == source + bytes;
}

struct run map_run(const struct map *m, uint64_t offset, uint64_t length)
{
	uint64_t unit = offset / m->unit;
	uint64_t source = source_of(m, unit);
	uint64_t skip = offset % m->unit;
	uint64_t have = m->unit;

	while (have - skip < length &&
	       continues(source, source_of(m, ++unit), have))
		have += m->unit;
	if (have - skip < length)
		length = have - skip;
	return (struct run){ advance(source, skip), offset, length };
}

size_t map_runs(const struct map *m, uint64_t offset, uint64_t length,
		struct run **ret)
{
	struct run *runs = NULL;
	size_t n = 0, size = 0;

	while (length) {
		if (n == size) {
			size = size ? 2 * size : 8;
			runs = xrealloc(runs, size * sizeof(*runs));
		}
		runs[n] = map_run(m, offset, length);
		offset += runs[n].length;
		length -= runs[n].length;
		n++;
	}
	*ret = runs;
	return n;
}

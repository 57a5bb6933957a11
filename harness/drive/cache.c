/*
 * Durable writes enter the durable map out of order: of two writes of one
 * block the later may be made durable first (by FUA), and the earlier, made
 * durable by a flush after that, must not come back. All sources point into
 * the log, which only grows, so the higher offset is the later submit; for
 * zeroes the offset is that of their record's (empty) payload.
 */
#include "drive/cache.h"

#include <stdlib.h>

#include "common/buf.h"

void cache_init(struct cache *c, uint64_t disk_size, uint32_t block)
{
	*c = (struct cache){ .n = 0 };
	map_init(&c->durable, disk_size, block);
}

void cache_free(struct cache *c)
{
	map_free(&c->durable);
	free(c->writes);
	*c = (struct cache){ .n = 0 };
}

void cache_submit(struct cache *c, const struct volatile_write *w)
{
	if (c->n == c->size) {
		c->size = c->size ? 2 * c->size : 256;
		c->writes = xrealloc(c->writes,
				     c->size * sizeof(*c->writes));
	}
	c->writes[c->n++] = *w;
}

static int by_submit(const void *key, const void *element)
{
	uint64_t submit = *(const uint64_t *)key;
	const struct volatile_write *w = element;

	return submit < w->submit ? -1 : submit > w->submit;
}

static void make_durable(struct cache *c, const struct volatile_write *w)
{
	map_set_newer(&c->durable, w->first, w->count, w->source);
}

/* Moves what `covered` to the durable map, keeps the others in order. */
static void sweep(struct cache *c,
		  int (*covered)(const struct volatile_write *, uint64_t),
		  uint64_t arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (covered(&c->writes[i], arg))
			make_durable(c, &c->writes[i]);
		else
			c->writes[kept++] = c->writes[i];
	}
	c->n = kept;
}

static int is_command(const struct volatile_write *w, uint64_t submit)
{
	return w->submit == submit;
}

/* Rule 2. */
void cache_complete(struct cache *c, uint64_t submit, uint64_t position)
{
	struct volatile_write *w = NULL;

	if (c->n)
		w = bsearch(&submit, c->writes, c->n, sizeof(*w), by_submit);
	if (!w)
		return;
	w->complete = position;
	if (w->fua)
		sweep(c, is_command, submit);
}

/* Rule 1. */
static int completed_before(const struct volatile_write *w, uint64_t position)
{
	return w->complete < position;
}

void cache_flushed(struct cache *c, uint64_t flush_submit)
{
	sweep(c, completed_before, flush_submit);
}

static int any(const struct volatile_write *w, uint64_t arg)
{
	(void)w;
	(void)arg;
	return 1;
}

void cache_settle(struct cache *c)
{
	sweep(c, any, 0);
}

/*
 * What the drive itself knows to be durable: the flush rule, kept up as the
 * commands come. The rules are told at the head of model.c; this is a second
 * implementation of rules 1 and 2, made on purpose without it, that a test
 * holds against the first. It believes the FUA flag of the NBD command and
 * nothing else. Not thread-safe.
 */
#ifndef DRIVE_CACHE_H
#define DRIVE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "drive/map.h"

/* A change of the media that is not durable yet. */
struct volatile_write {
	uint64_t submit;   /* position */
	uint64_t complete; /* position, UINT64_MAX while in flight */
	uint64_t first, count; /* blocks */
	uint64_t source;
	int fua;
};

struct cache {
	struct map durable;
	struct volatile_write *writes; /* in submit order */
	size_t n, size;
};

void cache_init(struct cache *c, uint64_t disk_size, uint32_t block);
void cache_free(struct cache *c);

void cache_submit(struct cache *c, const struct volatile_write *w);
/* Of a change that ARM has made durable already: nothing happens. */
void cache_complete(struct cache *c, uint64_t submit, uint64_t position);
/* The flush submitted at that position has completed. */
void cache_flushed(struct cache *c, uint64_t flush_submit);
/* Everything submitted is durable from now on. */
void cache_settle(struct cache *c);

#endif

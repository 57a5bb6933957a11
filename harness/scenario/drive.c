/* The mapping `drive`: its size and bus, and its cache. */
#include "scenario/convert.h"

#include <string.h>

#include "common/error.h"
#include "common/quantity.h"

#define KiB (1ULL << 10)
#define MiB (1ULL << 20)
#define TiB (1ULL << 40)
#define SECOND 1000000000ULL

/* A word of the format for "no limit", or a quantity. */
static int limit_at(struct document *d, const char *path, const char *text,
		    const char *no_limit, quantity_fn parse, uint64_t max,
		    const char *range, uint64_t *ret, struct error *e)
{
	struct error reason;
	uint64_t value;

	*ret = UINT64_MAX;
	if (!text || !strcmp(text, no_limit))
		return 0;
	if (parse(text, &value, &reason) < 0)
		return document_error(d, path, e, "%s: %s, or %s", path,
				      reason.message, no_limit);
	return quantity_at(d, path, text, parse, 1, max, range, ret, e);
}

static int convert_tear(struct document *d, const char *text,
			struct scenario *s, struct error *e)
{
	uint64_t tear = 4096;
	int err = quantity_at(d, "drive.cache.tear", text, parse_size, 512,
			      64 * KiB, "a power of two from 512 to 64KiB",
			      &tear, e);

	if (!err && (tear & (tear - 1)))
		err = document_error(d, "drive.cache.tear", e,
				     "drive.cache.tear is %.40s; expected a "
				     "power of two from 512 to 64KiB", text);
	if (!err && tear < s->drive.block)
		err = document_error(d, "drive.cache.tear", e,
				     "drive.cache.tear is %.40s; expected at "
				     "least drive.block, %u: a drive writes "
				     "whole blocks", text, s->drive.block);
	s->drive.cache.tear = (uint32_t)tear;
	return err;
}

static int convert_cache(struct document *d, const struct raw_cache *raw,
			 struct scenario *s, struct error *e)
{
	struct cache_model *m = &s->drive.cache;
	int err;

	m->mode = raw->mode;
	m->order = raw->order;
	m->flush_ignored = raw->flush == FLUSH_IGNORED;
	m->fua_ignored = raw->fua == FUA_IGNORED;
	m->plp = raw->power_loss_protection;
	s->drive.pinned.capacity = raw->capacity != NULL;
	s->drive.pinned.destage = raw->destage != NULL;
	s->drive.pinned.tear = raw->tear != NULL;
	s->drive.pinned.order = document_has(d, "drive.cache.order");
	err = limit_at(d, "drive.cache.capacity", raw->capacity, "unlimited",
		       parse_size, UINT64_MAX, "more than 0, or unlimited",
		       &m->capacity, e);
	if (!err)
		err = limit_at(d, "drive.cache.destage", raw->destage, "never",
			       parse_duration, 86400 * SECOND,
			       "more than 0s, at most 24h, or never",
			       &m->destage_ns, e);
	return err ? err : convert_tear(d, raw->tear, s, e);
}

int drive_convert(struct document *d, const struct raw_drive *raw,
		  struct scenario *s, struct error *e)
{
	uint64_t block = 512, unit;
	int err;

	s->drive.bus = raw->bus;
	s->drive.scheduler = raw->scheduler;
	s->drive.size = 128 * MiB;
	s->drive.pinned.size = raw->size != NULL;
	err = quantity_at(d, "drive.size", raw->size, parse_size, MiB,
			  16 * TiB, "1MiB to 16TiB", &s->drive.size, e);
	if (!err)
		err = quantity_at(d, "drive.block", raw->block, parse_size,
				  512, 4096, "512 or 4096", &block, e);
	if (!err && block != 512 && block != 4096)
		err = document_error(d, "drive.block", e,
				     "drive.block is %.40s; expected 512 or "
				     "4096", raw->block);
	s->drive.block = (uint32_t)block;
	if (!err)
		err = quantity_at(d, "drive.latency", raw->latency,
				  parse_duration, 0, SECOND, "0s to 1s",
				  &s->drive.latency_ns, e);
	if (!err)
		err = convert_cache(d, &raw->cache, s, e);
	if (err)
		return err;
	/* tear is at least block, and both are powers of two */
	unit = s->drive.cache.tear;
	if (s->drive.size % unit)
		return document_error(d, "drive.size", e,
				      "drive.size is %.40s; expected a multiple "
				      "of drive.block and drive.cache.tear, "
				      "%llu bytes", raw->size,
				      (unsigned long long)unit);
	return faults_convert(d, &raw->faults, s, e);
}

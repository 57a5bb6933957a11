/* The mapping `drive.faults`: what the drive does beyond its contract. */
#include "scenario/convert.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/error.h"
#include "common/quantity.h"

#define COUNT_MAX 100000
#define BITS_MAX 4096

struct fault_reader {
	struct document *d;
	const struct scenario *s;
	struct fault_model *m;
	struct error *e;
};

static int quantity(struct fault_reader *r, enum fault f, const char *key,
		    const char *text, quantity_fn parse, uint64_t min,
		    uint64_t max, const char *range, uint64_t *ret)
{
	char path[80];

	snprintf(path, sizeof(path), "drive.faults.%s.%s", fault_key(f), key);
	return quantity_at(r->d, path, text, parse, min, max, range, ret, r->e);
}

static int count(struct fault_reader *r, enum fault f, const char *text)
{
	r->m->count[f] = 4;
	return quantity(r, f, "count", text, parse_count, 1, COUNT_MAX,
			"1 to 100000", &r->m->count[f]);
}

static int wrong(struct fault_reader *r, const char *path, const char *is,
		 const char *expected)
{
	return document_error(r->d, path, r->e, "%s is %s; expected %s", path,
			      is, expected);
}

static int bit_corruption(struct fault_reader *r,
			  const struct raw_bit_corruption *raw)
{
	uint64_t bits = 1;
	int err = count(r, FAULT_BIT_CORRUPTION, raw->count);

	if (!err)
		err = quantity(r, FAULT_BIT_CORRUPTION, "bits", raw->bits,
			       parse_count, 1, BITS_MAX, "1 to 4096", &bits);
	r->m->bits = (uint32_t)bits;
	return err;
}

static int shorn(struct fault_reader *r, const struct raw_shorn *raw)
{
	static const char path[] = "drive.faults.shorn.keep";
	uint32_t tear = r->s->drive.cache.tear;
	uint64_t keep = 1536;
	int err = count(r, FAULT_SHORN, raw->count);
	char expected[96];

	if (!err)
		err = quantity(r, FAULT_SHORN, "keep", raw->keep, parse_size,
			       512, 65536, "512 or more", &keep);
	if (err)
		return err;
	snprintf(expected, sizeof(expected), "a multiple of 512 below "
		 "drive.cache.tear, %" PRIu32 " bytes", tear);
	if (keep % 512 || keep >= tear)
		return wrong(r, path, raw->keep ? raw->keep : "1536", expected);
	r->m->keep = (uint32_t)keep;
	return 0;
}

/* A size in whole atomic units. */
static int units(struct fault_reader *r, enum fault f, const char *key,
		 const char *text, uint64_t *ret)
{
	uint32_t tear = r->s->drive.cache.tear;
	char path[80], expected[96];

	snprintf(path, sizeof(path), "drive.faults.%s.%s", fault_key(f), key);
	snprintf(expected, sizeof(expected), "a multiple of drive.cache.tear, "
		 "%" PRIu32 " bytes, below drive.size", tear);
	if (quantity_at(r->d, path, text, parse_size, 0, UINT64_MAX, "", ret,
			r->e))
		return -EINVAL;
	if (*ret % tear || *ret >= r->s->drive.size)
		return wrong(r, path, text ? text : "64KiB", expected);
	return 0;
}

static int flying(struct fault_reader *r, const struct raw_flying *raw)
{
	int err = count(r, FAULT_FLYING, raw->count);

	r->m->distance = 65536;
	if (!err)
		err = units(r, FAULT_FLYING, "distance", raw->distance,
			    &r->m->distance);
	if (!err && !r->m->distance)
		err = wrong(r, "drive.faults.flying.distance", raw->distance,
			    "more than 0");
	return err;
}

static int unserializable(struct fault_reader *r,
			  const struct raw_unserializable *raw)
{
	int err = count(r, FAULT_UNSERIALIZABLE, raw->count);

	r->m->window = 8;
	if (!err)
		err = quantity(r, FAULT_UNSERIALIZABLE, "window", raw->window,
			       parse_count, 1, UINT32_MAX, "at least 1",
			       &r->m->window);
	return err;
}

static int metadata(struct fault_reader *r, const struct raw_metadata *raw)
{
	int err = count(r, FAULT_METADATA, raw->count);

	r->m->checkpoint = 64;
	r->m->region = 0;
	if (!err)
		err = quantity(r, FAULT_METADATA, "checkpoint",
			       raw->checkpoint, parse_count, 1, UINT32_MAX,
			       "at least 1", &r->m->checkpoint);
	if (!err)
		err = units(r, FAULT_METADATA, "region", raw->region,
			    &r->m->region);
	return err;
}

int faults_convert(struct document *d, const struct raw_faults *raw,
		   struct scenario *s, struct error *e)
{
	struct fault_model *m = &s->drive.cache.faults;
	struct fault_reader r = { d, s, m, e };
	int err = 0;

	if (raw->bit_corruption)
		err = bit_corruption(&r, raw->bit_corruption);
	if (!err && raw->shorn)
		err = shorn(&r, raw->shorn);
	if (!err && raw->flying)
		err = flying(&r, raw->flying);
	if (!err && raw->unserializable)
		err = unserializable(&r, raw->unserializable);
	if (!err && raw->metadata)
		err = metadata(&r, raw->metadata);
	/* The sizes of faults are sizes in atomic units. */
	if (fault_model_any(m))
		s->drive.pinned.tear = 1;
	m->count[FAULT_READ_ONLY] = raw->dead == RAW_DEAD_READ_ONLY;
	m->count[FAULT_GONE] = raw->dead == RAW_DEAD_GONE;
	return err;
}

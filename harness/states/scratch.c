/*
 * Contents that no write holds: what a fault made of a unit, once each, at the
 * end of the units file. States may be asked for by several threads, so the
 * table has a lock of its own.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "states/faults.h"

struct scratch {
	pthread_mutex_t lock;
	struct contents contents;
	uint64_t end; /* bytes in the units file */
};

struct scratch *scratch_new(uint64_t end)
{
	struct scratch *x = xcalloc(1, sizeof(*x));

	x->end = end;
	pthread_mutex_init(&x->lock, NULL);
	return x;
}

void scratch_free(struct scratch *x)
{
	if (!x)
		return;
	contents_free(&x->contents);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

static int is_zero(const unsigned char *data, uint32_t len)
{
	return !data[0] && !memcmp(data, data + 1, len - 1);
}

static int store(const struct state_space *s, const void *data, uint32_t len,
		 uint64_t *ret, struct error *e)
{
	struct scratch *x = s->scratch;
	LOCKED(&x->lock);
	struct contents *all = &x->contents;
	uint32_t content;
	int err = contents_intern(all, data, len, &content);

	if (err)
		return error_errno(e, -err, "too many faulty contents");
	if (all->at[content].source == SOURCE_BASE) {
		err = pwrite_full(s->units_fd, data, len, x->end);
		if (err)
			return error_errno(e, -err,
					   "cannot write the units file");
		all->at[content].source = SOURCE_SCRATCH | x->end;
		x->end += s->tear;
	}
	*ret = all->at[content].source;
	return 0;
}

int scratch_put(const struct state_space *s, uint32_t u, const void *data,
		uint64_t *ret_source, struct state_hash *ret_hash,
		struct error *e)
{
	uint32_t len = unit_length(s, s->unit_index[u]);
	XXH128_hash_t x = XXH3_128bits(data, len);
	struct state_hash hash =
		unit_hash(s, u, (struct state_hash){ x.low64, x.high64 });
	int err = 0;

	if (!hash.low && !hash.high)
		*ret_source = SOURCE_BASE;
	else if (is_zero(data, len))
		*ret_source = SOURCE_ZERO;
	else
		err = store(s, data, len, ret_source, e);
	if (!err)
		*ret_hash = hash;
	return err;
}

#include "drive/serve.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "drive/accesses.h"
#include "drive/map.h"
#include "drive/media.h"
#include "drive/overlay.h"

/* A state that waits for the guest to ask for it. */
struct queued {
	struct patch *patches; /* owned */
	size_t n;
};

struct server {
	pthread_rwlock_t lock;
	uint64_t size;
	uint32_t block;
	struct map map;
	struct media media;
	struct overlay *overlay;
	struct queued *queue;
	size_t n_queue, next;
	struct accesses accesses; /* in units of the map */
	atomic_int failed; /* -errno of our own first failure */
	atomic_int access; /* enum drive_access */
};

static void cleanup_rwunlock(pthread_rwlock_t **lock)
{
	pthread_rwlock_unlock(*lock);
}

/* Until the end of the scope. */
#define HELD __attribute__((cleanup(cleanup_rwunlock), unused))

static pthread_rwlock_t *reading(struct server *s)
{
	pthread_rwlock_rdlock(&s->lock);
	return &s->lock;
}

/* The last one may be short. */
static uint64_t units_of(const struct server *s)
{
	return s->size / s->map.unit + !!(s->size % s->map.unit);
}

static pthread_rwlock_t *changing(struct server *s)
{
	pthread_rwlock_wrlock(&s->lock);
	return &s->lock;
}

int server_create(uint64_t size, uint32_t block, const char *scratch_dir,
		  struct server **ret, struct error *e)
{
	struct overlay *overlay;
	struct server *s;
	int err;

	if (block < OVERLAY_SECTOR || block > 65536 || (block & (block - 1)) ||
	    !size || size % block || size > INT64_MAX)
		return error_set(e, EINVAL, "impossible disk: %" PRIu64
				 " bytes in blocks of %u", size, block);
	err = overlay_create(scratch_dir, size, &overlay, e);
	if (err < 0)
		return err;
	s = xcalloc(1, sizeof(*s));
	pthread_rwlock_init(&s->lock, NULL);
	s->size = size;
	s->block = block;
	s->media = (struct media)MEDIA_NONE;
	s->overlay = overlay;
	map_init(&s->map, size, 4096);
	accesses_init(&s->accesses, units_of(s));
	*ret = s;
	return 0;
}

static void forget_queue(struct server *s)
{
	for (size_t i = 0; i < s->n_queue; i++)
		free(s->queue[i].patches);
	free(s->queue);
	s->queue = NULL;
	s->n_queue = s->next = 0;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	forget_queue(s);
	map_free(&s->map);
	accesses_free(&s->accesses);
	media_close(&s->media);
	overlay_free(s->overlay);
	pthread_rwlock_destroy(&s->lock);
	free(s);
}

static int on_the_disk(const struct server *s, uint64_t offset,
		       uint64_t length)
{
	return length && length <= s->size && offset <= s->size - length &&
	       offset % s->block == 0 && length % s->block == 0;
}

/* What lies below the overlay. */
static int read_state(struct server *s, char *data, uint64_t length,
		      uint64_t offset)
{
	while (length) {
		struct run r = map_run(&s->map, offset, length);
		int err = media_read(&s->media, &r, 1, data);

		if (err < 0)
			return err;
		data += r.length;
		offset += r.length;
		length -= r.length;
	}
	return 0;
}

/* The first failure of our own is kept: from then on nothing that the guest
 * sees says anything about the state. */
static int note(struct server *s, int err)
{
	int none = 0;

	if (err < 0)
		atomic_compare_exchange_strong(&s->failed, &none, err);
	return err;
}

int server_health(struct server *s)
{
	return atomic_load(&s->failed);
}

/* The units that a piece of the disk touches. */
static struct unit_run units_touched(const struct server *s, uint64_t offset,
				     uint64_t length)
{
	uint64_t first = offset / s->map.unit;

	return (struct unit_run){
		first, (offset + length - 1) / s->map.unit - first + 1
	};
}

/* From the state, and the guest knows more of it from now on. */
static int tell_state(struct server *s, char *p, uint64_t length,
		      uint64_t offset)
{
	struct unit_run units = units_touched(s, offset, length);

	accesses_read(&s->accesses, units.first, units.count);
	return read_state(s, p, length, offset);
}

static int read_disk(struct server *s, char *p, uint64_t length,
		     uint64_t offset,
		     int (*below)(struct server *s, char *p, uint64_t length,
				  uint64_t offset))
{
	while (length) {
		int inside, err;
		uint64_t n = overlay_run(s->overlay, offset, length, &inside);

		err = inside ? overlay_read(s->overlay, p, n, offset) :
			       below(s, p, n, offset);
		if (err < 0)
			return err;
		p += n;
		offset += n;
		length -= n;
	}
	return 0;
}

int server_read(struct server *s, void *data, uint64_t length,
		uint64_t offset)
{
	if (!on_the_disk(s, offset, length))
		return -EINVAL;
	if (atomic_load(&s->access) == DRIVE_GONE)
		return -EIO;
	HELD pthread_rwlock_t *held = reading(s);
	return note(s, read_disk(s, data, length, offset, tell_state));
}

static void note_write(struct server *s, uint64_t offset, uint64_t length)
{
	struct unit_run units = units_touched(s, offset, length);

	accesses_write(&s->accesses, units.first, units.count);
}

int server_write(struct server *s, const void *data, uint64_t length,
		 uint64_t offset)
{
	if (!on_the_disk(s, offset, length))
		return -EINVAL;
	if (atomic_load(&s->access) != DRIVE_ALIVE)
		return -EIO;
	HELD pthread_rwlock_t *held = changing(s);
	note_write(s, offset, length);
	return note(s, overlay_write(s->overlay, data, length, offset));
}

int server_zero(struct server *s, uint64_t length, uint64_t offset)
{
	if (!on_the_disk(s, offset, length))
		return -EINVAL;
	if (atomic_load(&s->access) != DRIVE_ALIVE)
		return -EIO;
	HELD pthread_rwlock_t *held = changing(s);
	note_write(s, offset, length);
	return note(s, overlay_zero(s->overlay, length, offset));
}

int server_flush(struct server *s)
{
	return atomic_load(&s->access) == DRIVE_GONE ? -EIO : 0;
}

void server_set_access(struct server *s, enum drive_access access)
{
	atomic_store(&s->access, (int)access);
}

int server_load(struct server *s, const char *base, const char *log,
		const char *units, uint32_t unit_size, struct error *e)
{
	struct media media = MEDIA_NONE;
	int err;

	if (unit_size < 512 || unit_size > 65536 ||
	    (unit_size & (unit_size - 1)))
		return error_set(e, EINVAL, "unit size %u is not a power of "
				 "two from 512 to 65536", unit_size);
	err = media_open(base, &media.base, e);
	if (!err)
		err = media_open(log, &media.log, e);
	if (!err)
		err = media_open(units, &media.units, e);
	if (err < 0) {
		media_close(&media);
		return err;
	}
	HELD pthread_rwlock_t *held = changing(s);
	forget_queue(s);
	media_close(&s->media);
	s->media = media;
	map_free(&s->map);
	map_init(&s->map, s->size, unit_size);
	accesses_free(&s->accesses);
	accesses_init(&s->accesses, units_of(s));
	err = overlay_reset(s->overlay);
	if (err < 0)
		return error_errno(e, -err, "cannot empty the scratch file");
	return 0;
}

static uint64_t file_size(int fd)
{
	struct stat st;

	return fd < 0 || fstat(fd, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

/* The content that the patch names must exist now, or reads would fail. */
static int check_patches(const struct server *s, const struct patch *patches,
			 size_t n, struct error *e)
{
	uint64_t units = units_of(s);
	uint64_t log = file_size(s->media.log);
	uint64_t scratch = file_size(s->media.units);

	for (size_t i = 0; i < n; i++) {
		uint64_t unit = patches[i].unit, source = patches[i].source;
		uint64_t kind = SOURCE_KIND(source), need = s->map.unit;
		uint64_t have = kind == SOURCE_LOG ? log : scratch;

		if (unit >= units)
			return error_set(e, EINVAL, "patch %zu: unit %" PRIu64
					 " is not on the disk", i, unit);
		if (kind == SOURCE_BASE || kind == SOURCE_ZERO)
			continue;
		if (need > s->size - unit * need)
			need = s->size - unit * need;
		if (have < need || SOURCE_OFFSET(source) > have - need)
			return error_set(e, EINVAL, "patch %zu: its content "
					 "lies behind the end of the %s", i,
					 kind == SOURCE_LOG ? "log" :
							      "units file");
	}
	return 0;
}

static int set_state(struct server *s, const struct patch *patches, size_t n)
{
	int err = overlay_reset(s->overlay);

	accesses_restart(&s->accesses);
	for (size_t i = 0; i < n && !err; i++)
		map_set(&s->map, patches[i].unit, 1, patches[i].source);
	return err;
}

int server_set_state(struct server *s, const struct patch *patches, size_t n,
		     struct error *e)
{
	HELD pthread_rwlock_t *held = changing(s);
	int err = check_patches(s, patches, n, e);

	if (err < 0)
		return err;
	err = set_state(s, patches, n);
	if (err < 0)
		return error_errno(e, -err, "cannot empty the scratch file");
	return 0;
}

int server_queue_state(struct server *s, const struct patch *patches,
		       size_t n, struct error *e)
{
	HELD pthread_rwlock_t *held = changing(s);
	int err = check_patches(s, patches, n, e);
	struct queued *q;

	if (err < 0)
		return err;
	s->queue = xrealloc(s->queue, (s->n_queue + 1) * sizeof(*s->queue));
	q = &s->queue[s->n_queue++];
	q->n = n;
	q->patches = xmalloc((n + 1) * sizeof(*patches));
	memcpy(q->patches, patches, n * sizeof(*patches));
	return 0;
}

int server_next(struct server *s)
{
	HELD pthread_rwlock_t *held = changing(s);
	const struct queued *q;

	if (!s->n_queue)
		return 0;
	if (s->next == s->n_queue)
		return -ENODATA;
	q = &s->queue[s->next++];
	return note(s, set_state(s, q->patches, q->n));
}

uint64_t server_units(struct server *s)
{
	HELD pthread_rwlock_t *held = reading(s);

	return units_of(s);
}

/* ---- what the guest did ---- */

/* One unit as the guest would read it now. */
static int hash_unit(struct server *s, uint64_t unit, char *data,
		     XXH3_state_t *sum)
{
	uint64_t offset = unit * s->map.unit, n = s->map.unit;
	XXH128_hash_t hash;
	uint64_t key[3];
	int err;

	if (n > s->size - offset)
		n = s->size - offset;
	err = read_disk(s, data, n, offset, read_state);
	if (err < 0)
		return err;
	hash = XXH3_128bits(data, n);
	key[0] = unit;
	key[1] = hash.low64;
	key[2] = hash.high64;
	XXH3_128bits_update(sum, key, sizeof(key));
	return 0;
}

static int hash_written(struct server *s, XXH3_state_t *sum)
{
	CLEANUP_FREE char *data = xmalloc(s->map.unit);
	struct unit_run run = { 0, 0 };
	int err = 0;

	while (!err && unit_set_next(&s->accesses.written,
				     run.first + run.count, &run))
		for (uint64_t i = 0; i < run.count && !err; i++)
			err = hash_unit(s, run.first + i, data, sum);
	return err;
}

int server_mounted(struct server *s, const struct unit_run *ask,
		   struct drive_written *ret, struct error *e)
{
	HELD pthread_rwlock_t *held = changing(s);
	uint64_t units = units_of(s);
	XXH3_state_t *sum;
	XXH128_hash_t hash;
	int err;

	if (ask->first > units || ask->count > units - ask->first)
		return error_set(e, EINVAL, "there are no such units");
	sum = XXH3_createState();
	XXH3_128bits_reset(sum);
	err = note(s, hash_written(s, sum));
	hash = XXH3_128bits_digest(sum);
	XXH3_freeState(sum);
	if (err < 0)
		return error_errno(e, -err, "cannot read what was written");
	accesses_mounted(&s->accesses);
	*ret = (struct drive_written){
		.hash_low = hash.low64,
		.hash_high = hash.high64,
		.units = unit_set_count(&s->accesses.written, 0, units),
		.of_asked = unit_set_count(&s->accesses.written, ask->first,
					   ask->count),
	};
	return 0;
}

void server_reads(struct server *s, struct unit_run *runs[DRIVE_PHASES],
		  size_t n[DRIVE_PHASES])
{
	HELD pthread_rwlock_t *held = changing(s);

	for (int i = 0; i < DRIVE_PHASES; i++) {
		runs[i] = xcalloc(SERVER_RUNS, sizeof(*runs[i]));
		n[i] = accesses_runs(&s->accesses.read[i], runs[i],
				     SERVER_RUNS);
	}
}

/*
 * Two files in memory, equal but for what the kernel has written since the
 * state was shown: `state` holds what the disk is in this crash state, `shown`
 * is what the loop device serves. The next state is made by
 *
 *   1. putting its patches into `state`: only units that differ;
 *   2. copying from `state` to `shown` these units, and every sector that the
 *      kernel wrote (recovery, the check, the unmount);
 *   3. making sure that no page of a sector that was changed in 1 or 2 is still
 *      cached for the device.
 *
 * Exact: after 2 both are equal again. Which sectors the kernel wrote is known
 * from the kernel itself (writes.c), and where it cannot say, or has lost a
 * record, by comparing all data of both files. Comparing also audits what was
 * traced, after the first states and then from time to time, as often as it
 * costs little: a difference that was not traced means that no state since the
 * last audit can be trusted. Then this process judges nothing on the host any
 * more, which makes the run fail.
 *
 * Pages: the device's own page cache is dropped by BLKFLSBUF, which spares
 * pages that somebody still uses. So mincore(2) is asked, for the sectors that
 * were changed, after they were changed: a page read later is a new one. The
 * files have no cache beside themselves: they are page cache (tmpfs).
 */
#include "host/disk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/media.h"
#include "host/loop.h"
#include "host/sparse.h"
#include "host/writes.h"

#define PAGE 4096u /* of x86-64 */
#define CHUNK (64u << 10)
/* States that are audited after a load; then one in so many that an audit
 * reads this much a state. */
#define AUDITS_FIRST 4
#define AUDIT_BYTES (128u << 10)
#define AUDIT_RARELY 16

struct host_disk {
	uint64_t size;
	int state, shown; /* files in memory */
	struct loop loop;
	unsigned char *cached; /* the device's pages: for mincore() only */
	struct writes *writes; /* NULL: not traced */
	struct error untraced;
	int traced;
	struct media media;
	uint32_t unit;
	struct spans changed; /* since the state before */
	uint64_t states;      /* since the load */
	uint64_t next_audit;  /* at which of them */
};

/* A kernel that does not tell of all its writes is the same for all. */
static atomic_int distrusted;

static int map_device(struct host_disk *d, struct error *e)
{
	void *at = mmap(NULL, d->size, PROT_READ, MAP_SHARED, d->loop.fd, 0);

	if (at == MAP_FAILED)
		return error_errno(e, errno, "cannot map %s", d->loop.path);
	d->cached = at;
	return 0;
}

int host_disk_create(const struct host_disk_config *c, struct host_disk **ret,
		     struct error *e)
{
	struct host_disk *d = xcalloc(1, sizeof(*d));
	int err = 0;

	*d = (struct host_disk){ .size = c->size, .shown = -1,
				 .loop = LOOP_NONE, .media = MEDIA_NONE };
	d->state = sparse_create(c->owner, c->size, e);
	if (d->state >= 0)
		d->shown = sparse_create(c->owner, c->size, e);
	if (d->state < 0 || d->shown < 0)
		err = -EIO;
	if (!err)
		err = loop_attach(d->shown, c->block, &d->loop, e);
	if (!err)
		err = map_device(d, e);
	if (err) {
		host_disk_free(d);
		return err;
	}
	/* Without it all is slower, and as exact. */
	if (c->tracing == HOST_COMPARE)
		error_set(&d->untraced, 0, "not wanted");
	else if (writes_watch(d->loop.fd, &d->writes, &d->untraced) == 0)
		d->traced = 1;
	*ret = d;
	return 0;
}

void host_disk_free(struct host_disk *d)
{
	if (!d)
		return;
	writes_free(d->writes);
	if (d->cached)
		munmap(d->cached, d->size);
	loop_detach(&d->loop);
	if (d->state >= 0)
		close(d->state);
	if (d->shown >= 0)
		close(d->shown);
	media_close(&d->media);
	spans_free(&d->changed);
	free(d);
}

const char *host_disk_path(const struct host_disk *d)
{
	return d->loop.path;
}

const char *host_disk_name(const struct host_disk *d)
{
	return d->loop.path + strlen("/dev/");
}

int host_disk_traced(const struct host_disk *d)
{
	return d->traced;
}

const char *host_disk_untraced_reason(const struct host_disk *d)
{
	return d->writes ? "" : d->untraced.message;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- from the state to the device ---- */

static int copy_changed(struct host_disk *d, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < d->changed.n && !err; i++) {
		const struct span *s = &d->changed.at[i];

		/* The kernel wrote there, so it lies on the disk. */
		err = sparse_copy(d->state, d->shown, s->offset,
				  s->offset + s->length);
	}
	return err ? error_errno(e, -err, "cannot show the state") : 0;
}

static int compare(const struct host_disk *d, struct spans *ret,
		   uint64_t *ret_read)
{
	return sparse_compare((const int[]){ d->state, d->shown }, d->size,
			      ret, ret_read);
}

/* What the kernel wrote is added to what is changed. */
static int find_written(struct host_disk *d, struct error *e)
{
	uint64_t bytes;
	int err = d->writes ? writes_take(d->writes, &d->changed) : -ENOTSUP;

	d->traced = !err;
	if (err)
		err = compare(d, &d->changed, &bytes);
	return err ? error_errno(e, -err, "cannot see what was written") : 0;
}

/* After the copying nothing may differ. */
static int audit(struct host_disk *d, struct error *e)
{
	struct spans left = { 0 };
	uint64_t bytes = 0, pause;
	int err = compare(d, &left, &bytes);

	if (err)
		error_errno(e, -err, "cannot audit the disk");
	else if (left.n) {
		atomic_store(&distrusted, 1);
		err = error_set(e, EIO, "the kernel wrote to %s at byte %" PRIu64
				" and did not tell of it", d->loop.path,
				left.at[0].offset);
	}
	spans_free(&left);
	pause = bytes / AUDIT_BYTES;
	d->next_audit = d->states +
			(d->states < AUDITS_FIRST ? 1 :
			 pause > AUDIT_RARELY	  ? pause : AUDIT_RARELY);
	return err;
}

/* ---- the device's cached pages ---- */

static int is_cached(struct host_disk *d, const struct span *s)
{
	unsigned char pages[CHUNK / PAGE + 1];
	uint64_t at = s->offset / PAGE * PAGE, end = s->offset + s->length;

	while (at < end) {
		uint64_t n = least(end - at, CHUNK);

		if (mincore(d->cached + at, (size_t)n, pages) < 0)
			return 1;
		for (uint64_t i = 0; i < (n + PAGE - 1) / PAGE; i++)
			if (pages[i] & 1)
				return 1;
		at += n;
	}
	return 0;
}

static int any_cached(struct host_disk *d)
{
	for (size_t i = 0; i < d->changed.n; i++)
		if (is_cached(d, &d->changed.at[i]))
			return 1;
	return 0;
}

/* Who unmounts has dropped the pages already; others (udev) may have looked at
 * the device since. */
static int drop_pages(struct host_disk *d, struct error *e)
{
	if (!any_cached(d))
		return 0;
	if (ioctl(d->loop.fd, BLKFLSBUF, 0) < 0)
		return error_errno(e, errno, "cannot drop the cached pages of "
				   "%s", d->loop.path);
	return any_cached(d) ? error_set(e, ESTALE, "pages of the state before "
					 "stay cached for %s: somebody uses "
					 "the device", d->loop.path) : 0;
}

/* ---- states ---- */

static int may_go_on(struct error *e)
{
	int err;

	if (!atomic_load(&distrusted))
		return 0;
	err = error_set(e, EIO, "this kernel does not tell of all that it "
			"writes: nothing that was judged on it is certain");
	error_hint(e, "use check.on: guest");
	return err;
}

static int put_patch(struct host_disk *d, const struct patch *p)
{
	char unit[CHUNK];
	uint64_t offset = p->unit * d->unit;
	struct run r = { .source = p->source, .offset = offset };
	int err;

	if (offset >= d->size)
		return -EINVAL;
	r.length = least(d->unit, d->size - offset);
	err = media_read(&d->media, &r, 1, unit);
	if (!err)
		err = sparse_put(d->state, unit, r.length, offset);
	spans_add(&d->changed, offset, r.length);
	return err;
}

static int put_patches(struct host_disk *d, const struct patch *patches,
		       size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		int err = put_patch(d, &patches[i]);

		if (err)
			return error_errno(e, -err, "cannot make the state");
	}
	return 0;
}

int host_disk_show(struct host_disk *d, const struct patch *patches, size_t n,
		   struct error *e)
{
	int err = may_go_on(e);

	spans_clear(&d->changed);
	if (!err)
		err = find_written(d, e);
	if (!err)
		err = put_patches(d, patches, n, e);
	if (!err)
		err = copy_changed(d, e);
	if (!err && d->traced && d->states >= d->next_audit)
		err = audit(d, e);
	d->states++;
	return err ? err : drop_pages(d, e);
}

/* ---- another subject ---- */

/* A base that is shorter than the disk is zeroes behind its end. */
static int fill(struct host_disk *d)
{
	uint64_t start = 0, end = 0;
	int more, err = sparse_clear(d->state, d->size);

	if (!err)
		err = sparse_clear(d->shown, d->size);
	while (!err && d->media.base >= 0 &&
	       (more = sparse_next(d->media.base, end, d->size, &start,
				   &end))) {
		err = more < 0 ? more :
				 sparse_copy(d->media.base, d->state, start,
					     end);
		if (!err)
			err = sparse_copy(d->state, d->shown, start, end);
	}
	return err;
}

static int open_media(const char *base, const char *log, const char *units,
		      struct media *ret, struct error *e)
{
	struct media m = MEDIA_NONE;
	int err = media_open(base, &m.base, e);

	if (!err)
		err = media_open(log, &m.log, e);
	if (!err)
		err = media_open(units, &m.units, e);
	if (err)
		media_close(&m);
	else
		*ret = m;
	return err;
}

int host_disk_load(struct host_disk *d, const char *base, const char *log,
		   const char *units, uint32_t unit_size, struct error *e)
{
	struct media m = MEDIA_NONE;
	int err = may_go_on(e);

	if (!err && (unit_size < 512 || unit_size > CHUNK))
		err = error_set(e, EINVAL, "impossible unit of %u bytes",
				unit_size);
	if (!err)
		err = open_media(base, log, units, &m, e);
	if (err)
		return err;
	media_close(&d->media);
	d->media = m;
	d->unit = unit_size;
	err = fill(d);
	if (err)
		return error_errno(e, -err, "cannot load the disk");
	spans_clear(&d->changed);
	if (d->writes)
		writes_take(d->writes, &d->changed);
	spans_clear(&d->changed);
	spans_add(&d->changed, 0, d->size);
	d->states = d->next_audit = 0;
	return drop_pages(d, e);
}

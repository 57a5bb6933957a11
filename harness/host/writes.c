/*
 * Everything that changes a block device is a bio, and each bio fires
 * block_bio_queue once, whole, in submit_bio(), before it can be split, merged
 * or reach the driver (Linux: block/blk-core.c). A perf event on each CPU that
 * is filtered for the device writes one record for it into a ring in our
 * memory, in the context of the one that submits: when the file system is
 * unmounted, and its I/O complete, its records stand in the rings. A record
 * that found no room leaves a word in the ring (PERF_RECORD_LOST) before the
 * next one; then, and when a ring is so full that one may not have found room,
 * and when CPUs came or went, all is unknown, not nothing.
 */
#include "host/writes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

#define EVENT "events/block/block_bio_queue/"
#define SECTOR 512u
#define RING_PAGES 16u /* a power of two */
#define RECORD_MAX 1024u
#define CPUS_MAX 4096
#define CPUS "/sys/devices/system/cpu/online"

/* The fields of the tracepoint's record, from its format. */
struct layout {
	uint64_t id;
	unsigned sector, nr_sector, rwbs; /* offsets in bytes */
};

struct ring {
	int fd;
	struct perf_event_mmap_page *page;
};

struct writes {
	struct layout layout;
	struct ring *rings;
	size_t n;
	size_t page_size;
	int cpus; /* descriptor of CPUS */
	char online[256]; /* its text */
	int lost;
};

void spans_add(struct spans *s, uint64_t offset, uint64_t length)
{
	if (s->n == s->size) {
		s->size = s->size ? 2 * s->size : 64;
		s->at = xrealloc(s->at, s->size * sizeof(*s->at));
	}
	s->at[s->n++] = (struct span){ offset, length };
}

void spans_clear(struct spans *s)
{
	s->n = 0;
}

void spans_free(struct spans *s)
{
	free(s->at);
	*s = (struct spans){ 0 };
}

/* A tracefs of our own, attached nowhere: it need not be mounted. */
static int open_tracefs(struct error *e)
{
	CLEANUP_CLOSE int fs = fsopen("tracefs", FSOPEN_CLOEXEC);
	int fd = -1;

	if (fs >= 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return fd < 0 ? error_errno(e, errno, "no tracefs") : fd;
}

static int read_at(int dir, const char *name, struct buf *ret)
{
	CLEANUP_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(ret, chunk, (size_t)n);
	return n < 0 ? -errno : 0;
}

/* "field:sector_t sector;	offset:16;	size:8;" */
static int field_offset(const char *format, const char *declaration,
			unsigned want_size, unsigned *ret)
{
	const char *at = strstr(format, declaration);
	unsigned offset, size;

	if (!at || sscanf(at + strlen(declaration), " offset:%u; size:%u;",
			  &offset, &size) != 2 ||
	    (want_size && size != want_size) || offset + size > RECORD_MAX)
		return -EPROTO;
	*ret = offset;
	return 0;
}

/* The id, and the format, which names the fields that are read. */
static int read_layout(struct layout *ret, struct error *e)
{
	CLEANUP_CLOSE int dir = open_tracefs(e);
	CLEANUP_BUF struct buf id = BUF_INIT, format = BUF_INIT;

	if (dir < 0)
		return dir;
	if (read_at(dir, EVENT "id", &id) || read_at(dir, EVENT "format",
						     &format))
		return error_set(e, ENOTSUP, "the kernel has no tracepoint "
				 "block_bio_queue");
	if (sscanf(buf_text(&id), "%" SCNu64, &ret->id) != 1 ||
	    field_offset(buf_text(&format), "sector_t sector;", 8,
			 &ret->sector) ||
	    field_offset(buf_text(&format), "unsigned int nr_sector;", 4,
			 &ret->nr_sector) ||
	    (field_offset(buf_text(&format), "char rwbs[8];", 8, &ret->rwbs) &&
	     field_offset(buf_text(&format), "char rwbs[10];", 10,
			  &ret->rwbs)))
		return error_set(e, ENOTSUP, "the record of block_bio_queue is "
				 "of an unknown format");
	return 0;
}

int writes_possible(struct error *e)
{
	struct layout l;

	return read_layout(&l, e);
}

static int open_ring(struct writes *w, int cpu, const char *filter,
		     struct error *e)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = w->layout.id,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
		.disabled = 1,
		.watermark = 1,
		.wakeup_watermark = UINT32_MAX, /* nobody waits */
	};
	struct ring r = { .page = MAP_FAILED };
	size_t size = (1 + RING_PAGES) * w->page_size;

	r.fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			    PERF_FLAG_FD_CLOEXEC);
	if (r.fd < 0)
		return errno == ENODEV ? 0 : /* the CPU is off */
		       error_errno(e, errno, "cannot trace block I/O");
	if (ioctl(r.fd, PERF_EVENT_IOC_SET_FILTER, filter) == 0)
		r.page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			      r.fd, 0);
	if (r.page == MAP_FAILED ||
	    ioctl(r.fd, PERF_EVENT_IOC_ENABLE, 0) < 0) {
		int err = error_errno(e, errno, "cannot trace block I/O");

		if (r.page != MAP_FAILED)
			munmap(r.page, size);
		close(r.fd);
		return err;
	}
	w->rings = xrealloc(w->rings, (w->n + 1) * sizeof(*w->rings));
	w->rings[w->n++] = r;
	return 0;
}

/* A CPU that was off has no ring. */
static void look_at_cpus(struct writes *w)
{
	char now[sizeof(w->online)] = "";

	if (pread(w->cpus, now, sizeof(now) - 1, 0) <= 0 ||
	    strcmp(now, w->online))
		w->lost = 1;
	memcpy(w->online, now, sizeof(now));
}

int writes_watch(int device, struct writes **ret, struct error *e)
{
	struct writes *w = xcalloc(1, sizeof(*w));
	CLEANUP_FREE char *filter = NULL;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct stat st;
	int err = fstat(device, &st) < 0 || !S_ISBLK(st.st_mode) || cpus < 1 ||
				  cpus > CPUS_MAX ?
			  error_set(e, ENOTBLK, "not a block device") :
			  read_layout(&w->layout, e);

	/* The kernel's own dev_t: MINORBITS is 20. */
	filter = xasprintf("dev == %u", major(st.st_rdev) << 20 |
						minor(st.st_rdev));
	w->page_size = (size_t)sysconf(_SC_PAGESIZE);
	w->cpus = open(CPUS, O_RDONLY | O_CLOEXEC);
	look_at_cpus(w);
	w->lost = 0;
	for (long cpu = 0; cpu < cpus && !err; cpu++)
		err = open_ring(w, (int)cpu, filter, e);
	if (err) {
		writes_free(w);
		return err;
	}
	*ret = w;
	return 0;
}

void writes_free(struct writes *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++) {
		munmap(w->rings[i].page, (1 + RING_PAGES) * w->page_size);
		close(w->rings[i].fd);
	}
	if (w->cpus >= 0)
		close(w->cpus);
	free(w->rings);
	free(w);
}

/* What a record says, as much of it as there is: { u32 size, bytes }. */
static void take_sample(struct writes *w, const char *body, size_t len,
			struct spans *ret)
{
	const struct layout *l = &w->layout;
	uint32_t size, sectors;
	uint64_t sector;
	const char *raw = body + sizeof(size);

	if (len < sizeof(size) ||
	    (memcpy(&size, body, sizeof(size)), size > len - sizeof(size)) ||
	    l->sector + sizeof(sector) > size ||
	    l->nr_sector + sizeof(sectors) > size || l->rwbs >= size) {
		w->lost = 1;
		return;
	}
	memcpy(&sector, raw + l->sector, sizeof(sector));
	memcpy(&sectors, raw + l->nr_sector, sizeof(sectors));
	/* blk_fill_rwbs(): a read starts with R; whatever else has a length
	 * changes the disk. */
	if (raw[l->rwbs] != 'R' && sectors)
		spans_add(ret, sector * SECTOR, (uint64_t)sectors * SECTOR);
}

/* A record may wrap around the end of the ring. */
static void copy_out(const char *data, size_t size, uint64_t at, void *to,
		     size_t len)
{
	size_t from = (size_t)(at % size);
	size_t first = len < size - from ? len : size - from;

	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, len - first);
}

static void take_ring(struct writes *w, struct ring *r, struct spans *ret)
{
	size_t size = RING_PAGES * w->page_size;
	const char *data = (const char *)r->page + w->page_size;
	uint64_t head = __atomic_load_n(&r->page->data_head,
					__ATOMIC_ACQUIRE);
	uint64_t tail = r->page->data_tail;
	char record[2 * RECORD_MAX];

	/* Where no further record fits, one may not have. */
	if (head - tail + RECORD_MAX > size)
		w->lost = 1;
	while (tail < head) {
		struct perf_event_header h;

		copy_out(data, size, tail, &h, sizeof(h));
		if (h.size < sizeof(h) || h.size > sizeof(record) ||
		    h.type == PERF_RECORD_LOST) {
			w->lost = 1;
			break;
		}
		copy_out(data, size, tail, record, h.size);
		if (h.type == PERF_RECORD_SAMPLE)
			take_sample(w, record + sizeof(h),
				    h.size - sizeof(h), ret);
		tail += h.size;
	}
	__atomic_store_n(&r->page->data_tail, head, __ATOMIC_RELEASE);
}

int writes_take(struct writes *w, struct spans *ret)
{
	int lost;

	look_at_cpus(w);
	for (size_t i = 0; i < w->n; i++)
		take_ring(w, &w->rings[i], ret);
	lost = w->lost;
	w->lost = 0;
	return lost ? -EOVERFLOW : 0;
}

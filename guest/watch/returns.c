/*
 * One ring per processor (linux: tools/include/uapi/linux/perf_event.h, struct
 * perf_event_mmap_page), and no wake-ups: the watcher looks when it is awake
 * anyway. The event's fields are those of include/trace/events/syscalls.h, which
 * have not changed since there are any.
 */
#include "guest/watch/returns.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/perf_event.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "trace/call-table.h"

#define EVENT "/sys/kernel/tracing/events/raw_syscalls/sys_exit/id"
#define PROCESSORS_MAX 64
#define PAGE 4096
#define RING (512u << 10) /* bytes; an event has about 60 */

struct ring {
	struct perf_event_mmap_page *head;
	const unsigned char *data;
};

struct returns {
	struct ring rings[PROCESSORS_MAX];
	int n;
};

/* As the kernel writes it: PERF_SAMPLE_TID, _TIME and _RAW. */
struct sample {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t time_ns;
	uint32_t size; /* of what follows */
	uint16_t type;
	unsigned char flags, preempt_count;
	int32_t common_pid;
	uint64_t number;
	int64_t result;
} __attribute__((packed));

/* Calls that are let go on without a stop at their return. The others are rare,
 * or are told of by far more events than there are stops. */
int returns_has(const struct call_type *t)
{
	switch (t->kind) {
	case CALL_WRITE:
	case CALL_SYNC:
	case CALL_DATASYNC:
	case CALL_SYNC_RANGE:
	case CALL_SYNC_FS:
	case CALL_TRUNCATE:
	case CALL_ALLOCATE:
	case CALL_ATTRIBUTE:
		return !t->test;
	}
	return 0;
}

static int event_number(uint64_t *ret)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int err = file_read(EVENT, &text, NULL);

	if (!err)
		*ret = strtoull(buf_text(&text), NULL, 10);
	return err;
}

static void make_filter(struct buf *ret)
{
	for (size_t i = 0; i < n_call_types; i++)
		if (returns_has(&call_types[i]))
			buf_printf(ret, "%sid == %u", ret->len ? " || " : "",
				   call_types[i].number);
}

static int open_event(uint64_t number, int processor)
{
	struct perf_event_attr a = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(a),
		.config = number,
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			       PERF_SAMPLE_RAW,
		.disabled = 1,
		.watermark = 1,
		.wakeup_watermark = RING,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};

	return (int)syscall(SYS_perf_event_open, &a, -1, processor, -1,
			    PERF_FLAG_FD_CLOEXEC);
}

/* The mapping keeps the event; its descriptor need not stay open. */
static int open_ring(struct ring *r, uint64_t number, int processor,
		     const char *filter)
{
	CLEANUP_CLOSE int fd = open_event(number, processor);
	void *at;

	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter) < 0)
		return 0;
	at = mmap(NULL, PAGE + RING, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return 0;
	r->head = at;
	r->data = (const unsigned char *)at + PAGE;
	return ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) == 0;
}

void returns_close(struct returns *r)
{
	for (int i = 0; r && i < PROCESSORS_MAX; i++)
		if (r->rings[i].head)
			munmap(r->rings[i].head, PAGE + RING);
	free(r);
}

struct returns *returns_open(void)
{
	CLEANUP_BUF struct buf filter = BUF_INIT;
	struct returns *r;
	long n = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t number = 0;

	if (n > PROCESSORS_MAX || sysconf(_SC_PAGESIZE) != PAGE ||
	    event_number(&number) < 0)
		return NULL;
	make_filter(&filter);
	r = xcalloc(1, sizeof(*r));
	while (r->n < n && open_ring(&r->rings[r->n], number, r->n,
				     buf_text(&filter)))
		r->n++;
	if (r->n == n)
		return r;
	returns_close(r);
	return NULL;
}

/* An event may go on at the ring's begin. */
static void copy(const struct ring *r, uint64_t at, void *ret, size_t len)
{
	size_t start = (size_t)(at % RING);
	size_t first = len < RING - start ? len : RING - start;

	memcpy(ret, r->data + start, first);
	memcpy((char *)ret + first, r->data, len - first);
}

/* The next event of a ring: 1: a return, 0: none. Events of other kinds (the
 * kernel says how many it has dropped) are passed over. */
static int take_of(struct ring *r, struct returned *ret)
{
	uint64_t end = __atomic_load_n(&r->head->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = r->head->data_tail;
	struct sample s = { .header.type = 0 };

	while (at < end && s.header.type != PERF_RECORD_SAMPLE) {
		copy(r, at, &s.header, sizeof(s.header));
		if (s.header.type == PERF_RECORD_SAMPLE)
			copy(r, at, &s, sizeof(s));
		at += s.header.size;
	}
	if (at != r->head->data_tail)
		__atomic_store_n(&r->head->data_tail, at, __ATOMIC_RELEASE);
	if (s.header.type != PERF_RECORD_SAMPLE)
		return 0;
	*ret = (struct returned){ .tid = (pid_t)s.tid,
				  .number = (uint32_t)s.number,
				  .time_ns = s.time_ns,
				  .result = s.result };
	return 1;
}

/* Two events of one thread on two processors lie a stop apart, for the thread was
 * stopped before the second call: all rings have been emptied in between. */
int returns_take(struct returns *r, struct returned *ret)
{
	for (int i = 0; r && i < r->n; i++)
		if (take_of(&r->rings[i], ret))
			return 1;
	return 0;
}

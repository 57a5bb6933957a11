/*
 * A tracefs instance of our own (Linux: Documentation/trace/ftrace.rst), so
 * that nothing else in the guest can disturb it. On nvme it has the commands
 * as the driver sets them up, elsewhere the requests as the block layer issues
 * them to the driver. The filters drop reads and what is not for the disk
 * (nvme: the admin queue, qid 0; the marks are told apart by their nsid
 * later): they say nothing about durability and would only fill the buffer. Pages are read without blocking; a page
 * that is still being written gives what it has so far, and the kernel starts
 * the next read behind it.
 */
#include "guest/init/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/init/disks.h"
#include "guest/init/frames.h"
#include "guest/init/setup.h"
#include "trace/trace.h"

#define TRACEFS "/sys/kernel/tracing"
#define INSTANCE TRACEFS "/instances/powercut"
#define NVME_EVENT "nvme/nvme_setup_cmd"
#define NVME_FILTER "qid != 0 && opcode != 2"
#define BLOCK_EVENT "block/block_rq_issue"
/* dev as the kernel has it inside (Linux: kdev_t.h) */
#define BLOCK_FILTER "dev == %u && !(rwbs ~ \"R*\")"
#define MINOR_BITS 20
#define NVME_DISK "/dev/" NVME_CONTROLLER
#define BUFFER_KB "8192" /* per CPU: more than 50,000 commands */
#define PAGE_MAX 65536
/* Above this the pages wait in the kernel, which counts what it drops. */
#define BACKLOG_MAX (8u << 20)

static int set(const char *path, const char *value, struct buf *text)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd >= 0 && write(fd, value, strlen(value)) >= 0)
		return 0;
	buf_printf(text, "cannot write %s to %s: %s", value, path,
		   strerror(errno));
	return errno;
}

static void send(struct frames *f, enum trace_chunk_kind kind, int cpu,
		 const void *data, size_t len)
{
	struct trace_chunk chunk = {
		.magic = TRACE_MAGIC,
		.kind = (uint16_t)kind,
		.cpu = (uint16_t)cpu,
		.length = (uint32_t)len,
	};

	frames_send(f, FRAME_TRACE, 0, &chunk, sizeof(chunk), data, len);
}

static int send_file(struct frames *f, enum trace_chunk_kind kind, int cpu,
		     const char *path, struct buf *text)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct error e;
	int r = file_read(path, &b, &e);

	if (r < 0) {
		buf_puts(text, e.message);
		return -r;
	}
	send(f, kind, cpu, b.data, b.len);
	return 0;
}

/* Sets a file of the traced event. */
static int set_event(const struct tracer *t, const char *file,
		     const char *value, struct buf *text)
{
	char path[128];

	snprintf(path, sizeof(path), INSTANCE "/events/%s/%s", t->event, file);
	return set(path, value, text);
}

static int set_filter(const struct tracer *t, struct buf *text)
{
	char filter[64];
	struct stat st;

	if (!strcmp(t->event, NVME_EVENT))
		return set_event(t, "filter", NVME_FILTER, text);
	if (stat(DISK_LINK, &st) < 0) {
		buf_printf(text, "no " DISK_LINK ": %s", strerror(errno));
		return errno;
	}
	snprintf(filter, sizeof(filter), BLOCK_FILTER,
		 major(st.st_rdev) << MINOR_BITS | minor(st.st_rdev));
	return set_event(t, "filter", filter, text);
}

static int send_format(const struct tracer *t, struct frames *f,
		       struct buf *text)
{
	char path[128];

	snprintf(path, sizeof(path), INSTANCE "/events/%s/format", t->event);
	return send_file(f, TRACE_FORMAT, 0, path, text);
}

static int make_instance(const struct tracer *t, struct buf *text)
{
	int r;

	if (mkdir(INSTANCE, 0700) < 0 && errno != EEXIST) {
		r = errno;
		buf_printf(text, "cannot create %s: %s", INSTANCE, strerror(r));
		return r;
	}
	r = set(INSTANCE "/trace_clock", "mono", text);
	if (!r)
		r = set(INSTANCE "/buffer_size_kb", BUFFER_KB, text);
	if (!r)
		r = set_filter(t, text);
	return r;
}

/* CPUs are numbered without gaps here: QEMU starts them all at boot. */
static int open_pipes(struct tracer *t, struct buf *text)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	while (t->cpus < cpus && t->cpus < TRACER_CPUS_MAX) {
		char path[128];
		int fd;

		snprintf(path, sizeof(path),
			 INSTANCE "/per_cpu/cpu%d/trace_pipe_raw", t->cpus);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0) {
			buf_printf(text, "cannot open %s: %s", path,
				   strerror(errno));
			return errno;
		}
		t->pipes[t->cpus++] = fd;
	}
	if (t->cpus == cpus)
		return 0;
	buf_printf(text, "more than %d CPUs", TRACER_CPUS_MAX);
	return E2BIG;
}

int tracer_start(struct tracer *t, struct frames *f, struct buf *ret_text)
{
	int r;

	if (t->cpus > 0)
		return 0;
	t->event = access(NVME_DISK, F_OK) == 0 ? NVME_EVENT : BLOCK_EVENT;
	r = make_instance(t, ret_text);
	if (!r)
		r = send_format(t, f, ret_text);
	if (!r)
		r = send_file(f, TRACE_HEADER, 0,
			      TRACEFS "/events/header_page", ret_text);
	if (!r)
		r = open_pipes(t, ret_text);
	if (!r)
		r = set_event(t, "enable", "1", ret_text);
	if (r)
		tracer_stop(t);
	return r;
}

/* A read gives one page, or EAGAIN when there is nothing new. */
static int pump_cpu(struct tracer *t, int cpu, size_t backlog,
		    struct frames *f, struct buf *text)
{
	char page[PAGE_MAX];
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	while (frames_backlog(f) < backlog) {
		ssize_t n = read(t->pipes[cpu], page,
				 size < sizeof(page) ? size : sizeof(page));

		if (n > 0) {
			send(f, TRACE_PAGE, cpu, page, (size_t)n);
			continue;
		}
		if (n == 0 || errno == EAGAIN)
			return 0;
		if (errno == EINTR)
			continue;
		buf_printf(text, "cannot read the trace of CPU %d: %s", cpu,
			   strerror(errno));
		return errno;
	}
	return 0;
}

/* A read that fails here fails at the drain too, and is reported there. */
void tracer_pump(struct tracer *t, struct frames *f)
{
	struct buf text = BUF_INIT;

	for (int cpu = 0; cpu < t->cpus; cpu++)
		pump_cpu(t, cpu, BACKLOG_MAX, f, &text);
	buf_free(&text);
}

int tracer_drain(struct tracer *t, struct frames *f, struct buf *ret_text)
{
	int r = 0;

	if (t->cpus == 0) {
		buf_puts(ret_text, "tracing has not been started");
		return EINVAL;
	}
	for (int cpu = 0; !r && cpu < t->cpus; cpu++)
		r = pump_cpu(t, cpu, SIZE_MAX, f, ret_text);
	for (int cpu = 0; !r && cpu < t->cpus; cpu++) {
		char path[128];

		snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%d/stats",
			 cpu);
		r = send_file(f, TRACE_STATS, cpu, path, ret_text);
	}
	if (!r)
		send(f, TRACE_DRAINED, 0, NULL, 0);
	return r;
}

void tracer_stop(struct tracer *t)
{
	struct buf text = BUF_INIT;

	set_event(t, "enable", "0", &text);
	while (t->cpus > 0)
		close(t->pipes[--t->cpus]);
	rmdir(INSTANCE);
	buf_free(&text);
}

/*
 * Documentation/trace/ftrace.rst of Linux. Pages are read without blocking; a
 * page that is still being written gives what it has so far, and the kernel
 * starts the next read behind it.
 */
#include "guest/trace/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/init/frames.h"
#include "guest/init/setup.h"

#define TRACEFS "/sys/kernel/tracing"
#define PAGE_MAX 65536
#define PATH_MAX_HERE 160
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

static void send(const struct tracer *t, struct frames *f,
		 enum trace_chunk_kind kind, int cpu, const void *data,
		 size_t len)
{
	struct trace_chunk chunk = {
		.magic = TRACE_MAGIC,
		.kind = (uint16_t)kind,
		.cpu = (uint16_t)cpu,
		.length = (uint32_t)len,
		.stream = t->stream,
	};

	frames_send(f, FRAME_TRACE, 0, &chunk, sizeof(chunk), data, len);
}

static int send_file(const struct tracer *t, struct frames *f,
		     enum trace_chunk_kind kind, int cpu, const char *path,
		     struct buf *text)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct error e;
	int r = file_read(path, &b, &e);

	if (r < 0) {
		buf_puts(text, e.message);
		return -r;
	}
	send(t, f, kind, cpu, b.data, b.len);
	return 0;
}

/* A file of the instance. */
__attribute__((format(printf, 3, 4)))
static void path_of(const struct tracer *t, char path[PATH_MAX_HERE],
		    const char *format, ...)
{
	int n = snprintf(path, PATH_MAX_HERE, TRACEFS "%s%s",
			 t->name ? "/instances/" : "", t->name ?: "");
	va_list args;

	va_start(args, format);
	vsnprintf(path + n, (size_t)(PATH_MAX_HERE - n), format, args);
	va_end(args);
}

static int set_file(const struct tracer *t, const char *file,
		    const char *value, struct buf *text)
{
	char path[PATH_MAX_HERE];

	path_of(t, path, "%s", file);
	return set(path, value, text);
}

static int make_instance(const struct tracer *t, struct buf *text)
{
	char path[PATH_MAX_HERE];
	int r;

	path_of(t, path, "%s", "");
	if (t->name && mkdir(path, 0700) < 0 && errno != EEXIST) {
		r = errno;
		buf_printf(text, "cannot create %s: %s", path, strerror(r));
		return r;
	}
	r = set_file(t, "/trace_clock", "mono", text);
	if (!r)
		r = set_file(t, "/buffer_size_kb", t->buffer_kb, text);
	return r;
}

/* CPUs are numbered without gaps here: QEMU starts them all at boot. */
static int open_pipes(struct tracer *t, struct buf *text)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	while (t->cpus < cpus && t->cpus < TRACER_CPUS_MAX) {
		char path[PATH_MAX_HERE];
		int fd;

		path_of(t, path, "/per_cpu/cpu%d/trace_pipe_raw", t->cpus);
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

int tracer_open(struct tracer *t, struct frames *f, struct buf *ret_text)
{
	int r = make_instance(t, ret_text);

	if (!r)
		r = send_file(t, f, TRACE_HEADER, 0,
			      TRACEFS "/events/header_page", ret_text);
	if (!r)
		r = open_pipes(t, ret_text);
	if (r)
		tracer_stop(t);
	return r;
}

int tracer_has(const struct tracer *t, const char *event)
{
	char path[PATH_MAX_HERE];

	path_of(t, path, "/events/%s/format", event);
	return access(path, F_OK) == 0;
}

static int set_event(const struct tracer *t, const char *event,
		     const char *file, const char *value, struct buf *text)
{
	char path[PATH_MAX_HERE];

	path_of(t, path, "/events/%s/%s", event, file);
	return set(path, value, text);
}

/* No page is read before the format is on its way: that is done by the same
 * thread. */
int tracer_add(struct tracer *t, struct frames *f, const char *event,
	       const char *filter, struct buf *ret_text)
{
	char path[PATH_MAX_HERE];
	int r = 0;

	if (filter)
		r = set_event(t, event, "filter", filter, ret_text);
	if (!r)
		r = set_event(t, event, "enable", "1", ret_text);
	path_of(t, path, "/events/%s/format", event);
	if (!r)
		r = send_file(t, f, TRACE_FORMAT, 0, path, ret_text);
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
			send(t, f, TRACE_PAGE, cpu, page, (size_t)n);
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
	uint64_t now = now_ns();

	if (now < t->next_ns)
		return;
	t->next_ns = now + t->pause_ns;
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
		char path[PATH_MAX_HERE];

		path_of(t, path, "/per_cpu/cpu%d/stats", cpu);
		r = send_file(t, f, TRACE_STATS, cpu, path, ret_text);
	}
	if (!r)
		send(t, f, TRACE_DRAINED, 0, NULL, 0);
	return r;
}

void tracer_stop(struct tracer *t)
{
	char path[PATH_MAX_HERE];
	struct buf text = BUF_INIT;

	set_file(t, "/events/enable", "0", &text);
	while (t->cpus > 0)
		close(t->pipes[--t->cpus]);
	path_of(t, path, "%s", "");
	if (t->name)
		rmdir(path);
	buf_free(&text);
}

/*
 * PID 1's side: it starts the watchers, hands their records on, and tells them to
 * end.
 *
 * Records are collected each time the main loop looks at the trace, and many go
 * into one chunk: PID 1 wakes no more often for them than it does anyway.
 */
#include "guest/watch/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/seccomp.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "guest/include/mark-block.h"
#include "guest/init/disks.h"
#include "guest/init/frames.h"
#include "guest/init/image.h"
#include "guest/init/mount.h"
#include "guest/watch/filter.h"
#include "guest/watch/internal.h"
#include "guest/watch/loop.h"
#include "guest/watch/ring.h"
#include "trace/calls-wire.h"
#include "trace/trace.h"

/* Above this the records wait where the watcher has put them, and when there is no
 * room, it waits, too. */
#define BACKLOG_MAX (8u << 20)
#define END_NS 1000000000ull
#define END_STEP_MS 20
#define DEATH_NS 200000000ull
#define FIRST_FREE 3 /* descriptor */

/* Of the worker's thread; NULL: nothing was ever watched. */
static struct record_ring *rest_ring;

int watch_possible(void)
{
	uint32_t action = SECCOMP_RET_TRACE;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* ---- what is watched ---- */

/* The device as the kernel has it inside; st_dev of btrfs is another one.
 * Linux: Documentation/filesystems/proc.rst, mountinfo. */
static uint64_t shown_device(const char *dir)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	uint64_t device = 0;
	char *line, *rest;

	if (file_read("/proc/self/mountinfo", &text, NULL) < 0)
		return 0;
	rest = text.data;
	while ((line = strsep(&rest, "\n"))) {
		unsigned int major, minor;
		char point[256];

		if (sscanf(line, "%*d %*d %u:%u %*s %255s", &major, &minor,
			   point) == 3 && !strcmp(point, dir))
			device = (uint64_t)major << 20 | minor;
	}
	return device;
}

static int is_mapped(const char *dir)
{
	struct statfs st;

	return statfs(dir, &st) == 0 && st.f_type != BTRFS_SUPER_MAGIC &&
	       st.f_type != MSDOS_SUPER_MAGIC;
}

static void find_target(struct watch_target *ret)
{
	CLEANUP_FREE char *dir = mount_place();
	struct stat st;

	*ret = (struct watch_target){ .device = 0 };
	if (stat(DISK_LINK, &st) == 0)
		ret->disk = st.st_rdev;
	if (stat(MARK_DEVICE, &st) == 0)
		ret->marks = st.st_rdev;
	if (!dir || strlen(dir) >= sizeof(ret->mount) || stat(dir, &st) < 0)
		return;
	strcpy(ret->mount, dir);
	ret->device = st.st_dev;
	ret->shown = shown_device(dir);
	ret->mapped = is_mapped(dir);
}

/* ---- the watcher's process ---- */

static struct watch_ring *add_ring(struct watch *w)
{
	struct record_ring *records = ring_new();
	struct watch_ring *r;

	if (!records)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->records = records;
	r->next = w->rings;
	w->rings = r;
	return r;
}

static void drop_ring(struct watch_ring **at)
{
	struct watch_ring *r = *at;

	*at = r->next;
	ring_free(r->records);
	free(r);
}

/* The worker's thread has one from the first watcher on. */
static int open_rings(struct watch *w)
{
	if (!rest_ring) {
		struct watch_ring *r = add_ring(w);

		if (!r)
			return errno;
		rest_ring = r->records;
	}
	return add_ring(w) ? 0 : errno;
}

/* Nothing of PID 1's stays open but these two, which get the first free
 * numbers. */
static void keep_only(int fds[2])
{
	for (int i = 0; i < 2; i++)
		fds[i] = fcntl(fds[i], F_DUPFD, FIRST_FREE + 2);
	for (int i = 0; i < 2; i++) {
		dup2(fds[i], FIRST_FREE + i);
		fds[i] = FIRST_FREE + i;
	}
	close_range(FIRST_FREE + 2, ~0u, 0);
}

static __attribute__((noreturn)) void be_watcher(const struct watch *w,
						 int tell, int seized,
						 const struct watch_target *t)
{
	int fds[2] = { tell, seized };

	keep_only(fds);
	prctl(PR_SET_NAME, "powercut-watch");
	/* A stopped program waits for it. */
	setpriority(PRIO_PROCESS, 0, -20);
	setpgid(0, 0);
	watch_loop(w->rings->records, fds[0], fds[1], w->watchers, t);
}

static int open_line(struct watch_line *l, int ends[2])
{
	int tell[2], wait[2];

	if (pipe2(tell, O_CLOEXEC) < 0)
		return errno;
	if (pipe2(wait, O_CLOEXEC) < 0) {
		close(tell[0]);
		close(tell[1]);
		return errno;
	}
	*l = (struct watch_line){ .tell = tell[1], .wait = wait[0] };
	ends[0] = tell[0];
	ends[1] = wait[1];
	return 0;
}

static int start(struct watch *w, const struct cure_list *cures,
		 struct watch_line *l)
{
	struct watch_target target;
	int ends[2] = { -1, -1 }, error = open_line(l, ends);

	if (error)
		return error;
	error = open_rings(w);
	if (error)
		goto out;
	find_target(&target);
	target.cures = *cures;
	watch_filter();
	w->watchers++;
	w->pid = fork();
	if (w->pid == 0)
		be_watcher(w, ends[0], ends[1], &target);
	error = w->pid < 0 ? errno : 0;
	if (error) {
		w->pid = 0;
		drop_ring(&w->rings);
	} else {
		w->rings->pid = w->pid;
	}
out:
	close(ends[0]);
	close(ends[1]);
	if (error)
		watch_line_close(l);
	return error;
}

int watch_start(struct watch *w, const struct cure_list *cures,
		struct watch_line *ret, struct buf *ret_text)
{
	int error = start(w, cures, ret);

	if (error)
		buf_printf(ret_text, "cannot watch system calls: %s",
			   strerror(error));
	return error;
}

void watch_line_close(struct watch_line *l)
{
	close(l->tell);
	close(l->wait);
}

int watch_enter(const struct watch_line *l)
{
	pid_t pid = getpid();
	char seized;

	if (write(l->tell, &pid, sizeof(pid)) != sizeof(pid) ||
	    read(l->wait, &seized, 1) != 1)
		return EPIPE;
	return watch_filter_install(watch_filter());
}

/* ---- records ---- */

static void send_chunk(struct frames *f, const char *data, size_t len)
{
	struct trace_chunk chunk = {
		.magic = TRACE_MAGIC,
		.kind = TRACE_RECORDS,
		.length = (uint32_t)len,
		.stream = TRACE_CALLS,
	};

	if (len > 0)
		frames_send(f, FRAME_TRACE, 0, &chunk, sizeof(chunk), data,
			    len);
}

/* As many records as a chunk has room for. 0: there are no more. */
static int pump_chunk(struct record_ring *r, struct frames *f)
{
	static char data[CALL_CHUNK_MAX];
	size_t len = ring_take(r, data, sizeof(data));

	send_chunk(f, data, len);
	return len > 0;
}

/* Up to a backlog of so many bytes. */
static void pump(struct watch *w, struct frames *f, size_t backlog)
{
	struct watch_ring **at = &w->rings;

	while (*at) {
		struct watch_ring *r = *at;
		int more = 1;

		while (more && frames_backlog(f) < backlog)
			more = pump_chunk(r->records, f);
		if (r->ended && !more)
			drop_ring(at);
		else
			at = &r->next;
	}
}

void watch_pump(struct watch *w, struct frames *f)
{
	pump(w, f, BACKLOG_MAX);
}

int watch_collect(struct watch *w, pid_t pid, int status)
{
	for (struct watch_ring *r = w->rings; r; r = r->next)
		r->ended |= r->pid == pid;
	if (pid != w->pid)
		return 0;
	w->pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		w->died = 1;
	return 1;
}

/* It may be in a call on a dead drive, and never come out of it. The signal is
 * sent again, for it may come right before the watcher goes to sleep. */
void watch_end(struct watch *w, struct frames *f)
{
	uint64_t end = now_ns() + END_NS;

	while (w->pid && now_ns() < end) {
		siginfo_t info = { 0 };

		if (waitid(P_PID, (id_t)w->pid, &info,
			   WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid)
			break;
		kill(w->pid, SIGTERM);
		poll(NULL, 0, END_STEP_MS);
		pump(w, f, SIZE_MAX);
	}
	pump(w, f, SIZE_MAX);
}

int watch_rest_request(const char *payload, size_t len, struct buf *ret_text)
{
	struct watcher w = { .records = rest_ring };

	(void)payload;
	(void)len;
	(void)ret_text;
	sync();
	if (!rest_ring)
		return 0;
	find_target(&w.target);
	extents_tell_all(&w);
	return 0;
}

int watch_lost(struct watch *w)
{
	uint64_t end = now_ns() + DEATH_NS;
	int status;

	while (w->pid && now_ns() < end) {
		if (waitpid(w->pid, &status, WNOHANG) == w->pid)
			watch_collect(w, w->pid, status);
		else
			poll(NULL, 0, 1);
	}
	return w->died;
}

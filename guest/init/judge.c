#include "guest/init/judge.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/files.h"
#include "guest/init/frames.h"
#include "guest/init/mount.h"
#include "guest/init/program.h"
#include "guest/init/put.h"
#include "guest/init/run.h"

static struct {
	atomic_int step;
	atomic_ullong since_ns;
	int asks_fd;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	int waits, skip; /* for judge_go(); what it said */
	struct judge_result result; /* the worker's until the job is done */
} judging = {
	.asks_fd = -1,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.answered = PTHREAD_COND_INITIALIZER,
};

/* The payload, taken apart. */
struct order {
	struct judge head;
	const char *device, *dir, *type, *options;
	struct program check, fsck;
	const char *acks, *begun;
};

/* ---- for the main thread ---- */

int judge_start(void)
{
	judging.asks_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return judging.asks_fd;
}

enum judge_step judge_step(uint64_t *ret_since_ns)
{
	*ret_since_ns = atomic_load(&judging.since_ns);
	return (enum judge_step)atomic_load(&judging.step);
}

int judge_asks(void)
{
	eventfd_t n;

	LOCKED(&judging.lock);
	return eventfd_read(judging.asks_fd, &n) == 0 && judging.waits;
}

int judge_go(int skip)
{
	LOCKED(&judging.lock);

	if (!judging.waits)
		return 0;
	judging.waits = 0;
	judging.skip = skip;
	pthread_cond_signal(&judging.answered);
	return 1;
}

void judge_result(struct judge_result *ret)
{
	*ret = judging.result;
	judging.result = (struct judge_result){ .out = BUF_INIT };
}

/* ---- steps ---- */

static void enter(enum judge_step step)
{
	atomic_store(&judging.since_ns, now_ns());
	atomic_store(&judging.step, step);
}

/* Whether the controller says to skip the rest. */
static int ask(void)
{
	enter(STEP_MOUNTED);
	LOCKED(&judging.lock);
	judging.waits = 1;
	eventfd_write(judging.asks_fd, 1);
	while (judging.waits)
		pthread_cond_wait(&judging.answered, &judging.lock);
	return judging.skip;
}

static int set_clock(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000),
			      .tv_nsec = (long)(ns % 1000000000) };

	return ns && clock_settime(CLOCK_REALTIME, &t) < 0 ? errno : 0;
}

static int put_promises(const struct order *o, struct buf *text)
{
	const struct put_item files[] = {
		{ ACKS_FILE, o->acks, o->head.acks },
		{ BEGUN_FILE, o->begun, o->head.begun },
	};

	return o->head.flags & JUDGE_PROMISES ? put_files(files, 2, text) : 0;
}

/* A running program and what it says. */
struct child {
	pid_t pid;
	int pidfd, out, err;
	uint64_t deadline_ns;
	int timed_out;
};

static void child_close(struct child *c)
{
	int fds[] = { c->pidfd, c->out, c->err };

	for (size_t i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Reads what is there, at most `max` bytes: who never stops writing must not
 * keep us from the time. What is over the limit is thrown away. */
static void take_output(int *fd, struct buf *b, size_t max)
{
	char chunk[16384];

	while (*fd >= 0 && max >= sizeof(chunk)) {
		ssize_t n = read(*fd, chunk, sizeof(chunk));
		size_t room = RUN_OUTPUT_MAX - b->len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			close(*fd);
			*fd = -1;
			return;
		}
		max -= (size_t)n;
		buf_add(b, chunk, (size_t)n < room ? (size_t)n : room);
	}
}

/* In ms, rounded up; -1: for ever. */
static int time_left(const struct child *c)
{
	uint64_t now = now_ns(), left;

	if (c->deadline_ns == UINT64_MAX)
		return -1;
	left = c->deadline_ns > now ? c->deadline_ns - now : 0;
	left = (left + 999999) / 1000000;
	return left < 60000 ? (int)left : 60000;
}

static void limit(struct child *c)
{
	if (now_ns() < c->deadline_ns)
		return;
	c->timed_out = 1;
	c->deadline_ns = UINT64_MAX;
	kill(-c->pid, SIGKILL);
}

static void wait_for_end(struct child *c, struct judge_result *r)
{
	for (;;) {
		struct pollfd p[] = { { c->pidfd, POLLIN, 0 },
				      { c->out, POLLIN, 0 },
				      { c->err, POLLIN, 0 } };

		poll(p, 3, time_left(c));
		/* All that it has written; what it left behind may go on
		 * writing, which is not waited for. */
		if (p[0].revents) {
			take_output(&c->out, &r->out, 2 * RUN_OUTPUT_MAX);
			take_output(&c->err, &r->err, 2 * RUN_OUTPUT_MAX);
			return;
		}
		if (p[1].revents)
			take_output(&c->out, &r->out, 65536);
		if (p[2].revents)
			take_output(&c->err, &r->err, 65536);
		limit(c);
	}
}

static int start(const struct program *p, struct child *c)
{
	CLEANUP_CLOSE int out = -1;
	CLEANUP_CLOSE int err = -1;
	int error = -program_pipe(&c->out, &out);

	if (!error)
		error = -program_pipe(&c->err, &err);
	if (!error)
		error = program_start(p, out, err, NULL, &c->pid);
	if (error)
		return error;
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return c->pidfd < 0 ? errno : 0;
}

static uint64_t deadline(uint64_t start_ns, uint64_t timeout_ns)
{
	uint64_t end;

	return timeout_ns == 0 ||
			       __builtin_add_overflow(start_ns, timeout_ns,
						      &end) ?
		       UINT64_MAX :
		       end;
}

static int run_program(const struct program *p, uint64_t timeout_ns,
		       struct judge_result *r, struct buf *text)
{
	struct child c = { .pidfd = -1, .out = -1, .err = -1 };
	uint64_t started = now_ns();
	int status = 0, error;

	c.deadline_ns = deadline(started, timeout_ns);
	error = start(p, &c);
	if (error) {
		program_complain(p, error, text);
	} else {
		wait_for_end(&c, r);
		waitpid(c.pid, &status, 0);
	}
	child_close(&c);
	r->reply.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r->reply.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r->reply.timed_out = (uint32_t)c.timed_out;
	r->reply.elapsed_ns = now_ns() - started;
	return error;
}

/* 1: it decides, with what the reply and *ret_error say. */
static int program_step(enum judge_step step, const struct program *p,
			uint64_t timeout_ns, int *ret_error,
			struct buf *text)
{
	struct judge_result *r = &judging.result;

	if (!p->argv[0])
		return 0;
	enter(step);
	*ret_error = run_program(p, timeout_ns, r, text);
	if (!*ret_error && r->reply.status == 0) {
		buf_clear(&r->out);
		buf_clear(&r->err);
		r->reply = (struct reply){ 0 };
		return 0;
	}
	r->reply.step = step;
	return 1;
}

static int decided(enum judge_step step, int error)
{
	judging.result.reply = (struct reply){ .status = -1, .step = step };
	return error;
}

static int judge_mounted(const struct order *o, struct buf *text)
{
	CLEANUP_BUF struct buf trouble = BUF_INIT;
	int error = 0, skip, over, failed;

	skip = o->head.flags & JUDGE_ASK && ask();
	over = skip || program_step(STEP_CHECK, &o->check,
				    o->head.check_timeout_ns, &error, text);
	enter(STEP_UMOUNT);
	failed = umount_disk(o->dir, o->device, 1, &trouble);
	if (failed) {
		buf_clear(text);
		buf_add(text, buf_text(&trouble), trouble.len);
		return decided(STEP_UMOUNT, failed);
	}
	if (skip)
		return decided(STEP_MOUNTED, 0);
	if (!over)
		program_step(STEP_FSCK, &o->fsck, o->head.fsck_timeout_ns,
			     &error, text);
	return error;
}

static int judge_order(const struct order *o, struct buf *text)
{
	int error = set_clock(o->head.clock_ns);

	if (!error)
		error = put_promises(o, text);
	if (error)
		return decided(STEP_UMOUNT, error);
	enter(STEP_MOUNT);
	if (*o->dir)
		error = mount_disk(o->device, o->dir, o->type, o->options,
				   text);
	return error ? decided(STEP_MOUNT, error) : judge_mounted(o, text);
}

/* ---- the payload ---- */

static int take_promises(struct cursor *c, struct order *o)
{
	if (c->left != (uint64_t)o->head.acks + o->head.begun)
		return -EPROTO;
	o->acks = c->at;
	o->begun = c->at + o->head.acks;
	return 0;
}

static int take_order(struct cursor *c, struct order *o)
{
	struct judge *h = &o->head;

	if (cursor_take(c, h, sizeof(*h)) < 0)
		return -EPROTO;
	o->device = cursor_string(c);
	o->dir = cursor_string(c);
	o->type = cursor_string(c);
	o->options = cursor_string(c);
	if (!o->options || program_take(c, h->argc, h->envc,
					  PROGRAM_IN_IMAGE, &o->check) < 0 ||
	    program_take(c, h->fsck_argc, 0, PROGRAM_IN_INITRAMFS,
			 &o->fsck) < 0)
		return -EPROTO;
	return take_promises(c, o);
}

int judge_request(const char *payload, size_t len, struct buf *ret_text)
{
	struct cursor c = { payload, len };
	struct order o = { .device = NULL };
	int error = -take_order(&c, &o);

	if (error)
		error = decided(STEP_UMOUNT, error);
	else
		error = judge_order(&o, ret_text);
	program_free(&o.check);
	program_free(&o.fsck);
	enter(STEP_NONE);
	return error;
}

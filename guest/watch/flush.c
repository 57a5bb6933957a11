#include "guest/watch/flush.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "common/buf.h"
#include "common/files.h"
#include "guest/watch/flushing.h"
#include "guest/watch/internal.h"
#include "guest/watch/proc.h"

#define TICK_US 2000
/* A program that never waits is not waited for each time. */
#define WAIT_AGAIN_NS 50000000ull
#define WAITS 4 /* the whole time */

uint64_t flush_wait_ns = 3000000000;

/* ---- where a thread can be used ---- */

/* Calls in which programs wait for others. In none of these is a thread in the
 * middle of a write of its buffers. */
static int is_waiting_call(uint64_t number)
{
	static const uint16_t calls[] = {
		SYS_read, SYS_poll, SYS_select, SYS_pause, SYS_nanosleep,
		SYS_accept, SYS_recvfrom, SYS_recvmsg, SYS_wait4, SYS_semop,
		SYS_msgrcv, SYS_flock, SYS_rt_sigtimedwait, SYS_rt_sigsuspend,
		SYS_futex, SYS_semtimedop, SYS_clock_nanosleep, SYS_epoll_wait,
		SYS_mq_timedreceive, SYS_waitid, SYS_pselect6, SYS_ppoll,
		SYS_epoll_pwait, SYS_epoll_pwait2, SYS_accept4, SYS_recvmmsg,
		SYS_restart_syscall, /* of one of these */
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i] == number)
			return 1;
	return 0;
}

static void ask(const struct task *t)
{
	int64_t number = proc_call(t->tid);

	if (number >= 0 && is_waiting_call((uint64_t)number))
		ptrace(PTRACE_INTERRUPT, t->tid, NULL, NULL);
}

/* ---- one thread ---- */

static void leave(struct watcher *w, struct task *t)
{
	w->flush.left--;
	t->flush = FLUSH_NONE;
}

static void is_over(struct watcher *w, struct task *t)
{
	if (t->flush == FLUSH_RUNNING)
		leave(w, t);
	t->flush = FLUSH_NONE;
	free(t->flushing);
	t->flushing = NULL;
}

/* 1: the thread goes on. */
static int start(struct watcher *w, struct task *t, enum inject_place place)
{
	int runs;

	t->flush = FLUSH_RUNNING;
	runs = flushing_start(w, t, place);
	if (runs <= 0)
		is_over(w, t);
	return runs >= 0;
}

/* Standing before an ack, to which it comes back. */
static void start_there(struct watcher *w, struct task *t)
{
	if (!start(w, t, INJECT_BEFORE_CALL))
		return;
	t->ticket = 0;
	w->flush.standing--;
}

int flush_interrupted(struct watcher *w, struct task *t)
{
	struct user_regs_struct regs;

	if (t->flush != FLUSH_WANTED ||
	    ptrace(PTRACE_GETREGS, t->tid, NULL, &regs) < 0 ||
	    !is_waiting_call(regs.orig_rax) || !inject_can(&regs))
		return 0;
	return start(w, t, INJECT_IN_CALL);
}

int flush_fault(struct watcher *w, struct task *t)
{
	struct user_regs_struct regs;

	if (!t->flushing || ptrace(PTRACE_GETREGS, t->tid, NULL, &regs) < 0 ||
	    !inject_returned(&regs))
		return 0;
	if (!flushing_returned(w, t))
		is_over(w, t);
	return 1;
}

/* ---- all of them, before one ack ---- */

static void each_task(struct watcher *w,
		      void (*work)(struct watcher *w, struct task *t))
{
	for (int i = 0; i < TASK_LISTS; i++)
		for (struct task *t = w->tasks[i], *next; t; t = next) {
			next = t->next;
			work(w, t);
		}
}

/* It has its parent's buffers, too. */
static int is_copy(struct watcher *w, const struct task *t)
{
	return t->forked_from && task_find(w, t->forked_from);
}

static void join(struct watcher *w, struct task *t)
{
	int acks = t->tid == w->flush.tid;
	struct buffers b;

	task_name(t);
	if ((t->process == w->flush.process) != acks ||
	    (!acks && t->tid != t->process) ||
	    !buffers_find(w, t->process, &b))
		return;
	if (t->flushing || (!acks && is_copy(w, t))) {
		flushing_tell_missed(w, t, &b, -EBUSY);
		return;
	}
	t->flushing = xcalloc(1, sizeof(*t->flushing));
	t->flushing->buffers = b;
	t->flush = FLUSH_WANTED;
	w->flush.left++;
	if (t->ticket)
		start_there(w, t);
	else
		ask(t);
}

static void tick_each(int us)
{
	struct itimerval t = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &t, NULL);
}

static void begin(struct watcher *w, struct task *t)
{
	w->flush.tid = t->tid;
	task_name(t);
	w->flush.process = t->process;
	w->flush.deadline_ns = now_ns() + (w->flush.waited < WAITS ?
					   flush_wait_ns : WAIT_AGAIN_NS);
	tick_each(TICK_US);
	each_task(w, join);
}

static void end(struct watcher *w)
{
	struct task *t = task_find(w, w->flush.tid);

	tick_each(0);
	w->flush.tid = 0;
	if (t)
		t->flushed = 1;
}

static int comes_before(const struct task *a, const struct task *b)
{
	return a->flushed != b->flushed ? a->flushed : a->ticket < b->ticket;
}

static struct task *first_standing(struct watcher *w)
{
	struct task *first = NULL;

	for (int i = 0; i < TASK_LISTS; i++)
		for (struct task *t = w->tasks[i]; t; t = t->next)
			if (t->ticket && (!first || comes_before(t, first)))
				first = t;
	return first;
}

int flush_is_due(const struct watcher *w, const struct task *t)
{
	const struct cure_list *l = &w->target.cures;

	/* A signal's handler may ack while a function runs below it. */
	if (t->flushed || (t->flushing && t->flush != FLUSH_WANTED))
		return 0;
	for (unsigned int i = 0; i < l->n; i++)
		if (l->rules[i].what == CURE_FLUSH_BUFFERS)
			return 1;
	return 0;
}

void flush_hold(struct watcher *w, struct task *t)
{
	t->ticket = ++w->flush.tickets;
	w->flush.standing++;
	if (t->flush == FLUSH_WANTED)
		start_there(w, t);
}

pid_t flush_next(struct watcher *w)
{
	for (;;) {
		struct task *t;

		if (w->flush.tid && !w->flush.left)
			end(w);
		t = w->flush.standing ? first_standing(w) : NULL;
		if (!t || (w->flush.tid && !t->flushed))
			return 0;
		if (t->flushed) {
			t->ticket = 0;
			w->flush.standing--;
			return t->tid;
		}
		begin(w, t);
	}
}

/* ---- what takes too long ---- */

/* The thread that acks cannot be let go before its function has returned. */
static void expire(struct watcher *w, struct task *t)
{
	if (t->flush == FLUSH_WANTED) {
		flushing_tell_missed(w, t, &t->flushing->buffers, -EBUSY);
		leave(w, t);
		is_over(w, t);
	} else if (t->flush == FLUSH_RUNNING && t->tid != w->flush.tid) {
		flushing_give_up(w, t);
		leave(w, t);
	}
}

static void ask_again(struct watcher *w, struct task *t)
{
	(void)w;
	if (t->flush == FLUSH_WANTED)
		ask(t);
}

void flush_tick(struct watcher *w)
{
	if (!w->flush.tid)
		return;
	if (now_ns() < w->flush.deadline_ns) {
		each_task(w, ask_again);
		return;
	}
	w->flush.waited++;
	w->flush.deadline_ns = UINT64_MAX;
	each_task(w, expire);
}

void flush_forget(struct watcher *w, struct task *t)
{
	if (t->ticket)
		w->flush.standing--;
	t->ticket = 0;
	if (t->flush == FLUSH_WANTED)
		leave(w, t);
	is_over(w, t);
}

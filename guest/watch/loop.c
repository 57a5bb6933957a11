/*
 * Stops, as ptrace(2) has them for PTRACE_SEIZE:
 *
 *   seccomp          before a call of the filter's; PTRACE_SYSCALL goes on to
 *                    its return, PTRACE_CONT lets it go
 *   SIGTRAP | 0x80   a call has returned
 *   fork, clone, ... the child is watched already, and stops by itself
 *   exec             of a thread: it has its process's number now
 *   stop             a new child, or the whole process was stopped (SIGSTOP):
 *                    it must stay so until SIGCONT, which PTRACE_LISTEN sees
 *   any other        a signal is about to be delivered: it is passed on
 */
#include "guest/watch/loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files.h"
#include "guest/watch/asked.h"
#include "guest/watch/flush.h"
#include "guest/watch/internal.h"
#include "guest/watch/returns.h"

#define OPTIONS                                                                \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |   \
	 PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |      \
	 PTRACE_O_TRACEEXEC)
#define RETURNED (SIGTRAP | 0x80)
#define WATCHER_BITS 40 /* of a sequence, below the watcher's number */

static volatile sig_atomic_t told_to_end, ticked;

static void on_term(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	/* A program may send it to everybody. */
	if (info->si_pid <= 1)
		told_to_end = 1;
}

static void on_alarm(int signal)
{
	(void)signal; /* waitpid() returns */
	ticked = 1;
}

static void take_signals(void)
{
	struct sigaction term = { .sa_sigaction = on_term,
				  .sa_flags = SA_SIGINFO };
	struct sigaction alarm = { .sa_handler = on_alarm };
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, SIGTERM);
	sigdelset(&set, SIGALRM);
	sigaction(SIGTERM, &term, NULL);
	sigaction(SIGALRM, &alarm, NULL);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

static void go_on(pid_t tid, int request, int signal)
{
	/* ESRCH: it was killed; its end is reported. */
	ptrace(request, tid, NULL, (void *)(intptr_t)signal);
}

static void before_call(struct watcher *w, pid_t tid)
{
	struct user_regs_struct regs;
	struct task *t = task_get(w, tid);
	enum calls_then then = CALLS_LET_GO;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) == 0)
		then = calls_enter(w, t, &regs);
	if (then == CALLS_HOLD)
		flush_hold(w, t);
	else
		go_on(tid, then == CALLS_SEE_RETURN ? PTRACE_SYSCALL :
						      PTRACE_CONT, 0);
}

static void after_call(struct watcher *w, pid_t tid)
{
	struct user_regs_struct regs;
	struct task *t = task_find(w, tid);

	if (t && ptrace(PTRACE_GETREGS, tid, NULL, &regs) == 0) {
		asked_exit(w, t, (int64_t)regs.rax);
		calls_exit(w, t, (int64_t)regs.rax, now_ns());
	}
	go_on(tid, PTRACE_CONT, 0);
}

/* The thread that called it may have had another number. */
static void after_exec(struct watcher *w, pid_t tid)
{
	unsigned long former = 0;

	ptrace(PTRACE_GETEVENTMSG, tid, NULL, &former);
	if ((pid_t)former != tid)
		task_forget(w, (pid_t)former);
	task_forget(w, tid);
	task_get(w, tid)->executed = 1;
	go_on(tid, PTRACE_CONT, 0);
}

/* It is counted before its parent goes on: who appends alone need not be asked
 * where. */
static void after_fork(struct watcher *w, pid_t tid, int event)
{
	unsigned long child = 0;
	struct task *t = NULL;

	if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &child) == 0 && child)
		t = task_get(w, (pid_t)child);
	/* It may have come further than its parent. */
	if (t && event != PTRACE_EVENT_CLONE && !t->executed) {
		struct task *parent = task_get(w, tid);

		task_name(parent);
		t->forked_from = parent->process;
	}
	go_on(tid, PTRACE_CONT, 0);
}

static int is_fork(int event)
{
	return event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
	       event == PTRACE_EVENT_CLONE;
}

static int stops_all(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
	       signal == SIGTTOU;
}

/* For a flush; the thread goes on. */
static int stopped_to_flush(struct watcher *w, pid_t tid, int event,
			    int signal)
{
	struct task *t = task_find(w, tid);

	if (!t)
		return 0;
	if (event == PTRACE_EVENT_STOP && !stops_all(signal))
		return flush_interrupted(w, t);
	return !event && signal == SIGSEGV && flush_fault(w, t);
}

static void stopped(struct watcher *w, pid_t tid, int status)
{
	int event = status >> 16, signal = WSTOPSIG(status);

	if (stopped_to_flush(w, tid, event, signal))
		return;
	if (event == PTRACE_EVENT_SECCOMP)
		before_call(w, tid);
	else if (event == PTRACE_EVENT_EXEC)
		after_exec(w, tid);
	else if (is_fork(event))
		after_fork(w, tid, event);
	else if (event == PTRACE_EVENT_STOP && stops_all(signal))
		go_on(tid, PTRACE_LISTEN, 0);
	else if (event)
		go_on(tid, PTRACE_CONT, 0);
	else if (signal == RETURNED)
		after_call(w, tid);
	else
		go_on(tid, PTRACE_CONT, signal);
}

/* What it asked for may have been completed for others to see. */
static void ended(struct watcher *w, pid_t tid)
{
	asked_look(w);
	task_forget(w, tid);
}

static void say_begin(struct watcher *w)
{
	struct record_begin r = {
		.watcher = w->id,
		.device = w->target.shown,
		.mapped = (uint32_t)w->target.mapped,
	};

	records_send(w, RECORD_BEGIN, &r, sizeof(r), NULL, 0);
}

static void say_end(struct watcher *w)
{
	struct record_end r = {
		.watcher = w->id,
		.records = w->sent,
		.lost = w->lost,
	};

	records_send(w, RECORD_END, &r, sizeof(r), NULL, 0);
}

static int seize(int tell, int seized)
{
	pid_t pid;

	if (read(tell, &pid, sizeof(pid)) != sizeof(pid) ||
	    ptrace(PTRACE_SEIZE, pid, NULL, OPTIONS) < 0 ||
	    write(seized, "", 1) != 1)
		return -EIO;
	close(tell);
	close(seized);
	return 0;
}

void watch_loop(struct record_ring *records, int tell, int seized, uint64_t id,
		const struct watch_target *target)
{
	static struct watcher w;
	int status;
	pid_t tid, next;

	w.records = records;
	w.id = id;
	w.sequence = id << WATCHER_BITS;
	w.target = *target;
	take_signals();
	w.returns = returns_open();
	if (seize(tell, seized) < 0)
		_exit(1);
	say_begin(&w);
	while (!told_to_end) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == ECHILD)
			break;
		calls_take_returns(&w);
		if (ticked) {
			ticked = 0;
			flush_tick(&w);
		}
		if (tid > 0 && WIFSTOPPED(status))
			stopped(&w, tid, status);
		else if (tid > 0)
			ended(&w, tid);
		while ((next = flush_next(&w)))
			before_call(&w, next);
	}
	calls_take_returns(&w);
	say_end(&w);
	_exit(0);
}

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
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files.h"
#include "guest/watch/internal.h"
#include "guest/watch/returns.h"

#define OPTIONS                                                                \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |   \
	 PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |      \
	 PTRACE_O_TRACEEXEC)
#define RETURNED (SIGTRAP | 0x80)
#define WATCHER_BITS 40 /* of a sequence, below the watcher's number */

static volatile sig_atomic_t told_to_end;

static void on_term(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	/* A program may send it to everybody. */
	if (info->si_pid <= 1)
		told_to_end = 1;
}

static void take_term(void)
{
	struct sigaction a = { .sa_sigaction = on_term,
			       .sa_flags = SA_SIGINFO };
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, SIGTERM);
	sigaction(SIGTERM, &a, NULL);
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
	int request = PTRACE_CONT;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) == 0 &&
	    calls_enter(w, t, &regs))
		request = PTRACE_SYSCALL;
	go_on(tid, request, 0);
}

static void after_call(struct watcher *w, pid_t tid)
{
	struct user_regs_struct regs;
	struct task *t = task_find(w, tid);

	if (t && ptrace(PTRACE_GETREGS, tid, NULL, &regs) == 0)
		calls_exit(w, t, (int64_t)regs.rax, now_ns());
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
	task_get(w, tid);
	go_on(tid, PTRACE_CONT, 0);
}

/* It is counted before its parent goes on: who appends alone need not be asked
 * where. */
static void after_fork(struct watcher *w, pid_t tid)
{
	unsigned long child = 0;

	if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &child) == 0 && child)
		task_get(w, (pid_t)child);
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

static void stopped(struct watcher *w, pid_t tid, int status)
{
	int event = status >> 16, signal = WSTOPSIG(status);

	if (event == PTRACE_EVENT_SECCOMP)
		before_call(w, tid);
	else if (event == PTRACE_EVENT_EXEC)
		after_exec(w, tid);
	else if (is_fork(event))
		after_fork(w, tid);
	else if (event == PTRACE_EVENT_STOP && stops_all(signal))
		go_on(tid, PTRACE_LISTEN, 0);
	else if (event)
		go_on(tid, PTRACE_CONT, 0);
	else if (signal == RETURNED)
		after_call(w, tid);
	else
		go_on(tid, PTRACE_CONT, signal);
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
	pid_t tid;

	w.records = records;
	w.id = id;
	w.sequence = id << WATCHER_BITS;
	w.target = *target;
	take_term();
	w.returns = returns_open();
	if (seize(tell, seized) < 0)
		_exit(1);
	say_begin(&w);
	while (!told_to_end) {
		tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == ECHILD)
			break;
		calls_take_returns(&w);
		if (tid > 0 && WIFSTOPPED(status))
			stopped(&w, tid, status);
		else if (tid > 0)
			task_forget(&w, tid);
	}
	calls_take_returns(&w);
	say_end(&w);
	_exit(0);
}

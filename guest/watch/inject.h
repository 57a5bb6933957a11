/*
 * A function called in a stopped thread of another program, as debuggers do it.
 *
 * The thread stands before a system call that its filter stops at, or in one that
 * was interrupted (PTRACE_INTERRUPT). Its registers are kept, and it goes on at
 * the function, on its own stack below what it uses. The function returns to an
 * address where nothing can be: that SIGSEGV is the tracer's, and is not
 * delivered. At the end all registers are as they were, and the system call is
 * made again.
 *
 * Nothing here lets the thread go on: the caller does, with PTRACE_CONT and no
 * signal.
 */
#ifndef GUEST_WATCH_INJECT_H
#define GUEST_WATCH_INJECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#define INJECT_FLOATS 16384 /* bytes: more than any processor's XSAVE area */

enum inject_place {
	INJECT_BEFORE_CALL, /* at its seccomp stop */
	INJECT_IN_CALL,	    /* interrupted in it: inject_can() */
};

struct inject {
	pid_t tid;
	enum inject_place place;
	struct user_regs_struct regs;
	unsigned char floats[INJECT_FLOATS];
	size_t n_floats;
	int float_set;	/* which they are: NT_X86_XSTATE, or, of a processor
			 * without, NT_PRFPREG */
};

/* Whether the kernel would make the call again in which the thread was
 * interrupted. */
int inject_can(const struct user_regs_struct *regs);
/* Keeps what inject_end() is to restore. 0 or -errno. */
int inject_begin(struct inject *i, pid_t tid, enum inject_place place);
/* The thread will call the function. 0 or -errno. */
int inject_call(const struct inject *i, uint64_t function, uint64_t argument);
/* As that, with a text as its argument. -EFAULT: there is no room for it. */
int inject_call_text(const struct inject *i, uint64_t function,
		     const char *text);
/* Of a thread with a SIGSEGV: the function has returned. */
int inject_returned(const struct user_regs_struct *regs);
/* The thread is as it was, and makes its system call again. */
void inject_end(const struct inject *i);

#endif

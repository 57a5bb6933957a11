#include "guest/watch/inject.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

/* In the page at 0, in which nothing may be mapped (vm.mmap_min_addr). */
#define RETURN_TO 0xff0
#define RED_ZONE 128 /* System V ABI, AMD64, 3.2.2 */
#define SYSCALL_LENGTH 2 /* bytes of the instruction */
#define DIRECTION_FLAG 0x400
#define NO_CALL UINT64_MAX /* of orig_rax: nothing is to be made again */

/* Linux: include/linux/errno.h. */
#define ERESTARTSYS 512
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

int inject_can(const struct user_regs_struct *regs)
{
	int64_t result = (int64_t)regs->rax;

	return (int64_t)regs->orig_rax >= 0 &&
	       (result == -EINTR || (result <= -ERESTARTSYS &&
				     result >= -ERESTART_RESTARTBLOCK));
}

static int keep_floats(struct inject *i)
{
	static const int sets[] = { NT_X86_XSTATE, NT_PRFPREG };

	for (size_t n = 0; n < sizeof(sets) / sizeof(*sets); n++) {
		struct iovec floats = { i->floats, sizeof(i->floats) };

		if (ptrace(PTRACE_GETREGSET, i->tid,
			   (void *)(intptr_t)sets[n], &floats) < 0)
			continue;
		i->float_set = sets[n];
		i->n_floats = floats.iov_len;
		return 0;
	}
	return -errno;
}

int inject_begin(struct inject *i, pid_t tid, enum inject_place place)
{
	i->tid = tid;
	i->place = place;
	if (ptrace(PTRACE_GETREGS, tid, NULL, &i->regs) < 0)
		return -errno;
	return keep_floats(i);
}

static int put(const struct inject *i, uint64_t address, const void *data,
	       size_t len)
{
	struct iovec here = { (void *)data, len };
	struct iovec there = { (void *)(uintptr_t)address, len };
	ssize_t n = process_vm_writev(i->tid, &here, 1, &there, 1, 0);

	return n < 0 ? -errno : n < (ssize_t)len ? -EFAULT : 0;
}

/* stack: what the function may use ends there. */
static int call(const struct inject *i, uint64_t function, uint64_t argument,
		uint64_t stack)
{
	struct user_regs_struct r = i->regs;
	uint64_t back = RETURN_TO;
	int err;

	r.rsp = (stack & ~15ull) - sizeof(back);
	r.rip = function;
	r.rdi = argument;
	r.rax = 0;
	r.orig_rax = NO_CALL;
	r.eflags &= ~(uint64_t)DIRECTION_FLAG;
	err = put(i, r.rsp, &back, sizeof(back));
	if (!err && ptrace(PTRACE_SETREGS, i->tid, NULL, &r) < 0)
		err = -errno;
	return err;
}

int inject_call(const struct inject *i, uint64_t function, uint64_t argument)
{
	return call(i, function, argument, i->regs.rsp - RED_ZONE);
}

int inject_call_text(const struct inject *i, uint64_t function,
		     const char *text)
{
	size_t len = strlen(text) + 1;
	uint64_t at = i->regs.rsp - RED_ZONE - len;
	int err = put(i, at, text, len);

	return err ? err : call(i, function, at, at);
}

int inject_returned(const struct user_regs_struct *regs)
{
	return regs->rip == RETURN_TO;
}

/* A call that a signal would have ended, and the function's end has not. */
static void make_again(struct user_regs_struct *r, enum inject_place place)
{
	if (place == INJECT_BEFORE_CALL) {
		r->rip -= SYSCALL_LENGTH;
		r->rax = r->orig_rax;
		r->orig_rax = NO_CALL;
	} else if ((int64_t)r->rax == -EINTR) {
		r->rax = (uint64_t)-ERESTARTNOHAND;
	}
}

void inject_end(const struct inject *i)
{
	struct user_regs_struct r = i->regs;
	struct iovec floats = { (void *)i->floats, i->n_floats };

	make_again(&r, i->place);
	ptrace(PTRACE_SETREGSET, i->tid, (void *)(intptr_t)i->float_set,
	       &floats);
	ptrace(PTRACE_SETREGS, i->tid, NULL, &r);
}

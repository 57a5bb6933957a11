/*
 * One comparison per call, in the order of the table. Where the argument
 * decides, its lower 32 bits are tested: flags have no others.
 *
 * Also stopped at, and not told as calls: mmap of code (what is known of the
 * process's objects is no longer true), those of others[], and every call of
 * another architecture's table, which the watcher cannot read.
 */
#include "guest/watch/filter.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "trace/call-table.h"

#define FILTER_MAX 512

static struct sock_filter code[FILTER_MAX];
static struct sock_fprog program = { .filter = code };

static void add(uint16_t op, uint32_t k, uint8_t yes, uint8_t no)
{
	if (program.len < FILTER_MAX)
		code[program.len++] = (struct sock_filter){ op, yes, no, k };
}

static void load(size_t at)
{
	add(BPF_LD | BPF_W | BPF_ABS, (uint32_t)at, 0, 0);
}

static void load_argument(unsigned int number)
{
	load(offsetof(struct seccomp_data, args) + 8 * (number - 1));
}

static void end(uint32_t action)
{
	add(BPF_RET | BPF_K, action, 0, 0);
}

/* Skips as many instructions unless the call has this number. */
static void unless(uint32_t number, uint8_t skip)
{
	add(BPF_JMP | BPF_JEQ | BPF_K, number, 0, skip);
}

/* Stopped at if one of the bits is set, else let through. */
static void end_by_bits(uint32_t bits)
{
	add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	end(SECCOMP_RET_TRACE);
	end(SECCOMP_RET_ALLOW);
}

/* Code, or shared memory of a file that can be written. */
static void add_mmap(void)
{
	unless(SYS_mmap, 8);
	load_argument(3);
	add(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 5, 0);
	add(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 0, 3);
	load_argument(4);
	add(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 1, 0);
	/* MAP_SHARED and MAP_SHARED_VALIDATE have it, MAP_PRIVATE has not. */
	add(BPF_JMP | BPF_JSET | BPF_K, MAP_SHARED, 1, 0);
	end(SECCOMP_RET_ALLOW);
	end(SECCOMP_RET_TRACE);
}

static void add_call(uint32_t number, unsigned int test, uint32_t bits)
{
	if (!test) {
		unless(number, 1);
		end(SECCOMP_RET_TRACE);
		return;
	}
	unless(number, 4);
	load_argument(test);
	end_by_bits(bits);
}

/* After these a thread has descriptors of its own, or its paths may be others, or
 * its memory cannot be read any more. */
static const struct {
	uint32_t number;
	unsigned int test; /* argument, 0: every call */
	uint32_t bits;
} others[] = {
	{ SYS_unshare, 1, CLONE_FILES },
	{ SYS_close_range, 3, CLOSE_RANGE_UNSHARE },
	{ SYS_chroot, 0, 0 },
	{ SYS_pivot_root, 0, 0 },
	{ SYS_mount, 0, 0 },
	{ SYS_umount2, 0, 0 },
	{ SYS_move_mount, 0, 0 },
	{ SYS_setns, 0, 0 },
	{ SYS_exit_group, 0, 0 },
};
#define OTHERS (sizeof(others) / sizeof(others[0]))

int watch_filter_is_other(uint32_t number)
{
	int found = number == SYS_prctl;

	for (size_t i = 0; i < OTHERS && !found; i++)
		found = others[i].number == number;
	return found;
}

static void add_prctl(void)
{
	unless(SYS_prctl, 4);
	load_argument(1);
	add(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_NAME, 0, 1);
	end(SECCOMP_RET_TRACE);
	end(SECCOMP_RET_ALLOW);
}

const struct sock_fprog *watch_filter(void)
{
	if (program.len)
		return &program;
	load(offsetof(struct seccomp_data, arch));
	add(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	end(SECCOMP_RET_TRACE);
	load(offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n_call_types; i++)
		if (call_types[i].number != SYS_mmap)
			add_call(call_types[i].number, call_types[i].test,
				 call_types[i].bits);
	for (size_t i = 0; i < OTHERS; i++)
		add_call(others[i].number, others[i].test, others[i].bits);
	add_mmap();
	add_prctl();
	end(SECCOMP_RET_ALLOW);
	return &program;
}

int watch_filter_install(const struct sock_fprog *filter)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) < 0 ?
		       errno :
		       0;
}

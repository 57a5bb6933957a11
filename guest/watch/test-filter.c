/* The filter is run here, instruction by instruction, as the kernel would. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "guest/watch/filter.h"
#include "trace/call-table.h"

static uint32_t jump(const struct sock_filter *i, uint32_t value)
{
	int yes = BPF_OP(i->code) == BPF_JSET ? (value & i->k) != 0 :
						value == i->k;

	return yes ? i->jt : i->jf;
}

static uint32_t run(const struct seccomp_data *d)
{
	const struct sock_fprog *p = watch_filter();
	uint32_t value = 0;

	for (uint32_t at = 0; at < p->len; at++) {
		const struct sock_filter *i = &p->filter[at];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			assert_true(i->k + sizeof(value) <= sizeof(*d));
			memcpy(&value, (const char *)d + i->k, sizeof(value));
			break;
		case BPF_JMP:
			at += jump(i, value);
			break;
		case BPF_RET:
			return i->k;
		default:
			fail_msg("an instruction of class %d",
				 BPF_CLASS(i->code));
		}
	}
	fail_msg("the filter has no end");
	return 0;
}

/* number: of the argument that has the value, 1..6. */
static int stops(int call, unsigned int number, uint64_t value)
{
	struct seccomp_data d = { .nr = call, .arch = AUDIT_ARCH_X86_64 };

	if (number)
		d.args[number - 1] = value;
	return run(&d) == SECCOMP_RET_TRACE;
}

static int stops_at_mmap(uint64_t rights, uint64_t flags)
{
	struct seccomp_data d = { .nr = SYS_mmap, .arch = AUDIT_ARCH_X86_64,
				  .args = { 0, 4096, rights, flags } };

	return run(&d) == SECCOMP_RET_TRACE;
}

static void every_call_of_the_table_is_stopped_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_call_types; i++) {
		const struct call_type *t = &call_types[i];

		if (t->number == SYS_mmap)
			continue;
		assert_true(stops(t->number, t->test, t->bits));
		if (t->test)
			assert_false(stops(t->number, t->test, 0));
	}
}

static void calls_that_change_nothing_are_let_through(void **state)
{
	static const int calls[] = { SYS_read, SYS_pread64, SYS_lseek,
				     SYS_close, SYS_stat, SYS_futex,
				     SYS_clock_gettime, SYS_epoll_wait };

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		assert_false(stops(calls[i], 0, 0));
	assert_false(stops(SYS_openat, 3, O_RDWR));
	assert_true(stops(SYS_openat, 3, O_RDWR | O_CREAT));
	assert_true(stops(SYS_openat, 3, O_WRONLY | O_TRUNC));
	assert_true(stops(SYS_openat, 3, O_RDWR | O_TMPFILE));
	assert_false(stops(SYS_openat, 3, O_DIRECTORY));
}

static void maps_are_stopped_at_if_shared_or_code(void **state)
{
	int both = PROT_READ | PROT_WRITE;

	(void)state;
	assert_true(stops_at_mmap(both, MAP_SHARED));
	assert_true(stops_at_mmap(both, MAP_SHARED_VALIDATE));
	assert_false(stops_at_mmap(both, MAP_PRIVATE));
	assert_false(stops_at_mmap(both, MAP_SHARED | MAP_ANONYMOUS));
	assert_false(stops_at_mmap(PROT_READ, MAP_SHARED));
	assert_true(stops_at_mmap(PROT_READ | PROT_EXEC, MAP_PRIVATE));
}

static void what_changes_a_task_is_stopped_at(void **state)
{
	(void)state;
	assert_true(stops(SYS_prctl, 1, PR_SET_NAME));
	assert_false(stops(SYS_prctl, 1, PR_GET_NAME));
	assert_true(stops(SYS_unshare, 1, CLONE_FILES | CLONE_FS));
	assert_false(stops(SYS_unshare, 1, CLONE_FS));
	assert_true(stops(SYS_close_range, 3, CLOSE_RANGE_UNSHARE));
	assert_false(stops(SYS_close_range, 3, CLOSE_RANGE_CLOEXEC));
	assert_true(stops(SYS_chroot, 0, 0));
	assert_true(watch_filter_is_other(SYS_chroot));
	assert_false(watch_filter_is_other(SYS_write));
}

static void another_architecture_is_always_stopped_at(void **state)
{
	struct seccomp_data d = { .nr = SYS_read, .arch = AUDIT_ARCH_I386 };

	(void)state;
	assert_int_equal(run(&d), SECCOMP_RET_TRACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_of_the_table_is_stopped_at),
		cmocka_unit_test(calls_that_change_nothing_are_let_through),
		cmocka_unit_test(maps_are_stopped_at_if_shared_or_code),
		cmocka_unit_test(what_changes_a_task_is_stopped_at),
		cmocka_unit_test(another_architecture_is_always_stopped_at),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

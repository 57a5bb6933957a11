/* This program's own call frame information says how its frames are left. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "guest/watch/maps.h"
#include "guest/watch/object.h"

static void read_self(struct object *o)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	*o = (struct object){ .n_segments = 0 };
	object_read(o, fd);
	close(fd);
}

/* The address, as linked, of code in this process. */
static uint64_t linked(const struct object *o, uintptr_t at)
{
	const struct mapping *m;
	struct maps maps;
	uint64_t address;

	assert_int_equal(maps_read(getpid(), &maps), 0);
	m = maps_find(&maps, at);
	assert_non_null(m);
	address = object_address(o, at - m->start + m->offset);
	maps_release(&maps);
	return address;
}

static void a_function_begins_with_its_return_address(void **state)
{
	struct unwind_row row;
	struct object o;
	uint64_t at;

	(void)state;
	read_self(&o);
	assert_true(o.n_segments > 0);
	assert_true(o.frames.n > 0);
	at = linked(&o, (uintptr_t)a_function_begins_with_its_return_address);
	assert_int_equal(unwind_find(&o.frames, at, &row), 0);
	assert_int_equal(row.frame_register, UNWIND_RSP);
	assert_int_equal(row.frame_offset, 8);
	assert_int_equal(row.rules[UNWIND_RETURN], UNWIND_AT);
	assert_int_equal(row.offsets[UNWIND_RETURN], -8);
	assert_int_equal(row.rules[UNWIND_RBP], UNWIND_SAME);
	unwind_table_release(&o.frames);
}

static uint64_t return_address, frame_address;

__attribute__((noinline)) static void ask(void)
{
	return_address = (uint64_t)(uintptr_t)__builtin_return_address(0);
	frame_address = (uint64_t)(uintptr_t)__builtin_frame_address(0);
}

static void where_a_call_was_made_the_frame_is_known(void **state)
{
	struct unwind_row row;
	struct object o;

	(void)state;
	ask();
	read_self(&o);
	assert_int_equal(unwind_find(&o.frames,
				     linked(&o, return_address) - 1, &row),
			 0);
	assert_int_equal(row.rules[UNWIND_RETURN], UNWIND_AT);
	assert_int_equal(row.offsets[UNWIND_RETURN], -8);
	assert_true(row.frame_offset >= 8);
	unwind_table_release(&o.frames);
}

static void what_is_not_described_is_not_guessed(void **state)
{
	struct unwind_row row;
	struct object o;

	(void)state;
	read_self(&o);
	assert_int_equal(unwind_find(&o.frames, UINT64_MAX - 7, &row), -ENOENT);
	unwind_table_release(&o.frames);
}

/* Every byte of the section as something else: no harm is done. */
static void damage_does_no_harm(void **state)
{
	struct object o;

	(void)state;
	read_self(&o);
	for (size_t at = 0; at < o.frames.size && at < 3000; at++) {
		unsigned char *copy = xmalloc(o.frames.size);
		struct unwind_table t;
		struct unwind_row row;

		memcpy(copy, o.frames.data, o.frames.size);
		copy[at] ^= (unsigned char)(1u << at % 8);
		unwind_table_init(&t, copy, o.frames.size, o.frames.address);
		for (size_t i = 0; i < t.n; i += 7)
			unwind_find(&t, t.list[i].end - 1, &row);
		unwind_table_release(&t);
	}
	unwind_table_release(&o.frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_begins_with_its_return_address),
		cmocka_unit_test(where_a_call_was_made_the_frame_is_known),
		cmocka_unit_test(what_is_not_described_is_not_guessed),
		cmocka_unit_test(damage_does_no_harm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

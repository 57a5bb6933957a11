/* Records that pass a ring: whole, in their order, none left out. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "guest/watch/ring.h"
#include "trace/calls-wire.h"

#define MANY 20000

/* The n-th record: its number, and as many bytes of it as it says. */
static void put(struct record_ring *r, uint32_t n)
{
	static char data[CALL_RECORD_MAX];
	struct call_record head = { .length = n % 5000 + sizeof(n), .kind = 1 };
	struct iovec parts[] = {
		{ &head, sizeof(head) },
		{ &n, sizeof(n) },
		{ data, n % 5000 },
	};

	memset(data, (int)n, n % 5000);
	ring_put(r, parts, 3);
}

/* Those of a piece. How many; they go on with the number `first`. */
static uint32_t look_at(const char *at, size_t len, uint32_t first)
{
	uint32_t n = first;

	while (len > 0) {
		struct call_record head;
		uint32_t number;

		assert_true(len >= sizeof(head) + sizeof(number));
		memcpy(&head, at, sizeof(head));
		memcpy(&number, at + sizeof(head), sizeof(number));
		assert_int_equal(number, n);
		assert_int_equal(head.length, n % 5000 + sizeof(n));
		assert_true(len >= sizeof(head) + head.length);
		if (n % 5000)
			assert_int_equal(
				at[sizeof(head) + head.length - 1], (char)n);
		at += sizeof(head) + head.length;
		len -= sizeof(head) + head.length;
		n++;
	}
	return n - first;
}

/* Far more than there is room for: the writer waits, and nothing is dropped. */
static void records_pass_whole_and_in_order(void **state)
{
	static char data[CALL_CHUNK_MAX];
	struct record_ring *r = ring_new();
	uint32_t n = 0;
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(r);
	pid = fork();
	if (pid == 0) {
		for (uint32_t i = 0; i < MANY; i++)
			put(r, i);
		_exit(0);
	}
	while (n < MANY)
		n += look_at(data, ring_take(r, data, sizeof(data)), n);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(ring_take(r, data, sizeof(data)), 0);
	ring_free(r);
}

static void what_a_killed_writer_has_put_is_there(void **state)
{
	static char data[CALL_CHUNK_MAX];
	struct record_ring *r = ring_new();
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(r);
	pid = fork();
	if (pid == 0) {
		for (uint32_t i = 0; i < 3; i++)
			put(r, i);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(look_at(data, ring_take(r, data, sizeof(data)), 0), 3);
	ring_free(r);
}

static void a_piece_ends_between_records(void **state)
{
	char data[4 * (sizeof(struct call_record) + sizeof(uint32_t)) + 7];
	struct record_ring *r = ring_new();

	(void)state;
	assert_non_null(r);
	for (uint32_t i = 0; i < 5; i++)
		put(r, i);
	assert_int_equal(look_at(data, ring_take(r, data, sizeof(data)), 0), 4);
	assert_int_equal(look_at(data, ring_take(r, data, sizeof(data)), 4), 1);
	ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_pass_whole_and_in_order),
		cmocka_unit_test(what_a_killed_writer_has_put_is_there),
		cmocka_unit_test(a_piece_ends_between_records),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

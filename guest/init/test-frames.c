#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "guest/init/frames.h"

struct pair {
	struct frames a, b;
	int fds[2];
};

static int open_pair(void **state)
{
	static struct pair p;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p.fds) < 0)
		return -1;
	frames_init(&p.a, p.fds[0]);
	frames_init(&p.b, p.fds[1]);
	*state = &p;
	return 0;
}

static int close_pair(void **state)
{
	struct pair *p = *state;

	frames_reset(&p->a);
	frames_reset(&p->b);
	close(p->fds[0]);
	close(p->fds[1]);
	return 0;
}

static void a_frame_arrives_as_sent(void **state)
{
	struct pair *p = *state;
	const char *payload;
	struct frame f;

	frames_send(&p->a, FRAME_SYNC, 7, "he", 2, "llo", 3);
	assert_int_equal(frames_receive(&p->b), 0);
	assert_int_equal(frames_peek(&p->b, &f, &payload), 1);
	assert_int_equal(f.type, FRAME_SYNC);
	assert_int_equal(f.id, 7);
	assert_int_equal(f.length, 5);
	assert_memory_equal(payload, "hello", 5);
	frames_drop(&p->b);
	assert_int_equal(frames_peek(&p->b, &f, &payload), 0);
}

static void a_part_of_a_frame_is_no_frame(void **state)
{
	struct pair *p = *state;
	struct frame head = { AGENT_MAGIC, FRAME_PUT, AGENT_VERSION, 1, 4 };
	const char *payload;
	struct frame f;

	assert_int_equal(write(p->fds[0], &head, 10), 10);
	frames_receive(&p->b);
	assert_int_equal(frames_peek(&p->b, &f, &payload), 0);
	assert_int_equal(write(p->fds[0], (char *)&head + 10, 6), 6);
	assert_int_equal(write(p->fds[0], "abc", 3), 3);
	frames_receive(&p->b);
	assert_int_equal(frames_peek(&p->b, &f, &payload), 0);
	frames_drop(&p->b);
	assert_int_equal(write(p->fds[0], "d", 1), 1);
	frames_receive(&p->b);
	assert_int_equal(frames_peek(&p->b, &f, &payload), 1);
	assert_memory_equal(payload, "abcd", 4);
}

static void refused(struct pair *p, struct frame head)
{
	const char *payload;
	struct frame f;

	assert_int_equal(write(p->fds[0], &head, sizeof(head)), sizeof(head));
	frames_receive(&p->b);
	assert_int_equal(frames_peek(&p->b, &f, &payload), -EPROTO);
}

static void a_wrong_magic_is_refused(void **state)
{
	refused(*state, (struct frame){ 1, FRAME_PUT, AGENT_VERSION, 1, 0 });
}

static void a_wrong_version_is_refused(void **state)
{
	refused(*state, (struct frame){ AGENT_MAGIC, FRAME_PUT,
					AGENT_VERSION + 1, 1, 0 });
}

static void a_frame_that_is_too_long_is_refused(void **state)
{
	refused(*state, (struct frame){ AGENT_MAGIC, FRAME_PUT, AGENT_VERSION,
					1, FRAME_MAX + 1 });
}

/* More than a socket takes: what is left is sent when there is room. */
static void what_does_not_fit_is_queued(void **state)
{
	static char big[FRAME_MAX];
	struct pair *p = *state;
	const char *payload;
	struct frame f;
	int r;

	memset(big, 'x', sizeof(big));
	frames_send(&p->a, FRAME_OUT, 1, NULL, 0, big, sizeof(big));
	assert_true(frames_backlog(&p->a) > 0);
	while ((r = frames_peek(&p->b, &f, &payload)) == 0) {
		assert_int_equal(frames_receive(&p->b), 0);
		assert_int_equal(frames_flush(&p->a), 0);
	}
	assert_int_equal(r, 1);
	assert_int_equal(f.length, sizeof(big));
	assert_memory_equal(payload, big, sizeof(big));
	assert_int_equal(frames_backlog(&p->a), 0);
}

static void a_reset_forgets_both_directions(void **state)
{
	struct pair *p = *state;
	const char *payload;
	struct frame f;

	frames_send(&p->a, FRAME_SYNC, 1, NULL, 0, NULL, 0);
	frames_receive(&p->b);
	frames_reset(&p->b);
	assert_int_equal(frames_peek(&p->b, &f, &payload), 0);
}

static void strings_are_taken_in_order(void **state)
{
	struct cursor c = { "ab\0\0cd", 7 };

	(void)state;
	assert_string_equal(cursor_string(&c), "ab");
	assert_string_equal(cursor_string(&c), "");
	assert_string_equal(cursor_string(&c), "cd");
	assert_null(cursor_string(&c));
}

static void an_unterminated_string_is_refused(void **state)
{
	struct cursor c = { "ab\0cd", 5 };

	(void)state;
	assert_string_equal(cursor_string(&c), "ab");
	assert_null(cursor_string(&c));
	assert_null(cursor_string(&c));
}

static void a_structure_that_is_too_short_is_refused(void **state)
{
	struct cursor c = { "abc", 3 };
	uint32_t n;

	(void)state;
	assert_int_equal(cursor_take(&c, &n, sizeof(n)), -EPROTO);
	assert_int_equal(c.left, 0);
}

int main(void)
{
#define PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)
	const struct CMUnitTest tests[] = {
		PAIR(a_frame_arrives_as_sent),
		PAIR(a_part_of_a_frame_is_no_frame),
		PAIR(a_wrong_magic_is_refused),
		PAIR(a_wrong_version_is_refused),
		PAIR(a_frame_that_is_too_long_is_refused),
		PAIR(what_does_not_fit_is_queued),
		PAIR(a_reset_forgets_both_directions),
		cmocka_unit_test(strings_are_taken_in_order),
		cmocka_unit_test(an_unterminated_string_is_refused),
		cmocka_unit_test(a_structure_that_is_too_short_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

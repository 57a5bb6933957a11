#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/error.h"
#include "drive/history.h"

static char path[64];

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/pc-history-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

/*
 * Writes a log from a script, one word per record:
 *   w zeroes at block N; W the same with FUA; f flush; cN completes position
 *   N; m mark "hi"; n mark with a newline; b BASE; a ARM; x CUT; tN the time of
 *   what follows
 */
static void script(const char *words)
{
	static const char data[512];
	struct log_writer *w;
	uint64_t time_ns = 7;

	assert_int_equal(log_create(path, 1 << 20, 512, &w, NULL), 0);
	for (const char *p = words; *p; p++) {
		struct log_record r = { .time_ns = time_ns };
		const void *payload = NULL;

		switch (*p) {
		case ' ':
			continue;
		case 'W':
			r.flags = LOG_FUA;
			/* fallthrough */
		case 'w':
			r.type = LOG_WRITE;
			r.length = r.payload = sizeof(data);
			r.offset = 512;
			payload = data;
			r.command = log_next_position(w);
			break;
		case 'f':
			r.type = LOG_FLUSH;
			r.command = log_next_position(w);
			break;
		case 'c':
			r.type = LOG_COMPLETE;
			r.command = strtoull(p + 1, (char **)&p, 10);
			p--;
			break;
		case 't':
			time_ns = strtoull(p + 1, (char **)&p, 10);
			p--;
			continue;
		case 'm':
		case 'n':
			r.type = LOG_MARK;
			r.detail = MARK_BEGIN;
			r.payload = 2;
			payload = *p == 'm' ? "hi" : "h\n";
			break;
		case 'b':
			r.type = LOG_BASE;
			break;
		case 'a':
			r.type = LOG_ARM;
			break;
		case 'x':
			r.type = LOG_CUT;
			break;
		}
		assert_int_equal(log_append(w, &r, payload, NULL), 0);
	}
	assert_int_equal(log_close(w, 1), 0);
}

static struct history *load(const char *words)
{
	struct history *h;

	script(words);
	assert_int_equal(history_load(path, &h, NULL), 0);
	return h;
}

static void refused(const char *words, const char *why)
{
	struct history *h;
	struct error e;

	script(words);
	assert_int_equal(history_load(path, &h, &e), -EBADMSG);
	assert_non_null(strstr(e.message, why));
}

static void numbers_count_from_arm_on(void **state)
{
	struct history *h = load("w m f b a w W f m w m f");

	(void)state;
	assert_int_equal(h->n_commands, 7);
	assert_int_equal(h->commands[0].number, 0);
	assert_int_equal(h->commands[1].number, 0);
	assert_int_equal(h->commands[2].number, 1);
	assert_int_equal(h->commands[3].number, 2);
	assert_int_equal(h->commands[4].number, 1);
	assert_int_equal(h->commands[5].number, 3);
	assert_int_equal(h->commands[6].number, 2);
	assert_int_equal(h->n_writes, 3);
	assert_int_equal(h->n_flushes, 2);
	assert_int_equal(h->n_marks, 3);
	assert_int_equal(h->marks[0].number, 0);
	assert_int_equal(h->marks[1].number, 1);
	assert_int_equal(h->marks[2].number, 2);
	assert_int_equal(h->base, 3);
	assert_int_equal(h->arm, 4);
	assert_int_equal(h->cut, POSITION_NEVER);
	assert_int_equal(h->end, 13);
	assert_int_equal(h->sealed, 1);
	history_free(h);
}

static void completes_find_their_command(void **state)
{
	struct history *h = load("a w W f c2 c3 w");

	(void)state;
	assert_int_equal(h->commands[0].complete, POSITION_NEVER);
	assert_int_equal(h->commands[1].complete, 4);
	assert_int_equal(h->commands[1].fua, 1);
	assert_int_equal(h->commands[2].complete, 5);
	assert_int_equal(h->commands[2].type, LOG_FLUSH);
	assert_int_equal(h->commands[3].complete, POSITION_NEVER);
	assert_int_equal(h->commands[3].fua, 0);
	history_free(h);
}

static void data_and_texts_are_found(void **state)
{
	struct history *h = load("w m");

	(void)state;
	assert_int_equal(h->commands[0].data,
			 sizeof(struct log_file_header) +
				 sizeof(struct log_record));
	assert_string_equal(h->marks[0].text, "hi");
	assert_int_equal(h->marks[0].kind, MARK_BEGIN);
	assert_int_equal(h->marks[0].time_ns, 7);
	history_free(h);
}

static void commands_have_the_times_of_their_records(void **state)
{
	struct history *h = load("w a t20 w t30 c2 m");

	(void)state;
	assert_int_equal(h->times[1], 7);
	assert_int_equal(h->times[2], 20);
	assert_int_equal(h->times[4], 30);
	assert_int_equal(h->commands[1].submit_ns, 20);
	assert_int_equal(h->commands[1].complete_ns, 30);
	assert_int_equal(h->commands[0].submit_ns, 7);
	assert_int_equal(h->commands[0].complete_ns, 0);
	history_free(h);
}

static void times_never_go_back(void **state)
{
	struct history *h = load("t50 w t20 a c0 t60 m");

	(void)state;
	assert_int_equal(h->times[1], 50);
	assert_int_equal(h->commands[0].complete_ns, 50);
	assert_int_equal(h->times[3], 60);
	history_free(h);
}

static void a_cut_ends_the_log(void **state)
{
	struct history *h = load("a w x");

	(void)state;
	assert_int_equal(h->cut, 2);
	assert_int_equal(h->end, 4);
	history_free(h);
	refused("a w x c1", "behind the cut");
	refused("a x m", "behind the cut");
	refused("a x x", "behind the cut");
}

static void malformed_sequences_are_refused(void **state)
{
	(void)state;
	refused("w c0 c0", "again");
	refused("w m c1", "unknown command");
	refused("w c0 c1", "unknown command");
	refused("a a", "only once");
	refused("b b", "only once");
	refused("n", "one line");
}

static void an_empty_log_is_a_history(void **state)
{
	struct history *h = load("");

	(void)state;
	assert_int_equal(h->n_commands, 0);
	assert_int_equal(h->end, 1);
	assert_int_equal(h->arm, POSITION_NEVER);
	history_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_count_from_arm_on),
		cmocka_unit_test(completes_find_their_command),
		cmocka_unit_test(data_and_texts_are_found),
		cmocka_unit_test(commands_have_the_times_of_their_records),
		cmocka_unit_test(times_never_go_back),
		cmocka_unit_test(a_cut_ends_the_log),
		cmocka_unit_test(malformed_sequences_are_refused),
		cmocka_unit_test(an_empty_log_is_a_history),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_path, remove_path);
}

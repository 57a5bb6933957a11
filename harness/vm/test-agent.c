#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/files.h"
#include "guest/init/protocol.h"
#include "trace/trace.h"
#include "vm/agent.h"

#define SECOND 1000000000ULL
#define MS 1000000ULL

/* Both ends of the channel. Ids are known in advance (1, 2, ...), so most
 * tests write the guest's answers before they make the request. */
struct channel {
	int guest;
	struct agent *agent;
	struct error e;
};

static void say(int fd, int type, uint32_t id, const void *data, size_t len)
{
	struct frame f = {
		.magic = AGENT_MAGIC,
		.type = (uint16_t)type,
		.version = AGENT_VERSION,
		.id = id,
		.length = (uint32_t)len,
	};

	assert_int_equal(write_full(fd, &f, sizeof(f)), 0);
	assert_int_equal(write_full(fd, data, len), 0);
}

static void say_text(int fd, int type, uint32_t id, const char *text)
{
	say(fd, type, id, text, strlen(text));
}

static void say_reply(int fd, uint32_t id, struct reply r, const char *text)
{
	char data[sizeof(r) + 200];
	size_t len = strlen(text) + 1;

	memcpy(data, &r, sizeof(r));
	memcpy(data + sizeof(r), text, len);
	say(fd, FRAME_REPLY, id, data, sizeof(r) + len);
}

static void say_hello(int fd)
{
	char data[sizeof(struct hello) + 6];
	struct hello h = { .version = AGENT_VERSION, .cpus = 1,
			   .page_size = 4096 };

	memcpy(data, &h, sizeof(h));
	memcpy(data + sizeof(h), "6.1.0", 6);
	say(fd, FRAME_HELLO, 0, data, sizeof(data));
}

static void hear(int fd, struct frame *f, char **data)
{
	assert_int_equal(read_full(fd, f, sizeof(*f)), 0);
	*data = malloc(f->length + 1);
	assert_int_equal(read_full(fd, *data, f->length), 0);
	(*data)[f->length] = '\0';
}

static int setup(void **state)
{
	struct channel *c = calloc(1, sizeof(*c));
	int ends[2];

	*state = c;
	if (!c || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	c->guest = ends[0];
	say_hello(c->guest);
	return agent_open(ends[1], SECOND, -1, &c->agent, &c->e);
}

static int teardown(void **state)
{
	struct channel *c = *state;

	agent_close(c->agent);
	if (c->guest >= 0)
		close(c->guest);
	free(c);
	return 0;
}

static int run_true(struct channel *c, struct agent_result *r)
{
	const char *argv[] = { "true", NULL };
	struct agent_run req = { .argv = argv, .timeout_ns = SECOND };

	memset(r, 0, sizeof(*r));
	return agent_run(c->agent, &req, r, &c->e);
}

static int file_with(int *ret_fd)
{
	char path[] = "/tmp/pc-agent-XXXXXX";

	*ret_fd = mkstemp(path);
	unlink(path);
	return *ret_fd < 0 ? -1 : 0;
}

static void assert_file(int fd, const void *data, size_t len)
{
	char got[4096];

	assert_int_equal(pread(fd, got, sizeof(got), 0), len);
	assert_memory_equal(got, data, len);
	close(fd);
}

/* ---- requests ---- */

static void run_sends_arguments_and_environment(void **state)
{
	struct channel *c = *state;
	const char *argv[] = { "cat", "a b", NULL };
	const char *env[] = { "K=V", NULL };
	struct agent_run req = { .argv = argv, .env = env, .timeout_ns = 7 };
	struct agent_result r;
	struct frame f;
	struct run head;
	char *data;

	say_reply(c->guest, 1, (struct reply){ 0 }, "");
	assert_int_equal(agent_run(c->agent, &req, &r, &c->e), 0);
	hear(c->guest, &f, &data);
	assert_int_equal(f.magic, AGENT_MAGIC);
	assert_int_equal(f.type, FRAME_RUN);
	assert_int_equal(f.version, AGENT_VERSION);
	assert_int_equal(f.id, 1);
	memcpy(&head, data, sizeof(head));
	assert_int_equal(head.timeout_ns, 7);
	assert_int_equal(head.argc, 2);
	assert_int_equal(head.envc, 1);
	assert_int_equal(f.length, sizeof(head) + 12);
	assert_memory_equal(data + sizeof(head), "cat\0a b\0K=V", 12);
	free(data);
	agent_result_free(&r);
}

static void run_returns_output_and_status(void **state)
{
	struct channel *c = *state;
	struct reply reply = { .status = 3, .elapsed_ns = 5 };
	struct agent_result r;

	say_text(c->guest, FRAME_OUT, 1, "hel");
	say_text(c->guest, FRAME_ERR, 1, "oops");
	say_text(c->guest, FRAME_OUT, 1, "lo");
	say_reply(c->guest, 1, reply, "");
	assert_int_equal(run_true(c, &r), 0);
	assert_string_equal(buf_text(&r.out), "hello");
	assert_string_equal(buf_text(&r.err), "oops");
	assert_int_equal(r.status, 3);
	assert_int_equal(r.seconds_ns, 5);
	assert_false(r.timed_out || r.signal || r.not_found);
	agent_result_free(&r);
}

static void run_tells_signal_and_time_limit(void **state)
{
	struct channel *c = *state;
	struct reply reply = { .status = -1, .signal = 9, .timed_out = 1 };
	struct agent_result r;

	say_reply(c->guest, 1, reply, "");
	assert_int_equal(run_true(c, &r), 0);
	assert_int_equal(r.status, -1);
	assert_int_equal(r.signal, 9);
	assert_true(r.timed_out);
	agent_result_free(&r);
}

static void run_tells_a_missing_program(void **state)
{
	struct channel *c = *state;
	struct agent_result r;

	say_reply(c->guest, 1, (struct reply){ .error = ENOENT }, "");
	assert_int_equal(run_true(c, &r), 0);
	assert_true(r.not_found);
	assert_int_equal(r.status, -1);
	agent_result_free(&r);
}

static void run_tells_why_a_program_is_not_executed(void **state)
{
	struct channel *c = *state;
	struct agent_result r;

	say_reply(c->guest, 1, (struct reply){ .error = ELIBACC },
		  "cannot run true: its interpreter /x is not in the guest");
	assert_int_equal(run_true(c, &r), -ELIBACC);
	assert_string_equal(c->e.message, "cannot run true: its interpreter /x "
			    "is not in the guest");
}

static void put_sends_mode_path_and_content(void **state)
{
	struct channel *c = *state;
	struct frame f;
	struct put head;
	char *data;

	say_reply(c->guest, 1, (struct reply){ 0 }, "");
	assert_int_equal(agent_put(c->agent, "/a", 0755, "x\0y", 3, &c->e), 0);
	hear(c->guest, &f, &data);
	assert_int_equal(f.type, FRAME_PUT);
	memcpy(&head, data, sizeof(head));
	assert_int_equal(head.mode, 0755);
	assert_int_equal(f.length, sizeof(head) + 6);
	assert_memory_equal(data + sizeof(head), "/a\0x\0y", 6);
	free(data);
}

static void mount_failure_carries_errno_and_kernel_log(void **state)
{
	struct channel *c = *state;

	say_text(c->guest, FRAME_KMSG, 0, "4,1.5,EXT4-fs: bad magic\n"
					  "6,1.6,all is well\n");
	say_reply(c->guest, 1, (struct reply){ .error = EINVAL }, "detail");
	assert_int_equal(agent_mount(c->agent, "/dev/nvme0n1", "/mnt", "ext4",
				     "", &c->e), -EINVAL);
	assert_non_null(strstr(c->e.message, "/dev/nvme0n1"));
	assert_non_null(strstr(c->e.message, "detail"));
	assert_non_null(strstr(c->e.message, "EXT4-fs: bad magic"));
	assert_null(strstr(c->e.message, "all is well"));
}

static void guest_errno_never_looks_like_ours(void **state)
{
	struct channel *c = *state;

	say_reply(c->guest, 1, (struct reply){ .error = ETIMEDOUT }, "");
	assert_int_equal(agent_sync(c->agent, &c->e), -EIO);
}

/* ---- what comes by itself ---- */

static void trace_chunks_go_to_their_file(void **state)
{
	struct channel *c = *state;
	struct trace_chunk t = { TRACE_MAGIC, TRACE_PAGE, 0, 4, 0 };
	char data[sizeof(t) + 4];
	int fd;

	assert_int_equal(file_with(&fd), 0);
	memcpy(data, &t, sizeof(t));
	memcpy(data + sizeof(t), "page", 4);
	agent_set_sinks(c->agent, fd, -1);
	say(c->guest, FRAME_TRACE, 0, data, sizeof(data));
	say_reply(c->guest, 1, (struct reply){ 0 }, "");
	assert_int_equal(agent_trace_drain(c->agent, &c->e), 0);
	assert_file(fd, data, sizeof(data));
}

static void a_trace_chunk_of_the_wrong_length_is_refused(void **state)
{
	struct channel *c = *state;
	struct trace_chunk t = { TRACE_MAGIC, TRACE_PAGE, 0, 4, 0 };
	int fd;

	assert_int_equal(file_with(&fd), 0);
	agent_set_sinks(c->agent, fd, -1);
	say(c->guest, FRAME_TRACE, 0, &t, sizeof(t));
	assert_int_equal(agent_sync(c->agent, &c->e), -EPROTO);
	assert_file(fd, "", 0);
}

static void a_trace_that_cannot_be_written_is_an_error(void **state)
{
	struct channel *c = *state;
	struct trace_chunk t = { TRACE_MAGIC, TRACE_DRAINED, 0, 0, 0 };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	agent_set_sinks(c->agent, fd, -1);
	say(c->guest, FRAME_TRACE, 0, &t, sizeof(t));
	say_reply(c->guest, 1, (struct reply){ 0 }, "");
	assert_int_equal(agent_trace_drain(c->agent, &c->e), -ENOSPC);
	assert_int_equal(agent_sync(c->agent, &c->e), -ENOSPC);
	close(fd);
}

static void kernel_log_goes_to_its_file_and_warnings_are_kept(void **state)
{
	const char *log = "6,0.1,booting\n4,0.2,a\x1b[31m warning\n"
			  "27,0.3,user error\n,bad\nx,1,y\n4,nothing";
	struct channel *c = *state;
	CLEANUP_BUF struct buf got = BUF_INIT;
	int fd;

	assert_int_equal(file_with(&fd), 0);
	agent_set_sinks(c->agent, -1, fd);
	say_text(c->guest, FRAME_KMSG, 0, log);
	say_reply(c->guest, 1, (struct reply){ 0 }, "");
	assert_int_equal(agent_sync(c->agent, &c->e), 0);
	agent_kmsg_take(c->agent, &got);
	assert_string_equal(buf_text(&got), "[0.2] a?[31m warning\n"
					    "[0.3] user error\n");
	assert_file(fd, log, strlen(log));
	buf_clear(&got);
	agent_kmsg_take(c->agent, &got);
	assert_int_equal(got.len, 0);
}

/* ---- time, interruption, late replies ---- */

static void silence_ends_at_the_time_limit(void **state)
{
	struct channel *c = *state;
	uint64_t start = now_ns();

	agent_set_patience(c->agent, 20 * MS);
	assert_int_equal(agent_sync(c->agent, &c->e), -ETIMEDOUT);
	assert_true(now_ns() - start >= 20 * MS);
}

static void the_programs_time_is_added_to_ours(void **state)
{
	const char *argv[] = { "true", NULL };
	struct agent_run req = { .argv = argv, .timeout_ns = 40 * MS };
	struct channel *c = *state;
	uint64_t start = now_ns();
	struct agent_result r;

	agent_set_patience(c->agent, 10 * MS);
	assert_int_equal(agent_run(c->agent, &req, &r, &c->e), -ETIMEDOUT);
	assert_true(now_ns() - start >= 50 * MS);
}

static void wake_ends_a_waiting_call(void **state)
{
	struct channel *c = *state;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	agent_set_wake(c->agent, -1, ends[0]);
	assert_int_equal(write_full(ends[1], "", 1), 0);
	assert_int_equal(agent_sync(c->agent, &c->e), -ECANCELED);
	close(ends[0]);
	close(ends[1]);
}

static void a_late_reply_is_dropped(void **state)
{
	struct channel *c = *state;
	struct agent_result r;

	agent_set_patience(c->agent, 1 * MS);
	assert_int_equal(agent_sync(c->agent, &c->e), -ETIMEDOUT);
	agent_set_patience(c->agent, 5 * SECOND);
	say_text(c->guest, FRAME_OUT, 1, "late");
	say_reply(c->guest, 1, (struct reply){ .status = 1 }, "");
	say_text(c->guest, FRAME_OUT, 2, "mine");
	say_reply(c->guest, 2, (struct reply){ .status = 2 }, "");
	assert_int_equal(run_true(c, &r), 0);
	assert_int_equal(r.status, 2);
	assert_string_equal(buf_text(&r.out), "mine");
	agent_result_free(&r);
}

/* ---- a guest that lies ---- */

static void breaks(struct channel *c, int err)
{
	assert_int_equal(agent_sync(c->agent, &c->e), -err);
	/* For good. */
	say_reply(c->guest, 1, (struct reply){ 0 }, "");
	say_reply(c->guest, 2, (struct reply){ 0 }, "");
	assert_int_equal(agent_sync(c->agent, &c->e), -err);
}

static void garbage_breaks_the_connection(void **state)
{
	struct channel *c = *state;

	assert_int_equal(write_full(c->guest, "this is no frame at all", 23),
			 0);
	breaks(c, EPROTO);
}

static void an_oversized_frame_breaks_the_connection(void **state)
{
	struct channel *c = *state;
	struct frame f = { AGENT_MAGIC, FRAME_KMSG, AGENT_VERSION, 0,
			   FRAME_MAX + 1 };

	assert_int_equal(write_full(c->guest, &f, sizeof(f)), 0);
	breaks(c, EPROTO);
}

static void another_version_breaks_the_connection(void **state)
{
	struct channel *c = *state;
	struct frame f = { AGENT_MAGIC, FRAME_KMSG, AGENT_VERSION + 1, 0, 0 };

	assert_int_equal(write_full(c->guest, &f, sizeof(f)), 0);
	breaks(c, EPROTO);
}

static void an_unknown_type_breaks_the_connection(void **state)
{
	struct channel *c = *state;

	say(c->guest, FRAME_RUN, 0, "", 0);
	breaks(c, EPROTO);
}

static void an_id_never_asked_for_breaks_the_connection(void **state)
{
	struct channel *c = *state;

	say_text(c->guest, FRAME_OUT, 2, "?");
	breaks(c, EPROTO);
}

static void half_a_reply_breaks_the_connection(void **state)
{
	struct channel *c = *state;

	say(c->guest, FRAME_REPLY, 1, "half", 4);
	breaks(c, EPROTO);
}

static void an_impossible_status_breaks_the_connection(void **state)
{
	struct channel *c = *state;

	say_reply(c->guest, 1, (struct reply){ .status = 256 }, "");
	breaks(c, EPROTO);
}

static void the_end_within_a_frame_is_a_gone_guest(void **state)
{
	struct channel *c = *state;
	struct frame f = { AGENT_MAGIC, FRAME_KMSG, AGENT_VERSION, 0, 100 };

	assert_int_equal(write_full(c->guest, &f, sizeof(f)), 0);
	assert_int_equal(write_full(c->guest, "4,1,x", 5), 0);
	close(c->guest);
	c->guest = -1;
	assert_int_equal(agent_sync(c->agent, &c->e), -ECONNRESET);
	assert_int_equal(agent_sync(c->agent, &c->e), -ECONNRESET);
}

static void last_words_are_heard(void **state)
{
	struct channel *c = *state;
	CLEANUP_BUF struct buf got = BUF_INIT;

	say_text(c->guest, FRAME_KMSG, 0, "0,1.0,Kernel panic\n");
	close(c->guest);
	c->guest = -1;
	assert_int_equal(agent_sync(c->agent, &c->e), -ECONNRESET);
	agent_kmsg_take(c->agent, &got);
	assert_string_equal(buf_text(&got), "[1.0] Kernel panic\n");
}

/* ---- more than the socket holds ---- */

/* Says 2 MiB before it listens to anything. */
static void *talker(void *arg)
{
	struct channel *c = arg;
	char *chunk = malloc(1 << 20);
	struct frame f;
	char *data;

	memset(chunk, 'x', 1 << 20);
	say(c->guest, FRAME_OUT, 1, chunk, 1 << 20);
	say(c->guest, FRAME_OUT, 1, chunk, 1 << 20);
	hear(c->guest, &f, &data);
	say_reply(c->guest, 1, (struct reply){ 0 }, "");
	free(data);
	free(chunk);
	return NULL;
}

static void output_is_limited(void **state)
{
	struct channel *c = *state;
	struct agent_result r;
	pthread_t t;

	pthread_create(&t, NULL, talker, c);
	assert_int_equal(run_true(c, &r), 0);
	pthread_join(t, NULL);
	assert_int_equal(r.out.len, 1 << 20);
	assert_int_equal(r.status, 0);
	agent_result_free(&r);
}

static void two_that_both_talk_do_not_block(void **state)
{
	struct channel *c = *state;
	char *data = calloc(1, 3 << 20);
	pthread_t t;

	pthread_create(&t, NULL, talker, c);
	assert_int_equal(agent_put(c->agent, "/big", 0644, data, 3 << 20,
				   &c->e), 0);
	pthread_join(t, NULL);
	free(data);
}

/* Takes two puts; the path is "/a". Returns their content, joined. */
static void *taker(void *arg)
{
	struct channel *c = arg;
	char *all = malloc(2 * (size_t)FRAME_MAX);
	const size_t before = sizeof(struct put) + sizeof("/a");
	size_t len = 0;

	for (uint32_t i = 0; i < 2; i++) {
		struct frame f;
		struct put head;
		char *data;

		hear(c->guest, &f, &data);
		memcpy(&head, data, sizeof(head));
		assert_int_equal(head.flags, i ? PUT_APPEND : PUT_FRESH);
		assert_int_equal(head.mode, 0755);
		memcpy(all + len, data + before, f.length - before);
		len += f.length - before;
		say_reply(c->guest, i + 1, (struct reply){ 0 }, "");
		free(data);
	}
	assert_int_equal(len, FRAME_MAX + 5);
	return all;
}

static void put_of_more_than_a_frame_goes_in_pieces(void **state)
{
	struct channel *c = *state;
	size_t len = FRAME_MAX + 5;
	char *data = malloc(len);
	void *taken;
	pthread_t t;

	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 7 + i / 4093);
	pthread_create(&t, NULL, taker, c);
	assert_int_equal(agent_put_fresh(c->agent, "/a", 0755, data, len,
					 &c->e), 0);
	pthread_join(t, &taken);
	assert_memory_equal(taken, data, len);
	free(taken);
	free(data);
}

/* ---- the greeting ---- */

static int open_after(const void *data, size_t len, struct error *e)
{
	struct agent *a = NULL;
	int ends[2], err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    ends), 0);
	assert_int_equal(write_full(ends[0], data, len), 0);
	err = agent_open(ends[1], 10 * MS, -1, &a, e);
	agent_close(a);
	close(ends[0]);
	return err;
}

static void a_silent_guest_does_not_open(void **state)
{
	struct error e;

	(void)state;
	assert_int_equal(open_after("", 0, &e), -ETIMEDOUT);
}

static void a_guest_of_another_version_does_not_open(void **state)
{
	struct {
		struct frame f;
		struct hello h;
	} m = {
		{ AGENT_MAGIC, FRAME_HELLO, AGENT_VERSION, 0, sizeof(m.h) },
		{ AGENT_VERSION + 1, 1, 4096 },
	};
	struct error e;

	(void)state;
	assert_int_equal(open_after(&m, sizeof(m), &e), -EPROTO);
	assert_non_null(strstr(e.message, "version"));
}

static void kernel_log_may_come_before_the_greeting(void **state)
{
	struct {
		struct frame f;
		char text[8];
		struct frame g;
		struct hello h;
	} m = {
		{ AGENT_MAGIC, FRAME_KMSG, AGENT_VERSION, 0, 8 },
		"6,0.1,x",
		{ AGENT_MAGIC, FRAME_HELLO, AGENT_VERSION, 0, sizeof(m.h) },
		{ AGENT_VERSION, 1, 4096 },
	};
	struct error e;

	(void)state;
	assert_int_equal(open_after(&m, sizeof(m), &e), 0);
}

int main(void)
{
#define AGENT_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		AGENT_TEST(run_sends_arguments_and_environment),
		AGENT_TEST(run_returns_output_and_status),
		AGENT_TEST(run_tells_signal_and_time_limit),
		AGENT_TEST(run_tells_a_missing_program),
		AGENT_TEST(run_tells_why_a_program_is_not_executed),
		AGENT_TEST(put_sends_mode_path_and_content),
		AGENT_TEST(mount_failure_carries_errno_and_kernel_log),
		AGENT_TEST(guest_errno_never_looks_like_ours),
		AGENT_TEST(trace_chunks_go_to_their_file),
		AGENT_TEST(a_trace_chunk_of_the_wrong_length_is_refused),
		AGENT_TEST(a_trace_that_cannot_be_written_is_an_error),
		AGENT_TEST(kernel_log_goes_to_its_file_and_warnings_are_kept),
		AGENT_TEST(silence_ends_at_the_time_limit),
		AGENT_TEST(the_programs_time_is_added_to_ours),
		AGENT_TEST(wake_ends_a_waiting_call),
		AGENT_TEST(a_late_reply_is_dropped),
		AGENT_TEST(garbage_breaks_the_connection),
		AGENT_TEST(an_oversized_frame_breaks_the_connection),
		AGENT_TEST(another_version_breaks_the_connection),
		AGENT_TEST(an_unknown_type_breaks_the_connection),
		AGENT_TEST(an_id_never_asked_for_breaks_the_connection),
		AGENT_TEST(half_a_reply_breaks_the_connection),
		AGENT_TEST(an_impossible_status_breaks_the_connection),
		AGENT_TEST(the_end_within_a_frame_is_a_gone_guest),
		AGENT_TEST(last_words_are_heard),
		AGENT_TEST(output_is_limited),
		AGENT_TEST(two_that_both_talk_do_not_block),
		AGENT_TEST(put_of_more_than_a_frame_goes_in_pieces),
		cmocka_unit_test(a_silent_guest_does_not_open),
		cmocka_unit_test(a_guest_of_another_version_does_not_open),
		cmocka_unit_test(kernel_log_may_come_before_the_greeting),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "guest/init/frames.h"
#include "guest/init/run.h"

struct result {
	int error;
	struct reply reply;
	struct buf out;
	struct buf err;
	struct buf text;
};

static void result_free(struct result *r)
{
	buf_free(&r->out);
	buf_free(&r->err);
	buf_free(&r->text);
}

static void request(struct buf *b, uint64_t timeout_ns, const char *const *argv,
		    const char *const *env)
{
	struct run head = { .timeout_ns = timeout_ns };

	while (argv[head.argc])
		head.argc++;
	while (env && env[head.envc])
		head.envc++;
	buf_add(b, &head, sizeof(head));
	for (uint32_t i = 0; i < head.argc; i++)
		buf_add(b, argv[i], strlen(argv[i]) + 1);
	for (uint32_t i = 0; i < head.envc; i++)
		buf_add(b, env[i], strlen(env[i]) + 1);
}

/* What went out as frames, sorted by stream. */
static void collect(struct frames *f, struct result *ret)
{
	const char *payload;
	struct frame head;

	frames_receive(f);
	while (frames_peek(f, &head, &payload) == 1) {
		buf_add(head.type == FRAME_OUT ? &ret->out : &ret->err, payload,
			head.length);
		frames_drop(f);
	}
}

/* The loop of serve.c, as small as it gets. */
static void serve_one(struct run_state *run, struct frames *out,
		      struct frames *in, struct result *ret)
{
	int status;

	while (waitpid(run->pid, &status, WNOHANG) == 0) {
		struct pollfd p[2] = { { run->out.fd, POLLIN, 0 },
				       { run->err.fd, POLLIN, 0 } };

		poll(p, 2, 1);
		run_forward(run, &run->out, out);
		run_forward(run, &run->err, out);
		run_check_time(run, run->started_ns + 1);
		frames_flush(out);
		collect(in, ret);
	}
	run_finish(run, status, out, &ret->reply);
	while (frames_backlog(out) > 0) {
		frames_flush(out);
		collect(in, ret);
	}
	collect(in, ret);
}

static void execute(uint64_t timeout_ns, const char *const *argv,
		    const char *const *env, struct result *ret)
{
	struct run_state run;
	struct frames out, in;
	struct buf b = BUF_INIT;
	int fds[2];

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
				    fds), 0);
	frames_init(&out, fds[0]);
	frames_init(&in, fds[1]);
	request(&b, timeout_ns, argv, env);
	ret->error = run_start(&run, 1, b.data, b.len, NULL, &ret->text);
	if (!ret->error)
		serve_one(&run, &out, &in, ret);
	frames_reset(&out);
	frames_reset(&in);
	close(fds[0]);
	close(fds[1]);
	buf_free(&b);
}

static void shell(const char *script, struct result *ret)
{
	execute(0, (const char *const[]){ "sh", "-c", script, NULL }, NULL,
		ret);
}

static void both_streams_and_the_status_come_back(void **state)
{
	struct result r;

	(void)state;
	shell("echo out; echo err >&2; exit 3", &r);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.reply.status, 3);
	assert_int_equal(r.reply.signal, 0);
	assert_string_equal(buf_text(&r.out), "out\n");
	assert_string_equal(buf_text(&r.err), "err\n");
	result_free(&r);
}

static void a_signal_is_told_from_an_exit(void **state)
{
	struct result r;

	(void)state;
	shell("kill -9 $$", &r);
	assert_int_equal(r.reply.status, -1);
	assert_int_equal(r.reply.signal, SIGKILL);
	assert_int_equal(r.reply.timed_out, 0);
	result_free(&r);
}

static void a_missing_program_is_named(void **state)
{
	struct result r;

	(void)state;
	execute(0, (const char *const[]){ "no-such-program", NULL }, NULL, &r);
	assert_int_equal(r.error, ENOENT);
	assert_non_null(strstr(buf_text(&r.text), "no-such-program"));
	result_free(&r);
}

/* The limit is over at the first look: the whole group must die, or the
 * sleep in it would keep the pipe open. */
static void the_time_limit_kills_the_group(void **state)
{
	struct result r;

	(void)state;
	execute(1, (const char *const[]){ "sh", "-c", "sleep 60 & sleep 60",
					  NULL }, NULL, &r);
	assert_int_equal(r.reply.signal, SIGKILL);
	assert_int_equal(r.reply.timed_out, 1);
	result_free(&r);
}

static void output_over_the_limit_is_read_and_dropped(void **state)
{
	struct result r;

	(void)state;
	shell("head -c 1500000 /dev/zero; exit 5", &r);
	assert_int_equal(r.reply.status, 5);
	assert_int_equal(r.out.len, RUN_OUTPUT_MAX);
	result_free(&r);
}

static void the_environment_is_the_requests(void **state)
{
	struct result r;

	(void)state;
	execute(0, (const char *const[]){ "sh", "-c", "echo $A $PATH", NULL },
		(const char *const[]){ "A=b c", "PATH=/bin:/usr/bin", NULL },
		&r);
	assert_string_equal(buf_text(&r.out), "b c /pc/work:/pc/bin:/bin:/usr/bin\n");
	result_free(&r);
}

static void standard_input_is_empty(void **state)
{
	struct result r;

	(void)state;
	shell("cat; exit 4", &r);
	assert_int_equal(r.reply.status, 4);
	result_free(&r);
}

static void ignored_signals_are_not_inherited(void **state)
{
	struct result r;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	shell("kill -PIPE $$", &r);
	assert_int_equal(r.reply.signal, SIGPIPE);
	result_free(&r);
}

static void a_request_that_lies_is_refused(void **state)
{
	struct { struct run head; char text[4]; } bad = {
		.head = { .argc = 3 }, .text = "sh",
	};
	struct buf text = BUF_INIT;
	struct run_state run;

	(void)state;
	assert_int_equal(run_start(&run, 1, (char *)&bad, sizeof(bad.head) + 3,
				   NULL, &text), EPROTO);
	bad.head.argc = 0xffffffff;
	assert_int_equal(run_start(&run, 1, (char *)&bad, sizeof(bad), NULL, &text),
			 EPROTO);
	bad.head.argc = 0;
	assert_int_equal(run_start(&run, 1, (char *)&bad, sizeof(bad), NULL, &text),
			 EPROTO);
	assert_int_equal(run_start(&run, 1, "x", 1, NULL, &text), EPROTO);
	buf_free(&text);
}

/* The reason for which this content is not executed. */
static void refused(const char *content, int error, const char *why)
{
	char path[] = "/tmp/test-run.XXXXXX";
	const char *const argv[] = { path, NULL };
	struct result r;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)),
			 strlen(content));
	fchmod(fd, 0755);
	close(fd);
	execute(0, argv, NULL, &r);
	unlink(path);
	assert_int_equal(r.error, error);
	assert_non_null(strstr(buf_text(&r.text), why));
	result_free(&r);
}

static void a_missing_interpreter_is_named(void **state)
{
	(void)state;
	refused("#! /no/such/python3 -u\n", ELIBACC,
		": its interpreter /no/such/python3 is not in the guest");
}

static void what_is_no_program_says_so(void **state)
{
	(void)state;
	refused("echo hello\n", ENOEXEC,
		": it is neither a program nor a script that begins with #!");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_interpreter_is_named),
		cmocka_unit_test(what_is_no_program_says_so),
		cmocka_unit_test(both_streams_and_the_status_come_back),
		cmocka_unit_test(a_signal_is_told_from_an_exit),
		cmocka_unit_test(a_missing_program_is_named),
		cmocka_unit_test(the_time_limit_kills_the_group),
		cmocka_unit_test(output_over_the_limit_is_read_and_dropped),
		cmocka_unit_test(the_environment_is_the_requests),
		cmocka_unit_test(standard_input_is_empty),
		cmocka_unit_test(ignored_signals_are_not_inherited),
		cmocka_unit_test(a_request_that_lies_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

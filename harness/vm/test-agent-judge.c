#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/files.h"
#include "guest/init/protocol.h"
#include "vm/agent.h"

#define SECOND 1000000000ULL
#define MS 1000000ULL

/* Ids are known in advance (1, 2, ...), so the guest's answers are written
 * before the request is made. */
struct channel {
	int guest;
	struct agent *agent;
	struct error e;
	int mounted; /* how often it was announced */
	int answer;  /* what is said then */
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

static void say_step(struct channel *c, uint32_t step)
{
	struct step s = { .step = step };

	say(c->guest, FRAME_STEP, 1, &s, sizeof(s));
}

static void say_reply(struct channel *c, struct reply r, const char *text)
{
	char data[sizeof(r) + 100];
	size_t len = strlen(text) + 1;

	memcpy(data, &r, sizeof(r));
	memcpy(data + sizeof(r), text, len);
	say(c->guest, FRAME_REPLY, 1, data, sizeof(r) + len);
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
	struct hello h = { .version = AGENT_VERSION, .cpus = 1,
			   .page_size = 4096 };
	struct channel *c = calloc(1, sizeof(*c));
	int ends[2];

	*state = c;
	if (!c || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	c->guest = ends[0];
	say(c->guest, FRAME_HELLO, 0, &h, sizeof(h));
	return agent_open(ends[1], SECOND, -1, &c->agent, &c->e);
}

static int teardown(void **state)
{
	struct channel *c = *state;

	agent_close(c->agent);
	close(c->guest);
	free(c);
	return 0;
}

static int on_mounted(void *arg, struct error *e)
{
	struct channel *c = arg;

	c->mounted++;
	return c->answer < 0 ? error_set(e, -c->answer, "no") : c->answer;
}

static const char *const check[] = { "check", "/mnt", NULL };
static const char *const env[] = { "K=V", NULL };
static const char *const fsck[] = { "fsck", NULL };

static struct agent_judge order(struct channel *c)
{
	return (struct agent_judge){
		.clock_ns = 7,
		.device = "/dev/d", .dir = "/mnt", .type = "ext4",
		.options = "ro",
		.check = { .argv = check, .env = env, .timeout_ns = 20 * MS },
		.fsck = { .argv = fsck, .timeout_ns = 20 * MS },
		.arg = c,
	};
}

static int judge(struct channel *c, const struct agent_judge *q,
		 struct agent_judged *ret)
{
	memset(ret, 0, sizeof(*ret));
	return agent_judge(c->agent, q, ret, &c->e);
}

static void the_request_has_it_all(void **state)
{
	static const char strings[] = "/dev/d\0/mnt\0ext4\0ro\0check\0/mnt\0"
				      "K=V\0fsck\0onetwo";
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct agent_judged j;
	struct judge head;
	struct frame f;
	char *data;

	buf_puts(&acks, "one");
	buf_puts(&begun, "two");
	q.acks = &acks;
	q.begun = &begun;
	say_reply(c, (struct reply){ 0 }, "");
	assert_int_equal(judge(c, &q, &j), 0);
	assert_int_equal(j.step, STEP_NONE);
	hear(c->guest, &f, &data);
	assert_int_equal(f.type, FRAME_JUDGE);
	memcpy(&head, data, sizeof(head));
	assert_int_equal(head.clock_ns, 7);
	assert_int_equal(head.check_timeout_ns, 20 * MS);
	assert_int_equal(head.flags, JUDGE_PROMISES);
	assert_int_equal(head.argc, 2);
	assert_int_equal(head.envc, 1);
	assert_int_equal(head.fsck_argc, 1);
	assert_int_equal(head.acks, 3);
	assert_int_equal(head.begun, 3);
	assert_int_equal(f.length, sizeof(head) + sizeof(strings) - 1);
	assert_memory_equal(data + sizeof(head), strings, sizeof(strings) - 1);
	free(data);
	buf_free(&acks);
	buf_free(&begun);
	agent_judged_free(&j);
}

static void promises_that_are_there_are_not_sent(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;
	struct judge head;
	struct frame f;
	char *data;

	say_reply(c, (struct reply){ 0 }, "");
	assert_int_equal(judge(c, &q, &j), 0);
	hear(c->guest, &f, &data);
	memcpy(&head, data, sizeof(head));
	assert_int_equal(head.flags, 0);
	assert_int_equal(head.acks, 0);
	free(data);
	agent_judged_free(&j);
}

static void a_failed_check_comes_with_what_it_said(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	say(c->guest, FRAME_OUT, 1, "lost", 4);
	say_reply(c, (struct reply){ .status = 1, .step = STEP_CHECK }, "");
	assert_int_equal(judge(c, &q, &j), 0);
	assert_int_equal(j.step, STEP_CHECK);
	assert_int_equal(j.result.status, 1);
	assert_string_equal(buf_text(&j.result.out), "lost");
	agent_judged_free(&j);
}

static void a_missing_program_is_said(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	say_reply(c, (struct reply){ .error = ENOENT, .step = STEP_CHECK },
		  "none");
	assert_int_equal(judge(c, &q, &j), 0);
	assert_true(j.result.not_found);
	assert_int_equal(j.result.status, -1);
	agent_judged_free(&j);
}

static void a_refused_mount_comes_with_the_reason(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	say_reply(c, (struct reply){ .error = EUCLEAN, .step = STEP_MOUNT },
		  "bad superblock");
	assert_int_equal(judge(c, &q, &j), 0);
	assert_int_equal(j.step, STEP_MOUNT);
	assert_int_equal(j.error, EUCLEAN);
	assert_string_equal(buf_text(&j.text), "bad superblock");
	agent_judged_free(&j);
}

static void a_guest_that_is_not_clean_is_an_error(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	say_reply(c, (struct reply){ .error = EBUSY, .step = STEP_UMOUNT },
		  "still used");
	assert_int_equal(judge(c, &q, &j), -EBUSY);
	assert_non_null(strstr(c->e.message, "still used"));
}

/* ---- between mount and check ---- */

static void who_asks_is_told_to_go_on(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;
	struct judge head;
	struct frame f;
	struct go go;
	char *data;

	q.mounted = on_mounted;
	say_step(c, STEP_MOUNTED);
	say_reply(c, (struct reply){ 0 }, "");
	assert_int_equal(judge(c, &q, &j), 0);
	assert_int_equal(c->mounted, 1);
	hear(c->guest, &f, &data);
	memcpy(&head, data, sizeof(head));
	assert_int_equal(head.flags, JUDGE_ASK);
	free(data);
	agent_judged_free(&j);
	/* Sent when the channel is next used. */
	say(c->guest, FRAME_REPLY, 2, &(struct reply){ 0 },
	    sizeof(struct reply));
	assert_int_equal(agent_sync(c->agent, &c->e), 0);
	hear(c->guest, &f, &data);
	assert_int_equal(f.type, FRAME_GO);
	assert_int_equal(f.id, 1);
	memcpy(&go, data, sizeof(go));
	assert_int_equal(go.skip, 0);
	free(data);
}

static void the_rest_can_be_skipped(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	q.mounted = on_mounted;
	c->answer = 1;
	say_step(c, STEP_MOUNTED);
	say_reply(c, (struct reply){ .step = STEP_MOUNTED }, "");
	assert_int_equal(judge(c, &q, &j), 0);
	assert_int_equal(j.step, STEP_MOUNTED);
	agent_judged_free(&j);
}

static void a_failure_to_answer_ends_it(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	q.mounted = on_mounted;
	c->answer = -EIO;
	say_step(c, STEP_MOUNTED);
	assert_int_equal(judge(c, &q, &j), -EIO);
}

static void what_was_not_asked_for_is_a_breach(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	say_step(c, STEP_MOUNTED);
	assert_int_equal(judge(c, &q, &j), -EPROTO);
}

static void nobody_skips_unasked(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	say_reply(c, (struct reply){ .step = STEP_MOUNTED }, "");
	assert_int_equal(judge(c, &q, &j), -EPROTO);
}

static void steps_do_not_go_back(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	say_step(c, STEP_CHECK);
	say_step(c, STEP_MOUNT);
	assert_int_equal(judge(c, &q, &j), -EPROTO);
}

/* ---- time ---- */

static void a_silent_guest_is_given_up(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;
	uint64_t start = now_ns();

	agent_set_patience(c->agent, 10 * MS);
	assert_int_equal(judge(c, &q, &j), -ETIMEDOUT);
	assert_true(now_ns() - start >= 30 * MS);
}

static void the_step_that_hangs_is_named(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;

	agent_set_patience(c->agent, 10 * MS);
	say_step(c, STEP_UMOUNT);
	assert_int_equal(judge(c, &q, &j), -ETIMEDOUT);
	assert_non_null(strstr(c->e.message, "unmount"));
}

/* Patience alone would be over long before. */
static void a_program_has_its_own_time(void **state)
{
	struct channel *c = *state;
	struct agent_judge q = order(c);
	struct agent_judged j;
	uint64_t start = now_ns();

	q.check.timeout_ns = 0;
	q.check.argv = NULL;
	q.fsck.timeout_ns = 60 * MS;
	agent_set_patience(c->agent, 10 * MS);
	say_step(c, STEP_FSCK);
	assert_int_equal(judge(c, &q, &j), -ETIMEDOUT);
	assert_true(now_ns() - start >= 70 * MS);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_request_has_it_all),
		T(promises_that_are_there_are_not_sent),
		T(a_failed_check_comes_with_what_it_said),
		T(a_missing_program_is_said),
		T(a_refused_mount_comes_with_the_reason),
		T(a_guest_that_is_not_clean_is_an_error),
		T(who_asks_is_told_to_go_on),
		T(the_rest_can_be_skipped),
		T(a_failure_to_answer_ends_it),
		T(what_was_not_asked_for_is_a_breach),
		T(nobody_skips_unasked),
		T(steps_do_not_go_back),
		T(a_silent_guest_is_given_up),
		T(the_step_that_hangs_is_named),
		T(a_program_has_its_own_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

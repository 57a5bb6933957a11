/* The scripts are run here, by this machine's shell. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/spawn.h"
#include "common/text.h"
#include "scenario/scenario.h"
#include "try/try.h"

static char root[] = "/tmp/test-try-XXXXXX";

static struct trial plain(void)
{
	return (struct trial){ .name = "try",
			       .image = "micro",
			       .filesystem = "ext4",
			       .write = "echo x >a",
			       .check = "grep -q x a",
			       .count = 1 };
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	setenv("PC_MOUNT", root, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rm_rf(root, NULL);
}

static void put(const char *name, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", root, name);

	assert_int_equal(file_write(path, text, strlen(text), NULL), 0);
	assert_int_equal(chmod(path, 0755), 0);
}

/* Exit status of a script of the workload; *out is what it said. */
static int run(const char *script, struct buf *out)
{
	CLEANUP_FREE char *line = xasprintf(
		"PATH=%s/w:%s:$PATH PC_ACKS=%s/acks exec %s 2>&1", root, root,
		root, script);
	const char *argv[] = { "/bin/sh", "-c", line, NULL };

	return spawn_wait(argv, out, NULL);
}

static void write_workload(const struct trial *t)
{
	CLEANUP_FREE char *folder = xasprintf("%s/w", root);
	struct error e = { .message = "" };

	rm_rf(folder, NULL);
	trial_write(t, folder, &e);
	assert_string_equal(e.message, "");
}

/* What try-check makes of a check, with one ack. */
static void judged(const char *check, int status, const char *said)
{
	struct trial t = plain();
	CLEANUP_BUF struct buf out = BUF_INIT;
	CLEANUP_FREE char *last = NULL;

	t.check = check;
	write_workload(&t);
	put("acks", "write 1\n");
	assert_int_equal(run("try-check", &out), status);
	last = text_last_line(&out);
	assert_string_equal(last, said);
}

static void each_status_but_0_is_a_violation(void **state)
{
	(void)state;
	judged("true", 0, "");
	judged("echo fine", 0, "fine");
	judged("echo why; exit 1", 1, "why");
	judged("echo why >&2; exit 9", 1, "why");
	judged("exit 3", 1, "the check ended with status 3");
	judged("exit 255", 1, "the check ended with status 255");
}

static void what_gives_no_answer_is_none(void **state)
{
	(void)state;
	judged("exit 126", 2, "the check cannot be run: status 126");
	judged("no-such-program", 2,
	       "the check cannot be run: status 127");
	judged("kill -9 $$", 2, "the check died of signal 9");
}

static void nothing_is_promised_before_the_first_ack(void **state)
{
	struct trial t = plain();
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	t.check = "exit 1";
	put("acks", "");
	write_workload(&t);
	assert_int_equal(run("try-check", &out), 0);
	t.always = 1;
	write_workload(&t);
	assert_int_equal(run("try-check", &out), 1);
}

static void the_check_knows_the_round(void **state)
{
	struct trial t = plain();
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	t.check = "echo round $PC_ROUND";
	write_workload(&t);
	put("acks", "write 1\nwrite 2\n");
	assert_int_equal(run("try-check", &out), 0);
	assert_string_equal(buf_text(&out), "round 2\n");
}

/* pc: says its arguments. */
static void each_round_is_begun_written_acked(void **state)
{
	struct trial t = plain();
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	put("pc", "#!/bin/sh\necho \"pc $*\"\n");
	t.write = "echo \"in $(basename \"$PWD\") $PC_ROUND 'quoted\"";
	t.count = 2;
	write_workload(&t);
	assert_int_equal(run("try-write", &out), 0);
	assert_non_null(strstr(buf_text(&out), "pc begin write 1\nin test-try"));
	assert_non_null(strstr(buf_text(&out),
			       " 1 'quoted\npc ack write 1\npc begin write 2\n"));
	assert_non_null(strstr(buf_text(&out), " 2 'quoted\npc ack write 2\n"));
}

static void a_writer_that_fails_acks_nothing(void **state)
{
	struct trial t = plain();
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	put("pc", "#!/bin/sh\necho \"pc $*\"\n");
	t.write = "exit 7";
	write_workload(&t);
	assert_int_equal(run("try-write", &out), 1);
	assert_string_equal(buf_text(&out),
			    "pc begin write 1\n"
			    "the writer ended with status 7\n");
}

static void any_command_makes_a_scenario(void **state)
{
	struct trial t = plain();
	CLEANUP_FREE char *path = xasprintf("%s/w/scenario.yaml", root);
	struct scenario *s = NULL;
	struct error e = { .message = "" };

	(void)state;
	t.write = "printf 'a: \"b\" # \\n' >\"x y\"\n\techo $'\\x01'";
	t.setup = "mkdir d";
	assert_int_equal(trial_check(&t, &e), 0);
	write_workload(&t);
	scenario_load(path, &s, &e);
	assert_string_equal(e.message, "");
	assert_string_equal(s->workload.setup[0], "try-setup");
	assert_non_null(strstr(s->about, t.write));
	scenario_free(s);
}

static void what_cannot_be_is_refused(void **state)
{
	struct trial t = plain();
	struct error e;

	(void)state;
	t.filesystem = "ext5";
	assert_int_equal(trial_check(&t, &e), -EINVAL);
	assert_non_null(strstr(e.message, "filesystem.type is 'ext5'"));
	t.filesystem = "none";
	assert_int_equal(trial_check(&t, &e), -EINVAL);
	t = plain();
	t.packages = "zip,unzip";
	assert_int_equal(trial_check(&t, &e), -EINVAL);
	t.image = "debian";
	assert_int_equal(trial_check(&t, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_status_but_0_is_a_violation),
		cmocka_unit_test(what_gives_no_answer_is_none),
		cmocka_unit_test(nothing_is_promised_before_the_first_ack),
		cmocka_unit_test(the_check_knows_the_round),
		cmocka_unit_test(each_round_is_begun_written_acked),
		cmocka_unit_test(a_writer_that_fails_acks_nothing),
		cmocka_unit_test(any_command_makes_a_scenario),
		cmocka_unit_test(what_cannot_be_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}

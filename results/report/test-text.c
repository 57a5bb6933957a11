#include <errno.h>

#include "test-fixture.h"

static char *report(void)
{
	struct buf b = BUF_INIT;
	struct error e = { "", "" };

	if (report_text(fixture_dir, &b, &e) < 0)
		print_error("%s\n", e.message);
	return buf_take(&b);
}

static void expect(const char *golden)
{
	char *text = report();

	assert_string_equal(text, golden);
	free(text);
}

static void expect_part(const char *part)
{
	char *text = report();

	if (!strstr(text, part))
		print_error("no \"%s\" in:\n%s\n", part, text);
	assert_non_null(strstr(text, part));
	free(text);
}

static void a_loss_is_told_with_its_commands(void **state)
{
	(void)state;
	fixture_violated("held");
	expect("append-log: VIOLATED, expected held\n"
	       "Appends records with fdatasync and acknowledges each.\n"
	       "\n"
	       "  run         append-log/20250102T030405Z-7\n"
	       "  seed        7\n"
	       "  accel       tcg (/dev/kvm is missing)\n"
	       "  cuts        7, 7 with data or promises at stake\n"
	       "  states      134 legal, 28 enumerated: 10 checked, 7 equal, 11 left out\n"
	       "  covered     every legal state at 1 of 7 cuts; at all cuts every state that\n"
	       "              loses at most 1 whole write\n"
	       "  reach       4 begin-ack, 4 write-flush, 3 journal commit, 0 recovery\n"
	       "  verdicts    6 held, 3 violated, 1 unknown\n"
	       "  time        48.2 s\n"
	       "\n"
	       "2 findings\n"
	       "\n"
	       "1. check: lost TXN-17: promised, but there is no such record "
	       "in the log, which\n"
	       "   ends early\n"
	       "  lost in     above the drive (layers 1-5)\n"
	       "  shown by    2 states\n"
	       "  smallest    live-1/w3:all (no write lost)\n"
	       "  powercut check "
	       "append-log/20250102T030405Z-7@live-1/w3:all\n"
	       "  powercut shell "
	       "append-log/20250102T030405Z-7@live-1/w3:all\n"
	       "  powercut export "
	       "append-log/20250102T030405Z-7@live-1/w3:all finding-1.img\n"
	       "\n"
	       "2. mount: <script>alert('1')</script> & \"]]>\" \\x1b[31m "
	       "\\xff \\u{202E}\n"
	       "  lost in     drive cache (layer 6)\n"
	       "  shown by    1 state\n"
	       "  smallest    w5:all-1,2 (2 lost writes)\n"
	       "  powercut check append-log/20250102T030405Z-7@w5:all-1,2\n"
	       "  powercut shell append-log/20250102T030405Z-7@w5:all-1,2\n"
	       "  powercut export append-log/20250102T030405Z-7@w5:all-1,2 "
	       "finding-2.img\n");
}

/* Kernels differ: a verdict of another one says so. */
static void what_the_host_judged_says_so(void **state)
{
	struct store *s = fixture_create();

	(void)state;
	fixture_facts(s, "held", "held");
	store_set(s, "checked_on", "host, kernel 6.2.0-made-up", NULL);
	fixture_close(s);
	expect_part("  accel       tcg (/dev/kvm is missing)\n"
		    "  checked on  host, kernel 6.2.0-made-up\n");
}

static void a_run_that_held_is_short(void **state)
{
	(void)state;
	fixture_held();
	expect("append-log: held, as expected\n"
	       "Appends records with fdatasync and acknowledges each.\n"
	       "\n"
	       "  run         append-log/20250102T030405Z-7\n"
	       "  seed        7\n"
	       "  accel       tcg (/dev/kvm is missing)\n"
	       "  cuts        1, 1 with data or promises at stake\n"
	       "  states      2^5000.0 legal, 4 enumerated: 1 checked, 1 equal, 2 left out\n"
	       "  covered     every legal state at 0 of 1 cuts; at all cuts every state that\n"
	       "              loses at most 1 whole write\n"
	       "  reach       1 begin-ack, 0 write-flush, 0 journal commit, 0 recovery\n"
	       "  verdicts    1 held, 0 violated, 0 unknown\n"
	       "  time        48.2 s\n");
}

static void a_cause_is_told_with_the_missing_step(void **state)
{
	(void)state;
	fixture_explained("The write stayed in the page cache: nothing synced "
			  "/mnt/log before the promise was made.");
	expect_part("  lost in     page cache (layer 3)\n"
		    "  cause       The write stayed in the page cache: nothing "
		    "synced /mnt/log before\n"
		    "              the promise was made.\n"
		    "  missing     fdatasync of /mnt/log\n"
		    "  promise     \"TXN-17\"\n"
		    "  shown by    2 states\n");
}

static void an_expected_loss_is_as_expected(void **state)
{
	(void)state;
	fixture_violated("violated");
	expect_part("append-log: violated, as expected\n");
}

static void a_missed_loss_is_not(void **state)
{
	struct store *s = fixture_create();

	(void)state;
	fixture_facts(s, "held", "violated");
	fixture_state(s, "replay", 1, "all", 0, VERDICT_HELD, STAGE_NONE, "");
	fixture_close(s);
	expect_part("append-log: HELD, expected violated\n");
}

static void unknown_and_vacuous_say_why(void **state)
{
	(void)state;
	fixture_ends("unknown", "log and trace do not join");
	expect_part("append-log: UNKNOWN, expected held\n");
	expect_part("\n  why         log and trace do not join\n");
}

static void a_vacuous_run_says_so(void **state)
{
	(void)state;
	fixture_ends("vacuous", "");
	expect_part("append-log: VACUOUS, expected held\n");
	expect_part("  why         no cut fell where data or a promise was at "
		    "stake\n");
}

static void held_needs_checked_states(void **state)
{
	(void)state;
	fixture_ends("held", "");
	expect_part("append-log: UNKNOWN, expected held\n");
	expect_part("  why         no state was checked\n");
}

static void held_needs_the_end_of_the_run(void **state)
{
	struct store *s = fixture_create();

	(void)state;
	fixture_facts(s, "held", "held");
	assert_int_equal(store_set(s, "phase", "checking", NULL), 0);
	fixture_state(s, "replay", 1, "all", 0, VERDICT_HELD, STAGE_NONE, "");
	fixture_close(s);
	expect_part("append-log: UNKNOWN, expected held\n");
	expect_part("did not come to its end (phase: checking)\n");
}

static void held_never_hides_a_state(enum verdict verdict, const char *part)
{
	struct store *s = fixture_create();

	fixture_facts(s, "held", "held");
	fixture_state(s, "replay", 1, "all", 0, verdict, STAGE_CHECK, "bad");
	fixture_close(s);
	expect_part(part);
}

static void held_never_hides_an_unknown_state(void **state)
{
	(void)state;
	held_never_hides_a_state(VERDICT_UNKNOWN, "append-log: UNKNOWN,");
}

static void held_never_hides_a_violation(void **state)
{
	(void)state;
	held_never_hides_a_state(VERDICT_VIOLATED, "append-log: VIOLATED,");
}

static void commands_are_safe_to_paste(void **state)
{
	struct store *s = fixture_create();

	(void)state;
	fixture_facts(s, "violated", "held");
	fixture_state(s, "replay", 1, "$(rm -rf ~) it's", 1, VERDICT_VIOLATED,
		      STAGE_CHECK, "bad");
	fixture_close(s);
	expect_part("powercut check 'append-log/20250102T030405Z-7@w1:$(rm "
		    "-rf ~) it'\\''s'\n");
}

static void a_run_that_is_not_there_is_an_error(void **state)
{
	struct buf b = BUF_INIT;
	struct error e = { "", "" };

	(void)state;
	assert_int_equal(report_text("/nowhere/at/all", &b, &e), -ENOENT);
	assert_non_null(strstr(e.message, "/nowhere/at/all"));
	assert_int_equal(report_text(fixture_dir, &b, &e), -ENOENT);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(a_loss_is_told_with_its_commands),
		REPORT_TEST(what_the_host_judged_says_so),
		REPORT_TEST(a_run_that_held_is_short),
		REPORT_TEST(a_cause_is_told_with_the_missing_step),
		REPORT_TEST(an_expected_loss_is_as_expected),
		REPORT_TEST(a_missed_loss_is_not),
		REPORT_TEST(unknown_and_vacuous_say_why),
		REPORT_TEST(a_vacuous_run_says_so),
		REPORT_TEST(held_needs_checked_states),
		REPORT_TEST(held_needs_the_end_of_the_run),
		REPORT_TEST(held_never_hides_an_unknown_state),
		REPORT_TEST(held_never_hides_a_violation),
		REPORT_TEST(commands_are_safe_to_paste),
		REPORT_TEST(a_run_that_is_not_there_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "common/cleanup.h"
#include "scenario/testing.h"

static void expect(const char *yaml, enum expect what, uint64_t window_ns)
{
	struct scenario *s = accepted(yaml);

	assert_int_equal(s->expect, what);
	assert_int_equal(s->window_ns, window_ns);
	scenario_free(s);
}

static void words_and_losses_arrive(void **state)
{
	(void)state;
	expect(MINIMAL, EXPECT_HELD, 0);
	expect(MINIMAL "expect: violated\n", EXPECT_VIOLATED, 0);
	expect(MINIMAL "expect: { loses: last 2000 ms }\n", EXPECT_LOSES,
	       2000000000);
	expect(MINIMAL "expect:\n  loses: last 1.5s\n", EXPECT_LOSES,
	       1500000000);
	expect(MINIMAL "expect: \"loses: last 1 min\"\n", EXPECT_LOSES,
	       60000000000);
}

static void losses_are_quantities(void **state)
{
	(void)state;
	refused(MINIMAL "expect: { loses: 2s }\n",
		"3:18: expect.loses is '2s'; expected last and a duration, "
		"such as last 2000 ms");
	refused(MINIMAL "expect: { loses: last 2 }\n",
		"3:18: expect.loses: '2' is not a duration: expected a number "
		"and ms, s, min or h without a blank, such as 1.5s");
	refused(MINIMAL "expect: \"loses: last 0 ms\"\n",
		"3:9: expect is 0ms; expected more than 0s, at most 24h");
	refused(MINIMAL "expect: losed\n",
		"3:9: expect is 'losed'; expected held, violated or loses: "
		"last DURATION; did you mean loses?");
	refused(MINIMAL "expect: { lose: last 2s }\n",
		"3:11: unknown key 'lose' in expect; expected loses; did you "
		"mean loses?");
	refused(MINIMAL "expect: [held]\n", "3:9: expect is a list; expected "
					    "text");
}

static void a_recovery_has_no_window(void **state)
{
	(void)state;
	refused(MINIMAL "cuts: [{ every: flush, nested: 2 }]\n"
			"expect: { loses: last 2s }\n",
		"4:9: expect: loses together with cuts of a recovery "
		"(nested: 2) is not supported yet; expected cuts without");
}

static void a_loss_is_written_as_it_was_read(void **state)
{
	struct scenario *s = accepted(MINIMAL "expect: { loses: last 90 s }\n");
	CLEANUP_FREE char *text = scenario_resolved(s);

	(void)state;
	assert_non_null(strstr(text, "expect:\n  loses: last 90s\n"));
	expect(text, EXPECT_LOSES, 90000000000);
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_losses_arrive),
		cmocka_unit_test(losses_are_quantities),
		cmocka_unit_test(a_recovery_has_no_window),
		cmocka_unit_test(a_loss_is_written_as_it_was_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

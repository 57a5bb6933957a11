/* The shape of the file: keys, types, words, and the limits. */
#include "scenario/testing.h"

#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"

static void unknown_key_names_the_nearest(void **state)
{
	(void)state;
	refused(MINIMAL "drive:\n  cache:\n    flsh: honest\n",
		"5:5: unknown key 'flsh' in drive.cache; expected mode, "
		"capacity, destage, order, tear, flush, fua or "
		"power_loss_protection; did you mean flush?");
}

static void unknown_key_far_from_all_names_none(void **state)
{
	(void)state;
	refused(MINIMAL "check: { zzzzzzzzz: 1 }\n",
		"3:10: unknown key 'zzzzzzzzz' in check; expected on, fsck, "
		"run or timeout");
}

static void unknown_key_at_the_top(void **state)
{
	(void)state;
	refused(MINIMAL "cut: []\n",
		"3:1: unknown key 'cut' in the scenario; expected name, "
		"about, guest, drive, filesystem, workload, cuts, mode, "
		"states, require, check, expect, fixed or seed; did you mean cuts?");
}

static void merge_key_is_no_key(void **state)
{
	(void)state;
	refused(MINIMAL "states: &s { budget: 5 }\ncheck: { <<: *s }\n",
		"4:10: unknown key '<<' in check; expected on, fsck, run "
		"or timeout");
}

static void key_that_is_a_list(void **state)
{
	(void)state;
	refused(MINIMAL "? [a]\n: b\n",
		"3:3: the scenario is a list; expected a key");
}

static void key_twice(void **state)
{
	(void)state;
	refused(MINIMAL "seed: 1\nmode: live\nseed: 2\n",
		"5:1: key 'seed' appears again; expected it once, first in "
		"line 3");
}

static void missing_name(void **state)
{
	(void)state;
	refused("# a comment\nworkload: { run: [w] }\n",
		"2:1: key 'name' is missing in the scenario; expected it "
		"here");
}

static void missing_run(void **state)
{
	(void)state;
	refused("name: x\nworkload:\n  timeout: 3s\n",
		"3:3: key 'run' is missing in workload; expected it here");
}

static void missing_count_of_random(void **state)
{
	(void)state;
	refused(MINIMAL "cuts:\n  - random: {}\n",
		"4:13: key 'count' is missing in cuts[0].random; expected it "
		"here");
}

static void text_where_a_mapping_belongs(void **state)
{
	(void)state;
	refused(MINIMAL "drive: nvme\n",
		"3:8: drive is text; expected a mapping (key: value)");
}

static void text_where_an_argv_belongs(void **state)
{
	(void)state;
	refused("name: x\nworkload:\n  run: prog --flag /mnt\n",
		"3:8: workload.run is text; expected a list, such as "
		"[program, argument]");
}

static void mapping_where_a_list_of_rules_belongs(void **state)
{
	(void)state;
	refused(MINIMAL "cuts:\n  every: flush\n",
		"4:3: cuts is a mapping; expected a list of mappings, such "
		"as [{ key: value }]");
}

static void list_where_text_belongs(void **state)
{
	(void)state;
	refused("name: [x]\nworkload: { run: [w] }\n",
		"1:7: name is a list; expected text");
}

static void list_inside_an_argv(void **state)
{
	(void)state;
	refused("name: x\nworkload: { run: [w, [a]] }\n",
		"2:22: workload.run[1] is a list; expected text");
}

static void forgotten_value(void **state)
{
	(void)state;
	refused(MINIMAL "seed:\n",
		"3:6: seed is empty; expected a value (\"\" for empty text)");
}

static void empty_argv(void **state)
{
	(void)state;
	refused("name: x\nworkload: { run: [] }\n",
		"2:18: workload.run has 0 items; expected 1 to 1000");
}

static void word_of_no_list_names_the_nearest(void **state)
{
	(void)state;
	refused(MINIMAL "mode: reply\n",
		"3:7: mode is 'reply'; expected replay, live or both; did you "
		"mean replay?");
}

static void word_of_no_list_far_from_all(void **state)
{
	(void)state;
	refused(MINIMAL "drive: { cache: { flush: maybe } }\n",
		"3:26: drive.cache.flush is 'maybe'; expected honest or "
		"ignored");
}

static void list_where_a_word_belongs(void **state)
{
	(void)state;
	refused(MINIMAL "mode: []\n",
		"3:7: mode is a list; expected replay, live or both");
}

static void only_true_and_false_are_booleans(void **state)
{
	(void)state;
	refused(MINIMAL "check: { fsck: yes }\n",
		"3:16: check.fsck is 'yes'; expected true or false");
	refused(MINIMAL "check: { fsck: 1 }\n",
		"3:16: check.fsck is '1'; expected true or false");
	refused(MINIMAL "check: { fsck: True }\n",
		"3:16: check.fsck is 'True'; expected true or false; did you "
		"mean true?");
}

static void numbers_are_no_words(void **state)
{
	(void)state;
	refused(MINIMAL "expect: 1\n",
		"3:9: expect is '1'; expected held, violated or "
		"loses: last DURATION");
}

static void nul_in_text(void **state)
{
	(void)state;
	refused("name: x\nworkload: { run: [\"a\\0b\"] }\n",
		"2:19: workload.run[0] holds a NUL character; expected text "
		"without");
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
	(void)state;
	refused(MINIMAL "\"a\\eb\\nc\": 1\n",
		"3:1: unknown key 'a?b?c' in the scenario; expected name, "
		"about, guest, drive, filesystem, workload, cuts, mode, "
		"states, require, check, expect, fixed or seed");
}

static void broken_yaml(void **state)
{
	(void)state;
	refused("name: [x\nseed: 1\n",
		"2:5: not valid YAML: did not find expected ',' or ']' while "
		"parsing a flow sequence");
}

static void broken_utf8(void **state)
{
	(void)state;
	refused("name: x\nabout: a\xff\n",
		"2:9: not valid YAML: invalid leading UTF-8 octet");
}

static void unknown_anchor(void **state)
{
	(void)state;
	refused("name: *x\n",
		"1:7: not valid YAML: found undefined alias");
}

static void empty_file(void **state)
{
	(void)state;
	refused("", "1:1: the file is empty; expected a scenario (key: "
		    "value)");
	refused("# nothing\n", "1:1: the file is empty; expected a scenario "
			       "(key: value)");
}

static void two_documents(void **state)
{
	(void)state;
	refused(MINIMAL "---\nname: y\n",
		"3:1: a second document; expected one scenario in a file");
}

static void aliases_are_followed(void **state)
{
	struct scenario *s = accepted(
		"name: x\nworkload: { setup: &a [w, &b v], run: *a }\n"
		"check: { run: [*b] }\n");

	(void)state;
	assert_string_equal(s->workload.run[0], "w");
	assert_string_equal(s->workload.run[1], "v");
	assert_null(s->workload.run[2]);
	assert_string_equal(s->check.run[0], "v");
	scenario_free(s);
}

static void alias_of_what_it_stands_in(void **state)
{
	(void)state;
	refused("name: x\nworkload: { run: &a [w, *a] }\n",
		"2:18: workload.run[1] is a list; expected text");
	refused("name: x\nworkload: &w { run: [a], timeout: *w }\n",
		"2:11: workload.timeout is a mapping; expected text");
}

static void repeat(struct buf *yaml, const char *text, int times)
{
	while (times--)
		buf_puts(yaml, text);
}

static void aliases_that_expand_to_too_much(void **state)
{
	struct buf yaml CLEANUP_BUF = BUF_INIT;

	(void)state;
	buf_puts(&yaml, "name: x\nabout: &a \"");
	repeat(&yaml, "0123456789", 10000);
	buf_puts(&yaml, "\"\nworkload: { run: [*a");
	repeat(&yaml, ",*a", 900);
	buf_puts(&yaml, "] }\n");
	refused(buf_text(&yaml),
		"2:8: the aliases expand to too much; expected at most "
		"1048576 bytes in all");
}

static void deep_nesting(void **state)
{
	struct buf yaml CLEANUP_BUF = BUF_INIT;

	(void)state;
	buf_puts(&yaml, "name: ");
	repeat(&yaml, "[", 500000);
	refused(buf_text(&yaml),
		"1:38: nested too deep; expected at most 32 levels");
	buf_clear(&yaml);
	repeat(&yaml, "- ", 500000);
	refused(buf_text(&yaml),
		"1:65: nested too deep; expected at most 32 levels");
}

static void many_anchors(void **state)
{
	struct buf yaml CLEANUP_BUF = BUF_INIT;

	(void)state;
	for (int i = 0; i < 50000; i++)
		buf_printf(&yaml, "- &%d a\n", i);
	refused(buf_text(&yaml),
		"101:3: too many anchors; expected at most 100");
}

static void many_tag_directives(void **state)
{
	struct buf yaml CLEANUP_BUF = BUF_INIT;

	(void)state;
	for (int i = 0; i < 60000; i++)
		buf_printf(&yaml, "%%TAG !%d! b\n", i);
	refused(buf_text(&yaml),
		"101:1: too many anchors; expected at most 100");
}

static void large_file(void **state)
{
	struct scenario *s = NULL;
	struct error e;
	size_t len = (1 << 20) + 1;
	CLEANUP_FREE char *yaml = xmalloc(len);

	(void)state;
	memset(yaml, ' ', len);
	assert_int_equal(scenario_parse("f.yaml", "/f.yaml", yaml, len, &s,
					&e), -EFBIG);
	assert_string_equal(e.message, "f.yaml:1:1: the file is too large; "
			    "expected at most 1048576 bytes");
}

static void bytes_behind_the_length_are_not_read(void **state)
{
	(void)state;
	refused_bytes(MINIMAL "seed: 1\n", 8,
		      "1:1: key 'workload' is missing in the scenario; "
		      "expected it here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_key_names_the_nearest),
		cmocka_unit_test(unknown_key_far_from_all_names_none),
		cmocka_unit_test(unknown_key_at_the_top),
		cmocka_unit_test(merge_key_is_no_key),
		cmocka_unit_test(key_that_is_a_list),
		cmocka_unit_test(key_twice),
		cmocka_unit_test(missing_name),
		cmocka_unit_test(missing_run),
		cmocka_unit_test(missing_count_of_random),
		cmocka_unit_test(text_where_a_mapping_belongs),
		cmocka_unit_test(text_where_an_argv_belongs),
		cmocka_unit_test(mapping_where_a_list_of_rules_belongs),
		cmocka_unit_test(list_where_text_belongs),
		cmocka_unit_test(list_inside_an_argv),
		cmocka_unit_test(forgotten_value),
		cmocka_unit_test(empty_argv),
		cmocka_unit_test(word_of_no_list_names_the_nearest),
		cmocka_unit_test(word_of_no_list_far_from_all),
		cmocka_unit_test(list_where_a_word_belongs),
		cmocka_unit_test(only_true_and_false_are_booleans),
		cmocka_unit_test(numbers_are_no_words),
		cmocka_unit_test(nul_in_text),
		cmocka_unit_test(control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(broken_yaml),
		cmocka_unit_test(broken_utf8),
		cmocka_unit_test(unknown_anchor),
		cmocka_unit_test(empty_file),
		cmocka_unit_test(two_documents),
		cmocka_unit_test(aliases_are_followed),
		cmocka_unit_test(alias_of_what_it_stands_in),
		cmocka_unit_test(aliases_that_expand_to_too_much),
		cmocka_unit_test(deep_nesting),
		cmocka_unit_test(many_anchors),
		cmocka_unit_test(many_tag_directives),
		cmocka_unit_test(large_file),
		cmocka_unit_test(bytes_behind_the_length_are_not_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

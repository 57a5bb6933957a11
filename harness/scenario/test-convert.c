/* The values: impossible ones, and those that are not built yet. */
#include "scenario/testing.h"

static void names_are_folder_names(void **state)
{
	(void)state;
	refused("name: Append Log\nworkload: { run: [w] }\n",
		"1:7: name is 'Append Log'; expected 1 to 64 of a-z, 0-9, "
		"'.', '_' and '-', a letter or digit first");
	refused("name: ../x\nworkload: { run: [w] }\n",
		"1:7: name is '../x'; expected 1 to 64 of a-z, 0-9, '.', '_' "
		"and '-', a letter or digit first");
	refused("name: \"\"\nworkload: { run: [w] }\n",
		"1:7: name is ''; expected 1 to 64 of a-z, 0-9, '.', '_' and "
		"'-', a letter or digit first");
}

static void durations_are_strict(void **state)
{
	(void)state;
	refused("name: x\nworkload:\n  run: [w]\n  timeout: 10 ms\n",
		"4:12: workload.timeout: '10 ms' is not a duration: expected "
		"a number and ms, s, min or h without a blank, such as 1.5s");
	refused(MINIMAL "check: { timeout: 10 }\n",
		"3:19: check.timeout: '10' is not a duration: expected a "
		"number and ms, s, min or h without a blank, such as 1.5s");
	refused(MINIMAL "check: { timeout: 0s }\n",
		"3:19: check.timeout is 0s; expected more than 0s, at most "
		"24h");
	refused(MINIMAL "check: { timeout: 25h }\n",
		"3:19: check.timeout is 25h; expected more than 0s, at most "
		"24h");
}

static void counts_are_strict(void **state)
{
	(void)state;
	refused(MINIMAL "seed: 0x10\n",
		"3:7: seed: '0x10' is not a whole number: expected digits "
		"only, such as 40");
	refused(MINIMAL "seed: 18446744073709551616\n",
		"3:7: seed: '18446744073709551616' does not fit in 64 bits");
	refused(MINIMAL "states: { budget: 0 }\n",
		"3:19: states.budget is 0; expected at least 1");
}

static void strategies_are_known(void **state)
{
	(void)state;
	refused(MINIMAL "states: { strategy: drop-0 }\n",
		"3:21: states.strategy is 'drop-0'; expected one of default, "
		"prefix, drop-1 to -9, keep-1 to -9, torn, reorder, random, "
		"exhaustive; did you mean drop-1?");
	refused(MINIMAL "states: { exhaustive: 25 }\n",
		"3:23: states.exhaustive is 25; expected 0 to 24");
	refused(MINIMAL "states: { audit: 101% }\n",
		"3:18: states.audit is 101%; expected 0% to 100%");
	refused(MINIMAL "states: { audit: 5 }\n",
		"3:18: states.audit: '5' is not a share: expected a "
		"number and % without a blank, such as 5%");
	refused(MINIMAL "states: { equality: read }\n",
		"3:21: states.equality is 'read'; expected reads or content; "
		"did you mean reads?");
	refused(MINIMAL "states: { time: 0s }\n",
		"3:17: states.time is 0s; expected more than 0s, at most 24h");
}

static void required_reach_is_known(void **state)
{
	(void)state;
	refused(MINIMAL "require: [inside-journal]\n",
		"3:11: require[0] is 'inside-journal'; expected "
		"between-begin-and-ack, between-write-and-flush, "
		"inside-journal-commit or inside-recovery");
	refused(MINIMAL "require: [inside-recovery]\n",
		"3:10: require: inside-recovery can never be; expected a cut "
		"with nested: 2");
}

static void a_debian_image_is_not_for_the_host(void **state)
{
	(void)state;
	refused(MINIMAL "guest: { image: debian }\n"
		"check: { on: host }\n",
		"4:14: check.on is host, but the programs of guest.image debian run "
		"in a guest only; expected guest");
}

static void what_is_not_built_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "filesystem: { type: exfat }",
		  "3:21: filesystem.type: exfat is not supported yet; expected "
		  "ext4, xfs, btrfs, f2fs, ext2, vfat or none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char yaml[256];

		snprintf(yaml, sizeof(yaml), MINIMAL "%s\n", cases[i][0]);
		refused(yaml, cases[i][1]);
	}
}

static void file_systems_are_known(void **state)
{
	(void)state;
	refused(MINIMAL "filesystem: { type: etx4 }\n",
		"3:21: filesystem.type is 'etx4'; expected ext4, xfs, btrfs, "
		"f2fs, ext2, vfat or none; did you mean ext4?");
}

static void a_file_system_needs_room(void **state)
{
	struct scenario *s = accepted(MINIMAL "filesystem: { type: xfs }\n");

	(void)state;
	assert_int_equal(s->drive.size, 320 << 20);
	scenario_free(s);
	s = accepted(MINIMAL "filesystem: { type: btrfs }\n");
	assert_int_equal(s->drive.size, 128 << 20);
	scenario_free(s);
	s = accepted(MINIMAL "drive: { size: 64MiB }\n"
		     "filesystem: { type: xfs, mkfs: --unsupported }\n");
	assert_int_equal(s->drive.size, 64 << 20);
	scenario_free(s);
	refused(MINIMAL "drive: { size: 256MiB }\nfilesystem: { type: xfs }\n",
		"3:16: drive.size is 256MiB; filesystem.type: xfs needs at "
		"least 300MiB, or filesystem.mkfs: --unsupported");
	refused(MINIMAL "drive: { size: 64MiB }\nfilesystem: { type: btrfs }\n",
		"3:16: drive.size is 64MiB; filesystem.type: btrfs needs at "
		"least 109MiB, or filesystem.mkfs: --mixed");
	refused(MINIMAL "drive: { size: 8MiB }\n"
		"filesystem: { type: btrfs, mkfs: --mixed }\n",
		"3:16: drive.size is 8MiB; filesystem.type: btrfs needs at "
		"least 16MiB");
}

static void states_are_judged_in_a_guest_or_on_the_host(void **state)
{
	struct scenario *s = accepted(MINIMAL);

	(void)state;
	assert_int_equal(s->check.on, CHECK_IN_GUEST);
	scenario_free(s);
	s = accepted(MINIMAL "check: { on: host, run: [c] }\n");
	assert_int_equal(s->check.on, CHECK_ON_HOST);
	scenario_free(s);
	refused(MINIMAL "check: { on: hots, run: [c] }\n",
		"3:14: check.on is 'hots'; expected guest or host; did you "
		"mean host?");
	refused(MINIMAL "drive: { faults: { dead: gone } }\n"
		"check: { on: host, run: [c] }\n",
		"4:14: check.on is host, but a drive that is dead "
		"(drive.faults.dead) is judged in a guest only; expected "
		"guest");
}

static void without_a_file_system_there_is_no_fsck(void **state)
{
	struct scenario *s = accepted(
		MINIMAL "filesystem: { type: none }\ncheck: { run: [c] }\n");

	(void)state;
	assert_int_equal(scenario_has_filesystem(s), 0);
	assert_int_equal(s->check.fsck, 0);
	scenario_free(s);
	refused(MINIMAL "filesystem: { type: none }\n"
		"check: { fsck: true, run: [c] }\n",
		"4:16: check.fsck is true, but filesystem.type is none: there "
		"is no file system to check; expected false");
	refused(MINIMAL "filesystem: { type: none }\n",
		"1:1: check does nothing; expected fsck: true or run: "
		"[program, argument]");
	refused(MINIMAL "filesystem: { type: none, mkfs: -b 4096 }\n",
		"3:33: filesystem.mkfs: with type: none there is nothing to "
		"make; expected no such key");
	refused(MINIMAL "filesystem: { type: none, mount: noatime }\n",
		"3:34: filesystem.mount: with type: none there is nothing to "
		"mount; expected no such key");
}

static void program_without_a_name(void **state)
{
	(void)state;
	refused(MINIMAL "check: { run: [\"\", a] }\n",
		"3:15: check.run: the program's name is empty; expected "
		"[program, argument]");
}

static void check_must_do_something(void **state)
{
	(void)state;
	refused(MINIMAL "check: { fsck: false }\n",
		"3:8: check does nothing; expected fsck: true or run: "
		"[program, argument]");
}

static void cut_items_have_one_rule(void **state)
{
	(void)state;
	refused(MINIMAL "cuts:\n  - every: flush\n    random: { count: 1 }\n",
		"4:5: cuts[0] has 2 rules; expected exactly one of every, at "
		"and random");
	refused(MINIMAL "cuts: [{ every: mark }, {}]\n",
		"3:25: cuts[1] has 0 rules; expected exactly one of every, at "
		"and random");
}

static void cut_positions_are_one(void **state)
{
	(void)state;
	refused(MINIMAL "cuts:\n  - at: { write: 1, flush: 1 }\n",
		"4:9: cuts[0].at has 2 positions; expected exactly one of "
		"mark, write, flush and after");
	refused(MINIMAL "cuts:\n  - at: { write: 1, nth: 2 }\n",
		"4:26: cuts[0].at.nth without mark; expected { mark: TEXT, "
		"nth: NUMBER }");
}

static void cut_numbers_start_at_one(void **state)
{
	(void)state;
	refused(MINIMAL "cuts:\n  - at: { write: 0 }\n",
		"4:18: cuts[0].at.write is 0; expected at least 1");
	refused(MINIMAL "cuts:\n  - at: { mark: a, nth: 0 }\n",
		"4:25: cuts[0].at.nth is 0; expected at least 1");
	refused(MINIMAL "cuts:\n  - random: { count: 0 }\n",
		"4:22: cuts[0].random.count is 0; expected 1 to 1000000");
	refused(MINIMAL "cuts:\n  - at: { after: 0s }\n",
		"4:18: cuts[0].at.after is 0s; expected more than 0s");
}

static void cut_marks_are_lines(void **state)
{
	(void)state;
	refused(MINIMAL "cuts:\n  - at: { mark: \"a\\nb\" }\n",
		"4:17: cuts[0].at.mark is no mark's text; expected one line "
		"of 1 to 4000 bytes");
	refused(MINIMAL "cuts:\n  - at: { mark: \"\" }\n",
		"4:17: cuts[0].at.mark is no mark's text; expected one line "
		"of 1 to 4000 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_folder_names),
		cmocka_unit_test(durations_are_strict),
		cmocka_unit_test(counts_are_strict),
		cmocka_unit_test(strategies_are_known),
		cmocka_unit_test(required_reach_is_known),
		cmocka_unit_test(a_debian_image_is_not_for_the_host),
		cmocka_unit_test(what_is_not_built_is_refused),
		cmocka_unit_test(file_systems_are_known),
		cmocka_unit_test(a_file_system_needs_room),
		cmocka_unit_test(states_are_judged_in_a_guest_or_on_the_host),
		cmocka_unit_test(without_a_file_system_there_is_no_fsck),
		cmocka_unit_test(program_without_a_name),
		cmocka_unit_test(check_must_do_something),
		cmocka_unit_test(cut_items_have_one_rule),
		cmocka_unit_test(cut_positions_are_one),
		cmocka_unit_test(cut_numbers_start_at_one),
		cmocka_unit_test(cut_marks_are_lines),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

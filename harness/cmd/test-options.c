#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/options.h"
#include "common/buf.h"
#include "common/error.h"

struct shape {
	int live, quiet;
	const char *junit, *format;
	uint64_t seed, limit, room, jobs;
	struct option_list cuts;
};

#define AT(field) .offset = offsetof(struct shape, field)

static const struct option_spec specs[] = {
	{ .name = "live", .letter = 'l', .help = "Really.",
	  .type = OPTION_FLAG, AT(live) },
	{ .name = "quiet", .letter = 'q', .help = "Silent.",
	  .type = OPTION_FLAG, AT(quiet) },
	{ .name = "junit", .argument = "FILE", .help = "Report.",
	  .type = OPTION_STRING, AT(junit) },
	{ .name = "format", .argument = "text|json", .help = "Shape.",
	  .type = OPTION_STRING, .fallback = "text", AT(format) },
	{ .name = "seed", .letter = 's', .argument = "N",
	  .help = "Decides every random choice, so that the same seed gives "
		  "the same states on every machine.",
	  .type = OPTION_COUNT, .fallback = "7", AT(seed) },
	{ .name = "limit", .argument = "TIME", .help = "Time.",
	  .type = OPTION_DURATION, AT(limit) },
	{ .name = "room", .argument = "SIZE", .help = "Room.",
	  .type = OPTION_SIZE, AT(room) },
	{ .name = "jobs", .argument = "N", .help = "How many.",
	  .type = OPTION_JOBS, .fallback = "cores", AT(jobs) },
	{ .name = "cut", .letter = 'c', .argument = "CUT", .help = "Where.",
	  .type = OPTION_LIST, AT(cuts) },
	{ 0 },
};

static int seen_seed, seen_json;

static int remember(const struct command_line *line)
{
	const struct shape *o = line->options;

	seen_seed = (int)o->seed;
	seen_json = line->json;
	return EXIT_UNKNOWN;
}

static const char *const examples[] = { "powercut shape --seed 3 x", NULL };

static const struct subcommand shape = {
	.name = "shape",
	.synopsis = "SCENARIO...",
	.about = "Shapes it. And more.",
	.options = specs,
	.options_size = sizeof(struct shape),
	.min_args = 1,
	.max_args = 2,
	.examples = examples,
	.run = remember,
};

static const struct subcommand *const commands[] = { &shape, NULL };

#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })
#define LEN(argv) ((int)(sizeof(argv) / sizeof(char *)) - 1)
#define PARSE(line, e, ...)                                                    \
	options_parse(&shape, LEN(ARGV(__VA_ARGS__)), ARGV(__VA_ARGS__), line, e)

#define ASSERT_REFUSED(text, expected_hint, ...)                               \
	do {                                                                   \
		struct command_line refused;                                   \
		struct error why;                                              \
                                                                               \
		assert_int_equal(PARSE(&refused, &why, __VA_ARGS__), -EINVAL); \
		assert_string_equal(why.message, text);                        \
		assert_string_equal(why.hint, expected_hint);                  \
	} while (0)

static void options_and_arguments_may_be_mixed(void **state)
{
	char *argv[] = { "one", "--seed", "3", "--live", "two", NULL };
	struct command_line line;
	const struct shape *o;

	(void)state;
	assert_int_equal(options_parse(&shape, 5, argv, &line, NULL), 0);
	o = line.options;
	assert_int_equal(o->seed, 3);
	assert_int_equal(o->live, 1);
	assert_int_equal(o->quiet, 0);
	assert_int_equal(line.n_args, 2);
	assert_string_equal(line.args[0], "one");
	assert_string_equal(line.args[1], "two");
	assert_null(line.args[2]);
	options_release(&line);
}

static void every_type_is_stored(void **state)
{
	struct command_line line;
	const struct shape *o;

	(void)state;
	assert_int_equal(PARSE(&line, NULL, "--junit=a=b", "--limit", "1.5s",
			       "--room", "4KiB", "-c", "w1", "--cut", "f2",
			       "--format", "json", "x"),
			 0);
	o = line.options;
	assert_string_equal(o->junit, "a=b");
	assert_string_equal(o->format, "json");
	assert_int_equal(o->limit, 1500000000);
	assert_int_equal(o->room, 4096);
	assert_int_equal(o->cuts.n, 2);
	assert_string_equal(o->cuts.items[0], "w1");
	assert_string_equal(o->cuts.items[1], "f2");
	assert_null(o->cuts.items[2]);
	options_release(&line);
}

static void jobs_are_a_count_or_the_cores(void **state)
{
	struct command_line line;
	struct error e;

	(void)state;
	assert_int_equal(PARSE(&line, NULL, "--jobs", "3", "x"), 0);
	assert_int_equal(((const struct shape *)line.options)->jobs, 3);
	options_release(&line);
	assert_int_equal(PARSE(&line, NULL, "x"), 0);
	assert_int_equal(((const struct shape *)line.options)->jobs,
			 sysconf(_SC_NPROCESSORS_ONLN));
	options_release(&line);
	assert_int_not_equal(PARSE(&line, &e, "--jobs", "0", "x"), 0);
	assert_non_null(strstr(e.message, "1 to 256, or cores"));
	assert_int_not_equal(PARSE(&line, &e, "--jobs", "257", "x"), 0);
}

static void defaults_hold_and_are_not_given(void **state)
{
	struct command_line line;
	const struct shape *o;

	(void)state;
	assert_int_equal(PARSE(&line, NULL, "-l", "x"), 0);
	o = line.options;
	assert_int_equal(o->seed, 7);
	assert_string_equal(o->format, "text");
	assert_null(o->junit);
	assert_null(o->cuts.items);
	assert_true(option_given(&line, "live"));
	assert_false(option_given(&line, "seed"));
	assert_false(option_given(&line, "no-such"));
	options_release(&line);
}

static void letters_join(void **state)
{
	struct command_line line;
	const struct shape *o;

	(void)state;
	assert_int_equal(PARSE(&line, NULL, "-lqs12", "x"), 0);
	o = line.options;
	assert_int_equal(o->live + o->quiet, 2);
	assert_int_equal(o->seed, 12);
	options_release(&line);
}

static void two_dashes_end_the_options(void **state)
{
	char *argv[] = { "--", "--live", "-", NULL };
	struct command_line line;

	(void)state;
	assert_int_equal(options_parse(&shape, 3, argv, &line, NULL), 0);
	assert_int_equal(line.n_args, 2);
	assert_string_equal(line.args[0], "--live");
	assert_string_equal(line.args[1], "-");
	assert_false(((const struct shape *)line.options)->live);
	options_release(&line);
}

static void unknown_options_name_the_nearest(void **state)
{
	(void)state;
	ASSERT_REFUSED("unknown option --sede", "did you mean --seed?",
		       "--sede=3", "x");
	ASSERT_REFUSED("unknown option --jsom", "did you mean --json?",
		       "--jsom", "x");
	ASSERT_REFUSED("unknown option --elephant", "", "--elephant", "x");
	ASSERT_REFUSED("unknown option -z", "", "-lz", "x");
}

static void a_prefix_is_not_an_option(void **state)
{
	(void)state;
	ASSERT_REFUSED("unknown option --see", "did you mean --seed?", "--see",
		       "3", "x");
}

static void missing_and_superfluous_values_are_refused(void **state)
{
	(void)state;
	ASSERT_REFUSED("option --seed needs N", "", "x", "--seed");
	ASSERT_REFUSED("option --seed needs N", "", "x", "-s");
	ASSERT_REFUSED("option --live takes no argument", "", "--live=1", "x");
}

static void a_value_of_the_wrong_type_is_refused(void **state)
{
	struct command_line line;
	struct error e;

	(void)state;
	assert_int_equal(PARSE(&line, &e, "--seed", "many", "x"), -EINVAL);
	assert_ptr_equal(strstr(e.message, "option --seed: "), e.message);
	assert_int_equal(PARSE(&line, &e, "--limit", "10 ms", "x"), -EINVAL);
	assert_ptr_equal(strstr(e.message, "option --limit: "), e.message);
	assert_int_equal(PARSE(&line, &e, "-c", "w1", "--room", "-4", "x"),
			 -EINVAL);
	ASSERT_REFUSED("option --format: 'tex' is not one of text|json", "",
		       "--format", "tex", "x");
	ASSERT_REFUSED("option --format: '' is not one of text|json", "",
		       "--format=", "x");
}

static void the_number_of_arguments_is_checked(void **state)
{
	(void)state;
	ASSERT_REFUSED("missing argument, expected: SCENARIO...", "", "-l");
	ASSERT_REFUSED("unexpected argument 'c'", "", "a", "b", "c");
}

static void help_needs_no_arguments(void **state)
{
	struct command_line line;

	(void)state;
	assert_int_equal(PARSE(&line, NULL, "-h"), 0);
	assert_true(line.help);
	options_release(&line);
}

static void help_shows_every_option_default_and_example(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const char *text;

	(void)state;
	help_command(&shape, &b);
	text = buf_text(&b);
	assert_non_null(strstr(text, "Usage: powercut shape [OPTION...] "
				     "SCENARIO...\n"));
	for (const struct option_spec *s = specs; s->name; s++)
		assert_non_null(strstr(text, s->name));
	assert_non_null(strstr(text, "  -s, --seed N"));
	assert_non_null(strstr(text, "[default: 7]"));
	assert_non_null(strstr(text, "      --json "));
	assert_non_null(strstr(text, "\n  powercut shape --seed 3 x\n"));
}

static void help_fits_80_columns(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	help_command(&shape, &b);
	help_overview(commands, &b);
	for (const char *p = buf_text(&b); *p; p += strcspn(p, "\n") + 1)
		assert_true(strcspn(p, "\n") < 80);
}

static void the_list_has_one_line_per_option(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	completion_list(commands, &b);
	assert_string_equal(buf_text(&b), "shape\tlive\tl\t-\n"
					  "shape\tquiet\tq\t-\n"
					  "shape\tjunit\t-\tFILE\n"
					  "shape\tformat\t-\ttext|json\n"
					  "shape\tseed\ts\tN\n"
					  "shape\tlimit\t-\tTIME\n"
					  "shape\troom\t-\tSIZE\n"
					  "shape\tjobs\t-\tN\n"
					  "shape\tcut\tc\tCUT\n"
					  "shape\tjson\t-\t-\n"
					  "shape\thelp\th\t-\n");
}

/* Runs commands_main with stdout and stderr collected in output. */
static int call(struct buf *output, int argc, char **argv)
{
	FILE *file = tmpfile();
	int saved_out = dup(1), saved_err = dup(2), status;
	char text[16384];
	size_t n;

	fflush(stdout);
	dup2(fileno(file), 1);
	dup2(fileno(file), 2);
	status = commands_main(commands, argc, argv);
	fflush(stdout);
	dup2(saved_out, 1);
	dup2(saved_err, 2);
	close(saved_out);
	close(saved_err);
	rewind(file);
	n = fread(text, 1, sizeof(text), file);
	fclose(file);
	buf_clear(output);
	buf_add(output, text, n);
	return status;
}

#define CALL(output, ...)                                                      \
	call(output, LEN(ARGV("powercut", __VA_ARGS__)),                       \
	     ARGV("powercut", __VA_ARGS__))

static void the_command_runs_and_its_status_is_returned(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(CALL(&b, "shape", "--json", "-s", "5", "x"),
			 EXIT_UNKNOWN);
	assert_int_equal(seen_seed, 5);
	assert_int_equal(seen_json, 1);
	assert_string_equal(buf_text(&b), "");
}

static void usage_errors_exit_4_and_point_to_help(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(CALL(&b, "shape", "--live"), EXIT_USAGE);
	assert_string_equal(buf_text(&b),
			    "powercut shape: missing argument, expected: "
			    "SCENARIO...\n  see powercut shape --help\n");
	assert_int_equal(CALL(&b, "shpe"), EXIT_USAGE);
	assert_string_equal(buf_text(&b),
			    "powercut: unknown command 'shpe'\n"
			    "  did you mean powercut shape?\n");
	assert_int_equal(CALL(&b, "help", "elephant"), EXIT_USAGE);
	assert_int_equal(CALL(&b, "--elephant"), EXIT_USAGE);
	assert_int_equal(call(&b, 1, ARGV("powercut")), EXIT_USAGE);
}

static void help_has_three_spellings(void **state)
{
	CLEANUP_BUF struct buf expect = BUF_INIT;
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	help_command(&shape, &expect);
	assert_int_equal(CALL(&b, "shape", "--help"), 0);
	assert_string_equal(buf_text(&b), buf_text(&expect));
	assert_int_equal(CALL(&b, "help", "shape"), 0);
	assert_string_equal(buf_text(&b), buf_text(&expect));
	assert_int_equal(CALL(&b, "--help", "shape"), 0);
	assert_string_equal(buf_text(&b), buf_text(&expect));
}

static void the_overview_shows_first_sentences(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(CALL(&b, "help"), 0);
	assert_non_null(strstr(buf_text(&b), "\n  shape       Shapes it.\n"));
	assert_non_null(strstr(buf_text(&b), "\n  completion  Prints"));
}

static void the_version_is_printed(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(CALL(&b, "--version"), 0);
	assert_ptr_equal(strstr(buf_text(&b), "powercut "), buf_text(&b));
	assert_int_equal(CALL(&b, "version", "--json"), 0);
	assert_ptr_equal(strstr(buf_text(&b), "{\"version\": \""),
			 buf_text(&b));
}

static void only_known_shells_are_completed(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(CALL(&b, "completion", "fish"), EXIT_USAGE);
	assert_int_equal(CALL(&b, "completion", "bash"), 0);
	assert_non_null(strstr(buf_text(&b), "complete -o default"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_arguments_may_be_mixed),
		cmocka_unit_test(every_type_is_stored),
		cmocka_unit_test(jobs_are_a_count_or_the_cores),
		cmocka_unit_test(defaults_hold_and_are_not_given),
		cmocka_unit_test(letters_join),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(unknown_options_name_the_nearest),
		cmocka_unit_test(a_prefix_is_not_an_option),
		cmocka_unit_test(missing_and_superfluous_values_are_refused),
		cmocka_unit_test(a_value_of_the_wrong_type_is_refused),
		cmocka_unit_test(the_number_of_arguments_is_checked),
		cmocka_unit_test(help_needs_no_arguments),
		cmocka_unit_test(help_shows_every_option_default_and_example),
		cmocka_unit_test(help_fits_80_columns),
		cmocka_unit_test(the_list_has_one_line_per_option),
		cmocka_unit_test(the_command_runs_and_its_status_is_returned),
		cmocka_unit_test(usage_errors_exit_4_and_point_to_help),
		cmocka_unit_test(help_has_three_spellings),
		cmocka_unit_test(the_overview_shows_first_sentences),
		cmocka_unit_test(the_version_is_printed),
		cmocka_unit_test(only_known_shells_are_completed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

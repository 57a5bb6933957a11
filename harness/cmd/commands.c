/* From argv to the command's run function and its exit status. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"
#include "cmd/version.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/nearest.h"

static const struct subcommand *find_command(const struct subcommand *const all[],
					  const char *name)
{
	for (; *all; all++)
		if (!strcmp((*all)->name, name))
			return *all;
	return NULL;
}

static size_t count_commands(const struct subcommand *const list[])
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

/* The given commands and those that come with this file. Caller frees. */
static const struct subcommand **all_commands(const struct subcommand *const given[])
{
	static const struct subcommand *const built_in[] = { &cmd_help,
							  &cmd_completion,
							  &cmd_version };
	size_t n = count_commands(given), m = 3;
	const struct subcommand **all = xcalloc(n + m + 1, sizeof(*all));

	memcpy(all, given, n * sizeof(*all));
	memcpy(all + n, built_in, sizeof(built_in));
	return all;
}

static void print_error(const char *name, const struct error *e)
{
	fprintf(stderr, "powercut%s%s: %s\n", name ? " " : "",
		name ? name : "", e->message);
	if (e->hint[0])
		fprintf(stderr, "  %s\n", e->hint);
}

int command_fail(const struct command_line *line, enum exit_status status,
		 const struct error *e)
{
	print_error(line->command->name, e);
	return status;
}

int command_usage(const struct command_line *line, const char *fmt, ...)
{
	struct error e = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.message, sizeof(e.message), fmt, ap);
	va_end(ap);
	error_hint(&e, "see powercut %s --help", line->command->name);
	return command_fail(line, EXIT_USAGE, &e);
}

static int unknown_command(const struct subcommand *const all[], const char *name)
{
	size_t n = count_commands(all);
	const char **names = xcalloc(n + 1, sizeof(*names));
	const char *near;
	struct error e;

	for (size_t i = 0; i < n; i++)
		names[i] = all[i]->name;
	near = nearest_word(name, names);
	error_set(&e, EINVAL, "unknown %s '%s'",
		  *name == '-' ? "option" : "command", name);
	if (near)
		error_hint(&e, "did you mean powercut %s?", near);
	else
		error_hint(&e, "powercut help lists the commands");
	print_error(NULL, &e);
	free(names);
	return EXIT_USAGE;
}

static int print_help(const struct subcommand *c)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	help_command(c, &b);
	fputs(buf_text(&b), stdout);
	return EXIT_EXPECTED;
}

static int print_overview(const struct subcommand *const all[], FILE *to)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	help_overview(all, &b);
	fputs(buf_text(&b), to);
	return to == stdout ? EXIT_EXPECTED : EXIT_USAGE;
}

static int run_help(const struct command_line *line)
{
	const struct subcommand *c;

	if (line->n_args == 0)
		return print_overview(line->commands, stdout);
	c = find_command(line->commands, line->args[0]);
	return c ? print_help(c) :
		   unknown_command(line->commands, line->args[0]);
}

static int run_version(const struct command_line *line)
{
	printf(line->json ? "{\"version\": \"%s\"}\n" : "powercut %s\n",
	       POWERCUT_VERSION);
	return EXIT_EXPECTED;
}

static int run_command(const struct subcommand *c,
		       const struct subcommand *const all[], int argc,
		       char **argv)
{
	struct command_line line = { 0 };
	struct error e;
	int status;

	if (options_parse(c, argc, argv, &line, &e)) {
		if (!e.hint[0])
			error_hint(&e, "see powercut %s --help", c->name);
		print_error(c->name, &e);
		return EXIT_USAGE;
	}
	line.commands = all;
	status = line.help ? print_help(c) : c->run(&line);
	options_release(&line);
	return status;
}

static int dispatch(const struct subcommand *const all[], int argc, char **argv)
{
	const struct subcommand *c;

	if (argc < 2)
		return print_overview(all, stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return run_command(&cmd_help, all, argc - 2, argv + 2);
	if (!strcmp(argv[1], "--version"))
		return run_command(&cmd_version, all, argc - 2, argv + 2);
	c = find_command(all, argv[1]);
	if (!c)
		return unknown_command(all, argv[1]);
	return run_command(c, all, argc - 2, argv + 2);
}

int commands_main(const struct subcommand *const commands[], int argc,
		  char **argv)
{
	CLEANUP_FREE const struct subcommand **all = all_commands(commands);
	int status = dispatch(all, argc, argv);

	/* A result that did not reach its reader was not delivered. */
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "powercut: cannot write standard output: %s\n",
			strerror(errno));
		return EXIT_HARNESS;
	}
	return status;
}

static const char *const help_examples[] = { "powercut help",
					     "powercut help run", NULL };

const struct subcommand cmd_help = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.about = "Shows the commands, or the options of one command.",
	.max_args = 1,
	.examples = help_examples,
	.run = run_help,
};

static const char *const version_examples[] = { "powercut version",
						 "powercut version --json",
						 NULL };

const struct subcommand cmd_version = {
	.name = "version",
	.synopsis = "",
	.about = "Prints powercut's version.",
	.examples = version_examples,
	.run = run_version,
};

/*
 * The command line as tables: one struct subcommand per subcommand, one struct
 * option_spec per option. Parsing, --help, the shell completion and the check
 * that the manual pages are complete all come from the same tables.
 *
 * A command in three parts:
 *
 *	struct run_options { uint64_t seed; const char *junit; int live; };
 *
 *	static const struct option_spec options[] = {
 *		{ .name = "seed", .letter = 's', .argument = "N",
 *		  .help = "Decides every random choice.",
 *		  .type = OPTION_COUNT, .fallback = "1",
 *		  .offset = offsetof(struct run_options, seed) },
 *		...
 *		{ 0 }
 *	};
 *
 *	static int run(const struct command_line *line)
 *	{
 *		const struct run_options *o = line->options;
 *		...line->args[0]...
 *		return EXIT_EXPECTED;
 *	}
 *
 *	const struct subcommand cmd_run = {
 *		.name = "run", .synopsis = "SCENARIO...", ...
 *		.options = options, .options_size = sizeof(struct run_options),
 *		.min_args = 1, .max_args = -1, .run = run,
 *	};
 *
 * and main.c: return commands_main(commands, argc, argv) with a
 * NULL-terminated list of them. The commands help, version and completion,
 * and the options --help and --json of every command, come with it.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "cmd/exit.h"

struct buf;
struct error;

/* Also says what stands at the option's offset. */
enum option_type {
	OPTION_FLAG,     /* int, 1 when given; takes no argument */
	OPTION_STRING,   /* const char *, points into argv */
	OPTION_COUNT,    /* uint64_t, a whole number */
	OPTION_JOBS,     /* uint64_t, 1 to 256, or "cores": one per processor */
	OPTION_SIZE,     /* uint64_t, bytes (common/quantity.h) */
	OPTION_DURATION, /* uint64_t, ns (common/quantity.h) */
	OPTION_LIST,     /* struct option_list; may be given many times */
};

struct option_list {
	const char **items; /* NULL-terminated; NULL when n is 0 */
	size_t n;
};

struct option_spec {
	const char *name; /* without dashes; NULL ends the table */
	char letter;      /* of the short form, or 0 */
	/* What --help calls the argument; NULL exactly for flags. With a '|'
	 * in it ("text|json") it lists the only words that are accepted. */
	const char *argument;
	const char *help; /* one or two sentences */
	enum option_type type;
	size_t offset; /* in the command's options struct */
	/* The default as it would be typed; --help shows it. NULL: zero. */
	const char *fallback;
};

struct command_line;

struct subcommand {
	const char *name;
	const char *synopsis; /* of what follows the options, "" for nothing */
	const char *about;    /* the first sentence stands in the overview */
	const struct option_spec *options; /* at most 64; NULL: none */
	size_t options_size;               /* of the struct; 0: none */
	int min_args, max_args;            /* max_args -1: any number */
	const char *const *examples;       /* NULL-terminated, or NULL */
	/* Returns an enum exit_status. */
	int (*run)(const struct command_line *line);
};

/* What a command's run function gets. Borrowed, valid until it returns. */
struct command_line {
	const struct subcommand *command;
	const struct subcommand *const *commands; /* all there are */
	const void *options; /* the command's struct, filled; NULL if none */
	char **args;         /* positional arguments, NULL-terminated */
	int n_args;
	int json; /* --json */
	int help; /* --help; commands_main has handled it */
	uint64_t given; /* bit n: options[n] was on the command line */
};

/* Whether the option was on the command line, not just a default. */
int option_given(const struct command_line *line, const char *name);

/* Prints "powercut NAME: message" and the hint on stderr; returns status. */
int command_fail(const struct command_line *line, enum exit_status status,
		 const struct error *e);
/* The same for a message of the command's own; returns EXIT_USAGE. */
int command_usage(const struct command_line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Parses, runs, returns the exit status for main. */
int commands_main(const struct subcommand *const commands[], int argc,
		  char **argv);

/*
 * The parts, for tests.
 *
 * argv here starts behind the command's name, is NULL-terminated, and is
 * permuted so that ret->args points to its positional arguments. Options and
 * arguments may be mixed; "--" ends the options. -EINVAL: the error says what
 * is wrong and ret needs no release.
 */
int options_parse(const struct subcommand *c, int argc, char **argv,
		  struct command_line *ret, struct error *e);
void options_release(struct command_line *line);

/* The options that every command has; ends with a NULL name. */
extern const struct option_spec common_options[];

/* Text of `powercut help`, `powercut help NAME`. */
void help_overview(const struct subcommand *const commands[], struct buf *ret);
void help_command(const struct subcommand *c, struct buf *ret);

/* `powercut completion bash`: a script to source. */
void completion_bash(const struct subcommand *const commands[], struct buf *ret);
/* `powercut completion --list`: COMMAND<TAB>OPTION<TAB>LETTER<TAB>ARGUMENT,
 * one line per option, "-" for what there is not. */
void completion_list(const struct subcommand *const commands[], struct buf *ret);

extern const struct subcommand cmd_help, cmd_version, cmd_completion;

#endif

/*
 * Shell completion, from the command tables.
 *
 * The script holds the words of each command as data and one small function
 * that looks at the word in front of the cursor. Arguments of options
 * complete to their choices where the table lists them, else to file names.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/options.h"
#include "common/buf.h"
#include "common/cleanup.h"

static const char script_head[] =
	"# bash completion for powercut; made by `powercut completion bash`.\n"
	"_powercut()\n"
	"{\n"
	"\tlocal word=$2 previous=$3 command= words= choices= i\n"
	"\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t-*) ;;\n"
	"\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tCOMPREPLY=()\n"
	"\tcase $command in\n";

static const char script_tail[] =
	"\tesac\n"
	"\tif [[ -n $choices && $word != -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$word\")\n"
	"\telif [[ $word == -* || -z $command ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	"\tfi\n"
	"}\n"
	"complete -o default -F _powercut powercut ./powercut\n";

static void add_words(struct buf *b, const struct option_spec *s)
{
	for (; s && s->name; s++)
		buf_printf(b, " --%s", s->name);
}

/* What may follow an option that has choices. */
static void add_choices(struct buf *b, const struct option_spec *s)
{
	for (; s && s->name; s++) {
		if (!s->argument || !strchr(s->argument, '|'))
			continue;
		buf_printf(b, "\t\t[[ $previous == --%s ", s->name);
		if (s->letter)
			buf_printf(b, "|| $previous == -%c ", s->letter);
		buf_puts(b, "]] && choices='");
		for (const char *p = s->argument; *p; p++)
			buf_add(b, *p == '|' ? " " : p, 1);
		buf_puts(b, "'\n");
	}
}

static void add_names(struct buf *b, const struct subcommand *const commands[])
{
	for (; *commands; commands++)
		buf_printf(b, " %s", (*commands)->name);
}

static void add_command(struct buf *b, const struct subcommand *c,
			const struct subcommand *const commands[])
{
	buf_printf(b, "\t%s)\n\t\twords='", c->name);
	add_words(b, c->options);
	add_words(b, common_options);
	buf_puts(b, "'\n");
	add_choices(b, c->options);
	if (c == &cmd_help) {
		buf_puts(b, "\t\tchoices='");
		add_names(b, commands);
		buf_puts(b, "'\n");
	}
	buf_puts(b, "\t\t;;\n");
}

void completion_bash(const struct subcommand *const commands[], struct buf *ret)
{
	buf_puts(ret, script_head);
	buf_puts(ret, "\t'')\n\t\twords='--help --version");
	add_names(ret, commands);
	buf_puts(ret, "' ;;\n");
	for (size_t i = 0; commands[i]; i++)
		add_command(ret, commands[i], commands);
	buf_puts(ret, script_tail);
}

static void list_options(struct buf *b, const char *command,
			 const struct option_spec *s)
{
	for (; s && s->name; s++)
		buf_printf(b, "%s\t%s\t%c\t%s\n", command, s->name,
			   s->letter ? s->letter : '-',
			   s->argument ? s->argument : "-");
}

void completion_list(const struct subcommand *const commands[], struct buf *ret)
{
	for (; *commands; commands++) {
		list_options(ret, (*commands)->name, (*commands)->options);
		list_options(ret, (*commands)->name, common_options);
	}
}

struct completion_options {
	int list;
};

static const struct option_spec options[] = {
	{ .name = "list",
	  .help = "Print every command and option as tab-separated lines.",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct completion_options, list) },
	{ 0 },
};

static int run(const struct command_line *line)
{
	const struct completion_options *o = line->options;
	CLEANUP_BUF struct buf b = BUF_INIT;

	if (o->list)
		completion_list(line->commands, &b);
	else if (line->n_args == 0 || !strcmp(line->args[0], "bash"))
		completion_bash(line->commands, &b);
	else
		return command_usage(line, "no completion for '%s', only bash",
				     line->args[0]);
	fputs(buf_text(&b), stdout);
	return EXIT_EXPECTED;
}

static const char *const examples[] = {
	"source <(./powercut completion bash)",
	"powercut completion bash >/etc/bash_completion.d/powercut",
	NULL,
};

const struct subcommand cmd_completion = {
	.name = "completion",
	.synopsis = "[bash]",
	.about = "Prints the script that completes powercut's commands and "
		 "options in the shell.",
	.options = options,
	.options_size = sizeof(struct completion_options),
	.max_args = 1,
	.examples = examples,
	.run = run,
};

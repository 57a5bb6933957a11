/* The text of --help, from the command tables. */
#include <string.h>

#include "cmd/options.h"
#include "common/buf.h"
#include "common/cleanup.h"

#define WIDTH 79
#define HELP_COLUMN 26

/* Adds text broken at blanks. The cursor stands at `column` already; further
 * lines start at `indent`. A newline in the text starts a new line. */
static void fill(struct buf *b, const char *text, size_t column, size_t indent)
{
	int first = 1;

	while (*text) {
		size_t len = strcspn(text, " \n");

		if (!first && column + 1 + len > WIDTH) {
			buf_printf(b, "\n%*s", (int)indent, "");
			column = indent;
			first = 1;
		}
		if (!first) {
			buf_puts(b, " ");
			column++;
		}
		buf_add(b, text, len);
		column += len;
		first = 0;
		text += len;
		if (*text == '\n') {
			buf_printf(b, "\n%*s", (int)indent, "");
			column = indent;
			first = 1;
		}
		text += *text != '\0';
	}
	buf_puts(b, "\n");
}

static void pad(struct buf *b, size_t start, size_t column)
{
	size_t width = b->len - start;

	if (width + 2 > column) {
		buf_puts(b, "\n");
		width = 0;
	}
	buf_printf(b, "%*s", (int)(column - width), "");
}

static void help_option(const struct option_spec *s, struct buf *b)
{
	size_t start = b->len;
	char *text;

	if (s->letter)
		buf_printf(b, "  -%c, --%s", s->letter, s->name);
	else
		buf_printf(b, "      --%s", s->name);
	if (s->argument)
		buf_printf(b, " %s", s->argument);
	pad(b, start, HELP_COLUMN);
	text = xasprintf("%s%s%s%s%s", s->help,
			 s->type == OPTION_LIST ? " May be repeated." : "",
			 s->fallback ? " [default: " : "",
			 s->fallback ? s->fallback : "",
			 s->fallback ? "]" : "");
	fill(b, text, HELP_COLUMN, HELP_COLUMN);
	cleanup_free(&text);
}

void help_command(const struct subcommand *c, struct buf *ret)
{
	buf_printf(ret, "Usage: powercut %s [OPTION...]%s%s\n\n", c->name,
		   *c->synopsis ? " " : "", c->synopsis);
	fill(ret, c->about, 0, 0);
	buf_puts(ret, "\nOptions:\n");
	for (const struct option_spec *s = c->options; s && s->name; s++)
		help_option(s, ret);
	for (const struct option_spec *s = common_options; s->name; s++)
		help_option(s, ret);
	if (!c->examples)
		return;
	buf_puts(ret, "\nExamples:\n");
	for (const char *const *x = c->examples; *x; x++)
		buf_printf(ret, "  %s\n", *x);
}

static size_t first_sentence(const char *text)
{
	const char *end = strstr(text, ". ");

	return end ? (size_t)(end - text) + 1 : strcspn(text, "\n");
}

void help_overview(const struct subcommand *const commands[], struct buf *ret)
{
	buf_puts(ret,
		 "Usage: powercut COMMAND [OPTION...] [ARGUMENT...]\n\n"
		 "After a power cut, is everything the program promised still "
		 "there?\n\nCommands:\n");
	for (; *commands; commands++) {
		const char *about = (*commands)->about;
		char *text = xasprintf("%.*s", (int)first_sentence(about),
				       about);
		size_t start = ret->len;

		buf_printf(ret, "  %s", (*commands)->name);
		pad(ret, start, 14);
		fill(ret, text, 14, 14);
		cleanup_free(&text);
	}
	buf_puts(ret,
		 "\nExit status: 0 every verdict is as expected, 1 one is not, "
		 "2 unknown or\nvacuous, 3 the harness failed, 4 usage, 130 "
		 "interrupted.\n\n"
		 "powercut help COMMAND shows the options of a command.\n");
}

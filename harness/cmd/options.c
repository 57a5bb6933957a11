/* Parsing of one command's options from its table. */
#include "cmd/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/nearest.h"
#include "common/quantity.h"

#define JOBS_MAX 256

/* Offsets of these are in struct command_line. */
const struct option_spec common_options[] = {
	{ .name = "json", .help = "Print results as JSON, one object per line.",
	  .type = OPTION_FLAG, .offset = offsetof(struct command_line, json) },
	{ .name = "help", .letter = 'h', .help = "Show this text.",
	  .type = OPTION_FLAG, .offset = offsetof(struct command_line, help) },
	{ 0 },
};

/* An option and the memory that its offset counts from. */
struct target {
	const struct option_spec *spec; /* NULL: there is no such option */
	void *base;
	uint64_t bit;
};

static int matches(const struct option_spec *s, const char *name, size_t len,
		   char letter)
{
	if (letter)
		return s->letter == letter;
	return strlen(s->name) == len && !memcmp(s->name, name, len);
}

/* By letter, or by name of len bytes where letter is 0. */
static struct target find(struct command_line *l, const char *name, size_t len,
			  char letter)
{
	const struct option_spec *s = l->command->options;

	for (size_t i = 0; s && s[i].name; i++)
		if (matches(&s[i], name, len, letter))
			return (struct target){ &s[i], (void *)l->options,
						1ULL << i };
	for (s = common_options; s->name; s++)
		if (matches(s, name, len, letter))
			return (struct target){ s, l, 0 };
	return (struct target){ 0 };
}

static size_t count_specs(const struct option_spec *s)
{
	size_t n = 0;

	while (s && s[n].name)
		n++;
	return n;
}

static int unknown_option(const struct subcommand *c, const char *name, size_t len,
			  struct error *e)
{
	size_t n = count_specs(c->options), m = count_specs(common_options);
	const char **names = xcalloc(n + m + 1, sizeof(*names));
	char *word = xasprintf("%.*s", (int)len, name);
	const char *near;

	for (size_t i = 0; i < n; i++)
		names[i] = c->options[i].name;
	for (size_t i = 0; i < m; i++)
		names[n + i] = common_options[i].name;
	near = nearest_word(word, names);
	error_set(e, EINVAL, "unknown option --%s", word);
	if (near)
		error_hint(e, "did you mean --%s?", near);
	free(word);
	free(names);
	return -EINVAL;
}

static int is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (strcspn(p, "|") == len && !memcmp(p, value, len))
			return 1;
	}
	return 0;
}

static void list_add(struct option_list *list, const char *value)
{
	list->items = xrealloc(list->items,
			       (list->n + 2) * sizeof(*list->items));
	list->items[list->n++] = value;
	list->items[list->n] = NULL;
}

static int parse_jobs(const char *value, uint64_t *ret, struct error *e)
{
	uint64_t n = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);

	if (!strcmp(value, "cores")) {
		*ret = n < JOBS_MAX ? n : JOBS_MAX;
		return 0;
	}
	if (parse_count(value, &n, NULL) || !n || n > JOBS_MAX)
		return error_set(e, EINVAL, "'%s' is not 1 to %d, or cores",
				 value, JOBS_MAX);
	*ret = n;
	return 0;
}

static int store(const struct option_spec *s, void *base, const char *value,
		 struct error *e)
{
	void *at = (char *)base + s->offset;

	if (s->argument && strchr(s->argument, '|') &&
	    !is_choice(s->argument, value))
		return error_set(e, EINVAL, "'%s' is not one of %s", value,
				 s->argument);
	switch (s->type) {
	case OPTION_FLAG:
		*(int *)at = 1;
		return 0;
	case OPTION_STRING:
		*(const char **)at = value;
		return 0;
	case OPTION_COUNT:
		return parse_count(value, at, e);
	case OPTION_JOBS:
		return parse_jobs(value, at, e);
	case OPTION_SIZE:
		return parse_size(value, at, e);
	case OPTION_DURATION:
		return parse_duration(value, at, e);
	case OPTION_LIST:
		list_add(at, value);
		return 0;
	}
	return error_set(e, EINVAL, "option of an unknown type");
}

static int take(struct command_line *l, struct target t, const char *value,
		struct error *e)
{
	int r = store(t.spec, t.base, value, e);

	if (r)
		error_prefix(e, "option --%s", t.spec->name);
	else
		l->given |= t.bit;
	return r;
}

static int missing_value(const struct option_spec *s, struct error *e)
{
	return error_set(e, EINVAL, "option --%s needs %s", s->name,
			 s->argument);
}

/* --name, --name VALUE, --name=VALUE. next: the argument behind, or NULL;
 * *used is set when it was taken. */
static int parse_long(struct command_line *l, const char *text,
		      const char *next, int *used, struct error *e)
{
	size_t len = strcspn(text, "=");
	const char *value = text[len] ? text + len + 1 : NULL;
	struct target t = find(l, text, len, 0);

	if (!t.spec)
		return unknown_option(l->command, text, len, e);
	if (t.spec->type == OPTION_FLAG) {
		if (value)
			return error_set(e, EINVAL,
					 "option --%s takes no argument",
					 t.spec->name);
		return take(l, t, "", e);
	}
	if (!value) {
		if (!next)
			return missing_value(t.spec, e);
		value = next;
		*used = 1;
	}
	return take(l, t, value, e);
}

/* -a, -ab (flags), -nVALUE, -n VALUE. */
static int parse_letters(struct command_line *l, const char *text,
			 const char *next, int *used, struct error *e)
{
	for (; *text; text++) {
		struct target t = find(l, NULL, 0, *text);
		int r;

		if (!t.spec)
			return error_set(e, EINVAL, "unknown option -%c",
					 *text);
		if (t.spec->type != OPTION_FLAG) {
			if (text[1])
				return take(l, t, text + 1, e);
			if (!next)
				return missing_value(t.spec, e);
			*used = 1;
			return take(l, t, next, e);
		}
		r = take(l, t, "", e);
		if (r)
			return r;
	}
	return 0;
}

static int set_defaults(struct command_line *l, struct error *e)
{
	const struct option_spec *s = l->command->options;

	for (; s && s->name; s++) {
		int r = 0;

		if (s->fallback)
			r = store(s, (void *)l->options, s->fallback, e);
		if (r)
			return r;
	}
	return 0;
}

/* Positional arguments are moved to the front of argv. */
static int parse_all(struct command_line *l, int argc, char **argv,
		     struct error *e)
{
	int only_arguments = 0;

	for (int i = 0; i < argc; i++) {
		char *a = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		int used = 0, r = 0;

		if (only_arguments || a[0] != '-' || !a[1])
			argv[l->n_args++] = a;
		else if (!strcmp(a, "--"))
			only_arguments = 1;
		else if (a[1] == '-')
			r = parse_long(l, a + 2, next, &used, e);
		else
			r = parse_letters(l, a + 1, next, &used, e);
		if (r)
			return r;
		i += used;
	}
	argv[l->n_args] = NULL;
	return 0;
}

static int check_arguments(const struct command_line *l, struct error *e)
{
	const struct subcommand *c = l->command;

	if (l->help)
		return 0;
	if (l->n_args < c->min_args)
		return error_set(e, EINVAL, "missing argument, expected: %s",
				 c->synopsis);
	if (c->max_args >= 0 && l->n_args > c->max_args)
		return error_set(e, EINVAL, "unexpected argument '%s'",
				 l->args[c->max_args]);
	return 0;
}

int options_parse(const struct subcommand *c, int argc, char **argv,
		  struct command_line *ret, struct error *e)
{
	struct command_line l = { .command = c, .args = argv };
	int r;

	if (c->options_size)
		l.options = xcalloc(1, c->options_size);
	r = set_defaults(&l, e);
	if (!r)
		r = parse_all(&l, argc, argv, e);
	if (!r)
		r = check_arguments(&l, e);
	if (r) {
		options_release(&l);
		return r;
	}
	*ret = l;
	return 0;
}

void options_release(struct command_line *l)
{
	const struct option_spec *s = l->command->options;

	for (; s && s->name; s++)
		if (s->type == OPTION_LIST)
			free(((struct option_list *)((char *)l->options +
						     s->offset))->items);
	free((void *)l->options);
	l->options = NULL;
}

int option_given(const struct command_line *line, const char *name)
{
	const struct option_spec *s = line->command->options;

	for (size_t i = 0; s && s[i].name; i++)
		if (!strcmp(s[i].name, name))
			return line->given >> i & 1;
	return 0;
}

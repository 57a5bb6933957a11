#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ace/generate.h"
#include "ace/model.h"
#include "common/buf.h"

static int usage(struct error *e)
{
	return error_set(e, EINVAL,
			 "usage: [--lie] [--strict] [--here] --text TEXT | --suite "
			 "SUITE --pick NUMBER,... FOLDER");
}

/* What cannot run is said before anything does. */
static int check_all(const struct batch *b, struct error *e)
{
	struct ace_refusal r;
	struct ace_model *m;

	for (size_t i = 0; i < b->n; i++) {
		if (ace_model_run(&b->sequences[i], ACE_ALL, &m, &r))
			return ace_refused(&r, b->sequences[i].name, e);
		ace_model_free(m);
	}
	return 0;
}

static int pick(struct batch *b, unsigned operations, const char *list,
		struct error *e)
{
	char *end;

	for (;; list = end + 1) {
		unsigned long long number = strtoull(list, &end, 10);

		b->sequences = xrealloc(b->sequences,
					(b->n + 1) * sizeof(*b->sequences));
		if (end == list || (*end && *end != ',') ||
		    ace_generate(operations, number, &b->sequences[b->n]))
			return error_set(e, EINVAL, "there is no sequence %s",
					 list);
		b->n++;
		if (!*end)
			return 0;
	}
}

static int take_switch(const char *word, struct batch *b)
{
	const struct {
		const char *word;
		int *ret;
	} switches[] = {
		{ "--lie", &b->lie },
		{ "--strict", &b->strict },
		{ "--here", &b->here },
	};

	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
		if (!strcmp(word, switches[i].word))
			return *switches[i].ret = 1;
	return 0;
}

static int read_words(char **argv, struct batch *b, struct error *e)
{
	const char *suite = NULL, *list = NULL, *text = NULL;

	for (; *argv && !strncmp(*argv, "--", 2); argv++) {
		if (take_switch(*argv, b))
			continue;
		if (!argv[1])
			return usage(e);
		if (!strcmp(*argv, "--suite"))
			suite = *++argv;
		else if (!strcmp(*argv, "--pick"))
			list = *++argv;
		else if (!strcmp(*argv, "--text"))
			text = *++argv;
		else
			return usage(e);
	}
	if (!argv[0] || argv[1] || !text == !(suite && list))
		return usage(e);
	b->folder = argv[0];
	if (text)
		return ace_parse("sequence", "s", text, &b->sequences, &b->n,
				 e);
	if (!ace_suite_operations(suite))
		return usage(e);
	return pick(b, ace_suite_operations(suite), list, e);
}

int batch_read(int argc, char **argv, struct batch *ret, struct error *e)
{
	struct batch b = {0};
	int err = argc < 2 ? usage(e) : read_words(argv + 1, &b, e);

	if (!err && b.here && b.n > 1)
		err = error_set(e, EINVAL, "--here: one sequence, not %zu",
				b.n);
	if (!err)
		err = check_all(&b, e);
	if (err)
		batch_release(&b);
	else
		*ret = b;
	return err;
}

void batch_release(struct batch *b)
{
	free(b->sequences);
	b->sequences = NULL;
	b->n = 0;
}

char *batch_folder(const struct batch *b, const struct ace_sequence *s)
{
	return b->here ? xstrdup(b->folder) :
			 xasprintf("%s/%s", b->folder, s->name);
}

const struct ace_sequence *batch_find(const struct batch *b, const char *line,
				      unsigned *ret_point)
{
	size_t len = strcspn(line, " #\n");

	for (size_t i = 0; i < b->n; i++) {
		const char *name = b->sequences[i].name;

		if (strlen(name) != len || memcmp(name, line, len))
			continue;
		*ret_point =
			line[len] == '#'
				? (unsigned)strtoul(line + len + 1, NULL, 10)
				: 0;
		return &b->sequences[i];
	}
	return NULL;
}

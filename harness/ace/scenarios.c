/*
 * What a suite is made of is first a list of sequences, then scenarios. A
 * generated sequence travels to the guest as its number, a recipe as its text; that
 * has the root of the file system to itself, as in the test that it is from.
 */
#include "ace/scenarios.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ace/generate.h"
#include "ace/model.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "scenario/scenario.h"

#define RECIPES "ace-recipes"
#define SUFFIX ".ace"
#define STATES_PER_POINT 3

const char ace_suite_names[] = "ace-seq1, ace-seq2 or " RECIPES;

int ace_suite_exists(const char *suite)
{
	return ace_suite_operations(suite) || !strcmp(suite, RECIPES);
}

/* ---- which sequences ---- */

struct choice {
	uint64_t number; /* of a generated one */
	struct ace_sequence s;
};

struct choices {
	struct choice *list;
	size_t n;
};

static void add(struct choices *c, uint64_t number,
		const struct ace_sequence *s)
{
	if (!(c->n & (c->n - 1)))
		c->list = xrealloc(c->list, (c->n ? 2 * c->n : 1) *
						    sizeof(*c->list));
	c->list[c->n].number = number;
	c->list[c->n++].s = *s;
}

static void choose_all(unsigned operations, struct choices *ret)
{
	struct ace_sequence s;

	for (uint64_t i = 0; i < ace_numbers(operations); i++)
		if (!ace_generate(operations, i, &s))
			add(ret, i, &s);
}

static int by_number(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static int has(const struct choices *c, uint64_t number)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].number == number)
			return 1;
	return 0;
}

/* Most operations are on data: of those that have any, one in four is kept. */
static int is_kept(const struct ace_sequence *s, struct rng *rng)
{
	for (size_t i = s->n_setup; i < s->n; i++)
		if (s->ops[i].kind >= ACE_WRITE &&
		    s->ops[i].kind <= ACE_TRUNCATE)
			return !rng_below(rng, 4);
	return 1;
}

/* Draws until there are enough: what was drawn before is drawn again. Where more
 * are wanted than could be found so, all are taken. */
static void choose_some(unsigned operations, uint64_t n, uint64_t seed,
			struct choices *ret)
{
	struct rng rng = rng_init(seed);
	uint64_t numbers = ace_numbers(operations);
	struct ace_sequence s;

	for (uint64_t tries = 0; ret->n < n && tries < 100 * n; tries++) {
		uint64_t number = rng_below(&rng, numbers);

		if (!has(ret, number) &&
		    !ace_generate(operations, number, &s) &&
		    (operations == 1 || is_kept(&s, &rng)))
			add(ret, number, &s);
	}
	if (ret->n < n) {
		ret->n = 0;
		choose_all(operations, ret);
	}
	qsort(ret->list, ret->n, sizeof(*ret->list), by_number);
}

static int is_recipe(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       !strcmp(d->d_name + len - strlen(SUFFIX), SUFFIX);
}

static int check(const struct ace_sequence *s, const char *file,
		 struct error *e)
{
	struct ace_refusal r;
	struct ace_model *m;

	if (ace_model_run(s, ACE_ALL, &m, &r))
		return ace_refused(&r, file, e);
	ace_model_free(m);
	return 0;
}

static int read_recipe(const char *folder, const char *file,
		       struct choices *ret, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", folder, file);
	CLEANUP_FREE char *name = xasprintf(
		"%.*s", (int)(strlen(file) - strlen(SUFFIX)), file);
	CLEANUP_FREE struct ace_sequence *all = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	size_t n = 0;
	int err = file_read(path, &text, e);

	if (!err)
		err = ace_parse(path, name, buf_text(&text), &all, &n, e);
	for (size_t i = 0; i < n && !err; i++) {
		err = check(&all[i], path, e);
		add(ret, ret->n, &all[i]);
	}
	return err;
}

static int choose_recipes(const char *workload, struct choices *ret,
			  struct error *e)
{
	CLEANUP_FREE char *folder = xasprintf("%s/recipes", workload);
	struct dirent **names;
	int n = scandir(folder, &names, is_recipe, alphasort), err = 0;

	if (n < 0)
		return error_errno(e, errno, "cannot read folder %s", folder);
	for (int i = 0; i < n; i++) {
		if (!err)
			err = read_recipe(folder, names[i]->d_name, ret, e);
		free(names[i]);
	}
	free(names);
	return err;
}

static int choose(const struct ace_request *r, struct choices *ret,
		  struct error *e)
{
	unsigned operations = ace_suite_operations(r->suite);
	uint64_t sample = r->sample;

	if (!operations)
		return choose_recipes(r->folder, ret, e);
	if (!sample && operations > 1)
		sample = ACE_SAMPLE_DEFAULT;
	if (sample && sample != ACE_SAMPLE_ALL)
		choose_some(operations, sample, r->seed, ret);
	else
		choose_all(operations, ret);
	return 0;
}

/* ---- as scenarios ---- */

static void free_words(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

static char **words_of(const char *program, const char *const *middle,
		       size_t n)
{
	char **words = xcalloc(n + 3, sizeof(*words));

	words[0] = xstrdup(program);
	for (size_t i = 0; i < n; i++)
		words[i + 1] = xstrdup(middle[i]);
	words[n + 1] = xstrdup("/mnt");
	return words;
}

static void say_sequences(const struct ace_request *r,
			  const struct choice *first, size_t n,
			  struct scenario *s)
{
	CLEANUP_BUF struct buf list = BUF_INIT, text = BUF_INIT;
	const char *generated[] = { "--suite", r->suite, "--pick", NULL };
	const char *recipe[] = { "--here", "--text", NULL };
	int by_text = !ace_suite_operations(r->suite);

	for (size_t i = 0; i < n; i++) {
		buf_printf(&list, "%s%llu", i ? "," : "",
			   (unsigned long long)first[i].number);
		buf_printf(&text, "sequence %s; ", first[i].s.name);
		ace_sequence_text(&first[i].s, &text);
		buf_puts(&text, "\n");
	}
	generated[3] = buf_text(&list);
	recipe[2] = buf_text(&text);
	free_words(s->workload.run);
	free_words(s->check.run);
	s->workload.run = words_of("ace", by_text ? recipe : generated,
				   by_text ? 3 : 4);
	s->check.run = words_of("ace-check", by_text ? recipe : generated,
				by_text ? 3 : 4);
}

static uint64_t count_points(const struct choice *first, size_t n)
{
	uint64_t points = n;

	for (size_t i = 0; i < n; i++)
		for (size_t k = first[i].s.n_setup; k < first[i].s.n; k++)
			points += (uint64_t)ace_is_persistence(
				&first[i].s.ops[k]);
	return points;
}

/* Its path names no file: there is none to take a changed check from. */
static int make_scenario(const struct ace_request *r,
			 const struct choice *first, size_t n, size_t number,
			 struct scenario **ret, struct error *e)
{
	CLEANUP_FREE char *template =
		xasprintf("%s/scenario.yaml", r->folder);
	struct scenario *s;
	int err = scenario_load(template, &s, e);

	if (err)
		return err;
	free(s->name);
	free(s->about);
	free(s->path);
	s->name = n == 1 ? xasprintf("ace-%s", first->s.name) :
			   xasprintf("%s-%zu", r->suite, number + 1);
	s->about = n == 1 ? xstrdup("One sequence of operations.") :
			    xasprintf("%zu sequences of operations, %s to %s.",
				      n, first[0].s.name,
				      first[n - 1].s.name);
	s->path = xasprintf("%s/%s.yaml", r->folder, s->name);
	s->seed = r->seed;
	if (n > 1)
		s->states.budget = STATES_PER_POINT * count_points(first, n);
	s->workload.timeout_ns = 600000000000ULL;
	say_sequences(r, first, n, s);
	*ret = s;
	return 0;
}

static int make_all(const struct ace_request *r, const struct choices *c,
		    size_t batch, struct scenario ***ret, size_t *ret_n,
		    struct error *e)
{
	size_t n = (c->n + batch - 1) / batch;
	int err = 0;
	struct scenario **all = xcalloc(n + 1, sizeof(*all));

	for (size_t i = 0; i < n && !err; i++) {
		size_t from = i * c->n / n, to = (i + 1) * c->n / n;

		err = make_scenario(r, &c->list[from], to - from, i, &all[i],
				    e);
	}
	if (!err) {
		*ret = all;
		*ret_n = n;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		scenario_free(all[i]);
	free(all);
	return err;
}

int ace_scenarios(const struct ace_request *r, struct scenario ***ret,
		  size_t *ret_n, struct error *e)
{
	struct choices c = { 0 };
	size_t batch = r->batch ? r->batch : ACE_BATCH;
	int err = choose(r, &c, e);

	if (!ace_suite_operations(r->suite))
		batch = 1;
	if (!err)
		err = make_all(r, &c, batch, ret, ret_n, e);
	free(c.list);
	return err;
}

int ace_list(const struct ace_request *r, struct buf *ret, struct error *e)
{
	struct choices c = { 0 };
	int err = choose(r, &c, e);

	for (size_t i = 0; i < c.n && !err; i++) {
		buf_printf(ret, "%-24s ", c.list[i].s.name);
		ace_sequence_text(&c.list[i].s, ret);
		buf_puts(ret, "\n");
	}
	free(c.list);
	return err;
}

/*
 * Compares what powercut explores of a litmus run with what was written by
 * hand (workloads/litmus/tests.h): for each cut of the table the outcomes of
 * all states that are enumerated must be exactly the allowed ones, and there
 * must be as many of them as the space counts as legal. So it is with the default,
 * and with each strategy when nothing bounds it.
 *
 *	outcomes RUN-FOLDER       a line for each cut; exit 1 if one differs
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "run/run.h"
#include "workloads/litmus/tests.h"

#define DIGITS 4 /* values 0 to 3 */

/* The outcomes of one cut. */
struct explored {
	size_t test;
	const struct recorded *recorded;
	const char *image;
	struct buf list; /* each once, blank separated */
	size_t n;
	struct error e;
};

static void __attribute__((noreturn)) fail(const struct error *e)
{
	fprintf(stderr, "outcomes: %s\n", e->message);
	exit(2);
}

static int read_outcome(struct explored *x, const struct state *state,
			char *ret)
{
	static struct litmus_block blocks[LITMUS_BLOCKS];
	CLEANUP_CLOSE int fd = -1;
	int err;

	unlink(x->image);
	err = state_export(x->recorded->space, state, x->image, &x->e);
	if (err)
		return err;
	fd = open(x->image, O_RDONLY | O_CLOEXEC);
	err = fd < 0 ? -1 : pread_full(fd, blocks, sizeof(blocks),
				       x->test * LITMUS_STRIDE);
	if (err)
		return error_set(&x->e, EIO, "cannot read %s", x->image);
	litmus_outcome(x->test, blocks, ret);
	return 0;
}

static int take_state(struct state *state, void *arg)
{
	struct explored *x = arg;
	char outcome[LITMUS_BLOCKS + 1];
	int err = read_outcome(x, state, outcome);

	state_free(state);
	if (err || litmus_allows(buf_text(&x->list), outcome))
		return err;
	buf_printf(&x->list, "%s%s", x->list.len ? " " : "", outcome);
	x->n++;
	return 0;
}

/* Every outcome that there could be, allowed or not, against both sets. */
static int compare(struct explored *x, const char *allowed, size_t *ret_n)
{
	int n = litmus_blocks(&litmus_tests[x->test]);
	char outcome[LITMUS_BLOCKS + 1] = "";
	int differs = strchr(buf_text(&x->list), '?') != NULL;

	*ret_n = 0;
	for (unsigned i = 0; i < 1u << (2 * n); i++) {
		for (int b = 0; b < n; b++)
			outcome[b] = (char)('0' + (i >> (2 * b)) % DIGITS);
		*ret_n += (size_t)litmus_allows(allowed, outcome);
		differs |= litmus_allows(allowed, outcome) !=
			   litmus_allows(buf_text(&x->list), outcome);
	}
	return differs;
}

static uint64_t mark_position(const struct history *h, const char *test,
			      const char *place)
{
	CLEANUP_FREE char *text = xasprintf("%s %s", test, place);

	for (size_t i = 0; i < h->n_marks; i++)
		if (!strcmp(h->marks[i].text, text))
			return h->marks[i].position;
	fprintf(stderr, "outcomes: no mark '%s'\n", text);
	exit(2);
}

/* Of a cut of the table: behind a mark, or when a step was accepted. */
static uint64_t cut_position(const struct history *h, const char *test,
			     const char *at)
{
	uint64_t begin = mark_position(h, test, "begin");
	int step;

	if (*at != '@')
		return mark_position(h, test, at);
	step = atoi(at + 1);
	for (size_t i = 0; i < h->n_commands; i++)
		if (h->commands[i].submit > begin && !--step)
			return h->commands[i].submit;
	fprintf(stderr, "outcomes: no step %s in %s\n", at, test);
	exit(2);
}

/* how NULL: as a scenario without the key `states` does. */
static int check_cut(const struct recorded *r, size_t test,
		     const struct litmus_cut *c, int flushing,
		     const struct exploration *how, const char *image)
{
	const struct litmus *t = &litmus_tests[test];
	const char *allowed = litmus_set(c, flushing);
	struct explored x = { .test = test, .recorded = r, .image = image };
	struct error e = { 0 };
	struct cut cut;
	size_t n_allowed;
	double legal;
	int bad;

	CLEANUP_FREE char *name = xasprintf(
		"p%" PRIu64, cut_position(r->history, t->name, c->at));
	if (cut_parse(r->history, name, &cut, &e))
		fail(&e);
	if (space_enumerate(r->space, &cut, how, take_state, &x, &e))
		fail(x.e.message[0] ? &x.e : &e);
	legal = exp2(space_legal_log2(r->space, &cut));
	bad = compare(&x, allowed, &n_allowed);
	bad |= fabs(legal - (double)n_allowed) > 0.5 || x.n != n_allowed;
	printf("%s %s, cut %s%s%s: %zu outcomes\n", bad ? "DIFFERS" : "equal",
	       t->name, c->at, how ? ", " : "", how ? how->strategy : "", x.n);
	if (bad)
		printf("  explored: %s\n  allowed:  %s\n  legal:    %.0f\n",
		       buf_text(&x.list), allowed, legal);
	buf_free(&x.list);
	return bad;
}

static int check_all(const struct recorded *r, int flushing,
		     const struct exploration *how, const char *image)
{
	int bad = 0;

	for (size_t test = 0; test < LITMUS_TESTS; test++)
		for (int i = 0; i < LITMUS_CUTS; i++) {
			const struct litmus_cut *c =
				&litmus_tests[test].cuts[i];

			if (c->at)
				bad |= check_cut(r, test, c, flushing, how,
						 image);
		}
	return bad;
}

static int check_strategies(const struct recorded *r, int flushing,
			    const char *image)
{
	const char *name, *help;
	int numbered, bad = 0;

	for (size_t i = 0; strategy_info(i, &name, &numbered, &help); i++) {
		CLEANUP_FREE char *whole =
			xasprintf("%s%s", name, numbered ? "-1" : "");
		struct exploration how = { .strategy = whole,
					   .exhaustive = EXHAUSTIVE_MOST,
					   .seed = 1 };

		bad |= check_all(r, flushing, &how, image);
	}
	return bad;
}

int main(int argc, char **argv)
{
	struct scenario *s = NULL;
	struct recorded r = { 0 };
	struct error e = { 0 };
	char *path, *units, *image;
	int bad;

	if (argc != 2) {
		fprintf(stderr, "usage: outcomes RUN-FOLDER\n");
		return 4;
	}
	path = xasprintf("%s/scenario.yaml", argv[1]);
	units = xasprintf("%s/outcomes.units", argv[1]);
	image = xasprintf("%s/outcomes.img", argv[1]);
	if (scenario_load(path, &s, &e) ||
	    recorded_open(argv[1], "replay", s, units, &r, &e))
		fail(&e);
	bad = check_all(&r, s->drive.bus != BUS_NVME, NULL, image);
	bad |= check_strategies(&r, s->drive.bus != BUS_NVME, image);
	unlink(image);
	unlink(units);
	recorded_release(&r);
	scenario_free(s);
	free(path);
	free(units);
	free(image);
	return bad;
}

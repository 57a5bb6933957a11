#include "check/canary.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"

/* A canary that takes longer than this is judged once and never again. */
#define TOO_LONG_NS 5000000000ULL

static int wanted(void)
{
	const char *value = getenv("POWERCUT_CANARY");

	return !value || strcmp(value, "0");
}

static void add(struct canaries *c, const struct subject *s,
		struct cursor *cursor, const struct cut *cut,
		const char *survivors, const struct cut *promises)
{
	struct canary *canary = &c->list[c->n];

	if (cursor_state(cursor, cut, survivors, &canary->state, NULL))
		return;
	s->promises(s->promises_arg, promises, &canary->acks, &canary->begun);
	c->n++;
}

void canaries_none(struct canaries *c)
{
	*c = (struct canaries){ .n = 0 };
	pthread_mutex_init(&c->lock, NULL);
}

void canaries_init(struct canaries *c, const struct subject *subject,
		   const struct cut *first, const struct cut *last)
{
	struct cursor *cursor;

	canaries_none(c);
	if (!wanted())
		return;
	cursor = cursor_new(subject->space);
	add(c, subject, cursor, last, "all", last);
	add(c, subject, cursor, first, "none", last);
	cursor_free(cursor);
}

void canaries_release(struct canaries *c)
{
	for (int i = 0; i < c->n; i++) {
		state_free(&c->list[i].state);
		buf_free(&c->list[i].acks);
		buf_free(&c->list[i].begun);
	}
	free(c->unsure);
	pthread_mutex_destroy(&c->lock);
}

/* The harness could not tell, or the guest was lost. */
static int tells_nothing(const struct judgement *j)
{
	return (j->verdict == VERDICT_UNKNOWN && j->stage == STAGE_NONE) ||
	       j->stage == STAGE_KERNEL || j->stage == STAGE_HANG;
}

/* Whether that is what is known. */
static int compare(struct canaries *c, struct canary *canary,
		   const struct judgement *j)
{
	LOCKED(&c->lock);

	c->judged++;
	if (canary->is == CANARY_NEW) {
		canary->is = tells_nothing(j) || j->elapsed_ns > TOO_LONG_NS ?
				     CANARY_OFF :
				     CANARY_KNOWN;
		canary->verdict = j->verdict;
		canary->stage = j->stage;
	}
	return canary->is == CANARY_OFF || (canary->verdict == j->verdict &&
					    canary->stage == j->stage);
}

static int in_use(struct canaries *c, const struct canary *canary)
{
	LOCKED(&c->lock);

	return canary->is != CANARY_OFF;
}

int canaries_in_use(struct canaries *c)
{
	for (int i = 0; i < c->n; i++)
		if (in_use(c, &c->list[i]))
			return 1;
	return 0;
}

int canaries_ask(struct canaries *c, const struct checker_ops *ops,
		 void *checker)
{
	int good = 1;

	for (int i = 0; i < c->n && good; i++) {
		struct canary *canary = &c->list[i];
		struct judgement j = { 0 };
		int err;

		if (!in_use(c, canary))
			continue;
		err = ops->judge(checker, &canary->state, &canary->acks,
				 &canary->begun, &j);
		if (err)
			return err;
		good = compare(c, canary, &j);
		judgement_release(&j);
	}
	return good;
}

void canaries_give_up(struct canaries *c)
{
	LOCKED(&c->lock);

	for (int i = 0; i < c->n; i++)
		c->list[i].is = CANARY_OFF;
	if (!c->unsure)
		c->unsure = xasprintf("the check gives different verdicts on "
				      "the same state (%s:%s or %s:%s), in "
				      "fresh guests too",
				      c->list[0].state.cut.name,
				      c->list[0].state.survivors,
				      c->list[c->n - 1].state.cut.name,
				      c->list[c->n - 1].state.survivors);
}

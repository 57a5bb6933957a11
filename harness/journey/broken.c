/* Which promise a state breaks. */
#include "journey/trial.h"

#include <string.h>

static int promise_lost(const struct trial *t, const struct promise *p)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (promise_has(p, &t->j->operations[i]) && trial_lost(t, i))
			return 1;
	return 0;
}

static int promise_unknown(const struct trial *t, const struct promise *p)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (promise_has(p, &t->j->operations[i]) && trial_unknown(t, i))
			return 1;
	return trial_opaque_call(t->j, p->from_ns, p->until_ns) != NULL;
}

size_t broken_operations(const struct trial *t, const struct promise *p)
{
	size_t n = 0;

	for (size_t i = 0; i < t->j->n_operations; i++)
		n += promise_has(p, &t->j->operations[i]);
	return n;
}

/* No call carried it: nothing was done in between at all. */
static int promise_empty(const struct trial *t, const struct promise *p)
{
	return p->has_begin && !broken_operations(t, p) &&
	       !trial_opaque_call(t->j, p->from_ns, p->until_ns);
}

/* The first promise that the check names: what is missing stands in front. */
static const struct promise *named(const struct trial *t)
{
	const struct promise *first = NULL;
	const char *at = NULL;

	for (size_t i = 0; i < t->n_promises; i++) {
		const char *p = trial_find_word(t->q->message,
						t->promises[i].ack->mark->text);

		if (p && (!at || p < at)) {
			first = &t->promises[i];
			at = p;
		}
	}
	return first;
}

/* Of what was begun, and not promised yet, the check names one that is lost, in
 * front of all that was promised. */
int broken_is_not_promised(const struct trial *t)
{
	const struct promise *p = named(t);
	const char *promised =
		p ? trial_find_word(t->q->message, p->ack->mark->text) : NULL;

	for (size_t i = 0; promised && i < t->j->n_operations; i++) {
		const struct operation *o = &t->j->operations[i];
		const char *at = o->owner ?
			trial_find_word(t->q->message, o->owner->mark->text) :
			NULL;

		if (at && at < promised && trial_lost(t, i))
			return 1;
	}
	return 0;
}

static const struct promise *last_that(const struct trial *t,
				       int (*is)(const struct trial *t,
						 const struct promise *p))
{
	for (size_t i = t->n_promises; i-- > 0;)
		if (is(t, &t->promises[i]))
			return &t->promises[i];
	return NULL;
}

static int promise_broken(const struct trial *t, const struct promise *p)
{
	return promise_lost(t, p) || promise_empty(t, p);
}

/* The one that is named, if it can be; the last one that is broken for sure. */
const struct promise *broken_find(const struct trial *t)
{
	const struct promise *p = named(t);

	if (p && (promise_lost(t, p) || promise_unknown(t, p) ||
		  !broken_operations(t, p)))
		return p;
	return last_that(t, promise_broken);
}

const struct promise *broken_perhaps(const struct trial *t)
{
	return last_that(t, promise_unknown);
}

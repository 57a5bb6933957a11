#include "check/shares.h"

#include <stdlib.h>

#include "common/buf.h"

void shares_init(struct shares *s, unsigned workers, size_t items)
{
	*s = (struct shares){ .workers = workers };
	s->of = xcalloc(workers, sizeof(*s->of));
	for (unsigned i = 0; i < workers; i++) {
		s->of[i].next = items / workers * i +
				(i < items % workers ? i : items % workers);
		if (i)
			s->of[i - 1].end = s->of[i].next;
	}
	s->of[workers - 1].end = items;
}

void shares_release(struct shares *s)
{
	free(s->of);
	free(s->returned);
	*s = (struct shares){ 0 };
}

static size_t left_of(const struct share *s)
{
	return s->end - s->next;
}

static int steal(struct shares *s, struct share *thief)
{
	struct share *most = thief;
	size_t half;

	for (unsigned i = 0; i < s->workers; i++)
		if (left_of(&s->of[i]) > left_of(most))
			most = &s->of[i];
	if (!left_of(most))
		return 0;
	half = (left_of(most) + 1) / 2;
	thief->end = most->end;
	thief->next = most->end = most->end - half;
	return 1;
}

int shares_take(struct shares *s, unsigned worker, size_t *ret)
{
	struct share *own = &s->of[worker];

	if (!left_of(own) && s->n_returned) {
		*ret = s->returned[--s->n_returned];
		return 1;
	}
	if (!left_of(own) && !steal(s, own))
		return 0;
	*ret = own->next++;
	return 1;
}

void shares_give_back(struct shares *s, size_t item)
{
	s->returned = xrealloc(s->returned,
			       (s->n_returned + 1) * sizeof(*s->returned));
	s->returned[s->n_returned++] = item;
}

size_t shares_left(const struct shares *s)
{
	size_t n = s->n_returned;

	for (unsigned i = 0; i < s->workers; i++)
		n += left_of(&s->of[i]);
	return n;
}

void shares_clear(struct shares *s)
{
	for (unsigned i = 0; i < s->workers; i++)
		s->of[i].next = s->of[i].end;
	s->n_returned = 0;
}

#include "journey/trial.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

static int is_lost(const struct standing *s)
{
	return s->at >= AT_CALL && s->at <= AT_DRIVE;
}

/* Of that call something is lost. */
static int call_lost(const struct trial *t, const struct call *c)
{
	for (size_t i = 0; i < t->j->n_operations; i++)
		if (t->j->operations[i].call == c && is_lost(&t->standings[i]))
			return 1;
	return 0;
}

/* Still asked for at the cut: also where a rename put another file into its
 * place and is lost itself, for then it stands there again. */
static int is_wanted(const struct trial *t, const struct operation *o)
{
	return o->gone_ns > t->media.guest_ns ||
	       (o->replaced_by && call_lost(t, o->replaced_by));
}

void trial_open(struct trial *t)
{
	const struct journey *j = t->j;

	t->standings = xcalloc(j->n_operations + 1, sizeof(*t->standings));
	t->wanted = xcalloc(j->n_operations + 1, sizeof(*t->wanted));
	for (size_t i = 0; i < j->n_operations; i++)
		t->standings[i] = operation_standing(&t->media,
						     &j->operations[i]);
	for (size_t i = 0; i < j->n_operations; i++)
		t->wanted[i] = is_wanted(t, &j->operations[i]) != 0;
}

void trial_close(struct trial *t)
{
	free(t->standings);
	free(t->wanted);
}

int trial_lost(const struct trial *t, size_t i)
{
	return is_lost(&t->standings[i]) && t->wanted[i];
}

int trial_unknown(const struct trial *t, size_t i)
{
	return t->standings[i].at == NOT_KNOWN && t->wanted[i];
}

/* ---- texts ---- */

static int is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

const char *trial_find_word(const char *in, const char *text)
{
	size_t length = strlen(text);

	if (!in || !length)
		return NULL;
	for (const char *p = strstr(in, text); p; p = strstr(p + 1, text))
		if ((p == in || !is_word(p[-1])) && !is_word(p[length]))
			return p;
	return NULL;
}

#define TAG_LEAST 3 /* bytes: a shorter one is in too much */

/* The number of the text: what stands behind its last blank or dash. */
static const char *tag_of(const char *text)
{
	const char *blank = strrchr(text, ' '), *dash = strrchr(text, '-');
	const char *last = blank > dash ? blank : dash;

	return last && strlen(last + 1) >= TAG_LEAST ? last + 1 : text;
}

static int head_has(const struct call *c, const char *text)
{
	size_t length = strlen(text);

	return length >= TAG_LEAST && c->kind == CALL_WRITE &&
	       memmem(c->head, c->head_length, text, length) != NULL;
}

int trial_carries(const struct operation *o, const char *text)
{
	return o->kind == OPERATION_WRITE &&
	       (head_has(o->call, text) || head_has(o->call, tag_of(text)));
}

/* The name of a file whose bytes carry it. */
static int names_what_carries(const struct trial *t, const struct operation *o,
			      const char *text)
{
	for (size_t i = 0;
	     o->inode && o->kind == OPERATION_NAME && i < t->j->n_operations;
	     i++)
		if (t->j->operations[i].inode == o->inode &&
		    trial_carries(&t->j->operations[i], text))
			return 1;
	return 0;
}

int trial_has_words(const struct trial *t, const struct operation *o)
{
	const char *text = t->broken->ack->mark->text;

	return trial_carries(o, text) || names_what_carries(t, o, text);
}

/* ---- what is not seen ---- */

const struct call *trial_opaque_call(const struct journey *j, uint64_t from_ns,
				     uint64_t until_ns)
{
	for (size_t i = 0; i < j->in.calls->n; i++) {
		const struct call *c = &j->in.calls->calls[i];

		if (c->kind == CALL_OPAQUE && c->enter_ns >= from_ns &&
		    c->enter_ns <= until_ns)
			return c;
	}
	return NULL;
}

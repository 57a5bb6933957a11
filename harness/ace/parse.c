/*
 * The text of sequences, read strictly: one statement after another, each word
 * checked where it stands.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ace/sequence.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/nearest.h"

#define WORDS_MAX 6

struct word {
	char text[ACE_PATH_MAX];
	unsigned column;
};

struct parser {
	const char *file, *name;
	const char *at;		      /* the text still to be read */
	unsigned line, column;	      /* of `at` */
	struct word words[WORDS_MAX]; /* of the statement */
	size_t n_words;
	unsigned statement_line;
	struct ace_sequence *all;
	size_t n;
	int begun; /* the current sequence had its `begin` */
	struct error *e;
};

static int __attribute__((format(printf, 3, 4)))
bad(struct parser *p, unsigned column, const char *fmt, ...)
{
	char message[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return error_set(p->e, EINVAL, "%s:%u:%u: %s", p->file,
			 p->statement_line, column, message);
}

/* ---- words ---- */

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\t' || *p->at == '\r') {
		p->at++;
		p->column++;
	}
	if (*p->at != '#')
		return;
	while (*p->at && *p->at != '\n')
		p->at++;
}

static int read_word(struct parser *p)
{
	size_t len = strcspn(p->at, " \t\r\n;#");
	struct word *w = &p->words[p->n_words];

	if (p->n_words == WORDS_MAX)
		return bad(p, p->column, "'%.*s' is too much", (int)len, p->at);
	if (len >= sizeof(w->text))
		return bad(p, p->column, "a word has at most %zu characters",
			   sizeof(w->text) - 1);
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)p->at[i]))
			return bad(p, p->column + (unsigned)i,
				   "byte 0x%02x has no place here",
				   (unsigned char)p->at[i]);
	memcpy(w->text, p->at, len);
	w->text[len] = '\0';
	w->column = p->column;
	p->n_words++;
	p->at += len;
	p->column += (unsigned)len;
	return 0;
}

/* Reads to the end of a statement. */
static int read_statement(struct parser *p)
{
	int err = 0;

	p->n_words = 0;
	p->statement_line = p->line;
	for (skip_blanks(p); *p->at && *p->at != '\n' && *p->at != ';' && !err;
	     skip_blanks(p))
		err = read_word(p);
	if (err || !*p->at)
		return err;
	p->column = *p->at == '\n' ? 1 : p->column + 1;
	p->line += *p->at == '\n';
	p->at++;
	return 0;
}

/* ---- what words mean ---- */

static int is_name(const char *text, size_t len)
{
	if (!len || (len == 1 && *text == '.') ||
	    (len == 2 && !memcmp(text, "..", 2)))
		return 0;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("._-", text[i]))
			return 0;
	return 1;
}

static int check_path(struct parser *p, const struct word *w)
{
	const char *from = w->text;

	if (!strcmp(from, "."))
		return 0;
	for (;;) {
		size_t len = strcspn(from, "/");

		if (!is_name(from, len))
			return bad(p, w->column,
				   "'%s': expected a relative path of names "
				   "with letters, digits, '.', '-', '_'",
				   w->text);
		if (!from[len])
			return 0;
		from += len + 1;
	}
}

static int take_name(struct parser *p, const struct word *w, const char *what)
{
	return is_name(w->text, strlen(w->text))
		       ? 0
		       : bad(p, w->column, "'%s' is no name of %s", w->text,
			     what);
}

static int take_number(struct parser *p, const struct word *w, uint32_t *ret)
{
	size_t digits = strspn(w->text, "0123456789");
	unsigned long n = strtoul(w->text, NULL, 10);

	if (!digits || w->text[digits] || digits > 7 || n > ACE_FILE_MAX)
		return bad(p, w->column,
			   "'%s': expected a number of bytes, at most %u",
			   w->text, ACE_FILE_MAX);
	*ret = (uint32_t)n;
	return 0;
}

static int take_mode(struct parser *p, const struct word *w, struct ace_op *op)
{
	for (int i = 0; i < ACE_FALLOCS; i++) {
		if (strcmp(w->text, ace_falloc_names[i]))
			continue;
		op->mode = (enum ace_falloc)i;
		return 0;
	}
	return bad(p, w->column,
		   "'%s': expected alloc, keep, zero, zero-keep or punch",
		   w->text);
}

static int take_path(struct parser *p, const struct word *w, char *ret)
{
	strcpy(ret, w->text);
	return check_path(p, w);
}

static int take_word(struct parser *p, enum ace_word what, const struct word *w,
		     struct ace_op *op)
{
	switch (what) {
	case ACE_PATH_OR_FD:
		strcpy(op->path, w->text);
		if (w->text[0] != '@')
			return check_path(p, w);
		return is_name(w->text + 1, strlen(w->text + 1))
			       ? 0
			       : bad(p, w->column, "'%s' is no open file",
				     w->text);
	case ACE_PATH:
		return take_path(p, w, op->path);
	case ACE_SECOND_PATH:
		return take_path(p, w, op->other);
	case ACE_TARGET:
		strcpy(op->other, w->text);
		return 0;
	case ACE_HANDLE:
		strcpy(op->other, w->text);
		return take_name(p, w, "an open file");
	case ACE_ATTRIBUTE:
		strcpy(op->other, w->text);
		return take_name(p, w, "an attribute");
	case ACE_VALUE:
		strcpy(op->value, w->text);
		return 0;
	case ACE_MODE:
		return take_mode(p, w, op);
	case ACE_OFFSET:
		return take_number(p, w, &op->offset);
	case ACE_LENGTH:
		return take_number(p, w, &op->length);
	case ACE_END:
		break;
	}
	return 0;
}

/* What the words alone do not say. */
static int check_range(struct parser *p, const struct ace_op *op)
{
	if (op->offset > ACE_FILE_MAX - op->length)
		return bad(p, p->words[0].column, "the range ends behind %u",
			   ACE_FILE_MAX);
	if (op->kind != ACE_TRUNCATE && !op->length &&
	    ace_op_types[op->kind].words[1] != ACE_END &&
	    (op->kind == ACE_WRITE || op->kind == ACE_DWRITE ||
	     op->kind == ACE_MMAPWRITE || op->kind == ACE_FALLOC))
		return bad(p, p->words[0].column, "the range is empty");
	if (op->kind == ACE_DWRITE && (op->offset % 4096 || op->length % 4096))
		return bad(p, p->words[0].column,
			   "dwrite takes multiples of 4096");
	return 0;
}

/* ---- statements ---- */

static int find_kind(struct parser *p, enum ace_kind *ret)
{
	const char *names[ACE_KINDS + 3] = {NULL};
	const char *near;

	for (int i = 0; i < ACE_KINDS; i++) {
		names[i] = ace_op_types[i].name;
		if (strcmp(p->words[0].text, names[i]))
			continue;
		*ret = (enum ace_kind)i;
		return 0;
	}
	names[ACE_KINDS] = "begin";
	names[ACE_KINDS + 1] = "sequence";
	near = nearest_word(p->words[0].text, names);
	return bad(p, p->words[0].column, "there is no operation '%s'%s%s%s",
		   p->words[0].text, near ? "; did you mean " : "",
		   near ? near : "", near ? "?" : "");
}

static int read_op(struct parser *p, struct ace_op *op)
{
	const struct ace_op_type *t;
	size_t n = 1;
	int err = find_kind(p, &op->kind);

	if (err)
		return err;
	t = &ace_op_types[op->kind];
	op->line = p->statement_line;
	op->column = p->words[0].column;
	for (const enum ace_word *w = t->words; *w != ACE_END && !err; w++) {
		if (n == p->n_words)
			return bad(p, op->column, "expected: %s %s", t->name,
				   t->usage);
		err = take_word(p, *w, &p->words[n++], op);
	}
	if (!err && n < p->n_words)
		return bad(p, p->words[n].column, "expected: %s%s%s", t->name,
			   *t->usage ? " " : "", t->usage);
	return err ? err : check_range(p, op);
}

static struct ace_sequence *current(struct parser *p)
{
	if (!p->n) {
		p->all = xcalloc(1, sizeof(*p->all));
		snprintf(p->all->name, sizeof(p->all->name), "%s", p->name);
		p->n = 1;
		p->begun = 0;
	}
	return &p->all[p->n - 1];
}

static int add_op(struct parser *p)
{
	struct ace_sequence *s = current(p);
	struct ace_op op = {0};
	int err = read_op(p, &op);

	if (err)
		return err;
	if (s->n == ACE_OPS_MAX)
		return bad(p, op.column, "a sequence has at most %d operations",
			   ACE_OPS_MAX);
	s->ops[s->n++] = op;
	return 0;
}

static int begin(struct parser *p)
{
	struct ace_sequence *s = current(p);

	if (p->n_words > 1)
		return bad(p, p->words[1].column, "begin stands alone");
	if (p->begun)
		return bad(p, p->words[0].column, "a second begin");
	for (size_t i = 0; i < s->n; i++)
		if (s->ops[i].kind == ACE_OPEN)
			return bad(p, p->words[0].column,
				   "what is opened before begin is closed "
				   "then: open it behind begin");
	p->begun = 1;
	s->n_setup = s->n;
	return 0;
}

/* A sequence must be able to promise something. */
static int finish(struct parser *p)
{
	const struct ace_sequence *s;

	if (!p->n)
		return 0;
	s = &p->all[p->n - 1];
	for (size_t i = s->n_setup; i < s->n; i++)
		if (ace_is_persistence(&s->ops[i]))
			return 0;
	p->statement_line = p->line;
	return bad(p, 1,
		   "sequence %s has no fsync, fdatasync, sync or syncfs%s",
		   s->name, p->begun ? " behind begin" : "");
}

static int new_sequence(struct parser *p)
{
	struct ace_sequence *s;
	int err;

	if (p->n_words != 2)
		return bad(p, p->words[0].column, "expected: sequence NAME");
	err = take_name(p, &p->words[1], "a sequence");
	if (!err)
		err = finish(p);
	if (err)
		return err;
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->all[i].name, p->words[1].text))
			return bad(p, p->words[1].column,
				   "there are two sequences %s",
				   p->words[1].text);
	p->all = xrealloc(p->all, (p->n + 1) * sizeof(*p->all));
	s = &p->all[p->n++];
	*s = (struct ace_sequence){.n = 0};
	strcpy(s->name, p->words[1].text);
	p->begun = 0;
	return 0;
}

static int take_statement(struct parser *p)
{
	if (!p->n_words)
		return 0;
	if (!strcmp(p->words[0].text, "sequence"))
		return new_sequence(p);
	if (!strcmp(p->words[0].text, "begin"))
		return begin(p);
	return add_op(p);
}

int ace_parse(const char *file, const char *name, const char *text,
	      struct ace_sequence **ret, size_t *ret_n, struct error *e)
{
	struct parser p = {.file = file,
			   .name = name,
			   .at = text,
			   .line = 1,
			   .column = 1,
			   .e = e};
	int err = 0;

	while (*p.at && !err) {
		err = read_statement(&p);
		if (!err)
			err = take_statement(&p);
	}
	if (!err && !p.n)
		err = error_set(e, EINVAL, "%s:1:1: there is no operation",
				file);
	if (!err)
		err = finish(&p);
	if (err) {
		free(p.all);
		return err;
	}
	*ret = p.all;
	*ret_n = p.n;
	return 0;
}

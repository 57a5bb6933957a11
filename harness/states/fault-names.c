/* Names of faults in names of states: the grammar is in states.h. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "states/faults.h"

static const char *const examples[FAULT_COUNT] = {
	[FAULT_BIT_CORRUPTION] = "bits=118.3/1234",
	[FAULT_SHORN] = "shorn=118.0",
	[FAULT_FLYING] = "flying=118/16",
	[FAULT_UNSERIALIZABLE] = "unserial=117",
	[FAULT_METADATA] = "rollback=w64",
	[FAULT_READ_ONLY] = "read-only",
	[FAULT_GONE] = "gone",
};

char *fault_split(const char *survivors, const char **ret_fault)
{
	const char *plus = strchr(survivors, '+');

	*ret_fault = plus ? plus + 1 : NULL;
	if (!plus)
		return xstrdup(survivors);
	return xasprintf("%.*s", (int)(plus - survivors), survivors);
}

/* ---- reading ---- */

struct reader {
	const char *at;
	int failed;
};

static void expect(struct reader *r, char c)
{
	if (!r->failed && *r->at == c)
		r->at++;
	else
		r->failed = 1;
}

static uint64_t number(struct reader *r)
{
	uint64_t n = 0;

	if (!isdigit((unsigned char)*r->at))
		r->failed = 1;
	for (; !r->failed && isdigit((unsigned char)*r->at); r->at++)
		r->failed = __builtin_mul_overflow(n, 10, &n) ||
			    __builtin_add_overflow(
				    n, (uint64_t)(*r->at - '0'), &n);
	return n;
}

static int64_t signed_number(struct reader *r)
{
	int minus = *r->at == '-';
	uint64_t n;

	r->at += minus;
	n = number(r);
	if (n > INT64_MAX)
		r->failed = 1;
	return r->failed ? 0 : minus ? -(int64_t)n : (int64_t)n;
}

/* What stands behind the word. */
static void read_numbers(const struct state_space *s, struct reader *r,
			 struct fault_at *f)
{
	if (f->kind == FAULT_READ_ONLY || f->kind == FAULT_GONE)
		return;
	expect(r, '=');
	if (f->kind == FAULT_METADATA)
		expect(r, 'w');
	f->write = number(r);
	if (f->kind == FAULT_BIT_CORRUPTION || f->kind == FAULT_SHORN) {
		expect(r, '.');
		f->unit = number(r);
	}
	if (f->kind == FAULT_METADATA && s->model.faults.region) {
		expect(r, '/');
		f->region = number(r);
	}
	if (f->kind == FAULT_BIT_CORRUPTION) {
		expect(r, '/');
		f->bit = number(r);
	}
	if (f->kind == FAULT_FLYING) {
		expect(r, '/');
		f->distance = signed_number(r);
	}
}

static enum fault find_word(const char *text)
{
	size_t len = strcspn(text, "=");

	for (int k = FAULT_NONE + 1; k < FAULT_COUNT; k++)
		if (strlen(fault_word((enum fault)k)) == len &&
		    !strncmp(fault_word((enum fault)k), text, len))
			return (enum fault)k;
	return FAULT_NONE;
}

int fault_parse(const struct state_space *s, const char *text,
		struct fault_at *ret, struct error *e)
{
	struct fault_at f = { .kind = find_word(text) };
	struct reader r = { text + strcspn(text, "="), 0 };

	if (f.kind == FAULT_NONE)
		return error_set(e, EINVAL, "'+%.40s' is not a fault: expected "
				 "bits, shorn, flying, unserial, rollback, "
				 "read-only or gone", text);
	if (!s->model.faults.count[f.kind])
		return error_set(e, EINVAL, "'+%.40s' is not a state of this "
				 "drive: the scenario has no drive.faults.%s%s",
				 text, fault_key(f.kind),
				 f.kind == FAULT_READ_ONLY ? ": read-only" :
				 f.kind == FAULT_GONE	   ? ": gone" :
							     "");
	read_numbers(s, &r, &f);
	if (r.failed || *r.at)
		return error_set(e, EINVAL, "'+%.40s' is not a fault: expected "
				 "%s%s", text, examples[f.kind],
				 f.kind == FAULT_METADATA &&
				 s->model.faults.region ? "/3" : "");
	*ret = f;
	return 0;
}

/* ---- writing ---- */

char *fault_name(const struct state_space *s, const struct fault_at *f)
{
	struct buf b = BUF_INIT;

	buf_puts(&b, fault_word(f->kind));
	if (f->kind == FAULT_READ_ONLY || f->kind == FAULT_GONE)
		return buf_take(&b);
	buf_printf(&b, "=%s%" PRIu64, f->kind == FAULT_METADATA ? "w" : "",
		   f->write);
	if (f->kind == FAULT_BIT_CORRUPTION || f->kind == FAULT_SHORN)
		buf_printf(&b, ".%" PRIu64, f->unit);
	if (f->kind == FAULT_BIT_CORRUPTION)
		buf_printf(&b, "/%" PRIu64, f->bit);
	if (f->kind == FAULT_FLYING)
		buf_printf(&b, "/%" PRId64, f->distance);
	if (f->kind == FAULT_METADATA && s->model.faults.region)
		buf_printf(&b, "/%" PRIu64, f->region);
	return buf_take(&b);
}

/* ---- in words ---- */

static void describe(const struct state_space *s, const struct fault_at *f,
		     struct buf *b)
{
	const struct fault_model *m = &s->model.faults;

	switch (f->kind) {
	case FAULT_BIT_CORRUPTION:
		buf_printf(b, "in unit %" PRIu64 " of write %" PRIu64
			   " %" PRIu32 " %s inverted, from bit %" PRIu64
			   " on", f->unit, f->write, m->bits,
			   m->bits > 1 ? "bits are" : "bit is", f->bit);
		return;
	case FAULT_SHORN:
		buf_printf(b, "of unit %" PRIu64 " of write %" PRIu64 " only "
			   "the first %" PRIu32 " bytes were written", f->unit,
			   f->write, m->keep);
		return;
	case FAULT_FLYING:
		buf_printf(b, "write %" PRIu64 " landed %" PRIu64 " bytes %s "
			   "its place, where the old content stayed", f->write,
			   m->distance, f->distance < 0 ? "before" : "behind");
		return;
	case FAULT_UNSERIALIZABLE:
		buf_printf(b, "write %" PRIu64 " is lost though it was "
			   "durable, and what came after it is not",
			   f->write);
		return;
	case FAULT_METADATA:
		if (m->region)
			buf_printf(b, "in region %" PRIu64 " of %" PRIu64
				   " bytes ", f->region, m->region);
		buf_printf(b, "the mapping table rolled back to what it was "
			   "%s", f->write ? "at write " : "at the start");
		if (f->write)
			buf_printf(b, "%" PRIu64, f->write);
		return;
	case FAULT_READ_ONLY:
		buf_puts(b, "the drive reads, but refuses every write");
		return;
	case FAULT_GONE:
		buf_puts(b, "the drive refuses every command");
		return;
	default:
		return;
	}
}

int space_fault_sentence(struct state_space *s, const char *name,
			 struct buf *ret, struct error *e)
{
	const char *plus = strchr(name, '+');
	struct fault_at f;
	int err;

	if (!plus)
		return 0;
	err = fault_parse(s, plus + 1, &f, e);
	if (!err)
		describe(s, &f, ret);
	return err;
}

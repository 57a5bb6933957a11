/*
 * Adding to a store: rows gather in a transaction, which ends after
 * COMMIT_ROWS rows or COMMIT_NS, so that little is lost with the writer and
 * little time goes into commits.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "internal.h"

#define COMMIT_ROWS 200
#define COMMIT_NS 500000000ULL

/*
 * Adding the same cut, state or mark again replaces it: a state that is judged
 * once more in a fresh guest has one verdict, the last.
 */
static const char *const sql_text[SQL_COUNT] = {
	[SQL_SET] = "INSERT OR REPLACE INTO run VALUES (?, ?)",
	[SQL_GET] = "SELECT value FROM run WHERE key = ?",
	[SQL_CUT] = "INSERT OR REPLACE INTO cut"
		    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		    " ?, ?)",
	[SQL_STATE] = "INSERT OR REPLACE INTO state (source, cut, survivors,"
		      " hash, lost, fault, verdict, stage, message, detail,"
		      " elapsed_ns, pattern, equal, equal_to, lost_ns)"
		      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		      " nullif(?, -1))",
	[SQL_FORGET_EQUAL] =
		"DELETE FROM state WHERE source = ? AND equal <> ''",
	[SQL_MARK] = "INSERT OR REPLACE INTO mark VALUES (?, ?, ?, ?, ?)",
	[SQL_CAUSE] = "INSERT OR REPLACE INTO cause"
		      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		      " ?, ?)",
	[SQL_EVENT] = "INSERT OR REPLACE INTO event VALUES (?,?,?,?,?,?,?,?,?)",
};

static int kept(struct store *s, enum statement which, sqlite3_stmt **ret,
		struct error *e)
{
	int rc = SQLITE_OK;

	if (!s->kept[which])
		rc = sqlite3_prepare_v3(s->db, sql_text[which], -1,
					SQLITE_PREPARE_PERSISTENT,
					&s->kept[which], NULL);
	if (rc != SQLITE_OK)
		return store_failed(s, rc, "cannot use", e);
	*ret = s->kept[which];
	return 0;
}

static int begin(struct store *s, struct error *e)
{
	int err;

	if (!s->writable)
		return error_set(e, EROFS, "%s is open for reading only",
				 s->path);
	/* SQLite itself ends a transaction on some errors: ask it. */
	if (!sqlite3_get_autocommit(s->db))
		return 0;
	err = store_exec(s, "BEGIN IMMEDIATE", e);
	if (err == 0) {
		s->rows = 0;
		s->begun_ns = now_ns();
	}
	return err;
}

int store_commit(struct store *s, struct error *e)
{
	if (sqlite3_get_autocommit(s->db))
		return 0;
	s->rows = 0;
	return store_exec(s, "COMMIT", e);
}

/*
 * Values for a statement: t text (NULL is SQL NULL), T text (NULL is ""), u
 * uint64_t, n uint64_t or SQL NULL for UINT64_MAX, l int64_t, d double, i int.
 * The texts must live until the statement was stepped.
 */
static int bind(struct store *s, sqlite3_stmt *st, struct error *e,
		const char *types, ...)
{
	int rc = SQLITE_OK;
	va_list ap;

	va_start(ap, types);
	for (int i = 1; *types && rc == SQLITE_OK; i++, types++) {
		const char *text;
		uint64_t n;

		switch (*types) {
		case 't':
		case 'T':
			text = va_arg(ap, const char *);
			if (!text && *types == 'T')
				text = "";
			rc = sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
			break;
		case 'i':
			rc = sqlite3_bind_int(st, i, va_arg(ap, int));
			break;
		case 'l':
			rc = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
			break;
		case 'd':
			rc = sqlite3_bind_double(st, i, va_arg(ap, double));
			break;
		default:
			n = va_arg(ap, uint64_t);
			if (n == UINT64_MAX && *types == 'n')
				break; /* unbound: NULL */
			rc = n > INT64_MAX ? SQLITE_RANGE :
					     sqlite3_bind_int64(
						     st, i, (int64_t)n);
		}
	}
	va_end(ap);
	if (rc == SQLITE_RANGE)
		return error_set(e, ERANGE, "cannot store a number over 2^63 "
				 "in %s", s->path);
	return rc == SQLITE_OK ? 0 : store_failed(s, rc, "cannot write", e);
}

/* Runs a statement that returns no rows. The bindings are forgotten. */
static int run(struct store *s, sqlite3_stmt *st, struct error *e)
{
	int rc = sqlite3_step(st);
	int err = 0;

	if (rc != SQLITE_DONE)
		err = store_failed(s, rc, "cannot write", e);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return err;
}

static int run_row(struct store *s, sqlite3_stmt *st, struct error *e)
{
	int err = run(s, st, e);

	if (err < 0)
		return err;
	s->rows++;
	if (s->rows < COMMIT_ROWS && now_ns() - s->begun_ns < COMMIT_NS)
		return 0;
	return store_commit(s, e);
}

int store_set(struct store *s, const char *key, const char *value,
	      struct error *e)
{
	sqlite3_stmt *st = NULL;
	int err = begin(s, e);

	if (err == 0)
		err = kept(s, SQL_SET, &st, e);
	if (err == 0)
		err = bind(s, st, e, "tt", key, value);
	if (err == 0)
		err = run(s, st, e);
	return err < 0 ? err : store_commit(s, e);
}

int store_setf(struct store *s, struct error *e, const char *key,
	       const char *fmt, ...)
{
	CLEANUP_FREE char *value = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&value, fmt, ap);
	va_end(ap);
	if (len < 0) {
		value = NULL; /* its content is undefined after a failure */
		return error_set(e, ENOMEM, "cannot format the value of %s",
				 key);
	}
	return store_set(s, key, value, e);
}

char *store_get(struct store *s, const char *key)
{
	sqlite3_stmt *st = NULL;
	char *value = NULL;

	if (kept(s, SQL_GET, &st, NULL) < 0 ||
	    bind(s, st, NULL, "t", key) < 0)
		return NULL;
	if (sqlite3_step(st) == SQLITE_ROW)
		value = xstrdup(store_column(st, 0));
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return value;
}

char *store_get_of(const char *run_dir, const char *key)
{
	CLEANUP_FREE char *path = xasprintf("%s/results.sqlite", run_dir);
	struct store *store;
	char *value;

	if (store_open(path, &store, NULL))
		return NULL;
	value = store_get(store, key);
	store_close(store);
	return value;
}

static int reached(const struct store_cut *c, enum store_reach where)
{
	return (c->reach & 1u << where) != 0;
}

int store_add_cut(struct store *s, const struct store_cut *c, struct error *e)
{
	sqlite3_stmt *st = NULL;
	int err;

	if (!isfinite(c->legal_log2) || c->legal_log2 < 0)
		return error_set(e, EINVAL, "cut %s: log2 of its legal states "
				 "is %g, which no number of states has",
				 c->name, c->legal_log2);
	err = begin(s, e);
	if (err == 0)
		err = kept(s, SQL_CUT, &st, e);
	if (err == 0)
		err = bind(s, st, e, "ttuuduuuuuitiiiiii", c->source, c->name,
			   c->position, c->volatile_writes, c->legal_log2,
			   c->acks, c->begun, c->states, c->equal, c->left_out,
			   c->more, c->legal, c->complete, c->losses,
			   reached(c, STORE_REACH_BEGIN_ACK),
			   reached(c, STORE_REACH_WRITE_FLUSH),
			   reached(c, STORE_REACH_JOURNAL),
			   reached(c, STORE_REACH_RECOVERY));
	return err < 0 ? err : run_row(s, st, e);
}

static const char *equal_word(enum store_equal how)
{
	return how == STORE_EQUAL_UNREAD    ? "unread" :
	       how == STORE_EQUAL_RECOVERED ? "recovered" :
					      "";
}

int store_add_state(struct store *s, const struct store_state *state,
		    struct error *e)
{
	const char *message = state->message ? state->message : "";
	CLEANUP_FREE char *pattern = NULL;
	sqlite3_stmt *st = NULL;
	int err = begin(s, e);

	if (state->verdict == VERDICT_VIOLATED ||
	    state->verdict == VERDICT_LOSES)
		pattern = store_pattern(message);
	if (err == 0)
		err = kept(s, SQL_STATE, &st, e);
	if (err == 0)
		err = bind(s, st, e, "ttttutttttutttl", state->source, state->cut,
			   state->survivors, state->hash, state->lost,
			   state->fault ? state->fault : "",
			   verdict_name(state->verdict),
			   stage_name(state->stage), message, state->detail,
			   state->elapsed_ns, pattern,
			   equal_word(state->equal), state->equal_to,
			   state->verdict == VERDICT_LOSES ?
				   (int64_t)state->lost_ns :
				   (int64_t)-1);
	return err < 0 ? err : run_row(s, st, e);
}

int store_forget_equal(struct store *s, const char *source, struct error *e)
{
	sqlite3_stmt *st = NULL;
	int err = begin(s, e);

	if (err == 0)
		err = kept(s, SQL_FORGET_EQUAL, &st, e);
	if (err == 0)
		err = bind(s, st, e, "t", source);
	return err < 0 ? err : run_row(s, st, e);
}

int store_add_mark(struct store *s, const struct store_mark *m,
		   struct error *e)
{
	sqlite3_stmt *st = NULL;
	int err = begin(s, e);

	if (err == 0)
		err = kept(s, SQL_MARK, &st, e);
	if (err == 0)
		err = bind(s, st, e, "tuutt", m->source, m->position,
			   m->number, m->kind, m->text);
	return err < 0 ? err : run_row(s, st, e);
}

int store_add_cause(struct store *s, const struct store_cause *c,
		    struct error *e)
{
	sqlite3_stmt *st = NULL;
	int err = begin(s, e);

	if (err == 0)
		err = kept(s, SQL_CAUSE, &st, e);
	if (err == 0)
		err = bind(s, st, e, "ttuTTTuuTuTlTuTTu", c->source, c->state,
			   (uint64_t)c->layer, c->sentence, c->missing, c->file,
			   c->offset, c->length, c->operation, c->call,
			   c->program, c->thread, c->promise, c->promise_mark,
			   c->stack, c->doubt, c->cut_ns);
	return err < 0 ? err : run_row(s, st, e);
}

int store_add_event(struct store *s, const struct store_event *ev,
		    struct error *e)
{
	sqlite3_stmt *st = NULL;
	int err = begin(s, e);

	if (err == 0)
		err = kept(s, SQL_EVENT, &st, e);
	if (err == 0)
		err = bind(s, st, e, "tutunnTTT", ev->source, ev->number,
			   store_lane_name(ev->lane), ev->start_ns,
			   ev->end_ns ? ev->end_ns : UINT64_MAX, ev->position,
			   ev->kind, ev->label, ev->pieces);
	return err < 0 ? err : run_row(s, st, e);
}

/* Reading a store: totals and rows. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/big.h"
#include "common/error.h"
#include "internal.h"

/* Rows with their number in column `column`; text that is none of the names
 * cannot get past the table's CHECK, unless the file was forged. */
static enum verdict verdict_of(const char *name)
{
	if (!strcmp(name, "held"))
		return VERDICT_HELD;
	if (!strcmp(name, "loses"))
		return VERDICT_LOSES;
	return strcmp(name, "violated") ? VERDICT_UNKNOWN : VERDICT_VIOLATED;
}

static enum stage stage_of(const char *name)
{
	for (int i = STAGE_NONE; i <= STAGE_CHECK; i++)
		if (!strcmp(name, stage_name((enum stage)i)))
			return (enum stage)i;
	return STAGE_NONE;
}

static enum store_equal equal_of(const char *word)
{
	return !strcmp(word, "unread")	  ? STORE_EQUAL_UNREAD :
	       !strcmp(word, "recovered") ? STORE_EQUAL_RECOVERED :
					    STORE_EQUAL_NOT;
}

static uint64_t number(sqlite3_stmt *st, int column)
{
	return (uint64_t)sqlite3_column_int64(st, column);
}

/*
 * log2 of the sum of 2^x over the cuts. The terms do not fit in any number
 * (2^4000 states at one cut are usual), so the largest is taken out first:
 * m + log2(sum of 2^(x - m)). No cuts, no states: log2(0).
 */
static int legal_log2(struct store *s, double *ret, struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	double sum = 0, max = -INFINITY;
	int err = store_query(s, "SELECT legal_log2 FROM cut "
				 "ORDER BY legal_log2 DESC", &st, e);
	int rc;

	if (err < 0)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		double x = sqlite3_column_double(st, 0);

		if (sum == 0)
			max = x;
		sum += exp2(x - max);
	}
	if (rc != SQLITE_DONE)
		return store_failed(s, rc, "cannot read", e);
	*ret = sum == 0 ? -INFINITY : max + log2(sum);
	return 0;
}

/* Column by column into the numbers; the query gives one row. */
static int sums(struct store *s, const char *sql, uint64_t *const ret[],
		int n, struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int err = store_query(s, sql, &st, e);
	int rc;

	if (err < 0)
		return err;
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return store_failed(s, rc, "cannot read", e);
	for (int i = 0; i < n; i++)
		*ret[i] = number(st, i);
	return 0;
}

int store_totals(struct store *s, struct store_totals *ret, struct error *e)
{
	struct store_totals t = { 0 };
	uint64_t *const of_cuts[] = { &t.cuts, &t.states_enumerated,
				      &t.states_equal, &t.interesting_cuts,
				      &t.cuts_complete, &t.cuts_more,
				      (uint64_t *)&t.losses, &t.reach[0],
				      &t.reach[1], &t.reach[2], &t.reach[3] };
	uint64_t *const of_states[] = {
		&t.states_checked, &t.states_equal_unread,
		&t.states_equal_recovered, &t.held, &t.violated, &t.unknown,
		&t.loses
	};
	uint64_t *const others[] = { &t.findings, &t.acks };
	int err = sums(s,
		       "SELECT count(*), sum(states), sum(equal),"
		       " sum(volatile_writes > 0 OR acks > 0 OR begun > 0),"
		       " sum(complete), sum(more),"
		       " coalesce(min(CASE WHEN losses < volatile_writes"
		       "  THEN losses END), max(volatile_writes)),"
		       " sum(between_begin_and_ack),"
		       " sum(between_write_and_flush),"
		       " sum(inside_journal_commit), sum(inside_recovery)"
		       " FROM cut",
		       of_cuts, 11, e);

	if (err == 0)
		err = sums(s,
			   "SELECT sum(equal = ''), sum(equal = 'unread'),"
			   " sum(equal = 'recovered'),"
			   " sum(verdict = 'held'),"
			   " sum(verdict = 'violated'),"
			   " sum(verdict = 'unknown'),"
			   " sum(verdict = 'loses') FROM state",
			   of_states, 7, e);
	if (err == 0)
		err = sums(s,
			   "SELECT (SELECT count(*) FROM finding),"
			   " (SELECT count(*) FROM mark WHERE kind = 'ack')",
			   others, 2, e);
	if (err == 0)
		err = legal_log2(s, &t.states_legal_log2, e);
	if (err == 0)
		*ret = t;
	return err;
}

int store_legal(struct store *s, char **ret, struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, err = store_query(s, "SELECT legal FROM cut", &st, e);
	struct big sum = big_of(0);

	if (err < 0)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct big n = big_parse(
			(const char *)sqlite3_column_text(st, 0));

		big_add(&sum, &n);
	}
	if (rc != SQLITE_DONE)
		return store_failed(s, rc, "cannot read", e);
	*ret = big_text(&sum);
	return 0;
}

int store_cuts(struct store *s,
	       int (*fn)(const struct store_cut_row *c, void *arg), void *arg,
	       struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, err = store_query(
		s,
		"SELECT c.source, c.name, position, volatile_writes,"
		" legal_log2, acks, begun, states, c.equal, left_out, more,"
		" legal, complete, losses, between_begin_and_ack"
		" + 2 * between_write_and_flush + 4 * inside_journal_commit"
		" + 8 * inside_recovery,"
		" sum(s.equal = ''), sum(s.equal <> ''), sum(verdict = 'held'), sum(verdict = 'violated'),"
		" sum(verdict = 'unknown'), sum(verdict = 'loses')"
		" FROM cut c LEFT JOIN state s"
		" ON s.source = c.source AND s.cut = c.name"
		" GROUP BY c.source, c.name"
		" ORDER BY c.source <> 'replay',"
		" CAST(substr(c.source, 6) AS INTEGER), c.source,"
		" position, c.name",
		&st, e);

	if (err < 0)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_cut_row row = {
			.cut = { store_column(st, 0), store_column(st, 1),
				 number(st, 2), number(st, 3),
				 sqlite3_column_double(st, 4), number(st, 5),
				 number(st, 6), number(st, 7), number(st, 8),
				 number(st, 9), sqlite3_column_int(st, 10),
				 (const char *)sqlite3_column_text(st, 11),
				 sqlite3_column_int(st, 12),
				 sqlite3_column_int(st, 13),
				 (unsigned)sqlite3_column_int(st, 14) },
			.checked = number(st, 15),
			.equal_reads = number(st, 16),
			.held = number(st, 17),
			.violated = number(st, 18),
			.unknown = number(st, 19),
			.loses = number(st, 20),
		};

		err = fn(&row, arg);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : store_failed(s, rc, "cannot read", e);
}

int store_bad_states(struct store *s, uint64_t limit,
		     int (*fn)(const struct store_state *state, void *arg),
		     void *arg, struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, err = store_query(
		s,
		"SELECT s.source, s.cut, survivors, hash, lost, fault, verdict,"
		" stage, message, detail, elapsed_ns, lost_ns, s.equal,"
		" equal_to"
		" FROM state s LEFT JOIN cut c"
		" ON s.source = c.source AND s.cut = c.name"
		" WHERE verdict <> 'held'"
		" ORDER BY verdict <> 'violated', verdict = 'loses',"
		" fault <> '', lost, position, id LIMIT ?",
		&st, e);

	if (err < 0)
		return err;
	sqlite3_bind_int64(st, 1, limit > INT64_MAX ? -1 : (int64_t)limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_state row = {
			store_column(st, 0), store_column(st, 1),
			store_column(st, 2), store_column(st, 3),
			number(st, 4), store_column(st, 5),
			verdict_of(store_column(st, 6)),
			stage_of(store_column(st, 7)), store_column(st, 8),
			store_column(st, 9), number(st, 10),
			number(st, 11), equal_of(store_column(st, 12)),
			(const char *)sqlite3_column_text(st, 13),
		};

		err = fn(&row, arg);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : store_failed(s, rc, "cannot read", e);
}

int store_marks(struct store *s, uint64_t limit,
		int (*fn)(const struct store_mark *m, void *arg), void *arg,
		struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, err = store_query(s,
				  "SELECT source, position, number, kind, text"
				  " FROM mark ORDER BY source <> 'replay',"
				  " CAST(substr(source, 6) AS INTEGER), source,"
				  " position LIMIT ?",
				  &st, e);

	if (err < 0)
		return err;
	sqlite3_bind_int64(st, 1, limit > INT64_MAX ? -1 : (int64_t)limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_mark row = {
			store_column(st, 0), number(st, 1), number(st, 2),
			store_column(st, 3), store_column(st, 4),
		};

		err = fn(&row, arg);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : store_failed(s, rc, "cannot read", e);
}

/* Columns of a finding before those of its cause. */
#define FINDING_COLUMNS 12

int store_findings(struct store *s,
		   int (*fn)(const struct store_finding *f, void *arg),
		   void *arg, struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int rc, err = store_query(
		s,
		"SELECT f.number, s.stage, s.message, s.pattern,"
		" CASE s.source WHEN 'replay' THEN '' ELSE s.source || '/' END"
		"  || s.cut || ':' || s.survivors,"
		" CASE WHEN s.fault <> ''"
		"   THEN 'drive, beyond its contract: ' || s.fault"
		"  WHEN s.lost = 0 THEN 'above the drive (layers 1-5)'"
		"  ELSE 'drive cache (layer 6)' END,"
		" s.detail, f.states, s.lost, s.fault, s.verdict, f.lost_ns,"
		" " STORE_CAUSE_COLUMNS
		" FROM finding f JOIN state s ON s.id = f.state"
		" LEFT JOIN cause c ON c.source = s.source"
		"  AND c.state = s.cut || ':' || s.survivors"
		" ORDER BY f.number",
		&st, e);

	if (err < 0)
		return err;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_cause cause;
		char layer[64];
		struct store_finding row = {
			.number = number(st, 0),
			.stage = stage_of(store_column(st, 1)),
			.message = (char *)store_column(st, 2),
			.pattern = (char *)store_column(st, 3),
			.state = (char *)store_column(st, 4),
			.layer = (char *)store_column(st, 5),
			.detail = (char *)store_column(st, 6),
			.states = number(st, 7),
			.lost = number(st, 8),
			.fault = (char *)store_column(st, 9),
			.verdict = verdict_of(store_column(st, 10)),
			.lost_ns = number(st, 11),
		};

		if (sqlite3_column_type(st, FINDING_COLUMNS) != SQLITE_NULL) {
			store_cause_of(st, FINDING_COLUMNS, &cause);
			row.cause = &cause;
			if (cause.layer && !*row.fault) {
				snprintf(layer, sizeof(layer), "%s (layer %u)",
					 store_layer_name(cause.layer),
					 cause.layer);
				row.layer = layer;
			}
		}
		err = fn(&row, arg);
		if (err)
			return err;
	}
	return rc == SQLITE_DONE ? 0 : store_failed(s, rc, "cannot read", e);
}

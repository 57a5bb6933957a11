/* What the files of this room share. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include <sqlite3.h>
#include <stdint.h>

#include "results/store/store.h"

enum statement {
	SQL_SET,
	SQL_GET,
	SQL_CUT,
	SQL_STATE,
	SQL_MARK,
	SQL_CAUSE,
	SQL_EVENT,
	SQL_FORGET_EQUAL,
	SQL_COUNT,
};

struct store {
	sqlite3 *db;
	char *path;
	int writable;
	sqlite3_stmt *kept[SQL_COUNT]; /* prepared at first use */
	unsigned int rows;  /* added since the last commit */
	uint64_t begun_ns;  /* when the open transaction began */
};

/* -errno for an SQLite result, with the connection's own words. `what` is
 * like "cannot read". */
int store_failed(struct store *s, int rc, const char *what, struct error *e);

/* Runs SQL that takes no values. */
int store_exec(struct store *s, const char *sql, struct error *e);

/* A statement to step through and sqlite3_finalize. */
int store_query(struct store *s, const char *sql, sqlite3_stmt **ret,
		struct error *e);

/* A column's text, never NULL; gone with the next step. */
const char *store_column(sqlite3_stmt *st, int column);

/* A cause out of a row that has these columns from `first` on, of the table
 * cause as c. */
#define STORE_CAUSE_COLUMNS                                                    \
	"c.source, c.state, c.layer, c.sentence, c.missing, c.file, c.start,"  \
	" c.length, c.operation, c.call, c.program, c.thread, c.promise,"      \
	" c.promise_mark, c.stack, c.doubt, c.cut_ns"
void store_cause_of(sqlite3_stmt *st, int first, struct store_cause *ret);

static inline void store_finalize(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

#define CLEANUP_STATEMENT __attribute__((cleanup(store_finalize)))

#endif

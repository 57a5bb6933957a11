/*
 * sqlite-check [--intact] DIR
 *
 * Opens DIR/bank.db (which recovers it), runs PRAGMA integrity_check, and
 * compares the content: it must be what some number n of transactions makes
 * (bank.h), every one whole, and n must not be below the last that was
 * acknowledged ($PC_ACKS, one "txn K" a line). A missing database is a loss
 * only where something was acknowledged. --intact: acknowledged transactions
 * may be lost, the database must be whole. Exit 0: held, 1: violated, 2: cannot
 * tell.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "bank.h"

static void __attribute__((noreturn, format(printf, 2, 3)))
end(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(status);
}

/* SQLite could not go on: damage is a violation, anything else unknown. */
static void __attribute__((noreturn)) end_sqlite(sqlite3 *db, const char *what)
{
	int code = sqlite3_errcode(db) & 0xff;
	int damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;

	end(damaged ? 1 : 2, "%s: %s", what, sqlite3_errmsg(db));
}

/* The highest acknowledged transaction, 0 when there is none. */
static unsigned int last_acked(void)
{
	const char *acks = getenv("PC_ACKS");
	unsigned int n, last = 0;
	char *line = NULL;
	size_t size = 0;
	FILE *f;

	if (!acks)
		end(2, "PC_ACKS is not set");
	f = fopen(acks, "r");
	if (!f)
		end(2, "cannot open %s: %s", acks, strerror(errno));
	while (getline(&line, &size, f) > 0) {
		if (sscanf(line, "txn %5u", &n) != 1 || n > TXN_MAX)
			end(2, "a line in %s is no transaction: %s", acks,
			    line);
		if (n > last)
			last = n;
	}
	if (ferror(f))
		end(2, "cannot read %s: %s", acks, strerror(errno));
	free(line);
	fclose(f);
	return last;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		end_sqlite(db, sql);
	return stmt;
}

static int64_t query_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = prepare(db, sql);
	int64_t n;

	if (sqlite3_step(stmt) != SQLITE_ROW)
		end_sqlite(db, sql);
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return n;
}

static void check_integrity(sqlite3 *db)
{
	static const char sql[] = "PRAGMA integrity_check(1)";
	sqlite3_stmt *stmt = prepare(db, sql);
	const char *text;

	if (sqlite3_step(stmt) != SQLITE_ROW)
		end_sqlite(db, sql);
	text = (const char *)sqlite3_column_text(stmt, 0);
	if (!text || strcmp(text, "ok"))
		end(1, "integrity_check: %s", text ? text : "no answer");
	sqlite3_finalize(stmt);
}

/* --init has made them, durably. */
static void check_tables(sqlite3 *db)
{
	static const char sql[] = "SELECT count(*) FROM sqlite_master "
				  "WHERE name IN ('entry', 'account')";

	if (query_number(db, sql) != 2)
		end(1, "a table is missing");
}

static void check_entries(sqlite3 *db, unsigned int n)
{
	static const char sql[] =
		"SELECT txn, row, note FROM entry ORDER BY txn, row";
	sqlite3_stmt *stmt = prepare(db, sql);
	char expect[NOTE_LEN + 1];

	for (unsigned int i = 0; i < n * ROWS; i++) {
		unsigned int txn = i / ROWS + 1, row = i % ROWS;
		const char *note;
		int rc = sqlite3_step(stmt);

		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			end_sqlite(db, sql);
		if (rc == SQLITE_DONE ||
		    sqlite3_column_int64(stmt, 0) != txn ||
		    sqlite3_column_int64(stmt, 1) != row)
			end(1, "row %u of transaction %u of %u is missing",
			    row, txn, n);
		note = (const char *)sqlite3_column_text(stmt, 2);
		note_make(txn, row, expect);
		if (!note || strcmp(note, expect))
			end(1, "row %u of transaction %u has wrong content",
			    row, txn);
	}
	if (sqlite3_step(stmt) != SQLITE_DONE)
		end(1, "there are more rows than %u transactions make", n);
	sqlite3_finalize(stmt);
}

static void check_accounts(sqlite3 *db, unsigned int n)
{
	static const char sql[] = "SELECT id, balance FROM account ORDER BY id";
	sqlite3_stmt *stmt = prepare(db, sql);

	for (unsigned int id = 0; id < ACCOUNTS; id++) {
		int rc = sqlite3_step(stmt);

		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			end_sqlite(db, sql);
		if (rc == SQLITE_DONE || sqlite3_column_int64(stmt, 0) != id)
			end(1, "account %u is missing", id);
		if (sqlite3_column_int64(stmt, 1) != balance_after(n, id))
			end(1, "account %u is not what %u transactions make",
			    id, n);
	}
	sqlite3_finalize(stmt);
}

static sqlite3 *open_db(const char *dir, unsigned int acked)
{
	char path[PATH_MAX];
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/" DB_NAME, dir);
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		if (acked)
			end(1, "the database is missing: transaction %u was "
			    "acknowledged", acked);
		end(0, "no database, and nothing acknowledged");
	}
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK)
		end_sqlite(db, path);
	return db;
}

int main(int argc, char **argv)
{
	int intact = argc > 1 && !strcmp(argv[1], "--intact");
	unsigned int acked, n;
	int64_t newest;
	sqlite3 *db;

	if (argc != 2 + intact)
		end(2, "usage: sqlite-check [--intact] DIR");
	acked = intact ? 0 : last_acked();
	db = open_db(argv[1 + intact], acked);
	check_integrity(db);
	check_tables(db);
	newest = query_number(db, "SELECT ifnull(max(txn), 0) FROM entry");
	if (newest < 0 || newest > TXN_MAX)
		end(1, "the newest transaction is %lld", (long long)newest);
	n = (unsigned int)newest;
	check_entries(db, n);
	check_accounts(db, n);
	if (n < acked)
		end(1, "the newest transaction is %u: %u was acknowledged", n,
		    acked);
	if (sqlite3_close(db) != SQLITE_OK)
		end(2, "cannot close the database: %s", sqlite3_errmsg(db));
	printf("%u transactions, %u acknowledged, all whole\n", n, acked);
	return 0;
}

/*
 * sqlite-writer [--init] [--journal=truncate|persist|delete|wal]
 *               [--synchronous=OFF|NORMAL|FULL|EXTRA] [--checkpoint PAGES]
 *               [--writeback N] [--count N] DIR
 *
 * Commits N transactions (bank.h) to DIR/bank.db and acknowledges each as
 * "txn K" after its COMMIT returned. --checkpoint: so many pages in the
 * write-ahead log start one. --writeback: after every Nth transaction the
 * kernel writes all it holds, as it does by itself within seconds. --init
 * creates the database durably, in the same journal mode, and ends.
 */
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <powercut.h>
#include <sqlite3.h>

#include "bank.h"

struct options {
	int init;
	const char *journal, *synchronous;
	unsigned int count, checkpoint, writeback;
	const char *dir;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("sqlite-writer: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void __attribute__((noreturn)) usage(void)
{
	die("usage: sqlite-writer [--init] "
	    "[--journal=truncate|persist|delete|wal] "
	    "[--synchronous=OFF|NORMAL|FULL|EXTRA] [--checkpoint PAGES] "
	    "[--writeback N] [--count N] DIR");
}

/* The argument if it is one of the words. */
static const char *one_of(const char *text, const char *const words[])
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return text;
	usage();
}

static unsigned int parse_count(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || n > TXN_MAX)
		usage();
	return (unsigned int)n;
}

static struct options parse_options(int argc, char **argv)
{
	static const char *const journals[] = { "truncate", "persist",
						"delete", "wal", NULL };
	static const char *const levels[] = { "OFF", "NORMAL", "FULL",
					      "EXTRA", NULL };
	static const struct option names[] = {
		{ "init", no_argument, NULL, 'i' },
		{ "journal", required_argument, NULL, 'j' },
		{ "synchronous", required_argument, NULL, 's' },
		{ "checkpoint", required_argument, NULL, 'p' },
		{ "writeback", required_argument, NULL, 'w' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .journal = "truncate", .synchronous = "FULL",
			     .count = 8, .checkpoint = 1000 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'i')
			o.init = 1;
		else if (c == 'j')
			o.journal = one_of(optarg, journals);
		else if (c == 's')
			o.synchronous = one_of(optarg, levels);
		else if (c == 'p')
			o.checkpoint = parse_count(optarg);
		else if (c == 'w')
			o.writeback = parse_count(optarg);
		else if (c == 'c')
			o.count = parse_count(optarg);
		else
			usage();
	}
	if (optind != argc - 1)
		usage();
	o.dir = argv[optind];
	return o;
}

static void exec(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		die("%s: %s", sql, message ? message : sqlite3_errmsg(db));
}

/* SQLite keeps the old mode where it cannot change it, and reports success:
 * look at what it answers. */
static void set_journal(sqlite3 *db, const char *mode)
{
	sqlite3_stmt *stmt = NULL;
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA journal_mode = %s", mode);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		die("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), mode))
		die("%s: the mode is %s", sql, sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
}

static sqlite3 *open_db(const struct options *o, int flags)
{
	char path[PATH_MAX], sql[64];
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/" DB_NAME, o->dir);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | flags, NULL) !=
	    SQLITE_OK)
		die("cannot open %s: %s", path, sqlite3_errmsg(db));
	set_journal(db, o->journal);
	snprintf(sql, sizeof(sql), "PRAGMA synchronous = %s", o->synchronous);
	exec(db, sql);
	sqlite3_wal_autocheckpoint(db, (int)o->checkpoint);
	return db;
}

static void close_db(sqlite3 *db)
{
	if (sqlite3_close(db) != SQLITE_OK)
		die("cannot close the database: %s", sqlite3_errmsg(db));
}

/* The harness makes durable what setup left behind. */
static void init(const struct options *o)
{
	sqlite3 *db = open_db(o, SQLITE_OPEN_CREATE);
	char sql[128];

	exec(db, "BEGIN IMMEDIATE");
	exec(db, "CREATE TABLE entry (txn INTEGER, row INTEGER, note TEXT, "
	     "PRIMARY KEY (txn, row))");
	exec(db, "CREATE TABLE account (id INTEGER PRIMARY KEY, "
	     "balance INTEGER)");
	for (unsigned int id = 0; id < ACCOUNTS; id++) {
		snprintf(sql, sizeof(sql),
			 "INSERT INTO account VALUES (%u, 0)", id);
		exec(db, sql);
	}
	exec(db, "COMMIT");
	close_db(db);
}

static void insert_entry(sqlite3 *db, unsigned int n, unsigned int row)
{
	static const char sql[] = "INSERT INTO entry VALUES (?, ?, ?)";
	char note[NOTE_LEN + 1];
	sqlite3_stmt *stmt = NULL;

	note_make(n, row, note);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_bind_int64(stmt, 1, n) != SQLITE_OK ||
	    sqlite3_bind_int64(stmt, 2, row) != SQLITE_OK ||
	    sqlite3_bind_text(stmt, 3, note, -1, SQLITE_TRANSIENT) !=
		    SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_DONE)
		die("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
}

static void transaction(sqlite3 *db, unsigned int n)
{
	char sql[128];

	exec(db, "BEGIN IMMEDIATE");
	for (unsigned int row = 0; row < ROWS; row++)
		insert_entry(db, n, row);
	snprintf(sql, sizeof(sql),
		 "UPDATE account SET balance = balance + %u WHERE id = %u", n,
		 n % ACCOUNTS);
	exec(db, sql);
	exec(db, "COMMIT");
}

static void run(const struct options *o)
{
	sqlite3 *db = open_db(o, 0);

	for (unsigned int n = 1; n <= o->count; n++) {
		if (pc_begin("txn %u", n) < 0)
			die("cannot mark the begin of txn %u", n);
		transaction(db, n);
		if (pc_ack("txn %u", n) < 0)
			die("cannot acknowledge txn %u", n);
		if (o->writeback && n % o->writeback == 0)
			sync();
	}
	close_db(db);
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);

	if (o.init)
		init(&o);
	else
		run(&o);
	return 0;
}

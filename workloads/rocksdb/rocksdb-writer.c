/*
 * rocksdb-writer [--init] [--sync=each|none|N] [--no-wal] [--flush=N]
 *                [--count N] DIR
 *
 * Puts N entries (puts.h) into DIR/db.
 *   --sync=each  every put is synced, then acknowledged (the default)
 *   --sync=none  none is synced, each is acknowledged
 *   --sync=N     every Nth put is synced, then acknowledged, and with it all
 *                before it
 *   --no-wal     nothing goes to the write-ahead log, each is acknowledged
 *   --flush=N    so, too, but after every Nth put the memtable is flushed, and
 *                all puts up to there are acknowledged only then
 * The write buffer is small, so that the log is switched. --init creates the
 * store and ends.
 */
#include <getopt.h>
#include <unistd.h>

#include <rocksdb/c.h>
#include <powercut.h>

#include "puts.h"

struct options {
	int init, no_wal;
	unsigned int every, flush, count; /* every, flush: 0 never */
	const char *dir;
};

static void __attribute__((noreturn)) usage(void)
{
	pc_end(2, "usage: rocksdb-writer [--init] [--sync=each|none|N] "
		  "[--no-wal] [--flush=N] [--count N] DIR");
}

static unsigned int parse_count(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	if (rest == text || *rest || n > PUT_MAX)
		usage();
	return (unsigned int)n;
}

static unsigned int parse_sync(const char *text)
{
	if (!strcmp(text, "each"))
		return 1;
	return strcmp(text, "none") ? parse_count(text) : 0;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "init", no_argument, NULL, 'i' },
		{ "sync", required_argument, NULL, 's' },
		{ "no-wal", no_argument, NULL, 'w' },
		{ "flush", required_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .every = 1, .count = 14 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'i')
			o.init = 1;
		else if (c == 's')
			o.every = parse_sync(optarg);
		else if (c == 'w')
			o.no_wal = 1, o.every = 0;
		else if (c == 'f')
			o.flush = parse_count(optarg);
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

static void must(char *failed, const char *what)
{
	if (failed)
		pc_end(2, "%s: %s", what, failed);
}

static rocksdb_t *open_store(const struct options *o)
{
	rocksdb_options_t *options = rocksdb_options_create();
	char *failed = NULL;
	rocksdb_t *db;

	if (chdir(o->dir) < 0)
		pc_end(2, "cannot go to %s: %s", o->dir, strerror(errno));
	rocksdb_options_set_create_if_missing(options, o->init);
	rocksdb_options_set_write_buffer_size(options, 64 << 10);
	db = rocksdb_open(options, "db", &failed);
	must(failed, "rocksdb_open");
	rocksdb_options_destroy(options);
	return db;
}

static void put(rocksdb_t *db, unsigned int n, const struct options *o)
{
	rocksdb_writeoptions_t *options = rocksdb_writeoptions_create();
	char key[KEY_MAX], value[VALUE_LEN + 1], *failed = NULL;

	key_make(n, key);
	value_make(n, value);
	rocksdb_writeoptions_set_sync(options, o->every && n % o->every == 0);
	rocksdb_writeoptions_disable_WAL(options, o->no_wal);
	rocksdb_put(db, options, key, strlen(key), value, VALUE_LEN, &failed);
	must(failed, "rocksdb_put");
	rocksdb_writeoptions_destroy(options);
}

static void flush(rocksdb_t *db)
{
	rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
	char *failed = NULL;

	rocksdb_flushoptions_set_wait(options, 1);
	rocksdb_flush(db, options, &failed);
	must(failed, "rocksdb_flush");
	rocksdb_flushoptions_destroy(options);
}

static void run(rocksdb_t *db, const struct options *o)
{
	unsigned int every = o->flush ? o->flush : o->every ? o->every : 1;

	for (unsigned int n = 1; n <= o->count; n++) {
		if (pc_begin("put %u", n) < 0)
			pc_end(2, "cannot mark the begin of put %u", n);
		put(db, n, o);
		if (n % every)
			continue;
		if (o->flush)
			flush(db);
		if (pc_ack("put %u", n) < 0)
			pc_end(2, "cannot acknowledge put %u", n);
	}
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	rocksdb_t *db = open_store(&o);

	if (!o.init)
		run(db, &o);
	rocksdb_close(db);
	return 0;
}

/*
 * leveldb-writer [--init] [--sync=each|none|N] [--count N] DIR
 *
 * Puts N entries (puts.h) into DIR/db.
 *   --sync=each  every put is synced, then acknowledged (the default)
 *   --sync=none  none is synced, each is acknowledged
 *   --sync=N     every Nth put is synced, then acknowledged, and with it all
 *                before it: what LevelDB's documentation calls a hybrid scheme
 * The write buffer is the smallest that LevelDB takes, so that its log is
 * switched after ten puts. --init creates the store and ends.
 */
#include <getopt.h>
#include <unistd.h>

#include <leveldb/c.h>
#include <powercut.h>

#include "puts.h"

struct options {
	int init;
	unsigned int every, count; /* every: 0 none is synced */
	const char *dir;
};

static void __attribute__((noreturn)) usage(void)
{
	pc_end(2, "usage: leveldb-writer [--init] [--sync=each|none|N] "
		  "[--count N] DIR");
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

static leveldb_t *open_store(const struct options *o)
{
	leveldb_options_t *options = leveldb_options_create();
	char *failed = NULL;
	leveldb_t *db;

	if (chdir(o->dir) < 0)
		pc_end(2, "cannot go to %s: %s", o->dir, strerror(errno));
	leveldb_options_set_create_if_missing(options, o->init);
	leveldb_options_set_write_buffer_size(options, 64 << 10);
	db = leveldb_open(options, "db", &failed);
	must(failed, "leveldb_open");
	leveldb_options_destroy(options);
	return db;
}

static void put(leveldb_t *db, unsigned int n, int sync)
{
	leveldb_writeoptions_t *options = leveldb_writeoptions_create();
	char key[KEY_MAX], value[VALUE_LEN + 1], *failed = NULL;

	key_make(n, key);
	value_make(n, value);
	leveldb_writeoptions_set_sync(options, sync != 0);
	leveldb_put(db, options, key, strlen(key), value, VALUE_LEN, &failed);
	must(failed, "leveldb_put");
	leveldb_writeoptions_destroy(options);
}

static void run(leveldb_t *db, const struct options *o)
{
	for (unsigned int n = 1; n <= o->count; n++) {
		int sync = o->every && n % o->every == 0;

		if (pc_begin("put %u", n) < 0)
			pc_end(2, "cannot mark the begin of put %u", n);
		put(db, n, sync);
		if ((sync || !o->every) && pc_ack("put %u", n) < 0)
			pc_end(2, "cannot acknowledge put %u", n);
	}
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	leveldb_t *db = open_store(&o);

	if (!o.init)
		run(db, &o);
	leveldb_close(db);
	return 0;
}

/*
 * gdbm-writer [--init] [--mode=none|sync|call|atomic|replace] [--count N] DIR
 *
 * Puts N entries (puts.h) into DIR/puts.db and acknowledges each.
 *   --mode=none     after gdbm_store()
 *   --mode=sync     opened with GDBM_SYNC: each gdbm_store() should sync
 *   --mode=call     after gdbm_sync()
 *   --mode=atomic   after gdbm_sync(), with gdbm_failure_atomic(): each sync
 *                   leaves a snapshot, in turn in one of two files. They are
 *                   reflinks: not on ext4.
 *   --mode=replace  into a copy, which is synced and renamed over the old one,
 *                   and the directory synced (the default)
 * --init creates the store and ends.
 */
#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include <gdbm.h>
#include <powercut.h>

#include "puts.h"

#define BLOCK 512

struct options {
	int init;
	const char *mode;
	unsigned int count;
	const char *dir;
};

static void __attribute__((noreturn)) usage(void)
{
	pc_end(2, "usage: gdbm-writer [--init] [--mode=none|sync|call|atomic|"
		  "replace] [--count N] DIR");
}

static unsigned int parse_count(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	if (rest == text || *rest || n > PUT_MAX)
		usage();
	return (unsigned int)n;
}

static const char *parse_mode(const char *text)
{
	if (strcmp(text, "none") && strcmp(text, "sync") &&
	    strcmp(text, "call") && strcmp(text, "atomic") && strcmp(text, "replace"))
		usage();
	return text;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "init", no_argument, NULL, 'i' },
		{ "mode", required_argument, NULL, 'm' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .mode = "replace", .count = 12 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'i')
			o.init = 1;
		else if (c == 'm')
			o.mode = parse_mode(optarg);
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

static int is_mode(const struct options *o, const char *mode)
{
	return !strcmp(o->mode, mode);
}

static void must(int rc, const char *what)
{
	if (rc)
		pc_end(2, "%s: %s", what, gdbm_strerror(gdbm_errno));
}

static void must_call(int rc, const char *what)
{
	if (rc < 0)
		pc_end(2, "%s: %s", what, strerror(errno));
}

static GDBM_FILE open_db(const char *name, int flags)
{
	GDBM_FILE db = gdbm_open(name, BLOCK, flags, 0644, NULL);

	must(!db, name);
	return db;
}

static void put(GDBM_FILE db, unsigned int n)
{
	char key[KEY_MAX], value[VALUE_LEN + 1];
	datum k = { key, 0 }, v = { value, VALUE_LEN };

	key_make(n, key);
	value_make(n, value);
	k.dsize = (int)strlen(key);
	must(gdbm_store(db, k, v, GDBM_INSERT), "gdbm_store");
}

static void copy(const char *from, const char *to)
{
	char data[1 << 16];
	int in = open(from, O_RDONLY), out;
	ssize_t len;

	must_call(in, from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	must_call(out, to);
	while ((len = read(in, data, sizeof(data))) > 0)
		if (write(out, data, (size_t)len) != len)
			pc_end(2, "cannot write %s", to);
	must_call((int)len, from);
	must_call(close(in), from);
	must_call(close(out), to);
}

static void put_by_replacing(unsigned int n)
{
	GDBM_FILE db;
	int dir;

	copy(DB_NAME, TMP_NAME);
	db = open_db(TMP_NAME, GDBM_WRITER);
	put(db, n);
	must(gdbm_sync(db), "gdbm_sync");
	must(gdbm_close(db), "gdbm_close");
	must_call(rename(TMP_NAME, DB_NAME), "rename");
	dir = open(".", O_RDONLY | O_DIRECTORY);
	must_call(dir, "open the folder");
	must_call(fsync(dir), "sync the folder");
	must_call(close(dir), "close the folder");
}

static void run(const struct options *o)
{
	GDBM_FILE db = NULL;

	if (!is_mode(o, "replace"))
		db = open_db(DB_NAME, GDBM_WRITER |
			     (is_mode(o, "sync") ? GDBM_SYNC : 0));
	if (is_mode(o, "atomic"))
		must(gdbm_failure_atomic(db, EVEN_NAME, ODD_NAME),
		     "gdbm_failure_atomic");
	for (unsigned int n = 1; n <= o->count; n++) {
		must_call(pc_begin("put %u", n), "begin");
		if (db)
			put(db, n);
		else
			put_by_replacing(n);
		if (is_mode(o, "atomic") || is_mode(o, "call"))
			must(gdbm_sync(db), "gdbm_sync");
		must_call(pc_ack("put %u", n), "ack");
	}
	if (db)
		must(gdbm_close(db), "gdbm_close");
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);

	must_call(chdir(o.dir), o.dir);
	if (o.init)
		must(gdbm_close(open_db(DB_NAME, GDBM_NEWDB | GDBM_NUMSYNC)),
		     "gdbm_close");
	else
		run(&o);
	return 0;
}

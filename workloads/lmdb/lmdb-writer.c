/*
 * lmdb-writer [--init] [--flags=WORD[+WORD...]] [--writeback] [--count N] DIR
 *
 * Commits N transactions (txn.h) to DIR/data.mdb and acknowledges each as
 * "txn K" after mdb_txn_commit() returned. Flags are those of mdb_env_open():
 * nosync, nometasync, writemap, mapasync. --writeback: after every second one
 * the kernel writes all it holds, as it does by itself within seconds. --init
 * creates the store and ends.
 */
#include <getopt.h>
#include <unistd.h>

#include <lmdb.h>
#include <powercut.h>

#include "txn.h"

#define MAP_SIZE (1 << 20)

struct options {
	int init, writeback;
	unsigned int flags, count;
	const char *dir;
};

static void __attribute__((noreturn)) usage(void)
{
	pc_end(2, "usage: lmdb-writer [--init] [--flags=nosync|nometasync|"
		  "writemap|mapasync+...] [--writeback] [--count N] DIR");
}

static unsigned int parse_flags(char *text)
{
	static const struct {
		const char *word;
		unsigned int flag;
	} known[] = {
		{ "nosync", MDB_NOSYNC },
		{ "nometasync", MDB_NOMETASYNC },
		{ "writemap", MDB_WRITEMAP },
		{ "mapasync", MDB_MAPASYNC },
	};
	unsigned int flags = 0, before;

	for (char *w = strtok(text, "+"); w; w = strtok(NULL, "+")) {
		before = flags;
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (!strcmp(w, known[i].word))
				flags |= known[i].flag;
		if (flags == before)
			usage();
	}
	return flags;
}

static unsigned int parse_count(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	if (rest == text || *rest || n > TXN_MAX)
		usage();
	return (unsigned int)n;
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "init", no_argument, NULL, 'i' },
		{ "flags", required_argument, NULL, 'f' },
		{ "writeback", no_argument, NULL, 'w' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .count = 5 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'i')
			o.init = 1;
		else if (c == 'f')
			o.flags = parse_flags(optarg);
		else if (c == 'w')
			o.writeback = 1;
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

static void must(int rc, const char *what)
{
	if (rc != MDB_SUCCESS)
		pc_end(2, "%s: %s", what, mdb_strerror(rc));
}

static MDB_env *open_env(const struct options *o)
{
	MDB_env *env;

	must(mdb_env_create(&env), "mdb_env_create");
	must(mdb_env_set_mapsize(env, MAP_SIZE), "mdb_env_set_mapsize");
	must(mdb_env_open(env, path_in(o->dir, "data.mdb"),
			  MDB_NOSUBDIR | o->flags, 0644), "mdb_env_open");
	return env;
}

static void put(MDB_txn *txn, MDB_dbi dbi, char *key, char *value)
{
	MDB_val k = { strlen(key), key }, v = { strlen(value), value };

	must(mdb_put(txn, dbi, &k, &v, 0), "mdb_put");
}

static void transaction(MDB_env *env, unsigned int n)
{
	char key[KEY_MAX], value[VALUE_LEN + 1];
	MDB_txn *txn;
	MDB_dbi dbi;

	must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
	must(mdb_dbi_open(txn, NULL, 0, &dbi), "mdb_dbi_open");
	for (unsigned int row = 0; n && row < ROWS; row++) {
		key_make(n, row, key);
		value_make(n, row, value);
		put(txn, dbi, key, value);
	}
	snprintf(value, sizeof(value), "%u", n);
	put(txn, dbi, strcpy(key, NEWEST), value);
	must(mdb_txn_commit(txn), "mdb_txn_commit");
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	MDB_env *env = open_env(&o);

	if (o.init)
		transaction(env, 0);
	for (unsigned int n = 1; n <= o.count && !o.init; n++) {
		if (pc_begin("txn %u", n) < 0)
			pc_end(2, "cannot mark the begin of txn %u", n);
		transaction(env, n);
		if (pc_ack("txn %u", n) < 0)
			pc_end(2, "cannot acknowledge txn %u", n);
		if (o.writeback && n % 2 == 0)
			sync();
	}
	mdb_env_close(env);
	return 0;
}

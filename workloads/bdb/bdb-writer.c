/*
 * bdb-writer [--init] [--mode=txn|nosync|write-nosync|plain|plain-sync]
 *            [--count N] DIR
 *
 * Makes N transactions (txn.h) in DIR/bank.db, a btree, and acknowledges each
 * as "txn K".
 *   --mode=txn           in an environment with a log, after DB_TXN->commit(),
 *                        which syncs the log (the default)
 *   --mode=nosync        so, too, with DB_TXN_NOSYNC
 *   --mode=write-nosync  so, too, with DB_TXN_WRITE_NOSYNC
 *   --mode=plain         without environment, after DB->put()
 *   --mode=plain-sync    without environment, after DB->sync()
 * --init creates the store and ends.
 */
#include <getopt.h>
#include <unistd.h>

#include <powercut.h>

#include "bdb-env.h"
#include "txn.h"

struct mode {
	const char *name;
	int env, sync;
	uint32_t commit;
};

static const struct mode modes[] = {
	{ "txn", 1, 0, DB_TXN_SYNC },
	{ "nosync", 1, 0, DB_TXN_NOSYNC },
	{ "write-nosync", 1, 0, DB_TXN_WRITE_NOSYNC },
	{ "plain", 0, 0, 0 },
	{ "plain-sync", 0, 1, 0 },
};

struct options {
	int init;
	const struct mode *mode;
	unsigned int count;
	const char *dir;
};

struct store {
	DB_ENV *env; /* NULL without */
	DB *db;
};

static void __attribute__((noreturn)) usage(void)
{
	pc_end(2, "usage: bdb-writer [--init] "
		  "[--mode=txn|nosync|write-nosync|plain|plain-sync] [--count "
		  "N] DIR");
}

static const struct mode *parse_mode(const char *text)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(text, modes[i].name))
			return &modes[i];
	usage();
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
		{ "mode", required_argument, NULL, 'm' },
		{ "count", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .mode = modes, .count = 5 };
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

static void must(int rc, const char *what)
{
	if (rc)
		pc_end(2, "%s: %s", what, db_strerror(rc));
}

/* Without environment the name is relative to the current folder, as it is
 * with one whose home that is. */
static struct store store_open(const struct options *o)
{
	struct store s = { NULL, NULL };

	if (chdir(o->dir) < 0)
		pc_end(2, "cannot go to %s: %s", o->dir, strerror(errno));
	if (o->mode->env) {
		must(db_env_create(&s.env, 0), "db_env_create");
		must(s.env->set_lg_max(s.env, 1 << 20), "set_lg_max");
		must(s.env->open(s.env, ".", ENV_FLAGS, 0644), "DB_ENV->open");
	}
	must(db_create(&s.db, s.env, 0), "db_create");
	must(s.db->set_pagesize(s.db, 4096), "set_pagesize");
	must(s.db->open(s.db, NULL, DB_NAME, NULL, DB_BTREE,
			DB_CREATE | (s.env ? DB_AUTO_COMMIT : 0), 0644),
	     "DB->open");
	return s;
}

static void store_close(struct store *s)
{
	must(s->db->close(s->db, 0), "DB->close");
	if (s->env)
		must(s->env->close(s->env, 0), "DB_ENV->close");
}

static void put(DB *db, DB_TXN *txn, char *key, char *value)
{
	DBT k = { .data = key, .size = (uint32_t)strlen(key) };
	DBT v = { .data = value, .size = (uint32_t)strlen(value) };

	must(db->put(db, txn, &k, &v, 0), "DB->put");
}

static void transaction(struct store *s, const struct mode *m, unsigned int n)
{
	char key[KEY_MAX], value[VALUE_LEN + 1];
	DB_TXN *txn = NULL;

	if (s->env)
		must(s->env->txn_begin(s->env, NULL, &txn, 0), "txn_begin");
	for (unsigned int row = 0; n && row < ROWS; row++) {
		key_make(n, row, key);
		value_make(n, row, value);
		put(s->db, txn, key, value);
	}
	snprintf(value, sizeof(value), "%u", n);
	put(s->db, txn, strcpy(key, NEWEST), value);
	if (txn)
		must(txn->commit(txn, m->commit), "DB_TXN->commit");
	if (m->sync)
		must(s->db->sync(s->db, 0), "DB->sync");
}

int main(int argc, char **argv)
{
	struct options o = parse_options(argc, argv);
	struct store s = store_open(&o);

	if (o.init)
		transaction(&s, o.mode, 0);
	for (unsigned int n = 1; n <= o.count && !o.init; n++) {
		if (pc_begin("txn %u", n) < 0)
			pc_end(2, "cannot mark the begin of txn %u", n);
		transaction(&s, o.mode, n);
		if (pc_ack("txn %u", n) < 0)
			pc_end(2, "cannot acknowledge txn %u", n);
	}
	store_close(&s);
	return 0;
}

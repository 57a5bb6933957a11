/*
 * lmdb-check [--intact] DIR
 *
 * Judges DIR/data.mdb (judge.h). A missing store is damage: setup made it.
 * --intact: transactions may be lost, the store must be whole.
 * Exit 0: held, 1: violated, 2: cannot tell.
 */
#include <signal.h>

#include <lmdb.h>

#include "judge.h"

struct store {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
};

/* What LMDB says of a damaged file; anything else is unknown. */
static void must(int rc, const char *what)
{
	int damaged = rc == MDB_CORRUPTED || rc == MDB_INVALID ||
		      rc == MDB_PAGE_NOTFOUND || rc == MDB_VERSION_MISMATCH ||
		      rc == MDB_PANIC || rc == MDB_BAD_TXN ||
		      rc == MDB_INCOMPATIBLE;

	if (rc != MDB_SUCCESS)
		pc_end(damaged ? 1 : 2, "%s%s: %s", damaged ? "corrupt: " : "",
		       what, mdb_strerror(rc));
}

static long get(void *store, const char *key, char value[VALUE_LEN + 1])
{
	struct store *s = store;
	MDB_val k = { strlen(key), (void *)(uintptr_t)key }, v;
	int rc = mdb_get(s->txn, s->dbi, &k, &v);

	if (rc == MDB_NOTFOUND)
		return -1;
	must(rc, "mdb_get");
	if (v.mv_size > VALUE_LEN)
		pc_end(1, "corrupt: entry %s has %zu bytes", key, v.mv_size);
	memcpy(value, v.mv_data, v.mv_size);
	value[v.mv_size] = '\0';
	return (long)v.mv_size;
}

static void open_store(const char *dir, struct store *s)
{
	const char *path = path_in(dir, "data.mdb");

	if (access(path, F_OK) < 0)
		pc_end(errno == ENOENT ? 1 : 2, "corrupt: no store: %s",
		       strerror(errno));
	must(mdb_env_create(&s->env), "mdb_env_create");
	must(mdb_env_open(s->env, path, MDB_NOSUBDIR, 0644), "mdb_env_open");
	must(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->txn),
	     "mdb_txn_begin");
	must(mdb_dbi_open(s->txn, NULL, 0, &s->dbi), "mdb_dbi_open");
}

int main(int argc, char **argv)
{
	int intact = argc > 1 && !strcmp(argv[1], "--intact");
	unsigned int acked;
	struct store s;

	if (argc != 2 + intact)
		pc_end(2, "usage: lmdb-check [--intact] DIR");
	acked = intact ? 0 : last_acked();
	pc_check_in_child();
	open_store(argv[1 + intact], &s);
	judge(get, &s, acked);
}

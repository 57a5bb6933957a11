/*
 * bdb-check [--plain] DIR
 *
 * Recovers the environment in DIR and judges DIR/bank.db (judge.h); --plain:
 * there is no environment. Exit 0: held, 1: violated, 2: cannot tell.
 */
#include <signal.h>

#include "bdb-env.h"
#include "judge.h"

/* What Berkeley DB said last, on stdout and not on stderr: the last line is
 * the verdict's. */
static void say(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	printf("%s\n", text);
}

/* What it says of a damaged store: a page with the wrong type is EINVAL, one
 * behind the end of the file DB_PAGE_NOTFOUND. Setup made the store, so that a
 * missing or empty file is damage, too. Anything else is unknown. */
static void must(int rc, const char *what)
{
	int damaged = rc == DB_RUNRECOVERY || rc == DB_PAGE_NOTFOUND ||
		      rc == DB_VERIFY_BAD || rc == DB_LOG_VERIFY_BAD ||
		      rc == EINVAL || rc == ENOENT;

	if (rc)
		pc_end(damaged ? 1 : 2, "%s%s: %s", damaged ? "corrupt: " : "",
		       what, db_strerror(rc));
}

static long get(void *store, const char *key, char value[VALUE_LEN + 1])
{
	DB *db = store;
	DBT k = { .data = (void *)(uintptr_t)key,
		  .size = (uint32_t)strlen(key) };
	DBT v = { .data = value, .ulen = VALUE_LEN, .flags = DB_DBT_USERMEM };
	int rc = db->get(db, NULL, &k, &v, 0);

	if (rc == DB_NOTFOUND)
		return -1;
	if (rc == DB_BUFFER_SMALL)
		pc_end(1, "corrupt: entry %s has %u bytes", key, v.size);
	must(rc, "DB->get");
	value[v.size] = '\0';
	return (long)v.size;
}

static DB *open_db(int plain)
{
	DB_ENV *env = NULL;
	DB *db;

	if (!plain) {
		must(db_env_create(&env, 0), "db_env_create");
		env->set_errcall(env, say);
		must(env->open(env, ".", ENV_FLAGS, 0644), "DB_ENV->open");
	}
	must(db_create(&db, env, 0), "db_create");
	if (plain)
		db->set_errcall(db, say);
	must(db->open(db, NULL, DB_NAME, NULL, DB_BTREE,
		      plain ? DB_RDONLY : DB_AUTO_COMMIT, 0), "DB->open");
	return db;
}

int main(int argc, char **argv)
{
	int plain = argc > 1 && !strcmp(argv[1], "--plain");
	unsigned int acked;

	if (argc != 2 + plain)
		pc_end(2, "usage: bdb-check [--plain] DIR");
	acked = last_acked();
	pc_check_in_child();
	if (chdir(argv[1 + plain]) < 0)
		pc_end(2, "cannot go to the folder: %s", strerror(errno));
	judge(get, open_db(plain), acked);
}

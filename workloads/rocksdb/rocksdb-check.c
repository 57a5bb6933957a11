/*
 * rocksdb-check DIR
 *
 * Opens DIR/db, which recovers it, and judges it (judge.h). Exit 0: held, 1:
 * violated, 2: cannot tell.
 */
#include <unistd.h>

#include <rocksdb/c.h>

#include "judge.h"

struct store {
	rocksdb_t *db;
	rocksdb_readoptions_t *options;
};

/* What RocksDB says of a damaged store (setup made it, so a missing file is
 * damage, too); anything else is unknown. */
static void must(const char *failed, const char *what)
{
	int damaged = failed && (strstr(failed, "Corruption") ||
				 strstr(failed, "does not exist") ||
				 strstr(failed, "No such file"));

	if (failed)
		pc_end(damaged ? 1 : 2, "%s%s: %s", damaged ? "corrupt: " : "",
		       what, failed);
}

static long get(void *store, const char *key, char value[VALUE_LEN + 1])
{
	struct store *s = store;
	char *failed = NULL, *found;
	size_t len;

	found = rocksdb_get(s->db, s->options, key, strlen(key), &len,
			    &failed);
	must(failed, "rocksdb_get");
	if (!found)
		return -1;
	if (len > VALUE_LEN)
		len = VALUE_LEN + 1;
	memcpy(value, found, len);
	rocksdb_free(found);
	return (long)len;
}

static void open_store(const char *dir, struct store *s)
{
	rocksdb_options_t *options = rocksdb_options_create();
	char *failed = NULL;

	if (chdir(dir) < 0)
		pc_end(2, "cannot go to %s: %s", dir, strerror(errno));
	s->db = rocksdb_open(options, "db", &failed);
	must(failed, "rocksdb_open");
	s->options = rocksdb_readoptions_create();
	rocksdb_readoptions_set_verify_checksums(s->options, 1);
}

int main(int argc, char **argv)
{
	unsigned int acked;
	struct store s;

	if (argc != 2)
		pc_end(2, "usage: rocksdb-check DIR");
	acked = last_acked();
	open_store(argv[1], &s);
	judge(get, &s, acked);
}

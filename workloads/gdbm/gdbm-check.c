/*
 * gdbm-check [--snapshots] DIR
 *
 * Judges DIR/puts.db (judge.h), or the snapshot that gdbm_latest_snapshot()
 * picks, as its manual says to do after a crash. Exit 0: held, 1: violated, 2:
 * cannot tell.
 */
#include <gdbm.h>

#include "judge.h"

/* What GDBM says of a damaged file; setup made it, so a missing one is damage,
 * too. Anything else is unknown. */
static void __attribute__((noreturn)) end_gdbm(const char *what)
{
	int damaged;

	switch (gdbm_errno) {
	case GDBM_BAD_MAGIC_NUMBER:
	case GDBM_EMPTY_DATABASE:
	case GDBM_BAD_FILE_OFFSET:
	case GDBM_FILE_EOF:
	case GDBM_NEED_RECOVERY:
	case GDBM_BAD_BUCKET:
	case GDBM_BAD_HEADER:
	case GDBM_BAD_AVAIL:
	case GDBM_BAD_HASH_TABLE:
	case GDBM_BAD_DIR_ENTRY:
	case GDBM_BAD_HASH_ENTRY:
	case GDBM_BLOCK_SIZE_ERROR:
		damaged = 1;
		break;
	default:
		damaged = errno == ENOENT;
	}
	pc_end(damaged ? 1 : 2, "%s%s: %s (%s)", damaged ? "corrupt: " : "",
	       what, gdbm_strerror(gdbm_errno), strerror(errno));
}

static long get(void *store, const char *key, char value[VALUE_LEN + 1])
{
	datum k = { (char *)(uintptr_t)key, (int)strlen(key) };
	datum v = gdbm_fetch(store, k);
	int len;

	if (!v.dptr && gdbm_errno == GDBM_ITEM_NOT_FOUND)
		return -1;
	if (!v.dptr)
		end_gdbm("gdbm_fetch");
	len = v.dsize > VALUE_LEN ? VALUE_LEN + 1 : v.dsize;
	memcpy(value, v.dptr, (size_t)len);
	free(v.dptr);
	return len;
}

/* The store itself where there is no whole snapshot yet: nothing has changed it
 * before the first one was made. */
static const char *pick_snapshot(unsigned int acked)
{
	const char *name = NULL;
	int r = gdbm_latest_snapshot(EVEN_NAME, ODD_NAME, &name);

	if (r == GDBM_SNAPSHOT_OK || r == GDBM_SNAPSHOT_SUSPICIOUS)
		return name;
	if (r == GDBM_SNAPSHOT_ERR && errno != ENOENT)
		pc_end(2, "gdbm_latest_snapshot: %s", strerror(errno));
	if (acked)
		pc_end(1,
		       "corrupt: there is no good snapshot (%d), put %u was "
		       "acknowledged",
		       r, acked);
	return DB_NAME;
}

int main(int argc, char **argv)
{
	int snapshots = argc > 1 && !strcmp(argv[1], "--snapshots");
	unsigned int acked;
	const char *name;
	GDBM_FILE db;

	if (argc != 2 + snapshots)
		pc_end(2, "usage: gdbm-check [--snapshots] DIR");
	acked = last_acked();
	pc_check_in_child();
	if (chdir(argv[1 + snapshots]) < 0)
		pc_end(2, "cannot go to the folder: %s", strerror(errno));
	name = snapshots ? pick_snapshot(acked) : DB_NAME;
	db = gdbm_open(name, 0, GDBM_READER, 0, NULL);
	if (!db)
		end_gdbm(name);
	judge(get, db, acked);
}

/*
 * Writing and opening a store.
 *
 * What makes it safe against kill -9:
 * - The file is born whole: the tables are made under another name, which is
 *   then renamed. A store exists with its schema or not at all.
 * - The journal is a write-ahead log, synchronous=NORMAL: each commit is in
 *   the kernel when store_commit returns, and SQLite recovers the log when
 *   it is opened next (https://www.sqlite.org/wal.html).
 * - A writer that ends in order goes back to a rollback journal, so that a
 *   finished store is one plain file that can be copied and read anywhere.
 *
 * A reader may find a store whose writer died, on media that it cannot write
 * to. SQLite reads a log on a read-only folder if the -shm file is there; the
 * two cases where it does not are handled in open_stubborn().
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "internal.h"
#include "schema.h"

#define BUSY_MS 5000

static const char *const verdict_names[] = {
	[VERDICT_HELD] = "held",
	[VERDICT_VIOLATED] = "violated",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_VACUOUS] = "vacuous",
	[VERDICT_LOSES] = "loses",
};

static const char *const stage_names[] = {
	[STAGE_NONE] = "none",	 [STAGE_MOUNT] = "mount",
	[STAGE_KERNEL] = "kernel", [STAGE_HANG] = "hang",
	[STAGE_FSCK] = "fsck",	 [STAGE_CHECK] = "check",
};

static const char *const layer_names[] = {
	"application buffer",	   "system call", "page cache",
	"file system and journal", "block layer", "drive cache",
};
#define LAYERS (sizeof(layer_names) / sizeof(layer_names[0]))

static const char *const lane_names[STORE_LANES + 1] = {
	[STORE_LANE_APPLICATION] = "application",
	[STORE_LANE_CALL] = "call",
	[STORE_LANE_PAGES] = "pages",
	[STORE_LANE_JOURNAL] = "journal",
	[STORE_LANE_BLOCK] = "block",
	[STORE_LANE_DRIVE] = "drive",
	[STORE_LANE_MEDIA] = "media",
};

const char *verdict_name(enum verdict v)
{
	return v <= VERDICT_LOSES ? verdict_names[v] : "unknown";
}

const char *stage_name(enum stage s)
{
	return s <= STAGE_CHECK ? stage_names[s] : "none";
}

const char *store_layer_name(unsigned layer)
{
	return layer >= 1 && layer <= LAYERS ? layer_names[layer - 1] : NULL;
}

const char *store_lane_name(enum store_lane lane)
{
	return lane <= STORE_LANES ? lane_names[lane] : NULL;
}

static int errno_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
		return EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EBADMSG;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return EACCES;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_TOOBIG:
		return E2BIG;
	case SQLITE_CONSTRAINT:
		return EINVAL;
	default:
		return EIO;
	}
}

int store_failed(struct store *s, int rc, const char *what, struct error *e)
{
	int err = errno_of(rc);

	error_set(e, err, "%s %s: %s", what, s->path,
		  s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
	if (err == ENOSPC)
		error_hint(e, "free some space where the results are kept");
	if (err == EBUSY)
		error_hint(e, "another process is writing to this run");
	if (err == EBADMSG)
		error_hint(e, "the file is damaged or not a store; the run "
			   "has to be made again");
	return -err;
}

int store_exec(struct store *s, const char *sql, struct error *e)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_failed(s, rc, "cannot use", e);
}

int store_query(struct store *s, const char *sql, sqlite3_stmt **ret,
		struct error *e)
{
	int rc = sqlite3_prepare_v2(s->db, sql, -1, ret, NULL);

	return rc == SQLITE_OK ? 0 : store_failed(s, rc, "cannot read", e);
}

const char *store_column(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	return text ? (const char *)text : "";
}

/* ---- opening ---- */

static void close_db(struct store *s)
{
	for (int i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(s->kept[i]);
		s->kept[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
}

static void store_free(struct store *s)
{
	if (!s)
		return;
	close_db(s);
	free(s->path);
	free(s);
}

static void cleanup_store(struct store **s)
{
	store_free(*s);
}

#define CLEANUP_STORE __attribute__((cleanup(cleanup_store)))

static struct store *store_alloc(const char *path, int writable)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->path = xstrdup(path);
	s->writable = writable;
	return s;
}

/* An untrusted store must not be able to run anything of ours: no extensions,
 * no functions from its schema, and its cells are checked when read. */
static int open_db(struct store *s, const char *name, int flags,
		   const char *vfs, struct error *e)
{
	int rc = sqlite3_open_v2(name, &s->db, flags, vfs);

	if (rc != SQLITE_OK)
		return store_failed(s, rc, "cannot open", e);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_extended_result_codes(s->db, 1);
	return store_exec(s,
			  "PRAGMA trusted_schema=OFF;"
			  "PRAGMA cell_size_check=ON;",
			  e);
}

static int pragma_number(struct store *s, const char *sql, int *ret,
			 struct error *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;
	int err = store_query(s, sql, &st, e);
	int rc;

	if (err < 0)
		return err;
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW)
		return store_failed(s, rc, "cannot read", e);
	*ret = sqlite3_column_int(st, 0);
	return 0;
}

/* Reads the first page (so this also is the test whether it can be read). */
static int check_version(struct store *s, struct error *e)
{
	int id = 0, version = 0;
	int err = pragma_number(s, "PRAGMA application_id", &id, e);

	if (err == 0)
		err = pragma_number(s, "PRAGMA user_version", &version, e);
	if (err < 0)
		return err;
	if (id != STORE_APPLICATION_ID)
		return error_set(e, EBADMSG,
				 "%s is not a store of powercut", s->path);
	if (version == STORE_VERSION)
		return 0;
	err = error_set(e, EPROTONOSUPPORT,
			"%s has schema version %d, this powercut reads "
			"version %d", s->path, version, STORE_VERSION);
	error_hint(e, "use the powercut that made the run, or make the run "
		   "again");
	return err;
}

/* The path as an SQLite URI (https://www.sqlite.org/uri.html). */
static void uri(struct buf *b, const char *path, const char *query)
{
	buf_puts(b, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			buf_printf(b, "%%%02X", (unsigned char)*path);
		else
			buf_add(b, path, 1);
	}
	buf_puts(b, query);
}

static int has_log(const char *path)
{
	CLEANUP_FREE char *wal = xasprintf("%s-wal", path);
	struct stat st;

	return stat(wal, &st) == 0 && st.st_size > 0;
}

/*
 * For a folder that cannot be written to. Without a log nothing can change
 * the file: immutable. With a log but without a usable -shm file: exclusive
 * locking keeps the log's index in memory ("Use of WAL Without Shared-Memory"
 * in wal.html), and the vfs unix-none makes no locks, which a file that is
 * open for reading could not have. A living writer always has its -shm file,
 * so nobody is disturbed.
 */
static int open_stubborn(struct store *s, struct error *e)
{
	CLEANUP_BUF struct buf name = BUF_INIT;
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
	int err;

	close_db(s);
	if (!has_log(s->path)) {
		uri(&name, s->path, "?immutable=1");
		err = open_db(s, buf_text(&name), flags, NULL, e);
	} else {
		uri(&name, s->path, "");
		err = open_db(s, buf_text(&name), flags, "unix-none", e);
		if (err == 0)
			err = store_exec(s, "PRAGMA locking_mode=EXCLUSIVE",
					 e);
	}
	return err < 0 ? err : check_version(s, e);
}

static int check_exists(const char *path, struct error *e)
{
	int err;

	if (access(path, R_OK) == 0)
		return 0;
	err = error_errno(e, errno, "cannot open the store %s", path);
	if (err == -ENOENT)
		error_hint(e, "powercut list shows the runs that there are");
	return err;
}

int store_open(const char *path, struct store **ret, struct error *e)
{
	CLEANUP_STORE struct store *s = store_alloc(path, 0);
	int err = check_exists(path, e);

	if (err < 0)
		return err;
	err = open_db(s, path, SQLITE_OPEN_READONLY, NULL, e);
	if (err == 0)
		err = check_version(s, e);
	if (err == -EACCES || err == -EROFS)
		err = open_stubborn(s, e);
	if (err < 0)
		return err;
	*ret = TAKE(s);
	return 0;
}

static int open_writer(const char *path, struct store **ret, struct error *e)
{
	CLEANUP_STORE struct store *s = store_alloc(path, 1);
	int err = open_db(s, path, SQLITE_OPEN_READWRITE, NULL, e);

	if (err == 0)
		err = check_version(s, e);
	if (err == 0)
		err = store_exec(s,
				 "PRAGMA journal_mode=WAL;"
				 "PRAGMA synchronous=NORMAL;",
				 e);
	if (err < 0)
		return err;
	*ret = TAKE(s);
	return 0;
}

static int make_tables(const char *path, struct error *e)
{
	CLEANUP_STORE struct store *s = store_alloc(path, 1);
	CLEANUP_BUF struct buf sql = BUF_INIT;
	int err = open_db(s, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			  NULL, e);

	if (err < 0)
		return err;
	buf_printf(&sql, "BEGIN;%s"
		   "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;",
		   store_schema, STORE_APPLICATION_ID, STORE_VERSION);
	return store_exec(s, buf_text(&sql), e);
}

int store_create(const char *path, struct store **ret, struct error *e)
{
	CLEANUP_FREE char *tmp = xasprintf("%s.tmp", path);
	int err;

	if (access(path, F_OK) == 0)
		return error_errno(e, EEXIST, "cannot create the store %s",
				   path);
	unlink(tmp); /* of one who was killed here */
	err = make_tables(tmp, e);
	if (err == 0 && rename(tmp, path) < 0)
		err = error_errno(e, errno, "cannot create the store %s", path);
	unlink(tmp);
	return err < 0 ? err : open_writer(path, ret, e);
}

int store_reopen(const char *path, struct store **ret, struct error *e)
{
	CLEANUP_STORE struct store *s = NULL;
	int err = check_exists(path, e);

	if (err == 0)
		err = open_writer(path, &s, e);
	/* Together: no verdict may stand over results that are gone. */
	if (err == 0)
		err = store_exec(s,
				 "BEGIN IMMEDIATE;"
				 "DELETE FROM finding; DELETE FROM state;"
				 "DELETE FROM cut; DELETE FROM cause;"
				 "DELETE FROM run WHERE key IN"
				 " ('verdict', 'reason', 'seconds',"
				 "  'first_failure_ns');"
				 "INSERT OR REPLACE INTO run"
				 " VALUES ('phase', 'checking');"
				 "COMMIT",
				 e);
	if (err < 0)
		return err;
	*ret = TAKE(s);
	return 0;
}

void store_close(struct store *s)
{
	if (s && s->writable) {
		store_commit(s, NULL);
		/* Not while there are readers: the log then stays. */
		sqlite3_busy_timeout(s->db, 0);
		store_exec(s, "PRAGMA journal_mode=DELETE", NULL);
	}
	store_free(s);
}

int store_snapshot(struct store *s, struct error *e)
{
	int version;
	int err = store_exec(s, "BEGIN", e);

	/* The snapshot is taken by the first read. */
	return err < 0 ? err :
			 pragma_number(s, "SELECT count(*) FROM sqlite_schema",
				       &version, e);
}

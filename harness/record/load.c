#include "record/load.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "drive/history.h"
#include "drive/pack.h"
#include "interchange/interchange.h"
#include "trace/trace.h"

#define DISK_NSID 1

/* A log without its end may lack anything behind its last record. */
static int check_sealed(const struct history *h, struct error *e)
{
	if (h->sealed && (h->stop != POSITION_NEVER || h->cut != POSITION_NEVER))
		return 0;
	return error_set(e, EPROTO, "the log %s was not closed in order",
			 h->log_path);
}

int record_log(const char *dir, const char *scratch, char **ret,
	       struct error *e)
{
	CLEANUP_FREE char *log = xasprintf("%s/drive.log", dir);
	CLEANUP_FREE char *packed = xasprintf("%s.zst", log);
	int err = 0;

	if (access(log, F_OK) == 0 || access(packed, F_OK) < 0) {
		*ret = TAKE(log);
		return 0;
	}
	err = log_unpack(log, scratch, e);
	if (!err)
		*ret = xstrdup(scratch);
	return err;
}

int record_history(const char *dir, const char *log, struct history **ret,
		   struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/trace.bin", dir);
	struct history *h = NULL;
	struct trace *t = NULL;
	enum imported imported;
	int err;

	err = imported_read(dir, &imported, e);
	if (!err)
		err = history_load(log, &h, e);
	if (!err)
		err = check_sealed(h, e);
	if (!err && imported == IMPORTED_NOT)
		err = trace_load(path, &t, e);
	if (!err && imported == IMPORTED_NOT)
		err = trace_join(h, t, DISK_NSID, e);
	trace_free(t);
	if (err) {
		history_free(h);
		error_prefix(e, "the recording is void");
		return err;
	}
	*ret = h;
	return 0;
}

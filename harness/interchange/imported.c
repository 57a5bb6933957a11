/* The file that says what an imported recording knows. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "interchange/interchange.h"

static const char *const names[] = {
	[IMPORTED_FUA] = "dm-log-writes\n",
	[IMPORTED_NO_FUA] = "blklogwrites\n",
};

int imported_mark(const char *folder, enum imported what, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/imported", folder);

	return file_write(path, names[what], strlen(names[what]), e);
}

int imported_read(const char *folder, enum imported *ret, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/imported", folder);
	CLEANUP_BUF struct buf b = BUF_INIT;
	int err;

	*ret = IMPORTED_NOT;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	err = file_read(path, &b, e);
	if (err)
		return err;
	for (int i = IMPORTED_FUA; i <= IMPORTED_NO_FUA; i++)
		if (!strcmp(buf_text(&b), names[i]))
			*ret = (enum imported)i;
	if (*ret == IMPORTED_NOT)
		return error_set(e, EBADMSG, "%s names no format", path);
	return 0;
}

const char *imported_caveat(enum imported what)
{
	switch (what) {
	case IMPORTED_NOT:
		return NULL;
	case IMPORTED_FUA:
		return "imported from dm-log-writes, which does not say what "
		       "was in flight together and holds writes back until a "
		       "flush: fewer states were judged than the drive could "
		       "have left";
	case IMPORTED_NO_FUA:
		return "imported from blklogwrites, which records no FUA and "
		       "logs a flush when it has completed: a write may look "
		       "lost that was durable, and durable that was lost; only "
		       "a violation in a state that lost no write is a proof";
	}
	return NULL;
}

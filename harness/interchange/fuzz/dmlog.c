/*
 * libFuzzer entry: any bytes as a log of dm-log-writes. What can be imported
 * gives a drive's log that loads, and can be exported again.
 *
 * The second run sees the bytes behind a right super block, so that entries
 * are reached without guessing the magic number.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "interchange/dmlog.h"
#include "interchange/interchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fd_path(int fd, char *path, size_t size)
{
	snprintf(path, size, "/proc/self/fd/%d", fd);
}

/* Whatever was taken in must be a recording like ours. */
static void use(const char *log_path)
{
	CLEANUP_CLOSE int out = memfd_create("out", MFD_CLOEXEC);
	struct history *h;
	struct exported x;
	char path[64];

	if (history_load(log_path, &h, NULL))
		abort();
	fd_path(out, path, sizeof(path));
	if (interchange_export(h, 4096, path, &x, NULL) == 0)
		exported_release(&x);
	history_free(h);
}

static void load(const void *data, size_t size, const char *from)
{
	CLEANUP_CLOSE int in = memfd_create("in", MFD_CLOEXEC);
	CLEANUP_CLOSE int log = memfd_create("log", MFD_CLOEXEC);
	struct import i = { .from = from,
			    .disk_size = 1 << 20,
			    .block_size = 512 };
	char in_path[64], log_path[64];
	enum imported what;

	if (in < 0 || log < 0 || write_full(in, data, size) < 0)
		abort();
	fd_path(in, in_path, sizeof(in_path));
	fd_path(log, log_path, sizeof(log_path));
	i.file = in_path;
	if (interchange_import(&i, log_path, &what, NULL) == 0)
		use(log_path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dmlog_super super = { DMLOG_MAGIC, DMLOG_VERSION, size, 512 };
	CLEANUP_FREE uint8_t *copy = xmalloc(size);

	load(data, size, NULL);
	if (size < sizeof(super))
		return 0;
	memcpy(copy, data, size);
	/* as many entries as there may be: the first byte says */
	super.nr_entries = data[0];
	memcpy(copy, &super, sizeof(super));
	load(copy, size, NULL);
	load(copy, size, "m");
	return 0;
}

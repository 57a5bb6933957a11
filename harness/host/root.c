#include "host/root.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/spawn.h"
#include "common/text.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* An initramfs is several archives, one behind the other (Linux:
 * Documentation/driver-api/early-userspace/buffer-format.rst); cpio takes one a
 * run. It would take the modules, too: nobody loads them here. */
static int unpack(const char *initrd, const char *to, struct error *e)
{
	static const char script[] =
		"set -e; exec <\"$0\"; n=$(stat -c %s \"$0\")\n"
		"while [ \"$(sed -n 's/^pos:[[:space:]]*//p' "
		"/proc/self/fdinfo/0)\" -lt \"$n\" ]; do\n"
		"cpio -idm --quiet -D \"$1\" -f 'modules/*' './modules/*'\n"
		"done";
	const char *const argv[] = { "sh", "-c", script, initrd, to, NULL };
	CLEANUP_BUF struct buf said = BUF_INIT;
	CLEANUP_FREE char *last = NULL;
	int status = spawn_wait(argv, &said, e);

	if (status <= 0)
		return status;
	last = text_last_line(&said);
	return error_set(e, EIO, "cannot unpack %s: %s", initrd, last);
}

/* Another image of the same process has another folder. */
static char *folder(const char *runtime_dir, const char *initrd)
{
	return xasprintf("%s/root-%08" PRIx32, runtime_dir,
			 (uint32_t)XXH3_64bits(initrd, strlen(initrd)));
}

int host_root(const char *runtime_dir, const char *initrd, char **ret,
	      struct error *e)
{
	CLEANUP_FREE char *path = folder(runtime_dir, initrd);
	CLEANUP_FREE char *part = xasprintf("%s.part", path);
	int err = 0;
	LOCKED(&lock);

	if (access(path, F_OK) < 0) {
		rm_rf(part, NULL);
		err = mkdir_p(part, e);
		if (!err)
			err = unpack(initrd, part, e);
		if (!err && rename(part, path) < 0)
			err = error_errno(e, errno, "cannot make %s", path);
	}
	if (!err)
		*ret = TAKE(path);
	return err;
}

#include "guest/init/put.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/init/frames.h"

/* Programs must not change what was put: /pc is read only in between. A
 * failure shows when the file is written. */
static void set_writable(int writable)
{
	mount(NULL, "/pc", NULL,
	      MS_REMOUNT | MS_BIND | (writable ? 0 : MS_RDONLY), NULL);
}

static int make_parent(const char *path, int fresh, struct error *e)
{
	CLEANUP_FREE char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	int r = 0;

	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	if (fresh)
		r = rm_rf(dir, e);
	return r < 0 ? r : mkdir_p(dir, e);
}

static int write_file(const char *path, int flags, const struct put *put,
		      const struct cursor *content)
{
	CLEANUP_CLOSE int fd = open(path, flags | O_WRONLY | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = write_full(fd, content->at, content->left);
	if (r == 0 && fchmod(fd, put->mode & 07777) < 0)
		r = -errno;
	return r;
}

/* Beside, then renamed: a program of that name may be running (ETXTBSY). */
static int replace_file(const char *path, const struct put *put,
			const struct cursor *content)
{
	CLEANUP_FREE char *temp = xasprintf("%s.powercut-put", path);
	int r = write_file(temp, O_CREAT | O_TRUNC, put, content);

	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temp);
	return r;
}

static int put_file(const char *path, const struct put *put,
		    const struct cursor *content, struct buf *ret_text)
{
	struct error e;
	int r = make_parent(path, put->flags & PUT_FRESH, &e);

	if (r < 0) {
		buf_puts(ret_text, e.message);
		return r;
	}
	if (put->flags & PUT_APPEND)
		r = write_file(path, O_APPEND, put, content);
	else
		r = replace_file(path, put, content);
	if (r < 0)
		buf_printf(ret_text, "cannot write %s: %s", path,
			   strerror(-r));
	return r;
}

int put_files(const struct put_item *items, size_t n, struct buf *ret_text)
{
	const struct put put = { .mode = 0644 };
	int r = 0;

	set_writable(1);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct cursor c = { items[i].content, items[i].len };

		r = put_file(items[i].path, &put, &c, ret_text);
	}
	set_writable(0);
	return -r;
}

int put_request(const char *payload, size_t len, struct buf *ret_text)
{
	struct cursor c = { payload, len };
	const char *path;
	struct put put;
	int r;

	if (cursor_take(&c, &put, sizeof(put)) < 0 ||
	    !(path = cursor_string(&c)))
		return EPROTO;
	set_writable(1);
	r = put_file(path, &put, &c, ret_text);
	set_writable(0);
	return -r;
}

#include "guest/oci/outer.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"

#define BLOCK 65536
#define JSON_MAX (16u << 20)
#define LINKS_MAX 8

int outer_open(const char *path, struct outer *ret, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", path);
	*ret = (struct outer){ fd, path };
	return 0;
}

void outer_close(struct outer *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

static int damaged(const struct outer *o, struct archive *a, struct error *e)
{
	return error_set(e, EBADMSG, "%s is no archive, or a damaged one: %s",
			 o->path, archive_error_string(a) ?
					  archive_error_string(a) :
					  "it ends too early");
}

/* Without "./" at the start. */
static const char *plain(const char *name)
{
	while (!strncmp(name, "./", 2))
		name += 2;
	return name;
}

/* Where a link leads that stands at `name`: without "." and "..". A link that
 * leads out of the archive finds nothing there. Caller frees. */
static char *resolve(const char *name, const char *link)
{
	const char *slash = strrchr(name, '/');
	CLEANUP_FREE char *text =
		*link == '/' || !slash ?
			xstrdup(link) :
			xasprintf("%.*s/%s", (int)(slash - name), name, link);
	char *out = xcalloc(strlen(text) + 2, 1), *save, *last;

	for (char *part = strtok_r(text, "/", &save); part;
	     part = strtok_r(NULL, "/", &save)) {
		if (!strcmp(part, "."))
			continue;
		if (strcmp(part, "..")) {
			if (*out)
				strcat(out, "/");
			strcat(out, part);
			continue;
		}
		last = strrchr(out, '/');
		*(last ? last : out) = '\0';
	}
	return out;
}

static struct archive *open_archive(const struct outer *o)
{
	struct archive *a = archive_read_new();

	archive_read_support_filter_all(a);
	archive_read_support_format_tar(a);
	lseek(o->fd, 0, SEEK_SET);
	if (archive_read_open_fd(a, o->fd, BLOCK) == ARCHIVE_OK)
		return a;
	archive_read_free(a);
	return NULL;
}

/* 0: *a stands at it. 1: it is a link, to *ret_link. */
static int find(const struct outer *o, struct archive *a, const char *name,
		char **ret_link, struct error *e)
{
	struct archive_entry *entry;
	int r;

	while ((r = archive_read_next_header(a, &entry)) == ARCHIVE_OK ||
	       r == ARCHIVE_WARN) {
		const char *path = archive_entry_pathname(entry);
		const char *hard = archive_entry_hardlink(entry);
		const char *soft = archive_entry_symlink(entry);

		if (!path || strcmp(plain(path), name))
			continue;
		if (hard)
			*ret_link = resolve("", hard);
		else if (soft)
			*ret_link = resolve(name, soft);
		return hard || soft;
	}
	if (r != ARCHIVE_EOF)
		return damaged(o, a, e);
	return error_set(e, ENOENT, "%s has no %s in it", o->path, name);
}

static int seek(const struct outer *o, const char *name, int links,
		struct archive **ret, struct error *e)
{
	CLEANUP_FREE char *link = NULL;
	struct archive *a = open_archive(o);
	int r;

	if (!a || links > LINKS_MAX) {
		archive_read_free(a);
		return error_set(e, EBADMSG, "%s is no tar archive", o->path);
	}
	r = find(o, a, name, &link, e);
	if (r == 0) {
		*ret = a;
		return 0;
	}
	archive_read_free(a);
	return r < 0 ? r : seek(o, link, links + 1, ret, e);
}

int outer_seek(const struct outer *o, const char *name, struct archive **ret,
	       struct error *e)
{
	return seek(o, name, 0, ret, e);
}

int outer_read(const struct outer *o, const char *name, struct buf *ret,
	       struct error *e)
{
	struct archive *a;
	char chunk[8192];
	la_ssize_t n;
	int err = outer_seek(o, name, &a, e);

	if (err)
		return err;
	while ((n = archive_read_data(a, chunk, sizeof(chunk))) > 0 &&
	       ret->len < JSON_MAX)
		buf_add(ret, chunk, (size_t)n);
	if (n < 0)
		err = damaged(o, a, e);
	else if (n > 0)
		err = error_set(e, EFBIG, "%s: %s is too large", o->path, name);
	archive_read_free(a);
	return err;
}

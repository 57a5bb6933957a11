#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"

#define SCAN_PATH_MAX 4096

/* ---- reading ---- */

static int trouble(struct error *e, const char *what, const char *path)
{
	return error_errno(e, errno, "cannot %s %s", what, path);
}

static int read_bytes(const char *path, struct ace_seen_entry *s,
		      struct error *e)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return trouble(e, "open", path);
	s->bytes = xmalloc(s->size + 1);
	for (uint32_t at = 0; at < s->size; at += (uint32_t)n) {
		n = pread(fd, s->bytes + at, s->size - at, at);
		if (n <= 0) {
			errno = n ? errno : EIO;
			return trouble(e, "read", path);
		}
	}
	return 0;
}

static int add_attr(const char *path, const char *full,
		    struct ace_seen_entry *s, struct error *e)
{
	struct ace_seen_attr *a = &s->attrs[s->n_attrs];
	ssize_t n;

	if (strncmp(full, "user.", 5))
		return 0;
	if (s->n_attrs == ACE_ATTRS_MAX || strlen(full + 5) >= ACE_PATH_MAX)
		return error_set(e, EUCLEAN,
				 "%s: attributes that it never "
				 "had",
				 path);
	strcpy(a->name, full + 5);
	n = lgetxattr(path, full, a->value, sizeof(a->value) - 1);
	if (n < 0)
		return trouble(e, "read the attributes of", path);
	a->value[n] = '\0';
	s->n_attrs++;
	return 0;
}

static int read_attrs(const char *path, struct ace_seen_entry *s,
		      struct error *e)
{
	char names[2048];
	ssize_t n = llistxattr(path, names, sizeof(names));
	int err = 0;

	if (n < 0 && errno == EOPNOTSUPP)
		return 0;
	if (n < 0)
		return trouble(e, "list the attributes of", path);
	for (const char *p = names; p < names + n && !err; p += strlen(p) + 1)
		err = add_attr(path, p, s, e);
	return err;
}

static int read_target(const char *path, struct ace_seen_entry *s,
		       struct error *e)
{
	ssize_t n = readlink(path, s->target, sizeof(s->target) - 1);

	if (n < 0)
		return trouble(e, "read the link", path);
	s->target[n] = '\0';
	return 0;
}

static int read_inside(const char *path, struct ace_seen_entry *s,
		       struct error *e)
{
	int err = read_attrs(path, s, e);

	if (!err && s->type == ACE_FILE)
		err = read_bytes(path, s, e);
	if (!err && s->type == ACE_LINK_SYMBOLIC)
		err = read_target(path, s, e);
	return err;
}

static int read_entry(const char *path, const char *name, int parent,
		      struct ace_seen *seen, struct error *e)
{
	struct ace_seen_entry *s = &seen->entries[seen->n];
	struct stat st;

	if (seen->n == ACE_SEEN_MAX || strlen(name) >= ACE_PATH_MAX)
		return error_set(e, EUCLEAN, "%s: more than there ever was",
				 path);
	if (lstat(path, &st) < 0)
		return trouble(e, "stat", path);
	*s = (struct ace_seen_entry){
		.parent = parent,
		.number = st.st_ino,
		.links = st.st_nlink,
		.type = S_ISDIR(st.st_mode)   ? ACE_DIRECTORY
			: S_ISLNK(st.st_mode) ? ACE_LINK_SYMBOLIC
					      : ACE_FILE,
	};
	strcpy(s->name, name);
	seen->n++;
	if (!S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode) &&
	    !S_ISREG(st.st_mode))
		return error_set(e, EUCLEAN, "%s: of a type that nothing had",
				 path);
	if (st.st_size > ACE_FILE_MAX && s->type == ACE_FILE)
		return error_set(e, EUCLEAN,
				 "%s: %lld bytes, more than it "
				 "ever had",
				 path, (long long)st.st_size);
	s->size = s->type == ACE_FILE ? (uint32_t)st.st_size : 0;
	return read_inside(path, s, e);
}

static int scan_into(const char *folder, int parent, struct ace_seen *seen,
		     struct error *e)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	int err = 0;

	if (!dir)
		return trouble(e, "open", folder);
	while (!err && (errno = 0, d = readdir(dir))) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", folder, d->d_name);
		int entry = (int)seen->n;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") ||
		    !strcmp(d->d_name, "lost+found"))
			continue;
		err = read_entry(path, d->d_name, parent, seen, e);
		if (!err && seen->entries[entry].type == ACE_DIRECTORY)
			err = scan_into(path, entry, seen, e);
	}
	if (!err && errno)
		err = trouble(e, "read", folder);
	closedir(dir);
	return err;
}

int scan(const char *folder, struct ace_seen *ret, struct error *e)
{
	ret->n = 0;
	return scan_into(folder, ACE_SEEN_ROOT, ret, e);
}

/* ---- using it up ---- */

static char *path_of(const char *folder, const struct ace_seen *seen, int entry)
{
	CLEANUP_FREE char *parent = NULL;

	if (entry == ACE_SEEN_ROOT)
		return xstrdup(folder);
	parent = path_of(folder, seen, seen->entries[entry].parent);
	return xasprintf("%s/%s", parent, seen->entries[entry].name);
}

static int try_new_file(const char *dir, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/.new", dir);
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return trouble(e, "make a file in", dir);
	close(fd);
	return unlink(path) < 0 ? trouble(e, "remove a new file in", dir) : 0;
}

/* Entries stand behind their directory: from the last to the first. */
int use_up(const char *folder, const struct ace_seen *seen, int removable,
	   struct error *e)
{
	int err = try_new_file(folder, e);

	for (size_t i = seen->n; i-- && !err;) {
		CLEANUP_FREE char *path = path_of(folder, seen, (int)i);

		if (seen->entries[i].type == ACE_DIRECTORY) {
			err = try_new_file(path, e);
			if (!err && rmdir(path) < 0)
				err = trouble(e, "remove directory", path);
		} else if (unlink(path) < 0) {
			err = trouble(e, "remove", path);
		}
	}
	if (!err && removable && rmdir(folder) < 0)
		err = trouble(e, "remove directory", folder);
	return err;
}

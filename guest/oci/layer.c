#include "guest/oci/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/oci/outer.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

struct layer {
	const struct outer *outer;
	const char *name;
	struct archive *from; /* the archive, at the layer */
	struct archive *in;   /* the layer */
	struct archive *out;  /* to files */
};

static la_ssize_t read_layer(struct archive *a, void *arg, const void **ret)
{
	struct layer *l = arg;
	size_t len = 0;
	la_int64_t offset;
	int r = archive_read_data_block(l->from, ret, &len, &offset);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
		return (la_ssize_t)len;
	archive_set_error(a, EIO, "%s", archive_error_string(l->from));
	return -1;
}

static int damaged(const struct layer *l, struct archive *a, struct error *e)
{
	return error_set(e, EBADMSG, "%s: layer %s is damaged: %s",
			 l->outer->path, l->name,
			 archive_error_string(a) ? archive_error_string(a) :
						   "it ends too early");
}

static int open_layer(const struct outer *o, const char *name, struct layer *l,
		      struct error *e)
{
	int err;

	*l = (struct layer){ .outer = o, .name = name };
	err = outer_seek(o, name, &l->from, e);
	if (err)
		return err;
	l->in = archive_read_new();
	archive_read_support_filter_all(l->in);
	archive_read_support_format_tar(l->in);
	archive_read_support_format_empty(l->in);
	if (archive_read_open(l->in, l, NULL, read_layer, NULL) == ARCHIVE_OK)
		return 0;
	return damaged(l, l->in, e);
}

static void close_layer(struct layer *l)
{
	archive_read_free(l->in);
	archive_read_free(l->from);
	archive_write_free(l->out);
}

static int leads_out(const char *name)
{
	CLEANUP_FREE char *copy = xstrdup(name);
	char *save;

	if (*name == '/')
		return 1;
	for (char *part = strtok_r(copy, "/", &save); part;
	     part = strtok_r(NULL, "/", &save))
		if (!strcmp(part, ".."))
			return 1;
	return 0;
}

/* The next entry's path, which does not lead out. 1: there is one, 0: end. */
static int next(struct layer *l, struct archive_entry **ret, const char **ret_path,
		struct error *e)
{
	int r = archive_read_next_header(l->in, ret);
	const char *hard;

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return damaged(l, l->in, e);
	*ret_path = archive_entry_pathname(*ret);
	hard = archive_entry_hardlink(*ret);
	if (*ret_path && !leads_out(*ret_path) && (!hard || !leads_out(hard)))
		return 1;
	return error_set(e, EINVAL, "%s: layer %s has a name that leads out of "
			 "the image: %s", l->outer->path, l->name,
			 *ret_path ? *ret_path : "(none)");
}

/* All that lower layers have in the folder. */
static int empty_folder(const char *dir, struct error *e)
{
	DIR *d = opendir(*dir ? dir : ".");
	struct dirent *entry;
	int err = 0;

	while (d && !err && (entry = readdir(d))) {
		CLEANUP_FREE char *path =
			xasprintf("%s/%s", *dir ? dir : ".", entry->d_name);

		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			err = rm_rf(path, e);
	}
	if (d)
		closedir(d);
	return err;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int is_whiteout(const char *path)
{
	return !strncmp(last_part(path), WHITEOUT, strlen(WHITEOUT));
}

static int take_away(const char *path, struct error *e)
{
	const char *last = last_part(path);
	CLEANUP_FREE char *dir = xasprintf("%.*s", (int)(last - path), path);
	CLEANUP_FREE char *gone =
		xasprintf("%s%s", dir, last + strlen(WHITEOUT));

	if (!strcmp(last, OPAQUE))
		return empty_folder(dir, e);
	/* .wh..wh.NAME: other files of AUFS, which say nothing of ours. */
	if (is_whiteout(gone))
		return 0;
	last = last_part(gone);
	if (!*last || !strcmp(last, ".") || !strcmp(last, ".."))
		return error_set(e, EINVAL, "a whiteout without a name: %s",
				 path);
	return rm_rf(gone, e);
}

static int take_away_all(struct layer *l, struct error *e)
{
	struct archive_entry *entry;
	const char *path;
	int r;

	while ((r = next(l, &entry, &path, e)) > 0)
		if (is_whiteout(path) && (r = take_away(path, e)) < 0)
			return r;
	return r;
}

/* A folder stays a folder; what else is there makes room. */
static int make_room(const char *path, int is_folder, struct error *e)
{
	CLEANUP_FREE char *name = xstrdup(path);
	size_t len = strlen(name);
	struct stat st;

	while (len > 1 && name[len - 1] == '/')
		name[--len] = '\0';
	if (!strcmp(name, ".") || !*name || lstat(name, &st) < 0 ||
	    (is_folder && S_ISDIR(st.st_mode)))
		return 0;
	return rm_rf(name, e);
}

static int bring(struct layer *l, struct archive_entry *entry, struct error *e)
{
	const void *data;
	la_int64_t offset;
	size_t len;
	int r = archive_write_header(l->out, entry);

	while (r == ARCHIVE_OK || r == ARCHIVE_WARN) {
		r = archive_read_data_block(l->in, &data, &len, &offset);
		if (r == ARCHIVE_EOF)
			break;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return damaged(l, l->in, e);
		r = archive_write_data_block(l->out, data, len, offset) < 0 ?
			    ARCHIVE_FATAL :
			    ARCHIVE_OK;
	}
	if (r == ARCHIVE_EOF)
		r = archive_write_finish_entry(l->out);
	if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
		return 0;
	return error_set(e, EIO, "%s: layer %s: cannot unpack %s: %s",
			 l->outer->path, l->name, archive_entry_pathname(entry),
			 archive_error_string(l->out));
}

static int bring_all(struct layer *l, struct error *e)
{
	struct archive_entry *entry;
	const char *path;
	int r;

	l->out = archive_write_disk_new();
	archive_write_disk_set_options(l->out, ARCHIVE_EXTRACT_OWNER |
						       ARCHIVE_EXTRACT_PERM |
						       ARCHIVE_EXTRACT_TIME);
	while ((r = next(l, &entry, &path, e)) > 0) {
		mode_t type = archive_entry_filetype(entry);

		if (is_whiteout(path) || type == AE_IFCHR || type == AE_IFBLK)
			continue;
		r = make_room(path, type == AE_IFDIR, e);
		if (r == 0)
			r = bring(l, entry, e);
		if (r < 0)
			return r;
	}
	/* The times and modes of folders come last. */
	if (r == 0 && archive_write_close(l->out) < ARCHIVE_WARN)
		r = damaged(l, l->out, e);
	return r;
}

int layer_apply(const struct outer *o, const char *name, struct error *e)
{
	int (*const steps[])(struct layer *, struct error *) = { take_away_all,
								 bring_all };
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		struct layer l;

		err = open_layer(o, name, &l, e);
		if (!err)
			err = steps[i](&l, e);
		close_layer(&l);
	}
	return err;
}

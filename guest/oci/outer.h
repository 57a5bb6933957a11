/*
 * The archive that `docker save` or a tool of the Open Container Initiative
 * writes: a tar, perhaps compressed, with JSON files and layers in it.
 */
#ifndef OCI_OUTER_H
#define OCI_OUTER_H

struct archive;
struct buf;
struct error;

struct outer {
	int fd;
	const char *path; /* for messages */
};

int outer_open(const char *path, struct outer *ret, struct error *e);
void outer_close(struct outer *o);

/* Appends the content of a small file in it. -ENOENT: there is none. */
int outer_read(const struct outer *o, const char *name, struct buf *ret,
	       struct error *e);

/* A file in it, from its start, for archive_read_data_block(). A link to
 * another file in the archive (docker save, before 25) is followed. The caller
 * frees with archive_read_free(). */
int outer_seek(const struct outer *o, const char *name, struct archive **ret,
	       struct error *e);

#endif

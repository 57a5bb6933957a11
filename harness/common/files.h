/* Small operations on files and folders. */
#ifndef COMMON_FILES_H
#define COMMON_FILES_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

/* Creates a folder and its parents, mode 0777 less the umask. Existing is 0. */
int mkdir_p(const char *path, struct error *e);

/* Removes a file or a folder with all in it; missing is 0. Never follows
 * symbolic links. */
int rm_rf(const char *path, struct error *e);

/* Copies the plain files of a folder, with their permissions, into another, which
 * is made if it is not there. What else is in it is left out. */
int copy_folder(const char *from, const char *to, struct error *e);

/* Appends the whole file to b. */
int file_read(const char *path, struct buf *b, struct error *e);

/* Writes PATH.tmp, then renames it: readers see the old file or the new. */
int file_write(const char *path, const void *data, size_t len,
	       struct error *e);

/* All of it or an error: -EIO on an early end of file. */
int read_full(int fd, void *data, size_t len);
int write_full(int fd, const void *data, size_t len);
int pread_full(int fd, void *data, size_t len, uint64_t offset);
int pwrite_full(int fd, const void *data, size_t len, uint64_t offset);

/* Connects to a unix stream socket, trying again until the deadline
 * (CLOCK_MONOTONIC, ns) while it does not exist or refuses. Close-on-exec.
 * Returns the descriptor or -errno. */
int unix_connect(const char *path, uint64_t deadline_ns, struct error *e);

/* CLOCK_MONOTONIC in ns. */
uint64_t now_ns(void);

#endif

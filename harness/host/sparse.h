/*
 * Files in memory that have holes wherever zeroes fill a page: what is compared,
 * and what is kept in memory, is data only. Offsets and lengths in bytes; -errno.
 */
#ifndef HOST_SPARSE_H
#define HOST_SPARSE_H

#include <stdint.h>

struct error;
struct spans;

/* A new file, one hole; its descriptor, or -EIO. owner: its name in /proc. */
int sparse_create(const char *owner, uint64_t size, struct error *e);
/* One hole again. */
int sparse_clear(int fd, uint64_t size);
int sparse_put(int fd, const char *data, uint64_t length, uint64_t offset);
/* From start to end, of any file that has all of it. */
int sparse_copy(int from, int to, uint64_t start, uint64_t end);
/* What is no hole, from the offset on: *ret_start to *ret_end. 1; 0: no more. */
int sparse_next(int fd, uint64_t offset, uint64_t size, uint64_t *ret_start,
		uint64_t *ret_end);
/* Adds where the two files differ: what is a hole in both does not. *ret_read:
 * bytes of data that were compared. */
int sparse_compare(const int files[2], uint64_t size, struct spans *ret,
		   uint64_t *ret_read);

#endif

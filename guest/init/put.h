/* FRAME_PUT: a file from the controller. */
#ifndef GUEST_PUT_H
#define GUEST_PUT_H

#include <stddef.h>

struct buf;

struct put_item {
	const char *path;
	const char *content;
	size_t len;
};

/* Makes or replaces the files, readable to all. As put_request. */
int put_files(const struct put_item *items, size_t n, struct buf *ret_text);
/* Makes the file and its parent folders. 0, or a positive errno with details
 * in ret_text. */
int put_request(const char *payload, size_t len, struct buf *ret_text);

#endif

/* FRAME_PUT: a file from the controller. */
#ifndef GUEST_PUT_H
#define GUEST_PUT_H

#include <stddef.h>

struct buf;

/* Makes the file and its parent folders. 0, or a positive errno with details
 * in ret_text. */
int put_request(const char *payload, size_t len, struct buf *ret_text);

#endif

/*
 * Requests to a drive's process over its control socket: the client's side of
 * plugin/control.h. What comes back is checked.
 */
#ifndef DRIVE_REQUEST_H
#define DRIVE_REQUEST_H

#include <stddef.h>
#include <stdint.h>

struct error;

#define ANSWER_BULK_MAX (1u << 20)

/* What comes behind an answer's line: of that length, which its numbers say.
 * NULL: nothing may. */
struct answer_bulk {
	size_t (*length)(const uint64_t numbers[]);
	char *data; /* owned */
};

/*
 * Sends the line (it must end in a newline) and the bulk, reads the answer's
 * numbers, `want` of them, and the bulk behind it; ret NULL: nothing may be
 * there. Blocks until the drive has answered. -errno: what the drive answered,
 * -EBADMSG: it answered nonsense. 1: the connection is lost, e is as it was.
 */
int request(int fd, const char *line, const void *bulk, size_t bulk_len,
	    uint64_t numbers[], size_t want, struct answer_bulk *ret,
	    struct error *e);
/* Sends and waits for no answer. -errno. */
int request_send(int fd, const void *data, size_t len);

#endif

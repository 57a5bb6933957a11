/*
 * A growable byte buffer, always followed by a NUL byte when not empty.
 *
 * Allocation failure aborts: on Linux with overcommit it means that the
 * machine is lost, and no caller could do better.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* owned; NULL while empty */
	size_t len;
	size_t size;
};

#define BUF_INIT { NULL, 0, 0 }
#define CLEANUP_BUF __attribute__((cleanup(buf_free)))

void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* length 0, keeps the memory */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The text, never NULL; the buffer is left empty. Caller frees. */
char *buf_take(struct buf *b);

/* The text, never NULL; owned by the buffer, valid until it changes. */
const char *buf_text(const struct buf *b);

/* malloc/calloc/strdup/realloc that abort instead of returning NULL. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

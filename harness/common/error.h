/*
 * What went wrong, for a person to read.
 *
 * Functions return 0 or -errno and describe the failure in a struct error
 * given by the caller: what was tried, on what, why it failed (message), and
 * what to do about it (hint, may be empty). Fixed buffers: nothing to free,
 * nothing can fail while reporting a failure. NULL is allowed everywhere and
 * means that the caller does not want the text.
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

#include <stdarg.h>

struct error {
	char message[1024];
	char hint[512];
};

/* Sets the message, clears the hint. Returns -err (err is a positive errno). */
int error_set(struct error *e, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set, and appends ": " and strerror(err). */
int error_errno(struct error *e, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the next step. Keeps the message. */
void error_hint(struct error *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "text: " before the message. */
void error_prefix(struct error *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif

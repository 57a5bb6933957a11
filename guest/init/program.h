/*
 * A program of a request: its arguments and environment, and how it is started.
 */
#ifndef GUEST_PROGRAM_H
#define GUEST_PROGRAM_H

#include <stdint.h>
#include <sys/types.h>

struct buf;
struct cursor;
struct watch_line;

struct program {
	char **argv; /* NULL-terminated; the strings belong to the payload */
	char **envp;
	char *path; /* "PATH=..." */
	const char *root; /* where it runs; NULL: the initramfs */
};

enum program_place {
	PROGRAM_IN_IMAGE, /* where there is one */
	PROGRAM_IN_INITRAMFS,
};

/* Takes argc and envc strings. 0 or -EPROTO; program_free() it either way. */
int program_take(struct cursor *c, uint32_t argc, uint32_t envc,
		 enum program_place place, struct program *ret);
void program_free(struct program *p);

/* Starts it in a process group of its own, with these as standard output and
 * error; watched, or NULL. 0, or a positive errno (ENOENT: there is no such program; ELIBACC:
 * there is, but not what it needs to be executed). */
int program_start(const struct program *p, int out, int err,
		  const struct watch_line *watched, pid_t *ret);
/* Why it could not be started: for a person. */
void program_complain(const struct program *p, int error, struct buf *ret_text);

/* A pipe whose read end does not block. 0 or -errno. */
int program_pipe(int *ret_read, int *ret_write);

#endif

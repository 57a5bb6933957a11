/* The requests of control.h, one by one; no sockets here. */
#ifndef PLUGIN_VERBS_H
#define PLUGIN_VERBS_H

#include <stdint.h>

struct buf;
struct error;
struct recorder;
struct server;

struct drive_engine {
	struct recorder *recorder; /* or NULL */
	struct server *server;     /* or NULL */
};

/* How many bytes follow the line. An error: nobody can know. */
int verb_bulk(const struct drive_engine *d, const char *line,
	      uint64_t *ret_bulk, struct error *e);
/* Runs it; the answer, with its newline, is appended on success. The line is
 * cut into its fields. */
int verb_run(const struct drive_engine *d, char *line, const void *bulk,
	     struct buf *ret_answer, struct error *e);

#endif

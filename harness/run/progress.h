/*
 * Progress on standard error: on a terminal one line that rewrites itself,
 * with rate and time left; elsewhere a line every 10 s. Thread-safe.
 */
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include <stdint.h>

struct progress;

/* quiet: says nothing at all. */
struct progress *progress_new(int quiet);
void progress_free(struct progress *p);

/* A phase begins, such as "append-log: recording"; total 0: not known. */
void progress_begin(struct progress *p, uint64_t total, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* One more done; bad: it counts as violated. */
void progress_step(struct progress *p, int bad);
/* One of many rounds begins: from now on each line starts with its number, the
 * states since the first of them, their rate, and the time that is left until
 * stop_at_ns (now_ns; 0: no limit). Round 0: no more rounds. */
void progress_round(struct progress *p, uint64_t round, uint64_t stop_at_ns);
/* Job `number` of `total` begins, such as "append-log on ext4": what begins from
 * now on is told as a part of it. Not on a terminal it is told at once. */
void progress_job(struct progress *p, uint64_t number, uint64_t total,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Takes the line away (terminal). */
void progress_end(struct progress *p);
#endif

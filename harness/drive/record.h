/*
 * The recording drive: serves reads and writes, and writes the log.
 *
 * One lock, the sequencer, gives every record its place: a write takes effect
 * (for later reads) and enters the log in one step, so the order of the submit
 * records is the order in which writes take effect. Data go to the log and
 * nowhere else: memory holds where each block stands, never content.
 *
 * Any number of threads may call. After a cut every call that a guest makes
 * returns -EHOSTDOWN: a drive without power, whose caller must never answer.
 * Where the log cannot be written any more (disk full), the recording is
 * worthless: from then on every call fails with that first error.
 */
#ifndef DRIVE_RECORD_H
#define DRIVE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "drive/drive.h"
#include "drive/log.h"

struct error;
struct recorder;

int recorder_create(const char *log, const char *base, uint64_t size,
		    uint32_t block, struct recorder **ret, struct error *e);
/* How long each command takes, from its submit until it completes, between ARM
 * and STOP. Before the first command. */
void recorder_set_latency(struct recorder *r, uint64_t ns);
/* The log stays as it is, unsealed unless recorder_seal was called. */
void recorder_free(struct recorder *r);

/* ---- from the guest; offsets and lengths in whole blocks, or -EINVAL ---- */

int recorder_read(struct recorder *r, void *data, uint64_t length,
		  uint64_t offset);

/* A command in two steps. type: WRITE (with data), ZEROES, DISCARD or FLUSH
 * (no range). The submit gives its position, to be completed once. */
struct request {
	enum log_type type;
	int fua;
	uint64_t offset, length;
	const void *data;
};
int recorder_submit(struct recorder *r, const struct request *q,
		    uint64_t *ret_position);
int recorder_complete(struct recorder *r, enum log_type type,
		      uint64_t position);
/* Both; blocks as long as the drive takes (recorder_set_latency). */
int recorder_do(struct recorder *r, const struct request *q);

/* One block written to the marks namespace. -EINVAL where it is no mark. */
int recorder_mark(struct recorder *r, const void *data, uint64_t length);
/* -EHOSTDOWN after the cut, else 0. */
int recorder_alive(struct recorder *r);

/* ---- from the controller; as in drive/drive.h ---- */

int recorder_base(struct recorder *r, uint64_t *ret_position, struct error *e);
int recorder_stop(struct recorder *r, uint64_t *ret_position, struct error *e);
int recorder_arm(struct recorder *r, const struct cut_trigger *t,
		 uint64_t *ret_position, struct error *e);
/* Where it has been cut already, that position. */
int recorder_cut(struct recorder *r, uint64_t *ret_position, struct error *e);
int recorder_was_cut(struct recorder *r, int *ret_cut, uint64_t *ret_position,
		     struct error *e);
int recorder_dump(struct recorder *r, int durable, const char *path,
		  struct error *e);
int recorder_stats(struct recorder *r, struct drive_stats *ret,
		   struct error *e);
int recorder_seal(struct recorder *r, struct error *e);
/* An eventfd, readable from the cut on; never read it. Borrowed. */
int recorder_cut_fd(const struct recorder *r);

#endif

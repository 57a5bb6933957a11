/*
 * FRAME_JUDGE: one crash state from mount to fsck, by direct system calls in
 * the worker thread. The main loop, which goes on meanwhile, asks how far it is
 * and passes on the controller's answer.
 *
 * Nothing here survives from one state to the next but the promises, which the
 * controller may tell it to keep.
 */
#ifndef GUEST_JUDGE_H
#define GUEST_JUDGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "guest/init/protocol.h"

/* ---- in the worker thread ---- */

/* A worker_job. Afterwards judge_result() says what came of it; the returned
 * error is the reply's. */
int judge_request(const char *payload, size_t len, struct buf *ret_text);

/* ---- in the main thread ---- */

/* What announces a step that waits for judge_go(): readable. Or -1. */
int judge_start(void);

/* The step that goes on, and since when (now_ns()). */
enum judge_step judge_step(uint64_t *ret_since_ns);
/* Whether STEP_MOUNTED is to be announced now. Clears the descriptor. */
int judge_asks(void);
/* Goes on, or skips. Also when nobody is left to answer. 0: it does not
 * wait. */
int judge_go(int skip);

struct judge_result {
	struct reply reply; /* without the error */
	struct buf out, err; /* of the deciding program */
};
/* Of the job that is done; the caller frees the two buffers. */
void judge_result(struct judge_result *ret);

#endif

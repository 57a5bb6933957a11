/*
 * One program: in a process group of its own, its output forwarded, its time
 * limited.
 */
#ifndef GUEST_RUN_H
#define GUEST_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guest/init/protocol.h"

struct buf;
struct frames;
struct watch;

/* Of each of the two streams; what is over it is read and thrown away. */
#define RUN_OUTPUT_MAX (1u << 20)

struct run_stream {
	int fd; /* of the pipe, or -1 */
	enum frame_type type;
	size_t sent;
};

struct run_state {
	uint32_t id; /* of the request */
	pid_t pid;   /* 0: none runs */
	uint64_t started_ns;
	uint64_t deadline_ns; /* UINT64_MAX: none, or over already */
	int timed_out;
	int watched;
	struct run_stream out;
	struct run_stream err;
};

/* Starts what the payload of FRAME_RUN asks for, watched by w if it says so. 0, or a positive errno with
 * details in ret_text (ENOENT: there is no such program). */
int run_start(struct run_state *r, uint32_t id, const char *payload,
	      size_t len, struct watch *w, struct buf *ret_text);
/* Forwards what is there; closes the stream at its end. */
void run_forward(struct run_state *r, struct run_stream *s, struct frames *f);
/* Kills the process group once its time is over. */
void run_check_time(struct run_state *r, uint64_t now);
/* The program has ended with this wait status: forwards the rest of the
 * output, fills in the reply, r is idle again. */
void run_finish(struct run_state *r, int status, struct frames *f,
		struct reply *ret);
/* Kills the process group; its end is not reported. */
void run_abandon(struct run_state *r);

#endif

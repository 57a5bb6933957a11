/* What the files of the agent's client share; see agent.h. */
#ifndef VM_AGENT_INTERNAL_H
#define VM_AGENT_INTERNAL_H

#include <sys/uio.h>

#include "vm/agent.h"
#include "vm/wire.h"

struct agent {
	struct wire wire;
	int trace_fd;
	int kmsg_fd;
	uint64_t patience_ns;
	uint32_t last_id;
	struct buf kmsg; /* warnings, see agent_kmsg_take */
};

/* Of the request that waits: where its frames go. */
struct answer {
	uint32_t id;
	struct buf *out; /* NULL: thrown away */
	struct buf *err;
	struct reply reply;
	struct buf text; /* the reply's, printable */
	uint64_t deadline; /* of the wait, CLOCK_MONOTONIC */
	const struct agent_judge *judge; /* of a JUDGE, else NULL */
	uint32_t step; /* that STEP named last, or 0 */
};

/* One request, until its reply; extra_ns beyond the agent's patience. */
int agent_call(struct agent *a, enum frame_type type,
	       const struct iovec *parts, int n, uint64_t extra_ns,
	       struct answer *w, struct error *e);
/* What failed in the guest, with its own words: the -errno for the caller. */
int agent_guest_error(const struct answer *w, struct error *e,
		      const char *what);
/* agent-hear.c: takes in what the guest says until the reply to w, which is
 * filled in; 0. */
int agent_await_reply(struct agent *a, struct answer *w, struct error *e);
/* Until the greeting of an agent of our version. */
int agent_await_hello(struct agent *a, uint64_t deadline, struct error *e);
/* Time plus time plus now; UINT64_MAX where that does not fit. */
uint64_t agent_deadline(uint64_t a_ns, uint64_t b_ns);
/* Strings, each with its NUL. Returns how many, or -E2BIG. */
int agent_add_strings(struct buf *b, const char *const *list);
/* A STEP frame of the JUDGE that waits. */
int agent_take_step(struct agent *a, const char *data, size_t len,
		    struct answer *w, struct error *e);

#endif

/* The main loop: requests in, replies, output, trace and kernel log out. */
#ifndef GUEST_SERVE_H
#define GUEST_SERVE_H

struct error;

/* Sets the signal mask. Before any thread is started: one that does not block
 * SIGCHLD would swallow it, and no program would ever seem to end. */
void serve_prepare(void);

enum serve_mode {
	SERVE_ALWAYS, /* one connection after the other */
	SERVE_ONCE,   /* until the end of the first one: -ECONNRESET */
};

/* Serves the port. Returns only on an error after which nothing can be
 * served: -EPROTO is a frame that is none. */
int serve(int port, enum serve_mode mode, struct error *e);

#endif

/*
 * A sandbox on this machine that mounts a disk and runs a check in it: bubblewrap
 * with the guest's own PID 1, which speaks the agent's protocol (vm/agent.h).
 * What it may do: see sandbox.c.
 */
#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

struct agent;
struct error;
struct sandbox;

struct sandbox_config {
	const char *root;   /* folder: the guest's userland */
	const char *device; /* the disk: /dev/loop3 */
	const char *log;    /* file for what bubblewrap and PID 1 complain of */
	int wake;           /* ends the wait with -ECANCELED when readable; -1 */
};

/* Blocks until PID 1 answers. All of it dies with the calling thread. */
int sandbox_start(const struct sandbox_config *c, struct sandbox **ret,
		  struct error *e);
/* Borrowed, lives as long as the sandbox. */
struct agent *sandbox_agent(struct sandbox *s);
/*
 * Kills all in it and waits for that. -EBUSY: something in it hangs in the
 * kernel; it goes, and what it has mounted, when that ends. Frees in any case.
 * NULL is allowed.
 */
int sandbox_stop(struct sandbox *s);

/* Whether bubblewrap is there. */
int sandbox_possible(struct error *e);

#endif

/*
 * The controller's side of the agent protocol (guest/init/protocol.h).
 *
 * Calls are synchronous: one request, wait for its reply. While they wait,
 * trace chunks and kernel log lines that arrive are appended to the files
 * given by agent_set_sinks. Times in ns. -ECONNRESET: the guest is gone
 * (panic, power off); -ETIMEDOUT: it did not answer in time; -ECANCELED: the
 * wake descriptor became readable first (power was cut, the user
 * interrupted): the request may still be running in the guest, but its late
 * reply is dropped by later calls. -EPROTO: the guest broke the protocol, the
 * connection is lost. An errno of the guest's that would look like one of these
 * comes as -EIO.
 */
#ifndef VM_AGENT_H
#define VM_AGENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "guest/init/steps.h"

struct agent;
struct cure;
struct error;

/* Takes over the connected descriptor; waits for HELLO, or until `wake` (-1:
 * none) is readable. */
int agent_open(int fd, uint64_t timeout_ns, int wake, struct agent **ret,
	       struct error *e);
void agent_close(struct agent *a);

/* trace_fd: file for trace chunks (trace/trace.h); kmsg_fd: file for the
 * kernel log; -1: thrown away. Borrowed. */
void agent_set_sinks(struct agent *a, int trace_fd, int kmsg_fd);
/* Descriptors that end any waiting call with -ECANCELED when readable; -1: none. */
void agent_set_wake(struct agent *a, int fd1, int fd2);

struct agent_run {
	const char *const *argv; /* argv[0]: searched in /pc/work, then PATH */
	const char *const *env;  /* additions "K=V", or NULL */
	uint64_t timeout_ns;     /* of the program; 0: none */
	int tool;                /* ours: runs in the initramfs, not in the
				  * guest's image */
	int calls;               /* its system calls are told, in the trace file
				  * (trace/calls.h) */
	const struct cure *cures; /* steps done for it (trace/cure.h), only
				   * with calls; borrowed */
	size_t n_cures;          /* at most CURES_MAX */
};

struct agent_result {
	int status;         /* exit status 0..255, or -1 */
	int signal;         /* that ended it, or 0 */
	int timed_out;      /* killed (its whole process group) at its time limit */
	int not_found;      /* there is no such program in the guest */
	struct buf out;     /* standard output, at most 1 MiB, then cut */
	struct buf err;     /* standard error, likewise */
	uint64_t seconds_ns;
};
void agent_result_free(struct agent_result *r);

int agent_run(struct agent *a, const struct agent_run *req,
	      struct agent_result *ret, struct error *e);
/* Makes the file (and its parent folders) in the guest's memory. What one
 * request has no room for is sent in pieces: not atomic then. */
int agent_put(struct agent *a, const char *path, uint32_t mode,
	      const void *data, size_t len, struct error *e);
/* The same, and nothing else is in the file's folder any more. */
int agent_put_fresh(struct agent *a, const char *path, uint32_t mode,
		    const void *data, size_t len, struct error *e);
/* mount(2): 0, or -errno of the guest's mount, with the new kernel log lines
 * in the error's message. options: as for mount -o, may be "". */
int agent_mount(struct agent *a, const char *device, const char *dir,
		const char *type, const char *options, struct error *e);
/* umount(2), then drops the block device's cached pages (BLKFLSBUF). dir "":
 * nothing is mounted, only the pages are dropped. */
int agent_umount(struct agent *a, const char *dir, const char *device,
		 struct error *e);

/* A whole crash state in one request: FRAME_JUDGE, guest/init/protocol.h. */
struct agent_judge {
	uint64_t clock_ns; /* CLOCK_REALTIME before the mount; 0: as it is */
	const char *device, *dir, *type, *options; /* dir "": no mount */
	struct agent_run check, fsck; /* argv NULL: none; fsck has no env */
	const struct buf *acks, *begun; /* NULL: still those of the last one */
	/* Called once the state is mounted: 0 goes on, 1 skips check and fsck,
	 * -errno ends the wait with it (the guest still waits: it is of no use
	 * any more). NULL: the guest does not ask. */
	int (*mounted)(void *arg, struct error *e);
	void *arg;
};

struct agent_judged {
	enum judge_step step; /* that decided, or STEP_NONE: all went well */
	int error; /* of that step: an errno of the guest's, or 0 */
	struct agent_result result; /* STEP_CHECK, STEP_FSCK */
	struct buf text; /* what the guest says of the error, printable */
};
void agent_judged_free(struct agent_judged *j);

/* -ETIMEDOUT also where one step takes longer than patience and its own
 * program's time limit; the message says which. What leaves the guest unclean
 * is an error. */
int agent_judge(struct agent *a, const struct agent_judge *req,
		struct agent_judged *ret, struct error *e);
int agent_sync(struct agent *a, struct error *e);
/* Starts a shell on the guest's console; returns at once. */
int agent_shell(struct agent *a, struct error *e);
/* Starts streaming what the guest asks of the disk (trace/trace.h). */
int agent_trace_start(struct agent *a, struct error *e);
/* And what its kernel does with the data before (trace/layers.h), as far as it
 * can: what it cannot is no error. */
int agent_trace_layers(struct agent *a, struct error *e);
/* Ends all programs run with `calls`, writes all back, and tells where all files
 * stand on the disk, in the trace file. */
int agent_calls_rest(struct agent *a, struct error *e);
/* Returns once everything traced up to now stands in the trace file. */
int agent_trace_drain(struct agent *a, struct error *e);
/* Kernel log lines of warning level or worse since the last call; appended. */
int agent_kmsg_take(struct agent *a, struct buf *ret);
/* Any request's time limit, beyond the program's own. Default 30 s. */
void agent_set_patience(struct agent *a, uint64_t ns);

#endif

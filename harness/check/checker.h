/*
 * A checker: one warm guest on a drive that serves crash states.
 *
 * A state is judged by what a user's machine would do after the cut: fsck where
 * the file system has no journal, mount (the kernel recovers), run the check,
 * unmount, fsck. What says what:
 *
 *   fsck before the mount cannot repair   violated (fsck)
 *   the kernel refuses to mount           violated (mount)
 *   (without a file system there is no mount, no unmount, no fsck)
 *   the kernel panics or oopses           violated (kernel)
 *   check exits 0 / 1                     held / violated (check); where the
 *                                         scenario documents a loss, perhaps
 *                                         loses (window.c)
 *   check: anything else, signal, timeout unknown
 *   fsck finds errors after recovery      violated (fsck)
 *   fsck itself fails                     unknown
 *   the guest stops answering             replaced, judged again in a fresh
 *                                         one: twice the same is violated
 *                                         (hang), else what the second says
 *   anything the harness itself fails at  judged again in a fresh guest, then
 *                                         unknown: a guest that does not boot,
 *                                         a drive that could not serve a read
 */
#ifndef CHECK_CHECKER_H
#define CHECK_CHECKER_H

#include <stdint.h>

#include "common/buf.h"
#include "drive/drive.h"
#include "lab/lab.h"
#include "results/store/store.h"
#include "states/states.h"
#include "vm/bus.h"

struct checker;
struct drive;
struct equality;
struct error;
struct scenario;
struct window;
struct workload;

/* What the states of one recording have in common. */
struct subject {
	const struct scenario *scenario;
	const struct workload *workload;
	struct state_space *space;
	const char *base;  /* image, or NULL */
	const char *log;   /* drive.log */
	const char *units; /* composed units */
	uint64_t clock_ns; /* when the recording ended, CLOCK_REALTIME: what the
			    * guest's clock says when a state is mounted, so
			    * that what a mount writes does not depend on when
			    * it runs. 0: nobody knows */
	/* The promises at a cut, appended. */
	void (*promises)(const void *arg, const struct cut *cut,
			 struct buf *ret_acks, struct buf *ret_begun);
	const void *promises_arg;
	struct equality *equality; /* or NULL: every state is judged */
	struct window *window; /* what the scenario may lose, or NULL: nothing */
};

/* One state with its promises, and what came of it. */
struct judgement {
	enum verdict verdict;
	enum stage stage;
	char *message; /* one line, owned; NULL if held */
	char *detail;  /* outputs and kernel log, owned; may be NULL */
	uint64_t elapsed_ns;
	uint64_t lost_ns; /* loses: no ack whose loss it shows was older at the
			   * cut (window.c) */
	enum equal_how {
		EQUAL_NOT,       /* it was judged */
		EQUAL_UNREAD,    /* known before it was mounted */
		EQUAL_RECOVERED, /* known once it was mounted */
	} equal;
	char *equal_to; /* the state that was judged, owned; NULL: none */
};
void judgement_release(struct judgement *j);

/*
 * What a guest does to the state that it judges, for whoever wants to know
 * (check/equality.h).
 */
struct watch {
	/* Called once the state is mounted, with what drive_mounted() says of
	 * the range: 1: the rest is skipped, 0: not. NULL: nobody asks. */
	int (*mounted)(void *arg, const struct drive_written *w);
	void *arg;
	struct unit_run range;
	/* What came of it */
	int was_mounted; /* and what it wrote until then: */
	struct drive_written written;
	int skipped; /* there is no verdict */
	int complete; /* one guest, from mount to end; and what it read: */
	struct drive_reads reads; /* owned */
};

struct checker_config {
	struct lab *lab;
	const struct guest_image *image;
	uint64_t memory;     /* bytes */
	uint64_t disk_size;  /* bytes */
	uint32_t disk_block; /* bytes */
	enum bus bus;        /* of the disk */
	const char *name;    /* unique among the running: chk0 */
	const char *dir;     /* console logs go here */
	const char *scratch; /* folder for what guests write to their states */
	int interactive;     /* console on a pty: for a shell */
};

/* Boots. The drive dies with the calling thread. */
int checker_start(const struct checker_config *c, struct checker **ret,
		  struct error *e);
void checker_stop(struct checker *c);

/* Turns to another subject: loads its files into the drive, its programs into
 * the guest. */
int checker_load(struct checker *c, const struct subject *subject,
		 struct error *e);

/*
 * Judges one state of the subject. Returns 0 with a judgement (unknown where
 * the harness could not tell, with the reason), or -ECANCELED when
 * interrupt_abort_fd() said stop. A lost guest is replaced inside.
 */
int checker_judge(struct checker *c, const struct state *state,
		  const struct buf *acks, const struct buf *begun,
		  struct judgement *ret);

/* How many guests it has booted so far. */
unsigned checker_guests(const struct checker *c);
/* A fresh guest in place of this one, with the subject loaded. */
int checker_renew(struct checker *c, struct error *e);

/* Watches the states that are judged from now on; a NULL ends it. Borrowed. */
void checker_watch(struct checker *c, struct watch *watch);

/* Puts a state on the drive without judging it: for a shell in the guest. */
int checker_show(struct checker *c, const struct state *state,
		 struct error *e);
struct vm *checker_vm(struct checker *c);
struct drive *checker_drive(struct checker *c);

#endif

/*
 * Recording: boots a guest, prepares the file system, arms the drive, runs the
 * workload, and either lets it end or cuts its power.
 *
 * What it leaves in .dir: drive.log, trace.bin, console.log, kernel.log,
 * workload.out; load.h reads them back. After a cut also durable.img and
 * latest.img, the media as the drive itself knows them (drive_dump).
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdint.h>

#include "drive/drive.h"
#include "lab/lab.h"

struct cure;
struct error;
struct plain_drive;
struct scenario;
struct workload;

/* Instead of the workload: what a machine does after a power cut. The drive is
 * armed before the mount, so the file system's own recovery is recorded. */
struct recovery {
	const char *const *argv; /* the program that recovers, NULL: none */
	const char *const *env;
	uint64_t timeout_ns;
	/* Puts into the guest what the program needs. */
	int (*prepare)(struct agent *a, void *arg, struct error *e);
	void *arg;
};

struct recording_request {
	const struct scenario *scenario;
	const struct guest_image *image;
	const struct workload *workload;
	const char *dir;  /* exists */
	const char *name; /* unique among the running: rec, live-1 */
	const char *base; /* image of the disk after setup, or NULL: make the
			   * file system and run setup */
	struct cut_trigger trigger;
	const struct recovery *recovery; /* of the base image, or NULL */
	int calls; /* the workload's system calls are told (trace/calls.h), too,
		    * where guest.trace is full */
	const struct cure *cures; /* steps done for the workload (trace/cure.h), only
				   * with calls */
	size_t n_cures;

	/* Only with recording_open(): to measure what recording costs. */
	int untraced; /* does not trace the guest */
	const struct plain_drive *plain; /* the disk, in place of our drive:
					  * no log; neither base nor
					  * trigger */
};

struct recording {
	int cut;         /* power was cut while the workload ran */
	int exit_status; /* of the workload; -1: did not exit */
	int exit_signal;
	int timed_out;
	char *complaint; /* last line of its output if it failed, or NULL */
	uint64_t boot_ns, run_ns;
};

/*
 * Blocks until the guest is gone; interrupt_stop_fd() ends it with -ECANCELED.
 * -ENOENT: a program is missing in the guest. -EUCLEAN: the base image
 * that is to be recovered cannot be repaired or mounted. -EPROTO: setup failed. A
 * workload that fails or does not end is no error: see the result.
 */
int record(struct lab *lab, const struct recording_request *r,
	   struct recording *ret, struct error *e);
void recording_release(struct recording *r);

/*
 * The same in steps, for the workload to run more than once in one guest:
 * open, run as often as wanted, close, which powers off. The recording is not
 * brought to its end and cannot be judged. r is borrowed until recording_close
 * (NULL is allowed). recording_run: errors as of record().
 */
struct recording_session;
int recording_open(struct lab *lab, const struct recording_request *r,
		   struct recording_session **ret, struct error *e);
int recording_run(struct recording_session *s, struct recording *ret,
		  struct error *e);
void recording_close(struct recording_session *s);

#endif

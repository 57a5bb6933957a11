/*
 * Recording: boots a guest, prepares the file system, arms the drive, runs the
 * workload, and either lets it end or cuts its power.
 *
 * What it leaves in .dir: drive.log, trace.bin, console.log, kernel.log,
 * workload.out. drive.log and trace.bin are joined by record_history(). After a
 * cut also durable.img and latest.img, the media as the drive itself knows them
 * (drive_dump).
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stdint.h>

#include "drive/drive.h"
#include "drive/history.h"
#include "lab/lab.h"

struct error;
struct scenario;
struct workload;

struct recording_request {
	const struct scenario *scenario;
	const struct guest_image *image;
	const struct workload *workload;
	const char *dir;  /* exists */
	const char *name; /* unique among the running: rec, live-1 */
	const char *base; /* image of the disk after setup, or NULL: make the
			   * file system and run setup */
	struct cut_trigger trigger;
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
 * -ENOENT: a program is missing in the guest. -EPROTO: setup failed. A
 * workload that fails or does not end is no error: see the result.
 */
int record(struct lab *lab, const struct recording_request *r,
	   struct recording *ret, struct error *e);
void recording_release(struct recording *r);

/*
 * The recording's log as a file to read at random: dir/drive.log, or where that
 * was compressed (drive/pack.h) the file `scratch`, unpacked. *ret is one of
 * the two names; caller frees it, and removes the scratch file.
 */
int record_log(const char *dir, const char *scratch, char **ret,
	       struct error *e);

/*
 * Loads the log (record_log) and joins it with dir/trace.bin: FUA per write.
 * The join must be exact or the recording is void (-EPROTO). An imported
 * recording (interchange/interchange.h) has no trace: its log says what had
 * FUA.
 */
int record_history(const char *dir, const char *log, struct history **ret,
		   struct error *e);

#endif

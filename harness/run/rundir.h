/*
 * Run directories: results/runs/NAME/UTC-SEED/, with NAME/latest beside them.
 *
 *   scenario.yaml   resolved: every default spelled out
 *   results.sqlite  the store
 *   report.json, junit.xml, report.html
 *   base.img        the disk after setup (where live cuts were made)
 *   workload/       the scenario and scripts of a run that has no file of its
 *                   own: powercut try
 *   lock            held by the powercut that writes to it
 *   replay/         the recording that replayed cuts are made of
 *   live-1/ ...     the recording of each live cut
 *   nested-1/ ...   the recording of a recovery, with base.img (the crash state
 *                   that is recovered), acks and begun (its promises)
 *
 * and in each recording's folder drive.log (drive.log.zst once it is judged), trace.bin, units.dat,
 * console.log, kernel.log, workload.out. An imported one has only drive.log,
 * and the file `imported`, which says in what format it came.
 *
 * A run is named by its path, by NAME/UTC-SEED, or by NAME alone: the latest.
 */
#ifndef RUN_RUNDIR_H
#define RUN_RUNDIR_H

#include <stdint.h>

struct error;

/* Makes a new one and points `latest` at it. Caller frees the path. */
int rundir_create(const char *runs, const char *name, uint64_t seed,
		  char **ret_path, struct error *e);
/* Removes one that nobody wants; `latest` then is the newest of the others. What
 * is killed meanwhile leaves no run behind, and its rest goes with the next one
 * that is removed. */
int rundir_remove(const char *path, struct error *e);
/* The absolute path of the run that `text` names. Caller frees. */
int rundir_find(const char *runs, const char *text, char **ret_path,
		struct error *e);
/* Holds the run for one writer until the descriptor is closed (or the process
 * dies). -EBUSY: another powercut works on it. Returns the descriptor. */
int rundir_lock(const char *path, struct error *e);
/*
 * Splits RUN@STATE. ret_source: the recording's folder ("replay", "live-3"),
 * ret_state: CUT:SURVIVORS. -EINVAL where it is not of that form. Caller frees
 * all three.
 */
int rundir_split(const char *text, char **ret_run, char **ret_source,
		 char **ret_state, struct error *e);
/* Only STATE, as findings have it; anything is one. Caller frees both. */
void rundir_split_state(const char *name, char **ret_source, char **ret_state);

#endif

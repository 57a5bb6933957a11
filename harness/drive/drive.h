/*
 * A drive process: one nbdkit with our plugin, and its control socket.
 *
 * Two modes. RECORD: reads and writes work on base (read only, may be NULL:
 * zeroes) plus everything logged so far; all commands and marks go to a new
 * log. STATE: serves one crash state after another for checking; what the
 * guest writes goes to a private overlay that the next state throws away.
 * Exports: "disk" and "marks".
 *
 * The nbdkit process dies with the thread that started it (and so with a
 * kill -9 of the controller): start drives from a thread that lives on.
 * Control calls block until the drive has answered. One user at a time.
 * ret_position may be NULL everywhere.
 */
#ifndef DRIVE_DRIVE_H
#define DRIVE_DRIVE_H

#include <stddef.h>
#include <stdint.h>

#include "drive/unit-set.h"

struct error;

enum drive_mode { DRIVE_RECORD, DRIVE_STATE };

struct drive_config {
	enum drive_mode mode;
	const char *plugin;      /* path of nbdkit-powercut-plugin.so */
	const char *runtime_dir; /* short, private: sockets go here */
	const char *name;        /* unique in runtime_dir: rec, chk0, ... */
	uint64_t size;           /* bytes */
	uint32_t block;          /* logical block size, bytes: 512 or 4096 */
	/* RECORD */
	const char *base; /* image to start from, or NULL: all zeroes */
	const char *log;  /* path of the log to create */
	uint64_t latency_ns; /* of each command that changes the media, and of
			      * each flush, once armed; 0: none */
	/* STATE: where the overlay's scratch file may live */
	const char *scratch_dir;
};

struct drive;

int drive_start(const struct drive_config *c, struct drive **ret,
		struct error *e);
/* The NBD socket, for vm_config. Borrowed. */
const char *drive_nbd_socket(const struct drive *d);
/* Kills the process at once (power is gone: QEMU's connection drops), removes
 * its sockets, frees. NULL is allowed. */
void drive_stop(struct drive *d);
/* RECORD: seals the log (END record) in order. */
int drive_seal(struct drive *d, struct error *e);

/* RECORD. Each appends its record and returns its position. */
int drive_mark_base(struct drive *d, uint64_t *ret_position, struct error *e);
/* STOP: the workload has ended, cuts are made up to here. The trigger
 * of drive_arm ends with it. */
int drive_mark_stop(struct drive *d, uint64_t *ret_position, struct error *e);

enum cut_kind {
	CUT_NONE,   /* run to the end */
	CUT_WRITE,  /* when the nth write (any media change) is submitted */
	CUT_FLUSH,  /* when the nth flush is submitted */
	CUT_MARK,   /* right after the nth mark whose text is .mark */
	CUT_TIME,   /* .time_ns after ARM */
	CUT_RANDOM, /* at a write drawn by .seed from 1 .. .nth */
};

struct cut_trigger {
	enum cut_kind kind;
	uint64_t nth; /* from 1 */
	const char *mark;
	uint64_t time_ns;
	uint64_t seed;
};

/* Appends ARM: everything before is durable, counting starts here. */
int drive_arm(struct drive *d, const struct cut_trigger *t,
	      uint64_t *ret_position, struct error *e);
/* Cuts now: appends CUT, answers no command any more. */
int drive_cut(struct drive *d, uint64_t *ret_position, struct error *e);
/* A descriptor that becomes readable when the cut has happened. Borrowed,
 * valid after drive_arm, for poll() only. */
int drive_cut_fd(const struct drive *d);
/* Whether the cut has happened, and where. */
int drive_was_cut(struct drive *d, int *ret_cut, uint64_t *ret_position,
		  struct error *e);
/* After the cut: writes the durable media as the drive itself knows it (flush
 * rule only: it never sees FUA), or what reads returned last, as an image. */
int drive_dump(struct drive *d, int durable, const char *path,
	       struct error *e);

struct drive_stats {
	uint64_t reads, writes, zeroes, discards, flushes, marks, fua;
	uint64_t bytes_written, bytes_read;
	uint64_t volatile_writes; /* not yet durable by the flush rule */
	uint64_t in_flight;
	int frozen;
};
int drive_stats(struct drive *d, struct drive_stats *ret, struct error *e);

/*
 * STATE. A state is base plus patches: whole units of unit_size bytes whose
 * content stands elsewhere.
 */
struct patch {
	uint64_t unit;   /* index: byte offset / unit_size */
	uint64_t source; /* see below */
};
/* Where a unit's content stands: kind in the top two bits, else an offset in
 * bytes. */
#define SOURCE_BASE (0ULL << 62)    /* as in the base image */
#define SOURCE_ZERO (1ULL << 62)    /* zeroes */
#define SOURCE_LOG (2ULL << 62)     /* in the log file, at the offset */
#define SOURCE_SCRATCH (3ULL << 62) /* in the units file, at the offset */
#define SOURCE_KIND(s) ((s) & (3ULL << 62))
#define SOURCE_OFFSET(s) ((s) & ~(3ULL << 62))

/* Opens the files that the next states stand on (units, base may be NULL),
 * forgets all patches and the overlay. unit_size is a power of two, 512 to
 * 65536. May be called again for another recording of the same disk size. */
int drive_load(struct drive *d, const char *base, const char *log,
	       const char *units, uint32_t unit_size, struct error *e);
/* Throws the overlay away and applies the patches on top of those before
 * (SOURCE_BASE takes one back). The guest must not have the disk open. */
int drive_set_state(struct drive *d, const struct patch *patches, size_t n,
		    struct error *e);

/* What the drive does with the guest's commands on the disk. */
enum drive_access {
	DRIVE_ALIVE,
	DRIVE_READ_ONLY, /* writes fail with EIO */
	DRIVE_GONE,      /* all fail with EIO */
};
/* From now on, whatever the state; a new drive is alive. What it refuses is no
 * word about its health. */
int drive_set_access(struct drive *d, enum drive_access access,
		     struct error *e);
/* Appends a state to a queue, to be set when the guest writes to the marks'
 * disk: the patches are on top of those of the state before it. A write when
 * there is none left fails in the guest; without any queued since drive_load,
 * writes there do nothing. */
int drive_queue_state(struct drive *d, const struct patch *patches, size_t n,
		      struct error *e);

/*
 * What the guest did to the state, since drive_set_state: in units of unit_size
 * bytes (drive_load). How it is told: drive/accesses.h.
 */

/* All that the guest wrote until "mounted": which units, and what is in them
 * now; states that differ in either have another hash (XXH3, 128 bits). */
struct drive_written {
	uint64_t hash_low, hash_high;
	uint64_t units;    /* how many were written */
	uint64_t of_asked; /* of these in the range asked for */
};
/* Says that the guest has mounted the state; it must be quiet until the drive
 * has answered. At most once for each state. */
int drive_mounted(struct drive *d, const struct unit_run *asked,
		  struct drive_written *ret, struct error *e);

enum { DRIVE_MOUNTING, DRIVE_AFTER, DRIVE_PHASES };

/* What the guest has read from the state itself, before drive_mounted and
 * after, as runs of units, ascending. May hold more units than were read, never
 * less. drive_reads_release frees. */
struct drive_reads {
	struct unit_run *runs[DRIVE_PHASES];
	size_t n[DRIVE_PHASES];
};
int drive_reads(struct drive *d, struct drive_reads *ret, struct error *e);
void drive_reads_release(struct drive_reads *r);

/* 0 as long as every read and write of the guest was served; else -EIO with the
 * host's own reason: what the guest saw since then is our fault, not the
 * state's. */
int drive_health(struct drive *d, struct error *e);

#endif

/*
 * powercut.h: what a workload says to the drive.
 *
 * Each call sends one line to the drive and returns only after it stands in
 * the drive's log: every write that completed before the call is before the
 * line, everything that starts after the call returns is behind it. Any
 * number of threads and processes may call at once. Link with -lpowercut.
 *
 * The text is printf-style, one line (no newline), at most PC_TEXT_MAX bytes.
 * Returns 0, or -1 with errno: ENODEV (not running under powercut), EMSGSIZE,
 * EINVAL (a newline in the text), EIO (power is gone).
 *
 * The environment says PC_SEED, the scenario's seed in decimal: whatever the
 * workload chooses at random it draws from that, and one seed decides the whole
 * run. PC_MOUNT is where the file system is mounted; PC_DEVICE is the drive of
 * a scenario without one.
 *
 * PC_LOG_WRITES in the environment names a device of Linux's dm-log-writes: the
 * line goes into its log, too, as powercut-import(1) reads it, and may have 479
 * bytes with its kind. No drive of powercut's need be there then: so programs
 * say their promises on any machine.
 */
#ifndef POWERCUT_H
#define POWERCUT_H

#ifdef __cplusplus
extern "C" {
#endif

#define PC_TEXT_MAX 4000

/* An operation starts: "I am about to store TXN-1". */
int pc_begin(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A promise: "TXN-1 is stored". A cut after this line must not lose it. */
int pc_ack(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A place to cut at, or to look for in a report. */
int pc_mark(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#ifdef __cplusplus
}
#endif

#endif

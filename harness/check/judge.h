/* How one mounted crash state is judged in a guest; the table of verdicts is
 * in check/checker.h. */
#ifndef CHECK_JUDGE_H
#define CHECK_JUDGE_H

#include <stdint.h>

#include "guest/init/steps.h"
#include "record/disk.h"

struct agent;
struct agent_result;
struct buf;
struct environment;
struct error;
struct judgement;
struct scenario;

#define JUDGE_DISK DISK_DEVICE
#define JUDGE_MOUNT DISK_MOUNT
#define JUDGE_ACKS ACKS_FILE
#define JUDGE_BEGUN BEGUN_FILE

/* What a check program is told. */
void judge_environment(const struct scenario *s, struct environment *ret);

/* What stands beside the scenario. */
struct judge_order {
	uint64_t clock_ns; /* the guest's clock before the mount, CLOCK_REALTIME;
			    * 0: as it is */
	const struct buf *acks, *begun; /* NULL: those of the last order */
	const char *options; /* to mount with, besides the scenario's, or NULL */
	/* Called once the state is mounted, agent.h; NULL: not at all. */
	int (*mounted)(void *arg, struct error *e);
	void *arg;
};

/*
 * Repair (only of what has no journal), mount, check, unmount, fsck. Returns 0 with a judgement, or -errno of the
 * agent when the guest was lost on the way (-ECONNRESET, -ETIMEDOUT,
 * -ECANCELED) or left in doubt (any other): then it must be replaced. Where
 * mounted() said to skip the rest, the verdict is unknown, without a message.
 */
int judge(struct agent *a, const struct scenario *s,
	  const struct judge_order *order, struct judgement *ret,
	  struct error *e);

/* Bytes in the console file; 0 if there is none. */
uint64_t judge_console_size(const char *path);
/* The last 8 KiB of what stands behind `start`, or NULL. Caller frees. */
char *judge_console_tail(const char *path, uint64_t start);
int judge_console_shows_panic(const char *tail);

#endif

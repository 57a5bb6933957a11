/* How one mounted crash state is judged in a guest; the table of verdicts is
 * in check/checker.h. */
#ifndef CHECK_JUDGE_H
#define CHECK_JUDGE_H

#include <stdint.h>

struct agent;
struct agent_result;
struct environment;
struct error;
struct judgement;
struct scenario;

#define JUDGE_DISK "/dev/powercut-disk"
#define JUDGE_MOUNT "/mnt"
#define JUDGE_ACKS "/pc/acks"
#define JUDGE_BEGUN "/pc/begun"

/* What a check program is told. */
void judge_environment(const struct scenario *s, struct environment *ret);

/*
 * Mount, check, unmount, fsck. Returns 0 with a judgement, or -errno of the
 * agent when the guest was lost on the way (-ECONNRESET, -ETIMEDOUT,
 * -ECANCELED) or left in doubt (any other): then it must be replaced.
 */
int judge(struct agent *a, const struct scenario *s, struct judgement *ret,
	  struct error *e);

/* Only the scenario's check program, on what is mounted; there must be one. */
int judge_run_check(struct agent *a, const struct scenario *s,
		    struct agent_result *ret, struct error *e);

/* Bytes in the console file; 0 if there is none. */
uint64_t judge_console_size(const char *path);
/* The last 8 KiB of what stands behind `start`, or NULL. Caller frees. */
char *judge_console_tail(const char *path, uint64_t start);
int judge_console_shows_panic(const char *tail);

#endif

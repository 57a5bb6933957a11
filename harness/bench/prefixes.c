/*
 * Against how crash states are checked today: the kernel's dm-log-writes records
 * a workload, and for each cut its log is replayed from the beginning, mounted,
 * checked, unmounted and given to fsck. workloads/append-log/prefix-replay.c is
 * that loop, once with a program for each step, as the published scripts have
 * it, and once as fast as it can be. Beside it all our checkers together, one
 * per processor, on the states of our recording of the same workload, with the
 * same check and the same fsck; and as many that judge on this machine's kernel. All behind the same setup, in guests of the same
 * kind, in turns.
 *
 * By programs the disk is the same emulated drive that our checkers mount; in one
 * program it is in the guest's memory, as the log is in both cases: the faster
 * the better for it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/parts.h"
#include "check/judge.h"
#include "check/pool.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "host/host.h"
#include "vm/agent.h"
#include "vm/vm.h"

#define REPLAYED 32 /* states per round */
#define RECORD_TIMEOUT_NS (60 * 1000000000ull)
#define REPLAY_TIMEOUT_NS (600 * 1000000000ull)

enum { PROGRAMS_EXT4, REPLAY_EXT4, CHECKERS_EXT4, HOST_EXT4, ROWS };

static const struct bench_row rows[ROWS] = {
	[PROGRAMS_EXT4] = { "prefix_programs",
			    "ext4: replay from zero, by programs", "1/s",
			    NULL },
	[REPLAY_EXT4] = { "prefix_replay",
			  "ext4: replay from zero, one program", "1/s",
			  "prefix_programs" },
	[CHECKERS_EXT4] = { "prefix_checkers", "ext4: all checkers together",
			    "1/s", "prefix_programs" },
	[HOST_EXT4] = { "prefix_host", "ext4: all checkers, on the host",
			"1/s", "prefix_programs" },
};

/* A file system that is compared. */
struct comparison {
	const char *scenario; /* NULL: that of bench_brief() */
	const char *mkfs;
	const char *size;     /* what stands before a size, behind the disk */
	const char *fsck;
	int programs, replay, checkers, host; /* rows */
};

static const struct comparison comparisons[] = {
	{ NULL, "mkfs.ext4 -q", "", "e2fsck -f -n", PROGRAMS_EXT4,
	  REPLAY_EXT4, CHECKERS_EXT4, HOST_EXT4 },
};
#define N_COMPARISONS (sizeof(comparisons) / sizeof(*comparisons))

struct prefixes {
	struct bench *bench;
	const struct comparison *what;
	struct bench_subject *subject;
	struct subject judged; /* the subject as checkers take it */
	struct checker *guest; /* where it is replayed */
	struct pool *pool;
	struct pool *host; /* NULL: not on this machine */
	struct error *failed; /* while judging */
	int err;
};

/* ---- theirs ---- */

/* Outside a drive of ours, marks go to dm-log-writes alone. */
static const char *const environment[] = { "PC_MARK_DEVICE=/nonexistent",
					   "PC_MOUNT=/mnt", NULL };

static void add_words(struct buf *script, const char *const *argv)
{
	for (; argv && *argv; argv++)
		buf_printf(script, " %s", *argv);
}

/* The scenario's steps as one script on the logged disk. */
static void make_script(const struct prefixes *p, struct buf *ret)
{
	const struct scenario *s = p->subject->scenario;
	CLEANUP_FREE char *mount = xasprintf("mount -t %s /dev/logged /mnt",
					     s->filesystem.type);

	buf_puts(ret, "set -e; ");
	buf_printf(ret, "%s %s /dev/logged %s%" PRIu64 "k", p->what->mkfs,
		   s->filesystem.mkfs, p->what->size, s->drive.size / 1024);
	buf_printf(ret, "; %s;", mount);
	add_words(ret, (const char *const *)s->workload.setup);
	buf_printf(ret, "; umount /mnt; %s; sync; pc mark ready;", mount);
	add_words(ret, (const char *const *)s->workload.run);
	buf_puts(ret, "; umount /mnt");
}

static int run_in_guest(struct prefixes *p, const char *const *argv,
			uint64_t timeout_ns, struct agent_result *ret,
			struct error *e)
{
	struct agent_run run = { .argv = argv, .env = environment,
				 .timeout_ns = timeout_ns };
	int err = agent_run(vm_agent(checker_vm(p->guest)), &run, ret, e);

	if (err || ret->status == 0)
		return err;
	return error_set(e, EPROTO, "%s fails: %s", argv[0],
			 buf_text(&ret->err));
}

static int record_with_the_kernel(struct prefixes *p, struct error *e)
{
	CLEANUP_BUF struct buf script = BUF_INIT;
	struct agent_result r = { 0 };
	int err;

	make_script(p, &script);
	err = run_in_guest(p, (const char *const[]){ "log-writes", "--memory",
						     "sh", "-c",
						     buf_text(&script), NULL },
			   RECORD_TIMEOUT_NS, &r, e);
	agent_result_free(&r);
	return err;
}

static int take_rate(struct prefixes *p, int row, const char *text,
		     struct error *e)
{
	unsigned states;
	double seconds;

	if (sscanf(text, "%u states in %lf s", &states, &seconds) != 2 ||
	    !states || seconds <= 0)
		return error_set(e, EPROTO, "prefix-replay says '%s'", text);
	bench_add(p->bench, &rows[row], states / seconds);
	return 0;
}

static int replay_prefixes(struct prefixes *p, int row, struct error *e)
{
	int by_programs = row == p->what->programs;
	const struct scenario *s = p->subject->scenario;
	const char *disk = by_programs ? JUDGE_DISK : "/dev/nullb0";
	CLEANUP_FREE char *fsck = xasprintf("%s %s", p->what->fsck, disk);
	CLEANUP_FREE char *states =
		xasprintf("%zu", bench_states(p->bench, REPLAYED, REPLAYED));
	const char *argv[32] = { "prefix-replay" };
	struct agent_result r = { 0 };
	size_t n = 1;
	int err;

	if (by_programs)
		argv[n++] = "--programs";
	argv[n++] = states;
	argv[n++] = "/dev/nullb1";
	argv[n++] = disk;
	argv[n++] = s->filesystem.type;
	argv[n++] = fsck;
	for (size_t i = 0; s->check.run[i] && n < 31; i++)
		argv[n++] = s->check.run[i];
	err = run_in_guest(p, argv, REPLAY_TIMEOUT_NS, &r, e);
	if (!err)
		err = take_rate(p, row, buf_text(&r.out), e);
	agent_result_free(&r);
	return err;
}

/* ---- ours ---- */

static void must_hold(const struct item *item, const struct state *state,
		      const struct judgement *j, void *arg)
{
	struct prefixes *p = arg;

	(void)state;
	if (j->verdict == VERDICT_HELD || p->err)
		return;
	p->err = error_set(p->failed, EPROTO, "state %s:%s should hold, but "
			   "is %s: %s", item->cut.name, item->survivors,
			   verdict_name(j->verdict),
			   j->message ? j->message : "no reason given");
}

static int judge_states(struct prefixes *p, struct pool *pool, size_t n,
			struct error *e)
{
	int err;

	p->failed = e;
	err = pool_judge(pool, &p->judged, p->subject->plan.items, n,
			 must_hold, p, e);
	return err ? err : p->err;
}

static size_t n_judged(const struct prefixes *p)
{
	size_t n = p->subject->plan.n_items;

	return bench_states(p->bench, n, n);
}

static int measure_checkers(struct prefixes *p, struct pool *pool, int row,
			    struct error *e)
{
	uint64_t start = now_ns();
	size_t n = n_judged(p);
	int err = pool ? judge_states(p, pool, n, e) : 0;

	if (pool && !err)
		bench_add_rate(p->bench, &rows[row], n, start);
	return err;
}

static int start_pools(struct prefixes *p, struct error *e)
{
	const char *type = p->subject->scenario->filesystem.type;
	int err = bench_pool(p->bench, p->subject, &checker_in_guest, "chk",
			     bench_cores(), &p->pool, e);

	if (!err && host_possible(type, NULL) == 0)
		err = bench_pool(p->bench, p->subject, &checker_on_host,
				 "host", bench_cores(), &p->host, e);
	return err;
}

/* ---- both ---- */

/* The pool's guests boot while the other one does and records; they load the
 * subject with the first states, which are not measured. */
static int start(struct prefixes *p, struct error *e)
{
	struct checker_config c = bench_checker(p->bench, p->subject,
						"replay");
	int err = start_pools(p, e);

	if (!err)
		err = checker_start(&c, &p->guest, e);
	if (!err)
		err = checker_load(p->guest, &p->judged, e);
	if (!err)
		err = record_with_the_kernel(p, e);
	if (!err)
		err = judge_states(p, p->pool, n_judged(p) / 4, e);
	if (!err && p->host)
		err = judge_states(p, p->host, n_judged(p) / 4, e);
	return err;
}

static int take_turns(struct prefixes *p, struct error *e)
{
	struct bench *b = p->bench;
	int err;

	progress_begin(b->progress, b->rounds, "bench: replay from zero");
	err = start(p, e);
	for (unsigned i = 0; i < b->rounds && !err; i++) {
		err = bench_go_on(e);
		if (!err)
			err = replay_prefixes(p, p->what->programs, e);
		if (!err)
			err = replay_prefixes(p, p->what->replay, e);
		if (!err)
			err = measure_checkers(p, p->pool, p->what->checkers,
					       e);
		if (!err)
			err = measure_checkers(p, p->host, p->what->host, e);
		progress_step(b->progress, 0);
	}
	progress_end(b->progress);
	return err;
}

static int get_subject(struct prefixes *p, struct bench_subject *own,
		       struct error *e)
{
	int err;

	p->subject = own;
	if (p->what->scenario)
		err = bench_subject_record(p->bench, p->what->scenario,
					   "prefixes", own, e);
	else
		err = bench_brief(p->bench, &p->subject, e);
	if (!err)
		p->judged = recorded_subject(&p->subject->recorded,
					     p->subject->scenario,
					     &p->subject->workload);
	return err;
}

static int compare(struct bench *b, const struct comparison *what,
		   struct error *e)
{
	struct prefixes p = { .bench = b, .what = what };
	struct bench_subject own = { 0 };
	int err = get_subject(&p, &own, e);

	if (!err)
		err = take_turns(&p, e);
	checker_stop(p.guest);
	pool_stop(p.pool);
	pool_stop(p.host);
	bench_subject_release(&own);
	return err;
}

static int measure(struct bench *b, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i < N_COMPARISONS && !err; i++) {
		const struct comparison *what = &comparisons[i];

		if (bench_wants(b, &rows[what->programs]))
			err = compare(b, what, e);
	}
	return err;
}

const struct bench_group bench_prefixes = { "prefixes", rows, ROWS, measure };

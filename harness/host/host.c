/*
 * A worker on the host: one disk, one sandbox. States are judged by the same
 * function as in a guest (check/judge.h), which speaks to the sandbox's PID 1
 * as to a guest's.
 *
 * A worker that gets no answer, or a wrong one, is given up: the sandbox is
 * killed and the disk left to the kernel, which takes it down when nobody uses
 * it any more. The next state gets new ones. A state that did not answer in
 * time is unknown and is not tried again: each try may leave a process that
 * nobody can kill. Anything else is tried once more, as in a guest.
 */
#include "host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/handed.h"
#include "check/judge.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "host/disk.h"
#include "host/root.h"
#include "host/sandbox.h"
#include "lab/interrupt.h"
#include "record/workload.h"
#include "scenario/scenario.h"
#include "vm/agent.h"

struct worker {
	struct checker_config config;
	char *log;  /* what the sandbox complains of */
	char *root; /* the guest's userland */
	struct host_disk *disk;
	struct sandbox *sandbox; /* NULL: given up */
	const struct subject *subject;
	struct state shown; /* .survivors NULL: the base */
	struct handed handed;
};

static struct agent *agent_of(struct worker *w)
{
	return sandbox_agent(w->sandbox);
}

static void give_up(struct worker *w)
{
	sandbox_stop(TAKE(w->sandbox));
	host_disk_free(TAKE(w->disk));
	state_free(&w->shown);
	w->shown = (struct state){ 0 };
	handed_forget(&w->handed);
}

static int begin(struct worker *w, struct error *e)
{
	struct sandbox_config c = { .root = w->root, .log = w->log,
				    .wake = interrupt_abort_fd() };
	struct host_disk_config dc = {
		.size = w->config.disk_size,
		.block = w->config.disk_block,
		.owner = runtime_path(w->config.lab->runtime),
	};
	int err = host_disk_create(&dc, &w->disk, e);

	if (err)
		return err;
	c.device = host_disk_path(w->disk);
	err = sandbox_start(&c, &w->sandbox, e);
	if (!err)
		agent_set_wake(agent_of(w), interrupt_abort_fd(), -1);
	return err;
}

static void stop(void *checker)
{
	struct worker *w = checker;

	if (!w)
		return;
	give_up(w);
	handed_release(&w->handed);
	free(w->log);
	free(w->root);
	free(w);
}

static int start(const struct checker_config *c, void **ret, struct error *e)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	int err;

	w->config = *c;
	w->log = xasprintf("%s/%s.console", c->dir, c->name);
	err = host_root(runtime_path(c->lab->runtime), c->image->initrd,
			&w->root, e);
	if (!err)
		err = begin(w, e);
	if (err) {
		stop(w);
		return err;
	}
	*ret = w;
	return 0;
}

/* The workers' disks have one UUID, as the guests' have; here one kernel sees
 * them all, and XFS mounts each UUID but once (Linux: xfs_uuid_mount()). */
static const char *host_mount_options(const char *type)
{
	return strcmp(type, "xfs") ? NULL : "nouuid";
}

static int load_subject(struct worker *w, struct error *e)
{
	const struct subject *s = w->subject;
	int err;

	state_free(&w->shown);
	w->shown = (struct state){ 0 };
	handed_forget(&w->handed);
	w->handed.options = host_mount_options(s->scenario->filesystem.type);
	err = host_disk_load(w->disk, s->base, s->log, s->units,
			     s->scenario->drive.cache.tear, e);
	return err ? err : workload_install(s->workload, agent_of(w), e);
}

static int replace(struct worker *w, struct error *e)
{
	int err;

	give_up(w);
	err = begin(w, e);
	return err ? err : load_subject(w, e);
}

static int load(void *checker, const struct subject *subject, struct error *e)
{
	struct worker *w = checker;
	int err;

	w->subject = subject;
	err = w->sandbox ? load_subject(w, e) : -ECONNRESET;
	return err && err != -ECANCELED ? replace(w, e) : err;
}

static int show(struct worker *w, const struct state *state, struct error *e)
{
	CLEANUP_FREE struct patch *patches = NULL;
	const struct state *from = w->shown.survivors ? &w->shown : NULL;
	size_t n = state_patches(w->subject->space, from, state, &patches);
	int err = host_disk_show(w->disk, patches, n, e);

	state_free(&w->shown);
	w->shown = (struct state){ 0 };
	if (!err)
		state_copy(state, &w->shown);
	return err;
}

static int prepare(struct worker *w, const struct state *state,
		   struct error *e)
{
	int err = w->sandbox ? 0 : replace(w, e);

	return err ? err : show(w, state, e);
}

/*
 * One attempt. 0 with a judgement, or -errno: -ECANCELED, -ETIMEDOUT (it hangs)
 * or another, with the worker given up.
 */
static int attempt(struct worker *w, const struct state *state,
		   const struct buf *acks, const struct buf *begun,
		   struct judgement *ret, struct error *e)
{
	int err = prepare(w, state, e);

	/* The clock is everybody's. */
	if (!err)
		err = handed_judge(&w->handed, agent_of(w), w->subject, 0,
				   acks, begun, ret, e);
	else if (err == -ETIMEDOUT)
		err = -EIO; /* not of the state's doing */
	if (err)
		give_up(w);
	return err;
}

static int judge_state(void *checker, const struct state *state,
		       const struct buf *acks, const struct buf *begun,
		       struct judgement *ret)
{
	struct worker *w = checker;
	uint64_t begin_ns = now_ns();
	struct judgement j = { 0 };
	struct error e = { 0 };
	int err = attempt(w, state, acks, begun, &j, &e);

	if (err && err != -ECANCELED && err != -ETIMEDOUT)
		err = attempt(w, state, acks, begun, &j, &e);
	if (err == -ECANCELED)
		return err;
	if (err)
		j = (struct judgement){
			.verdict = VERDICT_UNKNOWN,
			.stage = err == -ETIMEDOUT ? STAGE_HANG : STAGE_NONE,
			.message = xstrdup(e.message),
		};
	j.elapsed_ns = now_ns() - begin_ns;
	*ret = j;
	return 0;
}

const struct checker_ops checker_on_host = {
	.start = start,
	.load = load,
	.judge = judge_state,
	.stop = stop,
};

#include "check/checker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/handed.h"
#include "check/judge.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/drive.h"
#include "lab/interrupt.h"
#include "record/workload.h"
#include "record/write-cache.h"
#include "scenario/scenario.h"
#include "vm/agent.h"

#define BOOT_TIMEOUT_NS 60000000000ULL

struct checker {
	struct checker_config config;
	char *name, *console, *scratch;
	uint64_t console_start; /* of this guest's output in the console file */
	struct drive *drive;
	struct vm *vm;
	const struct subject *subject;
	struct watch *watch; /* or NULL */
	struct state shown;  /* on the drive now; .survivors NULL: none */
	enum drive_access access; /* of the drive now */
	struct handed handed; /* to the guest */
	unsigned guests; /* booted so far */
};

static int start_drive(struct checker *c, struct error *e)
{
	struct drive_config dc = {
		.mode = DRIVE_STATE,
		.plugin = c->config.lab->home.plugin,
		.runtime_dir = runtime_path(c->config.lab->runtime),
		.name = c->name,
		.size = c->config.disk_size,
		.block = c->config.disk_block,
		.scratch_dir = c->scratch,
	};

	c->access = DRIVE_ALIVE;
	return drive_start(&dc, &c->drive, e);
}

static int boot(struct checker *c, int interactive, struct error *e)
{
	struct vm_config vc = {
		.name = c->name,
		.kernel = c->config.image->kernel,
		.initrd = c->config.image->initrd,
		.cmdline = c->config.image->cmdline,
		.image = c->config.image->root,
		.memory = c->config.memory,
		.nbd_socket = drive_nbd_socket(c->drive),
		.bus = c->config.bus,
		.block = c->config.disk_block,
		.console = c->console,
		.interactive = interactive,
		.wake = interrupt_abort_fd(),
	};
	int err;

	c->console_start = judge_console_size(c->console);
	err = vm_boot(c->config.lab->host, &vc, BOOT_TIMEOUT_NS, &c->vm, e);
	if (err)
		return err;
	agent_set_wake(vm_agent(c->vm), interrupt_abort_fd(), -1);
	handed_forget(&c->handed);
	c->guests++;
	return 0;
}

static void forget_shown(struct checker *c)
{
	state_free(&c->shown);
	c->shown = (struct state){ 0 };
}

static void power_off(struct checker *c)
{
	drive_stop(TAKE(c->drive));
	vm_destroy(TAKE(c->vm));
	forget_shown(c);
}

static int power_on(struct checker *c, int interactive, struct error *e)
{
	int err = start_drive(c, e);

	return err ? err : boot(c, interactive, e);
}

int checker_start(const struct checker_config *config, struct checker **ret,
		  struct error *e)
{
	struct checker *c = xcalloc(1, sizeof(*c));
	int err;

	c->config = *config;
	c->name = xstrdup(config->name);
	c->scratch = xstrdup(config->scratch);
	c->console = xasprintf("%s/%s.console", config->dir, c->name);
	err = power_on(c, config->interactive, e);
	if (err) {
		checker_stop(c);
		return err;
	}
	*ret = c;
	return 0;
}

void checker_stop(struct checker *c)
{
	if (!c)
		return;
	power_off(c);
	handed_release(&c->handed);
	free(c->name);
	free(c->scratch);
	free(c->console);
	free(c);
}

struct vm *checker_vm(struct checker *c)
{
	return c->vm;
}

struct drive *checker_drive(struct checker *c)
{
	return c->drive;
}

static int load_subject(struct checker *c, struct error *e)
{
	const struct subject *s = c->subject;
	int err;

	forget_shown(c);
	err = drive_load(c->drive, s->base, s->log, s->units,
			 s->scenario->drive.cache.tear, e);
	if (!err)
		err = write_cache_show(vm_agent(c->vm),
				       &s->scenario->drive.cache, e);
	return err ? err : workload_install(s->workload, vm_agent(c->vm), e);
}

/* A fresh guest and drive in place of those that went bad. */
static int replace(struct checker *c, struct error *e)
{
	int err;

	power_off(c);
	err = power_on(c, 0, e);
	return err ? err : load_subject(c, e);
}

unsigned checker_guests(const struct checker *c)
{
	return c->guests;
}

int checker_renew(struct checker *c, struct error *e)
{
	return replace(c, e);
}

int checker_load(struct checker *c, const struct subject *subject,
		 struct error *e)
{
	int err;

	c->subject = subject;
	handed_forget(&c->handed);
	err = c->vm ? load_subject(c, e) : -ECONNRESET;
	/* It may have died while it was idle. */
	return err && err != -ECANCELED ? replace(c, e) : err;
}

static enum drive_access access_of(const struct state *state)
{
	return state->fault == FAULT_GONE      ? DRIVE_GONE :
	       state->fault == FAULT_READ_ONLY ? DRIVE_READ_ONLY :
						 DRIVE_ALIVE;
}

static int set_access(struct checker *c, enum drive_access access,
		      struct error *e)
{
	int err = 0;

	if (c->access != access)
		err = drive_set_access(c->drive, access, e);
	if (!err)
		c->access = access;
	return err;
}

int checker_show(struct checker *c, const struct state *state, struct error *e)
{
	CLEANUP_FREE struct patch *patches = NULL;
	const struct state *from = c->shown.survivors ? &c->shown : NULL;
	size_t n = state_patches(c->subject->space, from, state, &patches);
	int err = drive_set_state(c->drive, patches, n, e);

	forget_shown(c);
	if (!err)
		err = set_access(c, access_of(state), e);
	if (!err)
		state_copy(state, &c->shown);
	return err;
}

/* The state is mounted, the guest waits: 1: skip the rest. */
static int on_mounted(void *arg, struct error *e)
{
	struct checker *c = arg;
	struct watch *w = c->watch;
	int err = drive_mounted(c->drive, &w->range, &w->written, e);

	if (err)
		return err;
	w->was_mounted = 1;
	w->skipped = w->mounted(w->arg, &w->written);
	return w->skipped;
}

static void watch_again(struct checker *c)
{
	c->handed.mounted = c->watch && c->watch->mounted ? on_mounted : NULL;
	c->handed.arg = c;
	if (!c->watch)
		return;
	drive_reads_release(&c->watch->reads);
	c->watch->was_mounted = c->watch->skipped = c->watch->complete = 0;
}

/* A drive that cannot say it says nothing. */
static void watch_end(struct checker *c)
{
	struct watch *w = c->watch;

	if (w && !w->skipped)
		w->complete = !drive_reads(c->drive, &w->reads, NULL);
}

/* Everything before the state is mounted: what fails here is our own. */
static int prepare(struct checker *c, const struct state *state,
		   struct error *e)
{
	int err = c->vm ? 0 : replace(c, e);

	return err ? err : checker_show(c, state, e);
}

/* A guest that is lost while it judges tells of the state: by a panic on its
 * console, or by falling silent. */
static enum stage loss_stage(struct checker *c, int err, char **ret_detail)
{
	*ret_detail = judge_console_tail(c->console, c->console_start);
	if (err == -ECONNRESET && judge_console_shows_panic(*ret_detail))
		return STAGE_KERNEL;
	return err == -ETIMEDOUT ? STAGE_HANG : STAGE_NONE;
}

static struct judgement no_judgement(enum stage stage, const char *why,
				     char *detail)
{
	return (struct judgement){ .verdict = VERDICT_UNKNOWN, .stage = stage,
				   .message = xstrdup(why),
				   .detail = detail };
}

/*
 * One attempt. 0 with a judgement, which is unknown with stage kernel or hang
 * where the guest was lost to the state, with stage none where we failed. The
 * guest is gone then.
 */
static int attempt(struct checker *c, const struct state *state,
		   const struct buf *acks, const struct buf *begun,
		   struct judgement *ret)
{
	enum stage stage = STAGE_NONE;
	struct error e = { 0 };
	char *detail = NULL;
	int err = prepare(c, state, &e);

	if (!err) {
		watch_again(c);
		err = handed_judge(&c->handed, vm_agent(c->vm), c->subject,
				   c->subject->clock_ns, acks, begun, ret, &e);
		if (err)
			stage = loss_stage(c, err, &detail);
		/* What we failed to serve is no word about the state. */
		if (drive_health(c->drive, err ? NULL : &e)) {
			if (!err)
				judgement_release(ret);
			err = err == -ECANCELED ? err : -EIO;
			stage = STAGE_NONE;
		}
	}
	if (!err) {
		watch_end(c);
		return 0;
	}
	power_off(c);
	if (err == -ECANCELED) {
		free(detail);
		return err;
	}
	*ret = no_judgement(stage, e.message, detail);
	return 0;
}

/* The guest skipped the rest: that is why nothing is known. */
static int was_skipped(const struct checker *c)
{
	return c->watch && c->watch->skipped;
}

static int is_loss(const struct judgement *j)
{
	return j->verdict == VERDICT_UNKNOWN &&
	       (j->stage == STAGE_KERNEL || j->stage == STAGE_HANG);
}

/* Whatever the guest did once, it did twice: it is the state. */
static void convict(struct judgement *j)
{
	j->verdict = VERDICT_VIOLATED;
	free(j->message);
	j->message = xstrdup(j->stage == STAGE_KERNEL ?
				     "the kernel panics on this state" :
				     "the guest hangs on this state");
}

int checker_judge(struct checker *c, const struct state *state,
		  const struct buf *acks, const struct buf *begun,
		  struct judgement *ret)
{
	struct judgement first = { 0 };
	uint64_t start = now_ns();
	int err = attempt(c, state, acks, begun, &first);

	if (err)
		return err;
	*ret = first;
	if (is_loss(&first) || (first.verdict == VERDICT_UNKNOWN &&
				first.stage == STAGE_NONE &&
				!was_skipped(c))) {
		err = attempt(c, state, acks, begun, ret);
		if (!err && is_loss(ret) && ret->stage == first.stage)
			convict(ret);
		judgement_release(&first);
	}
	ret->elapsed_ns = now_ns() - start;
	return err;
}

void checker_watch(struct checker *c, struct watch *watch)
{
	c->watch = watch;
}

void judgement_release(struct judgement *j)
{
	free(j->message);
	free(j->detail);
	free(j->equal_to);
	*j = (struct judgement){ 0 };
}

#include "check/checker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/judge.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/drive.h"
#include "lab/interrupt.h"
#include "record/workload.h"
#include "scenario/scenario.h"
#include "vm/agent.h"

#define BOOT_TIMEOUT_NS 60000000000ULL

struct checker {
	struct checker_config config;
	char *name, *dir, *console;
	struct drive *drive;
	struct vm *vm;
	const struct subject *subject;
	struct state shown;  /* on the drive now; .sources NULL: none */
	struct buf acks, begun; /* in the guest now */
	int promises_put;
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
		.scratch_dir = c->dir,
	};

	return drive_start(&dc, &c->drive, e);
}

static int boot(struct checker *c, int interactive, struct error *e)
{
	struct vm_config vc = {
		.name = c->name,
		.kernel = c->config.image->kernel,
		.initrd = c->config.image->initrd,
		.cmdline = c->config.image->cmdline,
		.memory = c->config.memory,
		.nbd_socket = drive_nbd_socket(c->drive),
		.bus = c->config.bus,
		.block = c->config.disk_block,
		.console = c->console,
		.interactive = interactive,
	};
	int err = vm_boot(c->config.lab->host, &vc, BOOT_TIMEOUT_NS, &c->vm, e);

	if (err)
		return err;
	agent_set_wake(vm_agent(c->vm), interrupt_abort_fd(), -1);
	c->promises_put = 0;
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
	c->dir = xstrdup(config->dir);
	c->console = xasprintf("%s/%s.console", c->dir, c->name);
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
	buf_free(&c->acks);
	buf_free(&c->begun);
	free(c->name);
	free(c->dir);
	free(c->console);
	free(c);
}

struct vm *checker_vm(struct checker *c)
{
	return c->vm;
}

static int load_subject(struct checker *c, struct error *e)
{
	const struct subject *s = c->subject;
	int err;

	forget_shown(c);
	err = drive_load(c->drive, s->base, s->log, s->units,
			 s->scenario->drive.cache.tear, e);
	return err ? err : workload_install(s->workload, vm_agent(c->vm), e);
}

int checker_load(struct checker *c, const struct subject *subject,
		 struct error *e)
{
	c->subject = subject;
	c->promises_put = 0;
	return load_subject(c, e);
}

/* A fresh guest and drive in place of those that went bad. */
static int replace(struct checker *c, struct error *e)
{
	int err;

	power_off(c);
	err = power_on(c, 0, e);
	return err ? err : load_subject(c, e);
}

int checker_show(struct checker *c, const struct state *state, struct error *e)
{
	CLEANUP_FREE struct patch *patches = NULL;
	const struct state *from = c->shown.sources ? &c->shown : NULL;
	size_t n = state_patches(c->subject->space, from, state, &patches);
	int err = drive_set_state(c->drive, patches, n, e);

	forget_shown(c);
	if (!err)
		state_copy(c->subject->space, state, &c->shown);
	return err;
}

static int put_if_changed(struct checker *c, const char *path,
			  struct buf *there, const struct buf *want,
			  struct error *e)
{
	int err;

	if (c->promises_put && there->len == want->len &&
	    !memcmp(buf_text(there), buf_text(want), want->len))
		return 0;
	err = agent_put(vm_agent(c->vm), path, 0644, buf_text(want), want->len,
			e);
	if (err)
		return err;
	buf_clear(there);
	buf_add(there, buf_text(want), want->len);
	return 0;
}

static int put_promises(struct checker *c, const struct buf *acks,
			const struct buf *begun, struct error *e)
{
	int err = put_if_changed(c, JUDGE_ACKS, &c->acks, acks, e);

	if (!err)
		err = put_if_changed(c, JUDGE_BEGUN, &c->begun, begun, e);
	c->promises_put = !err;
	return err;
}

/* One attempt. Errors are the guest's or the harness's; see judge.h. */
static int attempt(struct checker *c, const struct state *state,
		   const struct buf *acks, const struct buf *begun,
		   struct judgement *ret, struct error *e)
{
	int err;

	if (!c->vm) {
		err = replace(c, e);
		if (err)
			return err;
	}
	err = checker_show(c, state, e);
	if (!err)
		err = put_promises(c, acks, begun, e);
	if (!err)
		err = judge(vm_agent(c->vm), c->subject->scenario, ret, e);
	return err;
}

/* The guest is lost: by a panic it told of, or by falling silent. */
static enum stage loss_stage(struct checker *c, int err, char **ret_detail)
{
	*ret_detail = judge_console_tail(c->console);
	if (err == -ECONNRESET)
		return judge_console_shows_panic(*ret_detail) ? STAGE_KERNEL :
								STAGE_NONE;
	return err == -ETIMEDOUT ? STAGE_HANG : STAGE_NONE;
}

static struct judgement lost_guest(enum stage stage, enum verdict verdict,
				   const char *why, char *detail)
{
	return (struct judgement){ .verdict = verdict, .stage = stage,
				   .message = xstrdup(why),
				   .detail = detail };
}

int checker_judge(struct checker *c, const struct state *state,
		  const struct buf *acks, const struct buf *begun,
		  struct judgement *ret)
{
	uint64_t start = now_ns();
	int hangs = 0;

	for (int tries = 0; tries < 2; tries++) {
		struct judgement j = { 0 };
		struct error e = { 0 };
		char *detail = NULL;
		enum stage stage;
		int err = attempt(c, state, acks, begun, &j, &e);

		if (!err) {
			*ret = j;
			ret->elapsed_ns = now_ns() - start;
			return 0;
		}
		stage = loss_stage(c, err, &detail);
		power_off(c);
		judgement_release(ret);
		if (err == -ECANCELED) {
			free(detail);
			return err;
		}
		if (stage == STAGE_KERNEL) {
			*ret = lost_guest(stage, VERDICT_VIOLATED,
					  "the kernel panicked on this state",
					  detail);
			break;
		}
		hangs += stage == STAGE_HANG;
		*ret = hangs == 2 ?
			       lost_guest(STAGE_HANG, VERDICT_VIOLATED,
					  "the guest hung on this state, twice",
					  detail) :
			       lost_guest(stage, VERDICT_UNKNOWN, e.message,
					  detail);
	}
	ret->elapsed_ns = now_ns() - start;
	return 0;
}

void judgement_release(struct judgement *j)
{
	free(j->message);
	free(j->detail);
	*j = (struct judgement){ 0 };
}

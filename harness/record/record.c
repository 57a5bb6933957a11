#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/plain.h"
#include "lab/interrupt.h"
#include "record/disk.h"
#include "record/program.h"
#include "record/setup.h"
#include "record/workload.h"
#include "record/write-cache.h"
#include "scenario/environment.h"
#include "scenario/scenario.h"
#include "vm/agent.h"

#define BOOT_TIMEOUT_NS 60000000000ULL

/* One recording under way. */
struct recording_session {
	struct lab *lab;
	const struct recording_request *request;
	struct drive *drive; /* NULL: the request's plain one */
	struct vm *vm;
	struct environment env;
	int trace_fd, kernel_fd;
};

static int create_file(const char *dir, const char *name, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	return fd < 0 ? error_errno(e, errno, "cannot create %s", path) : fd;
}

static int start_drive(struct recording_session *s, struct error *e)
{
	const struct recording_request *r = s->request;
	CLEANUP_FREE char *log = xasprintf("%s/drive.log", r->dir);
	struct drive_config c = {
		.mode = DRIVE_RECORD,
		.plugin = s->lab->home.plugin,
		.runtime_dir = runtime_path(s->lab->runtime),
		.name = r->name,
		.size = r->scenario->drive.size,
		.block = r->scenario->drive.block,
		.base = r->base,
		.latency_ns = r->scenario->drive.latency_ns,
		.log = log,
	};

	return r->plain ? 0 : drive_start(&c, &s->drive, e);
}

static void attach_drive(const struct recording_session *s, struct vm_config *c)
{
	const struct plain_drive *plain = s->request->plain;

	if (plain) {
		c->nbd_socket = plain_drive_disk_socket(plain);
		c->marks_socket = plain_drive_marks_socket(plain);
	} else {
		c->nbd_socket = drive_nbd_socket(s->drive);
	}
}

static int start_guest(struct recording_session *s, struct error *e)
{
	const struct recording_request *r = s->request;
	CLEANUP_FREE char *console = xasprintf("%s/console.log", r->dir);
	struct vm_config c = {
		.name = r->name,
		.kernel = r->image->kernel,
		.initrd = r->image->initrd,
		.cmdline = r->image->cmdline,
		.image = r->image->root,
		.memory = r->scenario->guest.memory,
		.bus = r->scenario->drive.bus,
		.scheduler = scenario_scheduler(r->scenario),
		.block = r->scenario->drive.block,
		.console = console,
	};
	int err;

	attach_drive(s, &c);
	err = vm_boot(s->lab->host, &c, BOOT_TIMEOUT_NS, &s->vm, e);
	if (err)
		return err;
	agent_set_sinks(vm_agent(s->vm), s->trace_fd, s->kernel_fd);
	agent_set_wake(vm_agent(s->vm), interrupt_stop_fd(), -1);
	err = write_cache_show(vm_agent(s->vm), &r->scenario->drive.cache, e);
	if (!err && !r->untraced)
		err = agent_trace_start(vm_agent(s->vm), e);
	return err ? err : workload_install(r->workload, vm_agent(s->vm), e);
}

static void fill_environment(struct recording_session *s)
{
	const struct scenario *sc = s->request->scenario;

	environment_init(&s->env, sc);
	environment_add(&s->env, scenario_has_filesystem(sc) ?
					 "PC_MOUNT=" DISK_MOUNT :
					 "PC_DEVICE=" DISK_DEVICE);
}

/* Whether more is traced than what the join needs. */
static int traces_all(const struct recording_session *s)
{
	const struct recording_request *r = s->request;

	return !r->untraced && !r->plain &&
	       r->scenario->guest.trace == GUEST_TRACE_FULL;
}

static int traces_calls(const struct recording_session *s)
{
	return s->request->calls && traces_all(s);
}

/* From before the mount on, which makes pages dirty, too; what setup did is of no
 * interest. */
static int trace_layers(struct recording_session *s, struct error *e)
{
	return traces_all(s) ? agent_trace_layers(vm_agent(s->vm), e) : 0;
}

/* Recovery begins with the repair, where there is one, and the mount: armed
 * before it. */
static int arm_recovery(struct recording_session *s, struct error *e)
{
	const struct recovery *r = s->request->recovery;
	int err = r->prepare(vm_agent(s->vm), r->arg, e);

	if (!err)
		err = trace_layers(s, e);
	if (!err)
		err = drive_arm(s->drive, &s->request->trigger, NULL, e);
	if (err)
		return err;
	err = disk_recover(vm_agent(s->vm), s->request->scenario, e);
	return err && err != -ECANCELED && err != -ECONNRESET &&
			       err != -ETIMEDOUT ?
		       -EUCLEAN :
		       err;
}

/* Base (everything so far is setup), then mounted, durable, armed. */
static int arm_workload(struct recording_session *s, struct error *e)
{
	const struct scenario *sc = s->request->scenario;
	struct agent *a = vm_agent(s->vm);
	int err = 0;

	if (!s->request->base) {
		err = setup_run(a, sc, s->env.list, e);
		if (!err && s->drive)
			err = drive_mark_base(s->drive, NULL, e);
	}
	if (!err)
		err = trace_layers(s, e);
	if (!err)
		err = setup_mount(a, sc, e);
	if (!err)
		err = agent_sync(a, e);
	if (!err && s->drive)
		err = drive_arm(s->drive, &s->request->trigger, NULL, e);
	return err;
}

static int arm(struct recording_session *s, struct error *e)
{
	return s->request->recovery ? arm_recovery(s, e) : arm_workload(s, e);
}

static struct agent_run what_to_run(const struct recording_session *s)
{
	const struct recording_request *r = s->request;
	const struct scenario *sc = r->scenario;
	struct agent_run run = {
		.argv = (const char *const *)sc->workload.run,
		.env = s->env.list,
		.timeout_ns = sc->workload.timeout_ns,
		.calls = traces_calls(s),
		.cures = r->cures,
		.n_cures = r->n_cures,
	};

	if (r->recovery) {
		run.argv = r->recovery->argv;
		run.env = r->recovery->env;
		run.timeout_ns = r->recovery->timeout_ns;
	}
	return run;
}

static int write_output(struct recording_session *s,
			const struct agent_result *r, struct error *e)
{
	CLEANUP_FREE char *path =
		xasprintf("%s/workload.out", s->request->dir);
	CLEANUP_BUF struct buf all = BUF_INIT;

	buf_add(&all, r->out.data, r->out.len);
	buf_add(&all, r->err.data, r->err.len);
	return file_write(path, all.data, all.len, e);
}

/*
 * The workload, until it ends or the power does. -ECANCELED from the agent is
 * either the cut (then fine) or the user.
 */
static int run_workload(struct recording_session *s, struct recording *ret,
			struct error *e)
{
	const struct scenario *sc = s->request->scenario;
	struct agent_run run = what_to_run(s);
	struct agent_result result = { 0 };
	int err;

	if (!run.argv)
		return 0;
	agent_set_wake(vm_agent(s->vm), interrupt_stop_fd(),
		       s->drive ? drive_cut_fd(s->drive) : -1);
	err = agent_run(vm_agent(s->vm), &run, &result, e);
	agent_set_wake(vm_agent(s->vm), interrupt_stop_fd(), -1);
	if (err == -ECANCELED && !interrupt_count()) {
		ret->cut = 1;
		ret->exit_status = -1;
		return 0;
	}
	if (err)
		return err;
	if (result.not_found)
		err = program_missing(sc, "workload.run", run.argv[0], e);
	ret->exit_status = result.status;
	ret->exit_signal = result.signal;
	ret->timed_out = result.timed_out;
	ret->run_ns = result.seconds_ns;
	if (result.status != 0)
		ret->complaint = program_complaint(&result);
	if (!err)
		err = write_output(s, &result, e);
	agent_result_free(&result);
	return err;
}

/*
 * The end without a cut. STOP closes the part of the log that cuts are made
 * of. The unmount after it brings the drive to rest, so that the trace and the
 * log can be compared to the last command.
 */
static int come_to_rest(struct recording_session *s, struct error *e)
{
	int err = drive_mark_stop(s->drive, NULL, e);

	if (!err && traces_calls(s))
		err = agent_calls_rest(vm_agent(s->vm), e);
	if (!err)
		err = disk_umount(vm_agent(s->vm), s->request->scenario, e);
	if (!err)
		err = agent_trace_drain(vm_agent(s->vm), e);
	return err;
}

/* The cut fell just as the workload ended, or never came: power off now. */
static int cut_now(struct recording_session *s, struct error *e)
{
	int was_cut = 0;
	int err = drive_was_cut(s->drive, &was_cut, NULL, e);

	if (!err && !was_cut)
		err = drive_cut(s->drive, NULL, e);
	return err;
}

/* The media as the drive itself knows them, for a cross-check. */
static int dump_media(struct recording_session *s, struct error *e)
{
	const char *dir = s->request->dir;
	CLEANUP_FREE char *durable = xasprintf("%s/durable.img", dir);
	CLEANUP_FREE char *latest = xasprintf("%s/latest.img", dir);
	int err = drive_dump(s->drive, 1, durable, e);

	return err ? err : drive_dump(s->drive, 0, latest, e);
}

/* After the freeze the guest still runs: it hands over the trace's tail. */
static int finish(struct recording_session *s, struct error *e)
{
	int err;

	if (s->request->trigger.kind == CUT_NONE) {
		err = come_to_rest(s, e);
	} else {
		err = cut_now(s, e);
		if (!err)
			err = agent_trace_drain(vm_agent(s->vm), e);
		if (!err)
			err = dump_media(s, e);
	}
	return err ? err : drive_seal(s->drive, e);
}

static int open_sinks(struct recording_session *s, struct error *e)
{
	s->trace_fd = create_file(s->request->dir, "trace.bin", e);
	if (s->trace_fd < 0)
		return s->trace_fd;
	s->kernel_fd = create_file(s->request->dir, "kernel.log", e);
	return s->kernel_fd < 0 ? s->kernel_fd : 0;
}

/* First the drive: a QEMU whose drive is gone has nothing to flush. */
void recording_close(struct recording_session *s)
{
	if (!s)
		return;
	drive_stop(s->drive);
	vm_destroy(s->vm);
	if (s->trace_fd >= 0)
		close(s->trace_fd);
	if (s->kernel_fd >= 0)
		close(s->kernel_fd);
	free(s);
}

int recording_open(struct lab *lab, const struct recording_request *r,
		   struct recording_session **ret, struct error *e)
{
	struct recording_session *s = xcalloc(1, sizeof(*s));
	int err;

	*s = (struct recording_session){ .lab = lab, .request = r,
					 .trace_fd = -1,
					 .kernel_fd = -1 };
	fill_environment(s);
	err = open_sinks(s, e);
	if (!err)
		err = start_drive(s, e);
	if (!err)
		err = start_guest(s, e);
	if (!err)
		err = arm(s, e);
	if (err)
		recording_close(s);
	else
		*ret = s;
	return err;
}

int recording_run(struct recording_session *s, struct recording *ret,
		  struct error *e)
{
	struct recording result = { .boot_ns = vm_boot_ns(s->vm) };
	int err = run_workload(s, &result, e);

	if (err)
		recording_release(&result);
	else
		*ret = result;
	return err;
}

int record(struct lab *lab, const struct recording_request *r,
	   struct recording *ret, struct error *e)
{
	struct recording result = { 0 };
	struct recording_session *s = NULL;
	int err = recording_open(lab, r, &s, e);

	if (!err)
		err = recording_run(s, &result, e);
	if (!err)
		err = finish(s, e);
	recording_close(s);
	if (err)
		recording_release(&result);
	else
		*ret = result;
	return err;
}

void recording_release(struct recording *r)
{
	free(r->complaint);
	*r = (struct recording){ 0 };
}

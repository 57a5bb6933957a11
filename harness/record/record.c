#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/text.h"
#include "lab/interrupt.h"
#include "record/workload.h"
#include "scenario/scenario.h"
#include "trace/trace.h"
#include "vm/agent.h"

#define DISK "/dev/powercut-disk"
#define MOUNT_DIR "/mnt"
#define DISK_NSID 1
#define BOOT_TIMEOUT_NS 60000000000ULL
#define MKFS_TIMEOUT_NS 120000000000ULL

/* One recording under way. */
struct session {
	struct lab *lab;
	const struct recording_request *request;
	struct drive *drive;
	struct vm *vm;
	int trace_fd, kernel_fd;
};

static int create_file(const char *dir, const char *name, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	return fd < 0 ? error_errno(e, errno, "cannot create %s", path) : fd;
}

static int start_drive(struct session *s, struct error *e)
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
		.log = log,
	};

	return drive_start(&c, &s->drive, e);
}

static int start_guest(struct session *s, struct error *e)
{
	const struct recording_request *r = s->request;
	CLEANUP_FREE char *console = xasprintf("%s/console.log", r->dir);
	struct vm_config c = {
		.name = r->name,
		.kernel = r->image->kernel,
		.initrd = r->image->initrd,
		.cmdline = r->image->cmdline,
		.memory = r->scenario->guest.memory,
		.nbd_socket = drive_nbd_socket(s->drive),
		.bus = r->scenario->drive.bus,
		.scheduler = scenario_scheduler(r->scenario),
		.block = r->scenario->drive.block,
		.console = console,
	};
	int err = vm_boot(s->lab->host, &c, BOOT_TIMEOUT_NS, &s->vm, e);

	if (err)
		return err;
	agent_set_sinks(vm_agent(s->vm), s->trace_fd, s->kernel_fd);
	agent_set_wake(vm_agent(s->vm), interrupt_stop_fd(), -1);
	err = agent_trace_start(vm_agent(s->vm), e);
	return err ? err : workload_install(r->workload, vm_agent(s->vm), e);
}

/* What a program that failed said last, or NULL. Three lines: dd(1) and its
 * like say what was wrong before they say how far they came. Caller frees. */
static char *complaint(const struct agent_result *r)
{
	char *line = text_last_lines(r->err.len ? &r->err : &r->out, 3);

	if (*line)
		return line;
	free(line);
	return NULL;
}

/* What programs are told of the drive. */
static const char *const *environment(const struct session *s)
{
	static const char *const mounted[] = { "PC_MOUNT=" MOUNT_DIR, NULL };
	static const char *const raw[] = { "PC_DEVICE=" DISK, NULL };

	return scenario_has_filesystem(s->request->scenario) ? mounted : raw;
}

/* Runs a program that must succeed, or the recording cannot begin. */
static int run_step(struct session *s, const char *what,
		    const char *const *argv, uint64_t timeout_ns,
		    struct error *e)
{
	struct agent_run run = { .argv = argv, .env = environment(s),
				 .timeout_ns = timeout_ns };
	struct agent_result result = { 0 };
	CLEANUP_FREE char *line = NULL;
	int err = agent_run(vm_agent(s->vm), &run, &result, e);

	if (err)
		return err;
	line = complaint(&result);
	if (result.not_found) {
		err = error_set(e, ENOENT, "%s: there is no program '%s' in "
				"the guest", what, argv[0]);
		error_hint(e, "add %s/%s.c, or name a program of the guest "
			   "image", s->request->scenario->folder, argv[0]);
	} else if (result.timed_out) {
		err = error_set(e, EPROTO, "%s: %s did not end in time%s%s",
				what, argv[0], line ? ": " : "",
				line ? line : "");
	} else if (result.status != 0) {
		err = error_set(e, EPROTO, "%s: %s ended with %s %d: %s", what,
				argv[0], result.signal ? "signal" : "status",
				result.signal ? result.signal : result.status,
				line ? line : "it said nothing");
	}
	agent_result_free(&result);
	return err;
}

#define MKFS_WORDS 48

/*
 * Without lazy_*_init=0 a kernel thread goes on initialising inode tables for
 * minutes after the mount (mke2fs(8)): noise in every recording. mke2fs takes
 * the last -E only, so the scenario's own replaces this one.
 */
#define MKFS_DEFAULTS "-E lazy_itable_init=0,lazy_journal_init=0,nodiscard"

static int make_filesystem(struct session *s, struct error *e)
{
	const struct scenario *sc = s->request->scenario;
	CLEANUP_FREE char *options =
		xasprintf("%s %s", MKFS_DEFAULTS, sc->filesystem.mkfs);
	const char *argv[MKFS_WORDS + 1] = { "mke2fs", "-q", "-F", "-t",
					     sc->filesystem.type };
	unsigned n = 5;

	n += text_split(options, argv + n, MKFS_WORDS - n - 1);
	argv[n++] = DISK;
	argv[n] = NULL;
	return run_step(s, "filesystem", argv, MKFS_TIMEOUT_NS, e);
}

static int mount_disk(struct session *s, struct error *e)
{
	const struct scenario *sc = s->request->scenario;
	int err;

	if (!scenario_has_filesystem(sc))
		return 0;
	err = agent_mount(vm_agent(s->vm), DISK, MOUNT_DIR,
			  sc->filesystem.type, sc->filesystem.mount, e);
	if (err)
		error_prefix(e, "cannot mount the new %s",
			     sc->filesystem.type);
	return err;
}

/* Of a raw device: what the page cache holds of it is written and dropped. */
static int umount_disk(struct session *s, struct error *e)
{
	int mounted = scenario_has_filesystem(s->request->scenario);

	return agent_umount(vm_agent(s->vm), mounted ? MOUNT_DIR : "", DISK,
			    e);
}

static int set_up(struct session *s, struct error *e)
{
	const struct scenario *sc = s->request->scenario;
	int err = scenario_has_filesystem(sc) ? make_filesystem(s, e) : 0;

	if (err || !sc->workload.setup)
		return err;
	err = mount_disk(s, e);
	if (!err)
		err = run_step(s, "workload.setup",
			       (const char *const *)sc->workload.setup,
			       sc->workload.timeout_ns, e);
	if (!err)
		err = umount_disk(s, e);
	return err;
}

/* Base (everything so far is setup), then mounted, durable, armed. */
static int arm(struct session *s, struct error *e)
{
	int err = 0;

	if (!s->request->base) {
		err = set_up(s, e);
		if (!err)
			err = drive_mark_base(s->drive, NULL, e);
	}
	if (!err)
		err = mount_disk(s, e);
	if (!err)
		err = agent_sync(vm_agent(s->vm), e);
	if (!err)
		err = drive_arm(s->drive, &s->request->trigger, NULL, e);
	return err;
}

static int write_output(struct session *s, const struct agent_result *r,
			struct error *e)
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
static int run_workload(struct session *s, struct recording *ret,
			struct error *e)
{
	const struct scenario *sc = s->request->scenario;
	struct agent_run run = {
		.argv = (const char *const *)sc->workload.run,
		.env = environment(s),
		.timeout_ns = sc->workload.timeout_ns,
	};
	struct agent_result result = { 0 };
	int err;

	agent_set_wake(vm_agent(s->vm), interrupt_stop_fd(),
		       drive_cut_fd(s->drive));
	err = agent_run(vm_agent(s->vm), &run, &result, e);
	agent_set_wake(vm_agent(s->vm), interrupt_stop_fd(), -1);
	if (err == -ECANCELED && !interrupt_count()) {
		ret->cut = 1;
		ret->exit_status = -1;
		return 0;
	}
	if (err)
		return err;
	if (result.not_found) {
		err = error_set(e, ENOENT, "workload.run: there is no program "
				"'%s' in the guest", sc->workload.run[0]);
		error_hint(e, "add %s/%s.c, or name a program of the guest "
			   "image", sc->folder, sc->workload.run[0]);
	}
	ret->exit_status = result.status;
	ret->exit_signal = result.signal;
	ret->timed_out = result.timed_out;
	ret->run_ns = result.seconds_ns;
	if (result.status != 0)
		ret->complaint = complaint(&result);
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
static int come_to_rest(struct session *s, struct error *e)
{
	int err = drive_mark_stop(s->drive, NULL, e);

	if (!err)
		err = umount_disk(s, e);
	if (!err)
		err = agent_trace_drain(vm_agent(s->vm), e);
	return err;
}

/* The cut fell just as the workload ended, or never came: power off now. */
static int cut_now(struct session *s, struct recording *ret, struct error *e)
{
	int was_cut = 0;
	int err = drive_was_cut(s->drive, &was_cut, NULL, e);

	if (!err && !was_cut)
		err = drive_cut(s->drive, NULL, e);
	ret->cut = 1;
	return err;
}

/* The media as the drive itself knows them, for a cross-check. */
static int dump_media(struct session *s, struct error *e)
{
	const char *dir = s->request->dir;
	CLEANUP_FREE char *durable = xasprintf("%s/durable.img", dir);
	CLEANUP_FREE char *latest = xasprintf("%s/latest.img", dir);
	int err = drive_dump(s->drive, 1, durable, e);

	return err ? err : drive_dump(s->drive, 0, latest, e);
}

/* After the freeze the guest still runs: it hands over the trace's tail. */
static int finish(struct session *s, struct recording *ret, struct error *e)
{
	int err;

	if (s->request->trigger.kind == CUT_NONE) {
		err = come_to_rest(s, e);
	} else {
		err = cut_now(s, ret, e);
		if (!err)
			err = agent_trace_drain(vm_agent(s->vm), e);
		if (!err)
			err = dump_media(s, e);
	}
	return err ? err : drive_seal(s->drive, e);
}

static int open_sinks(struct session *s, struct error *e)
{
	s->trace_fd = create_file(s->request->dir, "trace.bin", e);
	if (s->trace_fd < 0)
		return s->trace_fd;
	s->kernel_fd = create_file(s->request->dir, "kernel.log", e);
	return s->kernel_fd < 0 ? s->kernel_fd : 0;
}

/* First the drive: a QEMU whose drive is gone has nothing to flush. */
static void power_off(struct session *s)
{
	drive_stop(s->drive);
	vm_destroy(s->vm);
	if (s->trace_fd >= 0)
		close(s->trace_fd);
	if (s->kernel_fd >= 0)
		close(s->kernel_fd);
}

int record(struct lab *lab, const struct recording_request *r,
	   struct recording *ret, struct error *e)
{
	struct session s = { .lab = lab, .request = r, .trace_fd = -1,
			     .kernel_fd = -1 };
	struct recording result = { 0 };
	int err;

	err = open_sinks(&s, e);
	if (!err)
		err = start_drive(&s, e);
	if (!err)
		err = start_guest(&s, e);
	if (!err)
		result.boot_ns = vm_boot_ns(s.vm);
	if (!err)
		err = arm(&s, e);
	if (!err)
		err = run_workload(&s, &result, e);
	if (!err)
		err = finish(&s, &result, e);
	power_off(&s);
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

/* A log without its end may lack anything behind its last record. */
static int check_sealed(const struct history *h, struct error *e)
{
	if (h->sealed && (h->stop != POSITION_NEVER || h->cut != POSITION_NEVER))
		return 0;
	return error_set(e, EPROTO, "the log %s was not closed in order",
			 h->log_path);
}

int record_history(const char *dir, struct history **ret, struct error *e)
{
	CLEANUP_FREE char *log = xasprintf("%s/drive.log", dir);
	CLEANUP_FREE char *path = xasprintf("%s/trace.bin", dir);
	struct history *h = NULL;
	struct trace *t = NULL;
	int err;

	err = history_load(log, &h, e);
	if (!err)
		err = check_sealed(h, e);
	if (!err)
		err = trace_load(path, &t, e);
	if (!err)
		err = trace_join(h, t, DISK_NSID, e);
	trace_free(t);
	if (err) {
		history_free(h);
		error_prefix(e, "the recording is void");
		return err;
	}
	*ret = h;
	return 0;
}

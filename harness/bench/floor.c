/*
 * A loop device over memory; for each state the pages that differ from what the
 * state before left behind are rewritten, the device's cached pages dropped, the
 * state mounted, the check run, the state unmounted: mount(2), posix_spawn(3),
 * waitpid(2), umount2(2), and nothing else. Which pages differ, and the files
 * with the promises, stand ready: finding out is not timed. Nothing is isolated,
 * nothing is verified but the check's exit status.
 *
 * It mounts in a mount namespace of its own, at the place that the check's
 * arguments name.
 */
#include "bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fs.h>

#include "bench/parts.h"
#include "check/judge.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "host/loop.h"
#include "states/states.h"

#define PAGE 4096u

struct page {
	uint64_t offset;
	char data[PAGE];
};

struct step {
	char *image; /* the state, sparse */
	char *acks, *begun; /* "PC_ACKS=..." */
	struct page *pages; /* to rewrite before it */
	size_t n;
};

struct floor {
	const struct bench_subject *subject;
	char *dir;
	int disk; /* in memory */
	struct loop loop;
	const char *program; /* of the check, on this machine */
	struct step *steps;
	size_t n;
	int learning;
	uint64_t ns; /* of the last round */
	struct error error;
	int err;
};

static const char *find_program(const struct bench_subject *s)
{
	for (size_t i = 0; i < s->workload.n_programs; i++)
		if (!strcmp(s->workload.programs[i].name,
			    s->scenario->check.run[0]))
			return s->workload.programs[i].path;
	return NULL;
}

int floor_create(const struct bench_subject *s, const char *dir,
		 struct floor **ret, struct error *e)
{
	struct floor *f = xcalloc(1, sizeof(*f));
	int err = mkdir_p(dir, e);

	*f = (struct floor){ .subject = s, .dir = xstrdup(dir), .disk = -1,
			     .loop = LOOP_NONE, .program = find_program(s) };
	if (!err && !f->program)
		err = error_set(e, ENOENT, "the check is no program of the "
				"workload");
	if (!err)
		f->disk = memfd_create(dir, MFD_CLOEXEC);
	if (!err && (f->disk < 0 ||
		     ftruncate(f->disk, (off_t)s->scenario->drive.size) < 0))
		err = error_errno(e, errno, "cannot make a disk in memory");
	if (!err)
		err = loop_attach(f->disk, s->scenario->drive.block, &f->loop,
				  e);
	if (err)
		floor_free(f);
	else
		*ret = f;
	return err;
}

void floor_free(struct floor *f)
{
	if (!f)
		return;
	loop_detach(&f->loop);
	if (f->disk >= 0)
		close(f->disk);
	for (size_t i = 0; i < f->n; i++) {
		free(f->steps[i].image);
		free(f->steps[i].acks);
		free(f->steps[i].begun);
		free(f->steps[i].pages);
	}
	free(f->steps);
	free(f->dir);
	free(f);
}

static char *put_promise(struct floor *f, const char *key, const char *name,
			 const struct buf *text, struct error *e)
{
	CLEANUP_FREE char *path =
		xasprintf("%s/%zu.%s", f->dir, f->n, name);

	if (file_write(path, buf_text(text), text->len, e))
		return NULL;
	return xasprintf("%s=%s", key, path);
}

int floor_add(struct floor *f, const struct state *state, struct error *e)
{
	const struct recorded *r = &f->subject->recorded;
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct step s = { 0 };

	promises_at(r->history, &state->cut, &acks, &begun);
	s.image = xasprintf("%s/%zu.img", f->dir, f->n);
	s.acks = put_promise(f, "PC_ACKS", "acks", &acks, e);
	s.begun = put_promise(f, "PC_BEGUN", "begun", &begun, e);
	f->steps = xrealloc(f->steps, (f->n + 1) * sizeof(s));
	f->steps[f->n++] = s;
	return !s.acks || !s.begun ? -EIO :
				     state_export(r->space, state, s.image, e);
}

/* ---- one state ---- */

/* All pages of the image that are not what the disk holds now. */
static int learn(struct floor *f, struct step *s)
{
	CLEANUP_CLOSE int image = open(s->image, O_RDONLY | O_CLOEXEC);
	uint64_t size = f->subject->scenario->drive.size;
	struct page p;
	char now[PAGE];

	s->n = 0;
	if (image < 0)
		return -errno;
	for (p.offset = 0; p.offset < size; p.offset += PAGE) {
		if (pread_full(image, p.data, PAGE, p.offset) ||
		    pread_full(f->disk, now, PAGE, p.offset))
			return -EIO;
		if (!memcmp(p.data, now, PAGE))
			continue;
		s->pages = xrealloc(s->pages, (s->n + 1) * sizeof(p));
		s->pages[s->n++] = p;
	}
	return 0;
}

static int rewrite(struct floor *f, const struct step *s)
{
	int err = 0;

	for (size_t i = 0; i < s->n && !err; i++)
		err = pwrite_full(f->disk, s->pages[i].data, PAGE,
				  s->pages[i].offset);
	return err;
}

/* Another block size than that of the file system drops all pages. */
static int drop_pages(struct floor *f)
{
	int block = (int)f->subject->scenario->drive.block;

	return ioctl(f->loop.fd, BLKBSZSET, &block) < 0 ? -errno : 0;
}

static int run_check(struct floor *f, const struct step *s)
{
	char *env[] = { "PC_MOUNT=" JUDGE_MOUNT, s->acks, s->begun, NULL };
	posix_spawn_file_actions_t actions;
	int status, err;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY,
					 0);
	err = posix_spawn(&pid, f->program, &actions, NULL,
			  f->subject->scenario->check.run, env);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status ? -EPROTO : 0;
}

static int cycle(struct floor *f, struct step *s)
{
	const struct scenario *sc = f->subject->scenario;
	int err = f->learning ? learn(f, s) : 0;

	if (!err)
		err = rewrite(f, s);
	if (!err)
		err = drop_pages(f);
	if (!err && mount(f->loop.path, JUDGE_MOUNT, sc->filesystem.type, 0,
			  sc->filesystem.mount) < 0)
		err = -errno;
	if (err)
		return err;
	err = run_check(f, s);
	return umount2(JUDGE_MOUNT, 0) < 0 ? -errno : err;
}

/* ---- a round ---- */

static int enter_namespace(void)
{
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

static void *round_main(void *arg)
{
	struct floor *f = arg;
	uint64_t start;

	f->err = enter_namespace();
	start = now_ns();
	for (size_t i = 0; i < f->n && !f->err; i++) {
		f->err = bench_go_on(&f->error);
		if (!f->err)
			f->err = cycle(f, &f->steps[i]);
		if (f->err && f->err != -ECANCELED)
			error_errno(&f->error, -f->err, "the bare loop fails "
				    "at its state %zu", i);
	}
	f->ns = now_ns() - start;
	return NULL;
}

/* A thread of its own, since it has a namespace of its own. */
static int run_round(struct floor *f, struct error *e)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, round_main, f);

	if (err)
		return error_errno(e, err, "cannot start a thread");
	pthread_join(thread, NULL);
	if (f->err)
		*e = f->error;
	return f->err;
}

/* The first round begins with an empty disk, as no other does. */
int floor_prepare(struct floor *f, struct error *e)
{
	int err;

	f->learning = 1;
	err = run_round(f, e);
	if (!err)
		err = run_round(f, e);
	f->learning = 0;
	return err;
}

int floor_round(struct floor *f, uint64_t *ret_ns, struct error *e)
{
	int err = run_round(f, e);

	if (!err)
		*ret_ns = f->ns;
	return err;
}

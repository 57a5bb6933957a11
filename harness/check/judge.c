#include "check/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/checker.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/text.h"
#include "scenario/environment.h"
#include "scenario/scenario.h"
#include "vm/agent.h"

#define FSCK_TIMEOUT_NS 60000000000ULL

/* What a program said last; "" if nothing. Caller frees. */
static char *last_words(const struct agent_result *r)
{
	return text_last_line(r->out.len ? &r->out : &r->err);
}

static void add_output(struct buf *detail, const char *title,
		       const struct buf *b)
{
	if (b->len)
		buf_printf(detail, "--- %s\n%s\n", title, buf_text(b));
}

static void add_result(struct buf *detail, const char *program,
		       const struct agent_result *r)
{
	buf_printf(detail, "$ %s\n", program);
	add_output(detail, "standard output", &r->out);
	add_output(detail, "standard error", &r->err);
}

/* Takes what the kernel complained about since the last state. */
static void add_kernel_log(struct agent *a, struct buf *detail)
{
	CLEANUP_BUF struct buf log = BUF_INIT;

	agent_kmsg_take(a, &log);
	add_output(detail, "kernel log", &log);
}

static void set(struct judgement *j, enum verdict verdict, enum stage stage,
		char *message)
{
	free(j->message);
	j->verdict = verdict;
	j->stage = stage;
	j->message = message;
}

/* A program that could not be started, for the guest's own reason. */
static void set_not_run(struct judgement *j, const char *program,
			const struct error *e)
{
	set(j, VERDICT_UNKNOWN, STAGE_CHECK,
	    xasprintf("%s cannot be run: %s", program, e->message));
}

/* A program that said neither yes nor no. */
static void set_undecided(struct judgement *j, const char *program,
			  const struct agent_result *r)
{
	CLEANUP_FREE char *line = last_words(r);
	const char *sep = *line ? ": " : "";
	char *message;

	if (r->not_found)
		message = xasprintf("there is no program '%s' in the guest",
				    program);
	else if (r->timed_out)
		message = xasprintf("%s did not end in time%s%s", program, sep,
				    line);
	else if (r->signal)
		message = xasprintf("%s died of signal %d (%s)%s%s", program,
				    r->signal, strsignal(r->signal), sep, line);
	else
		message = xasprintf("%s ended with status %d%s%s", program,
				    r->status, sep, line);
	set(j, VERDICT_UNKNOWN, STAGE_CHECK, message);
}

void judge_environment(const struct scenario *s, struct environment *ret)
{
	environment_init(ret, s);
	environment_add(ret, scenario_has_filesystem(s) ?
				     "PC_MOUNT=" JUDGE_MOUNT :
				     "PC_DEVICE=" JUDGE_DISK);
	environment_add(ret, "PC_ACKS=" JUDGE_ACKS);
	environment_add(ret, "PC_BEGUN=" JUDGE_BEGUN);
}

int judge_run_check(struct agent *a, const struct scenario *s,
		    struct agent_result *ret, struct error *e)
{
	struct environment env;
	struct agent_run run = {
		.argv = (const char *const *)s->check.run,
		.env = env.list,
		.timeout_ns = s->check.timeout_ns,
	};

	judge_environment(s, &env);
	return agent_run(a, &run, ret, e);
}

/* The guest is gone, silent, or the user said stop: no verdict from here. */
static int guest_lost(int err)
{
	return err == -ECONNRESET || err == -ETIMEDOUT || err == -ECANCELED ||
	       err == -EPROTO;
}

static int run_check(struct agent *a, const struct scenario *s,
		     struct judgement *j, struct buf *detail, struct error *e)
{
	struct agent_result r = { 0 };
	int err;

	if (!s->check.run)
		return 0;
	err = judge_run_check(a, s, &r, e);
	if (err && !guest_lost(err)) {
		set_not_run(j, s->check.run[0], e);
		return 0;
	}
	if (err)
		return err;
	if (r.status == 1)
		set(j, VERDICT_VIOLATED, STAGE_CHECK, last_words(&r));
	else if (r.status != 0)
		set_undecided(j, s->check.run[0], &r);
	if (j->verdict != VERDICT_HELD)
		add_result(detail, s->check.run[0], &r);
	agent_result_free(&r);
	return 0;
}

/* What fsck found wrong: its first line is the title, the next says it. */
static char *fsck_complaint(const struct agent_result *r)
{
	const char *text = buf_text(&r->out);
	const char *end = strchr(text, '\n');

	if (!end)
		return xstrdup("fsck found errors after recovery");
	return xasprintf("fsck found errors after recovery: %.*s",
			 (int)(end - text), text);
}

/*
 * e2fsck(8): exit status 0 no errors, bit 4 (value 4) errors left, 8 and up:
 * operational trouble, which says nothing about the state.
 */
static int run_fsck(struct agent *a, struct judgement *j, struct buf *detail,
		    struct error *e)
{
	static const char *const argv[] = { "e2fsck", "-f", "-n", JUDGE_DISK,
					    NULL };
	struct agent_run run = { .argv = argv, .timeout_ns = FSCK_TIMEOUT_NS };
	struct agent_result r = { 0 };
	int err = agent_run(a, &run, &r, e);

	if (err)
		return err;
	if (r.status == 4)
		set(j, VERDICT_VIOLATED, STAGE_FSCK, fsck_complaint(&r));
	else if (r.status != 0)
		set_undecided(j, "e2fsck", &r);
	if (r.status != 0)
		add_result(detail, "e2fsck", &r);
	agent_result_free(&r);
	return 0;
}

static int judge_mounted(struct agent *a, const struct scenario *s,
			 struct judgement *j, struct buf *detail,
			 struct error *e)
{
	int err = run_check(a, s, j, detail, e);

	if (!err)
		err = agent_umount(a, scenario_has_filesystem(s) ? JUDGE_MOUNT :
								   "",
				   JUDGE_DISK, e);
	if (!err && s->check.fsck && j->verdict == VERDICT_HELD)
		err = run_fsck(a, j, detail, e);
	return err;
}

int judge(struct agent *a, const struct scenario *s, struct judgement *ret,
	  struct error *e)
{
	CLEANUP_BUF struct buf detail = BUF_INIT, old = BUF_INIT;
	struct judgement j = { .verdict = VERDICT_HELD, .stage = STAGE_NONE };
	int err = 0;

	agent_kmsg_take(a, &old);
	if (scenario_has_filesystem(s))
		err = agent_mount(a, JUDGE_DISK, JUDGE_MOUNT,
				  s->filesystem.type, s->filesystem.mount, e);
	if (!err) {
		err = judge_mounted(a, s, &j, &detail, e);
	} else if (!guest_lost(err)) {
		set(&j, VERDICT_VIOLATED, STAGE_MOUNT,
		    xasprintf("the kernel refuses to mount: %s", strerror(-err)));
		buf_printf(&detail, "%s\n", e->message);
		err = 0;
	}
	if (err) {
		judgement_release(&j);
		return err;
	}
	if (j.verdict != VERDICT_HELD) {
		add_kernel_log(a, &detail);
		j.detail = buf_take(&detail);
	}
	*ret = j;
	return 0;
}

#define TAIL_BYTES 8192

uint64_t judge_console_size(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

char *judge_console_tail(const char *path, uint64_t start)
{
	CLEANUP_BUF struct buf all = BUF_INIT;
	size_t from;

	if (file_read(path, &all, NULL) || all.len <= start)
		return NULL;
	from = all.len - start > TAIL_BYTES ? all.len - TAIL_BYTES :
					      (size_t)start;
	return xstrdup(all.data + from);
}

int judge_console_shows_panic(const char *tail)
{
	return tail && (strstr(tail, "Kernel panic") || strstr(tail, "Oops:") ||
			strstr(tail, "kernel BUG at"));
}

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
			const struct agent_judged *w)
{
	set(j, VERDICT_UNKNOWN, STAGE_CHECK,
	    w->text.len ? xstrdup(buf_text(&w->text)) :
			  xasprintf("%s cannot be run: %s", program,
				    strerror(w->error)));
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

static void weigh_check(const struct agent_judged *w,
			const struct scenario *s, struct judgement *j)
{
	const struct agent_result *r = &w->result;

	if (w->error && !r->not_found)
		set_not_run(j, s->check.run[0], w);
	else if (r->status == 1)
		set(j, VERDICT_VIOLATED, STAGE_CHECK, last_words(r));
	else
		set_undecided(j, s->check.run[0], r);
}

/* Errors are the file system's, trouble is the program's own. */
static void weigh_report(struct judgement *j, const struct scenario *s,
			 const struct disk_report *r, const char *what)
{
	CLEANUP_FREE char *line = NULL;

	if (r->said == FSCK_TROUBLE)
		set_undecided(j, r->program, &r->result);
	if (r->said != FSCK_ERRORS)
		return;
	line = disk_complaint(s, r);
	set(j, VERDICT_VIOLATED, STAGE_FSCK,
	    xasprintf("%s%s%s", what, *line ? ": " : "", line));
}

static void weigh_fsck(const struct agent_judged *w, const struct scenario *s,
		       struct judgement *j, struct buf *detail)
{
	struct disk_report r = disk_checked(s, &w->result);

	if (w->error && !w->result.not_found)
		set_not_run(j, r.program, w);
	else
		weigh_report(j, s, &r, "fsck found errors after recovery");
	add_result(detail, r.program, &w->result);
}

/* What comes before the mount when a machine boots. */
static int run_repair(struct agent *a, const struct scenario *s,
		      struct judgement *j, struct buf *detail, struct error *e)
{
	struct disk_report r = { 0 };
	int err = disk_repair(a, s, &r, e);

	if (err)
		return err;
	weigh_report(j, s, &r, "fsck cannot repair it unasked");
	if (r.said != FSCK_CLEAN)
		add_result(detail, r.program, &r.result);
	disk_report_free(&r);
	return 0;
}

static void weigh_mount(const struct agent_judged *w, struct judgement *j,
			struct buf *detail)
{
	set(j, VERDICT_VIOLATED, STAGE_MOUNT,
	    xasprintf("the kernel refuses to mount: %s", strerror(w->error)));
	buf_printf(detail, "%s\n", buf_text(&w->text));
}

static void weigh(const struct agent_judged *w, const struct scenario *s,
		  struct judgement *j, struct buf *detail)
{
	switch (w->step) {
	case STEP_MOUNT:
		weigh_mount(w, j, detail);
		return;
	case STEP_CHECK:
		weigh_check(w, s, j);
		add_result(detail, s->check.run[0], &w->result);
		return;
	case STEP_FSCK:
		weigh_fsck(w, s, j, detail);
		return;
	case STEP_MOUNTED:
		set(j, VERDICT_UNKNOWN, STAGE_NONE, NULL);
		return;
	case STEP_NONE:
	case STEP_UMOUNT: /* an error of agent_judge() */
		return;
	}
}

/* Caller frees. */
static char *mount_options_of(const struct scenario *s,
			      const struct judge_order *order)
{
	const char *own = s->filesystem.mount ? s->filesystem.mount : "";
	const char *more = order->options ? order->options : "";

	return xasprintf("%s%s%s", own, *own && *more ? "," : "", more);
}

int judge(struct agent *a, const struct scenario *s,
	  const struct judge_order *order, struct judgement *ret,
	  struct error *e)
{
	const char *fsck[DISK_WORDS];
	CLEANUP_FREE char *options = mount_options_of(s, order);
	CLEANUP_BUF struct buf detail = BUF_INIT, old = BUF_INIT;
	struct judgement j = { .verdict = VERDICT_HELD, .stage = STAGE_NONE };
	struct agent_judged judged;
	struct environment env;
	struct agent_judge q = {
		.clock_ns = order->clock_ns,
		.device = JUDGE_DISK,
		.dir = scenario_has_filesystem(s) ? JUDGE_MOUNT : "",
		.type = s->filesystem.type ? s->filesystem.type : "",
		.options = options,
		.check = { .argv = (const char *const *)s->check.run,
			   .env = env.list,
			   .timeout_ns = s->check.timeout_ns },
		.fsck = { .argv = s->check.fsck ? fsck : NULL,
			  .timeout_ns = FSCK_TIMEOUT_NS },
		.acks = order->acks,
		.begun = order->begun,
		.mounted = order->mounted,
		.arg = order->arg,
	};
	int err;

	if (s->check.fsck)
		disk_check_argv(s, fsck);
	judge_environment(s, &env);
	agent_kmsg_take(a, &old);
	err = run_repair(a, s, &j, &detail, e);
	if (!err && j.verdict == VERDICT_HELD) {
		err = agent_judge(a, &q, &judged, e);
		if (!err) {
			weigh(&judged, s, &j, &detail);
			agent_judged_free(&judged);
		}
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

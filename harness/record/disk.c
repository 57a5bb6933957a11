#include "record/disk.h"

#include <errno.h>
#include <stdlib.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "scenario/scenario.h"

#define FSCK_TIMEOUT_NS 60000000000ULL

static const struct filesystem *filesystem_of(const struct scenario *s)
{
	return filesystem_find(s->filesystem.type);
}

void disk_mkfs_argv(const struct scenario *s, char *options,
		    const char *ret[DISK_WORDS])
{
	filesystem_argv(filesystem_of(s)->mkfs, options, DISK_DEVICE, ret,
			DISK_WORDS);
}

int disk_mount(struct agent *a, const struct scenario *s, struct error *e)
{
	if (!scenario_has_filesystem(s))
		return 0;
	return agent_mount(a, DISK_DEVICE, DISK_MOUNT, s->filesystem.type,
			   s->filesystem.mount, e);
}

int disk_umount(struct agent *a, const struct scenario *s, struct error *e)
{
	return agent_umount(a, scenario_has_filesystem(s) ? DISK_MOUNT : "",
			    DISK_DEVICE, e);
}

void disk_report_free(struct disk_report *r)
{
	agent_result_free(&r->result);
	*r = (struct disk_report){ 0 };
}

static char *output(const struct disk_report *r)
{
	return xasprintf("%s\n%s", buf_text(&r->result.out),
			 buf_text(&r->result.err));
}

static void weigh(const struct fsck *f, struct disk_report *r)
{
	CLEANUP_FREE char *out = output(r);

	if (!r->result.not_found && !r->result.timed_out && !r->result.signal)
		r->said = f->said(r->result.status, out);
}

static int run(struct agent *a, const struct fsck *f, struct disk_report *ret,
	       struct error *e)
{
	const char *argv[DISK_WORDS];
	struct agent_run req = { .argv = argv,
				 .timeout_ns = FSCK_TIMEOUT_NS,
				 .tool = 1 };
	struct disk_report r = { .program = f->words[0],
				 .said = FSCK_TROUBLE };
	char none[] = "";
	int err;

	filesystem_argv(f->words, none, DISK_DEVICE, argv, DISK_WORDS);
	err = agent_run(a, &req, &r.result, e);
	if (err)
		return err;
	weigh(f, &r);
	*ret = r;
	return 0;
}

int disk_repair(struct agent *a, const struct scenario *s,
		struct disk_report *ret, struct error *e)
{
	const struct filesystem *fs = filesystem_of(s);
	const struct fsck *repair =
		fs ? filesystem_repair(fs, s->filesystem.mkfs) : NULL;

	if (!repair || !s->check.fsck) {
		*ret = (struct disk_report){ .said = FSCK_CLEAN };
		return 0;
	}
	return run(a, repair, ret, e);
}

void disk_check_argv(const struct scenario *s, const char *ret[DISK_WORDS])
{
	char none[] = "";

	filesystem_argv(filesystem_of(s)->check.words, none, DISK_DEVICE, ret,
			DISK_WORDS);
}

struct disk_report disk_checked(const struct scenario *s,
				const struct agent_result *result)
{
	const struct fsck *f = &filesystem_of(s)->check;
	struct disk_report r = { f->words[0], FSCK_TROUBLE, *result };

	weigh(f, &r);
	return r;
}

char *disk_complaint(const struct scenario *s, const struct disk_report *r)
{
	CLEANUP_FREE char *out = output(r);

	return filesystem_complaint(filesystem_of(s), out);
}

static int must_be_repaired(const struct scenario *s,
			    const struct disk_report *r, struct error *e)
{
	CLEANUP_FREE char *line = NULL;

	if (r->said == FSCK_CLEAN)
		return 0;
	line = disk_complaint(s, r);
	return error_set(e, EUCLEAN, "%s cannot repair the file system: %s",
			 r->program, line);
}

int disk_recover(struct agent *a, const struct scenario *s, struct error *e)
{
	struct disk_report r = { 0 };
	int err = disk_repair(a, s, &r, e);

	if (!err)
		err = must_be_repaired(s, &r, e);
	disk_report_free(&r);
	return err ? err : disk_mount(a, s, e);
}

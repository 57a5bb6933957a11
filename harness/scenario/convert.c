/*
 * Meaning, one function per part of the file; the larger parts have a file of
 * their own (convert.h). The document is at hand only for the positions of errors:
 * values come from the raw scenario.
 */
#include "scenario/convert.h"

#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/nearest.h"
#include "common/quantity.h"
#include "scenario/filesystem.h"

#define MiB (1ULL << 20)
#define SECOND 1000000000ULL
#define NAME_LEN_MAX 64

int quantity_at(struct document *d, const char *path, const char *text,
		quantity_fn parse, uint64_t min, uint64_t max,
		const char *range, uint64_t *ret, struct error *e)
{
	struct error reason;
	uint64_t value;

	if (!text)
		return 0;
	if (parse(text, &value, &reason) < 0)
		return document_error(d, path, e, "%s: %s", path,
				      reason.message);
	if (value < min || value > max)
		return document_error(d, path, e, "%s is %.40s; expected %s",
				      path, text, range);
	*ret = value;
	return 0;
}

static int not_yet(struct document *d, const char *path, struct error *e,
		   const char *value, const char *instead)
{
	return document_error(d, path, e,
			      "%s: %.60s is not supported yet; expected %s",
			      path, value, instead);
}

static char *text_or(const char *text, const char *otherwise)
{
	return xstrdup(text ? text : otherwise);
}

/* The name becomes a folder, a test suite's name, a part of state names. */
int scenario_name_valid(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(name);

	return len && len <= NAME_LEN_MAX && strchr(first, *name) &&
	       strspn(name, rest) == len;
}

static int convert_name(struct document *d, const char *name, char **ret,
			struct error *e)
{
	if (!scenario_name_valid(name))
		return document_error(d, "name", e,
				      "name is '%.80s'; expected 1 to %d of "
				      "a-z, 0-9, '.', '_' and '-', a letter or "
				      "digit first", name, NAME_LEN_MAX);
	*ret = xstrdup(name);
	return 0;
}

/* The raw device: nothing makes, mounts or repairs it. */
static int convert_no_filesystem(struct document *d,
				 const struct raw_filesystem *raw,
				 struct error *e)
{
	if (raw->mkfs && *raw->mkfs)
		return document_error(d, "filesystem.mkfs", e,
				      "filesystem.mkfs: with type: none there "
				      "is nothing to make; expected no such "
				      "key");
	if (raw->mount && *raw->mount)
		return document_error(d, "filesystem.mount", e,
				      "filesystem.mount: with type: none there "
				      "is nothing to mount; expected no such "
				      "key");
	return 0;
}

/* The drive must hold it; without drive.size it is made to. */
static int convert_room(struct document *d, const struct filesystem *fs,
			const char *size, struct scenario *s, struct error *e)
{
	uint64_t min = filesystem_size_min(fs, s->filesystem.mkfs);

	if (!size)
		s->drive.size = fs->size_default;
	if (s->drive.size >= min)
		return 0;
	return document_error(d, "drive.size", e,
			      "drive.size is %.40s; filesystem.type: %s needs at "
			      "least %lluMiB%s%s", size ? size : "too small",
			      fs->type, (unsigned long long)(min / MiB),
			      fs->small_hint && min > fs->small_min ?
				      ", or filesystem.mkfs: " : "",
			      fs->small_hint && min > fs->small_min ?
				      fs->small_hint : "");
}

static int convert_filesystem(struct document *d,
			      const struct raw_scenario *raw,
			      struct scenario *s, struct error *e)
{
	static const char *const types[] = { "ext4", "ext3", "ext2", "xfs",
					     "btrfs", "f2fs", "vfat", "exfat",
					     "bcachefs", "none", NULL };
	const char *type = raw->filesystem.type ? raw->filesystem.type : "ext4";
	const struct filesystem *fs = filesystem_find(type);
	const char *nearest;

	s->filesystem.type = xstrdup(type);
	s->filesystem.mkfs = text_or(raw->filesystem.mkfs, "");
	s->filesystem.mount = text_or(raw->filesystem.mount, "");
	if (fs)
		return convert_room(d, fs, raw->drive.size, s, e);
	if (!scenario_has_filesystem(s))
		return convert_no_filesystem(d, &raw->filesystem, e);
	nearest = nearest_word(type, types);
	if (nearest && !strcmp(nearest, type))
		return not_yet(d, "filesystem.type", e, type,
			       filesystem_types());
	return document_error(d, "filesystem.type", e,
			      "filesystem.type is '%.60s'; expected %s%s%s%s",
			      type, filesystem_types(),
			      nearest ? "; did you mean " : "",
			      nearest ? nearest : "", nearest ? "?" : "");
}

/* The list as a NULL-terminated argv; NULL where it is not in the file. */
static int convert_argv(struct document *d, const char *path,
			const struct raw_list *list, char ***ret,
			struct error *e)
{
	if (!list->count)
		return 0;
	if (!*list->items[0])
		return document_error(d, path, e, "%s: the program's name is "
				      "empty; expected [program, argument]",
				      path);
	*ret = xcalloc((size_t)list->count + 1, sizeof(**ret));
	for (unsigned int i = 0; i < list->count; i++)
		(*ret)[i] = xstrdup(list->items[i]);
	return 0;
}

static int convert_timeout(struct document *d, const char *path,
			   const char *text, uint64_t otherwise, uint64_t *ret,
			   struct error *e)
{
	*ret = otherwise;
	return quantity_at(d, path, text, parse_duration, 1, 86400 * SECOND,
			   "more than 0s, at most 24h", ret, e);
}

static int convert_workload(struct document *d,
			    const struct raw_workload *raw, struct scenario *s,
			    struct error *e)
{
	int err = convert_argv(d, "workload.setup", &raw->setup,
			       &s->workload.setup, e);

	if (!err)
		err = convert_argv(d, "workload.run", &raw->run,
				   &s->workload.run, e);
	if (!err)
		err = convert_timeout(d, "workload.timeout", raw->timeout,
				      60 * SECOND, &s->workload.timeout_ns, e);
	return err;
}

/* A loop device is never dead. */
static int convert_place(struct document *d, enum check_place on,
			 struct scenario *s, struct error *e)
{
	const uint64_t *faults = s->drive.cache.faults.count;

	s->check.on = on;
	if (on == CHECK_ON_HOST && strcmp(s->guest.image, "micro"))
		return document_error(d, "check.on", e,
				      "check.on is host, but the programs of "
				      "guest.image %.60s run in a guest only; "
				      "expected guest", s->guest.image);
	if (on != CHECK_ON_HOST ||
	    !(faults[FAULT_READ_ONLY] || faults[FAULT_GONE]))
		return 0;
	return document_error(d, "check.on", e,
			      "check.on is host, but a drive that is dead "
			      "(drive.faults.dead) is judged in a guest only; "
			      "expected guest");
}

static int convert_fsck(struct document *d, enum raw_fsck raw,
			struct scenario *s, struct error *e)
{
	s->check.fsck = raw != RAW_FSCK_FALSE && scenario_has_filesystem(s);
	if (raw != RAW_FSCK_TRUE || s->check.fsck)
		return 0;
	return document_error(d, "check.fsck", e,
			      "check.fsck is true, but filesystem.type is none: "
			      "there is no file system to check; expected false");
}

static int convert_check(struct document *d, const struct raw_check *raw,
			 struct scenario *s, struct error *e)
{
	int err = convert_argv(d, "check.run", &raw->run, &s->check.run, e);

	if (!err)
		err = convert_place(d, raw->on, s, e);
	if (!err)
		err = convert_fsck(d, raw->fsck, s, e);
	if (!err && !s->check.fsck && !s->check.run)
		err = document_error(d, "check", e,
				     "check does nothing; expected fsck: true "
				     "or run: [program, argument]");
	if (!err)
		err = convert_timeout(d, "check.timeout", raw->timeout,
				      30 * SECOND, &s->check.timeout_ns, e);
	return err;
}

int scenario_convert(struct document *d, const struct raw_scenario *raw,
		     struct scenario *s, struct error *e)
{
	int err = convert_name(d, raw->name, &s->name, e);

	s->about = text_or(raw->about, "");
	s->mode = raw->mode;
	s->seed = 1;
	if (!err)
		err = guest_convert(d, &raw->guest, s, e);
	if (!err)
		err = drive_convert(d, &raw->drive, s, e);
	if (!err)
		err = convert_filesystem(d, raw, s, e);
	if (!err)
		err = convert_workload(d, &raw->workload, s, e);
	if (!err)
		err = cuts_convert(d, raw, s, e);
	if (!err)
		err = states_convert(d, &raw->states, s, e);
	if (!err)
		err = require_convert(d, &raw->require, s, e);
	if (!err)
		err = convert_check(d, &raw->check, s, e);
	if (!err)
		err = expect_convert(d, raw, s, e);
	if (!err)
		err = fixed_convert(d, raw->fixed, s, e);
	if (!err)
		err = quantity_at(d, "seed", raw->seed, parse_count, 0,
				  UINT64_MAX, "a whole number", &s->seed, e);
	return err;
}

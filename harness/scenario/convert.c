/*
 * Meaning, one function per part of the file. The document is at hand only
 * for the positions of errors: values come from the raw scenario.
 */
#include "scenario/convert.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/nearest.h"
#include "common/quantity.h"
#include "scenario/filesystem.h"
#include "scenario/kernels.h"

#define KiB (1ULL << 10)
#define MiB (1ULL << 20)
#define GiB (1ULL << 30)
#define TiB (1ULL << 40)
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

/* A known kernel's name, or a path, which is seen from the scenario. */
static int convert_kernel(struct document *d, const char *kernel,
			  struct scenario *s, struct error *e)
{
	const char *nearest;
	char *path;

	if (!kernel || kernel_is_named(kernel)) {
		s->guest.kernel = xstrdup(kernel ? kernel : KERNEL_DEFAULT);
		return 0;
	}
	path = *kernel == '/' ? xstrdup(kernel) :
				xasprintf("%s/%s", s->folder, kernel);
	s->guest.kernel = path;
	if (*kernel && access(path, R_OK) == 0)
		return 0;
	nearest = nearest_word(kernel, kernel_names);
	return document_error(d, "guest.kernel", e,
			      "cannot read kernel %s: %s; expected %s or the "
			      "path of a kernel%s%s%s", path,
			      strerror(*kernel ? errno : ENOENT), kernel_list(),
			      nearest ? "; did you mean " : "",
			      nearest ? nearest : "", nearest ? "?" : "");
}

/* The archive is seen from the scenario. */
static int convert_archive(struct document *d, const char *archive,
			   struct scenario *s, struct error *e)
{
	CLEANUP_FREE char *path = *archive == '/' ?
					  xstrdup(archive) :
					  xasprintf("%s/%s", s->folder,
						    archive);

	s->guest.image = xasprintf("oci:%s", path);
	if (*archive && access(path, R_OK) == 0)
		return 0;
	return document_error(d, "guest.image", e,
			      "cannot read %s: %s; expected oci: and the path "
			      "of an archive, as docker save writes it", path,
			      strerror(*archive ? errno : ENOENT));
}

static int convert_image(struct document *d, const char *image,
			 struct scenario *s, struct error *e)
{
	if (!image || !strcmp(image, "micro") || !strcmp(image, "debian")) {
		s->guest.image = xstrdup(image ? image : "micro");
		return 0;
	}
	if (!strncmp(image, "oci:", 4))
		return convert_archive(d, image + 4, s, e);
	return document_error(d, "guest.image", e,
			      "guest.image is '%.60s'; expected micro, debian "
			      "or oci:ARCHIVE", image);
}

/* Debian Policy 5.6.7. Whether Debian has it, apt must say. */
static int is_package(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
	size_t len = strlen(name);

	return len > 1 && strchr(first, *name) && strspn(name, rest) == len;
}

static int convert_packages(struct document *d, const struct raw_list *list,
			    struct scenario *s, struct error *e)
{
	if (list->count && strcmp(s->guest.image, "debian"))
		return document_error(d, "guest.packages", e,
				      "guest.packages are Debian's, but "
				      "guest.image is %s; expected image: "
				      "debian, or no packages",
				      s->guest.image);
	s->guest.packages = xcalloc((size_t)list->count + 1, sizeof(char *));
	for (unsigned int i = 0; i < list->count; i++) {
		CLEANUP_FREE char *path = xasprintf("guest.packages[%u]", i);

		if (!is_package(list->items[i]))
			return document_error(d, path, e,
					      "'%.60s' is no name of a Debian "
					      "package; expected one such as "
					      "python3-minimal",
					      list->items[i]);
		s->guest.packages[i] = xstrdup(list->items[i]);
	}
	return 0;
}

static int convert_guest(struct document *d, const struct raw_guest *raw,
			 struct scenario *s, struct error *e)
{
	int err = convert_kernel(d, raw->kernel, s, e);

	if (!err)
		err = convert_image(d, raw->image, s, e);
	if (!err)
		err = convert_packages(d, &raw->packages, s, e);
	s->guest.where = document_where(d, raw->packages.count ?
						   "guest.packages" :
						   "guest.image");
	s->guest.memory = 256 * MiB;
	s->guest.trace = raw->trace;
	if (!err)
		err = quantity_at(d, "guest.memory", raw->memory, parse_size,
				  128 * MiB, TiB, "128MiB to 1TiB",
				  &s->guest.memory, e);
	if (!err && s->guest.memory % MiB)
		err = document_error(d, "guest.memory", e,
				     "guest.memory is %.40s; expected whole "
				     "MiB", raw->memory);
	return err;
}

/* A word of the format for "no limit", or a quantity. */
static int limit_at(struct document *d, const char *path, const char *text,
		    const char *no_limit, quantity_fn parse, uint64_t max,
		    const char *range, uint64_t *ret, struct error *e)
{
	struct error reason;
	uint64_t value;

	*ret = UINT64_MAX;
	if (!text || !strcmp(text, no_limit))
		return 0;
	if (parse(text, &value, &reason) < 0)
		return document_error(d, path, e, "%s: %s, or %s", path,
				      reason.message, no_limit);
	return quantity_at(d, path, text, parse, 1, max, range, ret, e);
}

static int convert_tear(struct document *d, const char *text,
			struct scenario *s, struct error *e)
{
	uint64_t tear = 4096;
	int err = quantity_at(d, "drive.cache.tear", text, parse_size, 512,
			      64 * KiB, "a power of two from 512 to 64KiB",
			      &tear, e);

	if (!err && (tear & (tear - 1)))
		err = document_error(d, "drive.cache.tear", e,
				     "drive.cache.tear is %.40s; expected a "
				     "power of two from 512 to 64KiB", text);
	if (!err && tear < s->drive.block)
		err = document_error(d, "drive.cache.tear", e,
				     "drive.cache.tear is %.40s; expected at "
				     "least drive.block, %u: a drive writes "
				     "whole blocks", text, s->drive.block);
	s->drive.cache.tear = (uint32_t)tear;
	return err;
}

static int convert_cache(struct document *d, const struct raw_cache *raw,
			 struct scenario *s, struct error *e)
{
	struct cache_model *m = &s->drive.cache;
	int err;

	m->mode = raw->mode;
	m->order = raw->order;
	m->flush_ignored = raw->flush == FLUSH_IGNORED;
	m->fua_ignored = raw->fua == FUA_IGNORED;
	m->plp = raw->power_loss_protection;
	s->drive.pinned.capacity = raw->capacity != NULL;
	s->drive.pinned.destage = raw->destage != NULL;
	s->drive.pinned.tear = raw->tear != NULL;
	s->drive.pinned.order = document_has(d, "drive.cache.order");
	err = limit_at(d, "drive.cache.capacity", raw->capacity, "unlimited",
		       parse_size, UINT64_MAX, "more than 0, or unlimited",
		       &m->capacity, e);
	if (!err)
		err = limit_at(d, "drive.cache.destage", raw->destage, "never",
			       parse_duration, 86400 * SECOND,
			       "more than 0s, at most 24h, or never",
			       &m->destage_ns, e);
	return err ? err : convert_tear(d, raw->tear, s, e);
}

static int convert_drive(struct document *d, const struct raw_drive *raw,
			 struct scenario *s, struct error *e)
{
	uint64_t block = 512, unit;
	int err;

	s->drive.bus = raw->bus;
	s->drive.scheduler = raw->scheduler;
	s->drive.size = 128 * MiB;
	s->drive.pinned.size = raw->size != NULL;
	err = quantity_at(d, "drive.size", raw->size, parse_size, MiB,
			  16 * TiB, "1MiB to 16TiB", &s->drive.size, e);
	if (!err)
		err = quantity_at(d, "drive.block", raw->block, parse_size,
				  512, 4096, "512 or 4096", &block, e);
	if (!err && block != 512 && block != 4096)
		err = document_error(d, "drive.block", e,
				     "drive.block is %.40s; expected 512 or "
				     "4096", raw->block);
	s->drive.block = (uint32_t)block;
	if (!err)
		err = quantity_at(d, "drive.latency", raw->latency,
				  parse_duration, 0, SECOND, "0s to 1s",
				  &s->drive.latency_ns, e);
	if (!err)
		err = convert_cache(d, &raw->cache, s, e);
	if (err)
		return err;
	/* tear is at least block, and both are powers of two */
	unit = s->drive.cache.tear;
	if (s->drive.size % unit)
		return document_error(d, "drive.size", e,
				      "drive.size is %.40s; expected a multiple "
				      "of drive.block and drive.cache.tear, "
				      "%llu bytes", raw->size,
				      (unsigned long long)unit);
	return faults_convert(d, &raw->faults, s, e);
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
		err = convert_guest(d, &raw->guest, s, e);
	if (!err)
		err = convert_drive(d, &raw->drive, s, e);
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
		err = quantity_at(d, "seed", raw->seed, parse_count, 0,
				  UINT64_MAX, "a whole number", &s->seed, e);
	return err;
}

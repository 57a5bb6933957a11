/*
 * What no call of the program would cure: a drive that does not keep its promises,
 * mount options that ask it for nothing. The same workload is recorded with
 * others. And what no change of these would: a program that does it in another way,
 * if the scenario names one.
 */
#include "run/fix.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "scenario/override.h"

/* ---- the drive ---- */

static void comma(struct buf *b)
{
	if (b->len)
		buf_puts(b, ", ");
}

/* By their keys: fault_word() has two for one of them, `dead`. */
static void without_faults(struct fault_model *m, struct buf *b)
{
	for (int f = FAULT_NONE + 1; f < FAULT_COUNT; f++) {
		if (!m->count[f])
			continue;
		comma(b);
		buf_printf(b, "no drive.faults.%s", fault_key((enum fault)f));
		m->count[f] = 0;
	}
}

void fix_add_drive(const struct fix_question *q, struct fixes *ret)
{
	struct cache_model drive = q->scenario->drive.cache;
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct fix *f;

	if (drive.flush_ignored)
		buf_puts(&b, "drive.cache.flush: honest instead of ignored");
	if (drive.fua_ignored) {
		comma(&b);
		buf_puts(&b, "drive.cache.fua: honored instead of ignored");
	}
	drive.flush_ignored = drive.fua_ignored = 0;
	without_faults(&drive.faults, &b);
	if (!b.len)
		return;
	f = fixes_add(ret);
	f->by = FIX_BY_DRIVE;
	f->drive = drive;
	f->words = xasprintf("a drive that keeps its promises: %s",
			     buf_text(&b));
}

/* ---- its atomic unit ---- */

#define TEAR_MAX 65536 /* bytes; powercut-scenario(5) */

/* The smallest unit in one of which the bytes stand. */
static uint32_t unit_of(uint32_t tear, uint64_t offset, uint64_t length)
{
	while (tear < TEAR_MAX &&
	       offset / tear != (offset + length - 1) / tear)
		tear *= 2;
	return tear;
}

/* Of the request, as it was in that recording: the bytes of the program's write may
 * be anywhere in it. */
void fix_add_atomic(const struct fix_question *q, struct fixes *ret)
{
	const struct scenario *s = q->scenario;
	size_t index = q->cause->standing.command;
	const struct command *c;
	uint32_t before = s->drive.cache.tear, tear;
	struct fix *f;

	if (!q->cause->accused || index >= q->history->n_commands ||
	    fault_model_any(&s->drive.cache.faults))
		return;
	c = &q->history->commands[index];
	tear = c->length ? unit_of(before, c->offset, c->length) : before;
	if (tear == before || s->drive.size % tear)
		return;
	f = fixes_add(ret);
	f->by = FIX_BY_DRIVE;
	f->drive = s->drive.cache;
	f->drive.tear = tear;
	f->words = xasprintf("a drive that writes more in one piece: "
			     "drive.cache.tear: %" PRIu32 " instead of %" PRIu32
			     ", for the write of %" PRIu64 " bytes at %" PRIu64
			     " of the disk", tear, before, c->length,
			     c->offset);
}

/* ---- the mount options ---- */

static int is_no_barrier(const char *option, size_t len)
{
	for (size_t i = 0; mount_no_barrier[i]; i++)
		if (strlen(mount_no_barrier[i]) == len &&
		    !strncmp(option, mount_no_barrier[i], len))
			return 1;
	return 0;
}

/* mount(8): what is separated by commas. */
static char *with_barriers(const char *options, struct buf *dropped)
{
	CLEANUP_BUF struct buf kept = BUF_INIT;
	size_t len;

	for (;; options += len + 1) {
		struct buf *to = &kept;

		len = strcspn(options, ",");
		if (is_no_barrier(options, len))
			to = dropped;
		if (len) {
			buf_puts(to, to->len ? "," : "");
			buf_printf(to, "%.*s", (int)len, options);
		}
		if (!options[len])
			return xstrdup(buf_text(&kept));
	}
}

void fix_add_mount(const struct fix_question *q, struct fixes *ret)
{
	CLEANUP_BUF struct buf dropped = BUF_INIT;
	CLEANUP_FREE char *mount =
		with_barriers(q->scenario->filesystem.mount, &dropped);
	struct fix *f;

	if (!dropped.len)
		return;
	f = fixes_add(ret);
	f->by = FIX_BY_MOUNT;
	f->words = xasprintf("the mount options without %s: filesystem.mount: "
			     "\"%s\" instead of \"%s\"", buf_text(&dropped),
			     mount, q->scenario->filesystem.mount);
	f->mount = TAKE(mount);
}

/* ---- another scenario ---- */

int fix_variant(const struct scenario *s, const struct scenario *variant,
		struct scenario *ret, struct buf *notes, struct error *e)
{
	struct scenario with = *variant;

	with.seed = s->seed;
	with.states = s->states;
	with.guest.kernel = s->guest.kernel;
	*ret = with;
	if (!scenario_has_filesystem(s) || !scenario_has_filesystem(variant))
		return 0;
	return scenario_on_filesystem(&with, s->filesystem.type, ret, notes, e);
}

int fix_add_variant(const struct scenario *s, const char *path,
		    struct fixes *ret, struct error *e)
{
	CLEANUP_BUF struct buf notes = BUF_INIT;
	struct scenario *variant, with;
	struct fix *f;
	int err = scenario_load(path, &variant, e);

	if (err)
		return err;
	err = fix_variant(s, variant, &with, &notes, e);
	if (err) {
		scenario_free(variant);
		return err;
	}
	f = fixes_add(ret);
	f->by = FIX_BY_VARIANT;
	f->variant = variant;
	f->words = xasprintf("the scenario's own fixed variant %s, %s%s%s",
			     variant->name, path, notes.len ? ": " : "",
			     buf_text(&notes));
	return 0;
}

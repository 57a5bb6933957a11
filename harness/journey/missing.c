/*
 * Which step is missing
 *
 * Looked for between the operation and the promise (or the operation that builds
 * on it). What POSIX asks for is in syncs.c. If there is such a step and the
 * data are lost all the same, the reason lies below the program:
 * the drive ignored the flush, the mount options kept it from being sent, a write
 * was torn.
 */
#include "journey/cause.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "explain/legal.h"
#include "journey/trial.h"

static const char *call_name(const struct call *c)
{
	return c->name ? c->name : call_kind_name(c->kind);
}

static void between(const struct operation *o, const struct call *until,
		    struct buf *ret)
{
	if (o->kind == OPERATION_STORE)
		buf_puts(ret, " between the store and ");
	else
		buf_printf(ret, " between call %" PRIu64 " and ",
			   o->call->number);
	if (!until)
		buf_puts(ret, "the cut");
	else if (until->kind == CALL_MARK)
		buf_printf(ret, "%s %" PRIu64, until->path, until->number);
	else
		buf_printf(ret, "call %" PRIu64, until->number);
}

/* The directory in which the name stands. */
static void directory_of(const char *path, struct buf *ret)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		buf_puts(ret, "the directory");
	else if (slash == path)
		buf_puts(ret, "directory /");
	else
		buf_printf(ret, "directory %.*s", (int)(slash - path), path);
}

/* sync_file_range and msync(MS_ASYNC) are often taken for one. */
static const struct call *range_sync(const struct journey *j,
				     const struct operation *o,
				     uint64_t until_ns)
{
	for (size_t i = 0; i < j->in.calls->n; i++) {
		const struct call *c = &j->in.calls->calls[i];

		if (c->kind == CALL_SYNC_RANGE && c->inode == o->inode &&
		    c->enter_ns >= o->exit_ns && c->enter_ns < until_ns)
			return c;
	}
	return NULL;
}

/* A sync that was under way beside the operation need not cover it. */
static const struct call *sync_beside(const struct journey *j,
				      const struct operation *o,
				      uint64_t until_ns)
{
	const struct call *c = journey_sync(j, o, o->enter_ns, until_ns);

	return c && c != o->call && !journey_is_after(c, o) ? c : NULL;
}

/* An fsync of the file is not one of its directory. */
static const struct call *file_sync(const struct journey *j,
				    const struct operation *o,
				    uint64_t until_ns)
{
	for (size_t i = 0; i < j->in.calls->n && o->inode; i++) {
		const struct call *c = &j->in.calls->calls[i];

		if ((c->kind == CALL_SYNC || c->kind == CALL_DATASYNC) &&
		    c->inode == o->inode && c->enter_ns >= o->exit_ns &&
		    c->enter_ns < until_ns)
			return c;
	}
	return NULL;
}

/* It may have been a sync. */
static void opaque_words(const struct journey *j, const struct operation *o,
			 uint64_t until_ns, struct buf *ret)
{
	const struct call *c = trial_opaque_call(j, o->enter_ns, until_ns);

	if (c)
		buf_printf(ret, "; what call %" PRIu64 " submitted could not "
			   "be followed", c->number);
}

static enum step no_directory_sync(const struct media *m,
				   const struct operation *o,
				   uint64_t until_ns, const struct call *until,
				   struct buf *ret)
{
	const struct call *file = file_sync(m->journey, o, until_ns);

	buf_puts(ret, "no fsync of ");
	directory_of(o->path, ret);
	between(o, until, ret);
	if (file)
		buf_printf(ret, "; %s at call %" PRIu64 " is of the file, not "
			   "of the name", call_name(file), file->number);
	opaque_words(m->journey, o, until_ns, ret);
	return STEP_SYNC_DIRECTORY;
}

static int is_msync(const struct call *c)
{
	return c->name && !strcmp(c->name, "msync");
}

static enum step no_file_sync(const struct media *m,
			      const struct operation *o, uint64_t until_ns,
			      const struct call *until, struct buf *ret)
{
	const struct call *range = range_sync(m->journey, o, until_ns);
	const struct call *beside = sync_beside(m->journey, o, until_ns);
	int store = o->kind == OPERATION_STORE;

	if (store)
		buf_puts(ret, "no msync or fsync of ");
	else if (o->kind == OPERATION_ATTRIBUTE)
		buf_puts(ret, "no fsync of ");
	else
		buf_puts(ret, "no fsync or fdatasync of ");
	if (o->path && *o->path)
		buf_puts(ret, o->path);
	else
		buf_puts(ret, "the file");
	between(o, until, ret);
	if (range)
		buf_printf(ret, "; %s%s at call %" PRIu64
			   " makes nothing durable", call_name(range),
			   is_msync(range) ? " without MS_SYNC" : "",
			   range->number);
	opaque_words(m->journey, o, until_ns, ret);
	if (beside)
		buf_printf(ret, "; %s at call %" PRIu64 " began before call %"
			   PRIu64 " had ended", call_name(beside),
			   beside->number, o->call->number);
	return store ? STEP_SYNC_MAPPING : STEP_SYNC_FILE;
}

/* ---- the program did what it had to ---- */

static int is_barrier(const struct layer_event *ev)
{
	return ev->kind >= LAYER_QUEUE && ev->kind <= LAYER_ISSUE &&
	       (ev->flush || ev->fua);
}

/* Whether the kernel sent a flush, or a write with FUA, within the call; of what was
 * asked for it is not known when it began. */
static int sent_flush(const struct journey *j, const struct call *sync)
{
	const struct layers *l = j->in.layers;

	if (sync->asked_ns)
		return 1;
	for (size_t i = layers_from(l, sync->enter_ns);
	     l && i < l->n && l->events[i].time_ns <= sync->exit_ns; i++)
		if (is_barrier(&l->events[i]))
			return 1;
	return 0;
}

const char *mounted_without_barriers(const struct journey *j)
{
	size_t i = 0;

	while (mount_no_barrier[i] &&
	       !mount_has(j->in.mount_options, mount_no_barrier[i]))
		i++;
	return mount_no_barrier[i];
}

void drive_words(const struct command *c, const struct legal_reason *r,
		 struct buf *ret)
{
	if (r->flush)
		buf_printf(ret, "the drive ignored flush f%" PRIu64,
			   r->flush->number);
	else
		buf_printf(ret, "the drive ignored the FUA of its write w%"
			   PRIu64, c->number);
}

void torn_words(const struct journey *j, struct buf *ret)
{
	buf_printf(ret, "the write was torn: it has to be atomic in more than "
		   "the %" PRIu32 " bytes that are so for this drive",
		   j->in.model->tear);
}

/* The call returned while a write was still volatile: the drive's log shows which
 * flush it had not waited for. */
static enum step not_waited_for(const struct media *m, size_t command,
				const struct legal_reason *r,
				const struct call *sync, struct buf *ret)
{
	uint64_t write = m->journey->in.history->commands[command].number;

	switch (r->why) {
	case LEGAL_NO_FLUSH:
		buf_printf(ret, "%s at call %" PRIu64 " returned 0, though no "
			   "flush had been submitted after the write w%" PRIu64
			   " completed", call_name(sync), sync->number, write);
		return STEP_FILE_SYSTEM;
	case LEGAL_FLUSH_IN_FLIGHT:
		buf_printf(ret, "%s at call %" PRIu64 " returned 0, though the "
			   "flush after the write w%" PRIu64 ", f%" PRIu64
			   ", had not completed", call_name(sync),
			   sync->number, write, r->flush->number);
		return STEP_FILE_SYSTEM;
	case LEGAL_IN_FLIGHT:
		buf_printf(ret, "%s at call %" PRIu64 " returned 0, though the "
			   "write w%" PRIu64 " had not completed",
			   call_name(sync), sync->number, write);
		return STEP_FILE_SYSTEM;
	default:
		return STEP_NONE;
	}
}

static enum step lost_by_drive(const struct media *m,
			       const struct standing *s,
			       const struct call *sync, struct buf *ret)
{
	const struct journey *j = m->journey;
	const char *no_barrier = mounted_without_barriers(j);
	struct legal_reason r = legal_reason(j->in.history, j->in.model,
					     s->command,
					     j->durable[s->command],
					     m->position);

	if (r.why == LEGAL_IGNORED) {
		drive_words(&j->in.history->commands[s->command], &r, ret);
		return STEP_DRIVE;
	}
	if (no_barrier) {
		buf_printf(ret, "%s at call %" PRIu64 " sent no flush: the "
			   "file system is mounted with %s",
			   call_name(sync), sync->number, no_barrier);
		return STEP_MOUNT;
	}
	if (media_torn(m, s->command)) {
		torn_words(j, ret);
		return STEP_ATOMIC;
	}
	if (j->in.layers && j->in.layers->traced && !j->in.layers->lost &&
	    !sent_flush(j, sync)) {
		buf_printf(ret, "%s at call %" PRIu64 " returned 0 and the "
			   "kernel sent no flush", call_name(sync),
			   sync->number);
		return STEP_FILE_SYSTEM;
	}
	return not_waited_for(m, s->command, &r, sync, ret);
}

static enum step did_sync(const struct media *m, const struct standing *s,
			  const struct call *sync, struct buf *ret)
{
	if (s->at == AT_DRIVE && s->command != NO_INDEX)
		return lost_by_drive(m, s, sync, ret);
	if (s->at >= AT_CALL && s->at <= AT_BLOCK) {
		buf_printf(ret, "%s at call %" PRIu64 " returned 0, though "
			   "not all had left", call_name(sync), sync->number);
		return STEP_FILE_SYSTEM;
	}
	return STEP_NONE;
}

static enum step heed(const struct call *failed, struct buf *ret)
{
	buf_printf(ret, "%s at call %" PRIu64 " failed (%s), and the program "
		   "went on", call_name(failed), failed->number,
		   strerror((int)-failed->result));
	return STEP_HEED_ERROR;
}

enum step missing_step(const struct media *m, const struct operation *o,
		       const struct standing *s, uint64_t until_ns,
		       const struct call *until, const struct call **ret_sync,
		       struct buf *ret)
{
	const struct journey *j = m->journey;
	uint64_t from = o->exit_ns;

	*ret_sync = journey_sync(j, o, from, until_ns);
	if (*ret_sync)
		return did_sync(m, s, *ret_sync, ret);
	*ret_sync = journey_failed_sync(j, o, from, until_ns);
	if (*ret_sync)
		return heed(*ret_sync, ret);
	if (until && o->exit_ns > until_ns)
		buf_printf(ret, "call %" PRIu64 " had not returned yet, and ",
			   o->call->number);
	if (o->kind == OPERATION_NAME && !o->parent)
		return STEP_NONE; /* which directory it is, nobody said */
	if (o->kind != OPERATION_NAME && !o->inode)
		return STEP_NONE;
	return o->kind == OPERATION_NAME ?
		       no_directory_sync(m, o, until_ns, until, ret) :
		       no_file_sync(m, o, until_ns, until, ret);
}

/*
 * Which calls make an operation durable, as POSIX has it: fsync and fdatasync
 * of the file for its bytes and its size, fsync of the directory for a name
 * in it, msync(MS_SYNC) for mapped memory, syncfs and sync for everything.
 * fdatasync does not cover attributes; sync_file_range covers nothing.
 */
#include "journey/journey.h"

#include <fcntl.h>
#include <string.h>

static int is_data(const struct operation *o)
{
	return o->kind == OPERATION_WRITE || o->kind == OPERATION_STORE ||
	       o->kind == OPERATION_SIZE;
}

static int overlaps(const struct call *c, const struct operation *o)
{
	return c->offset < o->offset + o->length &&
	       o->offset < c->offset + c->length;
}

/* A rename that crosses directories changes both; that of the new name says
 * that the file is there. */
static int covers_name(const struct call *c, const struct operation *o)
{
	return o->parent && c->inode == o->parent;
}

int sync_covers(const struct call *c, const struct operation *o)
{
	switch (c->kind) {
	case CALL_SYNC_FS:
		return 1;
	case CALL_DATASYNC:
		return o->kind == OPERATION_NAME ?
			       covers_name(c, o) :
			       o->inode && c->inode == o->inode && is_data(o);
	case CALL_SYNC:
		return o->kind == OPERATION_NAME ?
			       covers_name(c, o) :
			       o->inode && c->inode == o->inode;
	case CALL_MSYNC:
		return is_data(o) && o->kind != OPERATION_SIZE && o->inode &&
		       c->inode == o->inode && overlaps(c, o);
	default:
		return 0;
	}
}

int journey_is_after(const struct call *c, const struct operation *o)
{
	return c->enter_ns >= o->exit_ns || (o->call && call_waited_for(c, o->call));
}

static const struct call *find(const struct journey *j,
			       const struct operation *o, uint64_t from_ns,
			       uint64_t until_ns, int failed)
{
	const struct calls *calls = j->in.calls;

	for (size_t i = 0; i < calls->n; i++) {
		const struct call *c = &calls->calls[i];

		if ((c->enter_ns >= from_ns ||
		     (o->call && call_waited_for(c, o->call))) && c->exit_ns &&
		    c->exit_ns <= until_ns && (c->result < 0) == failed &&
		    sync_covers(c, o))
			return c;
	}
	return NULL;
}

const struct call *journey_sync(const struct journey *j,
				const struct operation *o, uint64_t from_ns,
				uint64_t until_ns)
{
	if (operation_is_synchronous(o) && o->exit_ns <= until_ns)
		return o->call;
	return find(j, o, from_ns, until_ns, 0);
}

const struct call *journey_failed_sync(const struct journey *j,
				       const struct operation *o,
				       uint64_t from_ns, uint64_t until_ns)
{
	return find(j, o, from_ns, until_ns, 1);
}

int operation_is_synchronous(const struct operation *o)
{
	return o->kind == OPERATION_WRITE && o->call &&
	       o->call->file_flags & (O_SYNC | O_DSYNC);
}

const char *const mount_no_barrier[] = { "barrier=0", "nobarrier", NULL };

int mount_has(const char *options, const char *option)
{
	size_t length = strlen(option);

	for (const char *p = options; p && *p;
	     p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, option, length) &&
		    (p[length] == ',' || !p[length]))
			return 1;
	return 0;
}

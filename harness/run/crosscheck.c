/*
 * Live cuts are checked against the drive itself.
 *
 * When power is cut, the drive writes two images from its own books, which it
 * keeps command by command and without the crash model: what a read would have
 * returned last, and what its flushes have made durable. The first must be the
 * state "all", the second the state "none" of the same log with FUA left
 * aside (QEMU's NVMe never passes it on, so the drive cannot know). A byte
 * that differs means that the states cannot be believed: the run is void.
 */
#include "run/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"

#define CHUNK 65536

static int compare_open(int a, int b, uint64_t size, const char *name,
			struct error *e)
{
	CLEANUP_FREE char *x = xmalloc(CHUNK), *y = xmalloc(CHUNK);

	for (uint64_t at = 0; at < size; at += CHUNK) {
		size_t len = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
		int err = pread_full(a, x, len, at);

		if (!err)
			err = pread_full(b, y, len, at);
		if (err)
			return error_errno(e, -err, "cannot compare the %s "
					   "media", name);
		if (memcmp(x, y, len))
			return error_set(e, EPROTO, "the recording is void: "
					 "the drive's own %s media and the "
					 "state made from its log differ near "
					 "byte %llu", name,
					 (unsigned long long)at);
	}
	return 0;
}

static int compare_images(const char *a, const char *b, uint64_t size,
			  const char *name, struct error *e)
{
	CLEANUP_CLOSE int x = open(a, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int y = open(b, O_RDONLY | O_CLOEXEC);

	if (x < 0 || y < 0)
		return error_errno(e, errno, "cannot open the %s media", name);
	return compare_open(x, y, size, name, e);
}

/* The state against the drive's image; both images are removed. */
static int check_image(const struct recorded *r, const char *folder,
		       const char *name, const char *state_name,
		       struct error *e)
{
	CLEANUP_FREE char *image = xasprintf("%s/%s.img", folder, name);
	CLEANUP_FREE char *made = xasprintf("%s/%s.made", folder, name);
	struct state state = { 0 };
	int err = space_state(r->space, state_name, &state, e);

	if (!err)
		err = state_export(r->space, &state, made, e);
	if (!err)
		err = compare_images(image, made, r->history->disk_size, name,
				     e);
	state_free(&state);
	unlink(made);
	unlink(image);
	return err;
}

/* The same recording as the drive saw it: no trace, no FUA, and books kept per
 * logical block. They follow the flushes alone, whatever cache the scenario
 * asks for. */
static int open_without_trace(const struct recorded *r,
			      const struct scenario *s, const char *folder,
			      struct recorded *ret, struct error *e)
{
	struct cache_model model = CACHE_MODEL_HONEST;
	struct recorded plain = { .units = xasprintf("%s/units.plain",
						     folder) };
	int err = history_load(r->log, &plain.history, e);

	model.tear = s->drive.block;
	if (!err)
		err = space_create(plain.history, r->base, plain.units,
				   &model, &plain.space, e);
	if (err)
		recorded_release(&plain);
	else
		*ret = plain;
	return err;
}

int run_cross_check(const struct run *r, const struct recorded *recorded,
		    const char *source, struct error *e)
{
	CLEANUP_FREE char *folder = xasprintf("%s/%s", r->dir, source);
	struct recorded plain = { 0 };
	int err = check_image(recorded, folder, "latest", "end:all", e);

	if (!err)
		err = open_without_trace(recorded, r->scenario, folder, &plain,
					 e);
	if (err)
		return err;
	err = check_image(&plain, folder, "durable", "end:none", e);
	unlink(plain.units);
	recorded_release(&plain);
	return err;
}

/* A scenario on another file system, or another kernel, than its file says. */
#ifndef SCENARIO_OVERRIDE_H
#define SCENARIO_OVERRIDE_H

struct buf;
struct error;
struct scenario;

/*
 * *ret is the scenario on a file system of that type: a copy that borrows all that
 * `s` owns, so not for scenario_free(). Options for mkfs and mount are those of
 * another type and are dropped; a drive that is too small for the type, or whose
 * size the file leaves to the type, gets the type's own size. What was changed so
 * is appended to notes, a sentence without a full stop. The same type: an exact
 * copy. -EINVAL: no such type, or a scenario that has no file system.
 */
int scenario_on_filesystem(const struct scenario *s, const char *type,
			   struct scenario *ret, struct buf *notes,
			   struct error *e);

/* Replaces guest.kernel: a name of scenario/kernels.h, or a path as seen from here.
 * -EINVAL: neither; the scenario is as it was. */
int scenario_set_kernel(struct scenario *s, const char *kernel,
			struct error *e);

#endif

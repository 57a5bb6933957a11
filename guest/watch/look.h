/*
 * What a call is about, read while its thread is stopped before it.
 *
 * A call is told if its file, or the folder of its name, is on the test file
 * system (or is the disk itself), or if it writes a mark. What cannot be read
 * here fails in the kernel as well: a bad pointer, a descriptor that is closed.
 * Such calls change nothing and are not told.
 */
#ifndef GUEST_WATCH_LOOK_H
#define GUEST_WATCH_LOOK_H

#include <limits.h>

#include "guest/watch/data.h"
#include "guest/watch/internal.h"
#include "guest/watch/proc.h"

/* The call being read. */
struct looking {
	struct watcher *w;
	struct task *t;
	const struct call_type *type;
	uint64_t args[6];
	struct record_enter record;
	struct proc_place place, place2;
	char path[PATH_MAX], path2[PATH_MAX];
	struct data data;
	struct proc_stack stack; /* read along with the data */
	const char *destroyed; /* path of a file that loses bytes, or NULL */
	struct extents_file file; /* that is synced */
};

/* Begins with a call of the task, which is stopped before it. */
void look_begin(struct looking *l, struct watcher *w, struct task *t,
		const struct call_type *type,
		const struct user_regs_struct *regs);
/* The same, with arguments that stand elsewhere. */
void look_begin_args(struct looking *l, struct watcher *w, struct task *t,
		     const struct call_type *type, const uint64_t args[6],
		     uint64_t stack);
/* Reads all that is to be told. 1: it is to be told. */
int look(struct looking *l);

/* Its bytes go where the file ends by then. */
int look_appends(const struct looking *l);
/* Where synced bytes stand is told after the sync. */
int look_tells_extents(const struct looking *l);

#endif

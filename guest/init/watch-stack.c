/*
 * Who made the call. Frame pointers are followed: at rbp the caller's rbp, above
 * it the address to return to (System V ABI, AMD64, 3.2.2). A chain that leaves
 * the stack, goes down or leads out of code ends the walk: no frame is guessed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "guest/init/watch-internal.h"
#include "guest/init/watch-maps.h"
#include "guest/init/watch-object.h"
#include "guest/init/watch-proc.h"

/* The mappings of a process. */
struct space {
	pid_t process;
	struct maps maps;
	struct space *next;
};

void stack_forget(struct watcher *w, pid_t process)
{
	struct space **at = &w->spaces;
	struct space *s;

	while (*at && (*at)->process != process)
		at = &(*at)->next;
	s = *at;
	if (!s)
		return;
	*at = s->next;
	maps_release(&s->maps);
	free(s);
}

static struct space *find_space(struct watcher *w, pid_t process)
{
	struct space *s = w->spaces;

	while (s && s->process != process)
		s = s->next;
	if (s)
		return s;
	s = xcalloc(1, sizeof(*s));
	s->process = process;
	maps_read(process, &s->maps);
	s->next = w->spaces;
	w->spaces = s;
	return s;
}

int stack_file(struct watcher *w, struct task *t, uint64_t address,
	       uint64_t *ret_start, uint64_t *ret_offset, char *ret_link,
	       size_t size)
{
	const struct mapping *m;

	if (!t->process)
		t->process = proc_process(t->tid);
	/* Shared memory comes and goes without being noticed. */
	stack_forget(w, t->process);
	m = maps_find(&find_space(w, t->process)->maps, address);
	if (!m || !m->inode)
		return -ENOENT;
	snprintf(ret_link, size, "map_files/%lx-%lx", m->start, m->end);
	*ret_start = m->start;
	*ret_offset = m->offset;
	return 0;
}

/* ---- objects ---- */

static struct object *find_object(struct watcher *w, pid_t process,
				  const struct mapping *m)
{
	CLEANUP_CLOSE int fd = -1;
	struct object *o = w->objects;
	char link[64];

	while (o && (o->device != m->device || o->inode != m->inode))
		o = o->next;
	if (o)
		return o;
	o = xcalloc(1, sizeof(*o));
	o->device = m->device;
	o->inode = m->inode;
	o->next = w->objects;
	w->objects = o;
	snprintf(link, sizeof(link), "/proc/%d/map_files/%lx-%lx", process,
		 m->start, m->end);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		object_read(o, fd);
	return o;
}

static uint32_t name_object(struct stack *s, const char *path)
{
	for (uint32_t i = 0; i < s->n_objects; i++)
		if (!strcmp(s->objects[i], path))
			return i;
	s->objects[s->n_objects] = path;
	return s->n_objects++;
}

/* 0: there is no code. */
static int add_frame(struct watcher *w, pid_t process, const struct maps *maps,
		     uint64_t at, struct stack *s)
{
	const struct mapping *m = maps_find(maps, at);
	uint64_t address;

	if (!m || !m->executable)
		return 0;
	address = at - m->start + m->offset;
	if (m->inode)
		address = object_address(find_object(w, process, m), address);
	if (address == UINT64_MAX || strlen(m->path) > WATCH_OBJECT_NAME)
		return 0;
	s->frames[s->n_frames++] = (struct record_frame){
		.address = address,
		.object = name_object(s, m->path),
	};
	return 1;
}

void stack_walk(struct watcher *w, struct task *t,
		const struct user_regs_struct *regs, struct stack *ret)
{
	const struct maps *maps = &find_space(w, t->process)->maps;
	uint64_t at = regs->rip, frame = regs->rbp, below = regs->rsp;

	ret->n_frames = ret->n_objects = 0;
	while (ret->n_frames < WATCH_FRAMES &&
	       add_frame(w, t->process, maps, at, ret)) {
		uint64_t pair[2];

		if (frame < below || frame % 8 ||
		    proc_read(t->tid, frame, pair, sizeof(pair)) !=
			    sizeof(pair))
			return;
		below = frame + sizeof(pair);
		frame = pair[0];
		at = pair[1];
	}
}

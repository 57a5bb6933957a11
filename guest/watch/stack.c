/*
 * Who made the call: from frame to frame as the objects' call frame information
 * says (unwind.h), which compilers write for all code by default. Programs
 * without any (Go's) keep frame pointers; there the function that the system call
 * stands in has no frame of its own, and its caller is not seen. Where no way is
 * known the walk ends: no frame is guessed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "guest/watch/internal.h"
#include "guest/watch/maps.h"
#include "guest/watch/object.h"
#include "guest/watch/proc.h"

#define PLACES 256

/* What stands behind the call that returns to an address. */
struct place {
	uint64_t at; /* that address; 0: none */
	const char *path;
	uint64_t address; /* as the object's symbols have it */
	enum { PLACE_UNKNOWN, PLACE_LAST, PLACE_LEFT } way; /* to the caller */
	struct unwind_row row; /* PLACE_LEFT */
};

/* The mappings of a process. */
struct space {
	pid_t process;
	struct maps maps;
	struct place places[PLACES]; /* asked for lately, by address */
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

	task_process(t);
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
		if (s->objects[i] == path || !strcmp(s->objects[i], path))
			return i;
	s->objects[s->n_objects] = path;
	return s->n_objects++;
}

/* A frame under way: what is known of the caller's registers. */
struct walk {
	pid_t tid;
	uint64_t values[UNWIND_REGISTERS];
	unsigned char known[UNWIND_REGISTERS];
	const struct proc_stack *memory;
};

static void frame_init(struct walk *f, pid_t tid,
		       const struct user_regs_struct *r,
		       struct proc_stack *memory)
{
	const uint64_t values[UNWIND_REGISTERS] = {
		r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi,
		r->rbp, r->rsp, r->r8,	r->r9,	r->r10, r->r11,
		r->r12, r->r13, r->r14, r->r15, r->rip,
	};

	if (!memory->length)
		proc_read_beside(tid, 0, NULL, 0, memory);
	f->tid = tid;
	memcpy(f->values, values, sizeof(values));
	memset(f->known, 1, sizeof(f->known));
	f->memory = memory;
}

static int frame_load(const struct walk *f, uint64_t address, uint64_t *ret)
{
	const struct proc_stack *m = f->memory;
	uint64_t in = address - m->start;

	if (in < m->length && m->length - in >= sizeof(*ret)) {
		memcpy(ret, m->bytes + in, sizeof(*ret));
		return 1;
	}
	return proc_read(f->tid, address, ret, sizeof(*ret)) == sizeof(*ret);
}

/* To the caller's registers. 0: the way is not known. */
static int frame_leave(struct walk *f, const struct unwind_row *row)
{
	uint64_t base = f->values[row->frame_register] +
			(uint64_t)row->frame_offset;

	/* The stack grows down: a caller's frame is above. */
	if (!f->known[row->frame_register] || base <= f->values[UNWIND_RSP] ||
	    row->rules[UNWIND_RETURN] != UNWIND_AT)
		return 0;
	for (int i = 0; i < UNWIND_REGISTERS; i++) {
		if (row->rules[i] == UNWIND_AT)
			f->known[i] = (unsigned char)frame_load(
				f, base + (uint64_t)row->offsets[i],
				&f->values[i]);
		else if (row->rules[i] == UNWIND_LOST)
			f->known[i] = 0;
	}
	f->values[UNWIND_RSP] = base;
	f->known[UNWIND_RSP] = 1;
	return f->known[UNWIND_RETURN];
}

/* By frame pointers: at rbp the caller's, above it the address to return to
 * (System V ABI, AMD64, 3.2.2). */
static const struct unwind_row by_frame_pointer = {
	.frame_register = UNWIND_RBP,
	.frame_offset = 16,
	.rules = { [UNWIND_RBP] = UNWIND_AT, [UNWIND_RETURN] = UNWIND_AT },
	.offsets = { [UNWIND_RBP] = -16, [UNWIND_RETURN] = -8 },
};

/* The address is behind a call, so what it belongs to is right before it. */
static void place_read(struct place *p, struct watcher *w,
		       const struct space *s)
{
	const struct mapping *m = maps_find(&s->maps, p->at - 1);
	struct object *o;

	if (!m || !m->executable || !m->inode ||
	    strlen(m->path) > WATCH_OBJECT_NAME)
		return;
	o = find_object(w, s->process, m);
	p->address = object_address(o, p->at - 1 - m->start + m->offset);
	if (p->address == UINT64_MAX)
		return;
	p->path = m->path;
	p->way = PLACE_LEFT;
	if (!o->frames.n)
		p->row = by_frame_pointer;
	else if (unwind_find(&o->frames, p->address, &p->row) < 0)
		p->way = PLACE_LAST;
}

static const struct place *find_place(struct watcher *w, struct space *s,
				      uint64_t at)
{
	struct place *p = &s->places[at % PLACES];

	if (p->at != at) {
		*p = (struct place){ .at = at };
		place_read(p, w, s);
	}
	return p;
}

/* 1: the frame was added and left. */
static int walk_frame(struct watcher *w, struct space *space, struct walk *f,
		      struct stack *s)
{
	const struct place *p = find_place(w, space, f->values[UNWIND_RETURN]);

	if (p->way == PLACE_UNKNOWN)
		return 0;
	s->frames[s->n_frames++] = (struct record_frame){
		.address = p->address + 1,
		.object = name_object(s, p->path),
	};
	return p->way == PLACE_LEFT && frame_leave(f, &p->row);
}

void stack_walk(struct watcher *w, struct task *t,
		const struct user_regs_struct *regs,
		struct proc_stack *memory, struct stack *ret)
{
	struct space *space = find_space(w, t->process);
	struct walk f;

	frame_init(&f, t->tid, regs, memory);
	ret->n_frames = ret->n_objects = 0;
	while (ret->n_frames < WATCH_FRAMES &&
	       walk_frame(w, space, &f, ret))
		;
}

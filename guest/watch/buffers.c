#include "guest/watch/buffers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "guest/watch/internal.h"
#include "guest/watch/maps.h"
#include "guest/watch/symbols.h"

enum function {
	FFLUSH,
	FLUSH_ALL, /* glibc's, in static programs that have no fflush */
	PY_INITIALIZED,
	PY_CHECK,
	PY_ENSURE,
	PY_RUN,
	PY_RELEASE,
	FUNCTIONS
};

static const char *const names[FUNCTIONS] = {
	[FFLUSH] = "fflush",
	[FLUSH_ALL] = "_IO_flush_all",
	[PY_INITIALIZED] = "Py_IsInitialized",
	[PY_CHECK] = "PyGILState_Check",
	[PY_ENSURE] = "PyGILState_Ensure",
	[PY_RUN] = "PyRun_SimpleString",
	[PY_RELEASE] = "PyGILState_Release",
};

/* type(), not isinstance(): a proxy object may run code of its own there. */
const char buffers_python[] =
	"exec('''\n"
	"try:\n"
	" import _io, gc\n"
	" for o in gc.get_objects():\n"
	"  try:\n"
	"   if issubclass(type(o), (_io.TextIOWrapper, _io.BufferedWriter,\n"
	"     _io.BufferedRandom)) and not o.closed and o.writable():\n"
	"    o.flush()\n"
	"  except BaseException: pass\n"
	"except BaseException: pass\n"
	"''', {})\n";

/* What an executable or a library has of them. */
struct functions {
	uint64_t device, inode;
	uint64_t offsets[FUNCTIONS]; /* in its file; SYMBOL_NONE */
	struct functions *next;
};

static void read_functions(struct functions *f, pid_t process,
			   const struct mapping *m)
{
	CLEANUP_CLOSE int fd = -1;
	struct symbol list[FUNCTIONS];
	char link[64];

	for (int i = 0; i < FUNCTIONS; i++)
		list[i] = (struct symbol){ names[i], SYMBOL_NONE };
	snprintf(link, sizeof(link), "/proc/%d/map_files/%lx-%lx", process,
		 m->start, m->end);
	fd = open(link, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		symbols_find(fd, list, FUNCTIONS);
	for (int i = 0; i < FUNCTIONS; i++)
		f->offsets[i] = list[i].offset;
}

static const struct functions *functions_of(struct watcher *w, pid_t process,
					    const struct mapping *m)
{
	struct functions *f = w->functions;

	while (f && (f->device != m->device || f->inode != m->inode))
		f = f->next;
	if (f)
		return f;
	f = xcalloc(1, sizeof(*f));
	f->device = m->device;
	f->inode = m->inode;
	f->next = w->functions;
	w->functions = f;
	read_functions(f, process, m);
	return f;
}

/* Of two objects with one name the first is taken. */
static void take(const struct mapping *m, const struct functions *f,
		 uint64_t found[FUNCTIONS])
{
	for (int i = 0; i < FUNCTIONS; i++)
		if (!found[i] && f->offsets[i] != SYMBOL_NONE &&
		    f->offsets[i] >= m->offset &&
		    f->offsets[i] - m->offset < m->end - m->start)
			found[i] = f->offsets[i] - m->offset + m->start;
}

static void choose(const uint64_t found[FUNCTIONS], struct buffers *ret)
{
	int has_python = 1;

	*ret = (struct buffers){ .flush_stdio = found[FFLUSH] ?
							found[FFLUSH] :
							found[FLUSH_ALL] };
	for (int i = PY_INITIALIZED; i < FUNCTIONS; i++)
		has_python &= found[i] != 0;
	if (!has_python)
		return;
	ret->python.is_ready = found[PY_INITIALIZED];
	ret->python.is_held = found[PY_CHECK];
	ret->python.hold = found[PY_ENSURE];
	ret->python.run = found[PY_RUN];
	ret->python.let_go = found[PY_RELEASE];
}

int buffers_find(struct watcher *w, pid_t process, struct buffers *ret)
{
	uint64_t found[FUNCTIONS] = { 0 };
	struct maps maps = { .n = 0 };

	/* Not as stacks know them: it may be loading a library just now. */
	maps_read(process, &maps);
	for (size_t i = 0; i < maps.n; i++) {
		const struct mapping *m = &maps.list[i];

		if (m->executable && m->inode)
			take(m, functions_of(w, process, m), found);
	}
	maps_release(&maps);
	choose(found, ret);
	return ret->flush_stdio || ret->python.run;
}

#include "guest/watch/flushing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "common/files.h"
#include "guest/watch/internal.h"

/* ---- what is told ---- */

static uint64_t tell_begin(struct watcher *w, const struct task *t,
			   enum flush_way way)
{
	struct record_enter r = {
		.sequence = ++w->sequence,
		.kind = CALL_FLUSH,
		.syscall = way,
		.pid = t->process,
		.tid = t->tid,
		.offset = CALL_NOWHERE,
		.by = RECORD_BY_TRACER,
	};
	static const char no_paths[2];

	memcpy(r.program, t->name, sizeof(r.program));
	r.enter_ns = now_ns();
	records_send(w, RECORD_ENTER, &r, sizeof(r), no_paths,
		     sizeof(no_paths));
	return r.sequence;
}

static void tell_end(struct watcher *w, uint64_t sequence, int64_t result)
{
	struct record_exit x = { .sequence = sequence, .result = result };

	x.exit_ns = now_ns();
	records_send(w, RECORD_EXIT, &x, sizeof(x), NULL, 0);
}

void flushing_tell_missed(struct watcher *w, struct task *t,
			  const struct buffers *b, int error)
{
	tell_end(w, tell_begin(w, t, b->python.run ? FLUSH_PYTHON :
						     FLUSH_STDIO), error);
}

static void begin(struct watcher *w, struct task *t, enum flush_way way)
{
	if (!t->flushing->late)
		t->flushing->sequence = tell_begin(w, t, way);
}

static void end(struct watcher *w, struct task *t, int failed)
{
	struct flushing *f = t->flushing;

	if (f->sequence)
		tell_end(w, f->sequence, failed ? -EIO : 0);
	f->sequence = 0;
}

/* ---- the steps ---- */

static int call(struct task *t, enum flushing_step step, uint64_t function,
		uint64_t argument)
{
	t->flushing->step = step;
	return inject_call(&t->flushing->inject, function, argument);
}

static int begin_stdio(struct watcher *w, struct task *t)
{
	const struct flushing *f = t->flushing;

	t->flushing->step = FLUSHING_NOTHING;
	if (!f->buffers.flush_stdio || f->late)
		return 0;
	begin(w, t, FLUSH_STDIO);
	return call(t, FLUSHING_STDIO, f->buffers.flush_stdio, 0);
}

static int begin_python(struct watcher *w, struct task *t)
{
	begin(w, t, FLUSH_PYTHON);
	t->flushing->step = FLUSHING_RUN;
	return inject_call_text(&t->flushing->inject,
				t->flushing->buffers.python.run,
				buffers_python);
}

static int let_go(struct watcher *w, struct task *t, int failed)
{
	const struct flushing *f = t->flushing;

	end(w, t, failed);
	return call(t, FLUSHING_LET_GO, f->buffers.python.let_go, f->lock);
}

/* A thread that has Python's lock is in the middle of something, and nothing can
 * be run in between. */
static int after_ask(struct watcher *w, struct task *t, int is_held)
{
	const struct flushing *f = t->flushing;

	if (!is_held)
		return call(t, FLUSHING_HOLD, f->buffers.python.hold, 0);
	if (!f->late)
		flushing_tell_missed(w, t, &f->buffers, -EBUSY);
	return begin_stdio(w, t);
}

/* The next step after one that returned this. 0 or -errno. */
static int advance(struct watcher *w, struct task *t, uint64_t result)
{
	struct flushing *f = t->flushing;

	switch (f->step) {
	case FLUSHING_NOTHING:
		if (!f->buffers.python.run)
			return begin_stdio(w, t);
		return call(t, FLUSHING_ASK_READY, f->buffers.python.is_ready,
			    0);
	case FLUSHING_ASK_READY:
		if (!(int)result)
			return begin_stdio(w, t);
		return call(t, FLUSHING_ASK_HELD, f->buffers.python.is_held,
			    0);
	case FLUSHING_ASK_HELD:
		return after_ask(w, t, (int)result);
	case FLUSHING_HOLD:
		f->lock = result;
		/* Where nothing can be run, the lock is not kept either. */
		return begin_python(w, t) ? let_go(w, t, 1) : 0;
	case FLUSHING_RUN:
		return let_go(w, t, (int)result);
	case FLUSHING_LET_GO:
		return begin_stdio(w, t);
	case FLUSHING_STDIO:
		end(w, t, (int)result);
		break;
	}
	f->step = FLUSHING_NOTHING;
	return 0;
}

/* What has been told already is told to have failed. */
static void fail(struct watcher *w, struct task *t, int error)
{
	struct flushing *f = t->flushing;

	if (f->sequence)
		tell_end(w, f->sequence, error);
	else if (!f->late)
		flushing_tell_missed(w, t, &f->buffers, error);
	f->sequence = 0;
	f->step = FLUSHING_NOTHING;
}

static int go_on(struct watcher *w, struct task *t, uint64_t result)
{
	struct flushing *f = t->flushing;
	int err = advance(w, t, result);

	if (err)
		fail(w, t, err);
	if (f->step == FLUSHING_NOTHING)
		inject_end(&f->inject);
	ptrace(PTRACE_CONT, t->tid, NULL, NULL);
	return f->step != FLUSHING_NOTHING;
}

int flushing_start(struct watcher *w, struct task *t, enum inject_place place)
{
	int err = inject_begin(&t->flushing->inject, t->tid, place);

	if (!err)
		return go_on(w, t, 0);
	fail(w, t, err);
	return err;
}

int flushing_returned(struct watcher *w, struct task *t)
{
	struct user_regs_struct regs = { 0 };

	if (ptrace(PTRACE_GETREGS, t->tid, NULL, &regs) < 0)
		return 1; /* it was killed; its end is reported */
	return go_on(w, t, regs.rax);
}

void flushing_give_up(struct watcher *w, struct task *t)
{
	enum flushing_step step = t->flushing->step;

	fail(w, t, -ETIMEDOUT);
	t->flushing->step = step;
	t->flushing->late = 1;
}

#include "guest/watch/asked.h"

#include <sys/syscall.h>

#include "guest/watch/aio.h"
#include "guest/watch/uring.h"

int asked_enter(struct watcher *w, struct task *t,
		const struct call_type *type,
		const struct user_regs_struct *regs)
{
	return type->number == SYS_io_submit ? aio_enter(w, t, regs) :
					       uring_enter(w, t, type, regs);
}

void asked_exit(struct watcher *w, struct task *t, int64_t result)
{
	if (t->asked.number == SYS_io_submit)
		aio_exit(w, t, result);
	else
		uring_exit(w, t, result);
	t->asked.number = 0;
	asked_look(w);
}

void asked_look(struct watcher *w)
{
	uring_look(w);
	aio_look(w);
}

void asked_forget(struct watcher *w, pid_t process)
{
	uring_forget(w, process);
	aio_forget(w, process);
}

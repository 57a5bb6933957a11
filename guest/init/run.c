#include "guest/init/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "guest/init/frames.h"
#include "guest/init/program.h"
#include "guest/watch/watch.h"

static int parse(const char *payload, size_t len, struct program *ret,
		 struct cure_list *ret_cures)
{
	struct cursor c = { payload, len };
	struct run head;
	int err;

	if (cursor_take(&c, &head, sizeof(head)) < 0 || head.argc == 0)
		return -EPROTO;
	err = program_take(&c, head.argc, head.envc,
			   head.flags & RUN_TOOL ? PROGRAM_IN_INITRAMFS :
						   PROGRAM_IN_IMAGE,
			   ret);
	return err ? err : cures_take(&c, head.n_cures, ret_cures);
}

static int stream_open(struct run_stream *s, enum frame_type type, int *ret_in)
{
	int fd, err = program_pipe(&fd, ret_in);

	if (!err)
		*s = (struct run_stream){ .fd = fd, .type = type };
	return err;
}

static void stream_close(struct run_stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* Without what it takes, the program runs unwatched, and nothing is told. */
static int start_watched(struct run_state *r, const struct program *p, int out,
			 int err, struct watch *w,
			 const struct cure_list *cures, struct buf *text)
{
	struct watch_line line;
	int error;

	if (!r->watched)
		return program_start(p, out, err, NULL, &r->pid);
	error = watch_start(w, cures, &line, text);
	if (error)
		return error;
	error = program_start(p, out, err, &line, &r->pid);
	watch_line_close(&line);
	return error;
}

static int start(struct run_state *r, const struct program *p,
		 struct watch *w, const struct cure_list *cures,
		 struct buf *text)
{
	CLEANUP_CLOSE int out = -1;
	CLEANUP_CLOSE int err = -1;
	int error;

	error = -stream_open(&r->out, FRAME_OUT, &out);
	if (!error)
		error = -stream_open(&r->err, FRAME_ERR, &err);
	r->started_ns = now_ns();
	return error ? error : start_watched(r, p, out, err, w, cures,
					     text);
}

static void forget(struct run_state *r)
{
	stream_close(&r->out);
	stream_close(&r->err);
	r->pid = 0;
	r->deadline_ns = UINT64_MAX;
}

static int is_watched(const char *payload)
{
	struct run head;

	memcpy(&head, payload, sizeof(head));
	return head.flags & RUN_CALLS && watch_possible();
}

static uint64_t deadline(const struct run_state *r, const char *payload)
{
	struct run head;
	uint64_t end;

	memcpy(&head, payload, sizeof(head));
	if (head.timeout_ns == 0 ||
	    __builtin_add_overflow(r->started_ns, head.timeout_ns, &end))
		return UINT64_MAX;
	return end;
}

int run_start(struct run_state *r, uint32_t id, const char *payload,
	      size_t len, struct watch *w, struct buf *ret_text)
{
	struct program p = { .argv = NULL };
	struct cure_list cures = { .n = 0 };
	int error = -parse(payload, len, &p, &cures);

	*r = (struct run_state){ .out.fd = -1, .err.fd = -1 };
	if (!error) {
		r->watched = is_watched(payload);
		error = start(r, &p, w, &cures, ret_text);
	}
	if (error) {
		program_complain(&p, error, ret_text);
		forget(r);
	} else {
		r->id = id;
		r->deadline_ns = deadline(r, payload);
	}
	program_free(&p);
	return error;
}

/* At most `max` bytes: a program that never stops writing must not keep the
 * loop from anything else. */
static void forward(struct run_state *r, struct run_stream *s, size_t max,
		    struct frames *f)
{
	char chunk[16384];

	while (s->fd >= 0 && max >= sizeof(chunk)) {
		ssize_t n = read(s->fd, chunk, sizeof(chunk));
		size_t room = RUN_OUTPUT_MAX - s->sent;
		size_t len = n > 0 ? (size_t)n : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			stream_close(s);
			return;
		}
		max -= len;
		len = len < room ? len : room;
		s->sent += len;
		if (len > 0)
			frames_send(f, s->type, r->id, NULL, 0, chunk, len);
	}
}

void run_forward(struct run_state *r, struct run_stream *s, struct frames *f)
{
	forward(r, s, 65536, f);
}

void run_check_time(struct run_state *r, uint64_t now)
{
	if (!r->pid || now < r->deadline_ns)
		return;
	r->timed_out = 1;
	r->deadline_ns = UINT64_MAX;
	kill(-r->pid, SIGKILL);
}

void run_finish(struct run_state *r, int status, struct frames *f,
		struct reply *ret)
{
	*ret = (struct reply){
		.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.timed_out = (uint32_t)r->timed_out,
		.elapsed_ns = now_ns() - r->started_ns,
	};
	/* All that the program has written; what it left behind may go on
	 * writing, which is not waited for. */
	forward(r, &r->out, 2 * RUN_OUTPUT_MAX, f);
	forward(r, &r->err, 2 * RUN_OUTPUT_MAX, f);
	forget(r);
}

void run_abandon(struct run_state *r)
{
	if (r->pid)
		kill(-r->pid, SIGKILL);
	forget(r);
}

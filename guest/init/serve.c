/*
 * One thread, one epoll loop; what may block runs in the worker thread or in
 * a child process. Requests are served one after the other, but for those that
 * must not wait behind a program that hangs on a dead drive: TRACE_DRAIN and
 * POWEROFF are served at once when they are next; so is GO, which the request
 * under way waits for.
 *
 * While a JUDGE goes on, this thread sleeps but for a look each second: each
 * time it wakes is time that the state does not get.
 *
 * While the controller is not connected, a virtio port polls as hung up and
 * reads return 0 (Linux: drivers/char/virtio_console.c), so the port is
 * watched edge-triggered: the driver wakes it when the connection changes.
 * Each connection starts with HELLO; the end of one ends all that it began.
 */
#include "guest/init/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "guest/init/doorbell.h"
#include "guest/init/frames.h"
#include "guest/init/judge.h"
#include "guest/init/kmsg.h"
#include "guest/init/mount.h"
#include "guest/init/put.h"
#include "guest/init/run.h"
#include "guest/init/shell.h"
#include "guest/init/worker.h"
#include "guest/trace/commands.h"
#include "guest/trace/layers.h"
#include "guest/watch/watch.h"

#define TICK_NS 20000000

enum source { PORT, CHILDREN, KMSG, WORKER, OUT, ERR, ASKS };

struct server {
	struct frames frames;
	int epoll;
	int children; /* signalfd of SIGCHLD */
	int kmsg;
	enum serve_mode mode;
	int connected;
	uint32_t busy; /* id of the request being served, or 0 */
	int dropped;   /* its connection is gone: no reply */
	int judging;   /* it is a JUDGE */
	enum judge_step told; /* of it, the last STEP */
	struct run_state run;
	struct tracer commands, layers;
	struct watch watch;
	int shell_wanted;
	pid_t shell;
};

static void watch(struct server *s, int fd, enum source source, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.u32 = source };

	if (fd >= 0)
		epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void unwatch(struct server *s, int fd)
{
	if (fd >= 0)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static void send_kmsg(struct server *s)
{
	struct buf b = BUF_INIT;

	kmsg_warnings(s->kmsg, &b);
	if (s->connected && b.len > 0)
		frames_send(&s->frames, FRAME_KMSG, 0, b.data, b.len, NULL, 0);
	buf_free(&b);
}

/* What the kernel said during a request is sent before its reply. */
static void answer(struct server *s, uint32_t id, const struct reply *reply,
		   const struct buf *text)
{
	send_kmsg(s);
	frames_send(&s->frames, FRAME_REPLY, id, reply, sizeof(*reply),
		    text->data, text->len);
}

static void answer_error(struct server *s, uint32_t id, int error,
			 const struct buf *text)
{
	struct reply reply = { .error = error };

	answer(s, id, &reply, text);
}

static void begin(struct server *s, uint32_t id)
{
	s->busy = id;
	s->dropped = 0;
	doorbell_busy(1);
}

/* The request that was being served is over. Consumes the text. */
static void end(struct server *s, const struct reply *reply, struct buf *text)
{
	if (!s->dropped)
		answer(s, s->busy, reply, text);
	buf_free(text);
	s->busy = 0;
	doorbell_busy(0);
}

static void power_off(void)
{
	reboot(RB_POWER_OFF);
}

static void start_program(struct server *s, uint32_t id, const char *payload,
			  size_t len)
{
	struct buf text = BUF_INIT;
	int error;

	begin(s, id);
	error = run_start(&s->run, id, payload, len, &s->watch, &text);
	if (error) {
		end(s, &(struct reply){ .error = error, .status = -1 }, &text);
		return;
	}
	watch(s, s->run.out.fd, OUT, EPOLLIN);
	watch(s, s->run.err.fd, ERR, EPOLLIN);
}

static void start_job(struct server *s, worker_job *job, uint32_t id,
		      const char *payload, size_t len)
{
	begin(s, id);
	worker_begin(job, payload, len);
}

/* The worker waits for the programs itself. */
static void start_judging(struct server *s, uint32_t id, const char *payload,
			  size_t len)
{
	s->judging = 1;
	s->told = STEP_NONE;
	unwatch(s, s->children);
	unwatch(s, s->kmsg);
	start_job(s, judge_request, id, payload, len);
}

static void tell_step(struct server *s, enum judge_step step)
{
	struct step payload = { .step = step };

	s->told = step;
	if (!s->dropped)
		frames_send(&s->frames, FRAME_STEP, s->busy, &payload,
			    sizeof(payload), NULL, 0);
}

static void look_at_judging(struct server *s)
{
	uint64_t since;
	enum judge_step step = judge_step(&since);

	if (step == STEP_NONE || step == STEP_MOUNTED || step == s->told ||
	    now_ns() < since + STEP_LATE_NS)
		return;
	send_kmsg(s);
	tell_step(s, step);
}

/* Where nobody is left to answer, nothing more is to be done. */
static void announce_mounted(struct server *s)
{
	if (!judge_asks())
		return;
	if (s->dropped)
		judge_go(1);
	else
		tell_step(s, STEP_MOUNTED);
}

static void send_output(struct server *s, enum frame_type type,
			const struct buf *b)
{
	if (b->len && !s->dropped)
		frames_send(&s->frames, type, s->busy, NULL, 0, b->data,
			    b->len);
}

static void finish_judging(struct server *s, int error, struct buf *text)
{
	struct judge_result r;

	judge_result(&r);
	r.reply.error = error;
	s->judging = 0;
	watch(s, s->children, CHILDREN, EPOLLIN);
	watch(s, s->kmsg, KMSG, EPOLLIN);
	send_output(s, FRAME_OUT, &r.out);
	send_output(s, FRAME_ERR, &r.err);
	end(s, &r.reply, text);
	buf_free(&r.out);
	buf_free(&r.err);
}

static void finish_job(struct server *s)
{
	struct buf text;
	struct reply reply = { 0 };

	if (!worker_take(&reply.error, &text))
		return;
	if (s->judging)
		finish_judging(s, reply.error, &text);
	else
		end(s, &reply, &text);
}

/* -EPROTO: nobody asked. */
static int go_on(const struct server *s, const struct frame *f,
		 const char *payload)
{
	struct cursor c = { payload, f->length };
	struct go go;

	if (cursor_take(&c, &go, sizeof(go)) < 0 || !s->judging ||
	    f->id != s->busy || !judge_go(go.skip != 0))
		return -EPROTO;
	return 0;
}

/* The recording ends here: so does the watcher. The layers need not be there, and
 * cannot fail it. */
static int drain(struct server *s, struct buf *text)
{
	struct buf ignored = BUF_INIT;
	int error;

	watch_end(&s->watch, &s->frames);
	error = tracer_drain(&s->commands, &s->frames, text);
	if (!error && s->layers.cpus > 0)
		tracer_drain(&s->layers, &s->frames, &ignored);
	buf_free(&ignored);
	return error;
}

static void start_resting(struct server *s, const struct frame *f,
			  const char *payload)
{
	watch_end(&s->watch, &s->frames);
	start_job(s, watch_rest_request, f->id, payload, f->length);
}

static void serve_now(struct server *s, const struct frame *f,
		      const char *payload)
{
	struct buf text = BUF_INIT;
	int error = 0;

	if (f->type == FRAME_PUT)
		error = put_request(payload, f->length, &text);
	else if (f->type == FRAME_TRACE_START)
		error = trace_commands_start(&s->commands, &s->frames, &text);
	else if (f->type == FRAME_TRACE_LAYERS)
		trace_layers_start(&s->layers, &s->frames);
	else if (f->type == FRAME_TRACE_DRAIN)
		error = drain(s, &text);
	else
		s->shell_wanted = 1;
	answer_error(s, f->id, error, &text);
	buf_free(&text);
}

static int dispatch(struct server *s, const struct frame *f,
		    const char *payload)
{
	switch (f->type) {
	case FRAME_RUN:
		start_program(s, f->id, payload, f->length);
		return 0;
	case FRAME_MOUNT:
		start_job(s, mount_request, f->id, payload, f->length);
		return 0;
	case FRAME_UMOUNT:
		start_job(s, umount_request, f->id, payload, f->length);
		return 0;
	case FRAME_SYNC:
		start_job(s, sync_request, f->id, payload, f->length);
		return 0;
	case FRAME_CALLS_REST:
		start_resting(s, f, payload);
		return 0;
	case FRAME_JUDGE:
		start_judging(s, f->id, payload, f->length);
		return 0;
	case FRAME_GO:
		return go_on(s, f, payload);
	case FRAME_POWEROFF:
		power_off();
		return 0;
	case FRAME_PUT:
	case FRAME_TRACE_START:
	case FRAME_TRACE_LAYERS:
	case FRAME_TRACE_DRAIN:
	case FRAME_SHELL:
		serve_now(s, f, payload);
		return 0;
	}
	return -EPROTO;
}

static int serve_requests(struct server *s)
{
	const char *payload;
	struct frame f;
	int r;

	while ((r = frames_peek(&s->frames, &f, &payload)) == 1) {
		if (s->busy && f.type != FRAME_TRACE_DRAIN &&
		    f.type != FRAME_POWEROFF && f.type != FRAME_GO)
			return 0;
		r = dispatch(s, &f, payload);
		if (r < 0)
			return r;
		frames_drop(&s->frames);
		/* The port is edge-triggered: what did not fit before is
		 * not reported again. */
		frames_receive(&s->frames);
	}
	return r;
}

static void connect_port(struct server *s)
{
	struct hello hello = {
		.version = AGENT_VERSION,
		.cpus = (uint16_t)sysconf(_SC_NPROCESSORS_ONLN),
		.page_size = (uint32_t)sysconf(_SC_PAGESIZE),
	};
	struct utsname name;

	uname(&name);
	s->connected = 1;
	frames_send(&s->frames, FRAME_HELLO, 0, &hello, sizeof(hello),
		    name.release, strlen(name.release) + 1);
}

static void disconnect_port(struct server *s)
{
	s->connected = 0;
	frames_reset(&s->frames);
	if (s->commands.cpus > 0)
		tracer_stop(&s->commands);
	if (s->layers.cpus > 0)
		tracer_stop(&s->layers);
	s->dropped = 1;
	judge_go(1);
	if (s->run.pid) {
		run_abandon(&s->run);
		s->busy = 0;
		doorbell_busy(0);
	}
}

/* epoll's own report may be older than what has happened since. */
static int port_is_connected(const struct server *s)
{
	struct pollfd p = { .fd = s->frames.fd, .events = POLLOUT };

	return poll(&p, 1, 0) >= 0 && !(p.revents & POLLHUP);
}

static int serve_port(struct server *s)
{
	int now = port_is_connected(s);
	int ended = s->connected && !now;
	int r;

	if (ended)
		disconnect_port(s);
	if (!now)
		return ended && s->mode == SERVE_ONCE ? -ECONNRESET : 0;
	if (!s->connected)
		connect_port(s);
	r = frames_receive(&s->frames);
	return r < 0 ? r : frames_flush(&s->frames);
}

static void program_ended(struct server *s, int status)
{
	int watched = s->run.watched && !s->run.timed_out;
	struct buf text = BUF_INIT;
	struct reply reply;

	run_finish(&s->run, status, &s->frames, &reply);
	if (watched && reply.signal == SIGKILL && watch_lost(&s->watch)) {
		reply.error = EIO;
		buf_puts(&text, "what watches the system calls has died, and "
			 "the workload with it");
	}
	end(s, &reply, &text);
}

/* As PID 1 this collects everybody's orphans too. */
static void collect_children(struct server *s)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(s->children, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->shell)
			s->shell = 0;
		if (watch_collect(&s->watch, pid, status))
			continue;
		if (pid == s->run.pid)
			program_ended(s, status);
	}
}

static void keep_shell(struct server *s)
{
	if (!s->shell_wanted || s->busy || s->shell > 0)
		return;
	s->shell = shell_start();
}

static int handle(struct server *s, enum source source)
{
	switch (source) {
	case PORT:
		return serve_port(s);
	case CHILDREN:
		collect_children(s);
		return 0;
	case KMSG:
		send_kmsg(s);
		return 0;
	case WORKER:
		finish_job(s);
		return 0;
	case ASKS:
		announce_mounted(s);
		return 0;
	case OUT:
		run_forward(&s->run, &s->run.out, &s->frames);
		return 0;
	case ERR:
		run_forward(&s->run, &s->run.err, &s->frames);
		return 0;
	}
	return 0;
}

/* In ms: the next look at the trace, or the program's time limit. */
static int timeout(const struct server *s)
{
	uint64_t now = now_ns();
	uint64_t wait = UINT64_MAX;

	if (s->run.pid && s->run.deadline_ns != UINT64_MAX)
		wait = s->run.deadline_ns > now ? s->run.deadline_ns - now : 0;
	if (s->commands.cpus > 0 && wait > TICK_NS)
		wait = TICK_NS;
	if (s->judging && wait > STEP_LATE_NS)
		wait = STEP_LATE_NS;
	if (wait == UINT64_MAX)
		return -1;
	wait = (wait + 999999) / 1000000;
	return wait < 60000 ? (int)wait : 60000;
}

static int loop(struct server *s)
{
	struct epoll_event events[8];
	int r = 0;

	while (r >= 0) {
		int n = epoll_wait(s->epoll, events, 8, timeout(s));

		for (int i = 0; r >= 0 && i < n; i++)
			r = handle(s, events[i].data.u32);
		run_check_time(&s->run, now_ns());
		if (s->judging)
			look_at_judging(s);
		tracer_pump(&s->commands, &s->frames);
		tracer_pump(&s->layers, &s->frames);
		watch_pump(&s->watch, &s->frames);
		if (r >= 0)
			r = serve_requests(s);
		keep_shell(s);
	}
	return r;
}

void serve_prepare(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int serve(int port, enum serve_mode mode, struct error *e)
{
	struct server s = {
		.mode = mode,
		.epoll = epoll_create1(EPOLL_CLOEXEC),
		.run = { .out.fd = -1, .err.fd = -1,
			 .deadline_ns = UINT64_MAX },
		.commands = trace_commands(),
		.layers = trace_layers(),
	};
	int worker, asks, r;

	frames_init(&s.frames, port);
	s.children = watch_children();
	s.kmsg = kmsg_open();
	worker = worker_start();
	asks = judge_start();
	if (s.epoll < 0 || s.children < 0 || worker < 0 || asks < 0)
		return error_errno(e, errno, "cannot start serving");
	watch(&s, port, PORT, EPOLLIN | EPOLLOUT | EPOLLET);
	watch(&s, s.children, CHILDREN, EPOLLIN);
	watch(&s, s.kmsg, KMSG, EPOLLIN);
	watch(&s, worker, WORKER, EPOLLIN);
	watch(&s, asks, ASKS, EPOLLIN);
	r = loop(&s);
	return error_errno(e, -r, "cannot serve requests");
}

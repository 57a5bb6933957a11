#include "guest/init/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "guest/init/frames.h"

#define SEARCH "/pc/work:/pc/bin:/bin:/sbin:/usr/bin:/usr/sbin"
/* More strings than this in one request are a mistake, not a program. */
#define STRINGS_MAX 4096

struct command {
	char **argv; /* NULL-terminated; the strings belong to the payload */
	char **envp;
	char *path; /* "PATH=..." */
};

static void command_free(struct command *c)
{
	free(c->argv);
	free(c->envp);
	free(c->path);
}

static int take_strings(struct cursor *c, uint32_t n, char **ret)
{
	for (uint32_t i = 0; i < n; i++) {
		ret[i] = (char *)cursor_string(c);
		if (!ret[i])
			return -EPROTO;
	}
	return 0;
}

/*
 * The environment: ours first, then the request's, which overrides (a later
 * one of the same name would not: getenv takes the first). PATH is searched
 * from /pc/work on, always.
 */
static void complete_env(struct command *c, uint32_t n)
{
	static char *const ours[] = { "HOME=/root", "TERM=linux", "LANG=C" };
	char **end = c->envp + n;

	for (char **e = c->envp; *e; e++) {
		if (!strncmp(*e, "PATH=", 5))
			*e = c->path = xasprintf("PATH=/pc/work:/pc/bin:%s", *e + 5);
	}
	if (!c->path)
		*end++ = c->path = xstrdup("PATH=" SEARCH);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		*end++ = ours[i];
	*end = NULL;
}

static int parse(const char *payload, size_t len, struct command *ret)
{
	struct cursor c = { payload, len };
	struct run head;

	if (cursor_take(&c, &head, sizeof(head)) < 0 || head.argc == 0 ||
	    head.argc > STRINGS_MAX || head.envc > STRINGS_MAX)
		return -EPROTO;
	ret->argv = xcalloc(head.argc + 1, sizeof(char *));
	ret->envp = xcalloc(head.envc + 8, sizeof(char *));
	if (take_strings(&c, head.argc, ret->argv) < 0 ||
	    take_strings(&c, head.envc, ret->envp) < 0)
		return -EPROTO;
	complete_env(ret, head.envc);
	return 0;
}

/* A pipe whose read end does not block. */
static int stream_open(struct run_stream *s, enum frame_type type, int *ret_in)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*s = (struct run_stream){ .fd = fds[0], .type = type };
	*ret_in = fds[1];
	return 0;
}

static void stream_close(struct run_stream *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* Nothing blocked or ignored: a program must not inherit PID 1's ways. */
static void set_attributes(posix_spawnattr_t *attr)
{
	sigset_t set;

	posix_spawnattr_init(attr);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
					       POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(attr, 0);
	sigemptyset(&set);
	posix_spawnattr_setsigmask(attr, &set);
	sigaddset(&set, SIGPIPE);
	posix_spawnattr_setsigdefault(attr, &set);
}

/*
 * posix_spawn shares PID 1's memory with the child until it executes (vfork):
 * under TCG, copying it takes as long as all the rest. It searches the PATH of
 * this process and returns why the program could not be executed.
 */
static int spawn(pid_t *ret, const struct command *c, int out, int err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int error;

	setenv("PATH", c->path + strlen("PATH="), 1);
	set_attributes(&attr);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	error = posix_spawnp(ret, c->argv[0], &actions, &attr, c->argv,
			     c->envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return error;
}

static int start(struct run_state *r, const struct command *c)
{
	CLEANUP_CLOSE int out = -1;
	CLEANUP_CLOSE int err = -1;
	int error;

	error = -stream_open(&r->out, FRAME_OUT, &out);
	if (!error)
		error = -stream_open(&r->err, FRAME_ERR, &err);
	r->started_ns = now_ns();
	return error ? error : spawn(&r->pid, c, out, err);
}

static void forget(struct run_state *r)
{
	stream_close(&r->out);
	stream_close(&r->err);
	r->pid = 0;
	r->deadline_ns = UINT64_MAX;
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
	      size_t len, struct buf *ret_text)
{
	struct command c = { NULL, NULL, NULL };
	int error = -parse(payload, len, &c);

	*r = (struct run_state){ .out.fd = -1, .err.fd = -1 };
	if (!error)
		error = start(r, &c);
	if (error) {
		buf_printf(ret_text, "cannot run %s: %s",
			   c.argv && c.argv[0] ? c.argv[0] : "a program",
			   error == ENOENT ?
				   "there is no such program in the guest" :
				   strerror(error));
		forget(r);
	} else {
		r->id = id;
		r->deadline_ns = deadline(r, payload);
	}
	command_free(&c);
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

#include "drive/plugin/control.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "drive/plugin/verbs.h"
#include "drive/record.h"

#define MAX_CLIENTS 8
#define MAX_LINE (16u * 1024)

struct client {
	int fd; /* -1: free */
	struct buf in;
	int waits; /* for the cut */
};

struct control {
	struct drive_engine engine;
	int listener;
	int stop; /* eventfd */
	pthread_t thread;
	struct client clients[MAX_CLIENTS];
};

static void drop(struct client *c)
{
	close(c->fd);
	buf_free(&c->in);
	*c = (struct client){ .fd = -1, .in = BUF_INIT };
}

/* An answer is short and its reader waits for it: if it does not fit into the
 * socket the client is not one of ours. */
static void answer(struct client *c, const struct buf *text)
{
	ssize_t n = send(c->fd, buf_text(text), text->len,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 || (size_t)n != text->len)
		drop(c);
}

static void answer_error(struct client *c, int err, const struct error *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_printf(&text, "error\t%d\t%s", -err, e->message);
	for (size_t i = strlen("error\t"); i < text.len; i++)
		if (text.data[i] == '\n')
			text.data[i] = ' ';
	buf_puts(&text, "\n");
	answer(c, &text);
}

static void answer_waiting(struct control *control, struct client *c)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct error e = { "", "" };
	uint64_t position = 0;
	int cut, err;

	c->waits = 0;
	err = recorder_was_cut(control->engine.recorder, &cut, &position, &e);
	buf_printf(&text, "ok\t%" PRIu64 "\n", position);
	if (err < 0)
		answer_error(c, err, &e);
	else
		answer(c, &text);
}

static void refuse(struct client *c, int err, const struct error *e)
{
	answer_error(c, err, e);
	if (c->fd >= 0)
		drop(c);
}

static int wants_to_wait(const struct control *control, const char *line)
{
	return control->engine.recorder && !strcmp(line, "wait");
}

/* Takes one request off the front of what has come. 0: more must come. */
static int take_request(struct control *control, struct client *c)
{
	char *newline = c->in.len ? memchr(c->in.data, '\n', c->in.len) : NULL;
	CLEANUP_BUF struct buf reply = BUF_INIT;
	struct error e = { "", "" };
	uint64_t bulk = 0;
	size_t line_len, used;
	int err = 0;

	line_len = newline ? (size_t)(newline - c->in.data) : c->in.len;
	if (line_len > MAX_LINE || (newline &&
				    memchr(c->in.data, '\0', line_len))) {
		err = error_set(&e, EINVAL, "this is not a line of text");
		refuse(c, err, &e);
		return 0;
	}
	if (!newline)
		return 0;
	*newline = '\0';
	err = verb_bulk(&control->engine, c->in.data, &bulk, &e);
	if (err < 0) {
		/* What follows cannot be told from requests any more. */
		refuse(c, err, &e);
		return 0;
	}
	used = line_len + 1 + (size_t)bulk;
	if (c->in.len < used) {
		*newline = '\n';
		return 0;
	}
	if (wants_to_wait(control, c->in.data))
		c->waits = 1;
	else if ((err = verb_run(&control->engine, c->in.data, newline + 1,
				 &reply, &e)) < 0)
		answer_error(c, err, &e);
	else
		answer(c, &reply);
	if (c->fd < 0)
		return 0;
	memmove(c->in.data, c->in.data + used, c->in.len - used);
	c->in.len -= used;
	return 1;
}

static void receive(struct control *control, struct client *c)
{
	char data[65536];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	buf_add(&c->in, data, (size_t)n);
	while (c->fd >= 0 && take_request(control, c))
		;
}

static void accept_one(struct control *control)
{
	int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < MAX_CLIENTS; i++) {
		if (control->clients[i].fd >= 0)
			continue;
		control->clients[i].fd = fd;
		return;
	}
	if (fd >= 0)
		close(fd);
}

static int anyone_waits(const struct control *control)
{
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		if (control->clients[i].waits)
			return 1;
	return 0;
}

enum { LISTENER, STOP, CUT, CLIENTS };

static void *run_control(void *arg)
{
	struct control *control = arg;
	struct pollfd fds[CLIENTS + MAX_CLIENTS];

	for (;;) {
		fds[LISTENER] = (struct pollfd){ control->listener, POLLIN, 0 };
		fds[STOP] = (struct pollfd){ control->stop, POLLIN, 0 };
		fds[CUT] = (struct pollfd){ -1, POLLIN, 0 };
		if (anyone_waits(control))
			fds[CUT].fd = recorder_cut_fd(control->engine.recorder);
		for (size_t i = 0; i < MAX_CLIENTS; i++)
			fds[CLIENTS + i] = (struct pollfd){
				control->clients[i].fd, POLLIN, 0
			};
		if (poll(fds, CLIENTS + MAX_CLIENTS, -1) < 0)
			continue;
		if (fds[STOP].revents)
			return NULL;
		for (size_t i = 0; i < MAX_CLIENTS; i++) {
			struct client *c = &control->clients[i];

			if (fds[CUT].revents && c->waits)
				answer_waiting(control, c);
			if (fds[CLIENTS + i].revents && c->fd >= 0)
				receive(control, c);
		}
		if (fds[LISTENER].revents)
			accept_one(control);
	}
}

static int listen_at(const char *path, struct error *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err, fd;

	if (strlen(path) >= sizeof(addr.sun_path))
		return error_set(e, ENAMETOOLONG, "socket path %s is too long",
				 path);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(e, errno, "cannot make a socket");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(fd, MAX_CLIENTS) < 0) {
		err = errno;
		close(fd);
		return error_errno(e, err, "cannot listen at %s", path);
	}
	return fd;
}

int control_start(const char *path, struct recorder *recorder,
		  struct server *server, struct control **ret,
		  struct error *e)
{
	struct control *c;
	int err, fd = listen_at(path, e);

	if (fd < 0)
		return fd;
	c = xcalloc(1, sizeof(*c));
	c->engine = (struct drive_engine){ recorder, server };
	c->listener = fd;
	c->stop = eventfd(0, EFD_CLOEXEC);
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		c->clients[i].fd = -1;
	err = c->stop < 0 ? errno :
			    pthread_create(&c->thread, NULL, run_control, c);
	if (err) {
		close(c->listener);
		free(c);
		return error_errno(e, err, "cannot start the control thread");
	}
	*ret = c;
	return 0;
}

void control_stop(struct control *c)
{
	uint64_t one = 1;

	if (!c)
		return;
	if (write(c->stop, &one, sizeof(one)) < 0)
		abort();
	pthread_join(c->thread, NULL);
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			drop(&c->clients[i]);
	close(c->listener);
	close(c->stop);
	free(c);
}

#include "guest/init/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/text.h"
#include "guest/init/enter.h"
#include "guest/init/frames.h"
#include "guest/init/image.h"

#define OURS "/pc/work:/pc/bin:"
#define SEARCH "/bin:/sbin:/usr/bin:/usr/sbin"
/* As in a login shell (Debian: /etc/profile). */
#define IMAGE_SEARCH                                                           \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* More strings than this in one request are a mistake, not a program. */
#define STRINGS_MAX 4096

void program_free(struct program *p)
{
	free(p->argv);
	free(p->envp);
	free(p->path);
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

/* How a program's variables begin, and how they go on; both end with NULL. */
static char *const ours[] = { "HOME=/root", "TERM=linux", "LANG=C", NULL };
static char *const ours_in_image[] = { "HOME=/root",	"TERM=linux",
				       "LANG=C.UTF-8",	"USER=root",
				       "LOGNAME=root",	"SHELL=/bin/sh",
				       NULL };

static void add_variables(struct program *c, char *const *list)
{
	size_t n = text_count(c->envp);

	for (; list && *list; list++)
		c->envp[n++] = *list;
	c->envp[n] = NULL;
}

/* PATH is searched from /pc/work on, always. */
static void complete_path(struct program *c)
{
	char **e = c->envp;

	while (*e && strncmp(*e, "PATH=", 5))
		e++;
	c->path = xasprintf("PATH=" OURS "%s",
			    *e	    ? *e + 5 :
			    c->root ? IMAGE_SEARCH :
				      SEARCH);
	if (!*e)
		e[1] = NULL;
	*e = c->path;
}

/*
 * The environment: the request's, then the image's, then ours, and of two with
 * one name the first counts (getenv takes it).
 */
static void complete_env(struct program *c, uint32_t n)
{
	char *const *image = c->root ? image_environment() : NULL;
	char *const *last = c->root ? ours_in_image : ours;
	size_t all = n + text_count(image) + text_count(last);

	c->envp = xrealloc(c->envp, (all + 2) * sizeof(char *));
	add_variables(c, image);
	add_variables(c, last);
	complete_path(c);
}

int program_take(struct cursor *c, uint32_t argc, uint32_t envc,
		 enum program_place place, struct program *ret)
{
	*ret = (struct program){
		.root = place == PROGRAM_IN_IMAGE ? image_root() : NULL,
	};
	if (argc > STRINGS_MAX || envc > STRINGS_MAX)
		return -EPROTO;
	ret->argv = xcalloc(argc + 1, sizeof(char *));
	ret->envp = xcalloc(envc + 1, sizeof(char *));
	if (take_strings(c, argc, ret->argv) < 0 ||
	    take_strings(c, envc, ret->envp) < 0)
		return -EPROTO;
	complete_env(ret, envc);
	return 0;
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
static int spawn(const struct program *c, int out, int err, pid_t *ret)
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

/* The path, or NULL where there is nothing to execute: then it is freed. */
static char *executable(char *path)
{
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* In the folders of PATH, as seen from here: the file that would be executed, or
 * NULL. Caller frees. */
static char *find_file(const struct program *c)
{
	const char *root = c->root ? c->root : "";
	const char *dir = c->path + strlen("PATH=");

	if (strchr(c->argv[0], '/'))
		return executable(xasprintf("%s%s", root, c->argv[0]));
	while (*dir) {
		size_t len = strcspn(dir, ":");
		char *file = executable(xasprintf("%s%.*s/%s", root, (int)len,
						  dir, c->argv[0]));

		if (file)
			return file;
		dir += len + (dir[len] == ':');
	}
	return NULL;
}

int program_start(const struct program *c, int out, int err,
		  const struct watch_line *watched, pid_t *ret)
{
	CLEANUP_FREE char *file = NULL;
	int error = c->root || watched ? enter(c, out, err, watched, ret) :
					 spawn(c, out, err, ret);

	/* It may also be what executes the file that is missing. */
	if (error == ENOENT)
		file = find_file(c);
	return file ? ELIBACC : error;
}

/* The program behind #!, or "". */
static void read_interpreter(const char *file, char *ret, size_t size)
{
	CLEANUP_CLOSE int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	char text[256] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *name = text + 2 + strspn(text + 2, " \t");

	*ret = '\0';
	if (n > 2 && !strncmp(text, "#!", 2))
		snprintf(ret, size, "%.*s", (int)strcspn(name, " \t\r\n"),
			 name);
}

void program_complain(const struct program *p, int error, struct buf *ret_text)
{
	CLEANUP_FREE char *file = error == ELIBACC ? find_file(p) : NULL;
	char interpreter[256];

	buf_printf(ret_text, "cannot run %s: ",
		   p->argv && p->argv[0] ? p->argv[0] : "a program");
	read_interpreter(file, interpreter, sizeof(interpreter));
	if (error == ENOENT)
		buf_puts(ret_text, "there is no such program in the guest");
	else if (*interpreter)
		buf_printf(ret_text, "its interpreter %s is not in the guest",
			   interpreter);
	else if (error == ELIBACC)
		buf_puts(ret_text, "the loader of its dynamic libraries is not "
			 "in the guest");
	else if (error == ENOEXEC)
		buf_puts(ret_text, "it is neither a program nor a script that "
			 "begins with #!");
	else
		buf_puts(ret_text, strerror(error));
}

int program_pipe(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

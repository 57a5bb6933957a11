#include "run/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"

/* Readers find the old link or the new one, never none. */
static int point_latest(const char *folder, const char *id, struct error *e)
{
	CLEANUP_FREE char *link = xasprintf("%s/latest", folder);
	CLEANUP_FREE char *tmp = xasprintf("%s/.latest.%d", folder,
					   (int)getpid());

	unlink(tmp);
	if (symlink(id, tmp) < 0 || rename(tmp, link) < 0)
		return error_errno(e, errno, "cannot make the link %s", link);
	return 0;
}

/* Held while `latest` is read and changed. Returns the descriptor. */
static int lock_folder(const char *folder, struct error *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", folder);
	if (flock(fd, LOCK_EX) == 0)
		return fd;
	err = error_errno(e, errno, "cannot lock %s", folder);
	close(fd);
	return err;
}

static char *run_id(uint64_t seed, int attempt)
{
	char utc[32];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(utc, sizeof(utc), "%Y%m%dT%H%M%SZ", &tm);
	if (attempt)
		return xasprintf("%s-%" PRIu64 ".%d", utc, seed, attempt);
	return xasprintf("%s-%" PRIu64, utc, seed);
}

int rundir_create(const char *runs, const char *name, uint64_t seed,
		  char **ret_path, struct error *e)
{
	CLEANUP_FREE char *folder = xasprintf("%s/%s", runs, name);
	int err = mkdir_p(folder, e);

	for (int attempt = 0; !err && attempt < 1000; attempt++) {
		CLEANUP_FREE char *id = run_id(seed, attempt);
		CLEANUP_FREE char *path = xasprintf("%s/%s", folder, id);

		if (mkdir(path, 0777) == 0) {
			CLEANUP_CLOSE int lock = lock_folder(folder, e);

			err = lock < 0 ? lock : point_latest(folder, id, e);
			if (!err)
				*ret_path = TAKE(path);
			return err;
		}
		if (errno == ENOENT) /* the last run in it was removed */
			err = mkdir_p(folder, e);
		else if (errno != EEXIST)
			return error_errno(e, errno, "cannot create folder %s",
					   path);
	}
	return err ? err : error_set(e, EEXIST, "too many runs in %s", folder);
}

static int is_run(const char *path)
{
	CLEANUP_FREE char *store = xasprintf("%s/results.sqlite", path);

	return access(store, F_OK) == 0;
}

#define REMOVED ".removed."

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.' && strcmp(d->d_name, "latest") != 0;
}

static int is_removed(const struct dirent *d)
{
	return !strncmp(d->d_name, REMOVED, strlen(REMOVED));
}

/* `latest`, where it was the run that is gone. */
static int mend_latest(const char *folder, const char *gone, struct error *e)
{
	CLEANUP_FREE char *link = xasprintf("%s/latest", folder);
	char was[PATH_MAX];
	ssize_t len = readlink(link, was, sizeof(was) - 1);
	struct dirent **names;
	int n, err = 0;

	if (len < 0 || (size_t)len != strlen(gone) ||
	    strncmp(was, gone, (size_t)len))
		return 0;
	n = scandir(folder, &names, is_visible, versionsort);
	if (n > 0)
		err = point_latest(folder, names[n - 1]->d_name, e);
	else
		unlink(link);
	for (int i = 0; i < n; i++)
		free(names[i]);
	if (n >= 0)
		free(names);
	return err;
}

static void sweep_removed(const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, is_removed, NULL);

	for (int i = 0; i < n; i++) {
		CLEANUP_FREE char *path =
			xasprintf("%s/%s", folder, names[i]->d_name);

		rm_rf(path, NULL);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	rmdir(folder); /* was the last one */
}

int rundir_remove(const char *path, struct error *e)
{
	const char *id = strrchr(path, '/') + 1;
	CLEANUP_FREE char *folder =
		xasprintf("%.*s", (int)(id - 1 - path), path);
	CLEANUP_FREE char *gone = xasprintf("%s/" REMOVED "%s", folder, id);
	CLEANUP_CLOSE int lock = lock_folder(folder, e);
	int err;

	if (lock < 0)
		return lock;
	if (rename(path, gone) < 0)
		return error_errno(e, errno, "cannot remove the run %s", path);
	err = mend_latest(folder, id, e);
	sweep_removed(folder);
	return err;
}

int rundir_find(const char *runs, const char *text, char **ret_path,
		struct error *e)
{
	CLEANUP_FREE char *beside = xasprintf("%s/%s", runs, text);
	CLEANUP_FREE char *latest = xasprintf("%s/%s/latest", runs, text);
	const char *const places[] = { text, beside, latest };
	char resolved[PATH_MAX];
	int err;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!is_run(places[i]) || !realpath(places[i], resolved))
			continue;
		*ret_path = xstrdup(resolved);
		return 0;
	}
	err = error_set(e, ENOENT, "there is no run '%s', neither as a folder "
			"nor in %s", text, runs);
	error_hint(e, "`powercut list` shows the runs");
	return err;
}

int rundir_lock(const char *path, struct error *e)
{
	CLEANUP_FREE char *name = xasprintf("%s/lock", path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666), err;

	if (fd < 0)
		return error_errno(e, errno, "cannot open %s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err = errno == EWOULDBLOCK ? EBUSY : errno;
	close(fd);
	error_set(e, err, "another powercut works on the run %s", path);
	error_hint(e, "wait until it has ended");
	return -err;
}

static int not_a_state(const char *text, struct error *e)
{
	int err = error_set(e, EINVAL, "'%s' does not name a state", text);

	error_hint(e, "expected RUN@CUT:SURVIVORS, such as "
		   "append-log@w12:all-11");
	return err;
}

void rundir_split_state(const char *name, char **ret_source, char **ret_state)
{
	const char *slash = strchr(name, '/');

	/* Behind the cut it is a part of a fault's name: bits=4.0/4049. */
	if (slash && slash > name + strcspn(name, ":"))
		slash = NULL;
	*ret_source = slash ? xasprintf("%.*s", (int)(slash - name), name) :
			      xstrdup("replay");
	*ret_state = xstrdup(slash ? slash + 1 : name);
}

int rundir_split(const char *text, char **ret_run, char **ret_source,
		 char **ret_state, struct error *e)
{
	const char *at = strrchr(text, '@');
	CLEANUP_FREE char *source = NULL;
	CLEANUP_FREE char *state = NULL;

	if (!at || at == text || !at[1])
		return not_a_state(text, e);
	rundir_split_state(at + 1, &source, &state);
	if (strcmp(source, "replay") && strncmp(source, "live-", 5) &&
	    strncmp(source, "nested-", 7))
		return not_a_state(text, e);
	*ret_run = xasprintf("%.*s", (int)(at - text), text);
	*ret_source = TAKE(source);
	*ret_state = TAKE(state);
	return 0;
}

#include "vm/reap.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"

#define ROUND_MS 50

static void cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Whether the folder's name ends at p: "/run/pc-ab" is not in "/run/pc-abc". */
static int name_ends(char c)
{
	return !isalnum((unsigned char)c) && c != '-' && c != '_';
}

static int names(const char *text, size_t len, const char *folder)
{
	size_t want = strlen(folder);
	const char *p = text, *end = text + len;

	while ((p = memmem(p, (size_t)(end - p), folder, want))) {
		p += want;
		if (p == end || name_ends(*p))
			return 1;
	}
	return 0;
}

static int process_names(const char *pid, const char *folder)
{
	CLEANUP_FREE char *path = xasprintf("/proc/%s/cmdline", pid);
	CLEANUP_BUF struct buf text = BUF_INIT;

	/* It may end at any time: not readable is not there. */
	if (file_read(path, &text, NULL) < 0 || !text.len)
		return 0;
	return names(text.data, text.len, folder);
}

int reap_naming(const char *folder, pid_t spare)
{
	__attribute__((cleanup(cleanup_closedir))) DIR *proc =
		opendir("/proc");
	struct dirent *entry;
	int found = 0;

	if (!proc)
		return 0;
	while ((entry = readdir(proc))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 1 || pid == getpid() || pid == spare)
			continue;
		if (!process_names(entry->d_name, folder))
			continue;
		if (kill(pid, SIGKILL) == 0)
			found++;
	}
	return found;
}

int reap_until_gone(const char *folder, pid_t spare, int rounds,
		    int timeout_ms)
{
	uint64_t deadline = now_ns() + (uint64_t)timeout_ms * 1000000;
	int quiet = 0;

	for (;;) {
		quiet = reap_naming(folder, spare) ? 0 : quiet + 1;
		if (quiet >= rounds)
			return 0;
		if (now_ns() >= deadline)
			return -EBUSY;
		/* Nobody tells us about processes that are not our children. */
		poll(NULL, 0, ROUND_MS);
	}
}

/* Doctor: room on disks and in memory, and what killed runs left behind. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cmd/doctor.h"
#include "common/buf.h"
#include "common/cleanup.h"

#define MIB (UINT64_C(1) << 20)
/* A run keeps its log with all data, and its store. */
#define DISK_NEEDED (2048 * MIB)
/* Two checker guests of the default size, and the processes around them. */
#define MEMORY_NEEDED (2 * (256 + 128) * MIB)

static char *cache_folder(void)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (cache && *cache)
		return xasprintf("%s/powercut", cache);
	return home ? xasprintf("%s/.cache/powercut", home) : NULL;
}

/* Of the file system that holds the path, or will once it is made. */
static int free_bytes(const char *path, uint64_t *ret, char **ret_where)
{
	CLEANUP_FREE char *at = xstrdup(path);
	struct statvfs fs;

	while (statvfs(at, &fs) < 0) {
		if (!strcmp(at, "/") || !strcmp(at, "."))
			return -1;
		dirname(at);
	}
	*ret = (uint64_t)fs.f_bavail * fs.f_frsize;
	*ret_where = TAKE(at);
	return 0;
}

static void check_room(struct diagnosis *d, const char *what, const char *path)
{
	CLEANUP_FREE char *where = NULL;
	uint64_t bytes;

	if (free_bytes(path, &bytes, &where))
		diagnosis_add(d, HEALTH_WARNING, "disk", NULL,
			      "cannot see the free space of %s", path);
	else if (bytes < DISK_NEEDED)
		diagnosis_add(d, HEALTH_WARNING, "disk",
			      "remove old runs in results/runs, or use another "
			      "disk",
			      "only %" PRIu64 " MiB free for %s (%s)",
			      bytes / MIB, what, where);
	else
		diagnosis_add(d, HEALTH_OK, "disk", NULL,
			      "%" PRIu64 " MiB free for %s (%s)", bytes / MIB,
			      what, where);
}

void check_disk(struct diagnosis *d, const char *results)
{
	CLEANUP_FREE char *cache = cache_folder();

	check_room(d, "runs", results);
	if (cache)
		check_room(d, "the cache", cache);
	else
		diagnosis_add(d, HEALTH_WARNING, "disk", "set HOME",
			      "no place for the cache: neither "
			      "XDG_CACHE_HOME nor HOME is set");
}

/* 0 when it cannot be seen. */
static uint64_t available_memory(void)
{
	CLEANUP_FCLOSE FILE *f = fopen("/proc/meminfo", "re");
	uint64_t kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			return kib << 10;
	return 0;
}

void check_memory(struct diagnosis *d)
{
	uint64_t bytes = available_memory();

	if (!bytes)
		diagnosis_add(d, HEALTH_NOTE, "memory", NULL,
			      "cannot see how much is available");
	else if (bytes < MEMORY_NEEDED)
		diagnosis_add(d, HEALTH_WARNING, "memory",
			      "run with --jobs 1, or set guest.memory in the "
			      "scenario",
			      "%" PRIu64 " MiB available; two guests want "
			      "%" PRIu64, bytes / MIB, MEMORY_NEEDED / MIB);
	else
		diagnosis_add(d, HEALTH_OK, "memory", NULL,
			      "%" PRIu64 " MiB available", bytes / MIB);
}

/*
 * A runtime directory (vm/runtime.h) is powercut-XXXXXX with a lock that its
 * controller or the controller's reaper holds; a free lock means that both
 * are dead. Shared, and given back at once: a live one is never disturbed.
 */
static int is_left_behind(const char *path)
{
	CLEANUP_FREE char *lock = xasprintf("%s/lock", path);
	CLEANUP_CLOSE int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid())
		return 0;
	fd = open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0;
}

static int is_runtime(const struct dirent *entry)
{
	return strlen(entry->d_name) == strlen("powercut-XXXXXX") &&
	       !strncmp(entry->d_name, "powercut-", strlen("powercut-"));
}

/* Returns how many it found. */
static int look_in(struct diagnosis *d, const char *parent)
{
	struct dirent **entries;
	int n = scandir(parent, &entries, is_runtime, alphasort), found = 0;

	for (int i = 0; i < n; i++) {
		CLEANUP_FREE char *path =
			xasprintf("%s/%s", parent, entries[i]->d_name);
		CLEANUP_FREE char *fix = xasprintf(
			"the next powercut run --runtime-dir %s removes it",
			parent);

		free(entries[i]);
		if (!is_left_behind(path))
			continue;
		diagnosis_add(d, HEALTH_WARNING, "remains", fix,
			      "%s was left behind by a killed run", path);
		found++;
	}
	if (n >= 0)
		free(entries);
	return found;
}

void check_remains(struct diagnosis *d)
{
	const char *own = getenv("XDG_RUNTIME_DIR");
	int found = look_in(d, "/run") + look_in(d, "/tmp");

	if (own && strcmp(own, "/run") && strcmp(own, "/tmp"))
		found += look_in(d, own);
	if (!found)
		diagnosis_add(d, HEALTH_OK, "remains", NULL,
			      "no killed run left anything behind");
}

/* What is mapped in a process, as /proc/PID/maps says. */
#ifndef GUEST_WATCH_MAPS_H
#define GUEST_WATCH_MAPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mapping {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	uint64_t device, inode;
	int executable;
	char *path; /* as the process sees it; "" where there is no file */
};

struct maps {
	struct mapping *list; /* by address */
	size_t n;
};

/* Reads them from text; what is no line of such a file is left out. */
void maps_parse(const char *text, struct maps *ret);
/* 0 or -errno. */
int maps_read(pid_t process, struct maps *ret);
void maps_release(struct maps *m);
/* NULL: nothing is mapped there. */
const struct mapping *maps_find(const struct maps *m, uint64_t address);

#endif

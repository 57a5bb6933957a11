#include "guest/watch/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "guest/watch/proc.h"

/* Linux: Documentation/filesystems/proc.rst. */
static int parse_line(const char *line, struct mapping *ret)
{
	unsigned int major, minor;
	char rights[5];
	int end = 0;

	*ret = (struct mapping){ .path = NULL };
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %"
		   SCNu64 " %n", &ret->start, &ret->end, rights, &ret->offset,
		   &major, &minor, &ret->inode, &end) < 7 || !end)
		return 0;
	ret->device = (uint64_t)major << 20 | minor;
	ret->executable = rights[2] == 'x';
	ret->path = xstrdup(line + end);
	return 1;
}

void maps_parse(const char *text, struct maps *ret)
{
	CLEANUP_FREE char *copy = xstrdup(text);
	char *line, *rest = copy;
	size_t size = 0;

	*ret = (struct maps){ .n = 0 };
	while ((line = strsep(&rest, "\n"))) {
		struct mapping m;

		if (!parse_line(line, &m))
			continue;
		if (ret->n == size) {
			size = size ? size * 2 : 16;
			ret->list = xrealloc(ret->list,
					     size * sizeof(*ret->list));
		}
		ret->list[ret->n++] = m;
	}
}

int maps_read(pid_t process, struct maps *ret)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/maps", process);
	err = file_read(path, &text, NULL);
	if (!err)
		maps_parse(buf_text(&text), ret);
	return err;
}

void maps_release(struct maps *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->list[i].path);
	free(m->list);
	*m = (struct maps){ .n = 0 };
}

const struct mapping *maps_find(const struct maps *m, uint64_t address)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < m->list[middle].start)
			high = middle;
		else if (address >= m->list[middle].end)
			low = middle + 1;
		else
			return &m->list[middle];
	}
	return NULL;
}

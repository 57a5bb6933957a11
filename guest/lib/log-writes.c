/*
 * A mark is a message to the target (linux
 * Documentation/admin-guide/device-mapper/log-writes.rst). When the ioctl
 * returns it stands in the target's queue, behind every FUA write and flush
 * that had completed.
 *
 * The device mapper splits a message into words at blanks; a backslash takes the
 * meaning from the character behind it (drivers/md/dm-table.c, dm_split_args).
 */
#include "log-writes.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dm-ioctl.h>

#define CONTROL "/dev/mapper/control"

static const char *const prefixes[] = { "", "begin:", "ack:", "mark:" };
#define N_PREFIXES (sizeof(prefixes) / sizeof(*prefixes))

static int looks_special(const char *text)
{
	for (size_t i = 1; i < N_PREFIXES; i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
			return 1;
	return !*text || !strncmp(text, "powercut:", 9);
}

static const char *prefix_of(uint32_t kind, const char *text)
{
	if (kind >= N_PREFIXES - 1)
		return looks_special(text) ? "mark:" : "";
	return prefixes[kind];
}

int log_writes_message(uint32_t kind, const char *text, char *ret, size_t size)
{
	const char *prefix = prefix_of(kind, text);
	int n = snprintf(ret, size, "mark %s", prefix);
	size_t at = (size_t)n;

	if (strlen(prefix) + strlen(text) > LOG_WRITES_TEXT_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	for (const char *p = text; *p; p++) {
		if (at + 3 > size) {
			errno = EMSGSIZE;
			return -1;
		}
		if (strchr(" \t\v\f\r\\", *p))
			ret[at++] = '\\';
		ret[at++] = *p;
	}
	ret[at] = '\0';
	return (int)at;
}

#define MESSAGE offsetof(struct dm_target_msg, message)
#define TEXT_SIZE (2 * LOG_WRITES_TEXT_MAX + 16)

int log_writes_mark(const char *device, uint32_t kind, const char *text)
{
	union {
		struct dm_ioctl head;
		char bytes[sizeof(struct dm_ioctl) + MESSAGE + TEXT_SIZE];
	} m;
	int fd, r, err;

	memset(&m, 0, sizeof(m)); /* the target's sector, too */
	m.head = (struct dm_ioctl){ .version = { 4, 0, 0 },
				    .data_size = sizeof(m),
				    .data_start = sizeof(m.head) };

	if (strlen(device) >= sizeof(m.head.name)) {
		errno = ENODEV;
		return -1;
	}
	strcpy(m.head.name, device);
	if (log_writes_message(kind, text, m.bytes + sizeof(m.head) + MESSAGE,
			       TEXT_SIZE) < 0)
		return -1;
	fd = open(CONTROL, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = ioctl(fd, DM_TARGET_MSG, &m);
	err = errno;
	close(fd);
	errno = err;
	return r;
}

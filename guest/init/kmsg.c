#include "guest/init/kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"

/* Linux: CONSOLE_EXT_LOG_MAX, include/linux/printk.h. */
#define RECORD_MAX 8192

static int number(const char **at, const char *end, uint64_t *ret)
{
	const char *p = *at;
	uint64_t n = 0;

	while (p < end && *p >= '0' && *p <= '9')
		n = n * 10 + (uint64_t)(*p++ - '0');
	if (p == *at || p == end || (*p != ',' && *p != ';'))
		return -EINVAL;
	*at = *p == ',' ? p + 1 : p;
	*ret = n;
	return 0;
}

int kmsg_parse(const char *record, size_t len, struct kmsg_record *ret)
{
	const char *end = record + len;
	const char *at = record;
	uint64_t priority, sequence, time_us;

	if (number(&at, end, &priority) < 0 ||
	    number(&at, end, &sequence) < 0 || number(&at, end, &time_us) < 0)
		return -EINVAL;
	at = memchr(at, ';', (size_t)(end - at));
	if (!at)
		return -EINVAL;
	at++;
	ret->level = priority & 7;
	ret->time_us = time_us;
	ret->text = at;
	end = memchr(at, '\n', (size_t)(end - at)) ?: end;
	ret->length = (size_t)(end - at);
	return 0;
}

void kmsg_format(const struct kmsg_record *r, struct buf *b)
{
	buf_printf(b, "%u,%" PRIu64 ".%06" PRIu64 ",", r->level,
		   r->time_us / 1000000, r->time_us % 1000000);
	buf_add(b, r->text, r->length);
	buf_puts(b, "\n");
}

/* See kmsg_use. */
static struct {
	const char *device; /* NULL: the kernel is all ours */
	int fd;
} shared;

void kmsg_use(int fd, const char *device)
{
	shared.device = device;
	shared.fd = fd;
}

int kmsg_open(void)
{
	int fd = shared.fd;

	if (shared.device) {
		shared.fd = -1;
		return fd;
	}
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* 1: *ret is the next record, in the given memory; 0: none waits. */
static int next(int fd, char *memory, struct kmsg_record *ret)
{
	for (;;) {
		ssize_t n = read(fd, memory, RECORD_MAX);

		/* EPIPE: records were overwritten before they were read; the
		 * next read goes on with the oldest that is left. */
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n <= 0)
			return 0;
		if (kmsg_parse(memory, (size_t)n, ret) == 0)
			return 1;
	}
}

static int names(const struct kmsg_record *r, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; len > 0 && i + len <= r->length; i++) {
		if (!strncasecmp(r->text + i, word, len))
			return 1;
	}
	return 0;
}

int kmsg_is_of(const struct kmsg_record *r, const char *device)
{
	size_t len = strlen(device);

	if (names(r, "jbd2"))
		return 1;
	for (size_t i = 0; i + len <= r->length; i++) {
		const char *end = r->text + i + len;

		/* loop1 is not in loop10 */
		if (!memcmp(r->text + i, device, len) &&
		    (i + len == r->length || *end < '0' || *end > '9'))
			return 1;
	}
	return 0;
}

static int is_ours(const struct kmsg_record *r)
{
	return !shared.device || kmsg_is_of(r, shared.device);
}

void kmsg_warnings(int fd, struct buf *b)
{
	char memory[RECORD_MAX];
	struct kmsg_record r;

	while (next(fd, memory, &r)) {
		if (r.level <= KMSG_WARNING && is_ours(&r))
			kmsg_format(&r, b);
	}
}

void kmsg_about(int fd, const char *word, struct buf *b)
{
	char memory[RECORD_MAX];
	struct kmsg_record r;

	while (next(fd, memory, &r)) {
		if (!is_ours(&r) ||
		    (r.level > KMSG_WARNING && !names(&r, word)))
			continue;
		buf_add(b, r.text, r.length);
		buf_puts(b, "\n");
	}
}

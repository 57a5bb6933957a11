#include "drive/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/buf.h"
#include "common/error.h"

#define ANSWER_MAX 4096 /* bytes of its line */

int request_send(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One line, without its newline. What came behind it is moved to its start and
 * counted in ret_more: 0 but for an answer with bulk, since we ask, it
 * answers. */
static int receive_line(int fd, char line[ANSWER_MAX], char more[ANSWER_MAX],
			size_t *ret_more)
{
	size_t len = 0;

	while (len < ANSWER_MAX) {
		ssize_t n = recv(fd, line + len, ANSWER_MAX - len, 0);
		char *newline;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		newline = memchr(line + len, '\n', (size_t)n);
		len += (size_t)n;
		if (!newline)
			continue;
		*newline++ = '\0';
		*ret_more = (size_t)(line + len - newline);
		memcpy(more, newline, *ret_more);
		return 0;
	}
	return -EBADMSG;
}

/* Exactly so much, the first `more` bytes of it have come. */
static int receive_bulk(int fd, const char *more, size_t n_more, char *data,
			size_t len)
{
	if (n_more > len)
		return -EBADMSG;
	memcpy(data, more, n_more);
	while (n_more < len) {
		ssize_t n = recv(fd, data + n_more, len - n_more, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		n_more += (size_t)n;
	}
	return 0;
}

/* "ok\tREST" gives REST; "error\tERRNO\tTEXT" sets the error. */
static int judge(char *line, const char **ret_rest, struct error *e)
{
	char *text;
	long err;

	if (!strncmp(line, "ok", 2) && (!line[2] || line[2] == '\t')) {
		*ret_rest = line[2] ? line + 3 : "";
		return 0;
	}
	if (strncmp(line, "error\t", 6))
		return error_set(e, EBADMSG, "the drive answered nonsense");
	err = strtol(line + 6, &text, 10);
	if (err <= 0 || err > 4095 || *text != '\t')
		return error_set(e, EBADMSG, "the drive answered nonsense");
	return error_set(e, (int)err, "%s", text + 1);
}

static int parse_numbers(const char *rest, uint64_t numbers[], size_t want,
			 struct error *e)
{
	for (size_t i = 0; i < want; i++) {
		char *end;

		numbers[i] = strtoull(rest, &end, 10);
		if (end == rest || (*end && *end != '\t'))
			return error_set(e, EBADMSG,
					 "the drive answered nonsense");
		rest = *end ? end + 1 : end;
	}
	return 0;
}

static int take_bulk(int fd, const uint64_t numbers[], const char *more,
		     size_t n_more, struct answer_bulk *bulk, struct error *e)
{
	size_t len = bulk ? bulk->length(numbers) : 0;
	int err;

	if (len > ANSWER_BULK_MAX || n_more > len)
		return error_set(e, EBADMSG, "the drive answered nonsense");
	if (!bulk)
		return 0;
	bulk->data = xmalloc(len + 1);
	err = receive_bulk(fd, more, n_more, bulk->data, len);
	return err < 0;
}

int request(int fd, const char *line, const void *bulk, size_t bulk_len,
	    uint64_t numbers[], size_t want, struct answer_bulk *ret,
	    struct error *e)
{
	char reply[ANSWER_MAX], more[ANSWER_MAX];
	size_t n_more = 0;
	const char *rest = "";
	int err = request_send(fd, line, strlen(line));

	if (!err)
		err = request_send(fd, bulk, bulk_len);
	/* A request that was refused early has its answer waiting all the same. */
	if (!err || err == -EPIPE)
		err = receive_line(fd, reply, more, &n_more);
	if (err < 0)
		return 1;
	err = judge(reply, &rest, e);
	if (!err)
		err = parse_numbers(rest, numbers, want, e);
	return err ? err : take_bulk(fd, numbers, more, n_more, ret, e);
}

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <xxhash.h>

#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/log.h"

#define DISK (1 << 20)

static char path[64];

static int make_path(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/pc-log-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static struct log_writer *create(void)
{
	struct log_writer *w;

	assert_int_equal(log_create(path, DISK, 512, &w, NULL), 0);
	return w;
}

static uint64_t append(struct log_writer *w, struct log_record r,
		       const void *payload)
{
	uint64_t offset;

	r.time_ns = log_now(w);
	assert_int_equal(log_append(w, &r, payload, &offset), 0);
	return offset;
}

static uint64_t write_blocks(struct log_writer *w, uint64_t offset, size_t len,
			     int byte)
{
	char *data = xmalloc(len);
	uint64_t at;

	memset(data, byte, len);
	at = append(w,
		    (struct log_record){ .type = LOG_WRITE,
					 .command = log_next_position(w),
					 .offset = offset,
					 .length = len,
					 .payload = (uint32_t)len },
		    data);
	free(data);
	return at;
}

static void complete(struct log_writer *w, uint64_t command)
{
	append(w,
	       (struct log_record){ .type = LOG_COMPLETE, .command = command },
	       NULL);
}

static void mark(struct log_writer *w, const char *text)
{
	append(w,
	       (struct log_record){ .type = LOG_MARK, .detail = MARK_ACK,
				    .payload = (uint32_t)strlen(text) },
	       text);
}

/* write, complete, mark, flush, complete */
static void small_log(int seal)
{
	struct log_writer *w = create();

	write_blocks(w, 512, 512, 'a');
	complete(w, 0);
	mark(w, "TXN-1");
	append(w, (struct log_record){ .type = LOG_FLUSH, .command = 3 },
	       NULL);
	complete(w, 3);
	assert_int_equal(log_close(w, seal), 0);
}

/* Reads all; how many records, or -errno. */
static int count(int *ret_sealed)
{
	struct log_reader *r;
	struct log_record rec;
	struct error e;
	int n = 0, err = log_open(path, &r, &e);

	if (err < 0)
		return err;
	while ((err = log_next(r, &rec, NULL, &e)) > 0)
		n++;
	if (ret_sealed)
		*ret_sealed = log_sealed(r);
	log_reader_free(r);
	return err < 0 ? err : n;
}

static void what_was_written_is_read(void **state)
{
	struct log_writer *w = create();
	uint64_t at = write_blocks(w, 4096, 1024, 'x'), got;
	struct log_reader *r;
	struct log_record rec;
	char data[1024];

	(void)state;
	mark(w, "hello");
	complete(w, 0);
	assert_int_equal(log_close(w, 1), 0);
	assert_int_equal(log_open(path, &r, NULL), 0);
	assert_int_equal(log_header(r)->disk_size, DISK);
	assert_int_equal(log_header(r)->block_size, 512);
	assert_int_equal(log_next(r, &rec, &got, NULL), 1);
	assert_int_equal(rec.type, LOG_WRITE);
	assert_int_equal(rec.offset, 4096);
	assert_int_equal(rec.length, 1024);
	assert_int_equal(got, at);
	assert_int_equal(log_next(r, &rec, &got, NULL), 1);
	assert_int_equal(rec.type, LOG_MARK);
	assert_int_equal(rec.position, 1);
	assert_int_equal(log_next(r, &rec, &got, NULL), 1);
	assert_int_equal(rec.type, LOG_COMPLETE);
	assert_int_equal(log_sealed(r), 0);
	assert_int_equal(log_next(r, &rec, &got, NULL), 1);
	assert_int_equal(rec.type, LOG_END);
	assert_int_equal(log_next(r, &rec, &got, NULL), 0);
	assert_int_equal(log_sealed(r), 1);
	log_reader_free(r);
	int fd = open(path, O_RDONLY);
	assert_int_equal(pread_full(fd, data, sizeof(data), at), 0);
	close(fd);
	for (size_t i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], 'x');
}

static void payloads_longer_than_the_window_are_read(void **state)
{
	struct log_writer *w = create();

	(void)state;
	write_blocks(w, 0, 700 * 1024, 'y');
	complete(w, 0);
	assert_int_equal(log_close(w, 1), 0);
	assert_int_equal(count(NULL), 3);
}

static void a_log_without_end_is_not_sealed(void **state)
{
	int sealed = 1;

	(void)state;
	small_log(0);
	assert_int_equal(count(&sealed), 5);
	assert_int_equal(sealed, 0);
}

static void records_are_readable_before_close(void **state)
{
	struct log_writer *w = create();

	(void)state;
	write_blocks(w, 0, 512, 'a');
	assert_int_equal(count(NULL), 1);
	assert_int_equal(log_close(w, 0), 0);
}

static void a_torn_tail_ends_the_log(void **state)
{
	struct stat st;
	int sealed, n, last = 5;

	(void)state;
	small_log(0);
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = st.st_size - 1; size >= 40; size--) {
		assert_int_equal(truncate(path, size), 0);
		n = count(&sealed);
		assert_in_range(n, 0, last);
		assert_int_equal(sealed, 0);
		last = n;
	}
	assert_int_equal(last, 0);
	assert_int_equal(truncate(path, 39), 0);
	assert_int_equal(count(NULL), -EBADMSG);
}

static void every_flipped_byte_is_detected(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	small_log(1);
	assert_int_equal(file_read(path, &b, NULL), 0);
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 0x41;
		assert_int_equal(file_write(path, b.data, b.len, NULL), 0);
		assert_int_equal(count(NULL), -EBADMSG);
		b.data[i] ^= 0x41;
	}
	buf_free(&b);
}

/* Replaces the record at the offset by another whose hash is right. */
static int count_with(uint64_t offset, void (*change)(struct log_record *))
{
	int fd = open(path, O_RDWR);
	struct log_record r;

	small_log(1);
	assert_int_equal(pread_full(fd, &r, sizeof(r), offset), 0);
	change(&r);
	r.hash = XXH3_64bits(&r, offsetof(struct log_record, hash));
	assert_int_equal(pwrite_full(fd, &r, sizeof(r), offset), 0);
	close(fd);
	return count(NULL);
}

static void too_long(struct log_record *r)
{
	r->payload = (64u << 20) + 1;
	r->length = r->payload;
}

static void off_the_disk(struct log_record *r)
{
	r->offset = UINT64_MAX - 511;
}

static void skip_one(struct log_record *r)
{
	r->position++;
}

static void new_type(struct log_record *r)
{
	r->type = 77;
}

static void unaligned(struct log_record *r)
{
	r->offset = 100;
}

static void of_the_future(struct log_record *r)
{
	r->command = r->position;
}

static void impossible_records_are_damage(void **state)
{
	const uint64_t first = sizeof(struct log_file_header);
	const uint64_t second = first + sizeof(struct log_record) + 512;

	(void)state;
	assert_int_equal(count_with(first, too_long), -EBADMSG);
	assert_int_equal(count_with(first, off_the_disk), -EBADMSG);
	assert_int_equal(count_with(first, skip_one), -EBADMSG);
	assert_int_equal(count_with(first, new_type), -EBADMSG);
	assert_int_equal(count_with(first, unaligned), -EBADMSG);
	assert_int_equal(count_with(second, skip_one), -EBADMSG);
	assert_int_equal(count_with(second, of_the_future), -EBADMSG);
}

static void a_missing_record_is_damage(void **state)
{
	struct buf b = BUF_INIT, cut = BUF_INIT;
	const size_t first = sizeof(struct log_file_header);
	const size_t second = first + sizeof(struct log_record) + 512;

	(void)state;
	small_log(1);
	assert_int_equal(file_read(path, &b, NULL), 0);
	buf_add(&cut, b.data, second);
	buf_add(&cut, b.data + second + sizeof(struct log_record),
		b.len - second - sizeof(struct log_record));
	assert_int_equal(file_write(path, cut.data, cut.len, NULL), 0);
	assert_int_equal(count(NULL), -EBADMSG);
	buf_free(&b);
	buf_free(&cut);
}

static void nothing_may_follow_the_end(void **state)
{
	int fd;

	(void)state;
	small_log(1);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write_full(fd, "x", 1), 0);
	close(fd);
	assert_int_equal(count(NULL), -EBADMSG);
}

static void a_missing_log_is_named(void **state)
{
	struct log_reader *r;
	struct error e;

	(void)state;
	assert_int_equal(log_open("/nonexistent/x.log", &r, &e), -ENOENT);
	assert_non_null(strstr(e.message, "/nonexistent/x.log"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(payloads_longer_than_the_window_are_read),
		cmocka_unit_test(a_log_without_end_is_not_sealed),
		cmocka_unit_test(records_are_readable_before_close),
		cmocka_unit_test(a_torn_tail_ends_the_log),
		cmocka_unit_test(every_flipped_byte_is_detected),
		cmocka_unit_test(impossible_records_are_damage),
		cmocka_unit_test(a_missing_record_is_damage),
		cmocka_unit_test(nothing_may_follow_the_end),
		cmocka_unit_test(a_missing_log_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_path, remove_path);
}

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "common/rng.h"
#include "drive/pack.h"

static char folder[] = "/tmp/test-pack-XXXXXX";
static char *path, *packed, *to;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	path = xasprintf("%s/drive.log", folder);
	packed = xasprintf("%s/drive.log.zst", folder);
	to = xasprintf("%s/unpacked", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	rm_rf(folder, NULL);
	free(path);
	free(packed);
	free(to);
	return 0;
}

/* Some of it repeats itself, some does not. */
static char *make_content(size_t size)
{
	struct rng rng = rng_init(size);
	char *content = xmalloc(size + 1);

	for (size_t i = 0; i < size; i++)
		content[i] = i % 8192 < 6000 ? (char)(i % 4096) :
					       (char)rng_below(&rng, 256);
	return content;
}

static void comes_back_as_it_was(size_t size)
{
	CLEANUP_FREE char *content = make_content(size);
	CLEANUP_BUF struct buf b = BUF_INIT;

	assert_int_equal(file_write(path, content, size, NULL), 0);
	assert_int_equal(log_pack(path, NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(log_unpack(path, to, NULL), 0);
	assert_int_equal(file_read(to, &b, NULL), 0);
	assert_int_equal(b.len, size);
	assert_int_equal(memcmp(buf_text(&b), content, size), 0);
}

static void a_log_comes_back_as_it_was(void **state)
{
	static const size_t sizes[] = { 0, 1, 40, 65536, 262143, 262144,
					262145, 524288, 1000003 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		comes_back_as_it_was(sizes[i]);
}

static void refused(const struct buf *content, size_t len)
{
	struct error e;

	assert_int_equal(file_write(packed, content->data, len, NULL), 0);
	assert_int_equal(log_unpack(path, to, &e), -EBADMSG);
	assert_non_null(strstr(e.message, "drive.log.zst"));
	assert_int_equal(access(to, F_OK), -1);
}

static void what_was_cut_off_or_damaged_is_refused(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;

	(void)state;
	comes_back_as_it_was(20000);
	assert_int_equal(file_read(packed, &b, NULL), 0);
	for (size_t len = 0; len < b.len; len += 1 + len / 3)
		refused(&b, len);
	refused(&b, b.len - 1);
	b.data[b.len / 2] ^= 1;
	refused(&b, b.len);
	b.data[b.len / 2] ^= 1;
	buf_add(&b, "x", 1);
	refused(&b, b.len);
}

static void a_log_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	unlink(packed);
	assert_int_equal(log_pack(path, NULL), -ENOENT);
	assert_int_equal(log_unpack(path, to, NULL), -ENOENT);
	assert_int_equal(access(packed, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_comes_back_as_it_was),
		cmocka_unit_test(what_was_cut_off_or_damaged_is_refused),
		cmocka_unit_test(a_log_that_is_not_there_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* The format by example, against bytes that are written out by hand; and what
 * is damaged is refused. */
#include <errno.h>
#include <fcntl.h>
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
#include "interchange/dmlog.h"
#include "interchange/interchange.h"

static char folder[] = "/tmp/test-dmlog-XXXXXX";
static char *path, *log_path, *base_path;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	path = xasprintf("%s/log", folder);
	log_path = xasprintf("%s/drive.log", folder);
	base_path = xasprintf("%s/base.img", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	rm_rf(folder, NULL);
	free(path);
	free(log_path);
	free(base_path);
	return 0;
}

/* ---- logs by hand ---- */

static struct buf image;

static void number(uint64_t n, int bytes)
{
	for (int i = 0; i < bytes; i++, n >>= 8) {
		char byte = (char)(n & 0xff);

		buf_add(&image, &byte, 1);
	}
}

static void fill(size_t to, int byte)
{
	char c = (char)byte;

	while (image.len % to)
		buf_add(&image, &c, 1);
}

static void super(uint64_t entries)
{
	buf_clear(&image);
	number(0x6a736677736872ULL, 8);
	number(1, 8);
	number(entries, 8);
	number(512, 4);
	fill(512, 0);
}

static void entry(uint64_t sector, uint64_t sectors, uint64_t flags,
		  const char *mark)
{
	number(sector, 8);
	number(sectors, 8);
	number(flags, 8);
	number(mark ? strlen(mark) : 0, 8);
	if (mark)
		buf_puts(&image, mark);
	fill(512, 0);
}

static void data(size_t sectors, int byte)
{
	for (size_t i = 0; i < sectors * 512; i++) {
		char c = (char)byte;

		buf_add(&image, &c, 1);
	}
}

static void save(void)
{
	assert_int_equal(file_write(path, image.data, image.len, NULL), 0);
}

/* ---- writing ---- */

static void the_file_is_as_the_kernel_writes_it(void **state)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct dmlog_writer *w;
	int fd;

	(void)state;
	super(4);
	entry(3, 2, 2, NULL);
	data(2, 'x');
	entry(0, 0, 1, NULL);
	entry(8, 4, 4, NULL);
	entry(0, 0, 8, "ack:TXN 1");
	save();

	assert_int_equal(file_write(base_path, image.data + 1024, 1024, NULL),
			 0);
	fd = open(base_path, O_RDONLY);
	assert_int_equal(dmlog_create(path, 512, &w, NULL), 0);
	assert_int_equal(dmlog_add(w, &(struct dmlog_entry){ .offset = 1536,
							     .length = 1024,
							     .flags = 2 },
				   fd, 0, NULL), 0);
	assert_int_equal(dmlog_add(w, &(struct dmlog_entry){ .flags = 1 }, -1,
				   0, NULL), 0);
	assert_int_equal(dmlog_add(w, &(struct dmlog_entry){ .offset = 4096,
							     .length = 2048,
							     .flags = 4 },
				   -1, 0, NULL), 0);
	assert_int_equal(dmlog_add(w, &(struct dmlog_entry){ .flags = 8,
							     .mark = "ack:TXN "
								     "1" },
				   -1, 0, NULL), 0);
	assert_int_equal(dmlog_finish(w, NULL), 0);
	dmlog_writer_free(w);
	close(fd);
	assert_int_equal(file_read(path, &b, NULL), 0);
	assert_int_equal(b.len, image.len);
	assert_memory_equal(b.data, image.data, b.len);
}

static void a_mark_that_does_not_fit_is_refused(void **state)
{
	char text[481];
	struct dmlog_entry mark = { .flags = DMLOG_MARK, .mark = text };
	struct dmlog_writer *w;

	(void)state;
	memset(text, 'm', sizeof(text));
	text[480] = '\0';
	assert_int_equal(dmlog_create(path, 512, &w, NULL), 0);
	assert_int_equal(dmlog_mark_max(w), 479);
	assert_int_equal(dmlog_add(w, &mark, -1, 0, NULL), -EFBIG);
	text[479] = '\0';
	assert_int_equal(dmlog_add(w, &mark, -1, 0, NULL), 0);
	dmlog_writer_free(w);
}

static void a_log_that_was_not_finished_is_none(void **state)
{
	struct dmlog_writer *w;
	struct dmlog_reader *r;

	(void)state;
	assert_int_equal(dmlog_create(path, 512, &w, NULL), 0);
	assert_int_equal(dmlog_add(w, &(struct dmlog_entry){ .flags = 1 }, -1,
				   0, NULL), 0);
	dmlog_writer_free(w);
	assert_int_equal(dmlog_open(path, &r, NULL), -EBADMSG);
}

/* ---- reading ---- */

static void good_log(void)
{
	super(3);
	entry(1, 1, 0, NULL);
	data(1, 'a');
	entry(0, 0, 1, NULL);
	entry(0, 0, 8, "done");
	save();
}

/* 0, or the error of the first entry that is bad. */
static int read_through(struct error *e)
{
	struct dmlog_reader *r;
	struct dmlog_entry x;
	int err = dmlog_open(path, &r, e);

	if (err)
		return err;
	while ((err = dmlog_next(r, &x, e)) > 0)
		;
	dmlog_reader_free(r);
	return err;
}

static void every_cut_off_log_is_noticed(void **state)
{
	(void)state;
	good_log();
	assert_int_equal(read_through(NULL), 0);
	for (size_t len = 0; len < image.len; len += 64) {
		assert_int_equal(truncate(path, (off_t)len), 0);
		assert_int_equal(read_through(NULL), -EBADMSG);
		save();
	}
}

static void what_stands_behind_the_last_entry_is_no_part_of_it(void **state)
{
	(void)state;
	good_log();
	data(3, 0xff);
	save();
	assert_int_equal(read_through(NULL), 0);
}

static void damaged(const char *why)
{
	struct error e;

	save();
	assert_int_equal(read_through(&e), -EBADMSG);
	if (!strstr(e.message, why))
		print_error("%s\n", e.message);
	assert_non_null(strstr(e.message, why));
}

static void what_is_damaged_is_refused(void **state)
{
	(void)state;
	good_log();
	image.data[0] ^= 1;
	damaged("magic number");
	good_log();
	image.data[8] = 2;
	damaged("version");
	good_log();
	image.data[24] = 1;
	damaged("sector size");
	good_log();
	image.data[512 + 16] = 32;
	damaged("entry 0 of 3 at offset 512: it has unknown flags");
	super(1);
	entry(0, 0, 0, NULL);
	damaged("it is empty");
	super(1);
	entry(UINT64_MAX / 512, 2, 0, NULL);
	damaged("impossible");
	super(1);
	entry(0, UINT64_MAX / 2, 0, NULL);
	damaged("impossible");
	super(1);
	entry(0, 1, 8, "text");
	damaged("mark with sectors");
	super(1);
	entry(0, 0, 8, "two\nlines");
	damaged("not one line");
	super(1);
	entry(0, 0, 8, "x");
	image.data[512 + 24] = (char)0xe1;
	image.data[512 + 25] = 1; /* 481 bytes */
	damaged("does not fit");
}

/* ---- importing ---- */

static struct history *h;

static int import(const struct import *given, enum imported *what,
		  struct error *e)
{
	struct import i = *given;
	int err;

	i.file = path;
	i.block_size = i.block_size ? i.block_size : 512;
	i.disk_size = i.disk_size ? i.disk_size : 65536;
	save();
	err = interchange_import(&i, log_path, what, e);
	if (!err)
		assert_int_equal(history_load(log_path, &h, NULL), 0);
	return err;
}

static enum imported import_well(const struct import *given)
{
	struct error e = { "", "" };
	enum imported what = IMPORTED_NOT;

	if (import(given, &what, &e))
		print_error("%s\n", e.message);
	assert_int_not_equal(what, IMPORTED_NOT);
	return what;
}

static void refused(const struct import *given, int err, const char *why)
{
	enum imported what;
	struct error e;

	assert_int_equal(import(given, &what, &e), err);
	if (!strstr(e.message, why))
		print_error("%s\n", e.message);
	assert_non_null(strstr(e.message, why));
	assert_int_equal(access(log_path, F_OK), -1);
}

static void entries_become_commands_in_their_order(void **state)
{
	(void)state;
	super(4);
	entry(1, 1, DMLOG_FUA, NULL);
	data(1, 'a');
	entry(2, 3, DMLOG_DISCARD, NULL);
	entry(5, 1, DMLOG_METADATA, NULL);
	data(1, 0);
	entry(0, 0, DMLOG_FLUSH, NULL);
	import_well(&(struct import){ 0 });
	assert_int_equal(h->n_commands, 4);
	assert_int_equal(h->commands[0].type, LOG_WRITE);
	assert_true(h->commands[0].fua);
	assert_int_equal(h->commands[0].offset, 512);
	assert_int_equal(h->commands[1].type, LOG_DISCARD);
	assert_int_equal(h->commands[1].length, 1536);
	assert_int_equal(h->commands[2].type, LOG_ZEROES);
	assert_int_equal(h->commands[3].type, LOG_FLUSH);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(h->commands[i].complete,
				 h->commands[i].submit + 1);
	assert_true(h->sealed);
	history_free(h);
}

static void a_flush_with_data_comes_before_its_data(void **state)
{
	(void)state;
	super(1);
	entry(1, 1, DMLOG_FLUSH | DMLOG_FUA, NULL);
	data(1, 'a');
	import_well(&(struct import){ 0 });
	assert_int_equal(h->n_commands, 2);
	assert_int_equal(h->commands[0].type, LOG_FLUSH);
	assert_true(h->commands[1].fua);
	history_free(h);
}

static void marks_have_kinds_and_the_last_one_of_the_kernel_is_dropped(
	void **state)
{
	(void)state;
	super(5);
	entry(0, 0, 8, "begin:T 1");
	entry(0, 0, 8, "ack:T 1");
	entry(0, 0, 8, DMLOG_END_MARK);
	entry(0, 0, 8, "mark:ack:x");
	entry(0, 0, 8, DMLOG_END_MARK);
	import_well(&(struct import){ 0 });
	assert_int_equal(h->n_marks, 4);
	assert_int_equal(h->marks[0].kind, MARK_BEGIN);
	assert_string_equal(h->marks[0].text, "T 1");
	assert_int_equal(h->marks[1].kind, MARK_ACK);
	assert_int_equal(h->marks[2].kind, MARK_MARK);
	assert_string_equal(h->marks[2].text, DMLOG_END_MARK);
	assert_string_equal(h->marks[3].text, "ack:x");
	history_free(h);
}

static void the_setup_ends_at_the_mark_that_is_named(void **state)
{
	const struct import from = { .from = "mkfs" };

	(void)state;
	super(3);
	entry(1, 1, 0, NULL);
	data(1, 'a');
	entry(0, 0, 8, "mkfs");
	entry(2, 1, 0, NULL);
	data(1, 'b');
	import_well(&from);
	assert_int_equal(h->n_writes, 1);
	assert_true(h->commands[0].submit < h->arm);
	assert_int_equal(h->commands[1].number, 1);
	history_free(h);
	image.data[512 * 3 + 32] = 'M';
	refused(&from, -EINVAL, "no mark 'mkfs'");
}

static void without_a_mark_all_counts(void **state)
{
	(void)state;
	good_log();
	import_well(&(struct import){ 0 });
	assert_int_equal(h->n_writes, 1);
	assert_int_equal(h->arm, 1);
	history_free(h);
}

static void the_disk_before_becomes_setup(void **state)
{
	char before[2048];

	(void)state;
	memset(before, 'b', sizeof(before));
	assert_int_equal(file_write(base_path, before, sizeof(before), NULL),
			 0);
	good_log();
	import_well(&(struct import){ .base = base_path });
	assert_int_equal(h->n_commands, 3);
	assert_int_equal(h->commands[0].length, 2048);
	assert_true(h->commands[0].submit < h->arm);
	history_free(h);
	refused(&(struct import){ .base = base_path, .disk_size = 1024 },
		-EINVAL, "base.img");
}

static void what_does_not_fit_the_disk_is_refused(void **state)
{
	(void)state;
	good_log();
	refused(&(struct import){ .disk_size = 512 }, -EINVAL, "drive.size");
	refused(&(struct import){ .block_size = 4096 }, -EINVAL,
		"drive.block");
	super(2);
	entry(0, 0, 8, "powercut:arm");
	entry(0, 0, 8, "powercut:arm");
	refused(&(struct import){ 0 }, -EBADMSG, "second powercut:arm");
}

static void a_damaged_log_leaves_nothing_behind(void **state)
{
	(void)state;
	good_log();
	image.len -= 512;
	refused(&(struct import){ 0 }, -EBADMSG, "cut off");
}

static void a_log_without_fua_and_marks_is_taken_for_qemus(void **state)
{
	(void)state;
	super(2);
	entry(1, 1, 0, NULL);
	data(1, 'a');
	entry(0, 0, 1, NULL);
	assert_int_equal(import_well(&(struct import){ 0 }), IMPORTED_NO_FUA);
	history_free(h);
	assert_int_equal(import_well(&(struct import){
				 .format = IMPORT_DM_LOG_WRITES }),
			 IMPORTED_FUA);
	history_free(h);
	good_log();
	assert_int_equal(import_well(&(struct import){ 0 }), IMPORTED_FUA);
	history_free(h);
	assert_int_equal(import_well(&(struct import){
				 .format = IMPORT_BLKLOGWRITES }),
			 IMPORTED_NO_FUA);
	history_free(h);
}

/* ---- logs of others ---- */

/* Recorded by Linux 6.1 and by QEMU 7.2, of the same small program: also the
 * fuzz target's seeds. */
#define SAMPLES "harness/interchange/fuzz/dmlog/"

static void take_sample(const char *name)
{
	CLEANUP_FREE char *from = xasprintf(SAMPLES "%s", name);

	buf_clear(&image);
	assert_int_equal(file_read(from, &image, NULL), 0);
}

static size_t count_commands(enum log_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_commands; i++)
		n += h->commands[i].type == type;
	return n;
}

static void what_the_kernel_wrote_is_read(void **state)
{
	(void)state;
	take_sample("kernel");
	assert_int_equal(import_well(&(struct import){ .disk_size = 1 << 20 }),
			 IMPORTED_FUA);
	assert_int_equal(h->n_commands, 10);
	assert_true(h->commands[0].fua);
	assert_int_equal(h->commands[0].offset, 1024);
	assert_int_equal(h->commands[1].offset, 0);
	assert_int_equal(count_commands(LOG_FLUSH), 3);
	assert_int_equal(count_commands(LOG_DISCARD), 1);
	assert_int_equal(h->n_marks, 3);
	assert_int_equal(h->marks[2].kind, MARK_ACK);
	assert_string_equal(h->marks[2].text, "a");
	history_free(h);
}

static void what_qemu_wrote_is_read(void **state)
{
	(void)state;
	take_sample("qemu");
	assert_int_equal(import_well(&(struct import){ .disk_size = 1 << 20 }),
			 IMPORTED_NO_FUA);
	assert_int_equal(h->n_commands, 10);
	assert_int_equal(count_commands(LOG_FLUSH), 3);
	assert_int_equal(count_commands(LOG_DISCARD), 1);
	assert_int_equal(h->n_marks, 0);
	for (size_t i = 0; i < h->n_commands; i++)
		assert_false(h->commands[i].fua);
	history_free(h);
}

/* A flush of the kernel's carries where, and with which flags, the write stood
 * that it was taken from. */
static void a_flush_is_one_whatever_else_it_says(void **state)
{
	(void)state;
	super(1);
	entry(112, 0, DMLOG_FLUSH | DMLOG_FUA | DMLOG_METADATA, NULL);
	import_well(&(struct import){ 0 });
	assert_int_equal(h->n_commands, 1);
	assert_int_equal(h->commands[0].type, LOG_FLUSH);
	assert_false(h->commands[0].fua);
	history_free(h);
}

static void a_folder_remembers_what_was_imported(void **state)
{
	enum imported what = IMPORTED_FUA;

	(void)state;
	assert_int_equal(imported_read(folder, &what, NULL), 0);
	assert_int_equal(what, IMPORTED_NOT);
	assert_null(imported_caveat(what));
	assert_int_equal(imported_mark(folder, IMPORTED_NO_FUA, NULL), 0);
	assert_int_equal(imported_read(folder, &what, NULL), 0);
	assert_int_equal(what, IMPORTED_NO_FUA);
	assert_non_null(strstr(imported_caveat(what), "no FUA"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_is_as_the_kernel_writes_it),
		cmocka_unit_test(a_mark_that_does_not_fit_is_refused),
		cmocka_unit_test(a_log_that_was_not_finished_is_none),
		cmocka_unit_test(every_cut_off_log_is_noticed),
		cmocka_unit_test(
			what_stands_behind_the_last_entry_is_no_part_of_it),
		cmocka_unit_test(what_is_damaged_is_refused),
		cmocka_unit_test(entries_become_commands_in_their_order),
		cmocka_unit_test(a_flush_with_data_comes_before_its_data),
		cmocka_unit_test(
			marks_have_kinds_and_the_last_one_of_the_kernel_is_dropped),
		cmocka_unit_test(the_setup_ends_at_the_mark_that_is_named),
		cmocka_unit_test(without_a_mark_all_counts),
		cmocka_unit_test(the_disk_before_becomes_setup),
		cmocka_unit_test(what_does_not_fit_the_disk_is_refused),
		cmocka_unit_test(a_damaged_log_leaves_nothing_behind),
		cmocka_unit_test(
			a_log_without_fua_and_marks_is_taken_for_qemus),
		cmocka_unit_test(what_the_kernel_wrote_is_read),
		cmocka_unit_test(what_qemu_wrote_is_read),
		cmocka_unit_test(a_flush_is_one_whatever_else_it_says),
		cmocka_unit_test(a_folder_remembers_what_was_imported),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, make_folder, remove_folder);
	buf_free(&image);
	return failed;
}

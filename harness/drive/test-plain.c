#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libnbd.h>

#include "common/error.h"
#include "common/files.h"
#include "drive/plain.h"

#define SIZE (8u << 20)

struct fixture {
	char dir[32];
	struct plain_drive *drive;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error e = { 0 };

	strcpy(f->dir, "/tmp/pct.XXXXXX");
	if (!mkdtemp(f->dir) ||
	    plain_drive_start(f->dir, "plain", SIZE, &f->drive, &e)) {
		print_error("%s\n", e.message);
		return -1;
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	plain_drive_stop(f->drive);
	rm_rf(f->dir, NULL);
	free(f);
	return 0;
}

static struct nbd_handle *client(const char *socket)
{
	struct nbd_handle *nbd = nbd_create();

	assert_int_equal(nbd_connect_unix(nbd, socket), 0);
	return nbd;
}

static void the_disk_has_the_size_asked_for(void **state)
{
	struct fixture *f = *state;
	struct nbd_handle *nbd = client(plain_drive_disk_socket(f->drive));

	assert_int_equal(nbd_get_size(nbd), SIZE);
	nbd_close(nbd);
}

static void a_mark_does_not_touch_the_disk(void **state)
{
	struct fixture *f = *state;
	struct nbd_handle *disk = client(plain_drive_disk_socket(f->drive));
	struct nbd_handle *marks = client(plain_drive_marks_socket(f->drive));
	char text[512], got[512], zero[512] = { 0 };

	memset(text, 'm', sizeof(text));
	assert_int_equal(nbd_pwrite(marks, text, sizeof(text), 0, 0), 0);
	assert_int_equal(nbd_pread(disk, got, sizeof(got), 0, 0), 0);
	assert_memory_equal(got, zero, sizeof(got));
	assert_int_equal(nbd_pread(marks, got, sizeof(got), 0, 0), 0);
	assert_memory_equal(got, text, sizeof(got));
	nbd_close(disk);
	nbd_close(marks);
}

static void the_sockets_go_with_it(void **state)
{
	struct fixture *f = *state;
	char *disk = strdup(plain_drive_disk_socket(f->drive));
	char *marks = strdup(plain_drive_marks_socket(f->drive));

	plain_drive_stop(f->drive);
	f->drive = NULL;
	assert_int_equal(access(disk, F_OK), -1);
	assert_int_equal(access(marks, F_OK), -1);
	free(disk);
	free(marks);
}

static void a_disk_that_cannot_be_says_why(void **state)
{
	struct plain_drive *drive = NULL;
	struct fixture *f = *state;
	struct error e = { 0 };

	assert_int_equal(plain_drive_start(f->dir, "none", UINT64_MAX, &drive,
					   &e), -ECONNRESET);
	assert_null(drive);
	assert_non_null(strstr(e.message, "size"));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_disk_has_the_size_asked_for),
		TEST(a_mark_does_not_touch_the_disk),
		TEST(the_sockets_go_with_it),
		TEST(a_disk_that_cannot_be_says_why),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

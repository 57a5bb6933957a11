/*
 * The whole drive: nbdkit with the plugin, its control socket, an NBD client.
 * The rules themselves are tested in test-record.c and test-serve.c, without
 * processes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <libnbd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "drive/drive.h"
#include "drive/history.h"
#include "guest/include/mark-block.h"

#define DISK (4u << 20)
#define BLOCK 512u
#define SOON_NS 5000000000ULL

static char dir[64], plugin[PATH_MAX], log_path[128];

static void find_plugin(void)
{
	const char *given = getenv("POWERCUT_PLUGIN");
	char exe[PATH_MAX - 64];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	assert_true(n > 0);
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	if (given)
		snprintf(plugin, sizeof(plugin), "%s", given);
	else
		snprintf(plugin, sizeof(plugin),
			 "%s/../../nbdkit-powercut-plugin.so", exe);
	if (access(plugin, R_OK) < 0) {
		print_message("# no %s: run `make plugin` first\n", plugin);
		fail();
	}
}

/*
 * A plugin that was built with sanitizers needs their runtime in nbdkit too,
 * before everything else: the one this program runs with, where it is a shared
 * library (gcc's is; clang's is not, and has no way into nbdkit).
 */
static void preload_sanitizer(void)
{
#ifdef __SANITIZE_ADDRESS__
	void *asan = dlsym(RTLD_DEFAULT, "__asan_init");
	Dl_info info;

	if (asan && dladdr(asan, &info) && strstr(info.dli_fname, ".so"))
		setenv("LD_PRELOAD", info.dli_fname, 1);
	/* nbdkit is not ours to check, and is killed, never left. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
#endif
}

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/pc-drive-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	find_plugin();
	preload_sanitizer();
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return rm_rf(dir, NULL);
}

static struct drive *start(enum drive_mode mode)
{
	const struct drive_config c = {
		.mode = mode, .plugin = plugin, .runtime_dir = dir,
		.name = "t", .size = DISK, .block = BLOCK, .log = log_path,
		.scratch_dir = dir,
	};
	struct drive *d = NULL;
	struct error e;

	if (drive_start(&c, &d, &e) < 0)
		print_message("# %s\n", e.message);
	assert_non_null(d);
	return d;
}

static struct nbd_handle *client(const struct drive *d, const char *export)
{
	struct nbd_handle *nbd = nbd_create();

	assert_non_null(nbd);
	assert_int_equal(nbd_set_export_name(nbd, export), 0);
	if (nbd_connect_unix(nbd, drive_nbd_socket(d)) < 0)
		print_message("# %s\n", nbd_get_error());
	assert_true(nbd_aio_is_ready(nbd));
	return nbd;
}

static void put(struct nbd_handle *nbd, uint64_t offset, int byte)
{
	char data[BLOCK];

	memset(data, byte, sizeof(data));
	assert_int_equal(nbd_pwrite(nbd, data, sizeof(data), offset, 0), 0);
}

static int get(struct nbd_handle *nbd, uint64_t offset)
{
	char data[BLOCK];

	assert_int_equal(nbd_pread(nbd, data, sizeof(data), offset, 0), 0);
	for (size_t i = 1; i < sizeof(data); i++)
		assert_int_equal(data[i], data[0]);
	return data[0];
}

static int put_mark(struct nbd_handle *nbd, const char *text)
{
	struct mark_block m = { .kind = MARK_ACK,
				.length = (uint32_t)strlen(text) };

	memcpy(m.magic, MARK_BLOCK_MAGIC, sizeof(m.magic));
	memcpy(m.text, text, strlen(text));
	return nbd_pwrite(nbd, &m, sizeof(m), 0, 0);
}

static uint64_t arm(struct drive *d, struct cut_trigger t)
{
	struct error e = { "", "" };
	uint64_t position = 0;
	int err = drive_arm(d, &t, &position, &e);

	if (err)
		print_message("# %s\n", e.message);
	assert_int_equal(err, 0);
	return position;
}

static struct history *load(void)
{
	struct history *h = NULL;
	struct error e;

	if (history_load(log_path, &h, &e) < 0)
		print_message("# %s\n", e.message);
	assert_non_null(h);
	return h;
}

static void exports_have_their_geometry(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	struct nbd_handle *disk = client(d, "disk"), *none = client(d, "");
	struct nbd_handle *marks = client(d, "marks");

	(void)state;
	assert_int_equal(nbd_get_size(disk), DISK);
	assert_int_equal(nbd_get_size(none), DISK);
	assert_int_equal(nbd_get_size(marks), MARK_DISK_SIZE);
	assert_int_equal(nbd_get_block_size(disk, LIBNBD_SIZE_MINIMUM), BLOCK);
	assert_int_equal(nbd_get_block_size(marks, LIBNBD_SIZE_MINIMUM),
			 MARK_BLOCK_SIZE);
	assert_int_equal(nbd_can_fua(disk), 1);
	assert_int_equal(nbd_can_flush(disk), 1);
	assert_int_equal(nbd_can_trim(disk), 1);
	assert_int_equal(nbd_can_zero(disk), 1);
	assert_int_equal(nbd_can_fast_zero(disk), 1);
	assert_int_equal(nbd_can_multi_conn(disk), 1);
	assert_int_equal(nbd_is_rotational(disk), 0);
	nbd_close(disk);
	nbd_close(none);
	nbd_close(marks);
	drive_stop(d);
}

static void an_unknown_export_is_refused(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	struct nbd_handle *nbd = nbd_create();

	(void)state;
	assert_int_equal(nbd_set_export_name(nbd, "other"), 0);
	assert_int_equal(nbd_connect_unix(nbd, drive_nbd_socket(d)), -1);
	nbd_close(nbd);
	drive_stop(d);
}

static void commands_stand_in_the_log_in_order(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	struct nbd_handle *disk = client(d, "disk"), *marks = client(d, "marks");
	uint64_t base = 0;
	struct history *h;

	(void)state;
	put(disk, 0, 'a');
	assert_int_equal(drive_mark_base(d, &base, NULL), 0);
	assert_int_equal(base, 2);
	assert_int_equal(arm(d, (struct cut_trigger){ .kind = CUT_NONE }), 3);
	put(disk, 1024, 'b');
	assert_int_equal(nbd_flush(disk, 0), 0);
	assert_int_equal(put_mark(marks, "one\ttwo"), 0);
	assert_int_equal(nbd_zero(disk, 4096, 0, LIBNBD_CMD_FLAG_FUA), 0);
	assert_int_equal(nbd_trim(disk, 8192, 4096, 0), 0);
	assert_int_equal(get(disk, 1024), 0);
	assert_int_equal(drive_seal(d, NULL), 0);
	h = load();
	assert_int_equal(h->sealed, 1);
	assert_int_equal(h->n_commands, 5);
	assert_int_equal(h->commands[1].type, LOG_WRITE);
	assert_int_equal(h->commands[1].complete,
			 h->commands[1].submit + 1);
	assert_int_equal(h->commands[2].type, LOG_FLUSH);
	assert_int_equal(h->commands[2].submit,
			 h->commands[1].complete + 1);
	assert_int_equal(h->n_marks, 1);
	assert_string_equal(h->marks[0].text, "one\ttwo");
	assert_int_equal(h->marks[0].kind, MARK_ACK);
	assert_int_equal(h->commands[3].type, LOG_ZEROES);
	assert_int_equal(h->commands[3].fua, 1);
	assert_int_equal(h->commands[4].type, LOG_DISCARD);
	assert_int_equal(h->commands[4].length, 8192);
	history_free(h);
	nbd_close(disk);
	nbd_close(marks);
	drive_stop(d);
}

/* Many commands under way at once, over several connections: each is in the
 * log, completed, and all connections read what the log says. */
static void connections_share_one_drive(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	static char data[4][16][BLOCK];
	struct nbd_handle *nbd[4];
	struct history *h;

	(void)state;
	for (int i = 0; i < 4; i++)
		nbd[i] = client(d, "disk");
	for (int j = 0; j < 16; j++) {
		for (int i = 0; i < 4; i++) {
			memset(data[i][j], 1 + 16 * i + j, BLOCK);
			assert_true(nbd_aio_pwrite(nbd[i], data[i][j], BLOCK,
						   (uint64_t)j * BLOCK,
						   NBD_NULL_COMPLETION,
						   0) > 0);
		}
	}
	for (int i = 0; i < 4; i++)
		while (nbd_aio_in_flight(nbd[i]) > 0)
			assert_int_equal(nbd_poll(nbd[i], 5000), 1);
	assert_int_equal(drive_seal(d, NULL), 0);
	h = load();
	assert_int_equal(h->n_commands, 64);
	for (size_t c = 0; c < 64; c++)
		assert_int_not_equal(h->commands[c].complete, POSITION_NEVER);
	for (uint64_t j = 0; j < 16; j++) {
		int last = 0, fd = open(log_path, O_RDONLY | O_CLOEXEC);
		char byte;

		for (size_t c = 0; c < 64; c++) {
			if (h->commands[c].offset != j * BLOCK)
				continue;
			assert_int_equal(pread_full(fd, &byte, 1,
						    h->commands[c].data), 0);
			last = byte;
		}
		close(fd);
		for (int i = 0; i < 4; i++)
			assert_int_equal(get(nbd[i], j * BLOCK), last);
	}
	history_free(h);
	for (int i = 0; i < 4; i++)
		nbd_close(nbd[i]);
	drive_stop(d);
}

static void the_marks_namespace_is_read_as_zeroes(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	struct nbd_handle *marks = client(d, "marks");
	char data[MARK_BLOCK_SIZE];

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(data, 1, sizeof(data));
		assert_int_equal(nbd_pread(marks, data, sizeof(data), 0, 0), 0);
		for (size_t j = 0; j < sizeof(data); j++)
			assert_int_equal(data[j], 0);
		assert_int_equal(put_mark(marks, "x"), 0);
	}
	memset(data, 'x', sizeof(data));
	assert_int_equal(nbd_pwrite(marks, data, sizeof(data), 0, 0), -1);
	assert_int_equal(nbd_get_errno(), EINVAL);
	nbd_close(marks);
	drive_stop(d);
}

static int readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms);
}

/* A command that never ends must be sent without waiting for it. */
static void put_async(struct nbd_handle *nbd, uint64_t offset)
{
	static const char data[BLOCK];

	assert_true(nbd_aio_pwrite(nbd, data, sizeof(data), offset,
				   NBD_NULL_COMPLETION, 0) > 0);
}

static void a_cut_drive_answers_its_controller_only(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	struct nbd_handle *disk = client(d, "disk");
	struct drive_stats stats;
	uint64_t position = 0;
	struct history *h;
	int cut = 0;

	(void)state;
	arm(d, (struct cut_trigger){ .kind = CUT_WRITE, .nth = 2 });
	put(disk, 0, 'a');
	assert_int_equal(readable(drive_cut_fd(d), 0), 0);
	put_async(disk, 512);
	assert_int_equal(readable(drive_cut_fd(d), 5000), 1);
	assert_int_equal(drive_was_cut(d, &cut, &position, NULL), 0);
	assert_int_equal(cut, 1);
	assert_int_equal(position, 4);
	/* What comes now gets no answer and no record. */
	put_async(disk, 1024);
	assert_int_equal(nbd_poll(disk, 50), 0);
	assert_int_equal(nbd_aio_in_flight(disk), 2);
	assert_int_equal(drive_stats(d, &stats, NULL), 0);
	assert_int_equal(stats.frozen, 1);
	assert_int_equal(stats.writes, 2);
	assert_int_equal(stats.in_flight, 1);
	assert_int_equal(drive_seal(d, NULL), 0);
	h = load();
	assert_int_equal(h->n_commands, 2);
	assert_int_equal(h->cut, 4);
	assert_int_equal(h->end, 6);
	history_free(h);
	drive_stop(d);
	nbd_close(disk);
}

static void the_controller_cuts_at_once(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	uint64_t position = 0, again = 0;

	(void)state;
	arm(d, (struct cut_trigger){ .kind = CUT_NONE });
	assert_int_equal(drive_cut(d, &position, NULL), 0);
	assert_int_equal(position, 1);
	assert_int_equal(readable(drive_cut_fd(d), 5000), 1);
	assert_int_equal(drive_cut(d, &again, NULL), 0);
	assert_int_equal(again, 1);
	drive_stop(d);
}

static void stop_removes_the_sockets(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	CLEANUP_FREE char *nbd = xstrdup(drive_nbd_socket(d));

	(void)state;
	assert_int_equal(access(nbd, F_OK), 0);
	drive_stop(d);
	assert_int_equal(access(nbd, F_OK), -1);
}

/* In a child, which is then killed: its drive, frozen, must go with it. We are
 * the subreaper, so that waitpid sees it go. */
static void a_frozen_drive_dies_with_its_controller(void **state)
{
	int up[2];
	pid_t child;
	char byte;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(pipe(up), 0);
	child = fork();
	if (child == 0) {
		struct drive *d = start(DRIVE_RECORD);
		struct nbd_handle *disk = client(d, "disk");

		arm(d, (struct cut_trigger){ .kind = CUT_WRITE, .nth = 1 });
		put_async(disk, 0);
		readable(drive_cut_fd(d), 5000);
		if (write(up[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(up[0], &byte, 1), 1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* nbdkit; blocks for ever if it lives on. */
	alarm(10);
	assert_true(waitpid(-1, NULL, 0) > 0);
	alarm(0);
	close(up[0]);
	close(up[1]);
}

static void the_error_of_a_failed_start_is_told(void **state)
{
	const struct drive_config c = {
		.mode = DRIVE_RECORD, .plugin = plugin, .runtime_dir = dir,
		.name = "t", .size = 1000, .block = BLOCK, .log = log_path,
	};
	struct drive *d;
	struct error e;

	(void)state;
	assert_true(drive_start(&c, &d, &e) < 0);
	assert_non_null(strstr(e.message, "number of blocks of 512 bytes"));
}

static void too_long_a_socket_path_is_told(void **state)
{
	CLEANUP_FREE char *name = xcalloc(1, 120);
	struct drive_config c = {
		.mode = DRIVE_RECORD, .plugin = plugin, .runtime_dir = dir,
		.name = name, .size = DISK, .block = BLOCK, .log = log_path,
	};
	struct drive *d;
	struct error e;

	(void)state;
	memset(name, 'x', 119);
	assert_int_equal(drive_start(&c, &d, &e), -ENAMETOOLONG);
	assert_non_null(strstr(e.hint, "shorter"));
}

/* What the drive answers to a line that drive.c would not send. */
static void answers(const char *line, const char *expect)
{
	CLEANUP_FREE char *path = xasprintf("%s/t.control", dir);
	int fd = unix_connect(path, now_ns() + SOON_NS, NULL);
	char reply[512] = "";
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(write_full(fd, line, strlen(line)), 0);
	n = read(fd, reply, sizeof(reply) - 1);
	assert_true(n > 0);
	if (strncmp(reply, expect, strlen(expect)))
		print_message("# %s", reply);
	assert_int_equal(strncmp(reply, expect, strlen(expect)), 0);
	close(fd);
}

static void bad_control_input_answers_an_error(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	CLEANUP_FREE char *line = xcalloc(1, 20000);
	struct drive_stats stats;

	(void)state;
	answers("\n", "error\t22\t");
	answers("nonsense\n", "error\t22\tunknown request 'nonsense'");
	answers("arm\t1\n", "error\t22\tarm needs 5 fields");
	answers("arm\t1\tx\t0\t0\t\n", "error\t22\t");
	answers("arm\t1\t0\t0\t0\t\n", "error\t22\tcuts are counted from 1");
	answers("arm\t77\t1\t0\t0\t\n", "error\t22\tunknown kind of cut");
	answers("dump\tboth\t/x\n", "error\t22\t");
	answers("dump\tlatest\t/nonexistent/x\n", "error\t2\t");
	answers("load\t512\t\t\t\n", "error\t95\tload: not in this mode");
	memset(line, 'x', 19999);
	answers(line, "error\t22\t");
	assert_int_equal(drive_stats(d, &stats, NULL), 0);
	drive_stop(d);
	d = start(DRIVE_STATE);
	answers("cut\n", "error\t95\tcut: not in this mode");
	answers("wait\n", "error\t22\t");
	answers("state\t99999999999\n", "error\t7\t");
	answers("state\t-1\n", "error\t22\t");
	answers("mounted\t0\n", "error\t22\t");
	answers("mounted\t0\t99999999999\n", "error\t22\t");
	answers("load\t513\t\t\t\n", "error\t22\t");
	drive_stop(d);
}

static void a_state_is_set_and_thrown_away(void **state)
{
	struct drive *d = start(DRIVE_STATE);
	struct nbd_handle *disk = client(d, "disk"), *marks = client(d, "marks");
	CLEANUP_FREE char *base = xasprintf("%s/base", dir);
	CLEANUP_FREE char *units = xasprintf("%s/units", dir);
	struct patch patches[] = { { 1, SOURCE_SCRATCH | 4096 },
				   { 2, SOURCE_ZERO } };
	struct patch back = { 1, SOURCE_BASE };
	CLEANUP_FREE char *data = xmalloc(DISK);

	(void)state;
	memset(data, 'b', DISK);
	assert_int_equal(file_write(base, data, DISK, NULL), 0);
	memset(data, 'u', 8192);
	assert_int_equal(file_write(units, data, 8192, NULL), 0);
	assert_int_equal(drive_load(d, base, NULL, units, 4096, NULL), 0);
	assert_int_equal(get(disk, 4096), 'b');
	assert_int_equal(drive_set_state(d, patches, 2, NULL), 0);
	assert_int_equal(get(disk, 0), 'b');
	assert_int_equal(get(disk, 4096), 'u');
	assert_int_equal(get(disk, 8192), 0);
	put(disk, 4096, 'g');
	assert_int_equal(nbd_flush(disk, 0), 0);
	assert_int_equal(get(disk, 4096), 'g');
	assert_int_equal(put_mark(marks, "ignored"), 0);
	assert_int_equal(drive_set_state(d, &back, 1, NULL), 0);
	assert_int_equal(get(disk, 4096), 'b');
	assert_int_equal(get(disk, 8192), 0);
	assert_int_equal(drive_set_state(d, NULL, 0, NULL), 0);
	nbd_close(disk);
	nbd_close(marks);
	drive_stop(d);
}

static void what_was_read_of_a_state_is_told(void **state)
{
	struct drive *d = start(DRIVE_STATE);
	struct nbd_handle *disk = client(d, "disk");
	struct unit_run all = { 0, DISK / 512 };
	struct drive_written w;
	struct drive_reads r;

	(void)state;
	assert_int_equal(drive_load(d, NULL, NULL, NULL, 512, NULL), 0);
	assert_int_equal(drive_set_state(d, NULL, 0, NULL), 0);
	get(disk, 512);
	put(disk, 1024, 'g');
	get(disk, 1024);
	assert_int_equal(drive_mounted(d, &all, &w, NULL), 0);
	assert_int_equal(w.units, 1);
	assert_int_equal(w.of_asked, 1);
	get(disk, 4096);
	assert_int_equal(drive_reads(d, &r, NULL), 0);
	assert_int_equal(r.n[DRIVE_MOUNTING], 1);
	assert_int_equal(r.runs[DRIVE_MOUNTING][0].first, 1);
	assert_int_equal(r.runs[DRIVE_MOUNTING][0].count, 1);
	assert_int_equal(r.n[DRIVE_AFTER], 1);
	assert_int_equal(r.runs[DRIVE_AFTER][0].first, 8);
	drive_reads_release(&r);
	nbd_close(disk);
	drive_stop(d);
}

/* As many runs as are told, in both phases. */
static void the_longest_answer_arrives(void **state)
{
	const uint64_t most = 2048;
	struct drive *d = start(DRIVE_STATE);
	struct nbd_handle *disk = client(d, "disk");
	struct unit_run none = { 0, 0 };
	struct drive_written w;
	struct drive_reads r;

	(void)state;
	assert_int_equal(drive_load(d, NULL, NULL, NULL, 512, NULL), 0);
	for (uint64_t i = 0; i < most; i++)
		get(disk, i * DISK / most);
	assert_int_equal(drive_mounted(d, &none, &w, NULL), 0);
	for (uint64_t i = 0; i < most; i++)
		get(disk, i * DISK / most);
	assert_int_equal(drive_reads(d, &r, NULL), 0);
	assert_int_equal(r.n[DRIVE_MOUNTING], most);
	assert_int_equal(r.n[DRIVE_AFTER], most);
	assert_int_equal(drive_health(d, NULL), 0);
	drive_reads_release(&r);
	nbd_close(disk);
	drive_stop(d);
}

static void a_dead_drive_is_an_error(void **state)
{
	struct drive *d = start(DRIVE_RECORD);
	int fd = unix_connect(drive_nbd_socket(d), now_ns() + SOON_NS, NULL);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct drive_stats stats;
	struct error e;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len),
			 0);
	assert_int_equal(kill(peer.pid, SIGKILL), 0);
	close(fd);
	assert_true(drive_stats(d, &stats, &e) < 0);
	assert_non_null(strstr(e.message, "has ended"));
	drive_stop(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exports_have_their_geometry),
		cmocka_unit_test(an_unknown_export_is_refused),
		cmocka_unit_test(commands_stand_in_the_log_in_order),
		cmocka_unit_test(connections_share_one_drive),
		cmocka_unit_test(the_marks_namespace_is_read_as_zeroes),
		cmocka_unit_test(a_cut_drive_answers_its_controller_only),
		cmocka_unit_test(the_controller_cuts_at_once),
		cmocka_unit_test(stop_removes_the_sockets),
		cmocka_unit_test(a_frozen_drive_dies_with_its_controller),
		cmocka_unit_test(the_error_of_a_failed_start_is_told),
		cmocka_unit_test(too_long_a_socket_path_is_told),
		cmocka_unit_test(bad_control_input_answers_an_error),
		cmocka_unit_test(a_state_is_set_and_thrown_away),
		cmocka_unit_test(what_was_read_of_a_state_is_told),
		cmocka_unit_test(the_longest_answer_arrives),
		cmocka_unit_test(a_dead_drive_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}

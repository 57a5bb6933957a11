/*
 * Buffers that are flushed before an ack: real programs, whose own functions the
 * watcher calls. Who is not root may not follow /proc/PID/map_files, where those
 * are looked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "common/files.h"
#include "guest/include/mark-block.h"
#include "guest/watch/flush.h"
#include "guest/watch/proc.h"
#include "guest/watch/symbols.h"
#include "guest/watch/test-watched.h"

#define SELF "/proc/self/exe"
#define BLOCK "block" /* file with the ack of a messenger */

/* ---- what the programs do ---- */

static void require(int ok)
{
	if (!ok)
		_exit(96);
}

static void make_block(struct mark_block *b)
{
	memset(b, 0, sizeof(*b));
	memcpy(b->magic, MARK_BLOCK_MAGIC, sizeof(b->magic));
	b->kind = 2;
	b->length = 1;
	b->text[0] = 'x';
}

static void ack(void)
{
	struct mark_block b;
	int fd = open(MARKS, O_WRONLY | O_CLOEXEC);

	make_block(&b);
	require(write(fd, &b, sizeof(b)) == sizeof(b));
	close(fd);
}

/* As `pc ack` does: another program speaks. */
static void ack_by_messenger(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl("/bin/dd", "dd", "if=" BLOCK, "of=" MARKS, "bs=4096",
		      "status=none", NULL);
		_exit(95);
	}
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static FILE *buffered(const char *name, const char *words)
{
	FILE *f = fopen(name, "we");

	require(f && fputs(words, f) >= 0);
	return f;
}

static void forget_block(void)
{
	struct mark_block b;
	int fd = open(BLOCK, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	make_block(&b);
	require(write(fd, &b, sizeof(b)) == sizeof(b));
	close(fd);
}

/* This test again, as another program. It says when it is ready. */
static pid_t start(const char *what, int in)
{
	int ready[2];
	pid_t pid;
	char c;

	require(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		dup2(in, 0);
		dup2(ready[1], 1);
		close_range(3, ~0u, 0);
		execl(SELF, "test-flush", what, NULL);
		_exit(94);
	}
	close(ready[1]);
	require(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	return pid;
}

static void say_ready(void)
{
	require(write(1, "r", 1) == 1);
}

/* Has a buffer that cannot be flushed: its pipe is full. */
static __attribute__((noreturn)) int be_stuck(void)
{
	static char much[1 << 16];
	int p[2];
	FILE *f;

	require(pipe(p) == 0 && fcntl(p[1], F_SETPIPE_SZ, 4096) == 4096 &&
		write(p[1], much, 4096) == 4096);
	f = fdopen(p[1], "w");
	require(f && fputs("stuck", f) >= 0);
	say_ready();
	for (;;)
		pause();
}

/* Kills its parent's other child once that is stuck in its write, or after some
 * seconds. */
static int be_killer(void)
{
	uint64_t end_ns = now_ns() + 5000000000;
	pid_t victim;

	require(read(0, &victim, sizeof(victim)) == sizeof(victim));
	say_ready();
	while (proc_call(victim) != SYS_write && now_ns() < end_ns)
		usleep(1000);
	return kill(victim, SIGKILL);
}

/* Waits in a call that the kernel does not make again by itself. */
static int be_waiter(void)
{
	int fd = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN };

	require(epoll_ctl(fd, EPOLL_CTL_ADD, 0, &e) == 0);
	buffered("waiter", "waiter's");
	say_ready();
	return epoll_wait(fd, &e, 1, -1) == 1 ? 0 : 93;
}

/* ---- what was told ---- */

static struct calls *flushed(void (*work)(void))
{
	struct calls *c;

	if (geteuid() != 0)
		skip();
	cures = (struct cure_list){ .n = 2 };
	cures.rules[0] = (struct cure){ CURE_BEFORE_ACK, CURE_FLUSH_BUFFERS,
					0, NULL };
	cures.rules[1] = (struct cure){ CURE_BEFORE_ACK, CURE_SYNC_FILE,
					CALL_WRITE, NULL };
	c = watched(work);
	cures.n = 0;
	return c;
}

/* The next call from there on; of a file, unless name is NULL. */
static const struct call *next(const struct calls *c, size_t *at,
			       const char *call_name, const char *name)
{
	char *path = name ? in(name) : NULL;
	const struct call *k = NULL;

	while (*at < c->n && !k) {
		k = &c->calls[(*at)++];
		if (strcmp(k->name, call_name) || (path && strcmp(k->path, path)))
			k = NULL;
	}
	free(path);
	if (!k)
		fail_msg("no %s of %s", call_name, name ? name : "anything");
	return k;
}

static void is_stored_before_ack(const struct calls *c, size_t *at,
				 const char *flush, const char *name)
{
	const struct call *k = next(c, at, flush, NULL);

	assert_int_equal(k->kind, CALL_FLUSH);
	assert_true(k->injected);
	assert_int_equal(k->result, 0);
	assert_false(next(c, at, "write", name)->injected);
	assert_true(next(c, at, "fdatasync", name)->injected);
	while (*at < c->n && c->calls[*at].kind != CALL_MARK)
		(*at)++;
	assert_true(*at < c->n);
	assert_int_equal(c->calls[*at].result, sizeof(struct mark_block));
}

static void holds(const char *name, const char *words)
{
	struct buf b = BUF_INIT;
	char *path = in(name);

	assert_int_equal(file_read(path, &b, NULL), 0);
	assert_string_equal(buf_text(&b), words);
	free(path);
	buf_free(&b);
}

static int missed(const struct calls *c)
{
	int n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->calls[i].kind == CALL_FLUSH && c->calls[i].result < 0;
	return n;
}

/* ---- the tests ---- */

static void buffer_and_ack(void)
{
	FILE *f = buffered("own", "one");

	ack();
	require(fputs("two", f) >= 0);
	ack();
	ack();
	require(fclose(f) == 0);
}

static void a_buffer_is_stored_before_each_ack(void **state)
{
	struct calls *c = flushed(buffer_and_ack);
	size_t at = 0;

	(void)state;
	is_stored_before_ack(c, &at, "fflush", "own");
	is_stored_before_ack(c, &at, "fflush", "own");
	assert_int_equal(count(c, "fflush"), 3);
	assert_int_equal(missed(c), 0);
	holds("own", "onetwo");
	calls_free(c);
}

/* What is in the registers of floats outlives the flush. */
static void ack_and_count(void)
{
	struct mark_block b;
	register double sum __asm__("xmm0");
	int fd = open(MARKS, O_WRONLY | O_CLOEXEC);
	long r = SYS_write;

	make_block(&b);
	buffered("sum", "sum");
	sum = 12345.5;
	__asm__ volatile("syscall" : "+a"(r), "+x"(sum)
			 : "D"(fd), "S"(&b), "d"(sizeof(b))
			 : "rcx", "r11", "memory");
	require(r == sizeof(b) && sum == 12345.5);
}

static void the_program_goes_on_as_it_was(void **state)
{
	struct calls *c = flushed(ack_and_count);

	(void)state;
	assert_int_equal(count(c, "fflush"), 1);
	calls_free(c);
}

static void let_another_ack(void)
{
	forget_block();
	buffered("parents", "parent's");
	ack_by_messenger();
}

static void who_waits_for_a_messenger_is_flushed(void **state)
{
	struct calls *c = flushed(let_another_ack);
	size_t at = 0;

	(void)state;
	is_stored_before_ack(c, &at, "fflush", "parents");
	assert_int_equal(missed(c), 0);
	holds("parents", "parent's");
	calls_free(c);
}

static void ack_while_another_waits(void)
{
	int p[2], status;
	pid_t pid;

	require(pipe(p) == 0);
	pid = start("waiter", p[0]);
	ack();
	require(write(p[1], "x", 1) == 1);
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void a_call_that_waits_is_not_disturbed(void **state)
{
	struct calls *c = flushed(ack_while_another_waits);
	size_t at = 0;

	(void)state;
	is_stored_before_ack(c, &at, "fflush", "waiter");
	assert_int_equal(count(c, "fflush"), 2);
	assert_int_equal(missed(c), 0);
	calls_free(c);
}

static void ack_while_another_dies(void)
{
	pid_t victim = start("stuck", 0), killer;
	int p[2], status;

	require(pipe(p) == 0 && write(p[1], &victim, sizeof(victim)) > 0);
	killer = start("killer", p[0]);
	buffered("survivor", "survivor's");
	ack();
	require(waitpid(victim, &status, 0) == victim && WIFSIGNALED(status));
	require(waitpid(killer, &status, 0) == killer && status == 0);
}

/* The killer is on the move meanwhile, and may never wait. */
static void who_dies_of_it_holds_nobody_up(void **state)
{
	uint64_t start_ns = now_ns();
	struct calls *c;
	size_t at = 0;

	(void)state;
	flush_wait_ns = 60000000000;
	c = flushed(ack_while_another_dies);
	flush_wait_ns = 3000000000;
	assert_true(now_ns() - start_ns < 30000000000);
	next(c, &at, "write", "survivor");
	assert_int_equal(count(c, "write"), 2);
	calls_free(c);
}

static void ack_while_another_is_stuck(void)
{
	pid_t pid = start("stuck", 0);
	int status;

	ack();
	ack();
	kill(pid, SIGKILL);
	require(waitpid(pid, &status, 0) == pid);
}

static void what_takes_too_long_is_told_as_missed(void **state)
{
	struct calls *c;

	(void)state;
	flush_wait_ns = 100000000;
	c = flushed(ack_while_another_is_stuck);
	flush_wait_ns = 3000000000;
	/* Waited for in vain, then still busy. */
	assert_int_equal(missed(c), 2);
	assert_int_equal(count(c, "write"), 2);
	calls_free(c);
}

static void ack_while_a_fork_waits(void)
{
	FILE *f = buffered("copied", "once");
	int p[2], status;
	char c;
	pid_t pid;

	require(f && pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		close(p[1]);
		_exit(read(p[0], &c, 1) == 0 ? 0 : 92);
	}
	ack();
	close(p[1]);
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void the_copy_of_a_buffer_is_not_written(void **state)
{
	struct calls *c = flushed(ack_while_a_fork_waits);

	(void)state;
	holds("copied", "once");
	assert_int_equal(missed(c), 1);
	calls_free(c);
}

#define THREADS 4
#define ACKS 20

static void *ack_often(void *arg)
{
	char name[16];
	FILE *f;

	snprintf(name, sizeof(name), "thread-%d", *(int *)arg);
	f = buffered(name, "");
	for (int i = 0; i < ACKS; i++) {
		require(fprintf(f, "%c", 'a' + i) == 1);
		ack();
	}
	require(fclose(f) == 0);
	return NULL;
}

static void ack_in_threads(void)
{
	static const int numbers[THREADS] = { 0, 1, 2, 3 };
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		require(!pthread_create(&threads[i], NULL, ack_often,
					(void *)&numbers[i]));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void acks_at_once_wait_for_each_other(void **state)
{
	struct calls *c = flushed(ack_in_threads);

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		char *name = xasprintf("thread-%d", i);

		holds(name, "abcdefghijklmnopqrst");
		free(name);
	}
	assert_int_equal(count(c, "fflush"), THREADS * ACKS);
	assert_int_equal(missed(c), 0);
	calls_free(c);
}

static void run_python(void)
{
	static const char code[] =
		"import subprocess\n"
		"text = open('text', 'w')\n"
		"text.write('Python')\n"
		"data = open('data', 'wb')\n"
		"data.write(b'bytes')\n"
		"subprocess.run(['dd', 'if=" BLOCK "', 'of=" MARKS "', "
		"'bs=4096', 'status=none'], check=True)\n"
		"assert open('text').read() == 'Python'\n"
		"assert open('data').read() == 'bytes'\n"
		"assert 'gc' not in globals() and 'o' not in globals()\n";
	int status;
	pid_t pid;

	forget_block();
	pid = fork();
	if (pid == 0) {
		execlp("python3", "python3", "-c", code, NULL);
		_exit(7);
	}
	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void python_is_flushed_by_python(void **state)
{
	struct calls *c;
	size_t at = 0;

	(void)state;
	if (system("python3 -c pass 2>/dev/null"))
		skip();
	c = flushed(run_python);
	is_stored_before_ack(c, &at, "python-flush", "text");
	assert_int_equal(missed(c), 0);
	holds("text", "Python");
	calls_free(c);
}

static void functions_are_found_by_name(void **state)
{
	struct symbol list[] = { { .name = "symbols_find" },
				 { .name = "no_such_function" } };
	int fd = open(SELF, O_RDONLY | O_CLOEXEC);

	(void)state;
	symbols_find(fd, list, 2);
	assert_int_not_equal(list[0].offset, SYMBOL_NONE);
	assert_int_equal(list[1].offset, SYMBOL_NONE);
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	symbols_find(fd, list, 2);
	assert_int_equal(list[0].offset, SYMBOL_NONE);
	close(fd);
}

static int be(const char *what)
{
	if (!strcmp(what, "stuck"))
		return be_stuck();
	return strcmp(what, "killer") ? be_waiter() : be_killer();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_is_stored_before_each_ack),
		cmocka_unit_test(the_program_goes_on_as_it_was),
		cmocka_unit_test(who_waits_for_a_messenger_is_flushed),
		cmocka_unit_test(a_call_that_waits_is_not_disturbed),
		cmocka_unit_test(who_dies_of_it_holds_nobody_up),
		cmocka_unit_test(what_takes_too_long_is_told_as_missed),
		cmocka_unit_test(the_copy_of_a_buffer_is_not_written),
		cmocka_unit_test(acks_at_once_wait_for_each_other),
		cmocka_unit_test(python_is_flushed_by_python),
		cmocka_unit_test(functions_are_found_by_name),
	};

	/* The leak checker, which runs at exit(), cannot where it is watched. */
	if (argc == 2)
		_exit(be(argv[1]));
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* powercut shell: a guest with a crash state on its drive, and its console. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "check/checker.h"
#include "check/judge.h"
#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/target.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/files.h"
#include "lab/interrupt.h"
#include "vm/agent.h"

#define ESCAPE 0x1d /* Ctrl-], as telnet and virsh console */

struct shell_options {
	struct session_options session;
	int no_mount;
};

static const struct option_spec options[] = {
	{ .name = "no-mount",
	  .help = "Leaves the state as it is; " JUDGE_DISK " is the drive. "
		  "So it is without a file system.",
	  .type = OPTION_FLAG,
	  .offset = offsetof(struct shell_options, no_mount) },
	SESSION_OPTIONS(struct shell_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut shell append-log@w12:all-11",
	"echo 'cat /mnt/txn.log' | powercut shell append-log@end:none", NULL
};

/* Everything from one side to the other. 0: that side has ended. */
static int pass_on(int from, int to, int watch_escape)
{
	char data[4096];
	ssize_t n = read(from, data, sizeof(data));

	if (n <= 0)
		return 0;
	for (ssize_t i = 0; watch_escape && i < n; i++)
		if (data[i] == ESCAPE)
			return 0;
	return write_full(to, data, (size_t)n) == 0;
}

/*
 * Until the guest powers off or the user types Ctrl-]. Input that ends (a
 * pipe) powers the guest off through the shell's own end of file.
 */
static void bridge(int pty)
{
	struct pollfd fds[] = { { .fd = pty, .events = POLLIN },
				{ .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = interrupt_stop_fd(),
				  .events = POLLIN } };

	while (poll(fds, 3, -1) >= 0 || errno == EINTR) {
		if (fds[2].revents)
			return;
		if (fds[0].revents && !pass_on(pty, STDOUT_FILENO, 0))
			return;
		if (!fds[1].revents)
			continue;
		if (pass_on(STDIN_FILENO, pty, 1))
			continue;
		if (isatty(STDIN_FILENO))
			return;
		write_full(pty, "\npoweroff -f\n", 13);
		fds[1].fd = -1;
	}
}

static int make_raw(int fd, struct termios *ret_before)
{
	struct termios raw;

	if (!isatty(fd) || tcgetattr(fd, ret_before) < 0)
		return 0;
	raw = *ret_before;
	cfmakeraw(&raw);
	return tcsetattr(fd, TCSANOW, &raw) == 0;
}

static int attach(struct vm *vm, struct error *e)
{
	struct termios before;
	CLEANUP_CLOSE int pty =
		open(vm_pty(vm), O_RDWR | O_NOCTTY | O_CLOEXEC);
	int raw;

	if (pty < 0)
		return error_errno(e, errno, "cannot open the guest's console "
				   "%s", vm_pty(vm));
	make_raw(pty, &(struct termios){ 0 });
	raw = make_raw(STDIN_FILENO, &before);
	if (raw)
		fprintf(stderr, "Ctrl-] leaves.\r\n");
	bridge(pty);
	if (raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return 0;
}

/* The guest as a check would see it: promises, programs, mounted state. */
static int prepare_guest(struct checker *c, const struct shell_options *o,
			 const struct subject *subject,
			 const struct state *state,
			 struct error *e)
{
	CLEANUP_BUF struct buf acks = BUF_INIT, begun = BUF_INIT;
	struct agent *a = vm_agent(checker_vm(c));
	int err = checker_load(c, subject, e);

	subject->promises(subject->promises_arg, &state->cut, &acks, &begun);
	if (!err)
		err = checker_show(c, state, e);
	if (!err)
		err = agent_put(a, JUDGE_ACKS, 0644, buf_text(&acks), acks.len,
				e);
	if (!err)
		err = agent_put(a, JUDGE_BEGUN, 0644, buf_text(&begun),
				begun.len, e);
	if (!err && !o->no_mount)
		err = disk_recover(a, subject->scenario, e);
	return err ? err : agent_shell(a, e);
}

static int show_state(struct session *s, const struct shell_options *o,
		      const struct scenario *scenario, struct recorded *r,
		      const struct state *state, struct error *e)
{
	struct guest_image image = { 0 };
	struct workload workload = { 0 };
	struct checker *checker = NULL;
	struct subject subject = recorded_subject(r, scenario, &workload);
	struct checker_config c = {
		.lab = &s->lab,
		.image = &image,
		.memory = scenario->guest.memory,
		.disk_size = scenario->drive.size,
		.disk_block = scenario->drive.block,
		.bus = scenario->drive.bus,
		.name = "shell",
		.dir = runtime_path(s->lab.runtime),
		.scratch = s->runs,
		.interactive = 1,
	};
	int err = lab_image(&s->lab, scenario, &image, e);

	if (!err)
		err = workload_build(&s->lab.home, scenario->folder, &workload,
				     e);
	if (!err)
		err = checker_start(&c, &checker, e);
	if (!err)
		err = prepare_guest(checker, o, &subject, state, e);
	if (!err)
		err = attach(checker_vm(checker), e);
	checker_stop(checker);
	workload_release(&workload);
	guest_image_release(&image);
	return err;
}

static int open_shell(struct session *s, const struct shell_options *o,
		      const struct target *t, const struct scenario *scenario,
		      struct error *e)
{
	CLEANUP_FREE char *units =
		xasprintf("%s/units.dat", runtime_path(s->lab.runtime));
	struct recorded recorded = { 0 };
	struct state state = { 0 };
	int err = recorded_open(t->dir, t->source, scenario, units, &recorded,
				e);

	if (!err)
		err = space_state(recorded.space, t->state, &state, e);
	if (!err)
		err = show_state(s, o, scenario, &recorded, &state, e);
	state_free(&state);
	recorded_release(&recorded);
	return err;
}

static int shell(const struct command_line *line)
{
	const struct shell_options *o = line->options;
	struct session session = { 0 };
	struct scenario *scenario = NULL;
	struct target t = { 0 };
	struct error e = { 0 };
	enum exit_status status = EXIT_USAGE;
	int err = session_paths(&o->session, &session, &e);

	if (!err)
		err = target_find_state(&session, line->args[0], &t, &e);
	if (!err)
		err = session_scenario(t.dir, NULL, &scenario, &e);
	session_close(&session);
	if (!err) {
		status = EXIT_HARNESS;
		err = session_open(&o->session, &session, &e);
	}
	if (!err)
		err = open_shell(&session, o, &t, scenario, &e);
	if (err)
		command_fail(line, err == -EINVAL ? EXIT_USAGE : status, &e);
	session_close(&session);
	scenario_free(scenario);
	target_release(&t);
	return err ? (int)(err == -EINVAL ? EXIT_USAGE : status) :
		     (int)EXIT_EXPECTED;
}

const struct subcommand cmd_shell = {
	.name = "shell",
	.synopsis = "RUN@CUT:SURVIVORS",
	.about = "Boots a guest with that crash state mounted on /mnt and "
		 "attaches its console. What you change is thrown away.",
	.options = options,
	.options_size = sizeof(struct shell_options),
	.min_args = 1,
	.max_args = 1,
	.examples = examples,
	.run = shell,
};

#include "record/setup.h"

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "record/disk.h"
#include "record/program.h"
#include "scenario/scenario.h"

#define MKFS_TIMEOUT_NS 120000000000ULL

static int make_filesystem(struct agent *a, const struct scenario *s,
			   const char *const *env, struct error *e)
{
	CLEANUP_FREE char *options = xstrdup(s->filesystem.mkfs);
	const char *argv[DISK_WORDS];
	const struct agent_run run = { .argv = argv, .env = env,
				       .timeout_ns = MKFS_TIMEOUT_NS,
				       .tool = 1 };

	if (!scenario_has_filesystem(s))
		return 0;
	disk_mkfs_argv(s, options, argv);
	return program_must_run(a, s, "filesystem", &run, e);
}

int setup_mount(struct agent *a, const struct scenario *s, struct error *e)
{
	int err = disk_mount(a, s, e);

	if (err)
		error_prefix(e, "cannot mount the new %s",
			     s->filesystem.type);
	return err;
}

int setup_run(struct agent *a, const struct scenario *s,
	      const char *const *env, struct error *e)
{
	const struct agent_run run = {
		.argv = (const char *const *)s->workload.setup,
		.env = env,
		.timeout_ns = s->workload.timeout_ns,
	};
	int err = make_filesystem(a, s, env, e);

	if (err || !s->workload.setup)
		return err;
	err = setup_mount(a, s, e);
	if (!err)
		err = program_must_run(a, s, "workload.setup", &run, e);
	if (!err)
		err = disk_umount(a, s, e);
	return err;
}

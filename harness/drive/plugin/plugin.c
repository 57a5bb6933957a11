/*
 * nbdkit glue: two exports, "disk" and "marks", over a recorder or a server.
 *
 * After a cut no callback ever answers: its thread sleeps until the process
 * is killed, which is what the controller does with a drive without power.
 */
#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"
#include "drive/plugin/control.h"
#include "drive/record.h"
#include "drive/serve.h"
#include "guest/include/mark-block.h"

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL
#define MAX_REQUEST (32u << 20)
#define PREFERRED_BLOCK 4096u

static struct {
	enum drive_mode mode;
	int64_t size;
	int64_t block;
	uint64_t latency_ns;
	char *base, *log, *control, *scratch;
} config = { .mode = DRIVE_RECORD, .size = -1, .block = 512 };

static struct recorder *recorder; /* DRIVE_RECORD */
static struct server *server;     /* DRIVE_STATE */
static struct control *control;

/* Handles: which export. */
static char disk[] = "disk", marks[] = "marks";

static int config_path(char **path, const char *value)
{
	free(*path);
	*path = nbdkit_absolute_path(value);
	return *path ? 0 : -1;
}

static int config_mode(const char *value)
{
	if (!strcmp(value, "record"))
		config.mode = DRIVE_RECORD;
	else if (!strcmp(value, "state"))
		config.mode = DRIVE_STATE;
	else {
		nbdkit_error("mode must be record or state, not %s", value);
		return -1;
	}
	return 0;
}

static int config_bytes(int64_t *bytes, const char *value)
{
	*bytes = nbdkit_parse_size(value);
	return *bytes < 0 ? -1 : 0;
}

static int powercut_config(const char *key, const char *value)
{
	if (!strcmp(key, "mode"))
		return config_mode(value);
	if (!strcmp(key, "size"))
		return config_bytes(&config.size, value);
	if (!strcmp(key, "block"))
		return config_bytes(&config.block, value);
	if (!strcmp(key, "latency"))
		return nbdkit_parse_uint64_t("latency", value,
					     &config.latency_ns);
	if (!strcmp(key, "base"))
		return config_path(&config.base, value);
	if (!strcmp(key, "log"))
		return config_path(&config.log, value);
	if (!strcmp(key, "control"))
		return config_path(&config.control, value);
	if (!strcmp(key, "scratch"))
		return config_path(&config.scratch, value);
	nbdkit_error("unknown parameter %s", key);
	return -1;
}

static int powercut_config_complete(void)
{
	const char *missing = NULL;

	if (config.size < 0)
		missing = "size";
	else if (!config.control)
		missing = "control";
	else if (config.mode == DRIVE_RECORD && !config.log)
		missing = "log";
	else if (config.mode == DRIVE_STATE && !config.scratch)
		missing = "scratch";
	if (missing)
		nbdkit_error("the parameter %s= is missing", missing);
	else if (config.block > UINT32_MAX)
		nbdkit_error("the block size is too large");
	else
		return 0;
	return -1;
}

static int failed(const struct error *e)
{
	nbdkit_error("%s", e->message);
	return -1;
}

static int powercut_get_ready(void)
{
	uint64_t size = (uint64_t)config.size;
	uint32_t block = (uint32_t)config.block;
	struct error e;
	int err;

	if (config.mode == DRIVE_RECORD)
		err = recorder_create(config.log, config.base, size, block,
				      &recorder, &e);
	else
		err = server_create(size, block, config.scratch, &server, &e);
	if (err < 0)
		return failed(&e);
	if (recorder)
		recorder_set_latency(recorder, config.latency_ns);
	return 0;
}

/*
 * nbdkit's --exit-with-parent asks the kernel for a SIGTERM when the parent
 * dies (prctl(2), PR_SET_PDEATHSIG), which makes nbdkit wait for its callbacks:
 * for ever, after a cut. A drive whose controller is gone has no use: SIGKILL.
 *
 * nbdkit has bound its own socket by now, so whoever can connect to the
 * control socket can connect to both.
 */
static int powercut_after_fork(void)
{
	struct error e;
	int death_signal = 0;

	prctl(PR_GET_PDEATHSIG, &death_signal);
	if (death_signal)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (control_start(config.control, recorder, server, &control, &e) < 0)
		return failed(&e);
	return 0;
}

static void powercut_cleanup(void)
{
	control_stop(control);
	control = NULL;
}

static void powercut_unload(void)
{
	recorder_free(recorder);
	server_free(server);
	free(config.base);
	free(config.log);
	free(config.control);
	free(config.scratch);
}

static int powercut_list_exports(int readonly, int is_tls,
				 struct nbdkit_exports *exports)
{
	(void)readonly;
	(void)is_tls;
	return nbdkit_add_export(exports, disk, "the drive") < 0 ||
			       nbdkit_add_export(exports, marks,
						 "marks from the guest") < 0 ?
		       -1 : 0;
}

static const char *powercut_default_export(int readonly, int is_tls)
{
	(void)readonly;
	(void)is_tls;
	return disk;
}

static void *powercut_open(int readonly)
{
	const char *name = nbdkit_export_name();

	(void)readonly;
	if (name && (!*name || !strcmp(name, disk)))
		return disk;
	if (name && !strcmp(name, marks))
		return marks;
	nbdkit_error("there is no export %s", name ? name : "(none)");
	return NULL;
}

static int64_t powercut_get_size(void *handle)
{
	return handle == marks ? MARK_DISK_SIZE : config.size;
}

static int powercut_block_size(void *handle, uint32_t *minimum,
			       uint32_t *preferred, uint32_t *maximum)
{
	*minimum = handle == marks ? MARK_BLOCK_SIZE : (uint32_t)config.block;
	*preferred = *minimum > PREFERRED_BLOCK ? *minimum : PREFERRED_BLOCK;
	*maximum = MAX_REQUEST;
	return 0;
}

static int yes(void *handle)
{
	(void)handle;
	return 1;
}

static int no(void *handle)
{
	(void)handle;
	return 0;
}

static int is_disk(void *handle)
{
	return handle == disk;
}


static int powercut_can_fua(void *handle)
{
	(void)handle;
	return NBDKIT_FUA_NATIVE;
}

/* The result of a callback; never returns where the power is gone. */
static int reply(int err)
{
	while (err == -EHOSTDOWN)
		pause();
	if (err < 0) {
		nbdkit_error("%s", strerror(-err));
		nbdkit_set_error(-err);
		return -1;
	}
	return 0;
}

static int powercut_pread(void *handle, void *data, uint32_t count,
			  uint64_t offset, uint32_t flags)
{
	(void)flags;
	if (handle == marks) {
		memset(data, 0, count);
		return reply(recorder ? recorder_alive(recorder) : 0);
	}
	if (recorder)
		return reply(recorder_read(recorder, data, count, offset));
	return reply(server_read(server, data, count, offset));
}

static int powercut_pwrite(void *handle, const void *data, uint32_t count,
			   uint64_t offset, uint32_t flags)
{
	const struct request q = {
		.type = LOG_WRITE,
		.fua = !!(flags & NBDKIT_FLAG_FUA),
		.offset = offset,
		.length = count,
		.data = data,
	};

	if (handle == marks)
		return reply(recorder ? recorder_mark(recorder, data, count) :
					server_next(server));
	if (recorder)
		return reply(recorder_do(recorder, &q));
	return reply(server_write(server, data, count, offset));
}

static int clear(enum log_type type, uint32_t count, uint64_t offset,
		 uint32_t flags)
{
	const struct request q = {
		.type = type,
		.fua = !!(flags & NBDKIT_FLAG_FUA),
		.offset = offset,
		.length = count,
	};

	if (recorder)
		return reply(recorder_do(recorder, &q));
	return reply(server_zero(server, count, offset));
}

static int powercut_trim(void *handle, uint32_t count, uint64_t offset,
			 uint32_t flags)
{
	(void)handle;
	return clear(LOG_DISCARD, count, offset, flags);
}

static int powercut_zero(void *handle, uint32_t count, uint64_t offset,
			 uint32_t flags)
{
	(void)handle;
	return clear(LOG_ZEROES, count, offset, flags);
}

static int powercut_flush(void *handle, uint32_t flags)
{
	const struct request q = { .type = LOG_FLUSH };

	(void)flags;
	if (handle == marks)
		return reply(recorder ? recorder_alive(recorder) : 0);
	if (server)
		return reply(server_flush(server));
	return reply(recorder_do(recorder, &q));
}

static struct nbdkit_plugin plugin = {
	.name = "powercut",
	.longname = "powercut's emulated drive",
	.magic_config_key = "mode",
	.config = powercut_config,
	.config_complete = powercut_config_complete,
	.config_help = "mode=record|state  what the drive does\n"
		       "size=BYTES         of the disk (required)\n"
		       "block=BYTES        logical block size, default 512\n"
		       "control=PATH       control socket (required)\n"
		       "base=PATH          record: image to start from\n"
		       "log=PATH           record: the log (required)\n"
		       "scratch=DIR        state: for what the guest writes "
		       "(required)",
	.get_ready = powercut_get_ready,
	.after_fork = powercut_after_fork,
	.cleanup = powercut_cleanup,
	.unload = powercut_unload,
	.list_exports = powercut_list_exports,
	.default_export = powercut_default_export,
	.open = powercut_open,
	.get_size = powercut_get_size,
	.block_size = powercut_block_size,
	.can_flush = yes,
	.is_rotational = no,
	.can_trim = is_disk,
	.can_zero = is_disk,
	.can_fast_zero = is_disk,
	.can_fua = powercut_can_fua,
	.can_multi_conn = yes,
	.pread = powercut_pread,
	.pwrite = powercut_pwrite,
	.trim = powercut_trim,
	.zero = powercut_zero,
	.flush = powercut_flush,
	.errno_is_preserved = 1,
};

/* What the macro defines has no prototype in nbdkit's header. */
struct nbdkit_plugin *plugin_init(void);
NBDKIT_REGISTER_PLUGIN(plugin)

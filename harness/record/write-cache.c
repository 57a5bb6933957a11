#include "record/write-cache.h"

#include <errno.h>

#include "common/error.h"
#include "drive/model.h"
#include "vm/agent.h"

#define TIMEOUT_NS 30000000000ULL

/* Reads back: what the kernel shows is what the run is about. */
static const char script[] =
	"disk=$(readlink -f /dev/powercut-disk) &&"
	"file=/sys/block/${disk##*/}/queue/write_cache &&"
	"echo \"$0\" >\"$file\" &&"
	"test \"$(cat \"$file\")\" = \"$0\"";

int write_cache_show(struct agent *a, const struct cache_model *m,
		     struct error *e)
{
	const char *kind = model_is_volatile(m) ? "write back" :
						  "write through";
	const char *const argv[] = { "sh", "-c", script, kind, NULL };
	struct agent_run run = { .argv = argv, .timeout_ns = TIMEOUT_NS,
				 .tool = 1 };
	struct agent_result result = { 0 };
	int err = agent_run(a, &run, &result, e);

	if (err)
		return err;
	if (result.status != 0)
		err = error_set(e, EPROTO, "the guest's kernel does not show "
				"the drive's cache as \"%s\"%s%s", kind,
				result.err.len ? ": " : "",
				buf_text(&result.err));
	agent_result_free(&result);
	return err;
}

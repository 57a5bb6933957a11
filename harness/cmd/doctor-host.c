/* Doctor: whether states can be judged on this machine's own kernel. */
#include "cmd/doctor.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "host/host.h"
#include "host/writes.h"

/* Those that a scenario may name. */
static char *known_filesystems(void)
{
	static const char *const types[] = { "ext4",  "xfs",   "btrfs",
					     "f2fs",  "vfat",  "exfat",
					     "ext3",  "ext2",  "bcachefs",
					     NULL };
	struct buf list = BUF_INIT;

	for (size_t i = 0; types[i]; i++)
		if (host_knows(types[i]))
			buf_printf(&list, "%s%s", list.len ? ", " : "",
				   types[i]);
	return buf_take(&list);
}

static void check_tracing(struct diagnosis *d)
{
	struct error e = { 0 };

	if (writes_possible(&e))
		diagnosis_add(d, HEALTH_NOTE, "host", NULL,
			      "what the kernel writes is found by comparing: "
			      "%s", e.message);
}

void check_host(struct diagnosis *d)
{
	CLEANUP_FREE char *types = known_filesystems();
	struct error e = { 0 };

	if (host_possible("none", &e)) {
		diagnosis_add(d, HEALTH_NOTE, "host", e.hint[0] ? e.hint : NULL,
			      "%s", e.message);
		return;
	}
	diagnosis_add(d, HEALTH_OK, "host", NULL,
		      "check.on: host is possible: kernel %s with %s",
		      host_kernel(), *types ? types : "no file system");
	check_tracing(d);
}

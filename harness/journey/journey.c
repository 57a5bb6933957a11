#include "journey/journey.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"

static int check_calls(const struct calls *c, struct error *e)
{
	if (!c || !c->traced)
		return error_set(e, ENODATA, "the workload's system calls were "
				 "not traced");
	if (c->lost)
		return error_set(e, ENODATA, "%" PRIu64 " records of the "
				 "workload's system calls were lost", c->lost);
	return 0;
}

static char *find_doubt(const struct journey_input *in, int has_ext4)
{
	if (!in->layers || !in->layers->traced)
		return xstrdup("the kernel's tracepoints were not on");
	if (in->layers->lost)
		return xasprintf("%" PRIu64 " events of the kernel's "
				 "tracepoints were lost", in->layers->lost);
	if (!in->layers->drained)
		return xstrdup("the kernel's tracepoints end before the "
			       "recording does: what happened right before the "
			       "cut may be missing");
	if (!strcmp(in->filesystem, "ext4") && !has_ext4)
		return xstrdup("this journal of ext4 cannot be read");
	return NULL;
}

static void open_file_system(struct journey *j)
{
	const struct journey_input *in = &j->in;

	j->ext4.log_fd = -1;
	j->log_fd = open(in->history->log_path, O_RDONLY | O_CLOEXEC);
	if (!in->base)
		return;
	if (!strcmp(in->filesystem, "ext4"))
		j->has_ext4 = !ext4_open(in->history, in->base, in->base_arg,
					 &j->ext4, NULL);
	else
		journal_find(in->filesystem, in->base, in->base_arg,
			     &j->journal);
}

int journey_make(const struct journey_input *in, struct journey *ret,
		 struct error *e)
{
	int err = check_calls(in->calls, e);

	if (err)
		return err;
	*ret = (struct journey){ .in = *in };
	ret->durable = model_durable(in->history, in->model);
	journey_join_marks(ret);
	journey_find_anchors(ret);
	journey_find_operations(ret);
	open_file_system(ret);
	ret->doubt = find_doubt(in, ret->has_ext4);
	return 0;
}

void journey_release(struct journey *j)
{
	if (j->has_ext4)
		ext4_close(&j->ext4);
	if (j->log_fd >= 0)
		close(j->log_fd);
	free(j->operations);
	free(j->marks);
	free(j->anchors);
	free(j->durable);
	free(j->doubt);
	*j = (struct journey){ .n_operations = 0 };
}

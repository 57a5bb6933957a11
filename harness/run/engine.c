/*
 * Where states are judged: the pool, of guests or on this machine, and what it
 * needs.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"
#include "host/host.h"

static const struct checker_ops *place(const struct scenario *s)
{
	return s->check.on == CHECK_ON_HOST ? &checker_on_host :
					      &checker_in_guest;
}

static int pool_fits(const struct engine *en, const struct scenario *s,
		     const struct guest_image *image)
{
	return en->pool && pool_healthy(en->pool) &&
	       en->pool_place == place(s) &&
	       en->pool_memory == s->guest.memory &&
	       en->pool_disk == s->drive.size &&
	       en->pool_block == s->drive.block &&
	       en->pool_bus == s->drive.bus &&
	       !strcmp(en->image.kernel, image->kernel) &&
	       !strcmp(en->image.initrd, image->initrd) &&
	       !strcmp(en->image.root ? en->image.root : "",
		       image->root ? image->root : "");
}

static void stop_pool(struct engine *en)
{
	pool_stop(TAKE(en->pool));
	guest_image_release(&en->image);
	free(TAKE(en->pool_dir));
}

static int start_pool(struct engine *en, const struct scenario *s,
		      struct error *e)
{
	struct pool_config c = {
		.ops = place(s),
		.lab = en->lab,
		.image = &en->image,
		.memory = s->guest.memory,
		.disk_size = s->drive.size,
		.disk_block = s->drive.block,
		.bus = s->drive.bus,
		.checkers = en->checkers,
		.scratch = en->runs,
	};
	int err;

	en->pool_place = c.ops;
	en->pool_memory = c.memory;
	en->pool_disk = c.disk_size;
	en->pool_block = c.disk_block;
	en->pool_bus = c.bus;
	en->pool_dir = xasprintf("%s/checkers",
				 runtime_path(en->lab->runtime));
	c.dir = en->pool_dir;
	err = mkdir_p(en->pool_dir, e);
	return err ? err : pool_start(&c, &en->pool, e);
}

int engine_ready(struct engine *en, const struct scenario *s, struct error *e)
{
	struct guest_image image = { 0 };
	int err = s->check.on == CHECK_ON_HOST ?
			  host_possible(s->filesystem.type, e) : 0;

	if (!err)
		err = lab_image(en->lab, s, &image, e);
	if (err)
		return err;
	if (pool_fits(en, s, &image)) {
		guest_image_release(&image);
		return 0;
	}
	stop_pool(en);
	en->image = image;
	return start_pool(en, s, e);
}

void engine_release(struct engine *en)
{
	stop_pool(en);
}

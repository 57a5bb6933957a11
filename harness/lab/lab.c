#include "lab/lab.h"

#include <errno.h>

#include <stdlib.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/error.h"

int lab_open(const struct lab_options *o, struct lab *ret, struct error *e)
{
	struct lab lab = { 0 };
	int err = home_find(&lab.home, e);

	if (!err && access(lab.home.plugin, R_OK) < 0) {
		err = error_errno(e, errno, "the drive plugin %s is missing",
				  lab.home.plugin);
		error_hint(e, "run: make");
	}
	if (!err)
		err = runtime_create(o->runtime_dir, &lab.runtime, e);
	if (err) {
		home_release(&lab.home);
		return err;
	}
	*ret = lab;
	return 0;
}

int lab_connect(struct lab *lab, const struct lab_options *o, struct error *e)
{
	return vm_host_open(o->uri, runtime_path(lab->runtime), &lab->host, e);
}

void lab_close(struct lab *lab)
{
	vm_host_close(lab->host);
	runtime_free(lab->runtime);
	home_release(&lab->home);
	*lab = (struct lab){ 0 };
}

char *lab_accel(const struct lab *lab)
{
	const char *reason = vm_host_accel_reason(lab->host);

	if (!reason)
		return xstrdup(vm_host_accel(lab->host));
	return xasprintf("%s (%s)", vm_host_accel(lab->host), reason);
}

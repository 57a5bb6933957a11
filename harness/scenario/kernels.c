#include "scenario/kernels.h"

#include <stddef.h>
#include <string.h>

#include "scenario/filesystem.h"

const char *const kernel_names[] = { KERNEL_DEFAULT, "debian-6.12",
				     "debian-6.1-full", "debian-6.12-full",
				     NULL };

int kernel_is_named(const char *kernel)
{
	for (unsigned i = 0; kernel_names[i]; i++)
		if (!strcmp(kernel, kernel_names[i]))
			return 1;
	return 0;
}

const char *kernel_list(void)
{
	return "debian-6.1, debian-6.12, debian-6.1-full, debian-6.12-full";
}

const char *kernel_with(const char *filesystem)
{
	if (!filesystem_find(filesystem))
		return NULL;
	return strcmp(filesystem, "f2fs") ? KERNEL_DEFAULT : "debian-6.1-full";
}

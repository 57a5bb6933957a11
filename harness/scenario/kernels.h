/*
 * The kernels that a scenario may name: Debian 12's, each in the flavour for
 * clouds and in the full one. Any other guest.kernel is a path.
 */
#ifndef SCENARIO_KERNELS_H
#define SCENARIO_KERNELS_H

#define KERNEL_DEFAULT "debian-6.1"

/* NULL-terminated. */
extern const char *const kernel_names[];

int kernel_is_named(const char *kernel);
/* For a message: "debian-6.1, debian-6.12, ...". Static. */
const char *kernel_list(void);
/* The first that has the file system, or NULL where none has. Static. */
const char *kernel_with(const char *filesystem);

#endif

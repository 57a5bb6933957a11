/*
 * The equipment that all runs of one process share: powercut's own parts, the
 * runtime directory, the libvirt connection, the guest images.
 */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <stdint.h>

#include "lab/home.h"
#include "vm/runtime.h"
#include "vm/vm.h"

struct error;
struct scenario;

/* What a guest boots from. */
struct guest_image {
	char *kernel;  /* path */
	char *initrd;  /* path */
	char *cmdline; /* the kernel's whole command line */
	char *release; /* 6.1.0-... */
	char *root;    /* path of the programs' root file system, or NULL */
};

struct lab {
	struct home home;
	struct runtime *runtime;
	struct vm_host *host; /* NULL until lab_connect */
};

struct lab_options {
	const char *uri;         /* libvirt; NULL: embedded */
	const char *runtime_dir; /* parent of the runtime directory, or NULL */
};

/* Finds the parts, makes the runtime directory. Before any thread starts. */
int lab_open(const struct lab_options *o, struct lab *ret, struct error *e);
/* Connects to libvirt. Blocks 1 to 3 s. */
int lab_connect(struct lab *lab, const struct lab_options *o, struct error *e);
void lab_close(struct lab *lab);

/* The image for a scenario's guest.kernel, guest.image and filesystem.type.
 * Builds the one of another kernel than the usual (some seconds, cached by
 * content). One of Debian's is downloaded where it is not in the cache, with a
 * line on standard error: up to 110 MB.
 * -ENOENT: that kernel does not have the file system. lab/root.h for the
 * rest. */
int lab_image(const struct lab *lab, const struct scenario *s,
	      struct guest_image *ret, struct error *e);
void guest_image_release(struct guest_image *i);

/* "kvm", or "tcg (reason)". Caller frees. */
char *lab_accel(const struct lab *lab);

#endif

/* The guest's userland as a folder on this machine. */
#ifndef HOST_ROOT_H
#define HOST_ROOT_H

struct error;

/*
 * Unpacks the initramfs into a folder of the runtime directory, once per
 * process: whoever comes second finds it. Some 50 ms. Any thread may call.
 * Caller frees the path; the folder goes with the runtime directory.
 */
int host_root(const char *runtime_dir, const char *initrd, char **ret,
	      struct error *e);

#endif

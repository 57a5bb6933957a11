/*
 * Virtual machines by libvirt: the connection, boot, power off.
 *
 * One vm_host per process (qemu:///embed allows one per root). Its
 * event loop runs in a thread of its own. vm_boot and vm_destroy may be called
 * from several threads; a struct vm belongs to one thread at a time.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <stddef.h>
#include <stdint.h>

#include "vm/bus.h"

struct agent;
struct error;
struct vm;
struct vm_host;

/* runtime_dir: private and short, made by runtime_create() (vm/runtime.h).
 * uri NULL: qemu:///embed?root=RUNTIME_DIR/libvirt. Blocks 0.1 s, or some 3 s
 * where libvirt does not know this QEMU yet. Sets LIBVIRT_LOG_OUTPUTS: call it
 * before other threads read the environment. */
int vm_host_open(const char *uri, const char *runtime_dir,
		 struct vm_host **ret, struct error *e);
void vm_host_close(struct vm_host *h);

/* "kvm" or "tcg", and why not kvm (NULL if kvm). Borrowed, never changes. */
const char *vm_host_accel(const struct vm_host *h);
const char *vm_host_accel_reason(const struct vm_host *h);

/* Versions, such as "7.2.22". Borrowed, never change. */
const char *vm_host_qemu(const struct vm_host *h);
const char *vm_host_libvirt(const struct vm_host *h);

struct vm_config {
	const char *name;       /* of the guest; the domain is NAME-N */
	const char *kernel;     /* path of vmlinuz or vmlinux */
	const char *initrd;     /* path of the initramfs */
	const char *image;      /* path of the programs' root file system, an
				 * erofs file that is only read, or NULL */
	const char *cmdline;    /* the kernel's, or NULL; bus and scheduler
				 * are added */
	uint64_t memory;        /* bytes */
	const char *nbd_socket; /* unix socket with exports disk and marks */
	const char *marks_socket; /* with export marks, or NULL: the same */
	enum bus bus;           /* of the disk and the marks */
	const char *scheduler;  /* of the guest for the disk: none, mq-deadline,
				 * bfq, or NULL: what the kernel takes */
	uint32_t block;         /* logical block size of the disk, bytes */
	const char *console;    /* file that collects the serial console */
	int interactive;        /* console on a pty instead of the file */
	int wake;               /* ends the wait with -ECANCELED when readable;
				 * 0: none */
};

/* Starts the domain, waits for its agent. timeout_ns counts from the call. On
 * failure the error ends with the console's panic or last lines. Paths may be
 * relative. */
int vm_boot(struct vm_host *h, const struct vm_config *c, uint64_t timeout_ns,
	    struct vm **ret, struct error *e);
/* The agent's connection; borrowed, lives as long as the vm. */
struct agent *vm_agent(struct vm *vm);
/* interactive: path of the console's pty. Borrowed. */
const char *vm_pty(const struct vm *vm);
/* Nanoseconds from the libvirt call to the agent's hello. */
uint64_t vm_boot_ns(const struct vm *vm);
/* Power off, now; frees. The drive should be stopped first, or QEMU will want
 * to flush it. Blocks some 20 ms (with another URI than the default up to 2 s:
 * QEMU may drain first). NULL is allowed. */
void vm_destroy(struct vm *vm);

#endif

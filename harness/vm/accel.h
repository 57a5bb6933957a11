/* Whether this machine can use KVM. */
#ifndef VM_ACCEL_H
#define VM_ACCEL_H

struct error;

enum accel { ACCEL_KVM, ACCEL_TCG };

struct accel_choice {
	enum accel accel;
	char reason[256]; /* why not KVM; empty with KVM */
};

/*
 * KVM is usable when a virtual machine can be made with it (that the device
 * node is there says little in containers) and the processor runs it (inside
 * some virtual machines there is a KVM in software). Environment: POWERCUT_ACCEL=tcg
 * never uses KVM (other values: -EINVAL), POWERCUT_KVM=PATH is looked at
 * instead of /dev/kvm (libvirt and QEMU go on using /dev/kvm).
 */
int accel_choose(struct accel_choice *ret, struct error *e);
const char *accel_name(enum accel a);
/* Whether the processor helps KVM, from the text of /proc/cpuinfo: the flag
 * vmx or svm (Linux: arch/x86/include/asm/cpufeatures.h). One that lists no
 * flags is not doubted. */
int accel_is_hardware(const char *cpuinfo);

#endif

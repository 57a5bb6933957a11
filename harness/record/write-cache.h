/*
 * What the guest sees of the drive's write cache.
 *
 * A drive without a volatile cache has VWC 0 in its Identify Controller data
 * (NVM Express Base Specification), and Linux then sends it neither flushes nor
 * FUA. QEMU's NVMe always reports 1 (hw/nvme/ctrl.c, nvme_init_ctrl), but the
 * kernel's view can be told: /sys/block/DISK/queue/write_cache
 * (Documentation/ABI/stable/sysfs-block). "write through" there has the effect
 * of VWC 0: the block layer drops PREFLUSH and FUA before they reach the driver
 * (block/blk-core.c, submit_bio_noacct). What only the Identify data says
 * (nvme id-ctrl) stays as QEMU has it.
 */
#ifndef RECORD_WRITE_CACHE_H
#define RECORD_WRITE_CACHE_H

struct agent;
struct cache_model;
struct error;

/*
 * Tells the guest's kernel: "write back" for a volatile cache, "write through"
 * for none (mode writethrough or none, or power-loss protection). Before the
 * disk is mounted. -EPROTO where the kernel does not take it.
 */
int write_cache_show(struct agent *a, const struct cache_model *m,
		     struct error *e);

#endif

/* How the guest sees the drive: its controller. */
#ifndef VM_BUS_H
#define VM_BUS_H

enum bus { BUS_NVME, BUS_VIRTIO, BUS_SCSI };

#endif

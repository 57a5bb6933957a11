/*
 * Mount, unmount, and the kernel log lines that tell why. All of this may
 * block; it runs in the worker thread (worker.h).
 */
#ifndef GUEST_MOUNT_H
#define GUEST_MOUNT_H

#include <stddef.h>

struct buf;

/*
 * Splits options as mount -o takes them: the generic ones set or clear bits
 * of *ret_flags (mount(2)), the rest goes to the file system, in order, into
 * ret_data.
 */
void mount_options(const char *options, unsigned long *ret_flags,
		   struct buf *ret_data);

/* Flags that every mount gets, whatever is asked for. */
void mount_always(unsigned long flags);

/*
 * Return 0 or a positive errno; details are appended to ret_text.
 * umount_disk: whoever is left is killed, dir "" is not mounted, the device's
 * cached pages, the scratch folders' content and all that was written to the
 * image are gone. dir: as a program sees it. collect: it is also
 * the one that waits for the dead, or the main loop does.
 */
int mount_disk(const char *device, const char *dir, const char *type,
	       const char *options, struct buf *ret_text);
int umount_disk(const char *dir, const char *device, int collect,
		struct buf *ret_text);

/*
 * One request each: payload as in protocol.h. Return 0 or a positive errno;
 * details are appended to ret_text.
 */
int mount_request(const char *payload, size_t len, struct buf *ret_text);
int umount_request(const char *payload, size_t len, struct buf *ret_text);
int sync_request(const char *payload, size_t len, struct buf *ret_text);

/* Where the disk is mounted, as PID 1 sees it, or NULL. Caller frees. */
char *mount_place(void);

#endif

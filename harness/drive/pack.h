/* Logs at rest are compressed: PATH.zst instead of PATH. */
#ifndef DRIVE_PACK_H
#define DRIVE_PACK_H

struct error;

/* Compresses the log at `path`, which nobody uses any more, and removes it.
 * Readers find the one or the other, whole, at any time. */
int log_pack(const char *path, struct error *e);
/* Writes the log that was at `path` to the file `to`. -EBADMSG: damaged or cut
 * off; then `to` is removed. */
int log_unpack(const char *path, const char *to, struct error *e);

#endif

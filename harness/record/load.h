/* A recording, read back from its folder (record.h). */
#ifndef RECORD_LOAD_H
#define RECORD_LOAD_H

struct error;
struct history;

/*
 * The recording's log as a file to read at random: dir/drive.log, or where that
 * was compressed (drive/pack.h) the file `scratch`, unpacked. *ret is one of
 * the two names; caller frees it, and removes the scratch file.
 */
int record_log(const char *dir, const char *scratch, char **ret,
	       struct error *e);

/*
 * Loads the log (record_log) and joins it with dir/trace.bin: FUA per write.
 * The join must be exact or the recording is void (-EPROTO). An imported
 * recording (interchange/interchange.h) has no trace: its log says what had
 * FUA.
 */
int record_history(const char *dir, const char *log, struct history **ret,
		   struct error *e);

#endif

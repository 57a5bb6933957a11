/* powercut export --calls. */
#ifndef CMD_EXPORT_CALLS_H
#define CMD_EXPORT_CALLS_H

struct error;

/* Prints the system calls of the recording in a folder: one line each, or one
 * JSON object. -ENODATA: they were not traced. */
int export_calls(const char *folder, int json, struct error *e);

#endif

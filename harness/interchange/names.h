/* Inside the room: marks of the drive's log as texts of dm-log-writes. */
#ifndef INTERCHANGE_NAMES_H
#define INTERCHANGE_NAMES_H

#include "drive/log.h"

#define MARK_NAME_BASE "powercut:base"
#define MARK_NAME_ARM "powercut:arm"
#define MARK_NAME_STOP "powercut:stop"

/* The text for a mark. Caller frees. */
char *mark_name(enum mark_kind kind, const char *text);
/* The kind, and the text behind its prefix: inside `name`. */
enum mark_kind mark_parse(const char *name, const char **ret_text);

#endif

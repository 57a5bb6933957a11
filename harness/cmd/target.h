/* RUN or RUN@STATE on a command line. */
#ifndef CMD_TARGET_H
#define CMD_TARGET_H

#include "cmd/session.h"

struct error;

struct target {
	char *dir;    /* of the run */
	char *source; /* the recording's folder; NULL: the whole run */
	char *state;  /* CUT:SURVIVORS; NULL: the whole run */
};

int target_find(const struct session *s, const char *text, struct target *ret,
		struct error *e);
/* The same where a state is a must. */
int target_find_state(const struct session *s, const char *text,
		      struct target *ret, struct error *e);
void target_release(struct target *t);

#endif

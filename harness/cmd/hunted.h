/* What a hunt found, on standard output. */
#ifndef CMD_HUNTED_H
#define CMD_HUNTED_H

#include "hunt/hunt.h"

/* path: the scenario as it was typed. */
void hunted_text(const struct scenario *s, const char *path,
		 const struct hunt_result *r);
/* One object on one line; powercut-hunt(1) has its keys. */
void hunted_json(const struct scenario *s, const struct hunt_result *r);

#endif

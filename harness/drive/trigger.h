/* When the power fails by itself: drive_arm's cut_trigger, record by record. */
#ifndef DRIVE_TRIGGER_H
#define DRIVE_TRIGGER_H

#include <stddef.h>
#include <stdint.h>

#include "drive/drive.h"
#include "drive/log.h"

struct error;

struct trigger {
	enum cut_kind kind; /* CUT_RANDOM has become CUT_WRITE */
	uint64_t left;      /* of what is counted, until the cut */
	char *mark;         /* owned; NULL: any mark */
};

/* Checks what the controller asks for. The mark's text is copied. */
int trigger_init(struct trigger *t, const struct cut_trigger *from,
		 struct error *e);
void trigger_free(struct trigger *t);
/* Shown every record after ARM, once: whether the cut comes right behind it.
 * text: of a MARK. */
int trigger_sees(struct trigger *t, const struct log_record *r,
		 const char *text);

#endif

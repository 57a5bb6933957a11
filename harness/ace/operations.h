/* Part of model.c. */
#ifndef ACE_OPERATIONS_H
#define ACE_OPERATIONS_H

#include "ace/model.h"

/* Does it at m->now. Returns 0, or the positive errno that it fails with. */
int ace_do(struct ace_model *m, const struct ace_op *op);
/* Its number. There must be room. */
int ace_new_inode(struct ace_model *m, enum ace_type type);
/* The slot of a path, made if need be; NULL: its directory is not there, or no
 * slot is left. */
struct ace_slot *ace_slot_make(struct ace_model *m, const char *path);

#endif

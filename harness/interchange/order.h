/* What of a recording is logged, in the order of dm-log-writes (order.c). */
#ifndef INTERCHANGE_ORDER_H
#define INTERCHANGE_ORDER_H

#include <stddef.h>
#include <stdint.h>

struct command;
struct history;

/* Something to log: a command, or a mark (command NULL). In the order of at,
 * kind, then; positions are distinct otherwise. */
struct item {
	uint64_t at;
	enum { ITEM_CHANGE, ITEM_FLUSH, ITEM_MARK, ITEM_REST } kind;
	uint64_t then; /* changes: complete */
	const struct command *command;
	char *mark; /* owned */
};

struct items {
	struct item *at; /* owned; in order */
	size_t n;
	uint64_t in_flight; /* commands that never completed: none of these */
};

/* Borrows the history's commands. */
void items_collect(const struct history *h, struct items *ret);
void items_release(struct items *x);

#endif

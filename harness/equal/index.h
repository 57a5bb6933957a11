/*
 * An index of what decided: for each judged state the facts that decided its
 * verdict (units and what they held), to be found by a state that agrees with
 * all facts of one of them.
 *
 * It is a tree. An entry is the path of its facts, ordered by unit. From a node
 * one can go on with one or several units (entries that agree so far may have
 * asked for different units next), and from there by what the unit holds. To
 * look a state up is to walk down wherever it holds what is asked for: each step
 * is one lookup in one hash table, and branches that do not fit are not
 * entered, so it costs about as much as the facts of one entry, however many
 * entries there are. Entries share what they have in common.
 */
#ifndef EQUAL_INDEX_H
#define EQUAL_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct index;

/* A unit held this; two contents are equal if and only if the numbers are. */
struct fact {
	uint64_t unit, content;
};

/* At most so many facts altogether (some 80 bytes each). */
struct index *index_new(size_t max_facts);
void index_free(struct index *ix); /* NULL is allowed */

/* Facts by unit, ascending, each unit once. -ENOSPC: it is full, the entry was
 * not added. With the same facts as another entry: its value is the new
 * one. */
int index_add(struct index *ix, const struct fact *facts, size_t n,
	      uint32_t value);

/* An entry all of whose facts are true, by content(); its value, or -1: there
 * is none. content() is asked about units of entries only. */
typedef uint64_t content_fn(void *arg, uint64_t unit);
int64_t index_find(const struct index *ix, content_fn *content, void *arg);

#endif

/*
 * A YAML file in memory, with the position of everything in it.
 *
 * libcyaml tells what is wrong but not where; so the same bytes are loaded
 * with libyaml too, and every check of a scenario reports through here.
 *
 * The bytes are not trusted: at most DOCUMENT_MAX of them, one document, lists
 * and mappings at most DEPTH_MAX deep, at most NAMES_MAX anchors and tag
 * directives. Aliases stay references: whoever follows them must bound what
 * they expand to.
 */
#ifndef SCENARIO_DOCUMENT_H
#define SCENARIO_DOCUMENT_H

#include <stddef.h>
#include <yaml.h>

#define DOCUMENT_MAX (1u << 20) /* bytes */
#define DEPTH_MAX 32
#define NAMES_MAX 100

struct buf;
struct error;

struct document {
	const char *name; /* of the file, for messages; borrowed */
	const char *kind; /* what it is, for messages: a scenario */
	yaml_document_t yaml;
	int loaded;
};

/* -EINVAL: not YAML, -EFBIG: too large a file. On failure nothing is to release. */
int document_load(struct document *d, const char *name, const void *data,
		  size_t len, struct error *e);
void document_release(struct document *d);

/* In the list at the key of the root, each item that is text becomes the mapping
 * { as: TEXT }, with its position. */
void document_wrap_items(struct document *d, const char *key, const char *as);
/* The document as YAML, appended; it is gone then. */
void document_emit(struct document *d, struct buf *ret);

/* Text of a scalar node, or NULL. */
const char *node_text(const yaml_node_t *node);

/* Whether a path, such as "drive.cache.tear" or "cuts[2].at", is in the file. */
int document_has(struct document *d, const char *path);

/* Whether there is a mapping at that path. */
int document_is_mapping(struct document *d, const char *path);

/* "FILE:LINE:COLUMN" of a path, as document_error() has it. Caller frees. */
char *document_where(struct document *d, const char *path);

/*
 * All errors: "FILE:LINE:COLUMN: message", control characters replaced.
 * Returns -EINVAL. The first takes a place, the second a path: where
 * it is not in the file, the position is that of the innermost part of it that
 * is.
 */
int document_error_at(const struct document *d, yaml_mark_t mark,
		      struct error *e, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int document_error(struct document *d, const char *path, struct error *e,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif

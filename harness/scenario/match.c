/*
 * Walks a document beside the schema that libcyaml will load it with, so that
 * every error has a position, what was expected, and a suggestion. There is
 * one description of the file format, the schema: this knows no key by name.
 *
 * The walk goes no deeper than the schema, also where an alias refers to a
 * node around itself. Aliases are followed, each time they are used: what is
 * walked in all is therefore bounded, by the same size as a file, so that
 * neither this nor libcyaml expands a short file to gigabytes.
 */
#include "scenario/match.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/nearest.h"

#define PATH_LEN 128 /* schema keys and indices only: never reached */
#define WORDS_MAX 32

struct walk {
	struct document *d;
	struct error *e;
	char path[PATH_LEN]; /* of the node, "" for the root */
	char root[32];       /* what the root is called */
	size_t expanded;     /* bytes walked so far */
};

static int match(struct walk *w, yaml_node_t *node,
		 const cyaml_schema_value_t *schema);

/* Until the walk goes on. */
static const char *where(struct walk *w)
{
	if (*w->path)
		return w->path;
	snprintf(w->root, sizeof(w->root), "the %s", w->d->kind);
	return w->root;
}

/* "a, b or c" */
static void join(const char *const words[], struct buf *text)
{
	for (size_t i = 0; words[i]; i++)
		buf_printf(text, "%s%s",
			   !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

/* what; expected a, b or c; did you mean a? */
static int not_one_of(struct walk *w, yaml_mark_t mark, const char *what,
		      const char *given, const char *const words[])
{
	const char *nearest = nearest_word(given, words);
	struct buf text CLEANUP_BUF = BUF_INIT;

	join(words, &text);
	return document_error_at(w->d, mark, w->e, "%s; expected %s%s%s%s",
				 what, buf_text(&text),
				 nearest ? "; did you mean " : "",
				 nearest ? nearest : "", nearest ? "?" : "");
}

static const char *type_name(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return node->data.scalar.length ? "text" : "empty";
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	default:
		return "nothing";
	}
}

static int wrong_type(struct walk *w, const yaml_node_t *node,
		      const char *expected)
{
	return document_error_at(w->d, node->start_mark, w->e,
				 "%s is %s; expected %s", where(w),
				 type_name(node), expected);
}

static void field_names(const cyaml_schema_field_t *field,
			const char *words[WORDS_MAX])
{
	size_t n = 0;

	for (; field->key; field++) {
		assert(n < WORDS_MAX - 1);
		words[n++] = field->key;
	}
	words[n] = NULL;
}

/* A field with the key's name, or NULL with the error set. */
static const cyaml_schema_field_t *
match_key(struct walk *w, const yaml_node_t *key,
	  const cyaml_schema_field_t *fields)
{
	const char *text = node_text(key), *words[WORDS_MAX];
	char what[PATH_LEN + 128];

	field_names(fields, words);
	if (!text || strlen(text) != key->data.scalar.length) {
		wrong_type(w, key, "a key");
		return NULL;
	}
	for (const cyaml_schema_field_t *field = fields; field->key; field++)
		if (!strcmp(field->key, text))
			return field;
	snprintf(what, sizeof(what), "unknown key '%.60s' in %s", text,
		 where(w));
	not_one_of(w, key->start_mark, what, text, words);
	return NULL;
}

static int match_field(struct walk *w, yaml_node_t *value,
		       const cyaml_schema_field_t *field)
{
	size_t len = strlen(w->path);
	int err;

	snprintf(w->path + len, sizeof(w->path) - len, "%s%s",
		 len ? "." : "", field->key);
	err = match(w, value, &field->value);
	w->path[len] = '\0';
	return err;
}

static int missing_field(struct walk *w, const yaml_node_t *node,
			 const cyaml_schema_field_t *field)
{
	return document_error_at(w->d, node->start_mark, w->e,
				 "key '%s' is missing in %s; expected it here",
				 field->key, where(w));
}

static int match_mapping(struct walk *w, yaml_node_t *node,
			 const cyaml_schema_field_t *fields)
{
	const yaml_node_t *seen[WORDS_MAX] = { NULL };
	yaml_node_pair_t *pair;

	if (node->type != YAML_MAPPING_NODE)
		return wrong_type(w, node, "a mapping (key: value)");
	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key =
			yaml_document_get_node(&w->d->yaml, pair->key);
		const cyaml_schema_field_t *field = match_key(w, key, fields);
		int err;

		if (!field)
			return -EINVAL;
		if (seen[field - fields])
			return document_error_at(
				w->d, key->start_mark, w->e,
				"key '%s' appears again; expected it once, "
				"first in line %zu", field->key,
				seen[field - fields]->start_mark.line + 1);
		seen[field - fields] = key;
		err = match_field(w, yaml_document_get_node(&w->d->yaml,
							    pair->value),
				  field);
		if (err)
			return err;
	}
	for (size_t i = 0; fields[i].key; i++)
		if (!seen[i] && !(fields[i].value.flags & CYAML_FLAG_OPTIONAL))
			return missing_field(w, node, &fields[i]);
	return 0;
}

static int match_sequence(struct walk *w, yaml_node_t *node,
			  const cyaml_schema_value_t *schema)
{
	yaml_node_item_t *start = node->data.sequence.items.start;
	size_t len = strlen(w->path), count;

	if (node->type != YAML_SEQUENCE_NODE)
		return wrong_type(
			w, node,
			schema->sequence.entry->type == CYAML_MAPPING ?
				"a list of mappings, such as [{ key: value }]" :
				"a list, such as [program, argument]");
	count = (size_t)(node->data.sequence.items.top - start);
	if (count < schema->sequence.min || count > schema->sequence.max)
		return document_error_at(w->d, node->start_mark, w->e,
					 "%s has %zu items; expected %u to %u",
					 where(w), count, schema->sequence.min,
					 schema->sequence.max);
	for (size_t i = 0; i < count; i++) {
		int err;

		snprintf(w->path + len, sizeof(w->path) - len, "[%zu]", i);
		err = match(w, yaml_document_get_node(&w->d->yaml, start[i]),
			    schema->sequence.entry);
		w->path[len] = '\0';
		if (err)
			return err;
	}
	return 0;
}

static int match_string(struct walk *w, const yaml_node_t *node)
{
	const char *text = node_text(node);

	if (!text)
		return wrong_type(w, node, "text");
	if (strlen(text) != node->data.scalar.length)
		return document_error_at(w->d, node->start_mark, w->e,
					 "%s holds a NUL character; expected "
					 "text without", where(w));
	/* An empty value is more often a forgotten one. */
	if (!*text && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return wrong_type(w, node, "a value (\"\" for empty text)");
	return 0;
}

static int match_enum(struct walk *w, const yaml_node_t *node,
		      const cyaml_schema_value_t *schema)
{
	const char *text = node_text(node), *words[WORDS_MAX];
	uint32_t count = schema->enumeration.count;
	char what[PATH_LEN + 128];

	assert(count < WORDS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		words[i] = schema->enumeration.strings[i].str;
		if (text && !strcmp(words[i], text) &&
		    strlen(text) == node->data.scalar.length)
			return 0;
	}
	words[count] = NULL;
	snprintf(what, sizeof(what), "%s is %s%.60s%s", where(w),
		 text ? "'" : "", text ? text : type_name(node),
		 text ? "'" : "");
	return not_one_of(w, node->start_mark, what, text ? text : "", words);
}

static int count_expanded(struct walk *w, const yaml_node_t *node)
{
	size_t len = 1;

	if (node->type == YAML_SCALAR_NODE)
		len += node->data.scalar.length;
	w->expanded += len;
	if (w->expanded <= DOCUMENT_MAX)
		return 0;
	return document_error_at(w->d, node->start_mark, w->e,
				 "the aliases expand to too much; expected at "
				 "most %u bytes in all", DOCUMENT_MAX);
}

static int match(struct walk *w, yaml_node_t *node,
		 const cyaml_schema_value_t *schema)
{
	int err = count_expanded(w, node);

	if (err)
		return err;
	switch (schema->type) {
	case CYAML_MAPPING:
		return match_mapping(w, node, schema->mapping.fields);
	case CYAML_SEQUENCE:
		return match_sequence(w, node, schema);
	case CYAML_STRING:
		return match_string(w, node);
	case CYAML_ENUM:
		return match_enum(w, node, schema);
	default:
		assert(!"a schema type that match.h does not name");
		return -EINVAL;
	}
}

int document_match(struct document *d, const cyaml_schema_value_t *schema,
		   struct error *e)
{
	yaml_node_t *root = yaml_document_get_root_node(&d->yaml);
	struct walk w = { .d = d, .e = e };

	if (!root)
		return document_error_at(d, (yaml_mark_t){ 0, 0, 0 }, e,
					 "the file is empty; expected a "
					 "%s (key: value)", d->kind);
	return match(&w, root, schema);
}

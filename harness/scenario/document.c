#include "scenario/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/error.h"

const char *node_text(const yaml_node_t *node)
{
	if (!node || node->type != YAML_SCALAR_NODE)
		return NULL;
	return (const char *)node->data.scalar.value;
}

/* What a file holds must not control the terminal that shows it. */
static void disarm(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static int report(const struct document *d, yaml_mark_t mark, struct error *e,
		  const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static int report(const struct document *d, yaml_mark_t mark, struct error *e,
		  const char *fmt, va_list ap)
{
	char text[768];

	vsnprintf(text, sizeof(text), fmt, ap);
	disarm(text);
	return error_set(e, EINVAL, "%s:%zu:%zu: %s", d->name, mark.line + 1,
			 mark.column + 1, text);
}

int document_error_at(const struct document *d, yaml_mark_t mark,
		      struct error *e, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = report(d, mark, e, fmt, ap);
	va_end(ap);
	return err;
}

static yaml_node_t *find_key(struct document *d, yaml_node_t *map,
			     const char *key, size_t len)
{
	yaml_node_pair_t *pair;

	if (map->type != YAML_MAPPING_NODE)
		return NULL;
	for (pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++) {
		const char *text = node_text(
			yaml_document_get_node(&d->yaml, pair->key));

		if (text && strlen(text) == len && !memcmp(text, key, len))
			return yaml_document_get_node(&d->yaml, pair->value);
	}
	return NULL;
}

static yaml_node_t *find_item(struct document *d, yaml_node_t *list, size_t i)
{
	yaml_node_item_t *start = list->data.sequence.items.start;

	if (list->type != YAML_SEQUENCE_NODE ||
	    i >= (size_t)(list->data.sequence.items.top - start))
		return NULL;
	return yaml_document_get_node(&d->yaml, start[i]);
}

/* The node that the path leads to, or the last one on the way; *ret_all:
 * whether it is the former. */
static yaml_node_t *find(struct document *d, const char *path, int *ret_all)
{
	yaml_node_t *node = yaml_document_get_root_node(&d->yaml);

	while (node && *path) {
		size_t len = strcspn(path, ".[");
		yaml_node_t *next;

		if (*path == '[') {
			char *end;

			next = find_item(d, node, strtoul(path + 1, &end, 10));
			path = end + 1; /* behind the ] */
		} else {
			next = find_key(d, node, path, len);
			path += len;
		}
		if (*path == '.')
			path++;
		if (!next) {
			*ret_all = 0;
			return node;
		}
		node = next;
	}
	*ret_all = node != NULL;
	return node;
}

int document_has(struct document *d, const char *path)
{
	int all;

	find(d, path, &all);
	return all;
}

int document_is_mapping(struct document *d, const char *path)
{
	int all;
	yaml_node_t *node = find(d, path, &all);

	return all && node->type == YAML_MAPPING_NODE;
}

int document_error(struct document *d, const char *path, struct error *e,
		   const char *fmt, ...)
{
	yaml_mark_t start = { 0, 0, 0 };
	int err, all;
	yaml_node_t *node = find(d, path, &all);
	va_list ap;

	va_start(ap, fmt);
	err = report(d, node ? node->start_mark : start, e, fmt, ap);
	va_end(ap);
	return err;
}

char *document_where(struct document *d, const char *path)
{
	int all;
	yaml_node_t *node = find(d, path, &all);

	return xasprintf("%s:%zu:%zu", d->name,
			 node ? node->start_mark.line + 1 : 1,
			 node ? node->start_mark.column + 1 : 1);
}

/* libyaml's reader says where it failed in bytes only. */
static yaml_mark_t mark_of_offset(const char *data, size_t len, size_t offset)
{
	yaml_mark_t mark = { offset, 0, 0 };

	for (size_t i = 0; i < len && i < offset; i++) {
		mark.column++;
		if (data[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

static int not_yaml(const struct document *d, const yaml_parser_t *parser,
		    const char *data, size_t len, struct error *e)
{
	const char *problem = parser->problem ? parser->problem : "no reason";
	const char *context = parser->context ? parser->context : "";
	yaml_mark_t mark = parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		abort();
	if (parser->error == YAML_READER_ERROR)
		mark = mark_of_offset(data, len, parser->problem_offset);
	return document_error_at(d, mark, e, "not valid YAML: %s%s%s", problem,
				 *context ? " " : "", context);
}

/* A second document would be ignored: refuse it. */
static int expect_end(const struct document *d, yaml_parser_t *parser,
		      const char *data, size_t len, struct error *e)
{
	yaml_document_t more;
	yaml_node_t *root;
	int err = 0;

	if (!yaml_parser_load(parser, &more))
		return not_yaml(d, parser, data, len, e);
	root = yaml_document_get_root_node(&more);
	if (root)
		err = document_error_at(d, more.start_mark, e,
					"a second document; expected one "
					"%s in a file", d->kind);
	yaml_document_delete(&more);
	return err;
}

/*
 * libyaml 0.2.5 takes time quadratic in the depth, and in the number of
 * anchors and of tag directives: a megabyte of them is minutes. So its scanner
 * goes first, token by token, and stops where a limit is passed. What is no
 * YAML is left for the parser to report.
 */
struct scan {
	unsigned int depth, names;
};

static void count_token(struct scan *scan, yaml_token_type_t type)
{
	switch (type) {
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
		scan->depth++;
		break;
	case YAML_BLOCK_END_TOKEN:
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
		scan->depth -= scan->depth > 0;
		break;
	case YAML_ANCHOR_TOKEN:
	case YAML_TAG_DIRECTIVE_TOKEN:
		scan->names++;
		break;
	default:
		break;
	}
}

static int check_limits(const struct document *d, const char *data,
			size_t len, struct error *e)
{
	struct scan scan = { 0, 0 };
	yaml_parser_t parser;
	yaml_token_t token;
	int err = 0, end = 0;

	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, (const yaml_char_t *)data, len);
	while (!err && !end && yaml_parser_scan(&parser, &token)) {
		count_token(&scan, token.type);
		if (scan.depth > DEPTH_MAX)
			err = document_error_at(d, token.start_mark, e,
						"nested too deep; expected at "
						"most %d levels", DEPTH_MAX);
		else if (scan.names > NAMES_MAX)
			err = document_error_at(d, token.start_mark, e,
						"too many anchors; expected "
						"at most %d", NAMES_MAX);
		end = token.type == YAML_STREAM_END_TOKEN;
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
	return err;
}

int document_load(struct document *d, const char *name, const void *data,
		  size_t len, struct error *e)
{
	yaml_parser_t parser;
	int err = 0;

	*d = (struct document){ .name = name, .kind = "scenario" };
	if (len > DOCUMENT_MAX)
		return error_set(e, EFBIG, "%s:1:1: the file is too large; "
				 "expected at most %u bytes", name,
				 DOCUMENT_MAX);
	err = check_limits(d, data, len, e);
	if (err)
		return err;
	if (!yaml_parser_initialize(&parser))
		abort();
	yaml_parser_set_input_string(&parser, data, len);
	if (!yaml_parser_load(&parser, &d->yaml)) {
		err = not_yaml(d, &parser, data, len, e);
	} else {
		d->loaded = 1;
		/* At the end of the stream there is no more to load. */
		if (yaml_document_get_root_node(&d->yaml))
			err = expect_end(d, &parser, data, len, e);
	}
	yaml_parser_delete(&parser);
	if (err)
		document_release(d);
	return err;
}

/* ---- changing it ---- */

static int wrapped(struct document *d, int item, const char *as)
{
	yaml_mark_t mark = yaml_document_get_node(&d->yaml, item)->start_mark;
	int map = yaml_document_add_mapping(&d->yaml, NULL,
					    YAML_FLOW_MAPPING_STYLE);
	int key = yaml_document_add_scalar(&d->yaml, NULL,
					   (const yaml_char_t *)as, -1,
					   YAML_PLAIN_SCALAR_STYLE);

	if (!map || !key ||
	    !yaml_document_append_mapping_pair(&d->yaml, map, key, item))
		abort(); /* memory is out */
	yaml_document_get_node(&d->yaml, map)->start_mark = mark;
	yaml_document_get_node(&d->yaml, key)->start_mark = mark;
	return map;
}

void document_wrap_items(struct document *d, const char *key, const char *as)
{
	int all;
	yaml_node_t *list = find(d, key, &all);
	size_t n;

	if (!all || list->type != YAML_SEQUENCE_NODE)
		return;
	n = (size_t)(list->data.sequence.items.top -
		     list->data.sequence.items.start);
	for (size_t i = 0; i < n; i++) {
		int item = list->data.sequence.items.start[i];

		if (yaml_document_get_node(&d->yaml, item)->type !=
		    YAML_SCALAR_NODE)
			continue;
		item = wrapped(d, item, as);
		/* nodes move when there are more of them */
		list = find(d, key, &all);
		list->data.sequence.items.start[i] = item;
	}
}

static int to_buf(void *arg, unsigned char *data, size_t len)
{
	buf_add(arg, data, len);
	return 1;
}

void document_emit(struct document *d, struct buf *ret)
{
	yaml_emitter_t emitter;

	if (!yaml_emitter_initialize(&emitter))
		abort();
	yaml_emitter_set_output(&emitter, to_buf, ret);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	d->loaded = 0; /* the emitter takes it over */
	if (!yaml_emitter_open(&emitter) ||
	    !yaml_emitter_dump(&emitter, &d->yaml) ||
	    !yaml_emitter_close(&emitter))
		abort(); /* memory is out: it was valid YAML */
	yaml_emitter_delete(&emitter);
}

void document_release(struct document *d)
{
	if (d->loaded)
		yaml_document_delete(&d->yaml);
	d->loaded = 0;
}

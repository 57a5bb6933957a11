#include "cmd/export-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "trace/calls.h"

static void set_number(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

/* A guest's bytes may be no UTF-8: jansson refuses those. */
static void set_text(json_t *o, const char *key, const char *text)
{
	json_t *value = json_string(text);
	CLEANUP_FREE char *copy = NULL;

	if (!value) {
		copy = xstrdup(text);
		for (char *p = copy; *p; p++)
			if (*p & 0x80)
				*p = '?';
		value = json_string(copy);
	}
	json_object_set_new(o, key, value);
}

static json_t *flags_of(const struct call *c)
{
	static const struct {
		uint32_t bits;
		const char *name;
	} names[] = {
		{ O_APPEND, "append" },
		{ O_DIRECT, "direct" },
		{ O_SYNC, "sync" },
		{ O_DSYNC, "dsync" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((c->file_flags & names[i].bits) == names[i].bits)
			json_array_append_new(list,
					      json_string(names[i].name));
	return list;
}

static json_t *stack_of(const struct call *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_frames; i++) {
		CLEANUP_FREE char *at =
			xasprintf("0x%" PRIx64, c->frames[i].address);
		json_t *frame = json_object();

		set_text(frame, "object", c->frames[i].object);
		set_text(frame, "address", at);
		json_array_append_new(list, frame);
	}
	return list;
}

static json_t *json_of(const struct call *c)
{
	CLEANUP_FREE char *hash = xasprintf("%016" PRIx64, c->hash);
	json_t *o = json_object();

	set_number(o, "number", c->number);
	set_text(o, "kind", call_kind_name(c->kind));
	set_text(o, "call", c->name);
	set_text(o, "program", c->program);
	set_number(o, "pid", (uint64_t)c->pid);
	set_number(o, "tid", (uint64_t)c->tid);
	set_number(o, "enter_ns", c->enter_ns);
	if (c->exit_ns) {
		set_number(o, "exit_ns", c->exit_ns);
		set_number(o, "result", (uint64_t)c->result);
	}
	set_text(o, "path", c->path);
	set_text(o, "path2", c->path2);
	set_number(o, "inode", c->inode);
	if (c->offset != CALL_NOWHERE)
		set_number(o, "offset", c->offset);
	set_number(o, "length", c->length);
	json_object_set_new(o, "file_flags", flags_of(c));
	if (c->hash)
		set_text(o, "xxh3", hash);
	json_object_set_new(o, "injected", json_boolean(c->injected));
	json_object_set_new(o, "stack", stack_of(c));
	return o;
}

static void print_json(const struct call *c)
{
	json_t *o = json_of(c);

	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

/* What a guest says may end on a terminal. */
static void print_text(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 0x7f ? '?' :
								      *text);
}

static void print_line(const struct call *c, uint64_t start)
{
	printf("%6" PRIu64 " %12.6f %6d ", c->number,
	       (double)(c->enter_ns - start) / 1e9, c->tid);
	print_text(c->program);
	printf(" %s%s ", c->name, c->injected ? " (added)" : "");
	print_text(c->path);
	if (*c->path2)
		printf("%s", c->kind == CALL_MARK ? " " : " -> ");
	print_text(c->path2);
	if (c->offset != CALL_NOWHERE)
		printf(" at %" PRIu64, c->offset);
	if (c->length && c->kind != CALL_MARK)
		printf(" %" PRIu64 " bytes", c->length);
	if (!c->exit_ns)
		printf(": had not returned\n");
	else if (c->result < 0)
		printf(": %s\n", strerror((int)-c->result));
	else
		printf(": %" PRId64 "\n", c->result);
}

/* What is not known stands on standard error, so that no list passes for more
 * than it is. */
static void print_doubt(const struct calls *c)
{
	if (!c->ended)
		fputs("powercut: the list may not be whole: it has no end\n",
		      stderr);
	if (c->lost)
		fprintf(stderr, "powercut: %" PRIu64 " records were lost\n",
			c->lost);
}

int export_calls(const char *folder, int json, struct error *e)
{
	CLEANUP_FREE char *path = xasprintf("%s/trace.bin", folder);
	struct calls *calls = NULL;
	int err = calls_load(path, &calls, e);

	if (err)
		return err;
	if (!calls->traced)
		err = error_set(e, ENODATA, "the system calls of this recording "
				"were not traced");
	for (size_t i = 0; i < calls->n && !err; i++) {
		if (json)
			print_json(&calls->calls[i]);
		else
			print_line(&calls->calls[i], calls->calls[0].enter_ns);
	}
	if (!err)
		print_doubt(calls);
	calls_free(calls);
	return err;
}

#include "drive/plugin/verbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/quantity.h"
#include "drive/record.h"
#include "drive/serve.h"

#define MAX_FIELDS 6

struct request_line {
	const struct drive_engine *d;
	char *fields[MAX_FIELDS]; /* behind the verb */
	const void *bulk;
	struct buf *answer;
};

static int answer_position(struct request_line *q, int err, uint64_t position)
{
	if (!err)
		buf_printf(q->answer, "ok\t%" PRIu64 "\n", position);
	return err;
}

static int answer_ok(struct request_line *q, int err)
{
	if (!err)
		buf_puts(q->answer, "ok\n");
	return err;
}

static int run_base(struct request_line *q, struct error *e)
{
	uint64_t position = 0;
	int err = recorder_base(q->d->recorder, &position, e);

	return answer_position(q, err, position);
}

static int run_stop(struct request_line *q, struct error *e)
{
	uint64_t position = 0;
	int err = recorder_stop(q->d->recorder, &position, e);

	return answer_position(q, err, position);
}

static int run_arm(struct request_line *q, struct error *e)
{
	struct cut_trigger t = { .mark = q->fields[4] };
	uint64_t kind, position = 0;
	int err = parse_count(q->fields[0], &kind, e);

	if (!err)
		err = parse_count(q->fields[1], &t.nth, e);
	if (!err)
		err = parse_count(q->fields[2], &t.time_ns, e);
	if (!err)
		err = parse_count(q->fields[3], &t.seed, e);
	if (!err && kind > CUT_RANDOM)
		err = error_set(e, EINVAL, "unknown kind of cut %" PRIu64,
				kind);
	if (err)
		return err;
	t.kind = (enum cut_kind)kind;
	err = recorder_arm(q->d->recorder, &t, &position, e);
	return answer_position(q, err, position);
}

static int run_cut(struct request_line *q, struct error *e)
{
	uint64_t position = 0;
	int err = recorder_cut(q->d->recorder, &position, e);

	return answer_position(q, err, position);
}

static int run_was_cut(struct request_line *q, struct error *e)
{
	uint64_t position = 0;
	int cut = 0;
	int err = recorder_was_cut(q->d->recorder, &cut, &position, e);

	if (!err)
		buf_printf(q->answer, "ok\t%d\t%" PRIu64 "\n", cut, position);
	return err;
}

static int run_dump(struct request_line *q, struct error *e)
{
	int durable = !strcmp(q->fields[0], "durable");

	if (!durable && strcmp(q->fields[0], "latest"))
		return error_set(e, EINVAL, "dump: expected latest or durable");
	return answer_ok(q, recorder_dump(q->d->recorder, durable,
					  q->fields[1], e));
}

static int run_stats(struct request_line *q, struct error *e)
{
	struct drive_stats s;
	int err = recorder_stats(q->d->recorder, &s, e);

	if (err < 0)
		return err;
	buf_printf(q->answer,
		   "ok\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
		   "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
		   "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%d\n",
		   s.reads, s.writes, s.zeroes, s.discards, s.flushes, s.marks,
		   s.fua, s.bytes_written, s.bytes_read, s.volatile_writes,
		   s.in_flight, s.frozen);
	return 0;
}

static int run_seal(struct request_line *q, struct error *e)
{
	return answer_ok(q, recorder_seal(q->d->recorder, e));
}

static int run_load(struct request_line *q, struct error *e)
{
	uint64_t unit_size;
	int err = parse_count(q->fields[0], &unit_size, e);

	if (!err && unit_size > UINT32_MAX)
		err = error_set(e, EINVAL, "the unit size is too large");
	if (!err)
		err = server_load(q->d->server, q->fields[1], q->fields[2],
				  q->fields[3], (uint32_t)unit_size, e);
	return answer_ok(q, err);
}

static int with_patches(struct request_line *q,
			int (*fn)(struct server *s, const struct patch *patches,
				  size_t n, struct error *e),
			struct error *e)
{
	CLEANUP_FREE struct patch *patches = NULL;
	uint64_t n;
	int err = parse_count(q->fields[0], &n, e);

	if (err < 0)
		return err;
	/* The bytes in the buffer are not aligned. */
	patches = xmalloc((size_t)n * sizeof(*patches));
	memcpy(patches, q->bulk, (size_t)n * sizeof(*patches));
	return answer_ok(q, fn(q->d->server, patches, (size_t)n, e));
}

static int run_state(struct request_line *q, struct error *e)
{
	return with_patches(q, server_set_state, e);
}

static int run_queue(struct request_line *q, struct error *e)
{
	return with_patches(q, server_queue_state, e);
}

static int run_access(struct request_line *q, struct error *e)
{
	uint64_t access;
	int err = parse_count(q->fields[0], &access, e);

	if (!err && access > DRIVE_GONE)
		err = error_set(e, EINVAL, "unknown access %" PRIu64, access);
	if (!err)
		server_set_access(q->d->server, (enum drive_access)access);
	return answer_ok(q, err);
}

static int run_health(struct request_line *q, struct error *e)
{
	(void)e;
	buf_printf(q->answer, "ok\t%d\n", -server_health(q->d->server));
	return 0;
}

static int run_mounted(struct request_line *q, struct error *e)
{
	struct unit_run asked = { 0, 0 };
	struct drive_written w;
	int err = parse_count(q->fields[0], &asked.first, e);

	if (!err)
		err = parse_count(q->fields[1], &asked.count, e);
	if (!err)
		err = server_mounted(q->d->server, &asked, &w, e);
	if (!err)
		buf_printf(q->answer,
			   "ok\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
			   "\t%" PRIu64 "\n",
			   w.hash_low, w.hash_high, w.units, w.of_asked);
	return err;
}

static int run_reads(struct request_line *q, struct error *e)
{
	struct drive_reads r;

	(void)e;
	server_reads(q->d->server, r.runs, r.n);
	buf_puts(q->answer, "ok");
	for (int i = 0; i < DRIVE_PHASES; i++)
		buf_printf(q->answer, "\t%zu", r.n[i]);
	buf_puts(q->answer, "\n");
	for (int i = 0; i < DRIVE_PHASES; i++) {
		buf_add(q->answer, r.runs[i], r.n[i] * sizeof(*r.runs[i]));
		free(r.runs[i]);
	}
	return 0;
}

static const struct verb {
	const char *name;
	size_t n_fields;
	int of_recorder; /* else of the server */
	int (*run)(struct request_line *q, struct error *e);
} verbs[] = {
	{ "base", 0, 1, run_base },
	{ "stop", 0, 1, run_stop },
	{ "arm", 5, 1, run_arm },
	{ "cut", 0, 1, run_cut },
	{ "was-cut", 0, 1, run_was_cut },
	{ "dump", 2, 1, run_dump },
	{ "stats", 0, 1, run_stats },
	{ "seal", 0, 1, run_seal },
	{ "load", 4, 0, run_load },
	{ "state", 1, 0, run_state },
	{ "access", 1, 0, run_access },
	{ "queue", 1, 0, run_queue },
	{ "health", 0, 0, run_health },
	{ "mounted", 2, 0, run_mounted },
	{ "reads", 0, 0, run_reads },
	{ NULL, 0, 0, NULL },
};

/* Cuts the line at its tabs, at most n fields behind the verb; how many. */
static size_t split(char *line, char *fields[], size_t n)
{
	char *tab = strchr(line, '\t');
	size_t i = 0;

	while (tab && i < n) {
		*tab = '\0';
		fields[i++] = tab + 1;
		tab = strchr(tab + 1, '\t');
	}
	return i;
}

static const struct verb *find_verb(const char *line)
{
	size_t len = strcspn(line, "\t");

	for (const struct verb *v = verbs; v->name; v++)
		if (strlen(v->name) == len && !strncmp(v->name, line, len))
			return v;
	return NULL;
}

int verb_bulk(const struct drive_engine *d, const char *line,
	      uint64_t *ret_bulk, struct error *e)
{
	uint64_t n;
	int err;

	*ret_bulk = 0;
	if (!d->server || (strncmp(line, "state\t", 6) &&
			   strncmp(line, "queue\t", 6)))
		return 0;
	err = parse_count(line + 6, &n, e);
	if (err < 0)
		return err;
	if (n > server_units(d->server))
		return error_set(e, E2BIG, "more patches than units");
	*ret_bulk = n * sizeof(struct patch);
	return 0;
}

int verb_run(const struct drive_engine *d, char *line, const void *bulk,
	     struct buf *ret_answer, struct error *e)
{
	const struct verb *v = find_verb(line);
	struct request_line q = { .d = d, .bulk = bulk, .answer = ret_answer };

	if (!v)
		return error_set(e, EINVAL, "unknown request '%.40s'", line);
	if (!(v->of_recorder ? (void *)d->recorder : (void *)d->server))
		return error_set(e, ENOTSUP, "%s: not in this mode", v->name);
	if (split(line, q.fields, v->n_fields) != v->n_fields)
		return error_set(e, EINVAL, "%s needs %zu fields", v->name,
				 v->n_fields);
	return v->run(&q, e);
}

/*
 * A scenario as YAML, with every default spelled out.
 *
 * Built as a libyaml document and emitted by libyaml, so that any text comes
 * back as it was. What means "unlimited" or "not given" and has no word in
 * the format is written as the value that loads back to it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "scenario/scenario.h"
#include "scenario/schema.h"

/* A node's number; libyaml gives 0 only when memory is out. */
static int node(int id)
{
	if (!id)
		abort();
	return id;
}

static int scalar(yaml_document_t *d, const char *text, int style)
{
	return node(yaml_document_add_scalar(
		d, NULL, (const yaml_char_t *)text, (int)strlen(text),
		(yaml_scalar_style_t)style));
}

static int mapping(yaml_document_t *d)
{
	return node(yaml_document_add_mapping(d, NULL,
					      YAML_BLOCK_MAPPING_STYLE));
}

static int put(yaml_document_t *d, int map, const char *key, int value)
{
	int k = scalar(d, key, YAML_PLAIN_SCALAR_STYLE);

	node(yaml_document_append_mapping_pair(d, map, k, value));
	return value;
}

static int put_mapping(yaml_document_t *d, int map, const char *key)
{
	return put(d, map, key, mapping(d));
}

/* A word of the format, or a number. */
static void put_word(yaml_document_t *d, int map, const char *key,
		     const char *word)
{
	put(d, map, key, scalar(d, word, YAML_PLAIN_SCALAR_STYLE));
}

/* The user's text: quoted, it is never taken for anything else. */
static void put_text(yaml_document_t *d, int map, const char *key,
		     const char *text)
{
	put(d, map, key, scalar(d, text, YAML_DOUBLE_QUOTED_SCALAR_STYLE));
}

struct unit {
	const char *name;
	uint64_t factor;
};

/* In the largest unit that is exact; the last one is 1. Caller frees. */
static char *quantity(uint64_t n, const struct unit *unit)
{
	while (unit->factor > 1 && (!n || n % unit->factor))
		unit++;
	return xasprintf("%" PRIu64 "%s", n / unit->factor, unit->name);
}

static void put_quantity(yaml_document_t *d, int map, const char *key,
			 uint64_t n, const struct unit *unit)
{
	CLEANUP_FREE char *text = quantity(n, unit);

	put_word(d, map, key, text);
}

static void put_size(yaml_document_t *d, int map, const char *key, uint64_t n)
{
	static const struct unit units[] = {
		{ "GiB", 1 << 30 }, { "MiB", 1 << 20 }, { "KiB", 1 << 10 },
		{ "", 1 },
	};

	put_quantity(d, map, key, n, units);
}

static const struct unit durations[] = {
	{ "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 },
};

static void put_duration(yaml_document_t *d, int map, const char *key,
			 uint64_t ns)
{
	put_quantity(d, map, key, ns, durations);
}

/* UINT64_MAX: the word for no limit. */
static void put_limit(yaml_document_t *d, int map, const char *key, uint64_t n,
		      const char *no_limit,
		      void (*put_n)(yaml_document_t *, int, const char *,
				    uint64_t))
{
	if (n == UINT64_MAX)
		put_word(d, map, key, no_limit);
	else
		put_n(d, map, key, n);
}

static void put_count(yaml_document_t *d, int map, const char *key, uint64_t n)
{
	static const struct unit units[] = { { "", 1 } };

	put_quantity(d, map, key, n, units);
}

static void put_percent(yaml_document_t *d, int map, const char *key,
			uint64_t ppm)
{
	CLEANUP_FREE char *text = xasprintf("%.10g%%", (double)ppm / 10000);

	put_word(d, map, key, text);
}

static int put_list(yaml_document_t *d, int map, const char *key, int style)
{
	return put(d, map, key,
		   node(yaml_document_add_sequence(
			   d, NULL, (yaml_sequence_style_t)style)));
}

/* argv NULL: the key stays out, which is its default. */
static void put_argv(yaml_document_t *d, int map, const char *key, char **argv)
{
	int list;

	if (!argv)
		return;
	list = put_list(d, map, key, YAML_FLOW_SEQUENCE_STYLE);
	for (; *argv; argv++)
		node(yaml_document_append_sequence_item(
			d, list,
			scalar(d, *argv, YAML_DOUBLE_QUOTED_SCALAR_STYLE)));
}

static void put_guest(yaml_document_t *d, int root, const struct scenario *s)
{
	int guest = put_mapping(d, root, "guest");

	put_text(d, guest, "kernel", s->guest.kernel);
	put_text(d, guest, "image", s->guest.image);
	if (s->guest.packages && *s->guest.packages)
		put_argv(d, guest, "packages", s->guest.packages);
	else
		put_list(d, guest, "packages", YAML_FLOW_SEQUENCE_STYLE);
	put_size(d, guest, "memory", s->guest.memory);
	put_word(d, guest, "trace",
		 word_of(guest_trace_words, (int)s->guest.trace));
}

/* A fault's mapping with its count; -1: the drive does not have it. */
static int put_fault(yaml_document_t *d, int faults,
		     const struct fault_model *m, enum fault f)
{
	int map;

	if (!m->count[f])
		return -1;
	map = put_mapping(d, faults, fault_key(f));
	put_count(d, map, "count", m->count[f]);
	return map;
}

/* A drive that keeps to its contract has no such key. */
static void put_faults(yaml_document_t *d, int drive,
		       const struct fault_model *m)
{
	int faults, map;

	if (!fault_model_any(m))
		return;
	faults = put_mapping(d, drive, "faults");
	if ((map = put_fault(d, faults, m, FAULT_BIT_CORRUPTION)) >= 0)
		put_count(d, map, "bits", m->bits);
	if ((map = put_fault(d, faults, m, FAULT_SHORN)) >= 0)
		put_size(d, map, "keep", m->keep);
	if ((map = put_fault(d, faults, m, FAULT_FLYING)) >= 0)
		put_size(d, map, "distance", m->distance);
	if ((map = put_fault(d, faults, m, FAULT_UNSERIALIZABLE)) >= 0)
		put_count(d, map, "window", m->window);
	if ((map = put_fault(d, faults, m, FAULT_METADATA)) >= 0) {
		put_count(d, map, "checkpoint", m->checkpoint);
		put_size(d, map, "region", m->region);
	}
	if (m->count[FAULT_READ_ONLY] || m->count[FAULT_GONE])
		put_word(d, faults, "dead",
			 word_of(dead_words, m->count[FAULT_GONE] ?
						     RAW_DEAD_GONE :
						     RAW_DEAD_READ_ONLY));
}

static void put_drive(yaml_document_t *d, int root, const struct scenario *s)
{
	int drive = put_mapping(d, root, "drive"), cache;
	const struct cache_model *m = &s->drive.cache;

	put_word(d, drive, "bus", word_of(bus_words, s->drive.bus));
	if (s->drive.scheduler)
		put_word(d, drive, "scheduler", scenario_scheduler(s));
	put_size(d, drive, "size", s->drive.size);
	put_size(d, drive, "block", s->drive.block);
	if (s->drive.latency_ns)
		put_duration(d, drive, "latency", s->drive.latency_ns);
	cache = put_mapping(d, drive, "cache");
	put_word(d, cache, "mode",
		 word_of(cache_mode_words, m->mode));
	put_limit(d, cache, "capacity", m->capacity, "unlimited", put_size);
	put_limit(d, cache, "destage", m->destage_ns, "never", put_duration);
	put_word(d, cache, "order",
		 word_of(cache_order_words, m->order));
	put_size(d, cache, "tear", m->tear);
	put_word(d, cache, "flush", word_of(flush_words, m->flush_ignored ? FLUSH_IGNORED :
						       FLUSH_HONEST));
	put_word(d, cache, "fua", word_of(fua_words, m->fua_ignored ? FUA_IGNORED : FUA_HONORED));
	put_word(d, cache, "power_loss_protection",
		 word_of(bool_words, m->plp));
	put_faults(d, drive, &m->faults);
}

static void put_filesystem(yaml_document_t *d, int root,
			   const struct scenario *s)
{
	int fs = put_mapping(d, root, "filesystem");

	put_word(d, fs, "type", s->filesystem.type);
	put_text(d, fs, "mkfs", s->filesystem.mkfs);
	put_text(d, fs, "mount", s->filesystem.mount);
}

static void put_workload(yaml_document_t *d, int root, const struct scenario *s)
{
	int workload = put_mapping(d, root, "workload");

	put_argv(d, workload, "setup", s->workload.setup);
	put_argv(d, workload, "run", s->workload.run);
	put_duration(d, workload, "timeout", s->workload.timeout_ns);
}

static void put_at(yaml_document_t *d, int item, const struct cut_rule *rule)
{
	int at = put_mapping(d, item, "at");

	if (rule->kind == CUTS_AT_TIME)
		put_duration(d, at, "after", rule->time_ns);
	else if (rule->kind == CUTS_AT_WRITE)
		put_count(d, at, "write", rule->nth);
	else if (rule->kind == CUTS_AT_FLUSH)
		put_count(d, at, "flush", rule->nth);
	else
		put_text(d, at, "mark", rule->mark);
	if (rule->kind == CUTS_AT_MARK && rule->nth)
		put_count(d, at, "nth", rule->nth);
}

static void put_cut(yaml_document_t *d, int item, const struct cut_rule *rule)
{
	if (rule->kind == CUTS_EVERY_WRITE)
		put_word(d, item, "every", "write");
	else if (rule->kind == CUTS_EVERY_FLUSH)
		put_word(d, item, "every", "flush");
	else if (rule->kind == CUTS_EVERY_MARK)
		put_word(d, item, "every", "mark");
	else if (rule->kind == CUTS_RANDOM)
		put_count(d, put_mapping(d, item, "random"), "count",
			  rule->count);
	else
		put_at(d, item, rule);
	if (rule->nested > 1)
		put_count(d, item, "nested", rule->nested);
}

/* Without rules the key stays out: no list of rules says the same. */
static void put_cuts(yaml_document_t *d, int root, const struct scenario *s)
{
	int list;

	if (!s->n_cuts)
		return;
	list = put_list(d, root, "cuts", YAML_BLOCK_SEQUENCE_STYLE);
	for (size_t i = 0; i < s->n_cuts; i++) {
		int item = mapping(d);

		node(yaml_document_append_sequence_item(d, list, item));
		put_cut(d, item, &s->cuts[i]);
	}
}

static void put_require(yaml_document_t *d, int root, const struct scenario *s)
{
	int list;

	if (!s->require)
		return;
	list = put_list(d, root, "require", YAML_FLOW_SEQUENCE_STYLE);
	for (int kind = 0; kind < REACH_KINDS; kind++)
		if (s->require & 1u << kind)
			node(yaml_document_append_sequence_item(
				d, list, scalar(d, reach_name(kind),
						YAML_PLAIN_SCALAR_STYLE)));
}

static void put_expect(yaml_document_t *d, int root, const struct scenario *s)
{
	CLEANUP_FREE char *window = quantity(s->window_ns, durations);
	CLEANUP_FREE char *text = xasprintf("last %s", window);

	if (s->expect == EXPECT_LOSES)
		put_word(d, put_mapping(d, root, "expect"), "loses", text);
	else
		put_word(d, root, "expect", expect_name(s->expect));
}

static void put_rest(yaml_document_t *d, int root, const struct scenario *s)
{
	int states, check;

	put_word(d, root, "mode", word_of(mode_words, (int)s->mode));
	states = put_mapping(d, root, "states");
	put_word(d, states, "strategy", s->states.strategy);
	put_count(d, states, "budget", s->states.budget);
	if (s->states.time_ns)
		put_duration(d, states, "time", s->states.time_ns);
	put_count(d, states, "exhaustive", s->states.exhaustive);
	put_word(d, states, "equality",
		 word_of(equality_words, (int)s->states.equality));
	put_percent(d, states, "audit", s->states.audit_ppm);
	put_require(d, root, s);
	check = put_mapping(d, root, "check");
	put_word(d, check, "on",
		 word_of(check_place_words, (int)s->check.on));
	put_word(d, check, "fsck", word_of(bool_words, s->check.fsck));
	put_argv(d, check, "run", s->check.run);
	put_duration(d, check, "timeout", s->check.timeout_ns);
	put_expect(d, root, s);
	put_count(d, root, "seed", s->seed);
}

static void build(yaml_document_t *d, const struct scenario *s)
{
	int root;

	if (!yaml_document_initialize(d, NULL, NULL, NULL, 1, 1))
		abort();
	root = mapping(d);
	put_word(d, root, "name", s->name);
	put_text(d, root, "about", s->about);
	put_guest(d, root, s);
	put_drive(d, root, s);
	put_filesystem(d, root, s);
	put_workload(d, root, s);
	put_cuts(d, root, s);
	put_rest(d, root, s);
}

static int to_buf(void *arg, unsigned char *data, size_t len)
{
	buf_add(arg, data, len);
	return 1;
}

char *scenario_resolved(const struct scenario *s)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	yaml_emitter_t emitter;
	yaml_document_t d;

	if (!yaml_emitter_initialize(&emitter))
		abort();
	yaml_emitter_set_output(&emitter, to_buf, &text);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1); /* one line, one value */
	build(&d, s);
	/* The emitter takes over the document. */
	if (!yaml_emitter_open(&emitter) || !yaml_emitter_dump(&emitter, &d) ||
	    !yaml_emitter_close(&emitter))
		abort(); /* only when memory is out: all text was valid YAML */
	yaml_emitter_delete(&emitter);
	return buf_take(&text);
}

#include "scenario/schema.h"

/* Without the end. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]) - 1)
#define OPTIONAL (CYAML_FLAG_OPTIONAL)
#define ITEMS_MAX 1000

/* Each list ends with a NULL word: powercut-scenario(5). */
const cyaml_strval_t bus_words[] = {
	{ "nvme", BUS_NVME },
	{ "virtio", BUS_VIRTIO },
	{ "scsi", BUS_SCSI },
	{ NULL, 0 },
};
const cyaml_strval_t guest_trace_words[] = {
	{ "full", GUEST_TRACE_FULL },
	{ "commands", GUEST_TRACE_COMMANDS },
	{ NULL, 0 },
};
const cyaml_strval_t scheduler_words[] = {
	{ "none", SCHEDULER_NONE },
	{ "mq-deadline", SCHEDULER_DEADLINE },
	{ "bfq", SCHEDULER_BFQ },
	{ NULL, 0 },
};
const cyaml_strval_t cache_mode_words[] = {
	{ "writeback", CACHE_WRITEBACK },
	{ "writethrough", CACHE_WRITETHROUGH },
	{ "none", CACHE_NONE },
	{ NULL, 0 },
};
const cyaml_strval_t cache_order_words[] = {
	{ "any", ORDER_ANY },
	{ "fifo", ORDER_FIFO },
	{ NULL, 0 },
};
const cyaml_strval_t flush_words[] = {
	{ "honest", FLUSH_HONEST },
	{ "ignored", FLUSH_IGNORED },
	{ NULL, 0 },
};
const cyaml_strval_t fua_words[] = {
	{ "honored", FUA_HONORED },
	{ "ignored", FUA_IGNORED },
	{ NULL, 0 },
};
const cyaml_strval_t mode_words[] = {
	{ "replay", MODE_REPLAY },
	{ "live", MODE_LIVE },
	{ "both", MODE_BOTH },
	{ NULL, 0 },
};
const cyaml_strval_t check_place_words[] = {
	{ "guest", CHECK_IN_GUEST },
	{ "host", CHECK_ON_HOST },
	{ NULL, 0 },
};
const cyaml_strval_t equality_words[] = {
	{ "reads", EQUAL_BY_READS },
	{ "content", EQUAL_BY_CONTENT },
	{ NULL, 0 },
};
/* libcyaml's own booleans take every unknown word for true. */
const cyaml_strval_t bool_words[] = {
	{ "false", 0 },
	{ "true", 1 },
	{ NULL, 0 },
};
const cyaml_strval_t dead_words[] = {
	{ "read-only", RAW_DEAD_READ_ONLY },
	{ "gone", RAW_DEAD_GONE },
	{ NULL, 0 },
};
static const cyaml_strval_t fsck_words[] = {
	{ "true", RAW_FSCK_TRUE },
	{ "false", RAW_FSCK_FALSE },
	{ NULL, 0 },
};
static const cyaml_strval_t every_words[] = {
	{ "write", RAW_EVERY_WRITE },
	{ "flush", RAW_EVERY_FLUSH },
	{ "mark", RAW_EVERY_MARK },
	{ NULL, 0 },
};

#define TEXT(type, member)                                                     \
	CYAML_FIELD_STRING_PTR(#member, OPTIONAL | CYAML_FLAG_POINTER, type,   \
			       member, 0, CYAML_UNLIMITED)
#define WORD_KEY(key, type, member, words)                                     \
	CYAML_FIELD_ENUM(key, OPTIONAL | CYAML_FLAG_STRICT, type, member,      \
			 words, COUNT(words))
#define WORD(type, member, words) WORD_KEY(#member, type, member, words)
#define MAP(type, member, fields)                                              \
	CYAML_FIELD_MAPPING(#member, OPTIONAL, type, member, fields)
#define LIST(type, member, flags, min)                                         \
	CYAML_FIELD_SEQUENCE_COUNT(#member, (flags) | CYAML_FLAG_POINTER,      \
				   type, member.items, member.count,           \
				   &list_item, min, ITEMS_MAX)

static const cyaml_schema_value_t list_item = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t guest_fields[] = {
	TEXT(struct raw_guest, kernel),
	TEXT(struct raw_guest, image),
	LIST(struct raw_guest, packages, OPTIONAL, 0),
	TEXT(struct raw_guest, memory),
	WORD(struct raw_guest, trace, guest_trace_words),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t cache_fields[] = {
	WORD(struct raw_cache, mode, cache_mode_words),
	TEXT(struct raw_cache, capacity),
	TEXT(struct raw_cache, destage),
	WORD(struct raw_cache, order, cache_order_words),
	TEXT(struct raw_cache, tear),
	WORD(struct raw_cache, flush, flush_words),
	WORD(struct raw_cache, fua, fua_words),
	WORD(struct raw_cache, power_loss_protection, bool_words),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t bit_corruption_fields[] = {
	TEXT(struct raw_bit_corruption, bits),
	TEXT(struct raw_bit_corruption, count),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t shorn_fields[] = {
	TEXT(struct raw_shorn, keep),
	TEXT(struct raw_shorn, count),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t flying_fields[] = {
	TEXT(struct raw_flying, distance),
	TEXT(struct raw_flying, count),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t unserializable_fields[] = {
	TEXT(struct raw_unserializable, window),
	TEXT(struct raw_unserializable, count),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t metadata_fields[] = {
	TEXT(struct raw_metadata, checkpoint),
	TEXT(struct raw_metadata, region),
	TEXT(struct raw_metadata, count),
	CYAML_FIELD_END,
};

#define FAULT(member)                                                          \
	CYAML_FIELD_MAPPING_PTR(#member, OPTIONAL, struct raw_faults, member,  \
				member##_fields)

static const cyaml_schema_field_t faults_fields[] = {
	FAULT(bit_corruption),
	FAULT(shorn),
	FAULT(flying),
	FAULT(unserializable),
	FAULT(metadata),
	WORD(struct raw_faults, dead, dead_words),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t drive_fields[] = {
	WORD(struct raw_drive, bus, bus_words),
	WORD(struct raw_drive, scheduler, scheduler_words),
	TEXT(struct raw_drive, size),
	TEXT(struct raw_drive, block),
	TEXT(struct raw_drive, latency),
	MAP(struct raw_drive, cache, cache_fields),
	MAP(struct raw_drive, faults, faults_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t filesystem_fields[] = {
	TEXT(struct raw_filesystem, type),
	TEXT(struct raw_filesystem, mkfs),
	TEXT(struct raw_filesystem, mount),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t workload_fields[] = {
	LIST(struct raw_workload, setup, OPTIONAL, 1),
	LIST(struct raw_workload, run, 0, 1),
	TEXT(struct raw_workload, timeout),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t at_fields[] = {
	TEXT(struct raw_at, mark),
	TEXT(struct raw_at, nth),
	TEXT(struct raw_at, write),
	TEXT(struct raw_at, flush),
	TEXT(struct raw_at, after),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t random_fields[] = {
	CYAML_FIELD_STRING_PTR("count", CYAML_FLAG_POINTER, struct raw_random,
			       count, 0, CYAML_UNLIMITED),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t cut_fields[] = {
	WORD(struct raw_cut, every, every_words),
	CYAML_FIELD_MAPPING_PTR("at", OPTIONAL, struct raw_cut, at, at_fields),
	CYAML_FIELD_MAPPING_PTR("random", OPTIONAL, struct raw_cut, random,
				random_fields),
	TEXT(struct raw_cut, nested),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t cut_item = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_cut, cut_fields),
};

static const cyaml_schema_field_t states_fields[] = {
	TEXT(struct raw_states, strategy),
	TEXT(struct raw_states, budget),
	TEXT(struct raw_states, time),
	TEXT(struct raw_states, exhaustive),
	WORD(struct raw_states, equality, equality_words),
	TEXT(struct raw_states, audit),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t check_fields[] = {
	WORD(struct raw_check, on, check_place_words),
	WORD(struct raw_check, fsck, fsck_words),
	LIST(struct raw_check, run, OPTIONAL, 1),
	TEXT(struct raw_check, timeout),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t expect_fields[] = {
	CYAML_FIELD_STRING_PTR("loses", CYAML_FLAG_POINTER, struct raw_expect,
			       loses, 0, CYAML_UNLIMITED),
	CYAML_FIELD_END,
};

#define SCENARIO_FIELDS(expect_field)                                          \
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER,                     \
			       struct raw_scenario, name, 0, CYAML_UNLIMITED), \
	TEXT(struct raw_scenario, about),                                      \
	MAP(struct raw_scenario, guest, guest_fields),                         \
	MAP(struct raw_scenario, drive, drive_fields),                         \
	MAP(struct raw_scenario, filesystem, filesystem_fields),               \
	CYAML_FIELD_MAPPING("workload", CYAML_FLAG_DEFAULT,                    \
			    struct raw_scenario, workload, workload_fields),   \
	CYAML_FIELD_SEQUENCE("cuts", OPTIONAL | CYAML_FLAG_POINTER,            \
			     struct raw_scenario, cuts, &cut_item, 1,          \
			     ITEMS_MAX),                                       \
	WORD(struct raw_scenario, mode, mode_words),                           \
	MAP(struct raw_scenario, states, states_fields),                       \
	LIST(struct raw_scenario, require, OPTIONAL, 1),                       \
	MAP(struct raw_scenario, check, check_fields),                         \
	expect_field,                                                          \
	TEXT(struct raw_scenario, fixed),                                      \
	TEXT(struct raw_scenario, seed),                                       \
	CYAML_FIELD_END

static const cyaml_schema_field_t scenario_fields[] = {
	SCENARIO_FIELDS(TEXT(struct raw_scenario, expect)),
};

static const cyaml_schema_field_t losing_fields[] = {
	SCENARIO_FIELDS(CYAML_FIELD_MAPPING_PTR("expect", OPTIONAL,
						struct raw_scenario,
						expect_loss, expect_fields)),
};

const cyaml_schema_value_t scenario_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_scenario,
			    scenario_fields),
};

const cyaml_schema_value_t losing_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_scenario,
			    losing_fields),
};

const cyaml_config_t scenario_cyaml = {
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR, /* no log_fn: says nothing */
	.flags = CYAML_CFG_DEFAULT,
};

const char *word_of(const cyaml_strval_t *words, int value)
{
	while (words->str && words->val != value)
		words++;
	return words->str;
}

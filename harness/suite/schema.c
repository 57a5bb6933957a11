#include "suite/schema.h"

#define OPTIONAL (CYAML_FLAG_OPTIONAL)
#define ITEMS_MAX 10000

#define TEXT(type, member)                                                     \
	CYAML_FIELD_STRING_PTR(#member, OPTIONAL | CYAML_FLAG_POINTER, type,   \
			       member, 0, CYAML_UNLIMITED)
#define LIST(type, member)                                                     \
	CYAML_FIELD_SEQUENCE_COUNT(#member, OPTIONAL | CYAML_FLAG_POINTER,     \
				   type, member.items, member.count,           \
				   &list_item, 1, ITEMS_MAX)

static const cyaml_strval_t quick_words[] = {
	{ "false", 0 },
	{ "true", 1 },
};
static const cyaml_strval_t stop_words[] = {
	{ "first-violation", RAW_STOP_FIRST },
};

static const cyaml_schema_value_t list_item = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

const char *const suite_expect_types[] = { "ext4", "xfs",  "btrfs", "ext2",
					   "vfat", "f2fs", NULL };

#define EXPECT(type, i)                                                        \
	CYAML_FIELD_STRING_PTR(type, OPTIONAL | CYAML_FLAG_POINTER,            \
			       struct raw_expects, of[i], 0, CYAML_UNLIMITED)

static const cyaml_schema_field_t expect_fields[] = {
	EXPECT("ext4", 0), EXPECT("xfs", 1),  EXPECT("btrfs", 2),
	EXPECT("ext2", 3), EXPECT("vfat", 4), EXPECT("f2fs", 5),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t entry_fields[] = {
	CYAML_FIELD_STRING_PTR("scenario", CYAML_FLAG_POINTER,
			       struct raw_suite_entry, scenario, 0,
			       CYAML_UNLIMITED),
	LIST(struct raw_suite_entry, filesystems),
	LIST(struct raw_suite_entry, seeds),
	CYAML_FIELD_MAPPING_PTR("expect", OPTIONAL, struct raw_suite_entry,
				expect, expect_fields),
	TEXT(struct raw_suite_entry, because),
	CYAML_FIELD_ENUM("quick", OPTIONAL | CYAML_FLAG_STRICT,
			 struct raw_suite_entry, quick, quick_words, 2),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_suite_entry,
			    entry_fields),
};

static const cyaml_schema_field_t suite_fields[] = {
	CYAML_FIELD_STRING_PTR("suite", CYAML_FLAG_POINTER, struct raw_suite,
			       suite, 0, CYAML_UNLIMITED),
	TEXT(struct raw_suite, about),
	LIST(struct raw_suite, filesystems),
	LIST(struct raw_suite, seeds),
	CYAML_FIELD_ENUM("stop", OPTIONAL | CYAML_FLAG_STRICT,
			 struct raw_suite, stop, stop_words, 1),
	CYAML_FIELD_SEQUENCE("scenarios", CYAML_FLAG_POINTER, struct raw_suite,
			     scenarios, &entry, 1, ITEMS_MAX),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t suite_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_suite, suite_fields),
};

#include "test-fixture.h"

#include <jansson.h>

static json_t *report(void)
{
	struct buf b = BUF_INIT;
	json_error_t error;
	json_t *object;

	assert_int_equal(report_json(fixture_dir, &b, NULL), 0);
	assert_int_equal(b.data[b.len - 1], '\n');
	assert_null(memchr(b.data, '\n', b.len - 1)); /* one line */
	object = json_loads(buf_text(&b), 0, &error);
	if (!object)
		print_error("%s\n%s\n", error.text, buf_text(&b));
	assert_non_null(object);
	buf_free(&b);
	return object;
}

static const char *string(json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	return value ? value : "(none)";
}

static int number(json_t *o, const char *key)
{
	json_t *value = json_object_get(o, key);

	assert_true(json_is_integer(value));
	return (int)json_integer_value(value);
}

/* ---- as much of JSON Schema as run.schema.json uses ---- */

static int is_type(const json_t *value, const char *type)
{
	return (!strcmp(type, "object") && json_is_object(value)) ||
	       (!strcmp(type, "array") && json_is_array(value)) ||
	       (!strcmp(type, "string") && json_is_string(value)) ||
	       (!strcmp(type, "integer") && json_is_integer(value)) ||
	       (!strcmp(type, "number") && json_is_number(value)) ||
	       (!strcmp(type, "boolean") && json_is_boolean(value)) ||
	       (!strcmp(type, "null") && json_is_null(value));
}

static int has_type(const json_t *value, json_t *type)
{
	json_t *one;
	size_t i;

	if (json_is_string(type))
		return is_type(value, json_string_value(type));
	json_array_foreach(type, i, one)
		if (is_type(value, json_string_value(one)))
			return 1;
	return 0;
}

static int in_list(json_t *value, json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_equal(value, one))
			return 1;
	return 0;
}

static int valid(json_t *value, json_t *schema, const char *name)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *rule, *part;
	const char *key;
	size_t i;
	int ok = 1;

	if ((rule = json_object_get(schema, "type")) && !has_type(value, rule))
		ok = 0;
	if ((rule = json_object_get(schema, "enum")) && !in_list(value, rule))
		ok = 0;
	if ((rule = json_object_get(schema, "minimum")) &&
	    json_is_number(value) &&
	    json_number_value(value) < json_number_value(rule))
		ok = 0;
	if (!ok)
		print_error("%s is not as the schema says\n", name);
	json_array_foreach(json_object_get(schema, "required"), i, rule) {
		if (!json_is_object(value) ||
		    json_object_get(value, json_string_value(rule)))
			continue;
		print_error("%s has no %s\n", name, json_string_value(rule));
		ok = 0;
	}
	json_object_foreach(value, key, part) {
		rule = json_object_get(properties, key);
		if (!rule)
			print_error("%s.%s is not in the schema\n", name, key);
		ok &= rule && valid(part, rule, key);
	}
	rule = json_object_get(schema, "items");
	json_array_foreach(value, i, part)
		ok &= valid(part, rule, name);
	return ok;
}

/* The schema stands beside this room; tests run at the top of the tree. */
static json_t *schema(void)
{
	char path[4096] = __FILE__;
	char *slash = strrchr(path, '/');
	json_t *object;

	*slash = '\0';
	strcat(path, "/../schema/run.schema.json");
	object = json_load_file(path, 0, NULL);
	if (!object)
		print_error("cannot read %s\n", path);
	assert_non_null(object);
	return object;
}

static void expect_valid(json_t *object)
{
	json_t *rules = schema();

	assert_true(valid(object, rules, "run"));
	json_decref(rules);
}

static void the_schema_asks_for_all_it_describes(void **state)
{
	json_t *rules = schema(), *rule;
	const char *key;

	(void)state;
	json_object_foreach(json_object_get(rules, "properties"), key, rule) {
		json_t *name = json_string(key);

		assert_true(in_list(name, json_object_get(rules, "required")));
		json_decref(name);
	}
	json_decref(rules);
}

static void a_loss_is_as_the_schema_says(void **state)
{
	json_t *o;

	(void)state;
	fixture_violated("held");
	o = report();
	expect_valid(o);
	assert_string_equal(string(o, "verdict"), "violated");
	assert_true(json_is_false(json_object_get(o, "as_expected")));
	json_decref(o);
}

static void a_cause_is_as_the_schema_says(void **state)
{
	json_t *o, *one, *two, *cause;

	(void)state;
	fixture_explained("The write stayed in the page cache.");
	o = report();
	expect_valid(o);
	one = json_array_get(json_object_get(o, "findings"), 0);
	two = json_array_get(json_object_get(o, "findings"), 1);
	cause = json_object_get(one, "cause");
	assert_string_equal(string(one, "layer"), "page cache (layer 3)");
	assert_int_equal(number(cause, "layer"), 3);
	assert_string_equal(string(cause, "sentence"),
			    "The write stayed in the page cache.");
	assert_string_equal(string(cause, "missing"), "fdatasync of /mnt/log");
	assert_int_equal(number(cause, "offset"), 4096);
	assert_int_equal(number(cause, "call"), 17);
	assert_int_equal(number(cause, "thread"), 101);
	assert_string_equal(string(cause, "promise"), "TXN-17");
	assert_true(json_is_null(json_object_get(cause, "doubt")));
	assert_true(json_is_null(json_object_get(two, "cause")));
	json_decref(o);
}

static void an_empty_store_is_as_the_schema_says(void **state)
{
	struct store *s = fixture_create();
	json_t *o;

	(void)state;
	fixture_close(s);
	o = report();
	expect_valid(o);
	assert_string_equal(string(o, "verdict"), "unknown");
	assert_int_equal(number(o, "states_legal"), 0);
	assert_true(json_is_null(json_object_get(o, "states_legal_log2")));
	assert_true(json_is_null(json_object_get(o, "seconds")));
	json_decref(o);
}

static void counts_are_the_stores(void **state)
{
	json_t *o;

	(void)state;
	fixture_violated("violated");
	o = report();
	assert_true(json_is_true(json_object_get(o, "as_expected")));
	assert_int_equal(number(o, "cuts"), 7);
	assert_int_equal(number(o, "states_legal"), 134);
	assert_int_equal(number(o, "states_checked"), 10);
	assert_int_equal(number(o, "states_equal"), 7);
	assert_string_equal(string(o, "states_legal_exact"), "134");
	assert_int_equal(number(o, "states_equal_content"), 7);
	assert_int_equal(number(o, "states_distinct"), 21);
	assert_int_equal(number(o, "cuts_complete"), 1);
	assert_int_equal(number(o, "cuts_over_budget"), 0);
	assert_int_equal(number(o, "covered_losses"), 1);
	assert_int_equal(number(json_object_get(o, "reach"),
				"between_begin_and_ack"), 4);
	assert_int_equal(number(json_object_get(o, "reach"),
				"inside_journal_commit"), 3);
	assert_int_equal(number(o, "held"), 6);
	assert_int_equal(number(o, "violated"), 3);
	assert_int_equal(number(o, "unknown"), 1);
	assert_int_equal(number(o, "acks"), 1);
	assert_true(json_number_value(json_object_get(o, "seconds")) == 48.25);
	assert_string_equal(string(o, "run"), fixture_dir);
	assert_string_equal(string(o, "run_name"),
			    "append-log/20250102T030405Z-7");
	json_decref(o);
}

static void states_beyond_any_double_have_their_log2(void **state)
{
	json_t *o;

	(void)state;
	fixture_held();
	o = report();
	expect_valid(o);
	assert_true(json_is_null(json_object_get(o, "states_legal")));
	assert_true(json_is_null(json_object_get(o, "states_legal_exact")));
	assert_true(json_number_value(json_object_get(
			    o, "states_legal_log2")) == 5000);
	json_decref(o);
}

static void findings_carry_what_the_guest_said_harmlessly(void **state)
{
	json_t *o, *f;

	(void)state;
	fixture_violated("held");
	o = report();
	assert_int_equal(json_array_size(json_object_get(o, "findings")), 2);
	f = json_array_get(json_object_get(o, "findings"), 1);
	assert_string_equal(string(f, "message"), HOSTILE_SAFE);
	assert_string_equal(string(f, "stage"), "mount");
	assert_string_equal(string(f, "state"), "w5:all-1,2");
	assert_string_equal(string(f, "layer"), "drive cache (layer 6)");
	assert_string_equal(string(f, "replay"),
			    "powercut check "
			    "append-log/20250102T030405Z-7@w5:all-1,2");
	assert_int_equal(number(f, "lost"), 2);
	assert_int_equal(number(f, "states"), 1);
	json_decref(o);
}

static void a_fault_of_the_drive_is_named(void **state)
{
	json_t *o, *f;

	(void)state;
	fixture_faulty();
	o = report();
	expect_valid(o);
	f = json_array_get(json_object_get(o, "findings"), 0);
	assert_string_equal(string(f, "fault"), "shorn write");
	assert_string_equal(string(f, "layer"),
			    "drive, beyond its contract: shorn write");
	json_decref(o);
	fixture_teardown(NULL);
	fixture_setup(NULL);
	fixture_violated("held");
	o = report();
	f = json_array_get(json_object_get(o, "findings"), 0);
	assert_true(json_is_null(json_object_get(f, "fault")));
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_asks_for_all_it_describes),
		REPORT_TEST(a_loss_is_as_the_schema_says),
		REPORT_TEST(a_cause_is_as_the_schema_says),
		REPORT_TEST(a_fault_of_the_drive_is_named),
		REPORT_TEST(an_empty_store_is_as_the_schema_says),
		REPORT_TEST(counts_are_the_stores),
		REPORT_TEST(states_beyond_any_double_have_their_log2),
		REPORT_TEST(findings_carry_what_the_guest_said_harmlessly),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

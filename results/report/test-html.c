#include "test-fixture.h"

#include <errno.h>
#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>

static char *page;
static xmlDocPtr doc;

static void read_page(void)
{
	struct buf b = BUF_INIT;
	struct error e = { "", "" };

	if (report_html(fixture_dir, &b, &e) < 0)
		print_error("%s\n", e.message);
	doc = htmlReadMemory(buf_text(&b), (int)b.len, "report", "utf-8",
			     HTML_PARSE_NONET | HTML_PARSE_NOERROR |
				     HTML_PARSE_NOWARNING);
	page = buf_take(&b);
	assert_non_null(doc);
}

static int teardown(void **state)
{
	free(page);
	page = NULL;
	xmlFreeDoc(doc);
	doc = NULL;
	return fixture_teardown(state);
}

static void expect(const char *xpath, const char *value)
{
	xmlXPathContextPtr context = xmlXPathNewContext(doc);
	xmlXPathObjectPtr found =
		xmlXPathEvalExpression((const xmlChar *)xpath, context);
	xmlChar *text;

	assert_non_null(found);
	text = xmlXPathCastToString(found);
	if (strcmp((char *)text, value))
		print_error("%s\n", xpath);
	assert_string_equal((char *)text, value);
	xmlFree(text);
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
}

static void the_verdict_stands_at_the_top(void **state)
{
	(void)state;
	fixture_violated("held");
	read_page();
	expect("string(//title)", "append-log: violated");
	expect("string(//h1)", "append-log");
	expect("string(//*[contains(@class, 'badge')])", "violated");
	expect("string(//header//strong)", "not as expected");
}

static void an_expected_loss_is_as_expected(void **state)
{
	(void)state;
	fixture_violated("violated");
	read_page();
	expect("contains(//p[@class='verdict'], 'as expected')", "true");
	expect("count(//header//strong)", "0");
}

static void hostile_text_stays_text(void **state)
{
	(void)state;
	fixture_violated("held");
	read_page();
	expect("count(//script)", "0");
	expect("string(//article[2]/h3)", HOSTILE_SAFE);
	expect("contains(//section[last() - 1]//td[@class='mono wide'][. != "
	       "'TXN-1'], '<script>')", "true");
	assert_null(strstr(page, "<script"));
	assert_null(strchr(page, '\x1b'));
	assert_null(strstr(page, "\xe2\x80\xae"));
}

/* Facts come from a scenario file or a bundle, perhaps someone else's. */
static void hostile_facts_stay_text_too(void **state)
{
	static const char *const keys[] = {
		"scenario", "about", "expect", "reason", "seed", "accel",
		"accel_reason", "checked_on", "kernel", "qemu", "libvirt", "host", "path",
		"started", "phase",
	};
	struct store *s = fixture_create();

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		store_set(s, keys[i], HOSTILE, NULL);
	fixture_close(s);
	read_page();
	expect("string(//h1)", HOSTILE_SAFE);
	assert_null(strstr(page, "<script"));
	assert_null(strchr(page, '\x1b'));
}

static void nothing_comes_from_outside(void **state)
{
	(void)state;
	fixture_violated("held");
	read_page();
	expect("count(//link | //img | //iframe | //@src | //@href | "
	       "//@onclick)", "0");
	assert_null(strstr(page, "url("));
	assert_null(strstr(page, "@import"));
}

static void the_layer_is_shown(void **state)
{
	(void)state;
	fixture_violated("held");
	read_page();
	expect("count(//article[1]//li)", "7");
	expect("count(//article[1]//li[@class='maybe'])", "5");
	expect("count(//article[1]//li[@class='hit'])", "0");
	expect("count(//article[2]//li[@class='maybe'])", "0");
	expect("string(//article[2]//li[@class='hit']/span)", "drive cache");
}

static void a_fault_of_the_drive_is_named(void **state)
{
	(void)state;
	fixture_faulty();
	read_page();
	expect("count(//article[1]//li[@class='maybe'])", "0");
	expect("count(//article[1]//li[@class='hit'])", "1");
	expect("string(//article[1]//li[@class='hit']/span)", "durable media");
	expect("string(//article[1]//strong)",
	       "drive, beyond its contract: shorn write");
}

static void each_cut_has_its_tick(void **state)
{
	(void)state;
	fixture_violated("held");
	read_page();
	expect("count(//svg/rect)", "7");
	expect("count(//rect[@class='violated'])", "3");
	expect("count(//rect[@class='unknown'])", "1");
	expect("count(//rect[@class='held'])", "3");
	expect("string(//rect[4]/title)",
	       "w4 at position 40: 4 volatile, 2 checked, 1 held, 1 violated, "
	       "0 unknown");
	expect("string(//rect[7]/title)",
	       "live-1/w3 at position 30: 3 volatile, 1 checked, 0 held, 1 "
	       "violated, 0 unknown");
}

static void commands_stand_with_each_finding(void **state)
{
	(void)state;
	fixture_violated("held");
	read_page();
	expect("string(//article[2]/pre)",
	       "powercut check append-log/20250102T030405Z-7@w5:all-1,2\n"
	       "powercut shell append-log/20250102T030405Z-7@w5:all-1,2\n"
	       "powercut export append-log/20250102T030405Z-7@w5:all-1,2 "
	       "finding-2.img");
}

static void long_tables_end_and_say_so(void **state)
{
	struct store *s = fixture_create();
	char survivors[16];

	(void)state;
	fixture_facts(s, "violated", "held");
	for (int i = 0; i < 1234; i++) {
		snprintf(survivors, sizeof(survivors), "%d", i);
		fixture_state(s, "replay", 1, survivors, 1, VERDICT_VIOLATED,
			      STAGE_CHECK, "lost");
		fixture_mark(s, (uint64_t)i, (uint64_t)i, "ack", "TXN");
	}
	fixture_close(s);
	read_page();
	expect("count(//td[@class='v violated'])", "200");
	expect("count(//td[. = 'ack'])", "200");
	expect("contains(//main, 'and 1,034 more')", "true");
	expect("contains(//main, 'and more, in')", "true");
}

static void a_run_that_held_has_no_table_of_states(void **state)
{
	(void)state;
	fixture_held();
	read_page();
	expect("count(//article)", "0");
	expect("contains(//main, 'States that did not hold')", "false");
	expect("contains(//main, '2^5000.0')", "true");
}

static void a_run_that_is_not_there_is_an_error(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(report_html(fixture_dir, &b, NULL), -ENOENT);
	assert_int_equal(b.len, 0);
}

#define HTML_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, fixture_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HTML_TEST(the_verdict_stands_at_the_top),
		HTML_TEST(an_expected_loss_is_as_expected),
		HTML_TEST(hostile_text_stays_text),
		HTML_TEST(hostile_facts_stay_text_too),
		HTML_TEST(nothing_comes_from_outside),
		HTML_TEST(the_layer_is_shown),
		HTML_TEST(a_fault_of_the_drive_is_named),
		HTML_TEST(each_cut_has_its_tick),
		HTML_TEST(commands_stand_with_each_finding),
		HTML_TEST(long_tables_end_and_say_so),
		HTML_TEST(a_run_that_held_has_no_table_of_states),
		REPORT_TEST(a_run_that_is_not_there_is_an_error),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xmlCleanupParser();
	return failed;
}

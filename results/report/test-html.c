#include "test-fixture.h"

#include <errno.h>
#include <jansson.h>
#include <libxml/HTMLparser.h>
#include <libxml/xpath.h>
#include <stdbool.h>

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

/* The first node there is. */
static xmlNodePtr only(const char *xpath)
{
	xmlXPathContextPtr context = xmlXPathNewContext(doc);
	xmlXPathObjectPtr found =
		xmlXPathEvalExpression((const xmlChar *)xpath, context);
	xmlNodePtr node;

	assert_false(xmlXPathNodeSetIsEmpty(found->nodesetval));
	node = found->nodesetval->nodeTab[0];
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	return node;
}

static size_t count_of(const char *text)
{
	size_t n = 0;

	for (const char *p = page; (p = strstr(p, text)); p++)
		n++;
	return n;
}

/* What the page tells its script of a recording; NULL: nothing. */
static json_t *data_of(const char *source)
{
	char *text = (char *)xmlXPathCastNodeToString(
		only("//script[@type = 'application/json']"));
	json_t *data = json_loads(text, 0, NULL), *r, *found = NULL;
	size_t i;

	xmlFree(text);
	json_array_foreach(json_object_get(data, "recordings"), i, r)
		if (!strcmp(json_string_value(json_object_get(r, "name")),
			    source))
			found = json_incref(r);
	json_decref(data);
	return found;
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
	expect("count(//script)", "1");
	expect("string(//article[2]/h3)", HOSTILE_SAFE);
	expect("contains(//section[last() - 1]//td[@class='mono wide'][. != "
	       "'TXN-1'], '<script>')", "true");
	assert_int_equal(count_of("<script"), 1);
	assert_null(strchr(page, '\x1b'));
	assert_null(strstr(page, "\xe2\x80\xae"));
}

static void hostile_events_stay_text(void **state)
{
	json_t *r;

	(void)state;
	fixture_events(HOSTILE "</script>");
	read_page();
	assert_int_equal(count_of("<script"), 2);
	assert_int_equal(count_of("</script"), 2);
	assert_null(strchr(page, '\x1b'));
	r = data_of("live-1");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(r, "label"), 0)),
			    HOSTILE_SAFE "</script>");
	json_decref(r);
}

static void a_hostile_cause_stays_text(void **state)
{
	(void)state;
	fixture_explained(HOSTILE);
	read_page();
	expect("string(//article[1]/p[@class = 'sentence'])", HOSTILE_SAFE);
	assert_int_equal(count_of("<script"), 1);
}

static void only_one_script_may_run(void **state)
{
	(void)state;
	fixture_events("pwrite64");
	read_page();
	expect("count(//script[not(@type)])", "1");
	expect("contains(//meta/@content, \"script-src 'sha256-\")", "true");
	expect("contains(substring-after(//meta/@content, 'script-src'), "
	       "'unsafe')", "false");
}

static void a_cause_is_told_with_the_missing_step(void **state)
{
	(void)state;
	fixture_explained("The write stayed in the page cache.");
	read_page();
	expect("string(//article[1]/p[@class = 'sentence'])",
	       "The write stayed in the page cache.");
	expect("string(//article[1]//div[@class = 'missing']/dd)",
	       "fdatasync of /mnt/log");
	expect("string(//article[1]//dt[. = 'Broken promise']/../dd)",
	       "TXN-17 (mark 6)");
	expect("string(//article[1]//dt[. = 'File']/../dd)",
	       "/mnt/log, 512 bytes at offset 4096");
	expect("string(//article[1]//dt[. = 'Call']/../dd)",
	       "pwrite64 of 512 bytes at 4096 (call 17)");
	expect("string(//article[1]//dt[. = 'Program']/../dd)",
	       "append-log, thread 101");
	expect("string(//article[1]//pre[@class = 'stack'])",
	       "append at append-log.c:41\nmain at append-log.c:90");
	expect("count(//article[1]//li[@class = 'maybe'])", "0");
	expect("string(//article[1]//li[@class = 'hit']/span)", "page cache");
	expect("count(//article[2]//dl)", "0");
}

static void what_is_not_known_is_not_told(void **state)
{
	const struct store_cause bare = { .source = "live-1", .state = "w3:all",
					  .sentence = "Not known." };
	struct store *s = fixture_losses("held");

	(void)state;
	assert_int_equal(store_add_cause(s, &bare, NULL), 0);
	fixture_close(s);
	read_page();
	expect("string(//article[1]/p[@class = 'sentence'])", "Not known.");
	expect("count(//article[1]//dt)", "0");
	expect("count(//article[1]//li[@class = 'maybe'])", "5");
	expect("count(//article[1]//li[@class = 'hit'])", "0");
}

static void the_way_of_the_data_is_told(void **state)
{
	(void)state;
	fixture_events("pwrite64 /mnt/log 4096+512");
	read_page();
	expect("count(//article[1]//ol[@class = 'way']/li)", "3");
	expect("string(//article[1]//ol[@class = 'way']/li[1])",
	       "system call pwrite64 /mnt/log 4096+512 4.000 ms before "
	       "the cut");
	expect("string(//article[1]//ol[@class = 'way']/li[2])",
	       "page cache dirty /mnt/log 4096 3.990 ms before the cut, no end "
	       "seen");
	expect("string(//article[1]//li[@class = 'after'])",
	       "drive cache write 0+4096 1.000 ms after the cut");
	expect("contains(//article[1], 'Before the cut nothing of it was seen "
	       "in: durable media, drive cache, block layer, file system and "
	       "journal.')", "true");
	expect("contains(//article[1], 'more after the cut')", "false");
	expect("contains(//article[2], 'The way')", "false");
}

/* Of metadata there may be no event in the layer that it had reached. */
static void the_way_does_not_doubt_the_layer(void **state)
{
	const struct store_cause c = { .source = "live-1", .state = "w3:all",
				       .layer = 4, .call = 17,
				       .cut_ns = 5000000,
				       .sentence = "The name was not "
						   "committed." };
	struct store *s = fixture_losses("held");

	(void)state;
	assert_int_equal(store_add_cause(s, &c, NULL), 0);
	fixture_event(s, "live-1", 1, STORE_LANE_CALL, 1000000, 1020000,
		      "rename", "rename /mnt/a -> /mnt/b", "17");
	for (uint64_t i = 0; i < 7; i++)
		fixture_event(s, "live-1", 2 + i, STORE_LANE_BLOCK,
			      6000000 + i, 6000000 + i, "queue", "0+4096",
			      "17");
	fixture_close(s);
	read_page();
	expect("contains(//article[1], 'nothing of it was seen in: durable "
	       "media, drive cache, block layer.')", "true");
	expect("count(//article[1]//ol[@class = 'way']/li)", "6");
	expect("contains(//article[1], 'and 2 more after the cut')", "true");
}

static void lanes_stand_for_recordings_with_findings(void **state)
{
	(void)state;
	fixture_events("pwrite64");
	read_page();
	expect("count(//figure)", "1");
	expect("string(//figure/figcaption)",
	       "Recording live-1: 5 events in 5.100 ms");
	expect("count(//figure//path[starts-with(@class, 'l')])", "7");
	expect("count(//figure//g[@class = 'cut'])", "1");
	expect("contains(//main, 'Cuts, in the order of the log')", "false");
}

/* Of very many events, those about the cut and those of the lost data. */
static void of_many_events_those_that_matter_are_told(void **state)
{
	struct store *s = fixture_losses("held");
	uint64_t n = 60000, last = 0;
	json_t *r, *numbers;
	bool first = false;

	(void)state;
	fixture_cause(s, "The write stayed in the page cache.");
	fixture_event(s, "live-1", 1, STORE_LANE_CALL, 1, 2, "write", "first",
		      "17");
	for (uint64_t i = 2; i <= n; i++)
		fixture_event(s, "live-1", i, STORE_LANE_BLOCK, i * 100,
			      i * 100 + 50, "queue", "0+4096", "1");
	fixture_close(s);
	read_page();
	r = data_of("live-1");
	numbers = json_object_get(r, "number");
	assert_in_range(json_array_size(numbers), 15000, 20000);
	assert_int_equal(json_integer_value(json_object_get(r, "total")), n);
	assert_int_equal(json_array_size(json_object_get(r, "buckets")),
			 7 * 400);
	for (size_t i = 0; i < json_array_size(numbers); i++) {
		last = (uint64_t)json_integer_value(json_array_get(numbers, i));
		first |= last == 1;
	}
	assert_true(first);
	assert_in_range(last, 51000, 56000); /* the cut falls at 50000 */
	json_decref(r);
}

static void equal_runs_have_equal_pages(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	fixture_events("pwrite64");
	read_page();
	assert_int_equal(report_html(fixture_dir, &b, NULL), 0);
	assert_string_equal(buf_text(&b), page);
	buf_free(&b);
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
	assert_int_equal(count_of("<script"), 1);
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
		HTML_TEST(hostile_events_stay_text),
		HTML_TEST(a_hostile_cause_stays_text),
		HTML_TEST(only_one_script_may_run),
		HTML_TEST(a_cause_is_told_with_the_missing_step),
		HTML_TEST(what_is_not_known_is_not_told),
		HTML_TEST(the_way_of_the_data_is_told),
		HTML_TEST(the_way_does_not_doubt_the_layer),
		HTML_TEST(lanes_stand_for_recordings_with_findings),
		HTML_TEST(of_many_events_those_that_matter_are_told),
		HTML_TEST(equal_runs_have_equal_pages),
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

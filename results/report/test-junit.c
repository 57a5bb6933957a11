#include "test-fixture.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>
#include <libxml/xpath.h>

/*
 * What readers of Ant's format demand, after windyroad's JUnit.xsd (and
 * `skipped`, which its newer versions have).
 */
static const char junit_xsd[] =
	"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>"
	"<xs:simpleType name='word'><xs:restriction base='xs:token'>"
	" <xs:minLength value='1'/></xs:restriction></xs:simpleType>"
	"<xs:simpleType name='when'><xs:restriction base='xs:dateTime'>"
	" <xs:pattern value='[0-9]{4}-[0-9]{2}-[0-9]{2}T"
	"[0-9]{2}:[0-9]{2}:[0-9]{2}'/></xs:restriction></xs:simpleType>"
	"<xs:complexType name='problem'><xs:simpleContent>"
	" <xs:extension base='xs:string'>"
	"  <xs:attribute name='message' type='xs:string'/>"
	"  <xs:attribute name='type' type='xs:string' use='required'/>"
	" </xs:extension></xs:simpleContent></xs:complexType>"
	"<xs:element name='testsuites'><xs:complexType><xs:sequence>"
	"<xs:element name='testsuite' minOccurs='0' maxOccurs='unbounded'>"
	"<xs:complexType><xs:sequence>"
	" <xs:element name='properties'><xs:complexType><xs:sequence>"
	"  <xs:element name='property' minOccurs='0' maxOccurs='unbounded'>"
	"  <xs:complexType>"
	"   <xs:attribute name='name' type='word' use='required'/>"
	"   <xs:attribute name='value' type='xs:string' use='required'/>"
	"  </xs:complexType></xs:element>"
	" </xs:sequence></xs:complexType></xs:element>"
	" <xs:element name='testcase' minOccurs='0' maxOccurs='unbounded'>"
	" <xs:complexType><xs:choice minOccurs='0'>"
	"   <xs:element name='error' type='problem'/>"
	"   <xs:element name='failure' type='problem'/>"
	"  </xs:choice>"
	"  <xs:attribute name='name' type='xs:token' use='required'/>"
	"  <xs:attribute name='classname' type='xs:token' use='required'/>"
	"  <xs:attribute name='time' type='xs:decimal' use='required'/>"
	" </xs:complexType></xs:element>"
	" <xs:element name='system-out' type='xs:string'/>"
	" <xs:element name='system-err' type='xs:string'/>"
	"</xs:sequence>"
	"<xs:attribute name='name' type='word' use='required'/>"
	"<xs:attribute name='timestamp' type='when' use='required'/>"
	"<xs:attribute name='hostname' type='word' use='required'/>"
	"<xs:attribute name='tests' type='xs:int' use='required'/>"
	"<xs:attribute name='failures' type='xs:int' use='required'/>"
	"<xs:attribute name='errors' type='xs:int' use='required'/>"
	"<xs:attribute name='skipped' type='xs:int'/>"
	"<xs:attribute name='time' type='xs:decimal' use='required'/>"
	"<xs:attribute name='package' type='xs:token' use='required'/>"
	"<xs:attribute name='id' type='xs:int' use='required'/>"
	"</xs:complexType></xs:element>"
	"</xs:sequence></xs:complexType></xs:element>"
	"</xs:schema>";

static xmlDocPtr report_of(const char *const *dirs, size_t n)
{
	struct buf b = BUF_INIT;
	struct error e = { "", "" };
	xmlDocPtr doc;

	if (report_junit(dirs, n, &b, &e) < 0)
		print_error("%s\n", e.message);
	doc = xmlReadMemory(buf_text(&b), (int)b.len, "report", NULL,
			    XML_PARSE_NONET);
	assert_non_null(doc);
	buf_free(&b);
	return doc;
}

static xmlDocPtr report(void)
{
	const char *const dirs[] = { fixture_dir };

	return report_of(dirs, 1);
}

static void expect_valid(xmlDocPtr doc)
{
	xmlSchemaParserCtxtPtr parser =
		xmlSchemaNewMemParserCtxt(junit_xsd, sizeof(junit_xsd) - 1);
	xmlSchemaPtr rules = xmlSchemaParse(parser);
	xmlSchemaValidCtxtPtr check;

	assert_non_null(rules);
	check = xmlSchemaNewValidCtxt(rules);
	assert_int_equal(xmlSchemaValidateDoc(check, doc), 0);
	xmlSchemaFreeValidCtxt(check);
	xmlSchemaFree(rules);
	xmlSchemaFreeParserCtxt(parser);
}

static void expect(xmlDocPtr doc, const char *xpath, const char *value)
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

static void a_failure_tells_its_cause(void **state)
{
	xmlDocPtr doc;

	(void)state;
	fixture_explained(HOSTILE);
	doc = report();
	expect_valid(doc);
	expect(doc, "contains(//testcase[2]/failure, 'lost in: page cache "
	       "(layer 3)\ncause: <script>')", "true");
	expect(doc, "contains(//testcase[2]/failure, '\nmissing: fdatasync of "
	       "/mnt/log\n')", "true");
	expect(doc, "contains(//testcase[3]/failure, 'cause: ')", "false");
	xmlFreeDoc(doc);
}

static void a_loss_that_was_not_expected_fails(void **state)
{
	xmlDocPtr doc;

	(void)state;
	fixture_violated("held");
	doc = report();
	expect_valid(doc);
	expect(doc, "string(//testsuite/@name)", "append-log");
	expect(doc, "string(//testsuite/@timestamp)", "2025-01-02T03:04:05");
	expect(doc, "string(//testsuite/@tests)", "3");
	expect(doc, "string(//testsuite/@failures)", "3");
	expect(doc, "string(//testsuite/@errors)", "0");
	expect(doc, "string(//testsuite/@time)", "48.250");
	expect(doc, "count(//testcase)", "3");
	expect(doc, "count(//failure)", "3");
	expect(doc, "string(//testcase[1]/failure/@message)",
	       "violated, expected held");
	expect(doc, "string(//testcase[2]/@name)",
	       "lost TXN-N: promised, but there is no such record in the log, "
	       "which ends early");
	expect(doc, "string(//testcase[2]/@classname)", "append-log.check");
	xmlFreeDoc(doc);
}

static void the_same_loss_by_two_faults_is_two_cases(void **state)
{
	xmlDocPtr doc;

	(void)state;
	fixture_faulty();
	doc = report();
	expect_valid(doc);
	expect(doc, "count(//testcase)", "3");
	expect(doc, "string(//testcase[2]/@name)",
	       "[shorn write] slot N is damaged");
	expect(doc, "string(//testcase[3]/@name)",
	       "[flying write] slot N is damaged");
	xmlFreeDoc(doc);
}

static void an_expected_loss_passes(void **state)
{
	xmlDocPtr doc;

	(void)state;
	fixture_violated("violated");
	doc = report();
	expect_valid(doc);
	expect(doc, "string(//testsuite/@failures)", "0");
	expect(doc, "count(//testcase)", "3");
	expect(doc, "count(//failure | //error)", "0");
	expect(doc, "contains(//system-out, 'powercut check')", "true");
	xmlFreeDoc(doc);
}

static void a_missed_loss_fails(void **state)
{
	struct store *s = fixture_create();
	xmlDocPtr doc;

	(void)state;
	fixture_facts(s, "held", "violated");
	fixture_state(s, "replay", 1, "all", 0, VERDICT_HELD, STAGE_NONE, "");
	fixture_close(s);
	doc = report();
	expect_valid(doc);
	expect(doc, "string(//failure/@message)", "held, expected violated");
	expect(doc, "string(//testsuite/@failures)", "1");
	xmlFreeDoc(doc);
}

static void no_proof_is_an_error(const char *verdict, const char *reason,
				 const char *told)
{
	xmlDocPtr doc;

	fixture_ends(verdict, reason);
	doc = report();
	expect_valid(doc);
	expect(doc, "string(//testsuite/@errors)", "1");
	expect(doc, "string(//testsuite/@failures)", "0");
	expect(doc, "string(//error/@type)", verdict);
	expect(doc, "string(//error/@message)", told);
	xmlFreeDoc(doc);
}

static void unknown_is_an_error(void **state)
{
	(void)state;
	no_proof_is_an_error("unknown", "no exact join", "no exact join");
}

static void vacuous_is_an_error(void **state)
{
	(void)state;
	no_proof_is_an_error("vacuous", "",
			     "no cut fell where data or a promise was at "
			     "stake");
}

static void hostile_text_stays_text(void **state)
{
	xmlDocPtr doc;

	(void)state;
	fixture_violated("held");
	doc = report();
	expect(doc, "string(//testcase[3]/failure/@message)", HOSTILE_SAFE);
	expect(doc, "count(//script)", "0");
	xmlFreeDoc(doc);
}

static void an_odd_store_is_still_valid(void **state)
{
	struct store *s = fixture_create();
	xmlDocPtr doc;

	(void)state;
	assert_int_equal(store_set(s, "started", "yesterday \x01", NULL), 0);
	assert_int_equal(store_set(s, "seconds", "nan", NULL), 0);
	fixture_state(s, "replay", 1, "none", 1, VERDICT_VIOLATED, STAGE_CHECK,
		      "");
	fixture_close(s);
	doc = report();
	expect_valid(doc);
	xmlFreeDoc(doc);
}

static void each_run_is_a_suite(void **state)
{
	const char *const dirs[] = { fixture_dir, fixture_dir };
	const char *const one_is_missing[] = { fixture_dir, "/nowhere" };
	struct buf b = BUF_INIT;
	xmlDocPtr doc;

	(void)state;
	fixture_held();
	doc = report_of(dirs, 2);
	expect_valid(doc);
	expect(doc, "count(//testsuite)", "2");
	expect(doc, "string(//testsuite[2]/@id)", "1");
	xmlFreeDoc(doc);
	assert_int_equal(report_junit(one_is_missing, 2, &b, NULL), -ENOENT);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(a_failure_tells_its_cause),
		REPORT_TEST(a_loss_that_was_not_expected_fails),
		REPORT_TEST(the_same_loss_by_two_faults_is_two_cases),
		REPORT_TEST(an_expected_loss_passes),
		REPORT_TEST(a_missed_loss_fails),
		REPORT_TEST(unknown_is_an_error),
		REPORT_TEST(vacuous_is_an_error),
		REPORT_TEST(hostile_text_stays_text),
		REPORT_TEST(an_odd_store_is_still_valid),
		REPORT_TEST(each_run_is_a_suite),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	xmlSchemaCleanupTypes();
	xmlCleanupParser();
	return failed;
}

/*
 * JUnit XML, for CI dashboards.
 *
 * The format is that of Ant's JUnit task, as windyroad's JUnit.xsd describes
 * it, which the common readers (Jenkins, GitLab, Azure) accept: each suite has
 * its properties, test cases and output in this order, each test case at most
 * one failure or error, and timestamps without a zone.
 *
 * A suite per run. Its test case "verdict" passes when the verdict is the
 * expected one: a scenario that is meant to show a loss, and does, passes.
 * Unknown and vacuous are errors: nothing was proven. Each finding is a test
 * case too, failed when the verdict was not expected; it is named by its
 * pattern, so that a dashboard knows it again in the next run.
 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <libxml/xmlwriter.h>
#include <string.h>

#include "clean.h"
#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "summary.h"

#define X(text) ((const xmlChar *)(text))

/*
 * The writer's own results are not looked at: it writes to memory, and a
 * failure (out of memory) shows when the document is ended.
 */
static void attribute(xmlTextWriterPtr w, const char *name, const char *value)
{
	CLEANUP_FREE char *safe = clean(value, ONE_LINE);

	xmlTextWriterWriteAttribute(w, X(name), X(safe));
}

static void number(xmlTextWriterPtr w, const char *name, size_t n)
{
	xmlTextWriterWriteFormatAttribute(w, X(name), "%zu", n);
}

static void seconds(xmlTextWriterPtr w, double n)
{
	xmlTextWriterWriteFormatAttribute(w, X("time"), "%.3f",
					  n < 0 ? 0 : n);
}

static void content(xmlTextWriterPtr w, const char *text)
{
	CLEANUP_FREE char *safe = clean(text, MANY_LINES);

	xmlTextWriterWriteString(w, X(safe));
}

static void property(xmlTextWriterPtr w, const char *name, const char *value)
{
	if (!*value)
		return;
	xmlTextWriterStartElement(w, X("property"));
	attribute(w, "name", name);
	attribute(w, "value", value);
	xmlTextWriterEndElement(w);
}

static void properties(xmlTextWriterPtr w, const struct summary *s)
{
	xmlTextWriterStartElement(w, X("properties"));
	property(w, "run", s->name);
	property(w, "verdict", verdict_name(s->verdict));
	property(w, "expect", s->expect);
	property(w, "seed", s->seed);
	property(w, "filesystem", s->filesystem);
	property(w, "accel", s->accel);
	property(w, "checked_on", s->checked_on);
	property(w, "kernel", s->kernel);
	property(w, "qemu", s->qemu);
	property(w, "libvirt", s->libvirt);
	xmlTextWriterEndElement(w);
}

static void start_case(xmlTextWriterPtr w, const char *class,
		       const char *name, double time)
{
	xmlTextWriterStartElement(w, X("testcase"));
	attribute(w, "name", *name ? name : "(no message)");
	attribute(w, "classname", class);
	seconds(w, time);
}

/* element: "failure" or "error" */
static void problem(xmlTextWriterPtr w, const char *element, const char *type,
		    const char *message, const char *body)
{
	xmlTextWriterStartElement(w, X(element));
	attribute(w, "type", type);
	attribute(w, "message", message);
	content(w, body);
	xmlTextWriterEndElement(w);
}

static int is_error(const struct summary *s)
{
	return s->verdict == VERDICT_UNKNOWN || s->verdict == VERDICT_VACUOUS;
}

static int is_failure(const struct summary *s)
{
	return !is_error(s) && !s->as_expected;
}

static void verdict_case(xmlTextWriterPtr w, const struct summary *s,
			 const char *text)
{
	const char *name = verdict_name(s->verdict);
	CLEANUP_FREE char *message =
		xasprintf("%s, expected %s", name, s->expect);

	start_case(w, s->scenario, "verdict", s->seconds);
	if (is_error(s))
		problem(w, "error", name, *s->reason ? s->reason : message,
			text);
	else if (is_failure(s))
		problem(w, "failure", name, message, text);
	xmlTextWriterEndElement(w);
}

static void cause(struct buf *b, const struct store_cause *c)
{
	if (*c->sentence)
		buf_printf(b, "cause: %s\n", c->sentence);
	if (*c->missing)
		buf_printf(b, "missing: %s\n", c->missing);
	if (*c->doubt)
		buf_printf(b, "doubt: %s\n", c->doubt);
}

static void finding_case(xmlTextWriterPtr w, const struct summary *s,
			 const struct finding *f)
{
	CLEANUP_FREE char *class =
		xasprintf("%s.%s", s->scenario, stage_name(f->stage));
	CLEANUP_BUF struct buf body = BUF_INIT, name = BUF_INIT;

	if (*f->fault)
		buf_printf(&name, "[%s] ", f->fault);
	if (f->verdict == VERDICT_LOSES)
		buf_puts(&name, "[within the documented window] ");
	buf_puts(&name, f->pattern);
	start_case(w, class, buf_text(&name), 0);
	if (is_failure(s) && f->verdict == VERDICT_VIOLATED) {
		buf_printf(&body, "%s\nlost in: %s\n", f->message, f->layer);
		if (f->explained)
			cause(&body, &f->cause);
		buf_printf(&body,
			   "shown by: %" PRIu64 " states\n%s\n%s\n%s\n\n%s\n",
			   f->states, f->replay, f->shell, f->image, f->detail);
		problem(w, "failure", stage_name(f->stage), f->message,
			buf_text(&body));
	}
	xmlTextWriterEndElement(w);
}

/* YYYY-MM-DDTHH:MM:SS, without the zone: JUnit has none. */
static void timestamp(xmlTextWriterPtr w, const char *started)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	char text[] = "1970-01-01T00:00:00";
	size_t i = 0;

	while (form[i] && started[i] &&
	       (form[i] == 'd' ? started[i] >= '0' && started[i] <= '9' :
				 started[i] == form[i]))
		i++;
	if (!form[i])
		memcpy(text, started, i);
	attribute(w, "timestamp", text);
}

static size_t violations(const struct summary *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_findings; i++)
		n += s->findings[i].verdict == VERDICT_VIOLATED;
	return n;
}

static void suite(xmlTextWriterPtr w, const struct summary *s, size_t id)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	size_t failures = is_failure(s) ? 1 + violations(s) : 0;

	summary_text(s, &text);
	xmlTextWriterStartElement(w, X("testsuite"));
	attribute(w, "name", s->scenario);
	attribute(w, "package", "powercut");
	number(w, "id", id);
	timestamp(w, s->started);
	attribute(w, "hostname", *s->host ? s->host : "localhost");
	number(w, "tests", 1 + s->n_findings);
	number(w, "failures", failures);
	number(w, "errors", is_error(s) ? 1 : 0);
	number(w, "skipped", 0);
	seconds(w, s->seconds);
	properties(w, s);
	verdict_case(w, s, buf_text(&text));
	for (size_t i = 0; i < s->n_findings; i++)
		finding_case(w, s, &s->findings[i]);
	xmlTextWriterStartElement(w, X("system-out"));
	content(w, buf_text(&text));
	xmlTextWriterEndElement(w);
	xmlTextWriterStartElement(w, X("system-err"));
	xmlTextWriterEndElement(w);
	xmlTextWriterEndElement(w);
}

static int suites(xmlTextWriterPtr w, const char *const *run_dirs, size_t n,
		  struct error *e)
{
	xmlTextWriterSetIndent(w, 1);
	xmlTextWriterStartDocument(w, "1.0", "UTF-8", NULL);
	xmlTextWriterStartElement(w, X("testsuites"));
	for (size_t i = 0; i < n; i++) {
		CLEANUP_SUMMARY struct summary s = SUMMARY_INIT;
		int err = summary_load(run_dirs[i], &s, e);

		if (err < 0)
			return err;
		suite(w, &s, i);
	}
	if (xmlTextWriterEndDocument(w) < 0)
		return error_set(e, ENOMEM, "cannot write JUnit XML");
	return 0;
}

int report_junit(const char *const *run_dirs, size_t n, struct buf *ret,
		 struct error *e)
{
	xmlBufferPtr xml = xmlBufferCreate();
	xmlTextWriterPtr w = xml ? xmlNewTextWriterMemory(xml, 0) : NULL;
	int err = w ? suites(w, run_dirs, n, e) :
		      error_set(e, ENOMEM, "cannot write JUnit XML");

	xmlFreeTextWriter(w); /* writes out what it still holds */
	if (err == 0)
		buf_add(ret, xmlBufferContent(xml),
			(size_t)xmlBufferLength(xml));
	xmlBufferFree(xml);
	return err;
}

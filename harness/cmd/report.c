/* powercut report: what a run found, again. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "cmd/target.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/files.h"
#include "results/report/report.h"

struct report_options {
	struct session_options session;
	const char *format;
	const char *output;
};

static const struct option_spec options[] = {
	{ .name = "format", .letter = 'f', .argument = "text|json|junit|html",
	  .help = "What to print.", .type = OPTION_STRING, .fallback = "text",
	  .offset = offsetof(struct report_options, format) },
	{ .name = "output", .letter = 'o', .argument = "FILE",
	  .help = "Writes to the file instead of standard output.",
	  .type = OPTION_STRING,
	  .offset = offsetof(struct report_options, output) },
	SESSION_RESULTS_OPTION(struct report_options),
	{ 0 }
};

static const char *const examples[] = {
	"powercut report append-log",
	"powercut report --format junit --output out.xml append-log",
	NULL
};

static int make_report(const char *dir, const char *format, struct buf *ret,
		       struct error *e)
{
	if (!strcmp(format, "json"))
		return report_json(dir, ret, e);
	if (!strcmp(format, "junit"))
		return report_junit(&dir, 1, ret, e);
	if (!strcmp(format, "html"))
		return report_html(dir, ret, e);
	return report_text(dir, ret, e);
}

static int print_report(const struct report_options *o, const struct buf *text,
			struct error *e)
{
	if (o->output)
		return file_write(o->output, buf_text(text), text->len, e);
	fwrite(buf_text(text), 1, text->len, stdout);
	if (text->len && text->data[text->len - 1] != '\n')
		putchar('\n');
	return 0;
}

static int report(const struct command_line *line)
{
	const struct report_options *o = line->options;
	const char *format = line->json ? "json" : o->format;
	CLEANUP_BUF struct buf text = BUF_INIT;
	enum exit_status status = EXIT_USAGE;
	struct session paths = { 0 };
	struct target t = { 0 };
	struct error e = { 0 };
	int err = session_paths(&o->session, &paths, &e);

	if (!err)
		err = target_find(&paths, line->args[0], &t, &e);
	if (!err) {
		status = EXIT_HARNESS;
		err = make_report(t.dir, format, &text, &e);
	}
	if (!err)
		err = print_report(o, &text, &e);
	target_release(&t);
	session_close(&paths);
	return err ? command_fail(line, status, &e) : EXIT_EXPECTED;
}

const struct subcommand cmd_report = {
	.name = "report",
	.synopsis = "RUN",
	.about = "Prints what a run found. Each run's directory also holds "
		 "report.json, junit.xml and report.html.",
	.options = options,
	.options_size = sizeof(struct report_options),
	.min_args = 1,
	.max_args = 1,
	.examples = examples,
	.run = report,
};

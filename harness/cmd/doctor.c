/* powercut doctor: can powercut run here, and if not, what to do. */
#include "cmd/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "cmd/commands.h"
#include "cmd/options.h"
#include "cmd/session.h"
#include "common/buf.h"
#include "common/error.h"

struct doctor_options {
	struct session_options session;
};

static const struct option_spec options[] = {
	SESSION_RESULTS_OPTION(struct doctor_options),
	{ 0 }
};

static const char *const examples[] = { "powercut doctor",
					"powercut doctor --json", NULL };

void diagnosis_add(struct diagnosis *d, enum health health, const char *check,
		   const char *fix, const char *message, ...)
{
	struct finding *f;
	char text[1024];
	va_list ap;

	va_start(ap, message);
	vsnprintf(text, sizeof(text), message, ap);
	va_end(ap);
	d->findings = xrealloc(d->findings, (d->n + 1) * sizeof(*d->findings));
	f = &d->findings[d->n++];
	*f = (struct finding){ .health = health, .check = check,
			       .message = xstrdup(text),
			       .fix = fix ? xstrdup(fix) : NULL };
}

static void diagnosis_release(struct diagnosis *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->findings[i].message);
		free(d->findings[i].fix);
	}
	free(d->findings);
}

static const char *health_name(enum health h)
{
	static const char *const names[] = { "ok", "note", "warning",
					     "failed" };

	return names[h];
}

static void print_text(const struct diagnosis *d)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct finding *f = &d->findings[i];

		printf("%-8s %-9s %s\n", health_name(f->health), f->check,
		       f->message);
		if (f->fix)
			printf("%19s%s\n", "fix: ", f->fix);
	}
}

static void print_json(const struct diagnosis *d)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct finding *f = &d->findings[i];
		json_t *object = json_pack("{s:s, s:s, s:s, s:s?}", "check",
					   f->check, "health",
					   health_name(f->health), "message",
					   f->message, "fix", f->fix);

		json_dumpf(object, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(object);
	}
}

static size_t count_failed(const struct diagnosis *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->findings[i].health == HEALTH_FAILED;
	return n;
}

static int doctor(const struct command_line *line)
{
	const struct doctor_options *o = line->options;
	struct diagnosis d = { 0 };
	struct session paths = { 0 };
	struct error e = { 0 };
	size_t failed;

	if (session_paths(&o->session, &paths, &e))
		return command_fail(line, EXIT_HARNESS, &e);
	check_kvm(&d);
	check_qemu(&d);
	check_libvirt(&d);
	check_nbdkit(&d);
	check_compiler(&d);
	check_plugin(&d, &paths.lab.home);
	check_guest(&d, &paths.lab.home);
	check_images(&d);
	check_host(&d);
	check_disk(&d, paths.runs);
	check_memory(&d);
	check_remains(&d);
	session_close(&paths);
	failed = count_failed(&d);
	if (line->json)
		print_json(&d);
	else
		print_text(&d);
	diagnosis_release(&d);
	if (failed)
		fprintf(stderr, "powercut cannot run here: %zu failed.\n",
			failed);
	return failed ? EXIT_HARNESS : EXIT_EXPECTED;
}

const struct subcommand cmd_doctor = {
	.name = "doctor",
	.synopsis = "",
	.about = "Checks whether powercut can run here, and says what to do "
		 "where it cannot. Exit status 3: something needed is missing.",
	.options = options,
	.options_size = sizeof(struct doctor_options),
	.examples = examples,
	.run = doctor,
};

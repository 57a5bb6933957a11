#include "run/steps.h"

#include <inttypes.h>
#include <time.h>

#include "common/cleanup.h"

static void timestamp(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

int run_store_facts(struct run *r, struct error *e)
{
	const struct scenario *s = r->scenario;
	CLEANUP_FREE char *accel = lab_accel(r->engine->lab);
	const char *reason = vm_host_accel_reason(r->engine->lab->host);
	char started[32];
	int err;

	timestamp(started, sizeof(started));
	err = store_set(r->store, "scenario", s->name, e);
	if (!err)
		err = store_set(r->store, "about", s->about, e);
	if (!err)
		err = store_set(r->store, "path", s->path, e);
	if (!err)
		err = store_set(r->store, "accel",
				vm_host_accel(r->engine->lab->host), e);
	if (!err && reason)
		err = store_set(r->store, "accel_reason", reason, e);
	if (!err)
		err = store_set(r->store, "kernel", r->engine->image.release,
				e);
	if (!err)
		err = store_set(r->store, "started", started, e);
	if (!err)
		err = store_set(r->store, "expect",
				s->expect == EXPECT_HELD ? "held" : "violated",
				e);
	if (!err)
		err = store_setf(r->store, e, "seed", "%" PRIu64, s->seed);
	return err;
}

int run_store_marks(struct run *r, const struct history *h,
			 struct error *e)
{
	static const char *const kinds[] = { [MARK_BEGIN] = "begin",
					     [MARK_ACK] = "ack",
					     [MARK_MARK] = "mark" };

	for (size_t i = 0; i < h->n_marks; i++) {
		const struct mark *m = &h->marks[i];
		struct store_mark row = { .source = r->source,
					  .position = m->position,
					  .number = m->number,
					  .kind = kinds[m->kind],
					  .text = m->text };
		int err = m->number ? store_add_mark(r->store, &row, e) : 0;

		if (err)
			return err;
	}
	return 0;
}

int run_store_counts(struct run *r, const struct recording *rec,
			const struct history *h, struct error *e)
{
	uint64_t fua = 0;
	int err;

	for (size_t i = 0; i < h->n_commands; i++)
		fua += h->commands[i].number && h->commands[i].fua;
	err = store_setf(r->store, e, "writes", "%" PRIu64, h->n_writes);
	if (!err)
		err = store_setf(r->store, e, "flushes", "%" PRIu64,
				 h->n_flushes);
	if (!err)
		err = store_setf(r->store, e, "fua_writes", "%" PRIu64, fua);
	if (!err)
		err = store_setf(r->store, e, "marks", "%zu", h->n_marks);
	if (!err)
		err = store_setf(r->store, e, "boot_ns", "%" PRIu64,
				 rec->boot_ns);
	if (!err)
		err = store_setf(r->store, e, "record_ns", "%" PRIu64,
				 rec->run_ns);
	return err;
}

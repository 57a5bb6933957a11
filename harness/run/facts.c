#include "run/steps.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "host/host.h"

static void timestamp(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

struct fact {
	const char *key, *value; /* value NULL: there is none */
};

static int store_all(struct store *store, const struct fact *facts, size_t n,
		     struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct fact *f = &facts[i];
		int err = f->value ? store_set(store, f->key, f->value, e) : 0;

		if (err)
			return err;
	}
	return 0;
}

int run_store_expect(struct store *store, const struct scenario *s,
		     struct error *e)
{
	int err = store_set(store, "expect", expect_name(s->expect), e);

	return err ? err : store_setf(store, e, "window_ns", "%" PRIu64,
				      s->window_ns);
}

int run_store_origin(struct store *store, const struct scenario *s,
		     struct error *e)
{
	char started[32], seed[32], name[HOST_NAME_MAX + 1] = "";
	const struct fact facts[] = {
		{ "scenario", s->name },
		{ "about", s->about },
		{ "path", s->path },
		{ "fixed", s->fixed ? s->fixed : "" },
		{ "seed", seed },
		{ "filesystem", s->filesystem.type },
		{ "started", started },
		{ "host", name },
	};
	int err;

	timestamp(started, sizeof(started));
	snprintf(seed, sizeof(seed), "%" PRIu64, s->seed);
	gethostname(name, sizeof(name) - 1);
	err = store_all(store, facts, sizeof(facts) / sizeof(*facts), e);
	return err ? err : run_store_expect(store, s, e);
}

/* Kernels differ: what was judged by this machine's own says so. */
static char *checked_on(const struct scenario *s)
{
	if (s->check.on == CHECK_ON_HOST)
		return xasprintf("host, kernel %s", host_kernel());
	return xstrdup("guest");
}

int run_store_machine(struct run *r, struct error *e)
{
	const struct vm_host *host = r->engine->lab->host;
	CLEANUP_FREE char *place = checked_on(r->scenario);
	/* Without libvirt nothing is recorded: the facts of then stay. */
	const struct fact facts[] = {
		{ "checked_on", place },
		{ "kernel", r->engine->image.release },
		{ "accel", host ? vm_host_accel(host) : NULL },
		{ "accel_reason", host ? vm_host_accel_reason(host) : NULL },
		{ "qemu", host ? vm_host_qemu(host) : NULL },
		{ "libvirt", host ? vm_host_libvirt(host) : NULL },
	};

	return store_all(r->store, facts, sizeof(facts) / sizeof(*facts), e);
}

int run_store_doubt(struct run *r, struct error *e)
{
	return r->unknown ? store_set(r->store, "doubt", r->unknown, e) : 0;
}

int run_store_progress(struct run *r, const char *key, size_t done,
		       size_t planned, struct error *e)
{
	return store_setf(r->store, e, key, "%zu of %zu", done, planned);
}

/* "3 of 14"; nothing stored: none of none. */
static int load_progress(struct run *r, const char *key, size_t *ret_done,
			 size_t *ret_planned)
{
	CLEANUP_FREE char *text = store_get(r->store, key);

	*ret_done = *ret_planned = 0;
	if (text && sscanf(text, "%zu of %zu", ret_done, ret_planned) != 2)
		return -EBADMSG;
	return 0;
}

static void doubt_missing(struct run *r, const char *what, size_t done,
			  size_t planned)
{
	if (!r->unknown && done < planned)
		r->unknown = xasprintf("only %zu of %zu %s were made", done,
				       planned, what);
}

int run_load_doubts(struct run *r, size_t *ret_live, size_t *ret_nested)
{
	size_t live = 0, nested = 0;

	r->unknown = store_get(r->store, "doubt");
	if (load_progress(r, "live", ret_live, &live) ||
	    load_progress(r, "nested", ret_nested, &nested))
		return -EBADMSG;
	if (!live && r->scenario->mode != MODE_REPLAY && !r->unknown)
		r->unknown = xstrdup("no live cut was made");
	doubt_missing(r, "live cuts", *ret_live, live);
	doubt_missing(r, "recoveries", *ret_nested, nested);
	return 0;
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

int run_store_commands(struct store *store, const struct history *h,
		       struct error *e)
{
	uint64_t fua = 0;
	int err;

	for (size_t i = 0; i < h->n_commands; i++)
		fua += h->commands[i].number && h->commands[i].fua;
	err = store_setf(store, e, "writes", "%" PRIu64, h->n_writes);
	if (!err)
		err = store_setf(store, e, "flushes", "%" PRIu64,
				 h->n_flushes);
	if (!err)
		err = store_setf(store, e, "fua_writes", "%" PRIu64, fua);
	if (!err)
		err = store_setf(store, e, "marks", "%zu", h->n_marks);
	return err;
}

int run_store_counts(struct run *r, const struct recording *rec,
			const struct history *h, struct error *e)
{
	int err = run_store_commands(r->store, h, e);

	if (!err)
		err = store_setf(r->store, e, "boot_ns", "%" PRIu64,
				 rec->boot_ns);
	if (!err)
		err = store_setf(r->store, e, "record_ns", "%" PRIu64,
				 rec->run_ns);
	return err;
}

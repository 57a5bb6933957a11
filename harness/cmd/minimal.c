#include "cmd/minimal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"

char *minimal_name(const char *source, const char *state)
{
	if (!strcmp(source, "replay"))
		return xstrdup(state);
	return xasprintf("%s/%s", source, state);
}

static const char *type_name(enum log_type type)
{
	switch (type) {
	case LOG_ZEROES:
		return "write-zeroes";
	case LOG_DISCARD:
		return "discard";
	default:
		return "write";
	}
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* Only what was judged is claimed. */
static void claims(const struct minimised *m, struct buf *ret)
{
	if (!m->one_minimal)
		buf_puts(ret, "perhaps not the smallest: the search was ended "
			 "early");
	else if (m->n_losses)
		buf_puts(ret, "no lost write can be given back");
	else
		buf_puts(ret, "nothing need be lost in the drive");
	if (m->one_minimal)
		buf_puts(ret, m->earliest ? "; no earlier cut shows it" :
					    "; not all earlier cuts were tried");
}

static void losses(const struct minimised *m, struct buf *ret)
{
	for (size_t i = 0; i < m->n_losses; i++) {
		const struct minimised_loss *l = &m->losses[i];

		buf_printf(ret, "  %-11s w%" PRIu64 ": %s of %" PRIu64
			   " bytes at %" PRIu64 ", %s\n", i ? "" : "lost",
			   l->number, type_name(l->type), l->length, l->offset,
			   l->survival);
	}
}

void minimal_text(const struct minimised *m, const char *name,
		  struct buf *ret)
{
	if (!m->reproduced) {
		buf_printf(ret, "  minimal     none: judged again, the state "
			   "did not show it\n");
		return;
	}
	buf_printf(ret, "  minimal     %s (%zu lost write%s of %" PRIu64 ")\n"
		   "              ", name, m->n_losses, plural(m->n_losses),
		   m->lost_before);
	claims(m, ret);
	buf_printf(ret, "\n  judged      %" PRIu64 " state%s%s\n",
		   m->judgements, plural(m->judgements),
		   m->stable ? "; the minimal one twice, with the same result" :
			       "; the minimal one did not show it twice");
	losses(m, ret);
}

static json_t *losses_json(const struct minimised *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->n_losses; i++) {
		const struct minimised_loss *l = &m->losses[i];

		json_array_append_new(
			list, json_pack("{s:I, s:s, s:I, s:I, s:s}", "number",
					(json_int_t)l->number, "type",
					type_name(l->type), "offset",
					(json_int_t)l->offset, "length",
					(json_int_t)l->length, "survival",
					l->survival));
	}
	return list;
}

static void put_nothing(json_t *object)
{
	static const char *const keys[] = { "minimal_state", "minimal_lost",
					    "losses", "judgements",
					    "reproduced", "one_minimal",
					    "earliest", "stable" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		json_object_set_new(object, keys[i], json_null());
}

void minimal_json(const struct minimised *m, const char *name, json_t *object)
{
	json_t *more;

	if (!m->state) {
		put_nothing(object);
		return;
	}
	more = json_pack("{s:s?, s:I, s:o, s:I, s:b, s:b, s:b, s:b}",
			 "minimal_state", m->reproduced ? name : NULL,
			 "minimal_lost", (json_int_t)m->n_losses, "losses",
			 losses_json(m), "judgements",
			 (json_int_t)m->judgements, "reproduced",
			 m->reproduced, "one_minimal", m->one_minimal,
			 "earliest", m->earliest, "stable", m->stable);
	json_object_update_new(object, more);
}

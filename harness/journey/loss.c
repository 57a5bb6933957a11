/* A write of the drive that a state has lost, where no operation explains it: a
 * block of the journal, or other metadata. */
#include "journey/cause.h"

#include <inttypes.h>

#include "common/buf.h"
#include "explain/legal.h"

static int lost_somewhere(const struct write_fate *f)
{
	for (uint32_t i = 0; i < f->n_units; i++)
		if (f->units[i] == UNIT_LOST)
			return 1;
	return 0;
}

static const struct write_fate *first_loss(const struct media *m)
{
	for (size_t i = 0; i < m->n_fates; i++)
		if (lost_somewhere(&m->fates[i]))
			return &m->fates[i];
	return NULL;
}

static const struct ext4_transaction *journal_write(const struct journey *j,
						    size_t command)
{
	for (size_t i = 0; j->has_ext4 && i < j->ext4.n; i++)
		for (size_t k = 0; k < j->ext4.transactions[i].n_commands; k++)
			if (j->ext4.transactions[i].commands[k] == command)
				return &j->ext4.transactions[i];
	return NULL;
}

static void say_write(const struct media *m, const struct write_fate *f,
		      struct buf *ret)
{
	const struct journey *j = m->journey;
	const struct command *c = &j->in.history->commands[f->command];
	const struct ext4_transaction *x = journal_write(j, f->command);
	int torn = media_torn(m, f->command);

	buf_printf(ret, "the drive lost its write w%" PRIu64 "%s (%" PRIu64
		   " bytes at %" PRIu64, c->number, torn ? " in part" : "",
		   c->length, c->offset);
	if (x)
		buf_printf(ret, ", of transaction %" PRIu32 " of the journal",
			   x->number);
	if (torn) {
		buf_puts(ret, ": ");
		legal_survival(f, ret);
	}
	buf_puts(ret, ") when the power failed: ");
}

unsigned loss_words(const struct media *m, enum step *ret_step,
		    struct buf *sentence, struct buf *missing)
{
	const struct journey *j = m->journey;
	const char *no_barrier = mounted_without_barriers(j);
	const struct write_fate *f = first_loss(m);
	const struct command *c;
	struct legal_reason r;

	*ret_step = STEP_NONE;
	if (!f)
		return 0;
	c = &j->in.history->commands[f->command];
	r = legal_reason(j->in.history, j->in.model, f->command,
			 j->durable[f->command], m->position);
	say_write(m, f, sentence);
	if (r.why == LEGAL_IGNORED) {
		*ret_step = STEP_DRIVE;
		drive_words(c, &r, missing);
		buf_puts(sentence, buf_text(missing));
	} else if (r.why == LEGAL_NO_FLUSH && no_barrier) {
		*ret_step = STEP_MOUNT;
		buf_printf(missing, "no flush was sent: the file system is "
			   "mounted with %s", no_barrier);
		buf_puts(sentence, buf_text(missing));
	} else {
		legal_sentence(c, &r, sentence);
	}
	return r.why == LEGAL_IN_FLIGHT ? AT_BLOCK : AT_DRIVE;
}

/*
 * Rule 8 of the crash model (model.c): faults beyond the contract.
 *
 * Rules 1 to 7 say what a drive may do when power fails. Real drives do more;
 * the kinds are those that Zheng, Tucek, Qin and Lillibridge saw
 * ("Understanding the Robustness of SSDs under Power Fault", FAST 2013). Each
 * is off unless the scenario asks for it, and what it shows is a finding of its
 * own that names it: no drive is allowed any of this.
 *
 * A faulty state is a legal state, its base, with exactly one fault in it. A
 * base is any state that rules 1 to 7 allow; those that are looked for by
 * themselves are "everything survived" and "nothing volatile survived". The
 * base says which write each unit shows: the one that made the version which
 * the unit holds (versions are cumulative, see model.c). A write that was
 * overwritten or lost on a unit has no programmed copy there that a fault could
 * hit. That a shown write is durable protects it from no fault: power that
 * fails while one page of a flash cell is programmed damages the pages that
 * share the cell, and a controller that dies while it moves data loses old ones.
 *
 * Three faults hit a recent write: one of the last FAULT_RECENT that were
 * submitted before the cut (write-zeroes and discards count among these, but
 * hold no data that could be hit).
 *
 * - Bit corruption: in one unit that shows a recent write, `bits` bits that
 *   follow each other are inverted, wherever in the unit they lie.
 * - Shorn write: of one unit that shows a recent write only the first `keep`
 *   bytes were written; behind them stands what the unit held before that
 *   write.
 * - Flying write: a recent write landed `distance` bytes behind its place, or
 *   before it. Each unit that shows it holds again what it held before that
 *   write, and what the write has in that unit stands at the same place of the
 *   unit that lies the distance away, over whatever is there in the base. All of
 *   the write's units must land on the disk.
 *
 * Two lose what was durable:
 *
 * - Unserializable write: one of the last `window` writes that became durable
 *   (in that order; of those that became durable at once, in submit order) is
 *   lost although others that came after it survived. Each unit that shows it
 *   holds what it held before that write.
 * - Metadata corruption: the mapping table is saved when recording begins (ARM)
 *   and with every `checkpoint`th write. After the cut an older one is in force:
 *   all units, or those of one region of `region` bytes, hold what they held
 *   when that write had been submitted and nothing behind it.
 *
 * And a dead device holds its base's content, but serves no writes any more
 * (read-only), or nothing at all (gone).
 *
 * A fault that would leave the base as it is did not happen: it is no state.
 */
#include "drive/faults.h"

static const struct {
	const char *title, *word, *key;
} names[FAULT_COUNT] = {
	[FAULT_NONE] = { "", "", "" },
	[FAULT_BIT_CORRUPTION] = { "bit corruption", "bits", "bit_corruption" },
	[FAULT_SHORN] = { "shorn write", "shorn", "shorn" },
	[FAULT_FLYING] = { "flying write", "flying", "flying" },
	[FAULT_UNSERIALIZABLE] = { "unserializable write", "unserial",
				   "unserializable" },
	[FAULT_METADATA] = { "metadata corruption", "rollback", "metadata" },
	[FAULT_READ_ONLY] = { "dead device (read-only)", "read-only", "dead" },
	[FAULT_GONE] = { "dead device (gone)", "gone", "dead" },
};

int fault_model_any(const struct fault_model *m)
{
	for (int f = FAULT_NONE + 1; f < FAULT_COUNT; f++)
		if (m->count[f])
			return 1;
	return 0;
}

const char *fault_title(enum fault f)
{
	return names[f].title;
}

const char *fault_word(enum fault f)
{
	return names[f].word;
}

const char *fault_key(enum fault f)
{
	return names[f].key;
}

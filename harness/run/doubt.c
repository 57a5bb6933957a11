/*
 * Verdicts on recordings that do not know which writes had FUA.
 *
 * A state in which a write is lost is legal only if that write was volatile,
 * and without FUA nobody knows. So what it shows is told as unknown. A state
 * that lost nothing is legal whatever had FUA: its violation is a proof. That
 * all states hold is none either (interchange/import.c): verdict.c never lets
 * such a run be held.
 */
#include "run/steps.h"

#include "common/buf.h"

char *run_doubt(enum imported imported, const struct state *state,
		const struct judgement *j)
{
	if (imported != IMPORTED_NO_FUA ||
	    (j->verdict != VERDICT_VIOLATED && j->verdict != VERDICT_LOSES) ||
	    !state->lost)
		return NULL;
	return xasprintf("not proved, since it is not known which of the lost "
			 "writes had FUA: %s", j->message ? j->message : "");
}

#include "cmd/explain-fix-words.h"

#include <inttypes.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "results/report/report.h"

static int flushes(const struct fix *f)
{
	return f->n_cures && f->cures[0].what == CURE_FLUSH_BUFFERS;
}

static const char *verdict_words(const struct fix *f,
				 const struct fix_result *r)
{
	switch (r->verdict) {
	case FIX_CURED:
		return "cured: the violation is gone";
	case FIX_OTHER:
		return "the violation is gone, another one is there";
	case FIX_FAILED:
		return "not cured: the violation is still there";
	case FIX_UNUSED:
		return flushes(f) ? "nothing was tried: no process had a "
				    "buffer that powercut knows" :
				    "nothing was tried: no call of the "
				    "workload matched";
	default:
		return "not known";
	}
}

/* What is not as it was in the run that is explained. */
static void changed_text(const struct fix *f, const struct fix_result *r,
			 struct buf *b)
{
	switch (f->by) {
	case FIX_BY_TRACER:
		buf_printf(b, "    added     %" PRIu64 " calls, by powercut's "
			   "tracer (PID 1 of the guest, ptrace) while the "
			   "program stood still%s\n", r->added,
			   flushes(f) ? "; it called the flushes in the "
					"program itself" : "");
		break;
	case FIX_BY_DRIVE:
		buf_puts(b, "    changed   the drive; the program is the same, "
			 "no call was added\n");
		break;
	case FIX_BY_MOUNT:
		buf_puts(b, "    changed   the mount options; the program is "
			 "the same, no call was added\n");
		break;
	case FIX_BY_VARIANT:
		buf_puts(b, "    changed   the scenario: it is the variant's "
			 "program, drive and check\n");
		break;
	}
}

static void cost_text(const struct fix_result *r, struct buf *b)
{
	double now = (double)r->run_ns / 1e9,
	       before = (double)r->run_before_ns / 1e9;

	if (!r->run_ns || !r->run_before_ns)
		return;
	buf_printf(b, "    cost      the workload took %.3f s instead of %.3f s "
		   "(%+.0f %%), one recording each\n", now, before,
		   100 * (now - before) / before);
}

void fix_text(const struct fix *f, size_t number, const struct fix_result *r,
	      struct buf *ret)
{
	CLEANUP_FREE char *words = report_clean(f->words);
	CLEANUP_FREE char *message = report_clean(r->message);

	buf_printf(ret, "  fix %zu       %s\n", number, words);
	buf_printf(ret, "    result    %s\n", verdict_words(f, r));
	if (r->states)
		buf_printf(ret, "    judged    %" PRIu64 " states at %" PRIu64
			   " cuts\n", r->states, r->cuts);
	if (*message)
		buf_printf(ret, "    says      %s\n", message);
	changed_text(f, r, ret);
	cost_text(r, ret);
	if (r->run)
		buf_printf(ret, "    run       %s\n", r->run);
}

json_t *fix_json(const struct fix *f, const struct fix_result *r)
{
	CLEANUP_FREE char *words = report_clean(f->words);
	CLEANUP_FREE char *message = report_clean(r->message);

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s?}",
			 "by",
			 fix_by_name(f->by), "fix", words, "result",
			 fix_verdict_name(r->verdict), "message", message,
			 "states", (json_int_t)r->states, "cuts",
			 (json_int_t)r->cuts,
			 "added", (json_int_t)r->added, "record_ns",
			 (json_int_t)r->run_ns, "record_ns_before",
			 (json_int_t)r->run_before_ns, "run", r->run);
}

/*
 * The JUDGE request. How long it may take: each step has the agent's patience,
 * a program its own limit on top. The guest tells a step that lasts (STEP), and
 * that moves the deadline; a guest that tells nothing has the patience and the
 * check's limit for all together, as a check that leaves the agent no time to
 * speak must not be taken for a guest that is gone.
 */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "vm/agent-internal.h"

static const char *const step_names[] = {
	[STEP_NONE] = "judge a state",	[STEP_MOUNT] = "mount",
	[STEP_MOUNTED] = "wait to go on", [STEP_CHECK] = "run the check",
	[STEP_UMOUNT] = "unmount",	[STEP_FSCK] = "run fsck",
};
#define N_STEPS (sizeof(step_names) / sizeof(*step_names))

static uint64_t limit(const struct agent_run *r)
{
	if (!r->argv)
		return 0;
	return r->timeout_ns ? r->timeout_ns : UINT64_MAX;
}

static int answer_mounted(struct agent *a, struct answer *w, struct error *e)
{
	int skip = w->judge->mounted(w->judge->arg, e);
	struct go go = { .skip = skip > 0 };

	if (skip < 0)
		return skip;
	w->deadline = agent_deadline(a->patience_ns, limit(&w->judge->check));
	return wire_queue(&a->wire, FRAME_GO, w->id,
			  &(struct iovec){ &go, sizeof(go) }, 1, e);
}

int agent_take_step(struct agent *a, const char *data, size_t len,
		    struct answer *w, struct error *e)
{
	uint64_t extra = 0;
	struct step s;

	if (len != sizeof(s) || !w->judge)
		return wire_break(&a->wire, EPROTO, e, "the guest sent a step "
				  "of nothing");
	memcpy(&s, data, sizeof(s));
	if (s.step <= w->step || s.step >= N_STEPS ||
	    (s.step == STEP_MOUNTED && !w->judge->mounted))
		return wire_break(&a->wire, EPROTO, e, "the guest sent an "
				  "impossible step");
	w->step = s.step;
	if (s.step == STEP_MOUNTED)
		return answer_mounted(a, w, e);
	if (s.step == STEP_CHECK)
		extra = limit(&w->judge->check);
	else if (s.step == STEP_FSCK)
		extra = limit(&w->judge->fsck);
	w->deadline = agent_deadline(a->patience_ns, extra);
	return 0;
}

/* ---- the request ---- */

static int add_payload(const struct agent_judge *q, struct judge *head,
		       struct buf *strings)
{
	const char *const where[] = { q->device, q->dir, q->type, q->options,
				      NULL };
	int argc, envc, fsck_argc;

	agent_add_strings(strings, where);
	argc = agent_add_strings(strings, q->check.argv);
	envc = agent_add_strings(strings, q->check.env);
	fsck_argc = agent_add_strings(strings, q->fsck.argv);
	if (argc < 0 || envc < 0 || fsck_argc < 0)
		return -E2BIG;
	head->argc = (uint32_t)argc;
	head->envc = (uint32_t)envc;
	head->fsck_argc = (uint32_t)fsck_argc;
	return 0;
}

static int send_judge(struct agent *a, const struct agent_judge *q,
		      struct answer *w, struct error *e)
{
	CLEANUP_BUF struct buf strings = BUF_INIT;
	struct judge head = {
		.clock_ns = q->clock_ns,
		.check_timeout_ns = q->check.timeout_ns,
		.fsck_timeout_ns = q->fsck.timeout_ns,
		.flags = (q->mounted ? JUDGE_ASK : 0) |
			 (q->acks ? JUDGE_PROMISES : 0),
		.acks = q->acks ? (uint32_t)q->acks->len : 0,
		.begun = q->acks ? (uint32_t)q->begun->len : 0,
	};

	if (q->acks && (q->acks->len > FRAME_MAX || q->begun->len > FRAME_MAX))
		return error_set(e, EMSGSIZE, "the promises are longer than "
				 "%u bytes", FRAME_MAX);
	if (add_payload(q, &head, &strings))
		return error_set(e, E2BIG, "too many arguments");
	w->judge = q;
	return agent_call(a, FRAME_JUDGE, (struct iovec[]){
			{ &head, sizeof(head) },
			{ strings.data, strings.len },
			{ q->acks ? q->acks->data : NULL, head.acks },
			{ q->acks ? q->begun->data : NULL, head.begun },
		    }, 4, limit(&q->check), w, e);
}

static void take_result(const struct answer *w, struct agent_result *r)
{
	r->not_found = w->reply.error == ENOENT;
	if (w->reply.error)
		return;
	r->status = w->reply.status;
	r->signal = w->reply.signal;
	r->timed_out = w->reply.timed_out != 0;
	r->seconds_ns = w->reply.elapsed_ns;
}

/* The reply makes sense, and the guest is clean. */
static int check_reply(struct agent *a, const struct answer *w,
		       struct error *e)
{
	uint32_t step = w->reply.step;

	if (step >= N_STEPS || (step == STEP_NONE && w->reply.error) ||
	    (step == STEP_MOUNT && !w->reply.error) ||
	    (step == STEP_MOUNTED && w->step != STEP_MOUNTED &&
	     w->step != STEP_UMOUNT))
		return wire_break(&a->wire, EPROTO, e,
				  "the guest sent an impossible verdict");
	if (step == STEP_UMOUNT)
		return agent_guest_error(w, e, step_names[step]);
	return 0;
}

int agent_judge(struct agent *a, const struct agent_judge *req,
		struct agent_judged *ret, struct error *e)
{
	struct agent_judged j = { .result = { .status = -1 } };
	struct answer w = { .out = &j.result.out, .err = &j.result.err };
	int err = send_judge(a, req, &w, e);

	if (err < 0)
		error_prefix(e, "%s", step_names[w.step]);
	else
		err = check_reply(a, &w, e);
	if (err < 0) {
		agent_judged_free(&j);
		buf_free(&w.text);
		return err;
	}
	j.step = (enum judge_step)w.reply.step;
	j.error = w.reply.error;
	j.text = w.text;
	if (j.step == STEP_CHECK || j.step == STEP_FSCK)
		take_result(&w, &j.result);
	*ret = j;
	return 0;
}

void agent_judged_free(struct agent_judged *j)
{
	agent_result_free(&j->result);
	buf_free(&j->text);
}

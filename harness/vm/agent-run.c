/* A program in the guest: FRAME_RUN, guest/init/protocol.h. */
#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "trace/cure.h"
#include "vm/agent-internal.h"

#define ARGS_MAX 4096

void agent_result_free(struct agent_result *r)
{
	buf_free(&r->out);
	buf_free(&r->err);
}

int agent_add_strings(struct buf *b, const char *const *list)
{
	int n = 0;

	for (; list && list[n]; n++) {
		if (n == ARGS_MAX || b->len > FRAME_MAX)
			return -E2BIG;
		buf_add(b, list[n], strlen(list[n]) + 1);
	}
	return n;
}

static uint32_t run_flags(const struct agent_run *r)
{
	return (r->tool ? RUN_TOOL : 0) | (r->calls ? RUN_CALLS : 0);
}

static int add_cures(struct buf *b, const struct agent_run *r)
{
	for (size_t i = 0; i < r->n_cures; i++) {
		const struct cure *c = &r->cures[i];
		struct run_cure wire = { .when = c->when, .what = c->what,
					 .call = c->call };
		const char *path = c->path ? c->path : "";

		if (i == CURES_MAX)
			return -E2BIG;
		buf_add(b, &wire, sizeof(wire));
		buf_add(b, path, strlen(path) + 1);
	}
	return 0;
}

static int call_run(struct agent *a, const struct agent_run *req,
		    struct answer *w, struct error *e)
{
	struct run head = { .timeout_ns = req->timeout_ns,
			    .flags = run_flags(req) };
	CLEANUP_BUF struct buf strings = BUF_INIT;
	int argc = agent_add_strings(&strings, req->argv);
	int envc = agent_add_strings(&strings, req->env);

	if (argc < 0 || envc < 0)
		return error_set(e, E2BIG, "too many arguments");
	if (add_cures(&strings, req) < 0)
		return error_set(e, E2BIG, "more than %d cures", CURES_MAX);
	head.n_cures = (uint32_t)req->n_cures;
	head.argc = (uint32_t)argc;
	head.envc = (uint32_t)envc;
	return agent_call(a, FRAME_RUN, (struct iovec[]){
			{ &head, sizeof(head) },
			{ strings.data, strings.len },
		    }, 2, req->timeout_ns ? req->timeout_ns : UINT64_MAX, w, e);
}

/* The guest says it best: its interpreter is missing, and the like. */
static int not_started(const struct answer *w, const char *program,
		       struct error *e)
{
	int err = agent_guest_error(w, e, program);

	if (w->text.len)
		error_set(e, -err, "%s", buf_text(&w->text));
	return err;
}

int agent_run(struct agent *a, const struct agent_run *req,
	      struct agent_result *ret, struct error *e)
{
	struct agent_result r = { .status = -1 };
	struct answer w = { .out = &r.out, .err = &r.err };
	int err;

	if (!req->argv || !req->argv[0])
		return error_set(e, EINVAL, "no program to run");
	err = call_run(a, req, &w, e);
	if (err < 0)
		error_prefix(e, "run %s", req->argv[0]);
	else if (w.reply.error == ENOENT)
		r.not_found = 1;
	else if (w.reply.error)
		err = not_started(&w, req->argv[0], e);
	buf_free(&w.text);
	if (err < 0) {
		agent_result_free(&r);
		return err;
	}
	if (!r.not_found) {
		r.status = w.reply.status;
		r.signal = w.reply.signal;
		r.timed_out = w.reply.timed_out != 0;
		r.seconds_ns = w.reply.elapsed_ns;
	}
	*ret = r;
	return 0;
}

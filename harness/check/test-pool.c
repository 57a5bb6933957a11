#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "check/pool.h"
#include "common/buf.h"
#include "common/files.h"
#include "drive/test-logs.h"

static char folder[32], data[64], units[64];
static struct test_log t;
static struct state_space *space;

static int set_up(void **state)
{
	struct cache_model m = CACHE_MODEL_HONEST;
	char content[4096];

	(void)state;
	m.faults.count[FAULT_GONE] = 1;
	strcpy(folder, "/tmp/test-pool-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(data, sizeof(data), "%s/data", folder);
	snprintf(units, sizeof(units), "%s/units", folder);
	memset(content, 'x', sizeof(content));
	if (file_write(data, content, sizeof(content), NULL))
		return -1;
	test_log_init(&t, 65536, data);
	test_arm(&t);
	test_write(&t, 0, 8);
	test_seal(&t);
	return space_create(&t.h, NULL, units, &m, &space, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	space_free(space);
	return rm_rf(folder, NULL);
}

/* ---- a place where everything holds ---- */

static int start(const struct checker_config *c, void **ret, struct error *e)
{
	(void)c;
	(void)e;
	*ret = &t;
	return 0;
}

static int load(void *checker, const struct subject *subject, struct error *e)
{
	(void)checker;
	(void)subject;
	(void)e;
	return 0;
}

static int holds(void *checker, const struct state *state,
		 const struct buf *acks, const struct buf *begun,
		 struct judgement *ret)
{
	(void)checker;
	(void)state;
	(void)acks;
	(void)begun;
	*ret = (struct judgement){ .verdict = VERDICT_HELD };
	return 0;
}

static void stop(void *checker)
{
	(void)checker;
}

static void promises(const void *arg, const struct cut *cut,
		     struct buf *ret_acks, struct buf *ret_begun)
{
	(void)arg;
	(void)cut;
	(void)ret_acks;
	(void)ret_begun;
}

static void tell(const struct item *item, const struct state *state,
		 const struct judgement *j, void *arg)
{
	(void)state;
	buf_printf(arg, "%s %s\n", item->survivors, verdict_name(j->verdict));
}

/* Judges a living and a dead state, one after the other. */
static void judged(int shows_dead, const char *expected)
{
	const struct checker_ops ops = { .shows_dead = shows_dead,
					 .start = start,
					 .load = load,
					 .judge = holds,
					 .stop = stop };
	struct pool_config c = { .ops = &ops, .dir = folder,
				 .scratch = folder, .checkers = 1 };
	struct subject subject = { .space = space, .promises = promises };
	char all[] = "all", gone[] = "all+gone";
	struct item items[] = { { .survivors = all }, { .survivors = gone } };
	struct buf b = BUF_INIT;
	struct pool *p = NULL;

	for (int i = 0; i < 2; i++)
		assert_int_equal(cut_parse(&t.h, "end", &items[i].cut, NULL),
				 0);
	assert_int_equal(pool_start(&c, &p, NULL), 0);
	assert_int_equal(pool_judge(p, &subject, items, 2, tell, &b, NULL), 0);
	pool_stop(p);
	assert_string_equal(buf_text(&b), expected);
	buf_free(&b);
}

static void a_dead_device_is_judged_where_it_can_be_shown(void **state)
{
	(void)state;
	judged(1, "all held\nall+gone held\n");
}

static void elsewhere_it_is_unknown(void **state)
{
	(void)state;
	judged(0, "all held\nall+gone unknown\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_device_is_judged_where_it_can_be_shown),
		cmocka_unit_test(elsewhere_it_is_unknown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

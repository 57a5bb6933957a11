/*
 * The judge against the reference: no moment of a file system that keeps
 * everything in order is a false alarm, and what breaks a promise is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ace/generate.h"
#include "ace/judge.h"
#include "ace/test-reference.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/rng.h"

static struct ace_sequence parse(const char *text)
{
	struct ace_sequence *s = NULL, one;
	struct error e = {0};
	size_t n = 0;

	if (ace_parse("test", "t", text, &s, &n, &e))
		fail_msg("%s", e.message);
	one = s[0];
	free(s);
	return one;
}

static int strict = 1;

/* The verdict on a moment of the reference with so many acks. */
static int judge_seen(const struct ace_sequence *s, int acked,
		      const struct ace_seen *seen, struct buf *why)
{
	struct ace_model *m;
	int r;

	assert_int_equal(ace_model_run(s, acked, &m, NULL), 0);
	r = ace_judge(m, seen, strict, why);
	ace_model_free(m);
	return r;
}

static int judge_at(const struct ace_sequence *s, int acked, size_t moment,
		    struct buf *why)
{
	struct ace_seen *seen = calloc(1, sizeof(*seen));
	int r;

	ref_at(s, moment, seen);
	r = judge_seen(s, acked, seen, why);
	ace_seen_release(seen);
	free(seen);
	return r;
}

/* ---- no false alarm ---- */

static void complain(const struct ace_sequence *s, int acked, size_t moment,
		     const struct buf *why)
{
	struct buf text = BUF_INIT;

	ace_sequence_text(s, &text);
	fail_msg("%s: %d acks, moment %zu: %s [%s]", s->name, acked, moment,
		 buf_text(why), buf_text(&text));
}

static void every_moment_is_allowed(const struct ace_sequence *s)
{
	struct buf why = BUF_INIT;
	size_t last = s->n_setup;
	int points = 0;

	for (size_t i = s->n_setup; i < s->n; i++) {
		if (!ace_is_persistence(&s->ops[i]) && i + 1 < s->n)
			continue;
		for (size_t t = last; t <= i + 1; t++)
			if (judge_at(s, points, t, &why))
				complain(s, points, t, &why);
		if (ace_is_persistence(&s->ops[i])) {
			points++;
			last = i + 1;
		}
	}
	if (judge_at(s, points, s->n, &why))
		complain(s, points, s->n, &why);
	buf_free(&why);
}

static void moments_of_seq1_are_no_false_alarm(void **state)
{
	struct ace_sequence s;

	(void)state;
	for (uint64_t i = 0; i < ace_numbers(1); i++)
		if (!ace_generate(1, i, &s))
			every_moment_is_allowed(&s);
}

static void moments_of_seq2_are_no_false_alarm(void **state)
{
	const char *wanted = getenv("POWERCUT_SEQUENCES");
	unsigned left = wanted ? (unsigned)atoi(wanted) : 400;
	struct rng rng = rng_init(7);
	struct ace_sequence s;

	(void)state;
	while (left)
		if (!ace_generate(2, rng_below(&rng, ace_numbers(2)), &s)) {
			every_moment_is_allowed(&s);
			left--;
		}
}

static void moments_of_long_ones_are_no_false_alarm(void **state)
{
	static const char *const texts[] = {
		"mkdir a; mkdir b; begin; rename a b/a; creat a; fsync a; "
		"rename a b/f; fsync b/f",
		"creat f; begin; write f 0 1000; fsync f; mkdir d; creat d/g; "
		"rename f f2; fsync .",
		"mkdir d; symlink x d/o; fsync d; rename d/o d/n; fsync d",
		"mkdir d; creat d/f; write d/f 0 9000; open h d/f; unlink "
		"d/f; fsync @h; creat d/g; fsync d/g",
		"creat f; write f 0 100; begin; creat t; write t 0 200; fsync "
		"t; rename t f; fsync .; unlink f; creat f; fsync f",
		"mkdir A; creat A/f; begin; rename A B; mkdir A; fsync A; "
		"link B/f A/f; fsync A/f; unlink B/f; rmdir B; fsync .",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct ace_sequence s = parse(texts[i]);

		every_moment_is_allowed(&s);
	}
}

/* Parts of what was written, in any mix with what was there. */
static void unsynced_data_may_be_any_mix(void **state)
{
	struct ace_sequence s = parse("creat f; write f 0 8192; begin; write "
				      "f 4096 8192; fsync .; fsync f");
	struct ace_seen *seen = calloc(1, sizeof(*seen));
	struct buf why = BUF_INIT;

	(void)state;
	ref_at(&s, 3, seen);
	seen->entries[0].bytes[4096] = (unsigned char)ace_fill(2);
	seen->entries[0].bytes[9000] = 0;
	seen->entries[0].size = 10000;
	assert_int_equal(judge_seen(&s, 1, seen, &why), 0);
	assert_int_equal(judge_seen(&s, 2, seen, &why), 1);
	seen->entries[0].bytes[4096] = 0;
	assert_int_equal(judge_seen(&s, 1, seen, &why), 1);
	assert_string_equal(buf_text(&why),
			    "f holds 0x00 at byte 4096, not 0x43");
	ace_seen_release(seen);
	free(seen);
	buf_free(&why);
}

/* ---- broken promises ---- */

/* The rules once more, for one operation and one point: whether it may be as
 * if the operation had never been. */
static int may_be_lost(const struct ace_op *op, const struct ace_op *sync)
{
	const char *slash = strrchr(op->path, '/');
	const char *other = strrchr(op->other, '/');
	char parent[ACE_PATH_MAX], to[ACE_PATH_MAX];
	int two = op->kind == ACE_LINK || op->kind == ACE_RENAME;
	int attr = op->kind == ACE_SETXATTR || op->kind == ACE_REMOVEXATTR;
	int data = op->kind >= ACE_WRITE && op->kind <= ACE_TRUNCATE;

	snprintf(parent, sizeof(parent), "%.*s",
		 slash ? (int)(slash - op->path) : 1, slash ? op->path : ".");
	snprintf(to, sizeof(to), "%.*s", other ? (int)(other - op->other) : 1,
		 other ? op->other : ".");
	if (sync->kind == ACE_SYNC || sync->kind == ACE_FDATASYNC ||
	    sync->path[0] == '@')
		return 0;
	if (op->kind == ACE_SYMLINK)
		return strcmp(sync->path, parent) != 0;
	if (data || attr)
		return strcmp(sync->path, op->path) != 0;
	if (op->kind == ACE_LINK)
		return strcmp(sync->path, op->path) &&
		       strcmp(sync->path, op->other) && strcmp(sync->path, to);
	return strcmp(sync->path, op->path) && strcmp(sync->path, parent) &&
	       !(two &&
		 (!strcmp(sync->path, op->other) || !strcmp(sync->path, to)));
}

static int is_equal(const struct ace_sequence *s, size_t a, size_t b)
{
	struct ace_seen *x = calloc(1, sizeof(*x)), *y = calloc(1, sizeof(*y));
	int equal;

	ref_at(s, a, x);
	ref_at(s, b, y);
	equal = x->n == y->n;
	for (size_t i = 0; equal && i < x->n; i++)
		equal = !strcmp(x->entries[i].name, y->entries[i].name) &&
			x->entries[i].n_attrs == y->entries[i].n_attrs &&
			!memcmp(x->entries[i].attrs, y->entries[i].attrs,
				sizeof(x->entries[i].attrs)) &&
			x->entries[i].parent == y->entries[i].parent &&
			x->entries[i].size == y->entries[i].size &&
			(x->entries[i].type != ACE_FILE ||
			 !memcmp(x->entries[i].bytes, y->entries[i].bytes,
				 x->entries[i].size));
	ace_seen_release(x);
	ace_seen_release(y);
	free(x);
	free(y);
	return equal;
}

static void a_lost_operation_is_noticed_where_promised(void **state)
{
	struct buf why = BUF_INIT;
	struct ace_sequence s;
	unsigned lost = 0;

	(void)state;
	for (uint64_t i = 0; i < ace_numbers(1); i++) {
		const struct ace_op *op;
		int wanted;

		if (ace_generate(1, i, &s) || is_equal(&s, s.n_setup, s.n))
			continue;
		op = &s.ops[s.n - 2];
		wanted = !may_be_lost(op, &s.ops[s.n - 1]);
		if (judge_at(&s, 1, s.n_setup, &why) != wanted)
			complain(&s, 1, s.n_setup, &why);
		lost += (unsigned)wanted;
	}
	assert_true(lost > 150);
	buf_free(&why);
}

/* ---- damage to a state in which all is promised ---- */

enum damage {
	DROP,
	ADD,
	FLIP,
	SHORTEN,
	LENGTHEN,
	LINKS,
	TARGET,
	ATTR,
	NO_ATTR,
	TYPE,
	DAMAGES
};

static void drop(struct ace_seen *s, size_t i)
{
	free(s->entries[i].bytes);
	for (size_t k = 0; k < s->n; k++)
		s->entries[k].parent -= s->entries[k].parent > (int)i;
	memmove(&s->entries[i], &s->entries[i + 1],
		(s->n-- - i - 1) * sizeof(s->entries[0]));
}

static int is_parent(const struct ace_seen *s, size_t i)
{
	for (size_t k = 0; k < s->n; k++)
		if (s->entries[k].parent == (int)i)
			return 1;
	return 0;
}

/* 0: this cannot be done to that. */
static int damage(struct ace_seen *s, size_t i, enum damage d)
{
	struct ace_seen_entry *e = &s->entries[i];
	int full = e->type == ACE_FILE && e->size;

	switch (d) {
	case DROP:
		if (is_parent(s, i))
			return 0;
		drop(s, i);
		return 1;
	case ADD:
		s->entries[s->n] = *e;
		s->entries[s->n].bytes = malloc(e->size + 1);
		if (e->bytes)
			memcpy(s->entries[s->n].bytes, e->bytes, e->size);
		strcpy(s->entries[s->n++].name, "more");
		return 1;
	case FLIP:
		if (full)
			e->bytes[e->size / 2] ^= 1;
		return full;
	case SHORTEN:
		e->size -= (unsigned)full;
		return full;
	case LENGTHEN:
		if (full)
			e->bytes[e->size++] = 0;
		return full;
	case LINKS:
		e->links++;
		return e->type == ACE_FILE;
	case TARGET:
		strcpy(e->target, "");
		return e->type == ACE_LINK_SYMBOLIC;
	case ATTR:
		strcpy(e->attrs[0].value, "other");
		return e->n_attrs > 0;
	case NO_ATTR:
		if (e->n_attrs)
			e->n_attrs--;
		return e->type == ACE_FILE && e->attrs[0].name[0];
	case TYPE:
		e->type = e->type == ACE_FILE ? ACE_LINK_SYMBOLIC : ACE_FILE;
		return !is_parent(s, i);
	default:
		return 0;
	}
}

static void damage_once(const struct ace_sequence *s, size_t entry,
			enum damage d)
{
	struct ace_seen *seen = calloc(1, sizeof(*seen));
	struct buf why = BUF_INIT;

	ref_at(s, s->n, seen);
	if (entry < seen->n && damage(seen, entry, d) &&
	    !judge_seen(s, 1, seen, &why))
		fail_msg("%s: damage %d to entry %zu was not noticed", s->name,
			 d, entry);
	ace_seen_release(seen);
	free(seen);
	buf_free(&why);
}

static void damage_behind_sync_is_noticed(void **state)
{
	struct ace_sequence s;

	(void)state;
	for (uint64_t i = 0; i < ace_numbers(1); i++) {
		if (ace_generate(1, i, &s) || s.ops[s.n - 1].kind != ACE_SYNC)
			continue;
		for (size_t entry = 0; entry < 4; entry++)
			for (int d = 0; d < DAMAGES; d++)
				damage_once(&s, entry, (enum damage)d);
	}
}

/* ---- one rule each: (sequence, acks, moment of the parts) ---- */

static void says(const char *text, int acked, size_t moment, const char *wanted)
{
	struct ace_sequence s = parse(text);
	struct buf why = BUF_INIT;

	assert_int_equal(judge_at(&s, acked, moment, &why), wanted[0] != 0);
	assert_string_equal(buf_text(&why), wanted);
	buf_free(&why);
}

static void a_removed_name_does_not_come_back(void **state)
{
	(void)state;
	says("creat f; begin; open h f; unlink f; fsync @h", 1, 2,
	     "f is there, with a file that had lost that name");
	says("creat f; link f g; begin; unlink g; fsync f", 1, 2,
	     "g is there, with a file that had lost that name");
}

static void a_sync_of_another_file_promises_nothing(void **state)
{
	(void)state;
	says("creat f; creat g; begin; rename f h; fsync g", 1, 2, "");
	says("creat f; creat g; begin; rename f h; fsync g; fsync h", 2, 2,
	     "f is there, with a file that had lost that name");
}

static void new_directories_are_promised_with_their_entries(void **state)
{
	(void)state;
	says("mkdir d; creat d/f; fsync .", 1, 1, "d/f is missing");
	says("mkdir d; begin; creat d/f; fsync .", 1, 1, "");
	/* The first fsync may have made d durable. */
	says("creat f; begin; mkdir d; fsync f; creat d/g; fsync .", 2, 3, "");
}

static struct ace_seen *with_both_names(const char *text)
{
	struct ace_sequence s = parse(text);
	struct ace_seen *seen = calloc(1, sizeof(*seen));

	ref_at(&s, 1, seen);
	seen->entries[1] = seen->entries[0];
	strcpy(seen->entries[1].name, "g");
	seen->entries[1].bytes = NULL;
	seen->entries[0].links = seen->entries[1].links = 2;
	seen->n = 2;
	return seen;
}

static int judge_both_names(const char *text, int be_strict)
{
	struct ace_sequence s = parse(text);
	struct ace_seen *seen = with_both_names(text);
	struct buf why = BUF_INIT;
	int r;

	strict = be_strict;
	r = judge_seen(&s, 0, seen, &why);
	strict = 1;
	if (r)
		assert_string_equal(buf_text(&why), "f and g are one file, "
						    "which they never were");
	ace_seen_release(seen);
	free(seen);
	buf_free(&why);
	return r;
}

static void a_renamed_directory_has_one_name(void **state)
{
	static const char file[] = "creat f; begin; rename f g; fsync .",
			  dir[] = "mkdir f; begin; rename f g; fsync .";

	(void)state;
	assert_int_equal(judge_both_names(dir, 0), 1);
	assert_int_equal(judge_both_names(dir, 1), 1);
	assert_int_equal(judge_both_names(file, 0), 0);
	assert_int_equal(judge_both_names(file, 1), 1);
}

static void a_rename_does_not_lose_a_file(void **state)
{
	struct ace_sequence s = parse("creat f; begin; rename f g; fsync .");
	struct ace_seen *seen = calloc(1, sizeof(*seen));
	struct buf why = BUF_INIT;

	(void)state;
	assert_int_equal(judge_seen(&s, 0, seen, &why), 1);
	assert_string_equal(buf_text(&why), "the file that was last called g "
					    "is gone, under every name it "
					    "had");
	free(seen);
	buf_free(&why);
}

/* Two files changed places: each name leads to a file, but to the wrong one. */
static void files_are_told_apart(void **state)
{
	(void)state;
	says("creat f; write f 0 10; creat g; write g 0 10; begin; rename f "
	     "h; rename g f; rename h g; sync",
	     1, 4, "f holds 0x43 at byte 0, not 0x45");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_of_seq1_are_no_false_alarm),
		cmocka_unit_test(moments_of_seq2_are_no_false_alarm),
		cmocka_unit_test(moments_of_long_ones_are_no_false_alarm),
		cmocka_unit_test(unsynced_data_may_be_any_mix),
		cmocka_unit_test(a_lost_operation_is_noticed_where_promised),
		cmocka_unit_test(damage_behind_sync_is_noticed),
		cmocka_unit_test(a_removed_name_does_not_come_back),
		cmocka_unit_test(a_sync_of_another_file_promises_nothing),
		cmocka_unit_test(
			new_directories_are_promised_with_their_entries),
		cmocka_unit_test(a_renamed_directory_has_one_name),
		cmocka_unit_test(a_rename_does_not_lose_a_file),
		cmocka_unit_test(files_are_told_apart),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

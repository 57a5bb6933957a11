#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ace/model.h"
#include "ace/sequence.h"
#include "common/buf.h"
#include "common/error.h"

static void text_is(const char *text, const char *wanted)
{
	struct ace_sequence *s = NULL;
	struct buf out = BUF_INIT;
	struct error e = { 0 };
	size_t n = 0;

	assert_int_equal(ace_parse("f", "x", text, &s, &n, &e), 0);
	assert_int_equal(n, 1);
	ace_sequence_text(&s[0], &out);
	assert_string_equal(buf_text(&out), wanted);
	buf_free(&out);
	free(s);
}

static void error_is(const char *text, const char *wanted)
{
	struct ace_sequence *s = NULL;
	struct error e = { 0 };
	size_t n;

	assert_int_equal(ace_parse("f.ace", "x", text, &s, &n, &e), -EINVAL);
	assert_string_equal(e.message, wanted);
	assert_null(s);
}

static void every_operation_reads_back(void **state)
{
	static const char all[] =
		"mkdir A; begin; creat A/foo; write A/foo 0 8192; "
		"dwrite A/foo 4096 4096; mmapwrite A/foo 1 2; "
		"falloc A/foo zero-keep 5 6; truncate A/foo 7; link A/foo b; "
		"symlink ../x:y c; rename b d; unlink d; mkdir e; rmdir e; "
		"setxattr A/foo one two; removexattr A/foo one; open h A/foo; "
		"fsync @h; fdatasync A/foo; fsync .; syncfs; sync";

	(void)state;
	text_is(all, all);
	text_is("# what\n\n  creat  foo # a file\r\n;;fsync foo\n",
		"creat foo; fsync foo");
}

static void sequences_have_names(void **state)
{
	struct ace_sequence *s;
	struct error e;
	size_t n;

	(void)state;
	assert_int_equal(ace_parse("f", "x",
				   "sync\nsequence two\nmkdir A\nbegin\nsync",
				   &s, &n, &e),
			 0);
	assert_int_equal(n, 2);
	assert_string_equal(s[0].name, "x");
	assert_int_equal(s[0].n_setup, 0);
	assert_string_equal(s[1].name, "two");
	assert_int_equal(s[1].n_setup, 1);
	assert_int_equal(s[1].ops[1].line, 5);
	free(s);
}

static void mistakes_are_told_with_their_place(void **state)
{
	(void)state;
	error_is("", "f.ace:1:1: there is no operation");
	error_is("sync\n  raname a b", "f.ace:2:3: there is no operation "
				       "'raname'; did you mean rename?");
	error_is("sync; creat", "f.ace:1:7: expected: creat PATH");
	error_is("sync now", "f.ace:1:6: expected: sync");
	error_is("creat /a", "f.ace:1:7: '/a': expected a relative path of "
			     "names with letters, digits, '.', '-', '_'");
	error_is("creat a/../b; sync",
		 "f.ace:1:7: 'a/../b': expected a relative path of names "
		 "with letters, digits, '.', '-', '_'");
	error_is("write a 0 4k", "f.ace:1:11: '4k': expected a number of "
				 "bytes, at most 262144");
	error_is("write a 262144 1", "f.ace:1:1: the range ends behind "
				     "262144");
	error_is("write a 0 0", "f.ace:1:1: the range is empty");
	error_is("dwrite a 0 100", "f.ace:1:1: dwrite takes multiples of "
				   "4096");
	error_is("falloc a holes 0 1", "f.ace:1:10: 'holes': expected alloc, "
				       "keep, zero, zero-keep or punch");
	error_is("fsync @", "f.ace:1:7: '@' is no open file");
	error_is("creat \x01", "f.ace:1:7: byte 0x01 has no place here");
}

static void a_sequence_must_promise_something(void **state)
{
	(void)state;
	error_is("creat a\n", "f.ace:2:1: sequence x has no fsync, fdatasync, "
			      "sync or syncfs");
	error_is("sync; begin; creat a", "f.ace:1:1: sequence x has no fsync, "
					 "fdatasync, sync or syncfs behind "
					 "begin");
	error_is("creat a; open h a; begin; fsync @h",
		 "f.ace:1:20: what is opened before begin is closed then: "
		 "open it behind begin");
	error_is("begin; begin; sync", "f.ace:1:8: a second begin");
	error_is("sequence a\nsync\nsequence a\nsync",
		 "f.ace:3:10: there are two sequences a");
}

static void refusal_is(const char *text, const char *wanted)
{
	struct ace_sequence *s;
	struct ace_refusal r;
	struct ace_model *m;
	struct error e;
	size_t n;

	assert_int_equal(ace_parse("f.ace", "x", text, &s, &n, &e), 0);
	assert_int_equal(ace_model_run(s, ACE_ALL, &m, &r), -EINVAL);
	ace_refused(&r, "f.ace", &e);
	assert_string_equal(e.message, wanted);
	free(s);
}

static void what_would_fail_is_refused(void **state)
{
	(void)state;
	refusal_is("fsync a", "f.ace:1:1: 'fsync a' would fail: a: No such "
			      "file or directory");
	refusal_is("creat a; creat a; sync", "f.ace:1:10: 'creat a' would "
					     "fail: a: File exists");
	refusal_is("mkdir a; creat a/b; rmdir a; sync",
		   "f.ace:1:21: 'rmdir a' would fail: a: Directory not empty");
	refusal_is("mkdir a; rename a a/b; sync",
		   "f.ace:1:10: 'rename a a/b' would fail: a/b: Invalid "
		   "argument");
	refusal_is("creat a; removexattr a x; sync",
		   "f.ace:1:10: 'removexattr a x' would fail: a: No data "
		   "available");
	refusal_is("creat a; mmapwrite a 0 1; sync",
		   "f.ace:1:10: 'mmapwrite a 0 1' would fail: a: Bad address");
	refusal_is("sync; fsync @h", "f.ace:1:7: 'fsync @h' would fail: @h: "
				     "Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_reads_back),
		cmocka_unit_test(sequences_have_names),
		cmocka_unit_test(mistakes_are_told_with_their_place),
		cmocka_unit_test(a_sequence_must_promise_something),
		cmocka_unit_test(what_would_fail_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

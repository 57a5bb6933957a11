/* The mapping `guest`. */
#include "common/cleanup.h"
#include "scenario/testing.h"

static void memory_has_bounds(void **state)
{
	(void)state;
	refused(MINIMAL "guest: { memory: 64MiB }\n",
		"3:18: guest.memory is 64MiB; expected 128MiB to 1TiB");
	refused(MINIMAL "guest: { memory: 200MB }\n",
		"3:18: guest.memory is 200MB; expected whole MiB");
	refused(MINIMAL "guest: { memory: 256 MiB }\n",
		"3:18: guest.memory: '256 MiB' is not a size: expected a "
		"number and B, KiB, MiB or GiB without a blank, such as "
		"64MiB");
}

static void the_trace_is_one_of_two(void **state)
{
	(void)state;
	refused(MINIMAL "guest: { trace: command }\n",
		"3:17: guest.trace is 'command'; expected full or commands; "
		"did you mean commands?");
}

static void images_are_known(void **state)
{
	(void)state;
	refused(MINIMAL "guest: { image: alpine }\n",
		"3:17: guest.image is 'alpine'; expected micro, debian or "
		"oci:ARCHIVE");
}

static void a_debian_image_has_packages(void **state)
{
	CLEANUP_FREE char *text = NULL;
	struct scenario *s = accepted(MINIMAL
		"guest: { image: debian, packages: [git, g++] }\n");

	(void)state;
	assert_string_equal(s->guest.image, "debian");
	assert_string_equal(s->guest.packages[0], "git");
	assert_string_equal(s->guest.packages[1], "g++");
	assert_null(s->guest.packages[2]);
	assert_non_null(strstr(s->guest.where, ":3:"));
	text = scenario_resolved(s);
	assert_non_null(strstr(text, "packages: [\"git\", \"g++\"]"));
	scenario_free(s);
}

static void packages_are_names_and_debians(void **state)
{
	(void)state;
	refused(MINIMAL "guest: { packages: [git] }\n",
		"3:20: guest.packages are Debian's, but guest.image is micro; "
		"expected image: debian, or no packages");
	refused(MINIMAL "guest: { image: debian, packages: [git, -x] }\n",
		"3:41: '-x' is no name of a Debian package; expected one such "
		"as python3-minimal");
	refused(MINIMAL "guest: { image: debian, packages: [\"a b\"] }\n",
		"3:36: 'a b' is no name of a Debian package; expected one "
		"such as python3-minimal");
}

static void an_archive_has_a_path(void **state)
{
	struct scenario *s = accepted(MINIMAL
		"guest: { image: \"oci:/dev/null\" }\n");

	(void)state;
	assert_string_equal(s->guest.image, "oci:/dev/null");
	scenario_free(s);
}

static void an_archive_must_be_there(void **state)
{
	(void)state;
	refused(MINIMAL "guest: { image: \"oci:a.tar\" }\n",
		"3:17: cannot read /w/a.tar: No such file or directory; "
		"expected oci: and the path of an archive, as docker save "
		"writes it");
}

static void kernels_are_seen_from_the_scenario(void **state)
{
	struct scenario *s;

	(void)state;
	refused(MINIMAL "guest: { kernel: ../boot/bzImage }\n",
		"3:18: cannot read kernel /w/../boot/bzImage: No such file or "
		"directory; expected debian-6.1, debian-6.12, debian-6.1-full, "
		"debian-6.12-full or the path of a kernel");
	s = accepted(MINIMAL "guest: { kernel: /dev/null }\n");
	assert_string_equal(s->guest.kernel, "/dev/null");
	scenario_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_has_bounds),
		cmocka_unit_test(the_trace_is_one_of_two),
		cmocka_unit_test(images_are_known),
		cmocka_unit_test(a_debian_image_has_packages),
		cmocka_unit_test(packages_are_names_and_debians),
		cmocka_unit_test(an_archive_has_a_path),
		cmocka_unit_test(an_archive_must_be_there),
		cmocka_unit_test(kernels_are_seen_from_the_scenario),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

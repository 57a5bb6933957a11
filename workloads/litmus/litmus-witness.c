/*
 * litmus-witness
 *
 * An independent witness: runs the litmus tests (tests.h) on the kernel's own
 * emulation of a volatile cache, null_blk with memory_backed and cache_size,
 * and takes its power away (configfs: power) at each place. Then null_blk drops
 * its cache, and nothing else (drivers/block/null_blk/main.c, null_del_dev).
 *
 * So it shows two outcomes of each set: before, what the drive gave back to
 * reads, which is the one where everything survived; behind, the one where all
 * that null_blk can lose was lost. The first is, block by block, the highest
 * version in the set; the second the lowest, with one difference: a page that
 * the media have already is written there at once, past the cache
 * (null_lookup_page: the search for a write's page goes on in the media). So of
 * a block that is on the media, the highest version is there. That is legal, a
 * drive may destage when it likes; but null_blk never shows that an overwrite
 * can be lost (co-flush, co-fua, torn-over).
 *
 * No system call asks for FUA alone and null_blk takes no commands of the
 * user's own, so FUA comes with a flush here: the sets are those of a bus that
 * flushes. Nor does null_blk lose some writes and keep others, or stop with a
 * command in flight: the cuts "@N", and what is between the two outcomes, have
 * no witness here.
 */
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "steps.h"

#define CONFIG "/sys/kernel/config"
#define NAME "witness"
#define WITNESS CONFIG "/nullb/" NAME
#define MODULES "/modules.null_blk"

/* What a place on the way is about to show. */
struct cut {
	size_t test;
	const char *place;
	int fd, reached;
};

static void load_modules(void)
{
	FILE *list = fopen(MODULES, "re");
	char path[256];

	if (!list)
		die("the image has no " MODULES);
	while (fgets(path, sizeof(path), list)) {
		int fd;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 ||
		    (syscall(SYS_finit_module, fd,
			     strstr(path, "null_blk.ko") ? "nr_devices=0" : "",
			     0) < 0 && errno != EEXIST))
			die("cannot load %s", path);
		close(fd);
	}
	fclose(list);
	if (mount("configfs", CONFIG, "configfs", 0, NULL) < 0 &&
	    errno != EBUSY)
		die("cannot mount configfs");
}

static void set(const char *attribute, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), WITNESS "/%s", attribute);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die("cannot set %s to %s", path, value);
	close(fd);
}

static void make_drive(void)
{
	if (mkdir(WITNESS, 0755) < 0)
		die("cannot make " WITNESS);
	set("size", "4"); /* MiB */
	set("blocksize", "512");
	set("memory_backed", "1");
	set("cache_size", "2"); /* MiB: it never fills */
	set("power", "1");
}

/* Newer kernels name the disk as its folder, older ones by its number. */
static int open_drive(void)
{
	char index[16] = "", path[32];
	int fd = open("/dev/" NAME, O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	fd = open(WITNESS "/index", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, index, sizeof(index) - 1) <= 0)
		die("cannot read the drive's number");
	close(fd);
	snprintf(path, sizeof(path), "/dev/nullb%d", atoi(index));
	fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		die("cannot open /dev/" NAME " or %s", path);
	return fd;
}

static void read_outcome(int fd, size_t test, char *ret)
{
	static struct litmus_block blocks[LITMUS_BLOCKS]
		__attribute__((aligned(LITMUS_BLOCK)));

	if (pread(fd, blocks, sizeof(blocks), (off_t)(test * LITMUS_STRIDE)) !=
	    (ssize_t)sizeof(blocks))
		die("cannot read");
	litmus_outcome(test, blocks, ret);
}

/* Block by block the highest or the lowest digit in the set. */
static void extremes(const char *set_text, int highest, char *ret)
{
	size_t at = 0;

	*ret = '\0';
	for (const char *p = set_text; *p; p++) {
		char digit = *p == '*' ? (char)('0' + highest) : *p;

		if (*p == ' ') {
			at = 0;
			continue;
		}
		if (!ret[at]) {
			ret[at] = digit;
			ret[at + 1] = '\0';
		} else if (highest ? digit > ret[at] : digit < ret[at]) {
			ret[at] = digit;
		}
		at++;
	}
}

/* What null_blk keeps: all of the blocks that are on the media. */
static void kept(const char *set_text, char *ret)
{
	char highest[LITMUS_BLOCKS + 1];

	extremes(set_text, 0, ret);
	extremes(set_text, 1, highest);
	for (size_t i = 0; ret[i]; i++)
		if (ret[i] != '0')
			ret[i] = highest[i];
}

static int expect(const struct cut *c, const char *when, const char *set_text,
		  const char *wanted, const char *outcome)
{
	printf("%s %s %s: %s\n", litmus_tests[c->test].name, c->place, when,
	       outcome);
	if (!strcmp(wanted, outcome) && litmus_allows(set_text, outcome))
		return 0;
	fprintf(stderr, "litmus-witness: %s %s %s: %s, but by hand %s of %s\n",
		litmus_tests[c->test].name, c->place, when, outcome, wanted,
		set_text);
	return 1;
}

static int stop_at(const struct litmus *t, const char *place, void *arg)
{
	struct cut *c = arg;

	(void)t;
	c->reached = !strcmp(place, c->place);
	return c->reached;
}

static int witness(size_t test, const struct litmus_cut *at)
{
	const char *allowed = litmus_set(at, 1);
	struct cut c = { .test = test, .place = at->at };
	char outcome[LITMUS_BLOCKS + 1], wanted[LITMUS_BLOCKS + 1];
	int bad;

	make_drive();
	c.fd = open_drive();
	take_steps(c.fd, test, stop_at, &c);
	read_outcome(c.fd, test, outcome);
	extremes(allowed, 1, wanted);
	bad = expect(&c, "before", allowed, wanted, outcome);
	bad |= !c.reached;
	close(c.fd);
	set("power", "0");
	set("power", "1");
	c.fd = open_drive();
	read_outcome(c.fd, test, outcome);
	kept(allowed, wanted);
	bad |= expect(&c, "behind", allowed, wanted, outcome);
	close(c.fd);
	if (rmdir(WITNESS) < 0)
		die("cannot remove " WITNESS);
	return bad;
}

int main(void)
{
	int bad = 0;

	load_modules();
	for (size_t test = 0; test < LITMUS_TESTS; test++)
		for (int i = 0; i < LITMUS_CUTS; i++) {
			const struct litmus_cut *at =
				&litmus_tests[test].cuts[i];

			if (at->at && *at->at != '@')
				bad |= witness(test, at);
		}
	return bad;
}

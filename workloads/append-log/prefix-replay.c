/*
 * prefix-replay [--programs] STATES LOG DISK TYPE FSCK CHECK [ARGUMENT]...
 * prefix-replay --find LOG ENTRIES
 * prefix-replay --replay LOG ENTRIES DISK
 *
 * How crash states are checked with dm-log-writes today (xfstests generic/455,
 * 457 and 482 with replay-log), to compare with: for a flush, a FUA write or a
 * mark of the log, replay everything from its beginning up to there onto DISK,
 * mount, run the check on /mnt, unmount, fsck. The check finds the acks so far in
 * $PC_ACKS.
 *
 * STATES of them are taken, evenly over what stands behind the mark "ready".
 * All must hold. Says how many states took how long:
 *
 *	48 states in 12.345 s
 *
 * With --programs each step is a program that a shell runs, as in those scripts:
 * the search for the entry (--find), the replay (--replay), mount, check,
 * umount, fsck. Without it there is no search, and only check and fsck are
 * programs: the same loop as fast as it can be.
 *
 * As there, the log begins with the mkfs, whose discard clears the disk, and
 * reading and writing goes through the page cache. Unlike there, no snapshot is
 * made of the disk, and the shell's own work is small.
 */
#include <sys/wait.h>
#include <time.h>

#include <linux/fs.h>

#include "kernel.h"

#define MAGIC 0x6a736677736872ULL
#define FLUSH 1
#define FUA 2
#define DISCARD 4
#define MARK 8
#define READY "ready"
#define ACK "ack:"
#define ACKS "/tmp/acks"
#define MOUNT "/mnt"
#define FSCK_WORDS 16

struct super {
	uint64_t magic, version, entries;
	uint32_t sector;
} __attribute__((packed));

struct entry {
	uint64_t sector, sectors, flags, length;
	char text[480];
};

struct log {
	const char *path;
	int fd;
	uint64_t entries, next;
};

struct options {
	int programs;
	unsigned states;
	const char *log, *disk, *type;
	char *fsck_line; /* until it is cut into words, */
	char *fsck[FSCK_WORDS]; /* which happens without --programs */
	char **check;
};

static struct log open_log(const char *path)
{
	struct log log = { .path = path,
			   .fd = open(path, O_RDONLY | O_CLOEXEC) };
	struct super super;

	if (log.fd < 0 ||
	    read(log.fd, &super, sizeof(super)) != sizeof(super))
		die("cannot read %s", path);
	errno = EINVAL;
	if (super.magic != MAGIC || super.sector != sizeof(struct entry))
		die("%s is no log in sectors of 512 bytes", path);
	if (lseek(log.fd, sizeof(struct entry), SEEK_SET) < 0)
		die("cannot read %s", path);
	log.entries = super.entries;
	return log;
}

/* Its data comes next in the file. */
static int next_entry(struct log *log, struct entry *e)
{
	if (log->next == log->entries)
		return 0;
	log->next++;
	if (read(log->fd, e, sizeof(*e)) != sizeof(*e))
		die("cannot read %s", log->path);
	e->text[sizeof(e->text) - 1] = '\0';
	return 1;
}

static off_t data_length(const struct entry *e)
{
	return e->flags & DISCARD ? 0 : (off_t)(e->sectors * sizeof(*e));
}

/* Numbers of entries to stop behind; how many. */
static size_t find_stops(const char *path, uint64_t **ret)
{
	struct log log = open_log(path);
	struct entry e;
	size_t n = 0;
	int ready = 0;

	*ret = calloc(log.entries + 1, sizeof(**ret));
	if (!*ret)
		die("cannot get memory");
	while (next_entry(&log, &e)) {
		if (lseek(log.fd, data_length(&e), SEEK_CUR) < 0)
			die("cannot read %s", path);
		if (ready && e.flags & (FLUSH | FUA | MARK))
			(*ret)[n++] = log.next;
		if (e.flags & MARK && !strcmp(e.text, READY))
			ready = 1;
	}
	close(log.fd);
	errno = ENOENT;
	if (!n)
		die("%s has nothing behind the mark " READY, path);
	return n;
}

/* ---- one state ---- */

static void apply(struct log *log, const struct entry *e, int disk)
{
	size_t length = e->sectors * sizeof(*e);
	uint64_t range[2] = { e->sector * sizeof(*e), length };
	char *data;

	if (e->flags & DISCARD) {
		if (ioctl(disk, BLKDISCARD, range) < 0)
			die("cannot discard");
		return;
	}
	data = malloc(length);
	if (!data || read(log->fd, data, length) != (ssize_t)length)
		die("cannot read %s", log->path);
	if (pwrite(disk, data, length, (off_t)range[0]) != (ssize_t)length)
		die("cannot write to the disk");
	free(data);
}

static void replay(const char *from, uint64_t stop, const char *to)
{
	struct log log = open_log(from);
	int disk = open(to, O_WRONLY | O_CLOEXEC);
	FILE *acks = fopen(ACKS, "we");
	struct entry e;

	if (disk < 0 || !acks)
		die("cannot open %s", disk < 0 ? to : ACKS);
	while (log.next < stop && next_entry(&log, &e)) {
		if (e.sectors)
			apply(&log, &e, disk);
		if (e.flags & MARK && !strncmp(e.text, ACK, strlen(ACK)))
			fprintf(acks, "%s\n", e.text + strlen(ACK));
	}
	if (fsync(disk) < 0 || close(disk) < 0 || fclose(acks))
		die("cannot write %s", to);
	close(log.fd);
}

static void run(char **argv, uint64_t stop)
{
	int status, null;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		dup2(null, 1);
		setenv("PC_ACKS", ACKS, 1);
		execvp(argv[0], argv);
		die("cannot run %s", argv[0]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("cannot run %s", argv[0]);
	errno = EUCLEAN;
	if (status)
		die("behind %llu entries %s says %d",
		    (unsigned long long)stop, argv[0], WEXITSTATUS(status));
}

/* As replay-log --find does: entry after entry from the beginning. */
static void find(const char *path, uint64_t stop)
{
	struct log log = open_log(path);
	struct entry e;

	while (log.next < stop && next_entry(&log, &e))
		if (lseek(log.fd, data_length(&e), SEEK_CUR) < 0)
			die("cannot read %s", path);
	close(log.fd);
	printf("%llu\n", (unsigned long long)log.next);
}

#define STEPS                                                                  \
	"set -e; log=$1 disk=$3 type=$4 fsck=$5;"                              \
	"stop=$(prefix-replay --find $log $2); shift 5;"                       \
	"prefix-replay --replay $log $stop $disk;"                             \
	"mount -t $type $disk " MOUNT "; \"$@\"; umount " MOUNT "; $fsck"

static void check_state_by_programs(const struct options *o, uint64_t stop)
{
	char *argv[64] = { "sh", "-c", STEPS, "sh", (char *)o->log, NULL,
			   (char *)o->disk, (char *)o->type, o->fsck_line };
	char number[24];
	size_t n = 9;

	snprintf(number, sizeof(number), "%llu", (unsigned long long)stop);
	argv[5] = number;
	for (char **word = o->check; *word && n < 63; word++)
		argv[n++] = *word;
	run(argv, stop);
}

static void check_state(const struct options *o, uint64_t stop)
{
	replay(o->log, stop, o->disk);
	if (mount(o->disk, MOUNT, o->type, 0, NULL) < 0)
		die("behind %llu entries it does not mount",
		    (unsigned long long)stop);
	run(o->check, stop);
	if (umount(MOUNT) < 0)
		die("cannot unmount");
	run((char **)o->fsck, stop);
}

/* ---- all ---- */

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: prefix-replay [--programs] STATES LOG DISK TYPE FSCK "
	      "CHECK [ARGUMENT]...\n"
	      "       prefix-replay --find LOG ENTRIES\n"
	      "       prefix-replay --replay LOG ENTRIES DISK\n", stderr);
	exit(2);
}

static struct options parse(int argc, char **argv)
{
	struct options o = { 0 };
	char *save;
	int n = 0;

	o.programs = argc > 1 && !strcmp(argv[1], "--programs");
	argc -= o.programs;
	argv += o.programs;
	if (argc < 7)
		usage();
	o.states = (unsigned)atoi(argv[1]);
	o.log = argv[2];
	o.disk = argv[3];
	o.type = argv[4];
	o.fsck_line = argv[5];
	o.check = argv + 6;
	if (o.programs)
		return o;
	for (char *word = strtok_r(argv[5], " ", &save);
	     word && n < FSCK_WORDS - 1; word = strtok_r(NULL, " ", &save))
		o.fsck[n++] = word;
	return o;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void loop(struct options *o)
{
	uint64_t *stops;
	size_t n = find_stops(o->log, &stops);
	double start = now();

	if (o->states > n)
		o->states = (unsigned)n;
	for (size_t i = 0; i < o->states; i++) {
		uint64_t stop = stops[i * n / o->states];

		if (o->programs)
			check_state_by_programs(o, stop);
		else
			check_state(o, stop);
	}
	printf("%u states in %.3f s\n", o->states, now() - start);
	free(stops);
}

int main(int argc, char **argv)
{
	struct options o;

	if (argc == 4 && !strcmp(argv[1], "--find")) {
		find(argv[2], strtoull(argv[3], NULL, 10));
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "--replay")) {
		replay(argv[2], strtoull(argv[3], NULL, 10), argv[4]);
		return 0;
	}
	o = parse(argc, argv);
	loop(&o);
	return 0;
}

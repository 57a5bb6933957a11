/*
 * prefix-replay STATES LOG DISK TYPE FSCK CHECK [ARGUMENT]...
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
 * Where this differs from those scripts it is faster: system calls in place of
 * programs for replaying, mounting and unmounting, no search for the next entry,
 * no snapshot of the disk. As there, the log begins with the mkfs, whose discard
 * clears the disk, and reading and writing goes through the page cache.
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
	unsigned states;
	const char *log, *disk, *type;
	char *fsck[FSCK_WORDS];
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

static void replay(const struct options *o, uint64_t stop)
{
	struct log log = open_log(o->log);
	int disk = open(o->disk, O_WRONLY | O_CLOEXEC);
	FILE *acks = fopen(ACKS, "we");
	struct entry e;

	if (disk < 0 || !acks)
		die("cannot open %s", disk < 0 ? o->disk : ACKS);
	while (log.next < stop && next_entry(&log, &e)) {
		if (e.sectors)
			apply(&log, &e, disk);
		if (e.flags & MARK && !strncmp(e.text, ACK, strlen(ACK)))
			fprintf(acks, "%s\n", e.text + strlen(ACK));
	}
	if (fsync(disk) < 0 || close(disk) < 0 || fclose(acks))
		die("cannot write %s", o->disk);
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

static void check_state(const struct options *o, uint64_t stop)
{
	replay(o, stop);
	if (mount(o->disk, MOUNT, o->type, 0, NULL) < 0)
		die("behind %llu entries it does not mount",
		    (unsigned long long)stop);
	run(o->check, stop);
	if (umount(MOUNT) < 0)
		die("cannot unmount");
	run((char **)o->fsck, stop);
}

/* ---- all ---- */

static struct options parse(int argc, char **argv)
{
	struct options o = { 0 };
	char *save;
	int n = 0;

	if (argc < 7) {
		fputs("usage: prefix-replay STATES LOG DISK TYPE FSCK CHECK "
		      "[ARGUMENT]...\n", stderr);
		exit(2);
	}
	o.states = (unsigned)atoi(argv[1]);
	o.log = argv[2];
	o.disk = argv[3];
	o.type = argv[4];
	for (char *word = strtok_r(argv[5], " ", &save);
	     word && n < FSCK_WORDS - 1; word = strtok_r(NULL, " ", &save))
		o.fsck[n++] = word;
	o.check = argv + 6;
	return o;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	uint64_t *stops;
	size_t n = find_stops(o.log, &stops);
	double start = now();

	if (o.states > n)
		o.states = (unsigned)n;
	for (size_t i = 0; i < o.states; i++)
		check_state(&o, stops[i * n / o.states]);
	printf("%u states in %.3f s\n", o.states, now() - start);
	free(stops);
	return 0;
}

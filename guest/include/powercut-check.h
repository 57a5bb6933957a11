/*
 * For checks in C: which numbered promise was the last, and how to say the
 * verdict. The programs that make the promises may use it, too, to end with a
 * reason. Nothing to link with.
 */
#ifndef POWERCUT_CHECK_H
#define POWERCUT_CHECK_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Says why on the last line and ends; 0: held, 1: violated, 2: unknown. */
static inline void __attribute__((noreturn, format(printf, 2, 3)))
pc_end(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(status);
}

/* The highest n of the acknowledgements "KIND n" ($PC_ACKS), 0 when there is
 * none. Ends as unknown when a line is something else, or n not 1 to max. */
static inline unsigned int pc_last_acked(const char *kind, unsigned int max)
{
	const char *acks = getenv("PC_ACKS");
	size_t len = strlen(kind);
	unsigned int n, last = 0;
	char line[64];
	FILE *f;

	if (!acks)
		pc_end(2, "PC_ACKS is not set");
	f = fopen(acks, "r");
	if (!f)
		pc_end(2, "cannot open %s: %s", acks, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, kind, len) ||
		    sscanf(line + len, " %5u", &n) != 1 || n < 1 || n > max)
			pc_end(2, "a line in %s is no %s: %s", acks, kind,
			       line);
		if (n > last)
			last = n;
	}
	if (ferror(f))
		pc_end(2, "cannot read %s: %s", acks, strerror(errno));
	fclose(f);
	return last;
}

/*
 * Goes on in a child, since a library that maps its file dies of a damaged one
 * (SIGBUS behind the file's end, SIGSEGV, a failed assertion): that is the
 * store's fault and a violation. Any other end is the child's own verdict.
 */
static inline void pc_check_in_child(void)
{
	pid_t pid = fork();
	int status, sig;

	if (pid < 0)
		pc_end(2, "cannot fork: %s", strerror(errno));
	if (pid == 0)
		return;
	if (waitpid(pid, &status, 0) != pid)
		pc_end(2, "cannot wait for the child: %s", strerror(errno));
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	sig = WTERMSIG(status);
	if (sig == SIGBUS || sig == SIGSEGV || sig == SIGABRT || sig == SIGFPE)
		pc_end(1, "corrupt: the library died reading it: %s",
		       strsignal(sig));
	pc_end(2, "the child died: %s", strsignal(sig));
}

#endif

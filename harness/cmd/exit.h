/* The exit status of every powercut command. Scripts rely on these numbers. */
#ifndef CMD_EXIT_H
#define CMD_EXIT_H

enum exit_status {
	EXIT_EXPECTED = 0,     /* every verdict is as expected */
	EXIT_UNEXPECTED = 1,   /* a loss was found, or a known loss missed */
	EXIT_UNKNOWN = 2,      /* unknown or vacuous: nothing was proved */
	EXIT_HARNESS = 3,      /* the harness failed */
	EXIT_USAGE = 4,        /* the command line or the scenario is wrong */
	EXIT_INTERRUPTED = 130 /* Ctrl-C: 128 + SIGINT, as shells do */
};

#endif

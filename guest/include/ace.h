/*
 * The two programs of workloads/ace, as functions in libace.a (LIBS = -lace in
 * workload.mk): a program that runs sequences of operations, and one that
 * judges what a crash left of them. powercut-ace(7) has the language.
 */
#ifndef ACE_H
#define ACE_H

/* Both return the program's exit status. */
int ace_run_main(int argc, char **argv);
int ace_check_main(int argc, char **argv);

#endif

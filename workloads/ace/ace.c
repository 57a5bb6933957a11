/* Runs sequences of operations: guest/ace/run.c. */
#include "ace.h"

int main(int argc, char **argv)
{
	return ace_run_main(argc, argv);
}

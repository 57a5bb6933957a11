/* Judges what a crash left of them: guest/ace/check.c. */
#include "ace.h"

int main(int argc, char **argv)
{
	return ace_check_main(argc, argv);
}

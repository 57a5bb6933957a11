/* A check with a bug: it dies of SIGSEGV. */
int main(int argc, char **argv)
{
	volatile int *nowhere = 0;

	(void)argv;
	return *nowhere + argc;
}

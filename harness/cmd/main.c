/* powercut: the command. */
#include <stddef.h>

#include "cmd/commands.h"

int main(int argc, char **argv)
{
	static const struct subcommand *const commands[] = {
		&cmd_run,    &cmd_check, &cmd_report, &cmd_shell,
		&cmd_export, &cmd_list,	 &cmd_doctor, &cmd_bench, NULL,
	};

	return commands_main(commands, argc, argv);
}

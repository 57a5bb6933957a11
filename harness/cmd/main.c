/* powercut: the command. */
#include <stddef.h>

#include "cmd/commands.h"

int main(int argc, char **argv)
{
	static const struct subcommand *const commands[] = {
		&cmd_run,    &cmd_try, &cmd_check, &cmd_hunt, &cmd_report, &cmd_shell,
		&cmd_explain, &cmd_lint, &cmd_export, &cmd_import, &cmd_list,
		&cmd_bench,   &cmd_doctor, NULL,
	};

	return commands_main(commands, argc, argv);
}

/* The subcommands, one file each. */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include "cmd/options.h"

extern const struct subcommand cmd_run, cmd_try, cmd_check, cmd_hunt, cmd_export, cmd_shell,
	cmd_report, cmd_list, cmd_doctor, cmd_bench, cmd_explain, cmd_lint, cmd_import;

#endif

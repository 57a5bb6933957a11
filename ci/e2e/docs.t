#!/bin/sh
# Help, manual pages and completion know every option, and no other.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

man=harness/cmd/man
./powercut completion --list >"$work/list"
# Every command has options; --help at least.
commands=$(cut -f1 "$work/list" | uniq)
at_least "$(echo "$commands" | wc -l)" 3 "there are commands"

options() { # COMMAND
	awk -F'\t' -v c="$1" '$1 == c { print "--" $2 }' "$work/list" | sort
}

# The options at the start of indented lines of --help.
helped() {
	./powercut "$1" --help |
		sed -n 's/^  \(-., \|    \)\(--[a-z0-9-]*\).*/\2/p' | sort
}

# The options that a page has an item for.
paged() {
	sed -n 's/^=item .*B<\(--[a-z0-9-]*\)>.*/\1/p' "$man/powercut-$1.pod" |
		sort
}

# What the shell offers behind "powercut COMMAND --".
completed() {
	bash -c '
		source <(./powercut completion bash)
		COMP_WORDS=(powercut "$1" --) COMP_CWORD=2
		_powercut powercut -- "$1"
		printf "%s\n" "${COMPREPLY[@]}"' - "$1" | sort
}

for command in $commands; do
	wanted=$(options "$command")
	is "$(helped "$command")" "$wanted" "$command: options in --help"
	is "$(completed "$command")" "$wanted" "$command: options completed"
	is "$(paged "$command" 2>&1)" "$wanted" "$command: options in the page"
	is "$(./powercut help "$command")" "$(./powercut "$command" --help)" \
		"$command: powercut help is --help"
done

is "$(bash -c '
	source <(./powercut completion bash)
	COMP_WORDS=(powercut "") COMP_CWORD=1
	_powercut powercut "" powercut
	printf "%s\n" "${COMPREPLY[@]}"' | grep -v '^--' | sort)" \
	"$(echo "$commands" | sort)" "commands completed"

for page in "$man"/*.pod; do
	ok "${page##*/} is valid POD" podchecker "$page"
done
# Rendered here, not by make: tests build nothing.
for command in $commands; do
	like "$(pod2man --errors=die "$man/powercut-$command.pod" 2>&1)" \
		"^.SH (\"EXAMPLES\"|EXAMPLES)" "$command: the page has examples"
done

done_testing

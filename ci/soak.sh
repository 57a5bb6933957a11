#!/bin/sh
# The controls, long: the held scenarios with far more transactions. Every state
# must be held, 10,000 of them in total at least.
cd "$(dirname "$0")/.." || exit 3
wanted=${1:-10000}
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT

set --
for scenario in append-log/scenario sqlite/scenario sqlite/wal \
	replace-file/scenario; do
	folder=$work/${scenario%/*}
	[ -d "$folder" ] || cp -r "workloads/${scenario%/*}" "$folder"
	# every count in these files is the number of transactions
	sed -i 's/--count, "[0-9]*"/--count, "150"/
		s/^name: \(.*\)/name: \1-long/
		s/size: 64MiB/size: 128MiB/' "$work/$scenario.yaml"
	set -- "$@" "$work/$scenario.yaml"
done

# Told to stop, it stops what it started.
./powercut run --json "$@" >"$work/out" &
trap 'kill $!; wait $!; exit 130' INT TERM
wait $!
status=$?
sed 's/.*"scenario":"\([^"]*\)".*"verdict":"\([^"]*\)".*"states_checked":\([0-9]*\).*"seconds":\([0-9.]*\).*/\1 \2 \3 \4/' \
	"$work/out" | awk -v wanted="$wanted" '
	{ printf "%-24s %-9s %7d states %7.1f s\n", $1, $2, $3, $4
	  states += $3; if ($2 == "held") held++ }
	END { printf "%d states in %d scenarios, %d held\n", states, NR, held
	      exit !(NR == 4 && held == 4 && states >= wanted) }' || exit 1
exit $status

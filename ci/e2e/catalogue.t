#!/bin/sh
# What the losses of the catalogue are laid to, and what cures them:
# workloads/causes.txt has what is right. CATALOGUE=all tries every row.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

verdict_of_cures() { # of the JSON in $out
	if [ "$(json cured)" = 1 ]; then
		echo yes
	elif grep -q '"result":"other"' "$out"; then
		echo other
	else
		echo no
	fi
}

# row SCENARIO LAYER CURED MISSING
row() {
	run_powercut run --json --budget 100 --results "$work/runs" \
		"workloads/$1.yaml"
	exits 0 "$1: as expected"
	state=$(json run)@$(json findings.0.state)
	like "$(json findings.0.cause.layer)" "^$2\$" "$1: the layer"
	like "$(json findings.0.cause.missing)" "$4" "$1: the missing step"
	[ "$3" = - ] && return
	run_powercut explain --try-fix --json --results "$work/runs" "$state"
	is "$(verdict_of_cures)" "$3" "$1: what the missing step cures"
}

while read -r first second third fourth fifth; do
	case $first in
	'' | '#'*) continue ;;
	'*') row "$second" "$third" "${fourth}" "$fifth" ;;
	*) [ "$CATALOGUE" = all ] &&
		row "$first" "$second" "$third" "$fourth${fifth:+ $fifth}" ;;
	esac
done <workloads/causes.txt
no_leaks
done_testing

#!/bin/sh
# What the losses of the catalogue are laid to, and what cures them:
# workloads/causes.txt has what is right. CATALOGUE=all tries every row, which takes
# an hour or more.
# seconds: 90
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

cured_by() { # EXPECTED, of the JSON in $out: a word of the column cured
	last=$(($(json fixes) - 1))
	by=$(json fixes.$last.by)
	case $(json cured),$by,$(json fixes.$last.fix) in
	1,tracer,"everything in the program's order"*) echo order ;;
	1,tracer,*)
		if [ "$1" = first ] && [ $last = 0 ]; then
			echo first
		else
			echo yes
		fi
		;;
	1,*) echo "$by" ;;
	*) echo no ;;
	esac
}

rows() { # those that are tried: SCENARIO LAYER CURED MISSING
	while read -r first rest; do
		case $first in
		'' | '#'*) ;;
		'*') printf '%s\n' "$rest" ;;
		*) [ "$CATALOGUE" != all ] || printf '%s\n' "$first $rest" ;;
		esac
	done <workloads/causes.txt
}

row() { # SCENARIO LAYER CURED MISSING
	name=$(sed -n 's/^name: *//p' "workloads/$1.yaml")
	grep "\"scenario\":\"$name\"" "$work/all" >"$work/one"
	is "$(json verdict "$work/one")" "$(json expect "$work/one")" \
		"$1: as expected"
	state=$(json run "$work/one")@$(json findings.0.state "$work/one")
	like "$(json findings.0.cause.layer "$work/one")" "^$2\$" "$1: the layer"
	like "$(json findings.0.cause.missing "$work/one")" "$4" \
		"$1: the missing step"
	run_powercut explain --try-fix --json --results "$work/runs" "$state"
	like "$(cured_by "$3")" "^($3)\$" "$1: what cures it"
}

# All in one process: its checkers stay warm.
rows >"$work/rows"
# shellcheck disable=SC2046
run_powercut run --json --first --budget 100 --results "$work/runs" \
	$(sed 's|^\([^ ]*\).*|workloads/\1.yaml|' "$work/rows")
exits 0 "every verdict is as expected"
cp "$out" "$work/all"
while read -r scenario layer cured missing; do
	row "$scenario" "$layer" "$cured" "$missing"
done <"$work/rows"
no_leaks
done_testing

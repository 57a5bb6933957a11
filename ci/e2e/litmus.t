#!/bin/sh
# The litmus tests: what powercut explores on each bus is exactly what was
# written by hand, nothing missing, nothing extra; and a wrong model is noticed.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh
outcomes=${B:-.build}/ci/e2e/outcomes
plant=${B:-.build}/ci/e2e/plant

run_powercut run --json --results "$work/runs" workloads/litmus/scenario.yaml \
	workloads/litmus/virtio.yaml workloads/litmus/scsi.yaml
exits 0 "every outcome that a guest sees is allowed"
is "$(json verdict | sort -u)" held "on all three buses"
is "$(json states_checked | tr '\n' ' ')" "$(json states_legal | tr '\n' ' ')" \
	"and every legal state was judged"
nvme=$(json run | head -n 1)
for run in $(json run); do
	name=$(basename "$(dirname "$run")")
	"$outcomes" "$run" >"$work/outcomes" 2>&1
	is $? 0 "$name: the explored outcomes are the allowed ones"
	grep -v ^equal "$work/outcomes" | sed 's/^/# /'
	at_least "$(grep -c "^equal [^:]*cut [^,:]*:" "$work/outcomes")" 40 \
		"$name: at all cuts"
	for strategy in default prefix drop-1 keep-1 torn reorder random \
		exhaustive; do
		at_least "$(grep -c "^equal .*, $strategy:" "$work/outcomes")" 40 \
			"$name: and with $strategy and no bound"
	done
done

# The kernel's own volatile cache agrees with what was written by hand.
run_powercut run --json --budget 1 --results "$work/runs" \
	workloads/litmus/witness.yaml
exits 0 "null_blk keeps and loses what was written by hand"
at_least "$(grep -c ' behind: ' "$(json run)/replay/workload.out")" 20 \
	"at every place"

# A wrong model: one without FUA allows too much, one with larger atomic units
# too little.
cp -r "$nvme" "$work/no-fua"
"$plant" no-fua "$work/no-fua/replay" || bail_out "cannot plant no-fua"
"$outcomes" "$work/no-fua" >"$work/outcomes"
is $? 1 "without FUA there are outcomes too many"
like "$(cat "$work/outcomes")" "^DIFFERS fua-first," "and the test is named"
cp -r "$nvme" "$work/tear"
sed -i 's/tear: 4KiB/tear: 8KiB/' "$work/tear/scenario.yaml"
"$outcomes" "$work/tear" >"$work/outcomes"
is $? 1 "with atomic units of two blocks there are outcomes too few"
like "$(cat "$work/outcomes")" "^DIFFERS torn," "and the test is named"
no_leaks
done_testing

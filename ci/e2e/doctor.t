#!/bin/sh
# doctor finds what is missing, and says what to do.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh

run_powercut doctor
exits 0 "all that is needed is here"
unlike "$(cat "$out")" '^failed' "nothing failed"

health() { # CHECK
	perl -MJSON::PP -ne '
		BEGIN { $check = shift }
		$f = decode_json($_);
		print $f->{health}, "\n" if $f->{check} eq $check' \
		"$1" "$out" | sort -u
}

run_powercut doctor --json
exits 0 "all that is needed is here, in JSON"
is "$(health qemu)" ok "JSON names each check and its health"

mkdir "$work/bin"
(PATH=$work/bin; run_powercut doctor --json; echo "$status" >"$work/status")
is "$(cat "$work/status")" 3 "without QEMU and nbdkit it fails"
is "$(health qemu)" failed "QEMU is missing"
is "$(health nbdkit)" failed "nbdkit is missing"
is "$(health compiler)" failed "the compiler is missing"
like "$(grep '"check":"qemu"' "$out")" '"fix":"make deps"' "and the fix is named"

POWERCUT_HOME=$work run_powercut doctor --json
exits 3 "without the built parts it fails"
is "$(health drive)" failed "the drive is missing"
is "$(health guest)" failed "the guest's image is missing"

mkdir "$XDG_RUNTIME_DIR/powercut-abcdef"
: >"$XDG_RUNTIME_DIR/powercut-abcdef/lock"
run_powercut doctor --json
exits 0 "remains of a killed run do no harm"
is "$(health remains)" warning "but are shown"
flock "$XDG_RUNTIME_DIR/powercut-abcdef/lock" \
	./powercut doctor --json >"$out"
is "$(health remains)" ok "a run that is alive is not a remain"

done_testing

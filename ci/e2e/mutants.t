#!/bin/sh
# Mutants of the room that makes states: each is built into the room's own tests,
# and these must fail. A test that stays green with one of them proves nothing.
cd "$(dirname "$0")/../.." || exit 1
. ci/e2e/lib.sh
build=${B:-.build}
flags="-O1 -g -std=gnu11 -D_GNU_SOURCE -Iharness -I. -pthread"
libs="$(pkg-config --libs libxxhash) -lcmocka -lm -pthread"

# mutant FILE SED TEST NAME
mutant() {
	name=$(basename "$1" .c)
	sed "$2" "harness/$1" >"$work/$name.c"
	if cmp -s "harness/$1" "$work/$name.c"; then
		fail "$4" "the mutant is no other program: $2"
		return
	fi
	# shellcheck disable=SC2086
	if ! ${CC:-cc} $flags -c -o "$work/$name.o" "$work/$name.c" 2>"$err" ||
		! ${CC:-cc} -o "$work/mutant" "$build/harness/$3.o" \
			"$work/$name.o" "$build/libharness.a" $libs 2>>"$err"
	then
		fail "$4" "it cannot be built: $(head -n 3 "$err")"
		return
	fi
	# One that crashes leaves its files: it gets a /tmp that goes, too.
	if timeout 60 bwrap --dev-bind / / --bind "$work" /tmp /tmp/mutant \
		>"$out" 2>"$err"; then
		fail "$4" "its tests pass: $2"
	else
		pass "$4"
	fi
}

# The sandbox itself must not be what fails.
ok "a test that is no mutant passes" timeout 60 bwrap --dev-bind / / \
	--bind "$work" /tmp --bind "$PWD/$build" "$PWD/$build" \
	"$PWD/$build/harness/run/test-reach"

# The hash of a disk's content.
mutant states/space.c 's/if (content.low == base.low \&\& /if (u == 1 || content.low == base.low \&\& /' \
	states/test-states "a hash that leaves out a unit is caught"
mutant states/space.c 's/content.high, s->unit_index\[u\]/content.high, 0/' \
	states/test-states "a hash that does not know where a unit stands is caught"
mutant states/view.c 's/hash_add(&hash, v->low_hash\[i\])/(void)0/' \
	states/test-states "a hash that does not know what was lost is caught"
mutant states/enumerate.c 's/out->slots\[i\].low == hash.low \&\&/1 ||/' \
	states/test-states "different contents that are taken for equal are caught"
mutant run/plan-keys.c 's/key->beside == beside)/1)/; s/beside \* 0x9e3779b97f4a7c15ULL/beside * 0/' \
	run/test-plan "equal contents with other promises are caught"

# From state to state.
mutant states/cursor.c 's/c->low\[u\] = durable_before(.*/;/' \
	states/test-states "a cursor that goes back wrong is caught"
mutant states/patches.c 's/add_differing(&c, from);/;/' \
	states/test-states "patches that forget the state before are caught"
mutant states/patches.c 's/add_between(&c, s, old, new);/;/' \
	states/test-states "patches that forget what lies between are caught"

# What is explored, and what is said of it.
mutant states/strategy-drop.c 's/choose(c, next, w, left - 1)/choose(c, next, n - 1, left - 1)/' \
	states/test-states "a strategy that picks the wrong sets is caught"
mutant states/strategy-exhaustive.c 's/set < 1ULL << n/set < n/' \
	states/test-states "all but a few states of a fifo drive are caught"
mutant states/fifo.c 's/if (i == v->n_writes || is_torn/if (1 || is_torn/' \
	states/test-states "a fifo drive without order is caught"
mutant run/plan.c 's/covered && !own;/covered;/; s/cut->equal += !own && covered/cut->equal += covered/' \
	run/test-plan "states that are counted twice are caught"
mutant run/plan.c 's/key->judged >= JUDGED_EQUAL : key->planned/1 : 1/' \
	run/test-plan "losses that nobody judged are caught"
mutant run/reach.c 's/commit->until = durable;/commit->until = c->complete;/' \
	run/test-reach "a commit that ends before it is durable is caught"
done_testing

#!/bin/sh
# After a cut: git finds no damage, and every acknowledged commit is on the
# branch, with its files.
export GIT_CONFIG_NOSYSTEM=1 HOME=/tmp
command -v git >/dev/null || exit 2
said=/tmp/said

lost() {
	echo "$*"
	exit 1
}

# The last of what git said is the reason.
repo=$1/repo
git -C "$repo" rev-parse --git-dir >"$said" 2>&1 ||
	lost "git does not know the repository: $(tail -n 1 "$said")"
git -C "$repo" rev-parse --verify -q HEAD >"$said" 2>&1 ||
	lost "the branch has no commit: $(tail -n 1 "$said")"
git -C "$repo" fsck --full --no-dangling >"$said" 2>&1 ||
	lost "git fsck: $(grep -v '^notice:' "$said" | head -n 1)"
git -C "$repo" log --format=%H >"$said" 2>&1 ||
	lost "git log: $(tail -n 1 "$said")"
while read -r _ number hash; do
	grep -qx "$hash" "$said" ||
		lost "commit $number is acknowledged and not on the branch"
	git -C "$repo" cat-file -e "$hash:file-$number" 2>/dev/null ||
		lost "commit $number has lost its file"
done <"$PC_ACKS"
# The next command of its user
git -C "$repo" status --porcelain >"$said" 2>&1 ||
	lost "git status: $(tail -n 1 "$said")"

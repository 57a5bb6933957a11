# Sourced by the scripts that build root file systems: the folder where they are
# kept, and how one gets there. $name is the image's.
images=${XDG_CACHE_HOME:-$HOME/.cache}/powercut/images
debs=$images/debs
PATH=$PATH:/usr/sbin:/sbin

say()
{
	[ -n "${POWERCUT_QUIET:-}" ] || echo "powercut: $1" >&2
}

die()
{
	echo "$1" >&2
	echo "$1"
	[ $# -lt 2 ] || echo "$2"
	exit 3
}

need()
{
	command -v "$1" >/dev/null ||
		die "program not found: $1" "install the Debian package $2"
}

# Prints the image's path, if it is there, and notes that it is in use.
have()
{
	[ -f "$images/$name.erofs" ] || return 1
	touch -c "$images/$name.erofs"
	echo "$images/$name.erofs"
}

# From here on one process builds; $new is its folder until it ends.
lock()
{
	mkdir -p "$images"
	exec 9>"$images/lock"
	flock -n 9 || {
		say "waiting for another process that builds an image"
		flock 9
	}
	rm -rf "$images"/new.*
	new=$(mktemp -d "$images/new.XXXXXX")
	chmod 755 "$new"
	trap 'rm -rf "$new"' EXIT
	trap 'exit 130' INT TERM HUP
}

# What went wrong, in the words of the log $2: apt's errors, but not those of who
# ran it, else the last line.
fail()
{
	words=$(grep -E '^(E|Err|error|Error|dpkg: error)[: ]' "$2" |
		grep -Ev 'setup failed|failed to run|command failed' |
		sed 's/^E: //' | head -n 3 | paste -sd ';' | sed 's/;/; /g')
	echo "$1: ${words:-$(tail -n 1 "$2")}"
	exit 3
}

# Nobody sees half an image; those that nobody has used for a month go.
publish()
{
	mv -f "$new/image" "$images/$name.erofs"
	find "$images" -maxdepth 1 -name '*.erofs' ! -name "$name.erofs" \
		-mtime +30 -delete
	find "$debs" -name '*.deb' -atime +30 -delete 2>/dev/null || :
	have
}

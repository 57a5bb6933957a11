#!/bin/sh
# Says what the build lacks. Usage: ci/deps-check.sh COMPILER LIBRARY...
compiler=$1
shift
for tool in "$compiler" pkg-config; do
	command -v "$tool" >/dev/null || missing="${missing-} $tool"
done
if command -v pkg-config >/dev/null; then
	for library; do
		pkg-config --exists "$library" ||
			missing="${missing-} $library"
	done
fi
[ -n "${missing-}" ] || exit 0
echo "The build lacks:$missing" >&2
echo "  make deps installs it (Debian)" >&2
exit 1

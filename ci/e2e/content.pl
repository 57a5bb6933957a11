# Where a record is at a cut, by searching for its content: no trace, no
# explanation, only the drive's log (powercut-log(5)) and the media.
#
#	content.pl LOG POSITION IMAGE TAG COUNT
#		the layers that may hold it, by number, blank separated: 1 2 3 5
#		where the drive has never seen it, 5 in flight, 6 in the drive's
#		cache and not whole on the media (IMAGE: those of the state),
#		4 on the media. Whole: the tag stands there COUNT times
use strict;
use warnings;

my ($path, $cut, $image, $tag, $count) = @ARGV;

sub is_whole_in {
	my ($file) = @_;
	open(my $in, "<:raw", $file) or die "$file: $!\n";
	local $/;
	my $found = () = <$in> =~ /\Q$tag\E/g;
	return $found >= $count;
}

# The last command at or before the cut that carries the tag: its position, and
# whether it had completed; undef without one.
sub last_carrier {
	my ($position, $completed);
	open(my $in, "<:raw", $path) or die "$path: $!\n";
	seek($in, 40, 0);
	while (read($in, my $record, 72) == 72) {
		my ($magic, $type, undef, undef, $at, undef, $command, undef,
			undef, $payload) = unpack("L<CCS<Q<Q<Q<Q<Q<L<", $record);
		die "$path: no record\n" if $magic != 0x524c4350;
		last if $at > $cut;
		my $data = "";
		read($in, $data, $payload) == $payload or die "$path: short\n"
			if $payload;
		($position, $completed) = ($at, 0)
			if $type == 1 && index($data, $tag) >= 0;
		$completed = 1 if $type == 5 && defined($position) &&
			$command == $position;
	}
	return ($position, $completed);
}

my ($position, $completed) = last_carrier();
print !defined($position) ? "1 2 3 5" :
	!$completed ? "5" : is_whole_in($image) ? "4" : "6", "\n";

# Reads logs of dm-log-writes with nothing of ours, by the kernel's
# Documentation/admin-guide/device-mapper/log-writes.rst.
#
#	log.pl list LOG
#		one line per entry: number, sectors, flags, mark
#	log.pl replay LOG SIZE IMAGE N...
#		an image IMAGE.N of the first N entries for each
#	log.pl same KERNEL OURS BASE SIZE
#		whether two logs of the same commands, on the first SIZE bytes
#		of a disk, say the same; what "the same" is stands at same()
use strict;
use warnings;
no warnings "portable"; # numbers of 64 bits

use constant { FLUSH => 1, FUA => 2, DISCARD => 4, MARK => 8, META => 16 };

sub open_log {
	my ($path) = @_;
	open(my $in, "<:raw", $path) or die "$path: $!\n";
	read($in, my $super, 28) == 28 or die "$path: cut off\n";
	my ($magic, $version, $entries, $sector) = unpack("Q<Q<Q<L<", $super);
	die "$path: no log\n" if $magic != 0x6a736677736872 || $version != 1;
	seek($in, $sector, 0);
	return { in => $in, path => $path, sector => $sector,
		entries => $entries, next => 0 };
}

# The next entry; undef at the end.
sub next_entry {
	my ($log) = @_;
	return if $log->{next} == $log->{entries};
	$log->{next}++;
	my $sector = $log->{sector};
	read($log->{in}, my $head, $sector) == $sector
		or die "$log->{path}: cut off\n";
	my ($at, $sectors, $flags, $len) = unpack("Q<4", $head);
	my %e = (at => $at * $sector, length => $sectors * $sector,
		flags => $flags, mark => substr($head, 32, $len));
	$e{data} = "\0" x $e{length};
	read($log->{in}, $e{data}, $e{length}) == $e{length}
		or die "$log->{path}: cut off\n"
		if $e{length} && !($flags & DISCARD);
	return \%e;
}

sub flag_names {
	my ($flags) = @_;
	my @names = qw(flush fua discard mark meta);
	return join(",", map { $flags & 1 << $_ ? $names[$_] : () } 0 .. 4);
}

sub list {
	my $log = open_log($_[0]);
	while (my $e = next_entry($log)) {
		printf("%d %d+%d %s%s\n", $log->{next} - 1,
			$e->{at} / $log->{sector},
			$e->{length} / $log->{sector}, flag_names($e->{flags}),
			$e->{flags} & MARK ? " '$e->{mark}'" : "");
	}
}

sub replay {
	my ($path, $size, $image, @wanted) = @_;
	my $log = open_log($path);
	my $disk = "\0" x $size;
	while (@wanted) {
		if ($wanted[0] == $log->{next}) {
			open(my $out, ">:raw", "$image.$wanted[0]") or die;
			print $out $disk;
			close($out) or die;
			shift @wanted;
			next;
		}
		my $e = next_entry($log) or die "too short\n";
		substr($disk, $e->{at}, $e->{length}, $e->{data})
			if $e->{length};
	}
}

# ---- same

# What an entry is to who replays up to it. A flush stands for itself: the
# kernel's carries the sector and the flags, FUA among them, of the write that
# it was taken from.
sub boundary {
	my ($e) = @_;
	return "mark '$e->{mark}'" if $e->{flags} & MARK;
	return "flush" if $e->{flags} & FLUSH && !$e->{length};
	return sprintf("fua %d+%d", $e->{at}, $e->{length})
		if $e->{flags} & FUA;
	return;
}

# Applies entries up to the next boundary: its text, and the sectors that were
# written on the way.
sub advance {
	my ($log, $size, $disk) = @_;
	my %touched;
	while (my $e = next_entry($log)) {
		next if $e->{length} && $e->{at} >= $size;
		die "$log->{path}: an entry across the end\n"
			if $e->{at} + $e->{length} > $size;
		substr($$disk, $e->{at}, $e->{length}, $e->{data})
			if $e->{length};
		$touched{$_} = 1 for $e->{at} / 512 ..
			($e->{at} + $e->{length}) / 512 - 1;
		my $b = boundary($e);
		next unless $b;
		next if $e->{flags} & DISCARD;
		return ($b, \%touched);
	}
	return ("end", \%touched);
}

sub skip_to {
	my ($log, $size, $disk, $mark) = @_;
	my $b = "";
	($b) = advance($log, $size, $disk) until $b eq $mark || $b eq "end";
	die "$log->{path} has no $mark\n" if $b eq "end";
}

# Both logs list the same flushes, FUA writes and marks in the same order, and
# up to each of them give the same disk. Between two of them they may differ: a
# bio of the kernel's log is part of a request, and the drive may complete
# requests in another order than the guest hears of it. For the same reason the
# guest may submit a flush while it has not yet heard of a write that the drive
# has completed: that flush covers the write, but the kernel logs it with the
# next one. Such a sector is "late": ours has it, the kernel's must have it by
# the next flush.
sub same {
	my ($kernel_path, $ours_path, $base, $size) = @_;
	my ($k, $o) = (open_log($kernel_path), open_log($ours_path));
	open(my $in, "<:raw", $base) or die "$base: $!\n";
	read($in, my $kernel, $size) == $size or die "$base: too short\n";
	my $ours = "\0" x length($kernel);
	skip_to($o, $size, \$ours, "mark 'powercut:arm'");
	die "the disks differ before the first entry\n" if $kernel ne $ours;
	my ($n, $late, %late) = (0, 0);
	for (;;) {
		my ($kb, $kt) = advance($k, $size, \$kernel);
		my ($ob, $ot) = advance($o, $size, \$ours);
		last if $kb eq "mark 'dm-log-writes-end'" &&
			$ob eq "mark 'powercut:stop'";
		$n++;
		die "the logs end early\n" if $kb eq "end" && $ob eq "end";
		die "boundary $n: the kernel has $kb, we have $ob\n"
			if $kb ne $ob;
		for my $s (keys %{{ %$kt, %$ot, %late }}) {
			if (substr($kernel, $s * 512, 512) eq
				substr($ours, $s * 512, 512)) {
				delete $late{$s};
				next;
			}
			die "boundary $n, $kb: sector $s differs\n"
				if $late{$s} ? $kb eq "flush" : $kt->{$s};
			$late++ unless $late{$s}++;
		}
	}
	die "sectors differ at the end\n" if $kernel ne $ours;
	print "$n boundaries, $late sectors late\n";
}

my %verbs = (list => \&list, replay => \&replay, same => \&same);
my $verb = shift @ARGV;
$verbs{$verb} or die "no such verb: $verb\n";
$verbs{$verb}->(@ARGV);

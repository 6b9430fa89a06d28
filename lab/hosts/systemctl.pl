#!/usr/bin/perl
# Hands its arguments to the host's supervisor and brings back its answer.
use strict;
use Socket;

my $path = '@SOCKET@';
my $link;
socket($link, PF_UNIX, SOCK_STREAM, 0) && connect($link, pack_sockaddr_un($path))
  or do { print STDERR "Failed to connect to bus: $!\n"; exit 1 };
my $request = join('', map { "$_\0" } @ARGV);
send($link, $request, MSG_NOSIGNAL);
shutdown($link, 1);
my $reply = '';
while (sysread($link, my $chunk, 65536)) { $reply .= $chunk }
if ($reply !~ /^(\d+) (\d+)\n/) { print STDERR "Connection to bus terminated\n"; exit 1 }
my ($code, $length, $at) = ($1, $2, $+[0]);
print STDOUT substr($reply, $at, $length);
print STDERR substr($reply, $at + $length);
exit $code;

# Perl's Net::SMPP as a client: perl client.pl PORT TEXTS. Binds, sends a question to each of so many numbers, answers what is delivered, and
# after a second of silence prints what it saw as JSON.
use strict;
use warnings;
use Encode qw(decode encode);
use IO::Select;
use JSON::PP;
use Net::SMPP;

my ($port, $texts) = @ARGV;
my ($smpp, $bound) = Net::SMPP->new_transceiver('127.0.0.1', port => $port, system_id => 'peer', password => 'secret77');
die "not bound\n" unless $smpp && $bound && $bound->status == 0;
my %seen = (accepted => 0, ids => [], reports => {}, replies => {});
my $question = encode('UTF-16BE', decode('UTF-8', '请回复数字评价,回T退订'));

sub hear {
    my $pdu = $smpp->read_pdu() or die "the link ended\n";
    if ($pdu->cmd == Net::SMPP::CMD_submit_sm_resp) {
        next if $pdu->status != 0;
        ++$seen{accepted};
        push @{$seen{ids}}, $pdu->{message_id};
    } elsif ($pdu->cmd == Net::SMPP::CMD_deliver_sm) {
        $smpp->deliver_sm_resp(message_id => '', seq => $pdu->seq);
        my $text = $pdu->{data_coding} == 8 ? decode('UTF-16BE', $pdu->{short_message}) : $pdu->{short_message};
        if ($pdu->{esm_class} & 4) { $seen{reports}{$1} = $2 if $text =~ /id:(\S+).*stat:(\w+)/ }
        else { $seen{replies}{$pdu->{source_addr}} = $text }
    }
}

$smpp->submit_sm(source_addr => '106900110', destination_addr => sprintf('1390000%04d', $_), data_coding => 8, short_message => $question, registered_delivery => 1, async => 1)
    for 0 .. $texts - 1;
my $socket = IO::Select->new($smpp);
hear() while $socket->can_read(1);
$smpp->unbind();
print JSON::PP->new->canonical->encode(\%seen), "\n";

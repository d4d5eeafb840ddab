#include "providers/smpp/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/text/gsm7.hpp"
#include "daemon/text/octets.hpp"
#include "daemon/text/segments.hpp"
#include "daemon/text/utf.hpp"
#include "providers/link/bytes.hpp"
#include "providers/link/coding.hpp"
#include "providers/link/receipt.hpp"

namespace pingjing::smpp {

using namespace provider;

namespace {

constexpr std::size_t most_parts = 255;

using link::Code;
using link::Says;

// What stands in no row is in doubt: 0x400 to 0x4FF are each vendor's own, and a site that knows them says so in [channel.statuses].
constexpr Code statuses[] = {
    {0x01, 0x01, Says::permanent_content},  // message length
    {0x02, 0x03, Says::permanent_config},   // command length, command
    {0x04, 0x04, Says::retry},              // not bound: it cannot take it, and this connection is of no more use
    {0x05, 0x05, Says::ambiguous},          // bound already: no answer to a text
    {0x06, 0x07, Says::permanent_config},   // priority, registered_delivery
    {0x08, 0x08, Says::ambiguous},          // system error
    {0x0A, 0x0A, Says::permanent_config},   // source address
    {0x0B, 0x0B, Says::permanent_number},   // destination address
    {0x0C, 0x0C, Says::ambiguous},          // message id: we give none
    {0x0D, 0x0F, Says::auth},               // bind, password, system id
    {0x11, 0x11, Says::ambiguous},          // cancel_sm, replace_sm: no answers to a text
    {0x13, 0x13, Says::ambiguous},
    {0x14, 0x14, Says::throttled_channel},  // queue full
    {0x15, 0x15, Says::permanent_config},   // service_type
    {0x33, 0x34, Says::permanent_config},   // destinations, distribution list
    {0x40, 0x40, Says::permanent_config}, {0x42, 0x44, Says::permanent_config},
    {0x45, 0x45, Says::ambiguous},          // submit failed
    {0x48, 0x49, Says::permanent_config},   // TON, NPI
    {0x50, 0x51, Says::permanent_config},
    {0x53, 0x53, Says::auth},               // system_type
    {0x54, 0x55, Says::permanent_config},
    {0x58, 0x58, Says::throttled_channel},  // too many a second
    {0x61, 0x63, Says::permanent_config},   // schedule, validity, default message
    {0x64, 0x64, Says::ambiguous},          // an application is out of order
    {0x65, 0x66, Says::permanent_content},  // an application refuses
    {0x67, 0x67, Says::ambiguous},          // query_sm
    {0xC0, 0xC4, Says::permanent_config},   // TLVs
    {0xFE, 0xFF, Says::ambiguous},          // not delivered, unknown
    {0x100, 0x101, Says::permanent_config}, // of 5.0: the service is not ours to use
    {0x102, 0x102, Says::ambiguous},
    {0x103, 0x104, Says::permanent_config}, // service, data_coding
};

// A centre that reads UTF-8 is sent what is one octet in it: how many others the air takes nobody says.
std::string sent_as(const std::string& alphabet) { return alphabet == "UTF-8" ? "ASCII" : alphabet; }

// The octets of a text in the cheapest coding that this carrier can take: data_coding 0 where its default alphabet has every
// character, else UCS-2. A septet of GSM counts as one on either side.
struct Coded { std::uint8_t coding = 0; Segments segments{}; };
std::optional<Coded> code(const std::string& text, const Settings& settings) {
    Cutting how;
    how.wide_reference = settings.long_texts == LongTexts::udh16 || settings.long_texts == LongTexts::sar;
    auto segments = cut_segments(text, how);
    if (!segments) return std::nullopt;
    bool plain = segments->alphabet == Alphabet::gsm7 && (settings.alphabet == "GSM" || utf8_to_charset(text, sent_as(settings.alphabet)));
    if (plain) return Coded{0, std::move(*segments)};
    how.ucs2 = true;
    segments = cut_segments(text, how);
    return Coded{ucs2, std::move(*segments)};
}

std::string octets_of(const std::string& text, std::uint8_t coding, const std::string& alphabet) {
    if (coding == ucs2) return to_utf16be(*decode_utf8(text));
    return alphabet == "GSM" ? *to_gsm7(text) : *utf8_to_charset(text, sent_as(alphabet));
}

std::string validity_of(Validity form, std::chrono::seconds validity, Instant now) {
    using namespace std::chrono;
    if (form == Validity::none || validity <= 0s) return {};
    if (form == Validity::relative) {
        auto day = duration_cast<days>(validity);
        hh_mm_ss rest{validity - day};
        return fmt::format("0000{:02}{:02}{:02}{:02}000R", day.count(), rest.hours().count(), rest.minutes().count(), rest.seconds().count());
    }
    auto until = floor<seconds>(now + validity);
    auto day = floor<days>(until);
    year_month_day date{day};
    hh_mm_ss time{until - day};
    return fmt::format("{:02}{:02}{:02}{:02}{:02}{:02}000+", static_cast<int>(date.year()) % 100, static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

void put_number(Tlvs& tlvs, std::uint16_t tag, std::uint32_t value, int octets) {
    link::Writer out;
    if (octets == 2) out.u16(value);
    else out.u8(value);
    tlvs.push_back({tag, std::move(out).take()});
}

void place_part(Message& message, const Settings& settings, const link::Place& place, std::string octets) {
    if (settings.long_texts == LongTexts::sar) {
        message.text = std::move(octets);
        put_number(message.tlvs, sar_msg_ref_num, place.reference, 2);
        put_number(message.tlvs, sar_total_segments, static_cast<std::uint32_t>(place.total), 1);
        put_number(message.tlvs, sar_segment_seqnum, static_cast<std::uint32_t>(place.number), 1);
        return;
    }
    message.esm_class |= udh_present;
    message.text = link::header_for(place) + octets;
}

// ── what comes in ──

std::optional<link::Place> sar_place(const Tlvs& tlvs) {
    auto reference = tlv_number(tlvs, sar_msg_ref_num), total = tlv_number(tlvs, sar_total_segments), number = tlv_number(tlvs, sar_segment_seqnum);
    if (!reference || !total || !number || *total == 0 || *number == 0 || *number > *total || *total > 255 || *reference > 0xFFFF) return std::nullopt;
    return link::Place{static_cast<std::uint16_t>(*reference), true, static_cast<int>(*total), static_cast<int>(*number)};
}

std::string_view payload_of(const Message& message) {
    auto payload = message.text.empty() ? find_tlv(message.tlvs, message_payload) : std::nullopt;
    return payload.value_or(message.text);
}

// An id in a TLV may end with a NUL or not.
std::string text_of(std::string_view value) { return std::string(value.substr(0, value.find('\0'))); }

constexpr std::pair<ReceiptState, std::string_view> message_states[] = {
    {ReceiptState::buffered, "SCHEDLD"}, {ReceiptState::buffered, "ENROUTE"}, {ReceiptState::delivered, "DELIVRD"}, {ReceiptState::expired, "EXPIRED"}, {ReceiptState::failed, "DELETED"},
    {ReceiptState::failed, "UNDELIV"}, {ReceiptState::buffered, "ACCEPTD"}, {ReceiptState::unknown, "UNKNOWN"}, {ReceiptState::failed, "REJECTD"}, {ReceiptState::failed, "SKIPPED"}};

bool is_zero(std::string_view code) { return code.find_first_not_of('0') == code.npos; }

Receipt read_receipt(const Settings& settings, const Message& message) {
    // Some centres write their reports in UCS-2.
    auto body = read_octets(payload_of(message), charset_of(message.data_coding, settings.alphabet));
    auto text = link::read_receipt_text(body);
    Receipt receipt;
    receipt.vendor_id = text.id;
    if (auto id = find_tlv(message.tlvs, receipted_message_id); id && !text_of(*id).empty()) receipt.vendor_id = text_of(*id);
    receipt.phone = Phone::sender(message.source.digits);
    // Most swap the addresses, a few do not.
    if (!receipt.phone->is_mobile())
        if (auto other = Phone::mobile(message.destination.digits)) receipt.phone = other;
    auto word = link::read_receipt_word(text.stat), error = link::read_receipt_word(text.error);
    receipt.state = word.state;
    receipt.meaning = word.meaning != Receipt::Meaning::none ? word.meaning : error.meaning;
    receipt.code = text.stat;
    // Where the two disagree, the field is right: the words are for people.
    if (auto state = tlv_number(message.tlvs, message_state); state && *state < std::size(message_states)) {
        receipt.state = message_states[*state].first;
        if (receipt.code.empty()) receipt.code = message_states[*state].second;
    }
    if (!text.error.empty() && !is_zero(text.error)) receipt.code += (receipt.code.empty() ? "" : " ") + text.error;
    if (receipt.code.empty()) receipt.code = "a report without a state";
    if (receipt.state == ReceiptState::delivered) receipt.meaning = Receipt::Meaning::none;  // a number that got a text is one, whatever the words say
    if ((message.esm_class & message_kinds) == intermediate) receipt.state = ReceiptState::buffered;
    if (settings.receipt_offset) receipt.at = link::read_receipt_time(text.done, *settings.receipt_offset);
    return receipt;
}

link::ReceiptText words_of(const Settings& settings, const Message& message) {
    return link::read_receipt_text(read_octets(payload_of(message), charset_of(message.data_coding, settings.alphabet)));
}

// By what nobody but the centre can say.
bool is_marked(const Message& message) {
    auto type = message.esm_class & message_kinds;
    return type == 0x04 || type == 0x20 || (find_tlv(message.tlvs, receipted_message_id) && find_tlv(message.tlvs, message_state));
}

bool is_receipt(const Settings& settings, const Message& message) {
    auto type = message.esm_class & message_kinds;
    if (is_marked(message)) return true;
    if (type != 0x08 && type != 0) return false;
    auto text = words_of(settings, message);
    if (type == 0 && !settings.plain_receipts) return text.whole();
    return !text.id.empty() && !text.stat.empty();
}

}  // namespace

std::string charset_of(std::uint8_t coding, const std::string& default_alphabet) {
    switch (coding) {
        case 0x00: return default_alphabet;
        case 0x01: return "ASCII";
        case 0x02: case 0x03: case 0x04: return "ISO-8859-1";
        case 0x05: return "ISO-2022-JP";
        case 0x06: return "ISO-8859-5";
        case 0x07: return "ISO-8859-8";
        case 0x08: return "UTF-16BE";
        case 0x0D: return "EUC-JP";
        case 0x0E: return "EUC-KR";
        case 0x0F: return "GBK";  // by analogy with CMPP
        default: break;
    }
    return link::charset_of_group(coding);
}

Result<std::vector<std::string>> build_submits(const Settings& settings, const Submission& submission, link::References& references, Instant now) {
    const auto& text = submission.text.reveal();
    auto coded = code(submission.carrier_adds + text, settings);
    if (!coded || text.empty()) return fail(Error::Kind::invalid_input, "a text that is empty or not UTF-8");
    auto& first = coded->segments.parts.front().text;
    if (!first.starts_with(submission.carrier_adds)) return fail(Error::Kind::invalid_input, "a sign that is longer than a part");
    first.erase(0, submission.carrier_adds.size());
    auto total = static_cast<int>(coded->segments.parts.size());
    if (total > static_cast<int>(most_parts)) return fail(Error::Kind::invalid_input, "a text of more than 255 parts");

    Message base;
    base.service_type = settings.service_type;
    base.source = {settings.source_ton, settings.source_npi, settings.link.source + submission.extension};
    base.destination = {settings.destination_ton, settings.destination_npi, settings.destination_prefix + submission.phone.reveal()};
    base.validity = validity_of(settings.validity, submission.validity, now);
    base.registered_delivery = settings.receipts ? 1 : 0;
    base.data_coding = coded->coding;

    std::vector<Message> messages;
    if (total == 1) {
        messages.push_back(base);
        messages.back().text = octets_of(text, coded->coding, settings.alphabet);
    } else if (settings.long_texts == LongTexts::payload) {
        messages.push_back(base);
        messages.back().tlvs.push_back({message_payload, octets_of(text, coded->coding, settings.alphabet)});
    } else {
        link::Place place;
        place.wide = settings.long_texts != LongTexts::udh;
        place.reference = references.next(place.wide);
        place.total = total;
        for (const auto& segment : coded->segments.parts) {
            messages.push_back(base);
            place_part(messages.back(), settings, place, octets_of(segment.text, coded->coding, settings.alphabet));
            ++place.number;
        }
    }
    std::vector<std::string> frames;
    for (auto& message : messages) {
        auto frame = encode({submit_sm, ok, 0, std::move(message)});
        if (!frame) return tl::unexpected(frame.error());
        frames.push_back(std::move(*frame));
    }
    return frames;
}

int count_parts(const Settings& settings, const std::string& text) {
    auto coded = code(text, settings);
    return coded && !text.empty() && coded->segments.parts.size() <= most_parts ? static_cast<int>(coded->segments.parts.size()) : 0;
}

link::Refusal read_status(const Settings& settings, std::uint32_t status) { return link::read_code(statuses, status_words(), settings.statuses, status, "command_status", true); }

bool is_unmarked_report(const Settings& settings, const Message& message) {
    return !settings.plain_receipts && (message.esm_class & message_kinds) == 0 && !is_marked(message) && words_of(settings, message).whole();
}

Message as_message(const Data& data) {
    Message m;
    m.service_type = data.service_type, m.source = data.source, m.destination = data.destination;
    m.esm_class = data.esm_class, m.registered_delivery = data.registered_delivery, m.data_coding = data.data_coding;
    m.tlvs = data.tlvs, m.broken_tlvs = data.broken_tlvs;
    return m;
}

Inbound read_delivery(const Settings& settings, const Message& message) {
    if (is_receipt(settings, message)) return read_receipt(settings, message);
    InboundText text;
    text.from = Phone::sender(message.source.digits);
    text.to = message.destination.digits;
    text.extension = link::extension_of(text.to, settings.link.source);
    auto charset = charset_of(message.data_coding, settings.alphabet);
    auto octets = payload_of(message);
    auto place = sar_place(message.tlvs);
    const char* how = "sar";
    if (message.esm_class & udh_present)
        if (auto header = link::read_header_of(octets)) {
            octets.remove_prefix(header->size);
            if (header->place) place = header->place, how = "udh";
        }
    text.text = Text(read_octets(octets, charset));
    if (place && place->total > 1) text.part = link::text_part(*place, how, octets, charset);
    return text;
}

}  // namespace pingjing::smpp

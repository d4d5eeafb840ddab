// Delivery reports as text, and the PDUs that bring them: fields are found wherever they stand, written again they are the same,
// and a report says no more than it proves.
#include <fmt/format.h>

#include <algorithm>

#include "providers/cmpp/text.hpp"
#include "providers/link/receipt.hpp"
#include "providers/smpp/text.hpp"
#include "tests/fuzz/links.hpp"

namespace pingjing::fuzz {
namespace {

using namespace provider;

std::string print(const link::ReceiptText& r) {
    std::string out;
    auto add = [&](const char* key, const std::string& value) {
        if (!value.empty()) out += fmt::format("{}{}:{}", out.empty() ? "" : " ", key, value);
    };
    add("id", r.id), add("submit date", r.submitted), add("done date", r.done), add("stat", r.stat), add("err", r.error);
    return out;
}

void text_of_a_report(std::string_view text) {
    auto read = link::read_receipt_text(text);
    std::string plain(text);
    for (auto& c : plain)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    for (const auto* field : {&read.id, &read.stat, &read.error, &read.submitted, &read.done})
        must(plain.find(*field) != plain.npos && field->find(' ') == field->npos, "a field is a word of the text", *field);
    auto again = link::read_receipt_text(print(read));
    must(print(again) == print(read), "a report written again says the same", print(read) + "\n" + print(again));
}

void words(std::string_view word) {
    auto read = link::read_receipt_word(word);
    std::string lower(word);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    auto again = link::read_receipt_word(lower);
    must(read.state == again.state && read.meaning == again.meaning, "a word is the same in small letters", word);
    must(read.meaning == Receipt::Meaning::none || read.state == ReceiptState::failed, "only a failure says something about the number", word);
    if (auto at = link::read_receipt_time(word, std::chrono::hours(8)))
        must(*at > *parse_rfc3339("1930-01-01T00:00:00Z") && *at < *parse_rfc3339("2040-01-01T00:00:00Z"), "a time is of our days", format_utc(*at));
}

// A deliver_sm that says it is a report, and a Deliver of CMPP.
void as_pdus(std::string_view text, std::size_t type) {
    static const smpp::Settings settings;
    smpp::Message message;
    message.source.digits = "13812345678", message.destination.digits = "106900110";
    static constexpr std::uint8_t types[] = {0x04, 0x00, 0x40, 0x44, 0x20, 0x08}, codings[] = {0, 8, 3, 15};
    message.esm_class = types[type % 6], message.data_coding = codings[type % 4];
    message.text = text.substr(0, 254);
    auto frame = smpp::encode({smpp::deliver_sm, smpp::ok, 5, message});
    must(frame.has_value(), "a text of an octet's length can be encoded");
    auto decoded = smpp::decode(*frame);
    auto* back = std::get_if<smpp::Message>(&decoded.body);
    must(back && back->text == message.text && back->esm_class == message.esm_class, "and comes back");
    auto read = smpp::read_delivery(settings, *back);
    must((message.esm_class != 0x04 && message.esm_class != 0x44) || std::holds_alternative<Receipt>(read), "what says that it is a report is one");
    whole(read);
    if (auto report = cmpp::read_report(text))
        for (auto version : {cmpp::Version::v2, cmpp::Version::v3}) {
            auto again = cmpp::read_report(cmpp::write_report(*report, version));
            must(again && again->id == report->id, "a report of CMPP written again says the same");
        }
}

}  // namespace

// What kind of PDU brings it; the rest is the report.
void receipts(std::string_view input) {
    Input in(input);
    auto type = in.choice(12);
    text_of_a_report(in.rest());
    words(in.rest());
    as_pdus(in.rest(), type);
}

}  // namespace pingjing::fuzz

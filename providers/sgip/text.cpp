#include "providers/sgip/text.hpp"

#include <fmt/format.h>

#include "providers/link/china_time.hpp"
#include "providers/link/coding.hpp"

namespace pingjing::sgip {

using namespace provider;

namespace {

using link::Code;
using link::Says;

// Of 1.2 and 1.3, in answers. What stands in no row is in doubt.
constexpr Code results[] = {
    {1, 1, Says::auth},                                           // name, password
    {2, 2, Says::permanent_config},                               // logged in twice
    {3, 3, Says::retry},                                          // too many connections
    {4, 4, Says::auth},                                           // login type
    {5, 5, Says::permanent_content},                              // format of a parameter
    {6, 6, Says::permanent_number},                               // no mobile number, or without 86
    {7, 7, Says::permanent_config},                               // command
    {8, 8, Says::permanent_content},                              // length
    {9, 9, Says::ambiguous},                                      // sequence: perhaps it has the first; or our node is wrong
    {10, 10, Says::permanent_config},
    {11, 11, Says::throttled_channel},                            // its queue is full
    {13, 14, Says::permanent_config},                             // service code, fee type
    {17, 17, Says::permanent_content},                            // LinkID
    {18, 18, Says::permanent_number},                             // has not subscribed
    {19, 19, Says::permanent_config},                             // UserCount
    {22, 24, Says::permanent_number},                             // route; charged number
    {27, 27, Says::permanent_number}, {29, 29, Says::permanent_number}, {31, 31, Says::permanent_number},
    {30, 30, Says::permanent_config},
    {32, 32, Says::ambiguous},                                    // system failure
    {33, 33, Says::throttled_channel},                            // queue full, too many a second
    {34, 34, Says::retry},                                        // logs in too often
    {38, 38, Says::permanent_content},                            // too many for one LinkID
    {39, 40, Says::permanent_config}, {43, 44, Says::permanent_config},
    {54, 54, Says::ambiguous}, {73, 73, Says::ambiguous},         // nobody answered there
    {69, 69, Says::opted_out},                                    // black list
    {77, 77, Says::throttled_channel}, {88, 88, Says::throttled_channel},
    {82, 82, Says::permanent_number},                             // a loop on the way
    {95, 95, Says::permanent_config},
    {101, 109, Says::permanent_config},
    {110, 110, Says::opted_out},                                  // black list
    {111, 125, Says::permanent_config},
    {182, 182, Says::throttled_channel, std::chrono::hours(1)},   // no more today
};

Receipt::Meaning meaning_of(std::uint8_t error) {
    if (error == 29) return Receipt::Meaning::number_invalid;
    return error == 69 || error == 110 ? Receipt::Meaning::opted_out : Receipt::Meaning::none;
}

}  // namespace

Result<std::vector<std::string>> build_submits(const Settings& settings, const Submission& submission, link::References& references, Instant now) {
    auto text = link::cut_text(submission.text.reveal(), settings.gbk, settings.wide_reference, references, submission.carrier_adds);
    if (!text) return tl::unexpected(text.error());

    Submit base;
    base.source = settings.link.source + submission.extension;
    base.charge = settings.charge_number;
    base.users = {settings.destination_prefix + submission.phone.reveal()};
    base.corporation = settings.corporation, base.service = settings.service;
    base.fee_type = settings.fee_type, base.fee = settings.fee, base.given = settings.given;
    base.cause = settings.cause, base.priority = settings.priority;
    if (settings.validity && submission.validity.count() > 0) base.expires = link::china_time(now + submission.validity);
    base.report = settings.receipts ? 1 : 2;
    base.udhi = text->parts.size() > 1 ? 1 : 0;
    base.format = text->format;

    std::vector<std::string> frames;
    for (auto& part : text->parts) {
        auto one = base;
        one.content = std::move(part);
        auto frame = encode({submit, {}, std::move(one)});
        if (!frame) return tl::unexpected(frame.error());
        frames.push_back(std::move(*frame));
    }
    return frames;
}

link::Refusal read_result(const Settings& settings, std::uint8_t result) { return link::read_code(results, result_words(), settings.results, result, "Result"); }

InboundText read_delivery(const Settings& settings, const Sequence& sequence, const Deliver& d) {
    InboundText text;
    text.from = Phone::sender(d.user);
    text.to = d.number;
    text.extension = link::extension_of(d.number, settings.link.source);
    text.key = shown(sequence), text.key_recurs = true;
    link::put_content(text, d.content, link::charset_of_format(d.format), d.udhi & link::header_flags);
    return text;
}

Receipt read_report(const Report& report) {
    Receipt receipt;
    receipt.vendor_id = shown(report.submitted);
    receipt.phone = Phone::sender(report.user);
    switch (report.state) {
        case 0: receipt.state = ReceiptState::delivered, receipt.code = "State 0"; break;
        case 1: receipt.state = ReceiptState::buffered, receipt.code = "State 1"; break;
        case 2: receipt.state = ReceiptState::failed, receipt.code = link::with_words(fmt::format("ErrorCode {}", report.error), result_words(), report.error), receipt.meaning = meaning_of(report.error); break;
        default: receipt.state = ReceiptState::unknown, receipt.code = fmt::format("State {} ErrorCode {}", report.state, report.error); break;
    }
    return receipt;
}

}  // namespace pingjing::sgip

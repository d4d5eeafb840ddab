#include "providers/cmpp/text.hpp"

#include <fmt/format.h>

#include "providers/link/china_time.hpp"
#include "providers/link/coding.hpp"
#include "providers/link/receipt.hpp"

namespace pingjing::cmpp {

using namespace provider;

namespace {

using link::Code;
using link::Says;

// What stands in no row is in doubt.
constexpr Code results[] = {
    {1, 2, Says::permanent_config}, {3, 3, Says::ambiguous}, {4, 4, Says::permanent_content}, {5, 5, Says::permanent_config}, {6, 6, Says::permanent_content},
    {7, 7, Says::permanent_config}, {8, 8, Says::throttled_channel}, {9, 9, Says::ambiguous}, {10, 12, Says::permanent_config}, {13, 13, Says::permanent_number},
    {54, 55, Says::ambiguous}, {63, 63, Says::permanent_config}, {68, 68, Says::auth}, {69, 69, Says::opted_out}, {73, 73, Says::ambiguous}, {76, 76, Says::permanent_content},
    {77, 77, Says::throttled_channel}, {78, 79, Says::permanent_config}, {88, 88, Says::throttled_channel}, {208, 208, Says::balance},
};

Receipt as_receipt(const Settings& settings, const Report& report) {
    auto receipt = link::receipt_of(report.stat);
    receipt.vendor_id = shown_id(report.id);
    receipt.phone = Phone::sender(report.phone);
    if (settings.receipt_offset) receipt.at = link::read_receipt_time(report.done, *settings.receipt_offset);
    return receipt;
}

}  // namespace

std::string shown_id(std::uint64_t id) { return fmt::format("{:016x}", id); }

Result<std::vector<std::string>> build_submits(const Settings& settings, const Submission& submission, link::References& references, Instant now) {
    auto text = link::cut_text(submission.text.reveal(), settings.gbk, settings.wide_reference, references, submission.carrier_adds);
    if (!text) return tl::unexpected(text.error());

    Submit base;
    base.total = static_cast<std::uint8_t>(text->parts.size());
    base.report = settings.receipts ? 1 : 0;
    base.service = settings.service_id;
    base.fee_user = settings.fee_user, base.fee_terminal = settings.fee_terminal, base.fee_type = settings.fee_type, base.fee_code = settings.fee_code;
    base.udhi = text->parts.size() > 1 ? 1 : 0;
    base.format = text->format;
    base.account = settings.sp_id;
    base.source = settings.link.source + submission.extension;
    base.destinations = {settings.destination_prefix + submission.phone.reveal()};
    if (settings.validity && submission.validity.count() > 0) base.valid_until = link::china_time(now + submission.validity);

    std::vector<std::string> frames;
    for (auto& part : text->parts) {
        auto one = base;
        one.number = static_cast<std::uint8_t>(frames.size() + 1);
        one.content = std::move(part);
        auto frame = encode({submit, 0, std::move(one)}, settings.version);
        if (!frame) return tl::unexpected(frame.error());
        frames.push_back(std::move(*frame));
    }
    return frames;
}

link::Refusal read_result(const Settings& settings, std::uint32_t result) {
    // "Other" in 2.0.
    bool of_3 = result == 9 && settings.version == Version::v3 && !settings.results.contains(result);
    if (of_3) return {Permanent{Permanent::number, link::with_words("Result 9", result_words(), result)}};
    return link::read_code(results, result_words(), settings.results, result, "Result");
}

std::optional<Inbound> read_delivery(const Settings& settings, const Deliver& d) {
    if (d.report == 1) {
        auto report = read_report(d.content);
        if (!report) return std::nullopt;
        return as_receipt(settings, *report);
    }
    InboundText text;
    text.from = Phone::sender(d.source);
    text.to = d.destination;
    text.extension = link::extension_of(d.destination, settings.link.source);
    if (d.id != 0) text.key = shown_id(d.id), text.key_recurs = true;
    link::put_content(text, d.content, link::charset_of_format(d.format), d.udhi & link::header_flags);
    return text;
}

}  // namespace pingjing::cmpp

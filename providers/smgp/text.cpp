#include "providers/smgp/text.hpp"

#include <fmt/format.h>

#include <charconv>

#include "providers/link/china_time.hpp"
#include "providers/link/coding.hpp"
#include "providers/link/receipt.hpp"

namespace pingjing::smgp {

using namespace provider;

namespace {

using link::Code;
using link::Says;

// What stands in no row is in doubt: 128 to 255 are each vendor's own, and a site that knows them says so in [channel.statuses].
constexpr Code statuses[] = {
    {1, 1, Says::throttled_channel},                               // system busy
    {2, 2, Says::retry},                                           // too many connections
    {10, 11, Says::permanent_config},                              // structure, command
    {12, 12, Says::ambiguous},                                     // a sequence number twice: perhaps it has the first
    {20, 21, Says::auth},                                          // address, password
    {22, 22, Says::permanent_config},                              // version
    {30, 33, Says::permanent_config},                              // MsgType, Priority, FeeType, FeeCode
    {34, 37, Says::permanent_content},                             // MsgFormat, time, MsgLength, validity is over
    {38, 38, Says::permanent_config},                              // QueryType
    {39, 39, Says::permanent_number},                              // route
    {40, 43, Says::permanent_config},                              // FixedFee, routes between gateways, ServiceID
    {44, 45, Says::permanent_content},                             // ValidTime, AtTime
    {46, 46, Says::permanent_config},                              // SrcTermID
    {47, 47, Says::permanent_number},                              // DestTermID
    {48, 49, Says::permanent_config},                              // ChargeTermID, SPCode
    {56, 57, Says::permanent_config},
    {58, 58, Says::permanent_number},                              // no route to it
    {59, 73, Says::permanent_config},                              // between gateways; MServiceID
    {74, 74, Says::throttled_channel, std::chrono::minutes(10)},   // not at this time of day
    {75, 75, Says::throttled_channel, std::chrono::hours(1)},      // no more today
    {76, 76, Says::auth},                                          // the account has expired
};

// 0: no number.
std::uint32_t error_number(const std::string& digits) {
    std::uint32_t number = 0;
    auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return bad == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

Receipt as_receipt(const Settings& settings, const Report& report) {
    auto receipt = link::receipt_of(report.stat);
    receipt.vendor_id = shown_id(report.id);
    if (settings.acceptd_is_delivered && report.stat == "ACCEPTD") receipt.state = ReceiptState::delivered;
    bool failed = receipt.state == ReceiptState::failed;
    if (failed && report.error == "005" && receipt.meaning == Receipt::Meaning::none) receipt.meaning = Receipt::Meaning::opted_out;  // the black list
    if (!report.error.empty() && report.error != "000") receipt.code += " " + link::with_words(report.error, error_words(), error_number(report.error));
    if (settings.receipt_offset) receipt.at = link::read_receipt_time(report.done, *settings.receipt_offset);
    return receipt;
}

Tlvs tlvs_of(const Settings& settings, std::size_t part, std::size_t total) {
    Tlvs tlvs;
    auto octet = [](std::size_t value) { return std::string(1, static_cast<char>(static_cast<unsigned char>(value))); };
    if (total > 1) tlvs = {{tp_pid, octet(0)}, {tp_udhi, octet(1)}, {pk_total, octet(total)}, {pk_number, octet(part)}};
    if (!settings.sp_code.empty()) tlvs.push_back({msg_src, settings.sp_code + std::string(8 - settings.sp_code.size(), '\0')});
    if (!settings.product_code.empty()) tlvs.push_back({mservice_id, settings.product_code + std::string(21 - settings.product_code.size(), '\0')});
    return tlvs;
}

}  // namespace

std::string shown_id(std::string_view octets) {
    std::string out;
    for (unsigned char octet : octets) out += fmt::format("{:02x}", octet);
    return out;
}

Result<std::vector<std::string>> build_submits(const Settings& settings, const Submission& submission, link::References& references, Instant now) {
    auto text = link::cut_text(submission.text.reveal(), settings.gbk, settings.wide_reference, references, submission.carrier_adds);
    if (!text) return tl::unexpected(text.error());

    Submit base;
    base.report = settings.receipts ? 1 : 0;
    base.priority = settings.priority;
    base.service = settings.service_id, base.fee_type = settings.fee_type, base.fee_code = settings.fee_code, base.fixed_fee = settings.fixed_fee;
    base.format = text->format;
    base.source = settings.link.source + submission.extension;
    base.charge = settings.charge_number;
    base.destinations = {settings.destination_prefix + submission.phone.reveal()};
    if (settings.validity && submission.validity.count() > 0) base.valid_until = link::china_time(now + submission.validity);

    std::vector<std::string> frames;
    for (auto& part : text->parts) {
        auto one = base;
        one.content = std::move(part);
        one.tlvs = tlvs_of(settings, frames.size() + 1, text->parts.size());
        auto frame = encode({submit, 0, std::move(one)}, settings.version);
        if (!frame) return tl::unexpected(frame.error());
        frames.push_back(std::move(*frame));
    }
    return frames;
}

link::Refusal read_status(const Settings& settings, std::uint32_t status) { return link::read_code(statuses, status_words(), settings.statuses, status, "Status"); }

std::optional<Inbound> read_delivery(const Settings& settings, const Deliver& d) {
    if (d.report == 1) {
        auto report = read_report(d.content);
        if (!report) return std::nullopt;
        auto receipt = as_receipt(settings, *report);
        receipt.phone = Phone::sender(d.source);
        return receipt;
    }
    InboundText text;
    text.from = Phone::sender(d.source);
    text.to = d.destination;
    text.extension = link::extension_of(d.destination, settings.link.source);
    if (d.id.find_first_not_of('\0') != d.id.npos) text.key = shown_id(d.id), text.key_recurs = true;
    link::put_content(text, d.content, link::charset_of_format(d.format), tlv_octet(d.tlvs, tp_udhi).value_or(0) & link::header_flags);
    return text;
}

}  // namespace pingjing::smgp

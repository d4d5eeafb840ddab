#include "providers/cmpp/text.hpp"

#include <fmt/format.h>

#include "daemon/text/octets.hpp"
#include "providers/link/coding.hpp"
#include "providers/link/receipt.hpp"

namespace pingjing::cmpp {

using namespace provider;

namespace {

constexpr std::uint8_t header_flags = 0x41;  // bit 0 by the text; live gateways hand on SMPP's 0x40

// "YYMMDDhhmmss" and "032+": tenths, quarter hours from UTC. China has one zone.
std::string china_time(Instant t) {
    using namespace std::chrono;
    auto local = floor<seconds>(t) + hours(8);
    auto day = floor<days>(local);
    year_month_day date{day};
    hh_mm_ss time{local - day};
    return fmt::format("{:02}{:02}{:02}{:02}{:02}{:02}032+", static_cast<int>(date.year()) % 100, static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                       time.minutes().count(), time.seconds().count());
}

Receipt as_receipt(const Settings& settings, const Report& report) {
    Receipt receipt;
    receipt.vendor_id = shown_id(report.id);
    receipt.phone = Phone::sender(report.phone);
    auto word = link::read_receipt_word(report.stat);
    receipt.state = word.state, receipt.meaning = word.meaning;
    // Whatever a gateway writes there besides is a failure, final and of its own making.
    if (receipt.state == ReceiptState::unknown && report.stat != "UNKNOWN" && !report.stat.empty()) receipt.state = ReceiptState::failed;
    receipt.code = report.stat.empty() ? "a report without a state" : report.stat;
    if (settings.receipt_offset) receipt.at = link::read_receipt_time(report.done, *settings.receipt_offset);
    return receipt;
}

}  // namespace

std::string shown_id(std::uint64_t id) { return fmt::format("{:016x}", id); }

Result<std::vector<std::string>> build_submits(const Settings& settings, const Submission& submission, link::References& references, Instant now) {
    const auto& text = submission.text.reveal();
    auto formatted = link::format_text(text, settings.gbk, settings.wide_reference);
    if (!formatted || text.empty()) return fail(Error::Kind::invalid_input, "a text that is empty or not UTF-8");
    auto total = formatted->parts.size();
    if (total > 255) return fail(Error::Kind::invalid_input, "a text of more than 255 parts");

    Submit base;
    base.total = static_cast<std::uint8_t>(total);
    base.report = settings.receipts ? 1 : 0;
    base.service = settings.service_id;
    base.fee_user = settings.fee_user, base.fee_terminal = settings.fee_terminal, base.fee_type = settings.fee_type, base.fee_code = settings.fee_code;
    base.format = formatted->format;
    base.account = settings.sp_id;
    base.source = settings.link.source + submission.extension;
    base.destinations = {settings.destination_prefix + submission.phone.reveal()};
    if (settings.validity && submission.validity.count() > 0) base.valid_until = china_time(now + submission.validity);

    link::Place place;
    place.wide = settings.wide_reference, place.total = static_cast<int>(total);
    if (total > 1) place.reference = references.next(place.wide), base.udhi = 1;
    std::vector<std::string> frames;
    for (const auto& part : formatted->parts) {
        auto one = base;
        one.number = static_cast<std::uint8_t>(place.number);
        one.content = total > 1 ? link::header_for(place) + part : part;
        ++place.number;
        auto frame = encode({submit, 0, std::move(one)}, settings.version);
        if (!frame) return tl::unexpected(frame.error());
        frames.push_back(std::move(*frame));
    }
    return frames;
}

Outcome read_result(const Settings& settings, std::uint32_t result) {
    if (auto own = settings.results.find(result); own != settings.results.end()) return own->second;
    auto code = fmt::format("Result {}", result);
    switch (result) {
        case 8: case 77: case 88: return Throttled{Throttled::channel, std::chrono::seconds(1)};
        case 1: case 2: case 5: case 7: case 10: case 11: case 12: case 63: case 78: case 79: return Permanent{Permanent::config, code};
        case 4: case 6: case 76: return Permanent{Permanent::content, code};
        case 9: return settings.version == Version::v3 ? Outcome(Permanent{Permanent::number, code}) : Outcome(Ambiguous{code});  // 2.0: "other"
        case 13: return Permanent{Permanent::number, code};
        case 69: return OptedOut{code};
        case 68: return ChannelDown{ChannelDown::auth, code};
        case 208: return ChannelDown{ChannelDown::balance, code};
        default: return Ambiguous{code};  // 3, 54, 55, 73, and whatever nobody has told us
    }
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
    if (d.id != 0) text.key = shown_id(d.id);
    auto charset = link::charset_of_format(d.format);
    std::string_view octets = d.content;
    if (d.udhi & header_flags)
        if (auto header = link::read_header_of(octets)) {
            octets.remove_prefix(header->size);
            if (header->place && header->place->total > 1) text.part = link::text_part(*header->place, "udh", octets, charset);
        }
    text.text = Text(read_octets(octets, charset));
    return text;
}

}  // namespace pingjing::cmpp

#include "providers/external/frames.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

#include "daemon/text/strict_json.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/settings.hpp"

namespace pingjing::external {
namespace {

using namespace provider;
namespace json = boost::json;

constexpr std::size_t longest_word = 80, longest_id = 128, most_ids = 255;
constexpr std::int64_t most_seconds = 24 * 60 * 60;

std::string framed(const json::object& object) {
    auto body = json::serialize(object);
    auto size = static_cast<std::uint32_t>(body.size());
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFF);
    return out + body;
}

std::string text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::optional<std::uint64_t> number_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value) return std::nullopt;
    if (value->is_uint64()) return value->as_uint64();
    if (value->is_int64() && value->as_int64() >= 0) return static_cast<std::uint64_t>(value->as_int64());
    return std::nullopt;
}

// A word of somebody else's program, for a log line: printable ASCII, not long, and no run of digits that could be a
// number.
std::string word_of(const json::object& object, std::string_view key, const char* otherwise) {
    std::string out;
    for (char c : text_of(object, key)) {
        bool plain = c >= 0x20 && c < 0x7F;
        if (plain && out.size() < longest_word) out += c;
    }
    return out.empty() ? otherwise : hide_numbers(out);
}

std::vector<std::string> ids_of(const json::object& object) {
    std::vector<std::string> out;
    const auto* value = object.if_contains("vendor_ids");
    const auto* list = value ? value->if_array() : nullptr;
    if (!list) return out;
    auto is_id = [](const json::value& id) {
        if (!id.is_string() || id.as_string().empty() || id.as_string().size() > longest_id) return false;
        return std::all_of(id.as_string().begin(), id.as_string().end(), [](char c) { return c > 0x20 && c < 0x7F; });
    };
    for (const auto& id : *list)
        if (is_id(id) && out.size() < most_ids) out.emplace_back(id.as_string());
    return out;
}

Outcome read_outcome(const json::object& said) {
    auto name = text_of(said, "outcome");
    auto code = word_of(said, "code", "no code");
    auto reason = word_of(said, "reason", "no reason given");
    auto after = std::chrono::seconds(std::clamp<std::int64_t>(
        static_cast<std::int64_t>(std::min<std::uint64_t>(number_of(said, "after").value_or(1), most_seconds)), 1,
        most_seconds));
    if (name == "accepted") return Accepted{ids_of(said)};
    if (name == "retry") return Retry{reason};
    if (name == "ambiguous") return Ambiguous{reason, ids_of(said)};
    if (name == "throttled_number") return Throttled{Throttled::number, after, code};
    if (name == "throttled_channel") return Throttled{Throttled::channel, after, code};
    if (name == "permanent_number") return Permanent{Permanent::number, code};
    if (name == "permanent_config") return Permanent{Permanent::config, code};
    if (name == "permanent_content") return Permanent{Permanent::content, code};
    if (name == "opted_out") return OptedOut{code};
    if (name == "channel_down_auth") return ChannelDown{ChannelDown::auth, code};
    if (name == "channel_down_balance") return ChannelDown{ChannelDown::balance, code};
    if (name == "partial") return Partial{ids_of(said), reason};
    return Ambiguous{"an outcome that is none of the protocol's"};
}

tl::unexpected<Error> nonsense(std::string what) { return fail(Error::Kind::invalid_input, std::move(what)); }

// The language in which vendors' callbacks are described says what an adapter's items are.
generic_http::Settings make_mapping() {
    using Meaning = Receipt::Meaning;
    generic_http::Settings out;
    out.event.alternatives = {"/kind"};
    auto& receipt = out.receipt.emplace();
    receipt.path = "*", receipt.items = "/items", receipt.events = {"receipt"};
    receipt.ref.alternatives = {"/ref"}, receipt.vendor_id.alternatives = {"/vendor_id"},
    receipt.phone.alternatives = {"/phone"};
    receipt.status.alternatives = {"/state"}, receipt.code.alternatives = {"/meaning", "/code"};
    receipt.at.alternatives = {"/at"}, receipt.at_format = "rfc3339";
    receipt.key = {generic_http::Field{{"/key"}}};
    for (auto state : {ReceiptState::delivered, ReceiptState::failed, ReceiptState::expired, ReceiptState::unknown,
                       ReceiptState::buffered})
        receipt.states[std::string(receipt_state_name(state))] = state;
    receipt.meanings = generic_http::carrier_codes();
    receipt.meanings["number_invalid"] = Meaning::number_invalid, receipt.meanings["opted_out"] = Meaning::opted_out;
    auto& reply = out.reply.emplace();
    reply.path = "*", reply.items = "/items", reply.events = {"reply"};
    reply.from.alternatives = {"/from"}, reply.to.alternatives = {"/to"}, reply.text.alternatives = {"/text"},
    reply.charset = "UTF-8";
    reply.at.alternatives = {"/at"}, reply.at_format = "rfc3339";
    reply.key = {generic_http::Field{{"/key"}}};
    return out;
}

}  // namespace

std::size_t read_length(std::string_view head) {
    std::size_t out = 0;
    for (char c : head.substr(0, head_octets)) out = out << 8 | static_cast<unsigned char>(c);
    return out;
}

std::string hello_frame(const Settings& settings) {
    return framed({{"type", "hello"},
                   {"versions", json::array{version}},
                   {"channel", settings.channel},
                   {"source", settings.source}});
}

std::string submit_frame(const Settings& settings, std::uint64_t seq, const Submission& submission) {
    return framed({{"type", "submit"},
                   {"seq", seq},
                   {"ref", submission.ref},
                   {"phone", "+86" + submission.phone.reveal()},
                   {"text", submission.text.reveal()},
                   {"source", settings.source},
                   {"extension", submission.extension},
                   {"validity_seconds", submission.validity.count()}});
}

std::string kept_frame(std::uint64_t batch, bool kept) {
    return framed({{"type", kept ? "kept" : "not_kept"}, {"batch", batch}});
}

Result<Said> read_frame(std::string_view body) {
    auto read = parse_strict(body, Nul::kept);
    if (!read) return nonsense("a frame that is no JSON in UTF-8 of at most 32 levels");
    const auto* said = read->value.if_object();
    if (!said) return nonsense("a frame that is no JSON object");
    auto type = text_of(*said, "type");
    if (type == "items") {  // whatever is wrong with one of them is for a person
        auto batch = number_of(*said, "batch");
        if (!batch) return nonsense("items without a batch number");
        return Items{*batch};
    }
    if (!read->problems.empty()) return nonsense("a frame with a key twice, or a number that is none");
    if (type == "hello") {
        auto theirs = number_of(*said, "version");
        return Hello{theirs && *theirs <= 1000 ? static_cast<int>(*theirs) : 0};
    }
    if (type == "outcome") {
        auto seq = number_of(*said, "seq");
        if (!seq) return nonsense("an outcome without seq");
        return Answered{*seq, read_outcome(*said)};
    }
    return nonsense("a frame of no known type");
}

Result<CallbackRead> read_items(const Callback& callback) {
    static const generic_http::Settings mapping = make_mapping();
    return generic_http::read_callback(mapping, callback);
}

}  // namespace pingjing::external

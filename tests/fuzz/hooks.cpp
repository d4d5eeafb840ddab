// Callbacks of vendors through the mappings we ship and two more: what is understood is whole, what is not shows no number, and
// what was understood can be said again in the vendor's own form.
#include <array>

#include "daemon/text/utf.hpp"
#include "providers/http/callback.hpp"
#include "providers/http/request.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {
namespace {

using namespace provider;
namespace gh = generic_http;

constexpr const char* list_of_both = R"(url = "http://127.0.0.1/send"
method = "POST"
body = "json"
json = '{"to":"{{to}}","text":"{{text}}"}'
[receipt]
items = "/reports"
ref = "/ref"
vendor_id = "/ids/0|/id"
phone = "/mobile"
status = "/state|=unknown"
code = "/code"
at = "/at"
at_format = "beijing"
key = ["/id", "/state"]
[receipt.states]
DELIVRD = "delivered"
EXPIRED = "expired"
UNDELIV = "failed"
[receipt.codes]
"MK:" = "number_invalid"
BLACK = "opted_out"
[reply]
items = "/replies"
from = "/mobile"
to = "/to"
text = "/text"
at = "/at"
at_format = "unix_ms"
key = ["/id"]
)";
constexpr const char* form_with_json = R"(url = "http://127.0.0.1/send"
source = "106900110"
[reply]
json_field = "data"
from = "/from"
to = "/to"
text = "/text"
charset = "GBK"
key = ["/from", "/text"]
)";

gh::Settings settings_of(const std::string& toml) {
    config::Problems problems;
    auto document = config::Document::parse(toml, "p.toml", problems);
    must(document != nullptr, "a mapping is TOML", problems.text());
    config::Section section(*document, problems);
    auto settings = gh::read_settings(section, {"k", "https://pj.example.cn/v1/hooks/k/0123456789abcdef"});
    must(settings && problems.empty(), "a mapping is right", problems.text());
    return std::move(*settings);
}

const gh::Settings& mapping(std::size_t which) {
    static const std::array<gh::Settings, 4> all{
        settings_of("preset = \"kannel\"\nurl = \"http://127.0.0.1:13013/cgi-bin/sendsms\"\nusername = \"pj\"\npassword = \"p\"\nsource = \"106900110\"\nextension_digits = 2\n"),
        settings_of("preset = \"android-sms-gateway\"\nurl = \"https://127.0.0.1/messages\"\nusername = \"u\"\npassword = \"p\"\n"), settings_of(list_of_both),
        settings_of(form_with_json)};
    return all.at(which);
}

bool possible(const std::optional<Instant>& at) {
    return !at || (*at >= *parse_rfc3339("0000-01-01T00:00:00Z") - std::chrono::hours(24) && *at <= *parse_rfc3339("9999-12-31T23:59:59Z") + std::chrono::hours(24));
}

void whole(const Receipt& receipt) {
    must(!receipt.ref.empty() || !receipt.vendor_id.empty(), "a receipt names its message");
    must(!receipt.code.empty() && receipt.code.size() <= 256, "and says what became of it, briefly");
    must(!receipt.phone || !receipt.phone->empty(), "a number is one or none");
    must(receipt.meaning == Receipt::Meaning::none || receipt.state == ReceiptState::failed, "only a failure says something about the number");
    must(possible(receipt.at), "its time can be written down");
}

void whole(const InboundText& text) {
    must(!text.from.empty() && decode_utf8(text.from.reveal()).has_value(), "somebody wrote it", text.from.reveal());
    must(decode_utf8(text.text.reveal()).has_value(), "a text is UTF-8", text.text.reveal());
    must(text.to.ends_with(text.extension), "the extension is the end of the number that was written to", text.to + " " + text.extension);
    must(possible(text.at), "its time can be written down");
}

std::string print(const std::vector<Inbound>& all) {
    std::string out;
    for (const auto& one : all) {
        if (auto* r = std::get_if<Receipt>(&one))
            out += "receipt " + r->ref + " " + r->vendor_id + " " + (r->phone ? r->phone->reveal() : "-") + " " + std::string(receipt_state_name(r->state)) + " " + r->code + " " + r->key + "\n";
        else if (auto* t = std::get_if<InboundText>(&one))
            out += "text " + t->from.reveal() + " " + t->to + " " + t->extension + " " + t->text.reveal() + " " + t->key + "\n";
    }
    return out;
}

// A text as Kannel would bring it once more.
void say_again(const InboundText& text) {
    Callback callback;
    callback.method = "GET", callback.path = "mo";
    callback.query = "from=" + gh::percent_encode(text.from.reveal()) + "&to=" + gh::percent_encode(text.to) + "&text=" + gh::percent_encode(text.text.reveal()) + "&charset=UTF-8&id=7";
    auto read = gh::read_callback(mapping(0), callback);
    must(read && read->inbound.size() == 1 && std::holds_alternative<InboundText>(read->inbound.front()), "what was understood can be said again", callback.query);
    const auto& again = std::get<InboundText>(read->inbound.front());
    must(again.from == text.from && again.text == text.text && again.to == text.to, "and is understood the same", callback.query);
}

}  // namespace

// mapping, path, content type; then the query, a line end, the body.
void hooks(std::string_view input) {
    Input in(input);
    auto which = in.choice(4);
    static const std::string paths[] = {"", "dlr", "mo", "other"}, types[] = {"", "application/json", "application/x-www-form-urlencoded", "text/plain"};
    Callback callback;
    callback.path = paths[in.choice(4)], callback.content_type = types[in.choice(4)];
    auto end = std::min(in.rest().find('\n'), in.rest().size());
    callback.query = in.rest().substr(0, end);
    callback.body = in.rest().substr(std::min(end + 1, in.rest().size()));
    callback.method = callback.body.empty() ? "GET" : "POST";

    auto read = gh::read_callback(mapping(which), callback);
    if (!read) {
        must(!read.error().detail.empty() && read.error().detail.size() < 600 && hide_phones(read.error().detail) == read.error().detail,
             "an error says what is wrong, briefly and without a number", read.error().detail);
        return;
    }
    must(read->places.size() == read->inbound.size(), "each item has its place");
    for (const auto& left : read->left)
        must(!left.why.empty() && left.why.size() < 200 && hide_phones(left.why) == left.why, "what is left says why, briefly and without a number", left.why);
    for (const auto& one : read->inbound) {
        if (auto* receipt = std::get_if<Receipt>(&one)) whole(*receipt);
        auto* text = std::get_if<InboundText>(&one);
        if (text) whole(*text);
        if (text && !text->text.empty()) say_again(*text);
    }
    must(print(read->inbound) == print(gh::read_callback(mapping(which), callback)->inbound), "the same callback is read the same, its keys too");
}

}  // namespace pingjing::fuzz

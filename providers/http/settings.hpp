// A vendor described by configuration alone: what is sent, what its answers prove, how its callbacks are read.
#pragma once
#include <boost/json/value.hpp>
#include <boost/regex.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/section.hpp"
#include "daemon/http/reach.hpp"
#include "daemon/text/template.hpp"
#include "providers/http/approved.hpp"
#include "providers/provider.hpp"
#include "providers/signing/signing.hpp"

namespace pingjing::http { struct FetchRequest; }

namespace pingjing::generic_http {

// Where a value of a callback comes from: alternatives, the first that is there and not empty. "/a/0/b" points into JSON,
// "name" is a query or form parameter, "=text" is the text itself.
struct Field { std::vector<std::string> alternatives; };

enum class Class {
    accepted, retry, ambiguous, throttled_number, throttled_channel, permanent_number, permanent_config, permanent_content, opted_out, auth, balance
};

// All conditions that are given must hold; the first rule whose conditions hold decides.
struct ResponseRule {
    std::vector<std::pair<int, int>> statuses;  // inclusive ranges; empty: any
    std::string prefix;                         // of the body
    std::optional<boost::regex> matches;          // within the first 4 KiB of the body
    std::string json;                           // a pointer that must be there
    std::vector<std::string> is;                // and have one of these values
    Class outcome = Class::ambiguous;
    std::chrono::seconds after{1};              // throttled_…; Retry-After of the answer wins
    std::string each;                           // the list of parts that one text became; `json` and `ids` point into each of them, and all decide
    std::string count;                          // how many there should be, where the vendor says it: fewer in the list is no answer
    bool by_code = false;                       // the value at `json` is looked up in `codes`; one that is not there is left to the next rule
    std::vector<std::string> ids;               // accepted: pointers to the vendor's id, the first that is there
    bool id_from_match = false;                 // accepted: the first group of `matches` is the vendor's id
};

// Which callbacks are meant, and where in them the items stand.
struct CallbackMap {
    std::string path;                           // of the callback: "dlr"; "*": any
    std::vector<std::string> events;            // values of `event` that are meant
    std::string items;                          // pointer to the array; empty: the document, or each of its elements
    std::string json_field;                     // a form field that holds the JSON
    Field at;
    std::string at_format;
    std::vector<Field> key;
};

struct ReceiptMap : CallbackMap {
    Field ref, vendor_id, phone, status, code;
    std::map<std::string, provider::ReceiptState> states;        // "*": all others
    std::map<std::string, provider::Receipt::Meaning> meanings;  // by code, exact, then the longest prefix
};
struct ReplyMap : CallbackMap {
    Field from, to, text, extension;            // extension: our digits alone, where the vendor tells them
    bool extension_is_tail = false;             // they are the last of `to`, whatever number stands before them
    Field part_group, part_number, part_total;  // of a long text that comes in several pieces
    std::string charset_parameter;              // names the parameter that says in which charset `text` is
    std::string charset;                        // where no parameter says it
};

// {{digest:NAME}}: a digest or HMAC over what stands in `over`, as many vendors sign with.
struct Digest {
    std::string name;
    signing::Hash hash = signing::Hash::md5;
    Template over;
    std::optional<Template> key;  // of an HMAC
    bool base64 = false, upper = false;  // hex in small letters otherwise
};

// What a vendor asks for that configuration cannot say. The rest of such a vendor is its preset, which bears its name.
struct Settings;
struct Signing {
    Instant now{};
    std::string nonce{};                        // never the same twice: 32 letters and digits
};
struct Default { std::string_view key, value; std::span<const std::string_view> allowed{}; };  // none allowed: any text
struct Scheme {
    std::string_view preset;
    std::span<const std::string_view> own_keys;                        // of the channel, needed: {{value:KEY}} in the preset
    bool (*is_authentic)(const Settings&, const provider::Callback&);  // null: the vendor signs nothing
    std::span<const std::string_view> own_secrets{};                   // KEY or KEY_file of the channel, needed: {{secret:KEY}}
    std::span<const Default> other_keys{};                             // as own_keys, with what holds where the channel does not say it
    // Proves one request: gets method, address, headers and body as they will leave, and adds what the vendor wants beside them. Whatever
    // it signs is not touched again. Null: what configuration says is proof enough.
    void (*sign)(const Settings&, http::FetchRequest&, const Signing&) = nullptr;
    std::span<const std::string_view> other_secrets{};                 // KEY or KEY_file of the channel, where there is one
};

enum class Body { query, form, json };
enum class Auth { none, basic, bearer, header };

struct Settings {
    std::string channel;
    std::string preset;
    std::string method;
    Template url;
    std::string url_shown;                      // without query, for `describe`
    Body body = Body::query;
    std::vector<std::pair<std::string, Template>> query, form, headers;
    boost::json::value json{};                  // strings in it are templates
    bool base64_body = false;                   // the JSON goes as base64 of itself
    std::vector<Digest> digests;
    std::vector<std::string> drop_empty;        // parameters and JSON members left out when they are empty
    std::string charset;                        // of percent-encoded values; empty: UTF-8
    Auth auth = Auth::none;
    std::string username, password, token, auth_header;
    std::shared_ptr<const http::Reach> reach{};  // where its requests may go
    std::map<std::string, std::string> secrets, values;
    std::optional<ApprovedTexts> approved;      // the vendor sends nothing else: {{template_id}} {{template_sign}} {{template_values}}
    std::map<std::string, Class> codes;         // the vendor's words for how it ended; "isv.SMS_SIGN*" is a beginning
    std::map<std::string, std::chrono::seconds> codes_after;  // likewise: how long a throttled_… of that word lasts; else the rule's `after`
    const Scheme* scheme = nullptr;
    std::chrono::milliseconds connect_timeout{5'000}, timeout{30'000};
    std::string source, hook_url;
    int extension_digits = 0;
    std::optional<Template> dlr_url;
    std::string at_vendor;                      // what goes into the vendor's own configuration, with {{hook_url}} in it
    std::vector<ResponseRule> rules;
    Field event;
    std::vector<std::string> ignored_events;    // values of `event` that are of no concern; one that stands nowhere is for a person
    std::vector<std::string> ignored_places;    // pointers into the JSON: lists and objects that no mapping reads and that are of no concern
    std::optional<ReceiptMap> receipt;
    std::optional<ReplyMap> reply;
    provider::CallbackAnswer answer, answer_not_understood;
    std::string signing_key, signature_header, timestamp_header;  // HMAC-SHA256 over body + timestamp; empty key: not checked
    provider::Abilities abilities;
};

// Codes that Chinese vendors pass on from the carriers under many names of the field.
std::map<std::string, provider::Receipt::Meaning> carrier_codes();

// nullopt: problems went to the section.
std::optional<Settings> read_settings(config::Section& section, const provider::ChannelFacts& facts, const Scheme* scheme = nullptr);
std::optional<Class> parse_class(std::string_view name);
extern const std::vector<std::string> class_names;

}  // namespace pingjing::generic_http

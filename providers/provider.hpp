// The contract of every carrier adapter. A provider knows its vendor and nothing else: it says how an attempt ended, in
// one closed set, and turns callbacks into receipts and inbound texts. Retry, routing, failover, rates and storage live
// outside, so twelve adapters cannot hold twelve retry policies.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/clock.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/core/random.hpp"
#include "daemon/core/result.hpp"
#include "daemon/core/text.hpp"

namespace pingjing::http { class Client; }

namespace pingjing::provider {
namespace asio = boost::asio;

struct Submission {
    Submission(std::string r, Phone p, Text t, std::string e, std::chrono::seconds v)
        : ref(std::move(r)), phone(std::move(p)), text(std::move(t)), extension(std::move(e)), validity(v) {}
    std::string ref;        // ours, [a-z0-9]{20}; echoed back where the vendor can
    Phone phone;
    Text text;              // complete, sign included unless the carrier adds it
    std::string extension;  // 扩展码: digits to append to the access number, or empty
    std::chrono::seconds validity;  // the carrier should give up after that long
    std::string carrier_adds{};     // the sign that it puts in front: not sent, but it takes its room where the text is cut
    // What the text is made of, for vendors that send nothing but templates approved beforehand: its name as in templates/ ("survey",
    // "en/survey") and what stands in its placeholders, `sign` among them. An empty name: a person's own words, which no template has.
    std::string text_name{};
    std::map<std::string, std::string> values{};
};

// How one attempt ended. The dispatcher decides what happens next from this alone.
struct Accepted { std::vector<std::string> vendor_ids; };  // one per part in order; empty: the vendor names none, `ref` is the key
struct Retry { std::string reason; };                      // proved not taken: it never left, or a documented refusal
struct Ambiguous {                                         // may have been sent: only a receipt or reply can tell
    std::string reason{};
    std::vector<std::string> vendor_ids{};                 // by which a report would name its parts, where we know all of them beforehand
};
struct Throttled { enum Scope { number, channel } scope = channel; std::chrono::seconds after{1}; std::string code{}; };
struct Permanent { enum Fault { number, config, content } fault = number; std::string code; };
struct OptedOut { std::string code; };                     // the citizen's or the carrier's blacklist
struct ChannelDown { enum Why { auth, balance } why = auth; std::string code; };
struct Partial { std::vector<std::string> vendor_ids; std::string reason; };  // part 1 taken, part 2 refused: failed, never resent
using Outcome = std::variant<Accepted, Retry, Ambiguous, Throttled, Permanent, OptedOut, ChannelDown, Partial>;
std::string_view outcome_name(const Outcome& outcome);
std::string outcome_detail(const Outcome& outcome);  // reason or code; never a number or a text

enum class ReceiptState { delivered, failed, expired, unknown, buffered };  // buffered: not final
std::string_view receipt_state_name(ReceiptState s);

// A delivery report. At least one of `ref` and `vendor_id` is set.
struct Receipt {
    std::string ref;                // our id, where the vendor echoes it
    std::string vendor_id;
    std::optional<Phone> phone;
    ReceiptState state = ReceiptState::unknown;
    std::string code;               // the vendor's own word
    enum class Meaning { none, number_invalid, opted_out } meaning = Meaning::none;
    std::optional<Instant> at;      // the vendor's time
    std::string key;                // equal for repetitions of the same report; empty: built from the fields
};

// A piece of a long text that came over a link in several: the inbox keeps it and joins them, in whatever order, over whichever link
// and after however many restarts they come.
struct TextPart {
    std::string group;              // equal for the pieces of one text, among those of one sender to one number
    int number = 1, total = 1;
    std::string octets, charset;    // as read_octets() takes them: a character may be cut between two pieces
};

// A citizen's text, whole unless it says that it is a part.
struct InboundText {
    Phone from = Phone::sender("");
    std::string to;                 // the access number as written, extension digits included
    std::string extension;          // only the digits behind our own number, where the provider can tell
    Text text;
    std::optional<Instant> at;      // the vendor's time
    std::string key;                // the vendor's id of this text; empty: it has none
    bool key_recurs = false;        // it has no year in it, or its count begins again with the gateway: only with who says what is it one text
    std::optional<TextPart> part;   // then `text` is what this piece alone says
};
using Inbound = std::variant<Receipt, InboundText>;

struct Header { std::string name, value; };
// A callback as it came. `path` is what stands behind the secret: "", "dlr", "mo".
struct Callback {
    std::string method;             // GET, POST
    std::string path;
    std::string query;              // raw, without '?'
    std::string content_type;
    std::vector<Header> headers;
    std::string body;
};
// What a callback says, as far as its mapping can read it: one item that is not as expected keeps none of its neighbours from being heard.
struct CallbackRead {
    CallbackRead() = default;
    CallbackRead(std::vector<Inbound> all) : inbound(std::move(all)) {}

    enum class Kind {
        unreadable,     // an item that is not what the mapping expects
        unnamed,        // an event that the mapping does not name
        unnamed_state,  // of an item that was taken: a receipt with a status that the mapping does not name, or another in it; it may be more
        on_purpose,     // the mapping says that such events are of no concern
        beside          // words with or around what was read that no field of the mapping takes: heard, listed only where somebody cries
    };
    struct Left {
        Kind kind = Kind::unreadable;
        std::string why{};    // "item 3: a reply without a number"; never a number or a text
        std::string piece{};  // of the callback, that item alone; empty: the whole callback
    };
    std::vector<Inbound> inbound{};
    std::vector<std::string> places{};  // of each of them: where in the callback it stands, the same whatever the mapping
    std::vector<Left> left{};
};
static_assert(!std::is_aggregate_v<CallbackRead>);  // it travels through coroutines
// What somebody should know of what could not be read, the first few: "2 of 3 items taken; item 3: a reply without a number".
std::string describe_left(const CallbackRead& read);

// What the vendor wants to hear. Empty unless the vendor asks for more: an answer can reach the citizen as an SMS.
struct CallbackAnswer { int status = 200; std::string content_type; std::string body; };

struct Abilities {
    bool extension = false;         // carries our extension digits out and back
    bool free_text = true;          // false: only texts whose templates it knows by id; a person's own words are refused as content
    bool receipts = true;
    bool replies = true;
    bool echoes_ref = false;
    bool own_ids = false;           // it is we who number its messages, so that a report names one that is in doubt
    bool late_responses = false;    // a link answers a message also after we stopped waiting
    int largest_parts = 10;         // longest text in parts; 0: does not say
    // Into how many messages it cuts a text for the air; 0: it cannot be said. Null: as phones do. Pure, for any thread, and outlives the provider.
    std::function<int(const std::string& utf8)> parts_of{};
};
// What can still settle a message in doubt on such a channel, best first, for people: `check`, `status`. Of a message in doubt we
// mostly never heard the vendor's id; then a report that does not bring ours is known by number and time alone.
std::string describe_evidence(const Abilities& abilities);

class Provider;

// Where links and simulated carriers push what they hear. Returns when it is durable; throws when it could not be kept,
// so that the provider does not acknowledge it.
class Sink {
public:
    virtual ~Sink() = default;
    virtual asio::awaitable<void> take(std::string channel, std::vector<Inbound> inbound) = 0;
    // A callback that did not come over HTTP, as if it had: `reads`, its provider, says what stands in it, and what it cannot read is kept
    // for a person in the same commit.
    virtual asio::awaitable<void> take_callback(std::string channel, Callback callback, const Provider& reads);
    // A response that came after submit() had been given up.
    virtual asio::awaitable<void> late(std::string channel, std::string ref, Outcome outcome) = 0;
};

// The connections of a channel that has some. One that rests because there is nothing to send counts as up.
struct Links {
    int up = 0, of = 0, refused = 0;  // refused: for what we are, such as a wrong password: another try will hardly help. of 0: it has none
    std::string why{};                // the one that was refused, or else is down, last; no secrets
};
std::string describe_links(const Links& links);  // "1 of 4 links up; 3 refused: …"; empty: all of them are up, or it has none

class Provider {
public:
    virtual ~Provider() = default;
    virtual const Abilities& abilities() const = 0;
    // Cancellation may come at any co_await; the dispatcher then records `Ambiguous`.
    virtual asio::awaitable<Outcome> submit(Submission submission) = 0;
    // Pure. An error: nothing in it is what the mapping expects; it goes to quarantine and is answered by answer_to(false). Where some
    // of it could be read, the rest goes to quarantine, and the vendor hears that we have it: the same bytes once more help nobody.
    virtual Result<CallbackRead> read_callback(const Callback&) const {
        return fail(Error::Kind::not_found, "this channel takes no callbacks");
    }
    virtual CallbackAnswer answer_to(const Callback&, bool /*understood*/) const { return {}; }
    // Long-lived links live here until they are cancelled; providers without one return at once.
    virtual asio::awaitable<void> serve(Sink&) { co_return; }
    // How many messages it could put on the wire at once; nullopt: it cannot say. What is claimed beyond that waits inside, and is in
    // doubt if we are killed, though it never left.
    virtual std::optional<int> room() const { return std::nullopt; }
    // A person says that the carrier is there again: no pause that was begun is waited out.
    virtual void try_now() {}
    // Why replies and reports cannot come in, on the way on which the carrier calls us or the link that receives; empty: nothing is known to be wrong.
    virtual std::string way_back_closed() const { return {}; }
    virtual Links links() const { return {}; }
    // For `status` and `check`: one line on what it is connected to and with which limits. No secrets.
    virtual std::string describe() const = 0;
    // For `check`: lines on what goes over the wire for one text, its secrets masked, and what the vendor has to be told. May be none.
    virtual std::vector<std::string> sample() const { return {}; }
    // For `check`: of all texts ("survey", "en/survey" → as it stands in templates/) those that it could not say, with FILE:LINE, the reason
    // and what was expected. Empty: it can say all of them, as whoever sends texts as they are.
    virtual std::vector<std::string> cannot_say(const std::map<std::string, std::string>& /*texts*/) const { return {}; }
};

// What an adapter may use of the world.
struct World {
    World(asio::any_io_executor e, const Clock& c, Random& r, http::Client* h) : executor(std::move(e)), clock(c), random(r), http(h) {}
    asio::any_io_executor executor;
    const Clock& clock;
    Random& random;
    http::Client* http;  // null where no carrier is called over HTTP (demonstrations, tests)
};

// Builds a channel's provider from settings that were read before.
using Make = std::function<std::unique_ptr<Provider>(World&)>;

// What the gateway decided about a channel before its adapter reads the rest.
struct ChannelFacts {
    ChannelFacts(std::string n, std::string hook = {}) : name(std::move(n)), hook_url(std::move(hook)) {}
    std::string name;
    std::string hook_url;  // what the vendor calls, secret included; empty: it cannot
};

}  // namespace pingjing::provider

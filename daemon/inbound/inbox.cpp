#include "daemon/inbound/inbox.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "daemon/inbound/parts.hpp"
#include "daemon/log/log.hpp"
#include "daemon/log/metrics.hpp"
#include "daemon/store/cases.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/receipts.hpp"

namespace pingjing::inbound {
namespace {

constexpr int receipts_a_step = 128;
// Reading takes some microseconds a text, on the thread that answers everybody: between so many the others have their turn. And what comes of
// it is one job of the store: whoever pushes thousands at once has the others read after they are kept.
constexpr std::size_t texts_read_at_once = 64, most_read_before = 512;
constexpr Millis parked_for = std::chrono::hours(1);
constexpr int burst = 50;
constexpr const char* burst_reason = "many receipts for messages that this store never sent: is it an old one?";
// The pieces of one text come within seconds, a carrier's repetition within minutes; and somebody may be calling for help in them.
constexpr Millis parts_wait = std::chrono::minutes(10);

constexpr std::string_view meaning_name(provider::Receipt::Meaning m) {
    constexpr std::string_view names[] = {"none", "number_invalid", "opted_out"};
    return names[static_cast<int>(m)];
}

store::NewReceipt as_row(const provider::Receipt& r, const store::Seal& seal) {
    auto open = [&](const std::string& id) { return store::open_id(seal, id); };
    return {open(r.key), open(r.ref), open(r.vendor_id), std::string(provider::receipt_state_name(r.state)), hide_phones(r.code), std::string(meaning_name(r.meaning)), std::nullopt, r.at, true};
}

// A delivery, made ready before the store's thread is asked for.
struct Ready {
    struct Report {
        store::NewReceipt row{};  // without its phone's id
        std::string phone_key{};  // empty: it names no mobile number
    };
    std::vector<Report> reports{};
    std::vector<store::NewText> texts{};  // whole ones
    bool parts = false;                   // there are others
};
Ready make_ready(const store::Seal& seal, const std::vector<provider::Inbound>& inbound) {
    Ready ready;
    for (const auto& one : inbound) {
        if (const auto* receipt = std::get_if<provider::Receipt>(&one)) {
            bool mobile = receipt->phone && receipt->phone->is_mobile();
            ready.reports.push_back({as_row(*receipt, seal), mobile ? seal.phone_key(*receipt->phone) : std::string()});
        } else if (const auto& text = std::get<provider::InboundText>(one); text.part) {
            ready.parts = true;
        } else {
            ready.texts.push_back({text.key, text.from, text.to, text.extension, text.text, text.at, text.key_recurs, {}});
            store::make_ready(seal, ready.texts.back());
        }
    }
    return ready;
}

// How many texts came of them.
int keep_joined(store::Connection& db, const store::Seal& seal, const std::vector<store::JoinedParts>& all, Instant now) {
    int texts = 0;
    for (const auto& parts : all)
        if (auto text = join(parts); text && store::keep_text(db, seal, parts.channel, *text, std::nullopt, now)) ++texts;
    return texts;
}

void apply(store::Connection& db, const store::ReceiptRow& receipt, const store::ReceiptMessage& message, Instant now) {
    store::apply_receipt(db, receipt, message, now);
    if (receipt.meaning == "number_invalid") store::close_surveys_to(db, message.phone_id, now);
    if (receipt.meaning != "opted_out") return;
    store::record_opt_out(db, message.phone_id, true, "carrier", "", now);
    store::cancel_waiting_surveys_to(db, message.phone_id, 0, Code::opt_out, now);
}

// Receipts overtake their submit response; an id that nobody ever claims is counted in the end.
bool must_wait(const std::optional<store::ReceiptMessage>& message) { return !message || message->state == MessageState::sending; }
std::optional<std::int64_t> id_of(const std::optional<store::ReceiptMessage>& message) { return message ? std::optional(message->id) : std::nullopt; }

void settle_one(store::Connection& db, const store::ReceiptRow& receipt, Instant now) {
    auto message = store::find_receipt_message(db, receipt);
    if (must_wait(message)) return store::park_receipt(db, receipt.id, id_of(message));
    store::mark_receipt_applied(db, receipt.id, message->id);
    apply(db, receipt, *message, now);
}

// Nearly every one can be settled where it is kept: one row written once, in one commit. False: it is a repetition.
bool keep_settled(store::Connection& db, const store::Seal& seal, const std::string& channel, const store::NewReceipt& r, const std::optional<std::int64_t>& body_id, Instant now) {
    store::ReceiptRow receipt{0, channel, r.ref, r.vendor_id, r.state, r.meaning, r.phone_id, r.at, now};
    auto message = store::find_receipt_message(db, receipt);
    if (!store::keep_receipt(db, seal, channel, r, body_id, now, {must_wait(message) ? "parked" : "applied", id_of(message)})) return false;
    if (!must_wait(message)) apply(db, receipt, *message, now);
    return true;
}

// A store that was set back together with its journal (a snapshot of the machine) texts people again, and the first to know are
// receipts for messages that it never sent. True: sending was stopped just now.
bool stop_at_burst(store::Connection& db, Instant now) {
    if (store::unknown_receipts(db, now - std::chrono::minutes(30), now - std::chrono::minutes(1), now) < burst) return false;
    for (const auto& hold : store::active_holds(db))
        if (hold.of == "stop" && !hold.channel) return false;
    store::place_hold(db, "stop", std::nullopt, burst_reason, now);
    return true;
}

// Inside a transaction. Returns how many of `receipts_a_step` there were. One that the store refuses must not keep the others:
// then the step is taken back and done again carefully, each receipt in a savepoint of its own.
int settle(store::Connection& db, bool careful, Instant now) {
    auto rows = store::find_new_receipts(db, receipts_a_step);
    for (const auto& receipt : rows) {
        if (!careful) {
            settle_one(db, receipt, now);
            continue;
        }
        std::string why;
        try {
            store::Savepoint alone(db);
            settle_one(db, receipt, now);
            alone.keep();
        } catch (const store::SqlError& error) {
            if (!error.is_refusal()) throw;
            why = error.what();
        }
        if (why.empty()) continue;
        log::error("receipts.set_aside", {{"receipt", receipt.id}, {"why", why}});
        store::leave_receipt_unknown(db, receipt, now);
    }
    return static_cast<int>(rows.size());
}

}  // namespace

// Null: they are read when they are kept.
asio::awaitable<std::unique_ptr<store::ReadTexts>> Inbox::read_before(const std::vector<store::NewText>& texts) const {
    if (texts.empty() || !hints_.read) co_return nullptr;
    auto read = hints_.read();
    for (std::size_t n = 0; read && n < std::min(texts.size(), most_read_before); ++n) {
        if (n > 0 && n % texts_read_at_once == 0) co_await asio::post(asio::use_awaitable);
        try {
            read->read(texts[n]);
        } catch (const std::exception& error) {
            log::error("inbound.reading_failed", {{"why", error.what()}});
            co_return nullptr;
        }
    }
    co_return read;
}

namespace {

// What the list says of a callback, so that a person looks at the right one first.
std::string why_of(std::string why, const Heard& heard) {
    if (heard.request) why += "; 似有退订或求助 it seems to ask to be left alone, or for help";
    if (!heard.all) why += "; 未全部查看 not all of it was looked at for a cry for help";
    return why;
}

// Of a callback that was kept before: more of it is read, or all. False: somebody has done so meanwhile.
bool note_reread(store::Connection& db, const store::Seal& seal, std::int64_t id, const store::QuarantinedCall& kept, bool in_part,
                 std::vector<std::string> taken, Instant now) {
    if (!in_part) return store::mark_reread(db, seal, id, kept, now).has_value();
    return store::record_taken(db, seal, id, kept, std::move(taken)).has_value();
}

// All that is taken of a callback is one commit, and the thread that answers everybody reads it.
constexpr std::size_t most_items = 1000;
Result<provider::CallbackRead> unless_too_many(Result<provider::CallbackRead> read) {
    if (!read) return read;
    using Kind = provider::CallbackRead::Kind;
    auto no_item = [](const provider::CallbackRead::Left& left) { return left.kind == Kind::unnamed_state || left.kind == Kind::beside; };
    auto items = read->inbound.size() + read->left.size() - static_cast<std::size_t>(std::ranges::count_if(read->left, no_item));
    if (items <= most_items) return read;
    return fail(Error::Kind::invalid_input, fmt::format("{} items; at most {} are taken from one callback", items, most_items));
}

std::string place_of(const provider::CallbackRead& read, std::size_t at) { return at < read.places.size() ? read.places[at] : fmt::format("#{}", at); }

// One callback: each piece of it is listened to once, all of them within one budget.
class Ear {
public:
    Ear(const Lookout& lookout, const std::string& channel, const store::HookCall& call) : lookout_(lookout), channel_(channel), call_(call) {}

    // "" is the whole. Whatever fails here, the callback is kept.
    Listened hear(const std::string& piece) {
        if (!lookout_.read) return {};
        if (piece.empty() && whole_) return *whole_;
        try {
            if (!own_) own_ = lookout_.own ? lookout_.own() : std::make_shared<const OwnWords>();
            auto unread = piece.empty() ? take_apart(call_.query, call_.body, budget_) : take_apart("", piece, budget_);
            bytes_left_ += static_cast<std::int64_t>(unread.bytes_left);
            auto listened = listen(unread, own_ ? *own_ : OwnWords(), lookout_.read);
            if (piece.empty()) whole_ = listened;
            return listened;
        } catch (const std::exception& error) {
            log::error("hook.not_looked_at", {{"channel", channel_}, {"why", error.what()}});
            return {};
        }
    }

    Heard all_of(const std::vector<Listened>& pieces) const {
        auto heard = together(pieces);
        if (!heard.all) log::warn("hook.not_looked_at", {{"channel", channel_}, {"bytes", bytes_left_}});
        return heard;
    }

private:
    const Lookout& lookout_;
    const std::string& channel_;
    const store::HookCall& call_;
    std::shared_ptr<const OwnWords> own_{};
    Budget budget_{};
    std::optional<Listened> whole_{};
    std::int64_t bytes_left_ = 0;
};

Heard listen_to_all(const Lookout& lookout, const std::string& channel, const store::HookCall& call) {
    Ear ear(lookout, channel, call);
    return ear.all_of({ear.hear("")});
}

}  // namespace

asio::awaitable<Inbox::Count> Inbox::keep(std::string channel, std::shared_ptr<const Came> came, provider::CallbackRead all) {
    auto now = clock_.now();
    const auto& inbound = all.inbound;
    Count kept;
    bool settle_now = true, rest_kept = false;
    auto ready = make_ready(seal_, inbound);
    // A part may make a text that is kept as new, and nobody overtakes it.
    std::unique_ptr<store::ReadTexts> read;
    if (!ready.parts) read = co_await read_before(ready.texts);
    std::vector<provider::InboundText> waiting;  // pieces whose others are not there yet
    auto taken = came->before.taken;
    for (std::size_t i = 0; i < inbound.size(); ++i)
        if (std::holds_alternative<provider::InboundText>(inbound[i])) taken.push_back(place_of(all, i));
    auto work = [&](store::Connection& db) {
        kept = {};
        rest_kept = false;
        waiting.clear();
        std::size_t next_text = 0, next_report = 0;
        if (read && settle_now) read->begin(db);
        if (came->kept && !note_reread(db, seal_, *came->kept, came->before, came->in_part, taken, now)) return void(kept.overtaken = true);
        bool alone = inbound.empty() && came->rest;
        auto body_id = came->kept;
        if (came->call && !alone) body_id = db.next_id("hook_bodies");
        for (const auto& one : inbound) {
            if (const auto* receipt = std::get_if<provider::Receipt>(&one)) {
                auto& [row, phone_key] = ready.reports[next_report++];
                if (!phone_key.empty()) row.phone_id = store::keep_phone(db, seal_, *receipt->phone, phone_key, now);
                bool is_new = settle_now ? keep_settled(db, seal_, channel, row, body_id, now) : store::keep_receipt(db, seal_, channel, row, body_id, now);
                ++(is_new ? kept.receipts : kept.repeated);
            } else {
                const auto& text = std::get<provider::InboundText>(one);
                if (text.part) {
                    auto part = store::keep_part(db, seal_, channel, as_part(text), now);
                    auto joined = keep_joined(db, seal_, part.joined, now);
                    kept.texts += joined, kept.waiting += joined;
                    kept.repeated += part.repeated;
                    bool whole = std::any_of(part.joined.begin(), part.joined.end(), [](const store::JoinedParts& one_text) { return one_text.complete; });
                    if (!part.repeated && !whole) waiting.push_back(text);
                    continue;
                }
                auto at = next_text++;
                using Kept = store::ReadTexts::Kept;
                auto how = read && settle_now && at < most_read_before                          ? read->keep(db, at, channel, ready.texts[at], body_id, now)
                           : store::keep_text(db, seal_, channel, ready.texts[at], body_id, now) ? Kept::waits
                                                                                                : Kept::repeated;
                ++(how == Kept::repeated ? kept.repeated : kept.texts);
                kept.waiting += how == Kept::waits;
            }
        }
        if (!came->call) return;
        store::TakenInPart in_part{body_id.value_or(0), taken};
        if (came->rest) rest_kept = keep_rest(db, channel, *came, alone ? nullptr : &in_part, now);
        // A vendor that pushes the same again leaves nothing new.
        if (rest_kept || (kept.receipts + kept.texts == 0 && (!inbound.empty() || came->rest))) return;
        store::keep_body(db, seal_, *body_id, channel, *came->call, true, now);
    };
    try {
        co_await store_.run(std::ref(work));
    } catch (const boost::system::system_error&) {
        throw;  // told to stop
    } catch (const store::SqlError& error) {
        if (!error.is_refusal()) throw;
        settle_now = false;  // what cannot be done with one report must not keep it, or its neighbours, from being kept
    } catch (const std::exception& error) {
        log::error("inbound.settle_failed", {{"channel", channel}, {"why", error.what()}});
        settle_now = false;
    }
    if (!settle_now) co_await store_.run(std::ref(work));
    metrics::count("inbound_total", {{"channel", channel}, {"kind", "receipt"}}, kept.receipts);
    metrics::count("inbound_total", {{"channel", channel}, {"kind", "text"}}, kept.texts);
    metrics::count("inbound_total", {{"channel", channel}, {"kind", "repeated"}}, kept.repeated);
    if (rest_kept) tell_of_rest(channel, *came->rest);
    if (hints_.alive && !came->kept && !came->refused) hints_.alive(channel);
    // Whoever cries for help in a piece is not left waiting for the next one, which may be lost; joined, it is read once more.
    for (const auto& text : waiting)
        if (hints_.unkept) hints_.unkept(channel, text);
    if (kept.receipts > 0 && !settle_now) receipts_.notify();
    if (read && settle_now) read->kept();
    if (kept.waiting > 0 && hints_.texts) hints_.texts();
    co_return kept;
}

void Inbox::hear_unkept(const std::string& channel, const std::vector<provider::Inbound>& inbound) const {
    if (!hints_.unkept) return;
    for (const auto& one : inbound)
        if (const auto* text = std::get_if<provider::InboundText>(&one)) hints_.unkept(channel, *text);
}

void Inbox::hear_unkept(const std::string& channel, const store::HookCall& unread) const {
    if (!hints_.lookout.unkept) return;
    for (const auto& cry : listen_to_all(hints_.lookout, channel, unread).cries) hints_.lookout.unkept(cry);
}

void Inbox::hear_unkept(const std::string& channel, const store::HookCall& call, const provider::CallbackRead& read) const {
    hear_unkept(channel, read.inbound);
    auto rest = hints_.lookout.unkept ? rest_of(channel, call, read) : std::nullopt;
    if (!rest) return;
    for (const auto& cry : rest->cries) hints_.lookout.unkept(cry);
}

asio::awaitable<void> Inbox::take(std::string channel, std::vector<provider::Inbound> inbound) {
    try {
        auto nothing = std::make_shared<const Came>();
        provider::CallbackRead all(inbound);
        co_await keep(channel, std::move(nothing), std::move(all));
    } catch (const store::SqlError&) {
        hear_unkept(channel, inbound);
        throw;
    }
}

Result<provider::CallbackRead> read_callback(const provider::Provider& provider, const provider::Callback& callback) {
    try {
        return unless_too_many(provider.read_callback(callback));
    } catch (const std::exception& error) {
        log::error("hook.reading_failed", {{"why", error.what()}});
        return fail(Error::Kind::internal, "reading it failed");
    }
}

asio::awaitable<bool> Inbox::take_call(std::string channel, store::HookCall call, const provider::Provider& reads) {
    auto said = read_callback(reads, as_callback(call));
    try {
        if (said) co_await take_body(channel, call, *said);
        else co_await quarantine(channel, call, said.error().detail);
    } catch (const store::SqlError& error) {
        log::error("hook.not_kept", {{"channel", channel}, {"why", error.what()}});
        metrics::count("hook_unkept_total", {{"channel", channel}});
        if (said) hear_unkept(channel, call, *said);
        else hear_unkept(channel, call);
        throw;
    }
    co_return said.has_value();
}

asio::awaitable<void> Inbox::take_callback(std::string channel, provider::Callback callback, const provider::Provider& reads) {
    store::HookCall call(std::move(callback.body));
    call.method = std::move(callback.method), call.path = std::move(callback.path), call.query = std::move(callback.query);
    call.content_type = std::move(callback.content_type);
    for (auto& [name, value] : callback.headers) call.headers.emplace_back(std::move(name), std::move(value));
    co_await take_call(std::move(channel), std::move(call), reads);
}

asio::awaitable<void> Inbox::take_body(std::string channel, store::HookCall call, provider::CallbackRead read) {
    Came came;
    came.rest = rest_of(channel, call, read);
    came.call = std::move(call);
    auto shared = std::make_shared<const Came>(std::move(came));
    co_await keep(std::move(channel), std::move(shared), std::move(read));
}

asio::awaitable<void> Inbox::quarantine(std::string channel, store::HookCall call, std::string why) {
    Came came;
    auto heard = listen_to_all(hints_.lookout, channel, call);
    came.rest = Rest{why_of(std::move(why), heard), std::move(heard.cries)};
    came.call = std::move(call), came.refused = true;
    auto shared = std::make_shared<const Came>(std::move(came));
    provider::CallbackRead nothing;
    co_await keep(std::move(channel), std::move(shared), std::move(nothing));
}

std::optional<Inbox::Rest> Inbox::rest_of(const std::string& channel, const store::HookCall& call, const provider::CallbackRead& read) const {
    using Kind = provider::CallbackRead::Kind;
    Ear ear(hints_.lookout, channel, call);
    provider::CallbackRead rest;
    std::vector<Listened> listened;
    bool whole = false;
    auto look_at = [&](const provider::CallbackRead::Left& left, bool unread) {
        auto one = ear.hear(left.piece);
        // It may be a text under the name of something else; and what was not looked at may be anything.
        bool may_be_text = left.kind == Kind::unnamed_state && (one.text || one.request);
        if (!unread && one.all && one.cries.empty() && !may_be_text) return;
        whole = whole || left.piece.empty();
        listened.push_back(std::move(one));
        auto kind = left.kind == Kind::on_purpose ? Kind::unnamed : left.kind == Kind::beside ? Kind::unnamed_state : left.kind;
        rest.left.push_back({kind, left.why, left.piece});
    };
    for (const auto& left : read.left) look_at(left, left.kind == Kind::unreadable || left.kind == Kind::unnamed);
    // An event that the mapping does not ask for: it may be a ping, or texts under a new name.
    if (read.inbound.empty() && read.left.empty()) look_at({Kind::on_purpose, "nothing that is expected", ""}, false);
    if (rest.left.empty()) return std::nullopt;
    auto heard = whole ? ear.all_of({ear.hear("")}) : ear.all_of(listened);  // its pieces stand in it
    rest.inbound = read.inbound;
    return Rest{why_of(provider::describe_left(rest), heard), std::move(heard.cries)};
}

bool Inbox::keep_rest(store::Connection& db, const std::string& channel, const Came& came, const store::TakenInPart* in_part, Instant now) const {
    const auto& cries = came.rest->cries;
    auto rows = store::keep_quarantined(db, seal_, channel, *came.call, came.rest->why, now, cries, in_part);
    for (std::size_t n = 0; rows && n < rows->size(); ++n) {
        auto phone_id = cries[n].from ? store::find_phone_id(db, seal_.phone_key(*cries[n].from)) : std::nullopt;
        auto last = phone_id ? store::newest_case_of(db, *phone_id) : std::nullopt;
        store::raise_alarm(db, *hints_.lookout.random, (*rows)[n], last, cries[n].do_not_contact, now);
    }
    return rows.has_value();
}

void Inbox::tell_of_rest(const std::string& channel, const Rest& rest) const {
    metrics::count("inbound_total", {{"channel", channel}, {"kind", "quarantined"}});
    log::warn("hook.quarantined", {{"channel", channel}, {"why", rest.why}});
    if (rest.cries.empty()) return;
    log::error("hook.emergency", {{"channel", channel}, {"alarms", static_cast<std::int64_t>(rest.cries.size())}});
    if (hints_.lookout.alarms) hints_.lookout.alarms();
}

namespace {

// In quarantine, and what was delivered; what does not open stays there.
struct Waiting {
    std::int64_t id = 0;
    std::string channel{};
    Instant at{};
    bool alarm = false, opened = false;
    store::QuarantinedCall kept{};
};

std::vector<Waiting> find_waiting(store::Connection& db, const store::Seal& seal, const std::optional<std::string>& channel, std::int64_t after,
                                  int most) {
    std::vector<Waiting> out;
    for (const auto& row : store::find_quarantined(db, channel, after, most)) {
        auto kept = store::open_quarantined(db, seal, row.id);
        if (!kept) log::error("hook.not_opened", {{"callback", row.id}, {"why", kept.error().detail}});
        out.push_back({row.id, row.channel, row.at, row.alarm, kept.has_value(), kept ? std::move(*kept) : store::QuarantinedCall()});
    }
    return out;
}

Result<provider::CallbackRead> read_waiting(const Waiting& one, const ReadAgain& again) {
    auto read = again(one.channel, as_callback(one.kept.call));
    if (!read && one.kept.query_or_body) {
        store::HookCall other;
        other.method = "GET", other.query = one.kept.call.body;
        read = again(one.channel, as_callback(other));
    }
    if (!read) return read;
    // Where the vendor says nothing of when: it was there by then, and a digit within its window does not become late by our fault.
    for (auto& item : read->inbound)
        if (auto* text = std::get_if<provider::InboundText>(&item); text && !text->at && !text->part) text->at = one.at;
    return read;
}

// Without the texts that were taken when it came: some carriers send neither id nor time, and a mended mapping may give another key, so
// it is the place that tells. Receipts of the same say the same once more, and are known by what they say.
provider::CallbackRead without_taken(provider::CallbackRead read, const std::vector<std::string>& taken) {
    std::set<std::string> places(taken.begin(), taken.end());
    provider::CallbackRead out;
    for (std::size_t i = 0; i < read.inbound.size(); ++i) {
        auto place = place_of(read, i);
        if (std::holds_alternative<provider::InboundText>(read.inbound[i]) && places.contains(place)) continue;
        out.inbound.push_back(std::move(read.inbound[i]));
        out.places.push_back(std::move(place));
    }
    return out;
}

}  // namespace

provider::Callback as_callback(const store::HookCall& call) {
    provider::Callback callback{call.method, call.path, call.query, call.content_type, {}, call.body};
    for (const auto& [name, value] : call.headers) callback.headers.push_back({name, value});
    return callback;
}

asio::awaitable<std::optional<Inbox::Count>> Inbox::keep_again(std::string channel, std::shared_ptr<const Came> came, provider::CallbackRead read) {
    auto id = *came->kept;
    try {
        co_return co_await keep(channel, std::move(came), std::move(read));
    } catch (const store::SqlError& error) {
        if (!error.is_refusal()) throw;
        log::error("hook.reread_refused", {{"channel", channel}, {"callback", id}, {"why", error.what()}});
    }
    co_return std::nullopt;
}

asio::awaitable<Reread> Inbox::reread(std::optional<std::string> channel, ReadAgain read) {
    constexpr int at_once = 100, most = 1000;
    Reread done;
    std::vector<Waiting> waiting;
    std::int64_t after = 0, found_again = 0;
    bool overtaken = false;
    do {
        overtaken = false;
        auto find = [&](store::Connection& db) { waiting = find_waiting(db, seal_, channel, after, at_once); };
        co_await store_.run(std::ref(find));
        for (auto& one : waiting) {
            ++done.callbacks, after = one.id;
            if (!one.opened) continue;
            auto read_now = read_waiting(one, read);
            if (!read_now) continue;
            auto rest = rest_of(one.channel, one.kept.call, *read_now);
            bool nothing = read_now->inbound.empty();
            // Only a mapping that says so ignores something, and where somebody cried none has read it that finds nothing.
            bool ignored = nothing && !rest && !one.alarm && !read_now->left.empty();
            if ((nothing && !ignored) || (rest && one.kept.query_or_body)) continue;
            Came came;
            came.kept = one.id;
            came.before = std::move(one.kept);
            came.in_part = rest.has_value();
            auto fresh = without_taken(std::move(*read_now), came.before.taken);
            if (rest && fresh.inbound.empty()) continue;
            auto shared = std::make_shared<const Came>(std::move(came));
            auto kept = co_await keep_again(one.channel, std::move(shared), std::move(fresh));
            if (!kept) continue;
            // Two may read again at once: what of it is left, if anything, is looked for from here on, once.
            overtaken = kept->overtaken && found_again != one.id;
            if (overtaken) {
                found_again = one.id, after = one.id - 1, --done.callbacks;
                break;
            }
            if (kept->overtaken) continue;
            if (ignored) ++done.ignored;
            else if (!rest) ++done.read;
            else if (kept->texts + kept->receipts > 0) ++done.in_part;
            done.receipts += kept->receipts, done.texts += kept->texts, done.repeated += kept->repeated;
        }
    } while ((overtaken || waiting.size() == at_once) && done.read + done.ignored + done.in_part < most);
    done.more = waiting.size() == at_once;
    log::info("hook.reread", {{"callbacks", done.callbacks}, {"read", done.read}, {"texts", done.texts}, {"receipts", done.receipts}});
    co_return done;
}

asio::awaitable<void> Inbox::late(std::string channel, std::string ref, provider::Outcome outcome) {
    if (hints_.alive) hints_.alive(channel);
    if (hints_.late) co_await hints_.late(std::move(channel), std::move(ref), std::move(outcome));
}

asio::awaitable<void> Inbox::settle_receipts() {
    for (bool careful = false;;) {
        auto now = clock_.now();
        bool stopped = false;
        int incomplete = 0;
        auto work = [&](store::Connection& db) {
            store::give_up_parked(db, now - parked_for, now);
            incomplete = keep_joined(db, seal_, store::give_up_waiting_parts(db, seal_, now - parts_wait, now), now);
            auto settled = settle(db, careful, now);
            stopped = stop_at_burst(db, now);
            return settled;
        };
        int done = 0;
        bool broken = false, refused = false;
        try {
            done = co_await store_.run(std::ref(work));
            careful = false;
            if (incomplete > 0) log::warn("inbound.incomplete", {{"texts", incomplete}});
            if (incomplete > 0 && hints_.texts) hints_.texts();
            if (stopped) log::error("receipts.burst", {{"why", burst_reason}});
        } catch (const boost::system::system_error&) {
            throw;  // told to stop
        } catch (const store::SqlError& error) {
            log::error("receipts.failed", {{"why", error.what()}});
            if (error.is_refusal() && careful) throw;  // it will not go away: then somebody is told
            refused = error.is_refusal();
            broken = !refused;
        } catch (const std::exception& error) {
            log::error("receipts.failed", {{"why", error.what()}});
            broken = true;
        }
        if (refused) careful = true;
        else if (broken) co_await sleep_for(std::chrono::seconds(1));
        else if (done < receipts_a_step) co_await receipts_.wait(look_every_);
    }
}

}  // namespace pingjing::inbound

#include "daemon/admin/ledger_api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <memory>
#include <optional>

#include "daemon/admin/access.hpp"
#include "daemon/admin/trusted.hpp"
#include "daemon/admin/verify.hpp"
#include "daemon/core/phone.hpp"
#include "daemon/log/log.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/erasure.hpp"
#include "daemon/store/watch.hpp"

namespace pingjing::admin {
namespace {

namespace json = boost::json;
using Ledger = std::shared_ptr<const LedgerParts>;
using http::Request;
using http::Response;
using store::Connection;

constexpr auto turn = std::chrono::milliseconds(50);

Response no_key() { return http::problem(409, "conflict", "there is no ledger.key in key_dir yet; `pingjing init` makes it"); }

std::optional<std::int64_t> number(const Request& request, const std::string& name) {
    auto text = request.parameter(name);
    std::int64_t value = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && bad == std::errc() && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

// Body, if any: [{"who","note"}], checkpoints that were kept elsewhere.
asio::awaitable<Response> check_all(Ledger p, Request request) {
    Verifier verifier(p->seal.ledger_signer());
    if (!request.body.empty()) {
        boost::system::error_code bad;
        auto given = json::parse(request.body, bad);
        if (bad || !given.is_array()) co_return http::problem(400, "bad request", "expected an array of checkpoints");
        for (const auto& one : given.as_array()) {
            const auto* o = one.if_object();
            const auto* who = o ? o->if_contains("who") : nullptr;
            const auto* note = o ? o->if_contains("note") : nullptr;
            if (!who || !note || !who->is_string() || !note->is_string()) co_return http::problem(400, "bad request", "expected an array of checkpoints");
            verifier.add_checkpoint(std::string(note->as_string()), std::string(who->as_string()));
        }
    }
    Beside rest(verifier, p->store.path());
    bool more = true, ended = false;
    std::function<void(Connection&)> step = [&](Connection& db) { more = verifier.step(db); };
    auto is_told_to_stop = [&] { return p->ends && p->ends(); };
    while (more && !is_told_to_stop()) co_await p->read(step);
    // On the reader's thread, so that the daemon goes on meanwhile; in turns, so that reports do.
    std::function<void(Connection&)> wait = [&](Connection&) { ended = rest.has_ended(turn); };
    while (!more && !ended && !is_told_to_stop()) co_await p->read(wait);
    if (!ended)
        co_return http::problem(503, "Service Unavailable", "the daemon was told to stop, and has not looked at everything; verify again");
    const auto& result = verifier.result();
    // One that was asked about checkpoints from elsewhere says something of those, too: the alarm is about the store alone.
    if (request.body.empty()) {
        store::LastVerification said{p->clock.now(), first_failures(result)};
        auto keep = [&](Connection& db) { store::keep_verification(db, said); };
        try {
            co_await p->store.run(std::ref(keep));
        } catch (const store::SqlError& error) {  // a full disk is no reason not to hear it
            log::warn("verify.not_kept", {{"why", error.what()}});
        }
    }
    json::array failures, keys;
    for (const auto& key : result.keys) keys.push_back({{"verifier", key.verifier}, {"after", key.after_size}, {"at", format_utc(key.at)}});
    for (const auto& failure : result.failures) failures.push_back({{"check", failure.check}, {"detail", failure.detail}});
    co_return ok({{"ok", result.failures.empty()}, {"cases", result.cases}, {"ledger_entries", result.ledger_entries}, {"root", result.root}, {"rows", result.rows},
                  {"erased", result.erased}, {"checkpoints", result.checkpoints}, {"signatures", about_signatures(result)}, {"keys", std::move(keys)}, {"failures", std::move(failures)}});
}

// Signs what there is, unless the newest checkpoint says it already.
asio::awaitable<Response> make_checkpoint(Ledger p, Request request) {
    const auto* signer = p->seal.ledger_signer();
    if (!signer) co_return no_key();
    auto now = p->clock.now();
    auto work = [&](Connection& db) { return store::make_checkpoint(db, *signer, now); };
    auto note = co_await p->store.run(std::ref(work));
    if (!note) co_return http::problem(409, "conflict", "the ledger is empty");
    auto text = *note;
    if (!request.parameter("since").empty()) {
        auto since = number(request, "since");
        if (!since) co_return http::problem(400, "bad request", "since: expected a number of rows");
        Result<std::string> proof = std::string();
        std::function<void(Connection&)> read = [&](Connection& db) { proof = store::consistency_proof(db, static_cast<std::uint64_t>(*since), *store::newest_checkpoint(db)); };
        co_await p->read(read);
        if (!proof) co_return refuse(proof.error());
        text = *proof;
    }
    co_return ok({{"checkpoint", text}, {"verifier", signer->verifier().written()}});
}

// "2026-11-20/v1": the line that recorded this version of the nightly files.
std::optional<std::int64_t> line_of_export(Connection& db, const std::string& name) {
    auto slash = name.find("/v");
    if (slash == name.npos) return std::nullopt;
    store::Statement find(db, "SELECT seq FROM ledger WHERE kind = 'export' AND substr(data, 1, length(?1)) = ?1 ORDER BY seq LIMIT 1");
    auto line = fmt::format(R"({{"day":"{}","version":{},)", name.substr(0, slash), name.substr(slash + 2));
    return find.bind(1, line).step() ? std::optional(find.integer(0)) : std::nullopt;
}

asio::awaitable<Response> prove(Ledger p, Request request) {
    auto seq = number(request, "seq");
    auto named = request.parameter("seq");
    std::function<void(Connection&)> look = [&](Connection& db) { seq = line_of_export(db, named); };
    if (!seq) co_await p->read(look);
    if (!seq) co_return http::problem(400, "bad request", "ROW: expected the number of a ledger row; `explain` names them; or a version of the nightly files, 2026-11-20/v1");
    std::optional<std::int64_t> size;
    if (!request.parameter("size").empty() && !(size = number(request, "size"))) co_return http::problem(400, "bad request", "size: expected a checkpoint's number of rows");
    const auto* signer = p->seal.ledger_signer();
    if (!signer) co_return no_key();
    Result<std::string> proof = fail(Error::Kind::not_found, "there is no checkpoint of this size here");
    if (!size) {
        auto now = p->clock.now();
        auto work = [&](Connection& db) { return store::make_checkpoint(db, *signer, now); };
        auto made = co_await p->store.run(std::ref(work));
        if (!made) co_return http::problem(409, "conflict", "the ledger is empty");
    }
    std::function<void(Connection&)> read = [&](Connection& db) {
        auto kept = size ? store::find_checkpoint(db, static_cast<std::uint64_t>(*size)) : store::newest_checkpoint(db);
        if (kept) proof = store::inclusion_proof(db, *seq, *kept);
    };
    co_await p->read(read);
    if (!proof) co_return refuse(proof.error());
    co_return ok({{"proof", *proof}, {"verifier", signer->verifier().written()}});
}

// Body: {"note","verifiers":[…]}.
asio::awaitable<Response> take_cosignature(Ledger p, Request request) {
    const auto* signer = p->seal.ledger_signer();
    if (!signer) co_return no_key();
    boost::system::error_code bad;
    auto given = json::parse(request.body, bad);
    const auto* o = bad ? nullptr : given.if_object();
    const auto* note = o ? o->if_contains("note") : nullptr;
    const auto* keys = o ? o->if_contains("verifiers") : nullptr;
    if (!note || !note->is_string() || !keys || !keys->is_array()) co_return http::problem(400, "bad request", "expected a note and its cosigners' keys");
    std::vector<NoteVerifier> cosigners;
    for (const auto& key : keys->as_array()) {
        auto read = NoteVerifier::read(key.is_string() ? std::string_view(key.as_string()) : std::string_view());
        if (!read) co_return refuse(read.error());
        cosigners.push_back(std::move(*read));
    }
    auto now = p->clock.now();
    std::string text(note->as_string());
    // The tree as it was is recomputed by the reader; the store's thread has better things to do.
    Result<std::string> whole = std::string();
    std::function<void(Connection&)> check = [&](Connection& db) { whole = store::cosign(db, *signer, text, cosigners); };
    co_await p->read(check);
    if (!whole) co_return refuse(whole.error());
    auto keep = [&](Connection& db) { store::keep_cosigned(db, *whole, now); };
    co_await p->store.run(std::ref(keep));
    co_return ok({{"checkpoint", *whole}});
}

// Body: the number.
asio::awaitable<Response> forget(Ledger p, Request request) {
    auto reason = hide_numbers(request.parameter("reason"));
    auto phone = Phone::mobile(request.body);
    if (reason.empty()) co_return http::problem(400, "bad request", "reason: expected one");
    if (!phone) co_return http::problem(400, "bad request", "PHONE: expected a mobile number");
    Result<store::Named> named = store::Named();
    std::function<void(Connection&)> find = [&](Connection& db) { named = store::find_named(db, p->seal, *phone); };
    co_await p->read(find);
    if (!named) co_return refuse(named.error());
    auto now = p->clock.now();
    store::ByHand by{near_asker(request).who, reason};
    auto work = [&](Connection& db) { return store::forget(db, p->seal, *named, by, now); };
    auto done = co_await p->store.run(std::ref(work));
    if (!done) co_return refuse(done.error());
    log::info("erasure.forgotten", {{"phone_id", named->phone_id}, {"cases", done->cases}, {"texts", done->texts}});
    boost::json::value until;
    if (done->recognised_from && !done->opted_out) until = format_utc(std::max(now, *done->recognised_from + p->recognised_for()));
    co_return ok({{"cases", done->cases}, {"texts", done->texts}, {"number_erased", done->numbers > 0}, {"called_off", done->called_off}, {"unread_callbacks", done->unread_callbacks}, {"opted_out", done->opted_out},
                  {"recognised_until", until}});
}

}  // namespace

void add_ledger_routes(http::Router& router, LedgerParts parts) {
    auto shared = std::make_shared<const LedgerParts>(std::move(parts));
    auto add = [&](const char* method, const char* pattern, auto handler) {
        router.add(method, pattern, trusted(pattern, [shared, handler](Request request) { return handler(shared, std::move(request)); }));
    };
    add("GET", "/control/verify", check_all);
    add("POST", "/control/verify", check_all);
    add("POST", "/control/checkpoint", make_checkpoint);
    add("POST", "/control/proof", prove);
    add("POST", "/control/cosign", take_cosignature);
    add("POST", "/control/forget", forget);
}

}  // namespace pingjing::admin

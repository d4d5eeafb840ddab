#include "daemon/followup/api.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "daemon/followup/shown.hpp"

namespace pingjing::followup {
namespace {

namespace json = boost::json;
using store::Connection;
using store::Statement;

constexpr int most_closed = 500;

struct Office {
    store::Store& store;
    const store::Seal& seal;
    const Clock& clock;
    store::Reader read;
};

// The grade is the one that opened it, else the one that counts; not one of which a person said that it is none.
// Who was at a call, and his unit, do not find its follow-up here either.
json::array followups(Connection& db, const store::Seal& seal, bool all, const http::Asker& asker, Instant now) {
    Statement rows(db, fmt::format(R"sql(
        WITH standing AS NOT MATERIALIZED (
            SELECT id, case_id, grade, effect FROM ratings r WHERE method = 'code' OR method = 'person'
                OR NOT EXISTS (SELECT 1 FROM reviews v WHERE v.inbound_id = r.inbound_id AND v.kind = 'words' AND v.decision = 'none'))
        SELECT f.id, c.record, c.unit, c.officer, f.opened_at, f.due_at, f.state, f.urgent, f.no_callback, c.phone_id,
               coalesce((SELECT grade FROM standing r WHERE r.id = f.rating_id),
                        (SELECT grade FROM standing r WHERE r.case_id = f.case_id AND r.effect IN ('first', 'replaces') ORDER BY r.id DESC LIMIT 1))
          FROM followups f JOIN cases c ON c.id = f.case_id
         WHERE {} AND NOT (?1 <> '' AND (coalesce(c.officer, '') = ?1 OR EXISTS (SELECT 1 FROM case_officers o WHERE o.case_id = c.id AND o.badge = ?1)
                                         OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.officer = ?1)))
           AND NOT (?2 <> '' AND (c.unit = ?2 OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.unit = ?2)))
         ORDER BY f.urgent DESC, f.due_at, f.id)sql", all ? "(f.state <> 'closed' OR f.id IN (SELECT id FROM followups WHERE state = 'closed' ORDER BY id DESC LIMIT ?3))" : "f.state <> 'closed'"));
    rows.bind(1, asker.badge).bind(2, asker.unit);
    if (all) rows.bind(3, most_closed);
    json::array out;
    while (rows.step()) {
        bool open = rows.text(6) != "closed";
        out.push_back(json::object{{"id", rows.integer(0)}, {"case_id", rows.text(1)}, {"unit", rows.text(2)}, {"officer", text_or_null(rows, 3)},
                                   {"opened_at", format_utc(rows.instant(4))}, {"due_at", format_utc(rows.instant(5))},
                                   {"overdue", open && rows.instant(5) < now}, {"state", rows.text(6)}, {"urgent", rows.integer(7) != 0},
                                   {"no_callback", rows.integer(8) != 0}, {"grade", text_or_null(rows, 10)},
                                   {"phone", masked_phone(db, seal, rows, 9)}});
    }
    return out;
}

// Of a unit: what it was ordered to put right, and nothing of who complained.
json::array work_orders(Connection& db, bool all, const http::Asker& asker, Instant now) {
    Statement rows(db, fmt::format(R"sql(
        SELECT f.id, c.record, c.unit, f.opened_at, f.due_at, f.state, f.urgent
          FROM followup_work w JOIN followups f ON f.id = w.followup_id JOIN cases c ON c.id = f.case_id
         WHERE w.ordered_unit = ?2 AND ?2 <> '' AND {}
           AND NOT (?1 <> '' AND (coalesce(c.officer, '') = ?1 OR EXISTS (SELECT 1 FROM case_officers o WHERE o.case_id = c.id AND o.badge = ?1)
                                  OR EXISTS (SELECT 1 FROM ratings r WHERE r.case_id = c.id AND r.officer = ?1)))
         ORDER BY f.due_at, f.id LIMIT ?3)sql", all ? "f.state NOT IN ('opened', 'called_back', 'verified')" : "f.state = 'rectifying'"));
    rows.bind(1, asker.badge).bind(2, asker.unit).bind(3, most_closed);
    json::array out;
    while (rows.step()) {
        bool owed = rows.text(5) == "rectifying";
        out.push_back(json::object{{"id", rows.integer(0)}, {"case_id", rows.text(1)}, {"unit", rows.text(2)}, {"opened_at", format_utc(rows.instant(3))},
                                   {"due_at", format_utc(rows.instant(4))}, {"overdue", owed && rows.instant(4) < now}, {"state", rows.text(5)}, {"urgent", rows.integer(6) != 0}});
    }
    return out;
}

asio::awaitable<http::Response> list_followups(const Office office, http::Request request) {
    auto state = request.parameter("state", "open");
    if (state != "open" && state != "all") co_return http::problem(400, "Bad Request", "state: expected open or all");
    json::array list;
    const auto now = office.clock.now();
    std::function<void(Connection&)> read = [&](Connection& db) {
        bool unit = request.asker.may("unit") && !request.asker.may("inspect");
        list = unit ? work_orders(db, state == "all", request.asker, now) : followups(db, office.seal, state == "all", request.asker, now);
    };
    // On disk before anything is shown.
    auto note = [&](Connection& db) {
        store::append(db, now, "access", std::nullopt, json::serialize(json::object{{"what", "followups"}, {"followups", list.size()}, {"who", request.header("x-pingjing-who")}}));
    };
    try {
        co_await office.read(read);
        if (!list.empty()) co_await office.store.run(std::ref(note));
    } catch (const store::SqlError& error) {
        co_return store_failed(error);
    }
    json::object body{{"followups", std::move(list)}};
    co_return tell(std::move(body));
}

}  // namespace

void add_followup_routes(http::Router& router, const http::Guard& guard, store::Store& store, const store::Seal& seal, const Clock& clock, store::Reader read) {
    Office office{store, seal, clock, read ? std::move(read) : store::read_on(store)};
    router.add("GET", "/v1/followups", guard, [office](http::Request request) { return list_followups(office, std::move(request)); });
}

}  // namespace pingjing::followup

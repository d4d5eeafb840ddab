// A store with replies that raised alarms.
#pragma once
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>

#include "daemon/desk/alarms.hpp"
#include "daemon/store/inbox.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/store.hpp"
#include "tests/support/run.hpp"

namespace pingjing::desk {

inline const auto night = *parse_rfc3339("2026-11-21T03:00:00+08:00");

struct Site {
    asio::io_context io{};
    VirtualClock clock{night};
    store::Seal seal = store::Seal::from_seed(1);
    std::unique_ptr<store::Store> store = std::move(*store::Store::open("", store::Store::Runner::inline_io));
    std::int64_t replies = 0;

    Site() {
        store->run_now([](store::Connection& db) {
            db.exec("INSERT INTO cases(id, record, content_key, state, unit, category, source, linked_to, language, call_taker, reported_at, received_at, "
                    "changed_at, kind, safety, flags) VALUES (7, 'R7', x'00', 'closed', '320302120000', '', '', '', '', '', 0, 0, 0, 'survey', 0, '')");
        });
    }
    // `kept`: the number is one of `phones`; else it is sealed in the reply itself.
    void raise(const std::string& id, const std::string& phone, const std::string& text, bool kept = true, bool with_case = true, bool silent = false) {
        store->run_now([&](store::Connection& db) {
            auto reply = ++replies;
            auto number = Phone::sender(phone);
            store::Statement in(db, "INSERT INTO inbound(id, channel, key, phone_id, phone, to_number, extension, text, received_at, step) "
                                    "VALUES (?1, 'c', ?2, ?3, ?4, '', '', ?5, ?6, 'new')");
            in.bind(1, reply).bind(2, id);
            if (kept) in.bind(3, store::keep_phone(db, seal, number, clock.now())).bind_null(4);
            else in.bind_null(3).bind_blob(4, seal.seal(number.reveal(), fmt::format("inbound.phone:{}", reply)));
            in.bind_blob(5, seal.seal(text, fmt::format("inbound.text:{}", reply))).bind(6, clock.now()).run();
            store::Statement alarm(db, "INSERT INTO alarms(id, inbound_id, case_id, at, do_not_contact) VALUES (?1, ?2, ?3, ?4, ?5)");
            alarm.bind(1, id).bind(2, reply).bind(3, with_case ? std::optional<std::int64_t>(7) : std::nullopt).bind(4, clock.now()).bind(5, silent).run();
        });
    }
    // One alarm for the cries of all these numbers; it has no number and no case.
    void raise_folded(const std::string& id, const std::vector<std::string>& phones) {
        store->run_now([&](store::Connection& db) {
            store::Cry all;
            all.words = Text(fmt::format("{} numbers", phones.size()));
            for (const auto& phone : phones) all.folded.push_back({Phone::sender(phone), Text("救命"), false, {}});
            auto rows = store::keep_quarantined(db, seal, "c", id, "odd", clock.now(), {all});
            store::Statement alarm(db, "INSERT INTO alarms(id, inbound_id, at, do_not_contact) VALUES (?1, ?2, ?3, 0)");
            alarm.bind(1, id).bind(2, rows->at(0)).bind(3, clock.now()).run();
        });
    }
    std::string value(const std::string& sql) {
        std::string out;
        store->run_now([&](store::Connection& db) {
            store::Statement read(db, sql);
            if (read.step()) out = read.is_null(0) ? "null" : read.text(0);
        });
        return out;
    }
};

}  // namespace pingjing::desk

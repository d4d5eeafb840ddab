#include "daemon/watch/gauges.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "daemon/log/metrics.hpp"

namespace pingjing::watch {
namespace {

std::int64_t count(store::Connection& db, const char* sql) {
    store::Statement read(db, sql);
    read.step();
    return read.integer(0);
}

Millis age(store::Connection& db, const char* sql, Instant now) {
    store::Statement oldest(db, sql);
    if (!oldest.step() || oldest.is_null(0)) return {};
    return std::max(Millis{}, now - oldest.instant(0));
}

void say_messages(const char* state, std::int64_t count) { metrics::gauge("messages", {{"state", state}}, static_cast<double>(count)); }
void say_count(const char* name, std::int64_t count) { metrics::gauge(name, {}, static_cast<double>(count)); }
void say_seconds(const char* name, Millis age) { metrics::gauge(name, {}, std::chrono::duration<double>(age).count()); }

}  // namespace

Gauges read_gauges(store::Connection& db, Instant now) {
    Gauges out;
    store::Statement due(db, "SELECT count(*) FROM messages WHERE state = 'due' AND due_at <= ?1");
    due.bind(1, now).step();
    out.due = due.integer(0);
    out.later = count(db, "SELECT count(*) FROM messages WHERE state = 'due'") - out.due;
    out.held = count(db, "SELECT count(*) FROM messages WHERE state = 'held'");
    out.sending = count(db, "SELECT count(*) FROM messages WHERE state = 'sending'");
    out.in_doubt = count(db, "SELECT count(*) FROM messages WHERE state = 'in_doubt'");
    out.oldest_due = age(db, "SELECT min(due_at) FROM messages WHERE state = 'due'", now);
    out.oldest_in_doubt = age(db, "SELECT min(claimed_at) FROM messages WHERE state = 'in_doubt'", now);
    out.texts = count(db, "SELECT count(*) FROM inbound WHERE step = 'new'");
    out.emergencies = count(db, "SELECT count(*) FROM alarms WHERE acknowledged_at IS NULL");
    out.followups = count(db, "SELECT count(*) FROM followups WHERE state <> 'closed'");
    out.letters = count(db, "SELECT count(*) FROM letters WHERE closed_at IS NULL AND message_id IS NULL");
    out.reviews = count(db, "SELECT count(*) FROM reviews WHERE closed_at IS NULL");
    return out;
}

void say(const Gauges& g) {
    say_messages("later", g.later), say_messages("due", g.due), say_messages("held", g.held), say_messages("sending", g.sending), say_messages("in_doubt", g.in_doubt);
    say_seconds("oldest_due_seconds", g.oldest_due), say_seconds("oldest_in_doubt_seconds", g.oldest_in_doubt);
    say_count("texts_unread", g.texts), say_count("desk_open", g.emergencies), say_count("followups_open", g.followups);
    say_count("letters_open", g.letters), say_count("reviews_open", g.reviews);
}

void say_disk(const std::string& database) {
    std::error_code unknown;
    auto space = std::filesystem::space(std::filesystem::path(database).parent_path(), unknown);
    if (!unknown) metrics::gauge("disk_free_bytes", {}, static_cast<double>(space.available));
}

}  // namespace pingjing::watch

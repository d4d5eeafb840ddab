#include "daemon/store/inbox.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "daemon/store/phones.hpp"

namespace pingjing::store {
namespace {

// Vendors that name no id: equal number, text and time are one text. Where there is no time either, nothing tells a repetition
// from a citizen who says the same again, so every one is kept, under a key that finds its equals.
std::string key_of(const Seal& seal, const NewText& text) {
    if (!text.key.empty() && !text.key_recurs) return "v:" + open_id(seal, text.key);
    if (!text.key.empty())
        return fmt::format("v:{}:{}", open_id(seal, text.key), to_hex(seal.keyed_hash(fmt::format("{}|{}|{}", text.from.reveal(), text.to, text.text.reveal()))).substr(0, 16));
    auto same = to_hex(seal.keyed_hash(fmt::format("{}|{}|{}", text.from.reveal(), text.text.reveal(), text.at ? to_millis(*text.at) : 0)));
    return text.at ? "h:" + same : fmt::format("t:{}:", same);
}

NewText::Ready ready_of(const Seal& seal, const NewText& text) {
    return {text.from.is_mobile() ? seal.phone_key(text.from) : std::string(), key_of(seal, text), hide_mobiles(text.to), hide_mobiles(text.extension)};
}

// What is sealed says by its place what it is: `hook_bodies` are those of earlier versions, the body or the query alone.
std::string call_context(std::int64_t id) { return fmt::format("hook_calls:{}", id); }
std::string old_body_context(std::int64_t id) { return fmt::format("hook_bodies:{}", id); }

// Each field behind its length: any of them may hold anything.
std::string pack(const HookCall& call) {
    std::string out;
    auto add = [&](std::string_view field) { out += fmt::format("{}:", field.size()), out += field; };
    for (const auto* field : {&call.method, &call.path, &call.query, &call.content_type, &call.body}) add(*field);
    for (const auto& [name, value] : call.headers) add(name), add(value);
    return out;
}

std::optional<HookCall> unpack(std::string_view packed) {
    std::vector<std::string> fields;
    while (!packed.empty()) {
        std::size_t size = 0;
        auto [end, bad] = std::from_chars(packed.data(), packed.data() + packed.size(), size);
        auto begin = static_cast<std::size_t>(end - packed.data()) + 1;
        if (bad != std::errc() || begin > packed.size() || packed[begin - 1] != ':' || size > packed.size() - begin) return std::nullopt;
        fields.emplace_back(packed.substr(begin, size));
        packed.remove_prefix(begin + size);
    }
    if (fields.size() < 5 || fields.size() % 2 == 0) return std::nullopt;
    HookCall call;
    call.method = fields[0], call.path = fields[1], call.query = fields[2], call.content_type = fields[3], call.body = fields[4];
    for (std::size_t i = 5; i < fields.size(); i += 2) call.headers.emplace_back(fields[i], fields[i + 1]);
    return call;
}

// Which of its texts were taken stands among the headers, under a name that no header has.
constexpr char between_places = '\n';
std::string pack(const QuarantinedCall& kept) {
    auto call = kept.call;
    std::string places;
    for (const auto& place : kept.taken) (places += place) += between_places;
    if (!places.empty()) call.headers.emplace_back("", std::move(places));
    return pack(call);
}
void take_out_places(QuarantinedCall& kept) {
    auto& headers = kept.call.headers;
    auto found = std::ranges::find(headers, "", &std::pair<std::string, std::string>::first);
    if (found == headers.end()) return;
    std::string_view places = found->second;
    for (std::size_t end; (end = places.find(between_places)) != places.npos; places.remove_prefix(end + 1)) kept.taken.emplace_back(places.substr(0, end));
    headers.erase(found);
}

void keep_packed(Connection& db, const Seal& seal, std::int64_t id, std::string_view channel, const std::string& packed, bool understood, Instant now) {
    Statement add(db, "INSERT INTO hook_bodies(id, channel, at, body, understood) VALUES (?1, ?2, ?3, ?4, ?5)");
    add.bind(1, id).bind(2, channel).bind(3, now).bind_blob(4, seal.seal(packed, call_context(id))).bind(5, understood).run();
}

// What equal ones have in common. Headers change with every try; a body alone is known as earlier versions knew it.
std::string quarantine_key(const Seal& seal, const HookCall& call) {
    if (call.method == "POST" && call.path.empty() && call.query.empty()) return "q:" + to_hex(seal.keyed_hash(call.body));
    return "q:" + to_hex(seal.keyed_hash(fmt::format("{} {}?{} {}", call.method, call.path, call.query, call.body)));
}

// Carriers repeat what they got no good answer for, for a day at most; a person may write the same words again. Whoever cries is not
// taken for a repetition for so long.
constexpr Millis repeated_within = std::chrono::hours(24), cry_repeated_within = std::chrono::minutes(30);

constexpr char folded_in = '/';  // between the key of an alarm's text and the number of what is folded in it

bool is_repetition(Connection& db, std::string_view channel, const std::string& equal, bool cry, Instant now) {
    Statement find(db, R"sql(
        SELECT 1 FROM inbound i JOIN hook_bodies b ON b.id = i.body_id
         WHERE i.channel = ?1 AND (i.key = ?2 OR (i.key >= ?2 || ':' AND i.key < ?2 || ';')) AND i.received_at >= ?3
           AND b.understood = 0 AND length(b.body) > 0 AND (?4 = 0 OR EXISTS (SELECT 1 FROM alarms a WHERE a.inbound_id = i.id))
         LIMIT 1)sql");
    return find.bind(1, channel).bind(2, equal).bind(3, now - (cry ? cry_repeated_within : repeated_within)).bind(4, cry).step();
}

const std::string quarantined_rows = R"sql(
    SELECT b.id, min(i.id), b.channel, b.at, i.why, length(b.body), max(EXISTS (SELECT 1 FROM alarms a WHERE a.inbound_id = i.id))
      FROM inbound i JOIN hook_bodies b ON b.id = i.body_id
     WHERE i.class = 'quarantined' AND i.step = 'done' AND b.understood = 0 AND length(b.body) > 0 )sql";

QuarantinedRow read_quarantined(const Statement& row) {
    constexpr std::int64_t sealing = 1 + 24 + 16;  // key, nonce, tag
    auto bytes = row.integer(5) - sealing;
    return {row.integer(0), row.integer(1), row.text(2), row.maybe_text(4).value_or(""), row.instant(3), bytes, row.integer(6) == 1};
}

}  // namespace

Instant written_at(const std::optional<Instant>& by_vendor, Instant received_at) {
    constexpr Millis ahead = std::chrono::minutes(5), longest_way = std::chrono::hours(24 * 7);
    if (by_vendor && *by_vendor <= received_at + ahead && received_at - *by_vendor < longest_way) return std::min(*by_vendor, received_at);
    return received_at;
}

std::string inbound_text_context(std::int64_t id) { return fmt::format(FMT_COMPILE("inbound.text:{}"), id); }
std::string inbound_phone_context(std::int64_t id) { return fmt::format("inbound.phone:{}", id); }

void keep_body(Connection& db, const Seal& seal, std::int64_t id, std::string_view channel, const HookCall& call, bool understood, Instant now) {
    keep_packed(db, seal, id, channel, pack(call), understood, now);
}

bool keep_receipt(Connection& db, const Seal& seal, std::string_view channel, const NewReceipt& r, const std::optional<std::int64_t>& body_id, Instant now,
                  const ReceiptFate& fate) {
    // Ids recur at some carriers: what one says of another phone is another report.
    auto key = r.key_is_open && !r.key.empty() ? r.key
               : !r.key.empty()                ? open_id(seal, r.key)
                                               : fmt::format("{}|{}|{}|{}|{}|{}", r.ref, r.vendor_id, r.state, r.code, r.at ? to_millis(*r.at) : 0, r.phone_id.value_or(0));
    Statement add(db, R"sql(
        INSERT INTO receipts(id, channel, key, body_id, ref, vendor_id, phone_id, state, code, meaning, at, received_at, step, message_id)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (channel, key) DO NOTHING)sql");
    add.bind(1, db.next_id("receipts")).bind(2, channel).bind(3, key).bind(4, body_id).bind(5, r.ref.empty() ? std::nullopt : std::optional(r.ref));
    add.bind(6, r.vendor_id).bind(7, r.phone_id).bind(8, r.state).bind(9, r.code).bind(10, r.meaning).bind(11, r.at).bind(12, now).bind(13, fate.step).bind(14, fate.message_id).run();
    return db.changes() > 0;
}

void make_ready(const Seal& seal, NewText& text) { text.ready = ready_of(seal, text); }

InboundRow begin_text(Connection& db, const Seal& seal, std::string_view channel, const NewText& text, Instant now) {
    auto ready = text.ready ? *text.ready : ready_of(seal, text);
    InboundRow row;
    row.id = db.next_id("inbound"), row.channel = channel, row.key = std::move(ready.key), row.to = std::move(ready.to), row.extension = std::move(ready.extension);
    row.at = text.at, row.received_at = now;
    if (row.key.starts_with("t:")) row.key += std::to_string(row.id);
    if (!ready.phone_key.empty()) row.phone_id = keep_phone(db, seal, text.from, ready.phone_key, now);
    return row;
}

bool keep_text_as(Connection& db, const Seal& seal, const InboundRow& row, const NewText& text, const std::optional<std::int64_t>& body_id, const std::optional<Reading>& reading) {
    Statement add(db, R"sql(
        INSERT INTO inbound(id, channel, key, body_id, phone_id, phone, to_number, extension, text, at, received_at, step, class, case_id, match, label, rating, method, confidence, why)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20) ON CONFLICT (channel, key) DO NOTHING)sql");
    add.bind(1, row.id).bind(2, row.channel).bind(3, row.key).bind(4, body_id).bind(5, row.phone_id);
    add.bind_maybe_blob(6, row.phone_id ? std::nullopt : std::optional(seal.seal(text.from.reveal(), inbound_phone_context(row.id))));
    add.bind(7, row.to).bind(8, row.extension).bind_blob(9, seal.seal(text.text.reveal(), inbound_text_context(row.id))).bind(10, row.at).bind(11, row.received_at);
    add.bind(12, reading ? "done" : "new");
    if (reading) {
        const auto& r = *reading;
        add.bind(13, r.what).bind(14, r.case_id).bind(15, r.match).bind(16, r.label).bind(17, r.rating).bind(18, r.method).bind_real(19, r.confidence).bind(20, r.why);
    }
    add.run();
    if (db.changes() == 0) return false;
    if (!reading) append(db, row.received_at, "inbound", std::nullopt, fmt::format(R"({{"id":{},"channel":"{}"}})", row.id, row.channel));
    else append(db, row.received_at, "read", reading->case_id, fmt::format(FMT_COMPILE(R"({{"inbound":{},"class":"{}","why":"{}","channel":"{}"}})"), row.id, reading->what, reading->why, row.channel));
    return true;
}

bool keep_text(Connection& db, const Seal& seal, std::string_view channel, const NewText& text, const std::optional<std::int64_t>& body_id, Instant now) {
    return keep_text_as(db, seal, begin_text(db, seal, channel, text, now), text, body_id, std::nullopt);
}

bool any_new_texts(Connection& db) {
    Statement find(db, "SELECT 1 FROM inbound WHERE step = 'new' LIMIT 1");
    return find.step();
}

bool any_new_text_of(Connection& db, std::int64_t phone_id) {
    Statement find(db, "SELECT 1 FROM inbound WHERE phone_id = ?1 AND step = 'new' LIMIT 1");
    return find.bind(1, phone_id).step();
}

std::optional<std::vector<std::int64_t>> keep_quarantined(Connection& db, const Seal& seal, std::string_view channel, const HookCall& call, std::string_view why, Instant now,
                                                          const std::vector<Cry>& cries, const TakenInPart* in_part) {
    auto equal = quarantine_key(seal, call);
    if (is_repetition(db, channel, equal, !cries.empty(), now)) return std::nullopt;
    auto body_id = in_part ? in_part->body_id : db.next_id("hook_bodies");
    auto key = fmt::format("{}:b{}", equal, body_id);
    keep_packed(db, seal, body_id, channel, pack(QuarantinedCall{call, false, in_part ? in_part->places : std::vector<std::string>()}), false, now);
    auto keep = [&](const std::string& row_key, const Cry* cry) {
        auto id = db.next_id("inbound");
        Statement add(db, R"sql(
            INSERT INTO inbound(id, channel, key, body_id, phone_id, text, to_number, extension, received_at, step, class, why, phone)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, '', '', ?7, 'done', 'quarantined', ?8, ?9))sql");
        add.bind(1, id).bind(2, channel).bind(3, row_key).bind(4, body_id);
        bool mobile = cry && cry->from && cry->from->is_mobile(), other = cry && cry->from && !mobile;
        add.bind(5, mobile ? std::optional(keep_phone(db, seal, *cry->from, seal.phone_key(*cry->from), now)) : std::nullopt);
        add.bind_maybe_blob(9, other ? std::optional(seal.seal(cry->from->reveal(), inbound_phone_context(id))) : std::nullopt);
        add.bind_maybe_blob(6, cry ? std::optional(seal.seal(cry->words.reveal(), inbound_text_context(id))) : std::nullopt);
        add.bind(7, now).bind(8, why).run();
        append(db, now, "quarantined", std::nullopt, fmt::format(R"({{"id":{},"channel":"{}"}})", id, channel));
        return id;
    };
    if (cries.empty()) keep(key, nullptr);
    std::vector<std::int64_t> rows;
    for (std::size_t n = 0; n < cries.size(); ++n) {
        auto row_key = n == 0 ? key : fmt::format("{}:{}", key, n);
        rows.push_back(keep(row_key, &cries[n]));
        for (std::size_t of = 0; of < cries[n].folded.size(); ++of) keep(fmt::format("{}{}{}", row_key, folded_in, of), &cries[n].folded[of]);
    }
    return rows;
}

Text words_of(const Cry& cry) {
    constexpr std::size_t longest = 16 * 1024;
    auto out = cry.words.reveal();
    std::size_t left = 0;
    for (const auto& one : cry.folded) {
        auto line = (one.from ? one.from->reveal() : std::string("?")) + ": " + one.words.reveal();
        if (out.size() + line.size() > longest) ++left;
        else out += "\n" + line;
    }
    if (left > 0) out += fmt::format("\n〔另有 {} 个号码 and {} numbers more〕", left, left);
    return Text(std::move(out));
}

std::vector<Cry> find_folded(Connection& db, const Seal& seal, std::int64_t inbound_id) {
    // Their keys are that of the alarm's text, folded_in and a number; '0' is the character behind folded_in.
    Statement find(db, R"sql(
        SELECT m.id, m.phone_id, m.phone, m.text
          FROM inbound h JOIN inbound m ON m.channel = h.channel AND m.key >= h.key || '/' AND m.key < h.key || '0'
         WHERE h.id = ?1 AND h.class = 'quarantined' AND m.class = 'quarantined' AND length(m.text) > 0 ORDER BY m.id)sql");
    std::vector<Cry> out;
    for (find.bind(1, inbound_id); find.step();) {
        auto id = find.integer(0);
        Cry cry;
        if (!find.is_null(1)) {
            if (auto phone = find_phone(db, seal, find.integer(1))) cry.from = std::move(*phone);
        } else if (auto sealed = find.maybe_text(2)) {
            if (auto plain = seal.open(*sealed, inbound_phone_context(id))) cry.from = Phone::sender(*plain);
        }
        if (auto plain = seal.open(find.text(3), inbound_text_context(id))) cry.words = Text(std::move(*plain));
        out.push_back(std::move(cry));
    }
    return out;
}

std::vector<QuarantinedRow> find_quarantined(Connection& db, const std::optional<std::string>& channel, std::int64_t after, int most) {
    Statement find(db, quarantined_rows + "AND b.id > ?1 AND (?2 IS NULL OR b.channel = ?2) GROUP BY b.id ORDER BY b.id LIMIT ?3");
    find.bind(1, after).bind(2, channel).bind(3, most);
    std::vector<QuarantinedRow> rows;
    while (find.step()) rows.push_back(read_quarantined(find));
    return rows;
}

std::optional<QuarantinedRow> find_quarantined(Connection& db, std::int64_t id) {
    Statement find(db, quarantined_rows + "AND b.id = ?1 GROUP BY b.id");
    return find.bind(1, id).step() ? std::optional(read_quarantined(find)) : std::nullopt;
}

Result<QuarantinedCall> open_quarantined(Connection& db, const Seal& seal, std::int64_t id) {
    Statement find(db, "SELECT body FROM hook_bodies WHERE id = ?1 AND length(body) > 0");
    if (!find.bind(1, id).step()) return fail(Error::Kind::not_found, "nothing of it is kept any more");
    auto sealed = find.text(0);
    QuarantinedCall out;
    if (auto packed = seal.open(sealed, call_context(id))) {
        auto call = unpack(*packed);
        if (!call) return fail(Error::Kind::internal, fmt::format("callback {} is not as it was written", id));
        out.call = std::move(*call);
        take_out_places(out);
        return out;
    }
    auto old = seal.open(sealed, old_body_context(id));
    if (!old) return tl::unexpected(old.error());
    out.call.body = std::move(*old), out.query_or_body = true;
    return out;
}

namespace {

// It waits, and as many of its texts are taken as when it was opened: between opening and writing others may have read of it.
bool is_as_opened(Connection& db, const Seal& seal, std::int64_t id, const QuarantinedCall& kept) {
    Statement waits(db, "SELECT 1 FROM hook_bodies WHERE id = ?1 AND understood = 0 AND length(body) > 0");
    if (!waits.bind(1, id).step()) return false;
    auto now = open_quarantined(db, seal, id);
    return now && now->taken == kept.taken;
}

tl::unexpected<Error> read_meanwhile(std::int64_t id) { return fail(Error::Kind::conflict, fmt::format("callback {} was read again meanwhile", id)); }

}  // namespace

Result<void> record_taken(Connection& db, const Seal& seal, std::int64_t id, const QuarantinedCall& kept, std::vector<std::string> taken) {
    if (!is_as_opened(db, seal, id, kept)) return read_meanwhile(id);
    auto more = kept;
    more.taken = std::move(taken);
    Statement put(db, "UPDATE hook_bodies SET body = ?2 WHERE id = ?1");
    put.bind(1, id).bind_blob(2, seal.seal(pack(more), call_context(id))).run();
    return {};
}

Result<void> mark_reread(Connection& db, const Seal& seal, std::int64_t id, const QuarantinedCall& kept, Instant now) {
    if (!is_as_opened(db, seal, id, kept)) return read_meanwhile(id);
    Statement mark(db, "UPDATE hook_bodies SET understood = 1 WHERE id = ?1");
    mark.bind(1, id).run();
    append(db, now, "reread", std::nullopt, fmt::format(R"({{"callback":{}}})", id));
    return {};
}

std::vector<InboundRow> find_new_texts(Connection& db, int limit) {
    Statement find(db, "SELECT id, channel, key, to_number, extension, phone_id, text, at, received_at FROM inbound WHERE step = 'new' ORDER BY id LIMIT ?1");
    find.bind(1, limit);
    std::vector<InboundRow> rows;
    while (find.step()) {
        InboundRow row;
        row.id = find.integer(0), row.channel = find.text(1), row.key = find.text(2), row.to = find.text(3), row.extension = find.text(4);
        row.phone_id = find.maybe_integer(5), row.sealed_text = find.text(6), row.at = find.maybe_instant(7), row.received_at = find.instant(8);
        rows.push_back(std::move(row));
    }
    return rows;
}

bool is_replay(Connection& db, const InboundRow& row, Instant since) {
    if (!row.key.starts_with("t:")) return false;
    auto same = row.key.substr(0, row.key.rfind(':') + 1);
    Statement find(db, "SELECT 1 FROM inbound WHERE channel = ?1 AND key >= ?2 AND key < ?3 AND id < ?4 AND received_at >= ?5 LIMIT 1");
    auto end = same;
    end.back() = ';';  // the character after ':'
    return find.bind(1, row.channel).bind(2, same).bind(3, end).bind(4, row.id).bind(5, since).step();
}

void record_reading(Connection& db, std::int64_t inbound_id, const Reading& r, Instant now) {
    Statement write(db, R"sql(
        UPDATE inbound SET step = 'done', class = ?2, case_id = ?3, match = ?4, label = ?5, rating = ?6, method = ?7, confidence = ?8, why = ?9
         WHERE id = ?1 AND step = 'new')sql");
    write.bind(1, inbound_id).bind(2, r.what).bind(3, r.case_id).bind(4, r.match).bind(5, r.label);
    if (r.rating) write.bind(6, *r.rating);
    else write.bind_null(6);
    write.bind(7, r.method).bind_real(8, r.confidence).bind(9, r.why).run();
    append(db, now, "read", r.case_id, fmt::format(R"({{"inbound":{},"class":"{}","why":"{}"}})", inbound_id, r.what, r.why));
}

std::optional<Scale> scale_of_survey(Connection& db, std::int64_t message_id) {
    Statement kept(db, R"sql(
        SELECT coalesce((SELECT scale FROM survey_scales WHERE message_id = ?1), (SELECT '110-3' FROM meta WHERE key = 'survey_scales_after' AND CAST(value AS INTEGER) < ?1)))sql");
    return kept.bind(1, message_id).step() && !kept.is_null(0) ? parse_scale(kept.text(0)) : std::nullopt;
}

// In the order of the index and sorted here: SQLite would make a table for it.
TextsTo texts_to(Connection& db, std::int64_t phone_id, Instant told_since) {
    Statement find(db, R"sql(
        SELECT purpose, state, made_at, id, case_id, coalesce(slot, 0), open, claimed_at, coalesce(answer_until, claimed_at), template FROM messages WHERE phone_id = ?1 ORDER BY id)sql");
    TextsTo out;
    for (find.bind(1, phone_id); find.step();) {
        using enum MessageState;
        auto purpose = parse_purpose(find.view(0)).value();
        auto state = parse_message_state(find.view(1)).value();
        if (state == cancelled) continue;
        out.all.push_back({find.maybe_integer(4), purpose, state, find.maybe_instant(7)});
        if (state == held) continue;
        if (purpose == Purpose::survey && state != due && state != not_sent)
            out.surveys.push_back({find.integer(3), find.integer(4), static_cast<int>(find.integer(5)), find.integer(6) == 1, find.instant(7), find.instant(8), find.text(9), state});
        if (state == failed || find.instant(2) < told_since) continue;
        out.told.emergency = out.told.emergency || purpose == Purpose::emergency;
        out.told.opt_out = out.told.opt_out || purpose == Purpose::opt_out;
        out.told.help = out.told.help || purpose == Purpose::help;
    }
    std::ranges::stable_sort(out.surveys, {}, &SentSurvey::claimed_at);
    return out;
}

std::vector<SentSurvey> sent_surveys_to(Connection& db, std::int64_t phone_id) { return texts_to(db, phone_id, Instant::max()).surveys; }

std::optional<std::int64_t> newest_case_of(Connection& db, std::int64_t phone_id) {
    Statement find(db, "SELECT id FROM cases WHERE phone_id = ?1 ORDER BY received_at DESC, id DESC LIMIT 1");
    return find.bind(1, phone_id).step() ? std::optional(find.integer(0)) : std::nullopt;
}

}  // namespace pingjing::store

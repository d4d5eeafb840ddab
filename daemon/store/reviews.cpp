#include "daemon/store/reviews.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/first_answer.hpp"
#include "daemon/store/followups.hpp"
#include "daemon/store/outbox.hpp"
#include "daemon/store/parties.hpp"
#include "daemon/store/phones.hpp"
#include "daemon/store/ratings.hpp"
#include "daemon/store/receipts.hpp"
#include "daemon/store/sqlite.hpp"

namespace pingjing::store {
namespace {

struct Kind {
    std::string_view name{};
    std::vector<Choice> choices{};
};
const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = {
        {"words", {{"confirmed"}, {"corrected", true}, {"none"}}},
        {"ambiguous", {{"rated", true}, {"none"}}},
        {"unknown_words", {{"rated", true}, {"none"}}},
        {"several_open", {{"rated", true}, {"none"}}},
        {"better_after_worse", {{"keep_first"}, {"accept"}}},
        {"set_aside", {{"read_again"}, {"none"}}},
        {"data_error", {{"confirmed"}, {"none"}}},
    };
    return all;
}

// A vendor's clock may be behind ours, as in ratings/match.
constexpr Millis vendor_clock_behind = std::chrono::minutes(10);

// A citizen's text, as far as a decision needs it.
struct InboundText {
    std::optional<std::int64_t> case_id{}, phone_id{};
    Instant at{};
    std::string what{}, label{};
    bool erased = false;
};
std::optional<InboundText> find_text(Connection& db, const Review& review) {
    if (!review.inbound_id) return std::nullopt;
    Statement find(db, "SELECT case_id, phone_id, at, received_at, class, label, length(text) > 0 FROM inbound WHERE id = ?1");
    if (!find.bind(1, *review.inbound_id).step()) return std::nullopt;
    return InboundText{find.maybe_integer(0), find.maybe_integer(1), written_at(find.maybe_instant(2), find.instant(3)), find.text(4), find.text(5), find.integer(6) == 0};
}

// A grade has no digit of its own on a scale of five: the one nearest to the middle.
int digit_of(Connection& db, std::int64_t case_id, Grade grade, const Services& services) {
    Statement asked(db, "SELECT template, id FROM messages WHERE case_id = ?1 AND purpose = 'survey'");
    bool was_asked = asked.bind(1, case_id).step();
    auto kept = was_asked ? scale_of_survey(db, asked.integer(1)) : std::nullopt;
    auto scale = kept.value_or(services[was_asked ? services.of_text(asked.text(0)).value_or(0) : 0].scale);
    auto step = static_cast<int>(grade);
    return scale == Scale::three_110 ? step + 1 : 4 - step;
}

struct Rated {
    std::int64_t id = 0, case_id = 0;
    Instant at{};
    Grade grade = Grade::satisfied;
    int value = 0;
    std::string method{};
};
std::optional<Rated> find_rated(Connection& db, std::string_view where, std::int64_t id) {
    Statement find(db, fmt::format("SELECT id, case_id, at, grade, value, method FROM ratings WHERE {} ORDER BY id LIMIT 1", where));
    if (!find.bind(1, id).step()) return std::nullopt;
    return Rated{find.integer(0), find.integer(1), find.instant(2), parse_grade(find.text(3)).value(), static_cast<int>(find.integer(4)), find.text(5)};
}

void set_class(Connection& db, std::int64_t inbound_id, std::string_view from, std::string_view to) {
    Statement set(db, "UPDATE inbound SET class = ?3 WHERE id = ?1 AND class = ?2");
    set.bind(1, inbound_id).bind(2, from).bind(3, to).run();
}

bool is_party(Connection& db, std::int64_t case_id, const Decider& decider) {
    return find_parties(db, case_id).has(decider.badge, decider.unit);
}

// One decision on its way: what it is about, and what it makes.
class Decision {
public:
    Decision(Connection& db, const Review& review, InboundText text, const NewDecision& asked, const ReviewRules& rules, Instant now)
        : db_(db), review_(review), text_(std::move(text)), asked_(asked), rules_(rules), now_(now) {}

    Result<void> make(const std::vector<MayBeAbout>& surveys) {
        if (review_.kind == "words") return words();
        if (review_.kind == "better_after_worse") return better_after_worse();
        if (review_.kind == "set_aside") return set_aside();
        if (review_.kind == "data_error") return data_error();
        return ambiguous(surveys);
    }
    const DecidedReview& made() const { return made_; }
    std::optional<std::int64_t> case_id() const { return case_id_ ? case_id_ : review_.case_id; }

private:
    std::int64_t inbound() const { return *review_.inbound_id; }

    void rate(std::int64_t case_id, Instant at, Grade grade, int value, Effect effect) {
        case_id_ = case_id;
        made_.effect = effect_name(effect);
        made_.rating_id = record_rating(db_, {case_id, inbound(), at, grade, value, "person", made_.effect}, now_);
        // As where it is read: he who is dissatisfied is owed an answer also where another word of his counts.
        if (grade == Grade::dissatisfied && effect != Effect::second)
            made_.followup_opened = open_followup(db_, case_id, made_.rating_id, true, false, now_, now_ + rules_.call_back);
    }

    Result<void> words() {
        if (asked_.decision == "confirmed") return {};
        auto rated = find_rated(db_, "inbound_id = ?1 AND effect IN ('first', 'replaces') AND method <> 'person'", inbound());
        if (!rated) return fail(Error::Kind::conflict, "the rating that these words were read as is gone");
        if (asked_.decision == "none") return no_rating(*rated);
        if (*asked_.grade == rated->grade)
            return fail(Error::Kind::invalid_input, fmt::format("grade: expected another than {}, as which the words were read; or the decision confirmed", grade_name(rated->grade)));
        auto standing = standing_rating(db_, rated->case_id);
        bool stands = standing && standing->id == rated->id;
        rate(rated->case_id, rated->at, *asked_.grade, digit_of(db_, rated->case_id, *asked_.grade, rules_.services), stands ? Effect::replaces : Effect::repeated);
        return {};
    }

    // What he said besides, and what only did not count because these words came first, is the first answer now. The review is decided
    // before (see decide_review), so the standing rating is without it.
    Result<void> no_rating(const Rated& rated) {
        set_class(db_, inbound(), "rated", "none");
        case_id_ = rated.case_id;
        if (standing_rating(db_, rated.case_id)) return {};
        Statement find(db_, "SELECT inbound_id, at, grade, value, method FROM ratings WHERE case_id = ?1 AND effect = 'repeated' AND inbound_id <> ?2 ORDER BY at, id LIMIT 1");
        if (!find.bind(1, rated.case_id).bind(2, inbound()).step()) return {};
        NewRating next{rated.case_id, find.integer(0), find.instant(1), parse_grade(find.text(2)).value(), static_cast<int>(find.integer(3)), find.text(4), "replaces"};
        made_.effect = "replaces";
        made_.rating_id = record_rating(db_, next, now_);
        set_class(db_, next.inbound_id, "repeated", "rated");
        if (next.method == "words" || next.method == "emoji") open_review(db_, "words", rated.case_id, next.inbound_id, now_);
        return {};
    }

    Result<void> better_after_worse() {
        if (asked_.decision == "keep_first") return {};
        auto better = find_rated(db_, "inbound_id = ?1 AND effect = 'review'", inbound());
        if (!better) return fail(Error::Kind::conflict, "the rating that this is about is gone");
        auto standing = standing_rating(db_, better->case_id);
        if (standing && standing->at > better->at)
            return fail(Error::Kind::conflict, "the rating that stands was written after this one, so this one is not the last word; keep_first leaves it so");
        set_class(db_, inbound(), "repeated", "rated");
        rate(better->case_id, better->at, better->grade, better->value, Effect::replaces);
        return {};
    }

    Result<void> set_aside() {
        if (asked_.decision == "none") return {};
        if (text_.erased) return fail(Error::Kind::conflict, "the text is erased: it cannot be read again");
        Statement again(db_, R"sql(
            UPDATE inbound SET step = 'new', class = NULL, case_id = NULL, match = NULL, label = NULL, rating = NULL, method = NULL, confidence = NULL, why = NULL
             WHERE id = ?1 AND class = 'quarantined')sql");
        again.bind(1, inbound()).run();
        made_.read_again = db_.changes() == 1;
        return {};
    }

    // The record named a number whose holder did not call, or it was he after all: then he is asked again. An opt-out of his own stays.
    Result<void> data_error() {
        if (asked_.decision == "confirmed" || !text_.phone_id) return {};
        Statement last(db_, "SELECT action || ' ' || source FROM opt_outs WHERE phone_id = ?1 ORDER BY id DESC LIMIT 1");
        if (last.bind(1, *text_.phone_id).step() && last.text(0) == "out wrong_number") record_opt_out(db_, *text_.phone_id, false, "wrong_number", "", now_);
        return {};
    }

    // Of a text before the first rating, what he said after it stands.
    Effect effect_of_text(std::int64_t case_id, bool late) const {
        std::optional<Before> before;
        if (auto standing = standing_rating(db_, case_id)) before = Before{standing->grade, standing->first_at};
        auto effect = effect_of(*asked_.grade, text_.at, false, late, load_answered_case(db_, case_id).followup_begun, before, rules_.correction_window);
        bool counts = effect == Effect::replaces || effect == Effect::review;
        return counts && text_.at < before->first_at ? Effect::repeated : effect;
    }

    Result<void> ambiguous(const std::vector<MayBeAbout>& surveys) {
        if (asked_.decision == "none") {
            set_class(db_, inbound(), "ambiguous", "none");
            return {};
        }
        auto about = std::ranges::find_if(surveys, [&](const MayBeAbout& s) { return asked_.record.empty() ? surveys.size() == 1 : s.record == asked_.record; });
        if (about == surveys.end()) return fail(Error::Kind::invalid_input, expected_case(surveys));
        auto effect = effect_of_text(about->survey.case_id, text_.at > about->survey.answer_until);
        Statement matched(db_, "UPDATE inbound SET class = ?2, case_id = ?3, match = CASE WHEN case_id IS NULL THEN 'person' ELSE match END WHERE id = ?1");
        matched.bind(1, inbound()).bind(2, class_of(effect)).bind(3, about->survey.case_id).run();
        lift_to_delivered(db_, about->survey.message, "reply", now_);
        rate(about->survey.case_id, text_.at, *asked_.grade, digit_of(db_, about->survey.case_id, *asked_.grade, rules_.services), effect);
        if (effect == Effect::review) open_review(db_, "better_after_worse", about->survey.case_id, inbound(), now_);
        return {};
    }

    // By the precedence of design.md A6.
    std::string class_of(Effect effect) const {
        if (text_.label == "opt_out" || text_.label == "help") return text_.label;
        if (effect == Effect::late) return "late";
        return effect == Effect::first || effect == Effect::replaces ? "rated" : "repeated";
    }

    static std::string expected_case(const std::vector<MayBeAbout>& surveys) {
        std::string out;
        for (const auto& s : surveys) out += (out.empty() ? "" : " or ") + s.record;
        return out.empty() ? "case_id: there is no survey that this text could be about; the decision none is left" : "case_id: expected " + out;
    }

    Connection& db_;
    const Review& review_;
    InboundText text_;
    const NewDecision& asked_;
    const ReviewRules& rules_;
    Instant now_;
    std::optional<std::int64_t> case_id_{};
    DecidedReview made_{};
};

Result<void> check_choice(const Review& review, const NewDecision& asked) {
    auto wrong = [](std::string_view field, const std::string& expected) { return fail(Error::Kind::invalid_input, fmt::format("{}: expected {}", field, expected)); };
    auto choices = review_choices(review.kind);
    if (choices.empty()) return fail(Error::Kind::conflict, fmt::format("reviews of kind {} are not decided here", review.kind));
    std::string names;
    for (const auto& c : choices) names += fmt::format("{}{}", names.empty() ? "" : &c == &choices.back() ? " or " : ", ", c.decision);
    auto choice = std::ranges::find(choices, asked.decision, &Choice::decision);
    if (choice == choices.end()) return wrong("decision", fmt::format("{}, for this review is of kind {}", names, review.kind));
    if (choice->grade && !asked.grade) return wrong("grade", "satisfied, basically_satisfied or dissatisfied");
    if (!choice->grade && asked.grade) return wrong("grade", fmt::format("none with the decision {}", asked.decision));
    if (!asked.record.empty() && asked.decision != "rated") return wrong("case_id", fmt::format("none with the decision {}", asked.decision));
    return {};
}

void close(Connection& db, const Seal& seal, const Review& review, const NewDecision& asked, const Decider& decider, Instant now) {
    Statement close(db, "UPDATE reviews SET closed_at = ?2, closed_by = ?3, decision = ?4 WHERE id = ?1 AND closed_at IS NULL");
    close.bind(1, review.id).bind(2, now).bind(3, decider.who).bind(4, asked.decision).run();
    if (asked.note.empty()) return;
    Statement note(db, "INSERT INTO review_notes(review_id, note) VALUES (?1, ?2)");
    note.bind(1, review.id).bind_blob(2, seal.seal(asked.note.reveal(), review_note_context(review.id))).run();
}

// Of whom only the token's number: the row, which the line vouches for, has the name.
std::string in_the_ledger(const Review& review, const NewDecision& asked, const Decider& decider) {
    auto out = fmt::format(R"({{"id":{},"kind":"{}","decision":"{}")", review.id, review.kind, asked.decision);
    if (asked.grade) out += fmt::format(R"(,"grade":"{}")", grade_name(*asked.grade));
    if (review.inbound_id) out += fmt::format(R"(,"inbound":{})", *review.inbound_id);
    return out + fmt::format(R"(,"by":"{}"}})", decider.who.substr(0, decider.who.find('/')));
}

// A text that nobody could decide, and whether somebody has to look at it still.
struct Unclear {
    std::int64_t id = 0, case_id = 0;
    std::optional<Instant> answer_until{};
    bool needs_nobody = false;
};

std::vector<Unclear> unclear_after(Connection& db, std::int64_t after) {
    std::vector<Unclear> out;
    Statement find(db, R"sql(
        SELECT i.id, i.case_id, (SELECT m.answer_until FROM messages m WHERE m.case_id = i.case_id AND m.purpose = 'survey'),
               i.case_id IS NULL OR length(coalesce(i.text, '')) = 0 OR EXISTS (SELECT 1 FROM reviews v WHERE v.case_id = i.case_id AND (v.kind = 'ambiguous' OR v.inbound_id = i.id))
          FROM inbound i WHERE i.step = 'done' AND i.class = 'ambiguous' AND i.id > ?1 ORDER BY i.id LIMIT ?2)sql");
    for (find.bind(1, after).bind(2, unclear_at_once); find.step();)
        out.push_back({find.integer(0), find.maybe_integer(1).value_or(0), find.maybe_instant(2), find.integer(3) != 0});
    return out;
}

}  // namespace

int open_reviews_of_unclear(Connection& db, UnclearSoFar& so_far, Instant now) {
    if (is_clock_held(db)) return 0;
    if (now - so_far.began >= std::chrono::hours(24) || now < so_far.began) so_far = {0, 0, now};
    auto texts = unclear_after(db, so_far.next);
    bool all_settled = so_far.settled == so_far.next;
    // One a case, also of texts that were found together.
    std::vector<std::int64_t> opened;
    for (const auto& text : texts) {
        bool settled = text.needs_nobody || std::ranges::find(opened, text.case_id) != opened.end() || standing_rating(db, text.case_id);
        if (!settled && text.answer_until && *text.answer_until < now) {
            open_review(db, "ambiguous", text.case_id, text.id, now);
            opened.push_back(text.case_id), settled = true;
        }
        all_settled = all_settled && settled;
        if (all_settled) so_far.settled = text.id;
        so_far.next = text.id;
    }
    if (std::ssize(texts) < unclear_at_once) so_far.next = so_far.settled;
    return static_cast<int>(texts.size());
}

std::string review_note_context(std::int64_t review_id) { return fmt::format("review_notes.note:{}", review_id); }

std::span<const Choice> review_choices(std::string_view kind) {
    auto found = std::ranges::find(kinds(), kind, &Kind::name);
    return found == kinds().end() ? std::span<const Choice>() : std::span<const Choice>(found->choices);
}

std::vector<std::string> review_kinds() {
    std::vector<std::string> out;
    for (const auto& kind : kinds()) out.emplace_back(kind.name);
    return out;
}

std::optional<Review> find_review(Connection& db, const Seal& seal, std::int64_t id) {
    Statement find(db, R"sql(
        SELECT r.kind, r.at, r.inbound_id, coalesce(r.case_id, i.case_id), r.closed_at, r.closed_by, r.decision, n.note,
               CASE WHEN r.decision IN ('corrected', 'rated')
                    THEN (SELECT g.grade FROM ratings g WHERE g.inbound_id = r.inbound_id AND g.case_id = i.case_id AND g.method = 'person' ORDER BY g.id LIMIT 1) END
          FROM reviews r LEFT JOIN inbound i ON i.id = r.inbound_id LEFT JOIN review_notes n ON n.review_id = r.id WHERE r.id = ?1)sql");
    if (!find.bind(1, id).step()) return std::nullopt;
    Review review{id, find.text(0), find.instant(1), find.maybe_integer(2), find.maybe_integer(3)};
    if (find.is_null(4)) return review;
    review.decided = Review::Decided{find.instant(4), find.text(5), find.text(6), find.maybe_text(8)};
    if (auto note = find.maybe_text(7))
        if (auto plain = seal.open(*note, review_note_context(id))) review.decided->note = Text(*plain);
    return review;
}

std::vector<MayBeAbout> surveys_of_review(Connection& db, const Review& review, const ReviewRules& rules) {
    auto text = find_text(db, review);
    std::vector<MayBeAbout> out;
    if (!text || !text->phone_id) return out;
    for (const auto& survey : sent_surveys_to(db, *text->phone_id)) {
        bool of_its_time = survey.claimed_at <= text->at + vendor_clock_behind && text->at - survey.claimed_at <= rules.late_window;
        if (review.case_id ? survey.case_id != *review.case_id : !of_its_time) continue;
        Statement record(db, "SELECT record FROM cases WHERE id = ?1");
        if (record.bind(1, survey.case_id).step()) out.push_back({survey, record.text(0)});
    }
    return out;
}

Decider find_decider(Connection& db, std::string_view who) {
    Decider decider{std::string(who)};
    auto token = identity_of(who).token;
    Statement find(db, "SELECT unit, badge FROM tokens WHERE id = ?1");
    if (token != 0 && find.bind(1, token).step()) decider.unit = find.text(0), decider.badge = find.text(1);
    return decider;
}

bool may_decide(Connection& db, const Review& review, const Decider& decider, const ReviewRules& rules) {
    if (review.case_id && is_party(db, *review.case_id, decider)) return false;
    return std::ranges::none_of(surveys_of_review(db, review, rules), [&](const MayBeAbout& s) { return is_party(db, s.survey.case_id, decider); });
}

Result<DecidedReview> decide_review(Connection& db, const Seal& seal, std::int64_t id, const NewDecision& asked, const Decider& decider, const ReviewRules& rules,
                                    Instant now) {
    auto review = find_review(db, seal, id);
    if (!review) return fail(Error::Kind::not_found, fmt::format("there is no review {}", id));
    if (!may_decide(db, *review, decider, rules)) return fail(Error::Kind::conflict, "whoever was at the scene, and his unit, do not decide about their own ratings");
    if (const auto& d = review->decided)
        return fail(Error::Kind::conflict, fmt::format("review {} was decided by {} at {}: {}", id, d->by, format_utc(d->at), d->decision));
    Statement taken_out(db, "SELECT 1 FROM appeals a JOIN inbound i ON i.case_id = a.case_id WHERE i.id = ?1 AND a.state = 'upheld' AND a.rating_id IS NOT NULL");
    if (review->inbound_id && asked.decision != "none" && asked.decision != "confirmed" && taken_out.bind(1, *review->inbound_id).step())
        return fail(Error::Kind::conflict, "two persons took this rating out on appeal: one does not bring it back");
    if (auto fits = check_choice(*review, asked); !fits) return tl::unexpected(fits.error());
    auto text = find_text(db, *review);
    if (!text) return fail(Error::Kind::conflict, fmt::format("the text of review {} is gone", id));

    // Closed first: what stands is asked for without it. Where it comes to nothing, so does this.
    Savepoint whole(db);
    close(db, seal, *review, asked, decider, now);
    Decision decision(db, *review, std::move(*text), asked, rules, now);
    if (auto made = decision.make(surveys_of_review(db, *review, rules)); !made) return tl::unexpected(made.error());
    append(db, now, "review_decided", decision.case_id(), in_the_ledger(*review, asked, decider));
    whole.keep();
    return decision.made();
}

}  // namespace pingjing::store

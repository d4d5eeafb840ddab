#include "tests/sim/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pingjing::sim {
namespace {

Steady hours(std::uint64_t n) { return std::chrono::hours(n); }
Steady minutes(std::uint64_t n) { return std::chrono::minutes(n); }

// In a short story all of it comes in half the time.
std::uint64_t within(const Shape& shape, std::uint64_t usual_minutes) { return shape.is_short ? usual_minutes / 2 : usual_minutes; }

config::Settings draw_settings(Random& random, const Shape& shape) {
    config::Settings s;
    s.service.sign = "示范公安";
    s.rules_sha256 = "sim";
    s.lists.categories_text = "code,name,rule\n01,盗窃,survey\n02,纠纷,survey_neutral\n06,家暴,dv\n09,无效,invalid\n";
    s.survey.since = "2026-01-01";
    s.survey.daily_ceiling = random.below(8) || shape.calls ? 100'000 : 5 + static_cast<std::int64_t>(random.below(20));
    if (shape.calls == 0 && random.below(3) == 0) s.reports.keep_texts = config::Days(1);
    std::string longer = random.below(4) ? "" : "您好,感谢您对公安工作的支持,您近日报警求助的事项现已办结,现诚邀您对民警的接处警工作作出评价。";
    for (const char* text : {"survey", "survey_neutral"}) s.texts[text] = "【{{sign}}】" + longer + "请回复1满意 2基本满意 3不满意。回T退订";
    for (const char* text : {"thanks", "thanks_dissatisfied", "unclear", "emergency", "opt_out", "help", "done", "canary"}) s.texts[text] = fmt::format("【{{{{sign}}}}】{}", text);
    for (const char* notice : {"notice_n0", "notice_n1", "notice_n2"}) s.notices.texts.push_back(notice), s.texts[notice] = fmt::format("【{{{{sign}}}}】{}", notice);
    bool two = shape.calls == 0 && random.below(3) == 0;
    auto digits = random.below(3) ? 2 : 0;
    for (int i = 0; i <= (two ? 1 : 0); ++i) {
        config::Channel c;
        c.name = i == 0 ? "carrier" : "reserve", c.provider = "simulated", c.source = i == 0 ? "106900110" : "106800110";
        c.extension_digits = digits;
        c.window = shape.calls ? 64 : 1 + static_cast<int>(random.below(8));
        c.tps = shape.calls ? 100 : 1 + static_cast<int>(random.below(20));
        s.channels.push_back(c);
    }
    std::vector<std::string> all, last;
    for (const auto& c : s.channels) all.push_back(c.name);
    last.push_back(all.back());
    if (two && random.below(2)) s.routes.push_back({.prefixes = {"1380000000"}, .channels = last});
    auto weights = two && random.below(3) == 0 ? std::vector<int>{1, 2} : std::vector<int>();
    s.routes.push_back({.channels = all, .weights = weights});
    if (shape.calls) return s;
    // Two of staff answer a test text each day, or do not.
    for (const char* staff : {"13700000001", "13700000002"}) {
        s.canary.phones.push_back(*Phone::mobile(staff));
        s.lists.staff_phones.push_back(*Phone::mobile(staff));
    }
    return s;
}

Faults draw_faults(Random& random) {
    Faults f;
    for (auto* share : {&f.retry, &f.throttled, &f.refused, &f.opted_out, &f.words, &f.config, &f.part, &f.swallowed, &f.answer_lost, &f.answer_late, &f.slow, &f.http_5xx_taken,
                        &f.http_5xx_not_taken, &f.http_garbage, &f.http_503, &f.http_never_left, &f.receipt_lost, &f.receipt_early, &f.receipt_doubled, &f.receipt_contradicts,
                        &f.receipt_without_ref, &f.receipt_by_phone, &f.receipt_elsewhere, &f.receipt_spelled, &f.receipt_buffered, &f.id_recurs, &f.reply_doubled, &f.reply_twice,
                        &f.reply_late, &f.reply_without_extension, &f.reply_without_key, &f.reply_early, &f.reply_old_slot, &f.reply_in_parts, &f.unasked, &f.short_code, &f.push_unheard})
        if (random.below(3) == 0) *share = random.unit() * 0.15;
    for (auto* share : {&f.reply_disordered, &f.part_disordered, &f.part_doubled, &f.part_lost, &f.push_many, &f.receipt_empty_number})
        if (random.below(3) == 0) *share = random.unit();
    for (auto* share : {&f.link_broke, &f.down})
        if (random.below(3) == 0) *share = random.unit() * 0.03;
    return f;
}

std::vector<std::pair<Steady, Steady>> draw_spans(Random& random, const Shape& shape, std::uint64_t one_in, std::uint64_t longest_minutes) {
    std::vector<std::pair<Steady, Steady>> spans;
    if (random.below(one_in)) return spans;
    auto from = minutes(random.below(within(shape, 40 * 60)));
    spans.emplace_back(from, from + minutes(5 + random.below(longest_minutes)));
    return spans;
}

std::string row(int call, int version, const std::string& phone, const char* category, Instant at) {
    return fmt::format(
        R"({{"id":"c{}","version":{},"state":"closed","calling_line":"{}","category":"{}","unit":"320102430000","officers":[{{"badge":"01","role":"lead"}}],"reported_at":"{}","closed_at":"{}"}})"
        "\n", call, version, phone, category, format_utc(at - std::chrono::minutes(40)), format_utc(at));
}

// Two days of batches: new calls, the same again, re-coded ones, safety cases; few phones, so that they meet.
void draw_calls(Plan& plan, Random& random, Instant origin, const Shape& shape) {
    auto calls = shape.calls ? shape.calls : shape.is_short ? 3 + static_cast<int>(random.below(12)) : 8 + static_cast<int>(random.below(50));
    auto phones = shape.calls ? static_cast<std::uint64_t>(shape.calls) : shape.is_short ? 2 + random.below(6) : 4 + random.below(24);
    auto span = shape.calls ? 12 * 60 : static_cast<int>(within(shape, 2 * 24 * 60));
    Batch fifty;  // of very many calls: as a 110 system sends what it has kept back
    auto add = [&](Batch batch, const char* category, const std::string& id) {
        if (std::string_view(category) == "06") plan.safety.emplace(batch.ndjson, id);
        plan.batches.emplace(batch.at, std::move(batch));
    };
    for (int i = 0; i < calls; ++i) {
        auto closed = minutes(random.below(static_cast<std::uint64_t>(span)));
        auto at = origin + std::chrono::duration_cast<Millis>(closed);
        auto phone = fmt::format("138{:08}", random.below(phones));
        auto kind = shape.calls ? 10 : random.below(20);
        const char* category = kind == 0 ? "06" : kind == 1 ? "09" : kind < 6 ? "02" : "01";
        auto id = fmt::format("c{}", i);
        Batch batch{closed + minutes(1), row(i, 1, phone, category, at), {id}};
        if (shape.calls) {
            fifty.at = std::max(fifty.at, batch.at);
            fifty.ndjson += batch.ndjson;
            fifty.ids.push_back(id);
            if (fifty.ids.size() == 50 || i + 1 == calls) add(std::exchange(fifty, {}), category, id);
            continue;
        }
        add(batch, category, id);
        if (random.below(6) == 0) {  // the 110 system forgets what it has sent
            batch.at += minutes(random.below(600));
            add(batch, category, id);
        }
        if (random.below(8) == 0) {
            const char* now = random.below(2) ? "06" : "02";
            Batch changed{closed + minutes(5 + random.below(900)), row(i, 2, phone, now, at), {id}};
            add(changed, now, id);
        }
    }
}

void draw_jumps(Plan& plan, Random& random, const Shape& shape) {
    struct { Millis by; const char* name; } kinds[] = {{-std::chrono::minutes(10), "clock set back by 10 minutes"}, {std::chrono::hours(1), "clock set on by an hour"},
                                                       {-std::chrono::hours(1), "clock set back by an hour"},       {std::chrono::hours(24), "clock set on by a day"},
                                                       {-std::chrono::hours(24), "clock set back by a day"},        {std::chrono::hours(24 * 365 * 12), "clock set to 2038"}};
    if (random.below(4)) return;
    const auto& kind = kinds[random.below(std::size(kinds))];
    plan.jumps.push_back({minutes(random.below(within(shape, 60 * 60))), minutes(1 + random.below(600)), kind.by, kind.name});
}

}  // namespace

Plan draw_plan(Random& random, Instant origin, const Shape& shape) {
    Plan plan;
    plan.end_of_trouble = hours(shape.is_short ? 2 * 24 : 3 * 24), plan.end_of_story = plan.end_of_trouble + hours(3 * 24);
    plan.settings = draw_settings(random, shape);
    draw_calls(plan, random, origin, shape);
    if (shape.outage > Steady(0)) {
        plan.outages[0].emplace_back(hours(2), hours(2) + shape.outage);
        plan.troubled = false;
        return plan;
    }
    plan.hooks = random.below(2) == 0;
    for (auto& faults : plan.faults) faults = draw_faults(random);
    for (int i = 0; i < 2; ++i) plan.outages[i] = draw_spans(random, shape, 3, random.below(6) ? 600 : 24 * 60), plan.black_holes[i] = draw_spans(random, shape, 4, 120);
    plan.police_down = draw_spans(random, shape, 5, 600);
    plan.desk_down = draw_spans(random, shape, 4, 300);
    for (auto* share : {&plan.desk_fails, &plan.desk_unheard, &plan.police_unheard, &plan.operator_resends, &plan.operator_stops, &plan.operator_cancels, &plan.operator_forgets})
        if (random.below(3) == 0) *share = random.unit() * 0.4;
    draw_jumps(plan, random, shape);
    for (auto n = random.below(3); n > 0; --n) plan.reloads.push_back(minutes(random.below(within(shape, 50 * 60))));
    if (random.below(5) == 0) plan.push_again = minutes(within(shape, 24 * 60) + random.below(within(shape, 36 * 60)));
    for (auto lives = random.below(8); lives > 0; --lives) plan.handlers.push_back(5 + random.below(std::uint64_t(1) << (4 + random.below(8))));
    plan.troubled = random.below(4) != 0;
    plan.notices = random.below(2) == 0;
    return plan;
}

}  // namespace pingjing::sim

#include "daemon/site_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/local_time.hpp"

namespace pingjing {

namespace {

Result<eligibility::CategoryMap> categories(std::string_view text) {
    return text.find("[[category]]") == std::string_view::npos ? eligibility::CategoryMap::read_csv(text) : eligibility::CategoryMap::read_toml(text);
}

// "gat:4: what" → "/etc/pingjing/gat.toml:4: what", in each line.
std::string in_file(const std::string& file, const std::string& name, std::string problems) {
    std::size_t line = 0;
    do {
        if (problems.compare(line, name.size() + 1, name + ":") == 0) problems.replace(line, name.size(), file);
        line = problems.find('\n', line);
    } while (line++ != std::string::npos);
    return problems;
}

}  // namespace

Instant initialised_at(store::Connection& db) {
    store::Statement read(db, "SELECT value FROM meta WHERE key = 'initialised_at'");
    return read.step() ? from_millis(std::stoll(read.text(0))) : Instant{};
}

Result<eligibility::SiteRules> site_rules(const config::Settings& settings, const store::Seal& seal, Instant initialised_at) {
    eligibility::SiteRules rules;
    const auto& survey = settings.survey;
    if (!settings.lists.categories_text.empty()) {
        auto map = categories(settings.lists.categories_text);
        if (!map) return tl::unexpected(map.error());
        rules.categories = std::move(*map);
    }
    rules.mode = static_cast<eligibility::Mode>(survey.mode);
    static_assert(static_cast<int>(eligibility::Mode::shadow) == static_cast<int>(config::Mode::shadow) &&
                  static_cast<int>(eligibility::Mode::on) == static_cast<int>(config::Mode::on));
    rules.pilot_units.insert(survey.pilot_units.begin(), survey.pilot_units.end());
    for (const auto& phone : settings.lists.staff_phones) rules.staff_keys.insert(seal.phone_key(phone));
    rules.timing.zone = settings.service.timezone;
    rules.timing.delay = survey.delay;
    rules.timing.min_delay = survey.min_delay;
    rules.timing.hours = {survey.hours.from, survey.hours.to};
    rules.timing.spread = survey.spread;
    rules.max_age = survey.max_age;
    rules.safety_hold = survey.safety_hold;
    rules.adult_age = survey.adult_age;
    rules.per_phone_24h = survey.per_phone_24h;
    rules.per_phone_30d = survey.per_phone_30d;
    rules.sha256 = settings.rules_sha256;
    rules.services = survey.services();
    for (const auto& other : survey.others) {
        eligibility::ServiceRules service;
        service.rated = static_cast<eligibility::ServiceRules::Rated>(other.rated);
        service.timing = rules.timing;
        service.timing.delay = other.delay, service.timing.hours = {other.hours.from, other.hours.to}, service.timing.spread = other.spread;
        if (!other.categories_text.empty()) {
            auto map = categories(other.categories_text);
            if (!map) return tl::unexpected(map.error());
            service.categories = std::move(*map);
        }
        rules.others.push_back(std::move(service));
    }

    if (survey.since.empty()) {
        rules.since = initialised_at;
    } else if (auto day = day_range(survey.since, settings.service.timezone)) {
        rules.since = day->from;
    } else {
        return fail(Error::Kind::invalid_input, fmt::format("since = {}: expected a day, 2026-11-21", survey.since));
    }
    return rules;
}

Result<std::shared_ptr<const intake::Mappings>> site_mappings(const config::Settings& settings) {
    auto all = std::make_shared<intake::Mappings>(intake::Mappings::built_in());
    for (const auto& [name, text] : settings.mappings) {
        auto mapping = intake::read_mapping(name, text);
        if (!mapping) return fail(mapping.error().kind, in_file(settings.mapping_files.at(name), name, mapping.error().detail));
        all->add(std::move(*mapping));
    }
    // Else every drop file would be set aside, one after the other.
    std::string unknown;
    auto look = [&](const config::Intake& door) {
        if (!door.mapping.empty() && !all->find(door.mapping))
            unknown += fmt::format("{}{}: mapping = \"{}\": expected one of {}, or a file that ends in .toml", unknown.empty() ? "" : "\n", door.mapping_at, door.mapping, fmt::join(all->names(), ", "));
    };
    look(settings.intake);
    for (const auto& door : settings.service_intakes)
        if (door.mapping_at != settings.intake.mapping_at) look(door);
    if (!unknown.empty()) return fail(Error::Kind::invalid_input, unknown);
    if (settings.mappings.empty()) return std::shared_ptr<const intake::Mappings>();  // the built-in ones
    return std::shared_ptr<const intake::Mappings>(std::move(all));
}

intake::RecordRules record_rules(const config::Settings& settings, Instant now) {
    intake::RecordRules rules;
    for (const auto& flag : settings.lists.flags) rules.flags[flag.word] = flag.code;
    rules.zone = settings.service.timezone;
    rules.now = now;
    if (auto mappings = site_mappings(settings)) rules.mappings = std::move(*mappings);
    return rules;
}

int reply_slots(const config::Settings& settings, const std::vector<const provider::Abilities*>& abilities) {
    constexpr int most_digits = 3;  // a thousand surveys to one phone are not told apart by people
    if (!settings.survey.extension_reply_code) return 1;
    int digits = most_digits;
    for (std::size_t c = 0; c < settings.channels.size(); ++c)
        digits = std::min(digits, abilities[c]->extension ? settings.channels[c].extension_digits : 0);
    int slots = 1;
    for (int i = 0; i < digits; ++i) slots *= 10;
    return slots;
}

std::vector<outbox::Route> site_routes(const config::Settings& settings) {
    std::vector<outbox::Route> routes;
    for (const auto& route : settings.routes) {
        outbox::Route r{.prefixes = route.prefixes, .carriers = route.carriers, .channels = {}, .weights = route.weights, .known_numbers_too = route.known_numbers_too};
        for (const auto& name : route.channels)
            for (std::size_t c = 0; c < settings.channels.size(); ++c)
                if (settings.channels[c].name == name) r.channels.push_back(c);
        routes.push_back(std::move(r));
    }
    return routes;
}

Result<outbox::PolicyPtr> sending_policy(const config::Settings& settings, std::shared_ptr<const eligibility::SiteRules> rules, const store::Seal& seal,
                                         Random& random, const std::vector<const provider::Abilities*>& abilities) {
    auto policy = std::make_shared<outbox::Policy>();
    auto texts = outbox::Texts::parse(settings.texts, {settings.service.sign, settings.service.sms_alarm});
    if (!texts) return tl::unexpected(texts.error());
    policy->texts = std::move(*texts);
    for (const auto& [language, sources] : settings.texts_of) {
        auto others = outbox::Texts::parse(sources, {settings.service.sign, settings.service.sms_alarm});
        if (!others) return fail(others.error().kind, language + ": " + others.error().detail);
        policy->texts_of.emplace(language, std::move(*others));
    }
    const auto& survey = settings.survey;
    policy->surveys_flow = survey.mode == config::Mode::on || survey.mode == config::Mode::pilot;
    policy->slots = reply_slots(settings, abilities);
    policy->answer_window = survey.answer_window;
    policy->answer_within = survey.answer_within;
    policy->slot_rest = survey.slot_rest;
    policy->safety_hold = survey.safety_hold;
    policy->in_doubt_rest = survey.in_doubt_rest;

    for (std::size_t c = 0; c < settings.channels.size(); ++c) {
        const auto& channel = settings.channels[c];
        outbox::ChannelRules r;
        r.name = channel.name, r.window = channel.window, r.tps = channel.tps, r.extension_digits = channel.extension_digits;
        r.most_parts = channel.most_parts > 0 ? channel.most_parts : abilities[c]->largest_parts;
        r.parts_of = abilities[c]->parts_of;
        r.carrier_adds_sign = channel.carrier_adds_sign;
        r.daily_ceiling = channel.daily_ceiling.value_or(survey.daily_ceiling);
        r.submit_timeout = channel.submit_timeout, r.validity = channel.validity, r.no_report_after = channel.no_report_after;
        if (channel.hours) {
            auto timing = rules->timing;
            timing.hours = {channel.hours->from, channel.hours->to};
            r.open = [timing](Instant t) { return eligibility::inside_hours(t, timing); };
            auto from = channel.hours->from.count();
            r.opens = fmt::format("{:02}:{:02}", from / 60, from % 60);
        }
        policy->channels.push_back(std::move(r));
    }
    policy->routes = site_routes(settings);
    policy->number_plan = settings.lists.number_plan;

    policy->decide = [rules](store::Connection& db, const store::StoredCase& about, const std::string& phone_key, const std::vector<Instant>& other_surveys, Instant now) {
        return eligibility::decide_again(db, *rules, about, phone_key, other_surveys, now);
    };
    policy->next_sending_time = [rules, &seal](const store::StoredCase& about, Instant now) { return eligibility::next_sending_time(*rules, seal, about, now); };
    policy->called_off = [rules, &seal, &random](store::Connection& db, std::int64_t phone_id, Instant now) {
        eligibility::reconsider_capped(db, seal, random, *rules, phone_id, now);
    };
    policy->closing_time = [rules](const std::optional<store::StoredCase>& about, Instant t) {
        return eligibility::closing_time(t, rules->timing_of(about ? rules->services.of(about->source, about->attended) : 0));
    };
    policy->question = [rules](const store::StoredCase& about, std::string_view kind) {
        const auto& service = rules->services[rules->services.of(about.source, about.attended)];
        return outbox::Policy::Question{kind.starts_with("survey_neutral") ? service.neutral : service.survey, service.scale};
    };
    auto zone = settings.service.timezone;
    policy->local_day = [zone](Instant t) { return pingjing::local_day(t, zone); };
    policy->start_of_day = [zone](Instant t) { return day_range(local_day(t, zone), zone)->from; };
    return outbox::PolicyPtr(std::move(policy));
}

followup::Rules followup_rules(const config::Settings& settings) {
    const auto& from = settings.followup;
    followup::Rules rules;
    rules.call_back = from.call_back, rules.call_attempts = from.call_attempts, rules.safety_hold = settings.survey.safety_hold;
    rules.rectify_days = from.rectify_days, rules.review_days = from.review_days, rules.told_days = from.told_days;
    rules.appeal_days = from.appeal_days, rules.appeal_decision_days = from.appeal_decision_days;
    rules.appeals_open = from.appeals_open;
    rules.answers_until = settings.survey.max_age + settings.survey.answer_window;
    rules.working_days = from.working_days, rules.zone = settings.service.timezone;
    return rules;
}

ratings::AnswerRules answer_rules(const config::Settings& settings, int slots) {
    ratings::AnswerRules rules;
    const auto& survey = settings.survey;
    rules.services = survey.services();
    rules.slots = slots;
    rules.late_window = survey.late_window, rules.correction_window = survey.correction_window, rules.answer_within = survey.answer_within;
    rules.confirm_again_after = survey.confirm_again_after, rules.opt_out_replay = survey.opt_out_replay, rules.opt_out_zero = survey.opt_out_zero;
    rules.thanks = survey.thanks;
    rules.safety_hold = survey.safety_hold;
    rules.call_back = settings.followup.call_back;
    rules.question = settings.followup.question;
    rules.staffed = settings.followup.staffed, rules.basically_with_complaint = settings.followup.basically_with_complaint;
    return rules;
}

store::LetterRules letter_rules(const config::Settings& settings) {
    return {settings.survey.answer_within, settings.survey.safety_hold};
}

notices::NoticeRules notice_rules(const config::Settings& settings) {
    const auto& from = settings.notices;
    return {{from.texts.begin(), from.texts.end()}, static_cast<std::size_t>(from.most), settings.service.timezone, {settings.survey.safety_hold, from.stands}};
}

store::ReviewRules review_rules(const config::Settings& settings) {
    return {settings.survey.services(), settings.survey.late_window, settings.survey.correction_window, settings.followup.call_back};
}

}  // namespace pingjing

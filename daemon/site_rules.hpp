// The configuration as the stages want it: each gets its own plain rules, and nobody but this file knows both sides.
#pragma once
#include <memory>
#include <vector>

#include "daemon/config/settings.hpp"
#include "daemon/eligibility/eligibility.hpp"
#include "daemon/followup/steps.hpp"
#include "daemon/intake/record.hpp"
#include "daemon/notices/api.hpp"
#include "daemon/outbox/policy.hpp"
#include "daemon/ratings/answers.hpp"
#include "daemon/store/letters.hpp"
#include "daemon/store/reviews.hpp"
#include "daemon/store/seal.hpp"
#include "daemon/store/store.hpp"
#include "providers/provider.hpp"

namespace pingjing {

// The moment of `init`, which is `since` where the configuration names none.
Instant initialised_at(store::Connection& db);
// Errors name the key at fault.
Result<eligibility::SiteRules> site_rules(const config::Settings& settings, const store::Seal& seal, Instant initialised_at);
// The built-in mappings of 110 systems and the site's own, null where there are none of its own, and whether those that drop folders name
// are among them; the error names the file and the line at fault.
Result<std::shared_ptr<const intake::Mappings>> site_mappings(const config::Settings& settings);
// Of settings whose mappings were checked.
intake::RecordRules record_rules(const config::Settings& settings, Instant now);

// How many reply slots a phone has: as many as the shortest extension of any channel can tell apart, one where a channel has none.
int reply_slots(const config::Settings& settings, const std::vector<const provider::Abilities*>& abilities);

std::vector<outbox::Route> site_routes(const config::Settings& settings);
// `rules` and `seal` are kept by the policy's functions.
Result<outbox::PolicyPtr> sending_policy(const config::Settings& settings, std::shared_ptr<const eligibility::SiteRules> rules, const store::Seal& seal,
                                         Random& random, const std::vector<const provider::Abilities*>& abilities);
ratings::AnswerRules answer_rules(const config::Settings& settings, int slots);
followup::Rules followup_rules(const config::Settings& settings);
notices::NoticeRules notice_rules(const config::Settings& settings);
store::ReviewRules review_rules(const config::Settings& settings);
store::LetterRules letter_rules(const config::Settings& settings);

}  // namespace pingjing

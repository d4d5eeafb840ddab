// Which police service a record speaks of: the 110 call itself, or another one that the site asks about beside it.
#pragma once
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/person.hpp"
#include "daemon/core/rating.hpp"

namespace pingjing {

// What every stage has to know of one.
struct PoliceService {
    std::string name{}, title{};
    std::vector<std::string> sources{};  // of a record's `source`, as plain_source() writes them; of the 110 call what a site calls it beside "110"
    bool settled_by_phone = false;       // only what names no officer at the scene
    Scale scale = Scale::three_110;
    // The names of its texts.
    std::string survey = "survey", neutral = "survey_neutral", unclear = "unclear", help = "help";
};

// As sources are compared, however a system writes them: in one width, without case, without outer spaces.
inline std::string plain_source(std::string_view source) { return alike(source); }

// The texts that name the digits of a scale.
inline PoliceService asked_on(Scale scale, PoliceService service = {}) {
    service.scale = scale;
    if (scale == Scale::csat_5 && service.survey == "survey") service.survey = "survey_five";
    if (scale == Scale::csat_5) service.neutral = "survey_neutral_five", service.unclear = "unclear_five", service.help = "help_five";
    return service;
}

// The digits that stand alone in a text: what it offers to answer by.
inline std::set<char> offered_digits(std::string_view source) {
    auto is_digit = [&](std::size_t at) { return at < source.size() && source[at] >= '0' && source[at] <= '9'; };
    std::set<char> digits;
    for (std::size_t i = 0; i < source.size(); ++i)
        if (is_digit(i) && !is_digit(i + 1) && (i == 0 || !is_digit(i - 1))) digits.insert(source[i]);
    return digits;
}

class Services {
public:
    Services() : Services(PoliceService{}, {}) {}
    // The 110 call comes first, and is what no other one claims.
    Services(PoliceService call, std::vector<PoliceService> others) : all_(std::move(others)) {
        call.name = "110";
        all_.insert(all_.begin(), std::move(call));
    }

    std::size_t size() const { return all_.size(); }
    const PoliceService& operator[](std::size_t n) const { return all_[n]; }
    // `attended`: the record names an officer at the scene. In the order of the configuration, the first that fits.
    std::size_t of(std::string_view source, bool attended) const {
        for (std::size_t n = 1; n < all_.size(); ++n) {
            if (all_[n].settled_by_phone && attended) continue;
            for (const auto& name : all_[n].sources)
                if (name == source) return n;
        }
        return 0;
    }
    // "110", or named by a service. What nobody names is asked about as nothing where a site distinguishes services at all.
    bool names(std::string_view source) const {
        for (const auto& service : all_)
            for (const auto& name : service.sources)
                if (name == source) return true;
        return source == "110";
    }
    bool knows(std::string_view source) const { return (all_.size() == 1 && all_.front().sources.empty()) || source.empty() || names(source); }
    // The one that asks by this text: what a citizen was asked stands, whatever his record says by now.
    std::optional<std::size_t> of_text(std::string_view text) const {
        for (std::size_t n = 0; n < all_.size(); ++n)
            if (all_[n].survey == text || all_[n].neutral == text) return n;
        return std::nullopt;
    }
    std::optional<std::size_t> find(std::string_view name) const {
        for (std::size_t n = 0; n < all_.size(); ++n)
            if (all_[n].name == name) return n;
        return std::nullopt;
    }
    // The one that is not that of the 110 call, where there is one.
    std::optional<Scale> other_scale() const {
        for (const auto& service : all_)
            if (service.scale != all_.front().scale) return service.scale;
        return std::nullopt;
    }

private:
    std::vector<PoliceService> all_;
};

}  // namespace pingjing

// 警务公开: what a force may publish of itself, in a folder of its own. Units with enough ratings in twelve whole months, the sub-bureaus and the
// force; never an officer, never a count of answers, and no row that could be had by subtracting others. The months are those in
// which no answer can come any more, so it changes once a month: who looks twice learns of nobody's yesterday.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "daemon/reports/queries.hpp"

namespace pingjing::reports {

struct PublicWish {
    std::filesystem::path folder{};  // is made where it is missing
    std::int64_t least = 100;
    Names names{};
    Rules rules{};
    std::string zone{};
    Millis answers_until{};          // after a call was closed
};

struct Months { std::string from{}, to{}; };  // the first and the last day
Months settled_year(const std::string& zone, Instant now, Millis answers_until);

Table public_summary(store::Connection& db, const PublicWish& wish, Instant now);
// FOLDER/satisfaction.{csv,json,html}, each by a rename; what is the same already stays as it is. True: something changed. Throws
// std::system_error.
bool publish(const std::filesystem::path& folder, const Table& summary);

}  // namespace pingjing::reports

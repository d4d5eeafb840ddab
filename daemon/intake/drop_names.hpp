// What the names in a drop folder say: which files are calls, and what we call those that are through. Pure.
//
// One rule for all of them: what becomes of calls.csv has its name, and behind it a number where that name was there before:
// calls.csv.done and calls.csv.result.csv, then calls.csv.2.done and calls.csv.2.result.csv. Nothing of ours is written over.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "daemon/config/settings.hpp"

namespace pingjing::intake {

inline constexpr std::string_view taking_suffix = ".taking", result_suffix = ".result.csv", error_suffix = ".error";

// May a file of this name be taken: it matches the pattern, is not hidden, not temporary, and nothing that we write ourselves.
bool is_for_us(const std::string& name, const config::Intake& settings);

std::string bad_suffix(const config::Intake& settings);  // never empty: under its own name a bad file would be taken again
// Of a copy that is not whole yet. Several services may share a done_folder, and each knows its own.
std::string copy_suffix(const config::Intake& settings);
std::string numbered(const std::string& name, int number);  // "calls.csv", then "calls.csv.2"
// "calls.csv" of "calls.csv" and of "calls.csv.2"; empty: no file of ours.
std::string plain_name(const std::string& stem, const config::Intake& settings);
// Under which number `entry` keeps something of the file `name`; 0: it does not. `in_done_folder`: files lie there under their own names.
int number_of(const std::string& entry, const std::string& name, const config::Intake& settings, bool in_done_folder);
// A name from outside, for people: without a mobile number, and UTF-8 as JSON wants it.
std::string shown(const std::string& name);

inline std::filesystem::path with(std::filesystem::path path, std::string_view suffix) { return path += suffix; }

}  // namespace pingjing::intake

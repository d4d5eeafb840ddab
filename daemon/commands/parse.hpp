// `pingjing parse`: what the daemon would read in a text, for people and for score.py.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "daemon/core/rating.hpp"

namespace pingjing::commands {

// With `jsonl`, a verdict for each line of `in`, in order and flushed; otherwise a readable line for each of `texts`.
// The exit code: 1 when a line could not be read, which costs that line alone.
int parse(Scale scale, const std::vector<std::string>& texts, bool jsonl, std::istream& in, std::ostream& out);

}  // namespace pingjing::commands

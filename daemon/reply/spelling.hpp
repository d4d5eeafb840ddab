// One spelling for dialect, slips of the input method, pinyin: 唔满意, 不瞒意 and "bu man yi" become 不满意, so that every
// rule is written once. Works on normalised text; what stands in templates/language/spelling.txt.
#pragma once
#include "daemon/text/normalise.hpp"

namespace pingjing::reply {

text::Normalised spell(text::Normalised normal);

}  // namespace pingjing::reply

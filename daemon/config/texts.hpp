// What citizens read: each text from the site's own folder, else from those built in, in every language, with the digits of its scale.
#pragma once
#include "daemon/config/section.hpp"
#include "daemon/config/settings.hpp"

namespace pingjing::config {

// Fills in `texts`, `texts_of` and `text_files`. What they need of the rest is read before.
void read_texts(Settings& settings, Problems& problems);

}  // namespace pingjing::config

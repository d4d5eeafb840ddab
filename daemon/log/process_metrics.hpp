// What Prometheus' own clients say of their process, by the same names: CPU, memory, open files, when it began.
#pragma once
#include <string>

namespace pingjing::metrics {

std::string render_process();  // what Linux does not tell is left out

}  // namespace pingjing::metrics

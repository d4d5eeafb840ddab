// How long the reader takes for a reply: `pingjing_read_bench FILE.jsonl… [--limit MICROSECONDS] [--rounds N]`, rows of tests/data/replies.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "daemon/core/system_clock.hpp"
#include "daemon/reply/read.hpp"

namespace {

using namespace pingjing;
namespace json = boost::json;

struct Row {
    std::string text;
    Scale scale;
};

std::vector<Row> load(const std::vector<std::string>& files) {
    std::vector<Row> rows;
    for (const auto& file : files) {
        std::ifstream in(file);
        for (std::string line; std::getline(in, line);) {
            auto row = json::parse(line).as_object();
            rows.push_back({std::string(row.at("text").as_string()), parse_scale(row.at("scale").as_string()).value()});
        }
    }
    return rows;
}

// The best of the rounds, for what else the machine does can only slow a reading down.
double microseconds(const Row& row, int rounds, const Clock& clock) {
    double best = 1e9;
    for (int i = 0; i < rounds; ++i) {
        auto begin = clock.steady();
        auto verdict = reply::read(row.scale, row.text);
        auto end = clock.steady();
        if (verdict.why.empty()) std::abort();
        best = std::min(best, std::chrono::duration<double, std::micro>(end - begin).count());
    }
    return best;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> files;
    double limit = 0;
    int rounds = 20;
    for (int i = 1; i < argc; ++i) {
        std::string argument = argv[i];
        if (argument == "--limit" && i + 1 < argc)
            limit = std::atof(argv[++i]);
        else if (argument == "--rounds" && i + 1 < argc)
            rounds = std::atoi(argv[++i]);
        else
            files.push_back(argument);
    }
    auto rows = load(files);
    if (rows.empty()) return std::cerr << "no rows\n", 2;
    reply::read(Scale::three_110, "1");  // the tables are read once
    const auto clock = system_clock();
    std::vector<double> times;
    for (const auto& row : rows) times.push_back(microseconds(row, rounds, *clock));
    double sum = 0;
    for (double t : times) sum += t;
    auto longest = static_cast<std::size_t>(std::max_element(times.begin(), times.end()) - times.begin());
    auto worst = times[longest];
    std::sort(times.begin(), times.end());
    double mean = sum / static_cast<double>(times.size()), median = times[times.size() / 2];
    std::cout << fmt::format("{} replies: mean {:.1f} us, median {:.1f} us, 99 of 100 under {:.1f} us, longest {:.1f} us ({} bytes)\n", times.size(), mean, median,
                             times[times.size() * 99 / 100], worst, rows[longest].text.size());
    if (limit > 0 && (mean > limit || median > limit)) return std::cerr << fmt::format("over {} us\n", limit), 1;
    return 0;
}

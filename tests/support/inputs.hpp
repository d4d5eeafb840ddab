// Bytes as the tree keeps them: one input a line, C's escapes, \*N{…} for N times, '#' begins a comment line. tests/fuzz/unpack.py
// reads the same.
#pragma once
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace pingjing::test {

inline std::string unescaped(const std::string& line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '\\') {
            out += line[i];
            continue;
        }
        if (++i == line.size()) throw std::runtime_error("a line ends within an escape: " + line);
        switch (line[i]) {
            case 'n': out += '\n'; break;
            case 'r': out += '\r'; break;
            case 't': out += '\t'; break;
            case '0': out += '\0'; break;
            case '\\': out += '\\'; break;
            case 'x': out += static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16)), i += 2; break;
            case '*': {
                auto open = line.find('{', i), close = line.find('}', i);
                if (open == line.npos || close == line.npos) throw std::runtime_error("a repetition without {…}: " + line);
                auto again = unescaped(line.substr(open + 1, close - open - 1));
                for (int n = std::stoi(line.substr(i + 1, open)); n > 0; --n) out += again;
                i = close;
                break;
            }
            default: throw std::runtime_error("an unknown escape: " + line);
        }
    }
    return out;
}

// As they stand there, without comment lines.
inline std::vector<std::string> read_lines(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);)
        if (!line.starts_with('#')) out.push_back(line);
    return out;
}

inline std::vector<std::string> read_inputs(const std::string& path) {
    auto out = read_lines(path);
    for (auto& line : out) line = unescaped(line);
    return out;
}

}  // namespace pingjing::test

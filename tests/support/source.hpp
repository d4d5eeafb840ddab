// The source tree as the tests that look after it see it.
#pragma once
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pingjing::test {

extern const char* const source_folder;  // root.cpp.in, filled in by CMake
inline const std::filesystem::path source_root = source_folder;

// Paths relative to the root, sorted; what building, git and npm put there is not part of the tree, nor are dotfiles.
inline std::vector<std::string> tree(const std::vector<std::string>& folders) {
    std::vector<std::string> out;
    for (const auto& folder : folders)
        for (auto at = std::filesystem::recursive_directory_iterator(source_root / folder); at != std::filesystem::recursive_directory_iterator(); ++at) {
            auto name = at->path().filename().string();
            if (at->is_directory() && (name == "build" || name == "node_modules" || name.starts_with('.'))) at.disable_recursion_pending();
            if (at->is_regular_file() && !name.starts_with('.')) out.push_back(at->path().lexically_relative(source_root).string());
        }
    std::sort(out.begin(), out.end());
    return out;
}

inline bool is_cpp(std::string_view path) { return path.ends_with(".cpp") || path.ends_with(".hpp"); }

inline std::string read_source(const std::string& path) {
    std::ifstream in(source_root / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// C++ with blanks where comments and the insides of literals were: words in them are no code, and lines keep their numbers.
inline std::string code_of(std::string_view text) {
    std::string out(text);
    auto blank = [&](std::size_t from, std::size_t to) {
        for (auto i = from; i < std::min(to, out.size()); ++i)
            if (out[i] != '\n') out[i] = ' ';
    };
    auto is_word = [](char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    for (std::size_t i = 0; i < text.size();) {
        auto rest = text.substr(i);
        bool in_word = i > 0 && is_word(text[i - 1]);
        if (rest.starts_with("//")) {
            auto end = std::min(text.find('\n', i), text.size());
            blank(i, end);
            i = end;
        } else if (rest.starts_with("/*")) {
            auto end = std::min(text.find("*/", i + 2), text.size() - 2) + 2;
            blank(i, end);
            i = end;
        } else if (rest.starts_with("R\"") && !in_word) {
            auto open = text.find('(', i);
            auto close = ")" + std::string(text.substr(i + 2, open - i - 2)) + "\"";
            auto end = std::min(text.find(close, open), text.size());
            blank(i, end + close.size() - 1);
            i = std::min(end + close.size(), text.size());
        } else if (text[i] == '"' || (text[i] == '\'' && !in_word)) {  // 64'000 is one number
            auto end = i + 1;
            while (end < text.size() && text[end] != text[i] && text[end] != '\n') end += text[end] == '\\' ? 2 : 1;
            blank(i + 1, end);
            i = end + 1;
        } else {
            ++i;
        }
    }
    return out;
}

inline std::size_t line_of(std::string_view text, std::size_t at) { return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')); }

}  // namespace pingjing::test

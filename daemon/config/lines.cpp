#include "daemon/config/lines.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <sstream>

#include "daemon/core/survey.hpp"

namespace pingjing::config {
namespace {

std::string one_line(std::string text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; at += 2) text.replace(at, 1, "\\n");
    return text;
}

std::string written(const toml::node& node) {
    std::ostringstream out;
    node.visit([&](const auto& value) { out << value; });
    return one_line(out.str());
}

// `head` is "[survey] " or "[[channel]] main ".
void add_table(const toml::table& table, const std::string& head, const std::string& path, std::vector<std::string>& out);

void add_tables(const toml::array& tables, const std::string& path, std::vector<std::string>& out) {
    std::size_t number = 0;
    for (const auto& item : tables) {
        ++number;
        const auto* table = item.as_table();
        if (!table) continue;
        auto name = (*table)["name"].value<std::string>().value_or(fmt::format("no. {}", number));
        add_table(*table, fmt::format("[[{}]] {} ", path, name), path, out);
    }
}

void add_table(const toml::table& table, const std::string& head, const std::string& path, std::vector<std::string>& out) {
    for (const auto& [key, node] : table) {
        auto inner = path.empty() ? std::string(key.str()) : fmt::format("{}.{}", path, key.str());
        const auto* list = node.as_array();
        bool of_tables = list && !list->empty() && list->front().is_table();
        if (const auto* below = node.as_table()) add_table(*below, head.starts_with("[[") ? fmt::format("{}{} ", head, key.str()) : fmt::format("[{}] ", inner), inner, out);
        else if (of_tables) add_tables(*list, inner, out);
        else out.push_back(fmt::format("{}{} = {}", head, key.str(), written(node)));
    }
}

void add_lists(const Settings& settings, std::vector<std::string>& out) {
    const auto& lists = settings.lists;
    for (const auto& o : lists.officers) out.push_back(one_line(fmt::format("list officers: {},{},{}", o.badge, o.name, o.unit)));
    for (const auto& u : lists.units) out.push_back(one_line(fmt::format("list units: {},{}", u.unit, u.name)));
    for (const auto& f : lists.flags) out.push_back(one_line(fmt::format("list flags: {},{}", f.word, code_name(f.code))));
    for (const auto& c : lists.categories) out.push_back(one_line(fmt::format("list categories: {},{},{}", c.prefix, c.name, c.rule)));
    out.push_back(fmt::format("list staff_phones: {} numbers", lists.staff_phones.size()));
    out.push_back(fmt::format("list number_plan: {} prefixes", lists.number_plan->prefixes()));
}

void add_file(const std::string& key, const std::string& text, std::vector<std::string>& out) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        if (line.find_first_not_of(" \t\r") != line.npos) out.push_back(fmt::format("{}: {}", key, line));
}

}  // namespace

std::vector<std::string> open_lines(const Settings& settings) {
    std::vector<std::string> out;
    add_table(toml::parse(settings.open_text), "", "", out);
    add_lists(settings, out);
    for (const auto& other : settings.survey.others) add_file("list categories of " + other.service.name, other.categories_text, out);
    for (const auto& c : settings.channels) add_file("list template_ids of " + c.name, c.template_ids, out);
    for (const auto& [name, text] : settings.mappings) add_file("mapping " + name, text, out);
    for (const auto& [name, text] : settings.texts) out.push_back(one_line(fmt::format("text {} = {}", name, text)));
    for (const auto& [language, texts] : settings.texts_of)
        for (const auto& [name, text] : texts) out.push_back(one_line(fmt::format("text {}/{} = {}", language, name, text)));
    return out;
}

std::string key_of_line(const std::string& line) {
    bool of_rows = line.starts_with("list ") || line.starts_with("mapping ");
    return line.substr(0, line.find(of_rows ? ":" : " = "));
}

}  // namespace pingjing::config

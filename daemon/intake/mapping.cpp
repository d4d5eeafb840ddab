#include "daemon/intake/mapping.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>

#include "daemon/core/local_time.hpp"
#include "daemon/core/templates.hpp"

namespace pingjing::intake {
namespace {

constexpr std::array<std::string_view, 24> known_fields = {"id",
                                                           "version",
                                                           "state",
                                                           "calling_line",
                                                           "contact_phone",
                                                           "category",
                                                           "flags",
                                                           "flag_text",
                                                           "result",
                                                           "linked_to",
                                                           "source",
                                                           "unit",
                                                           "unit_attending",
                                                           "unit_responsible",
                                                           "officers",
                                                           "lead_officer",
                                                           "co_officers",
                                                           "auxiliary_officers",
                                                           "call_taker",
                                                           "reported_at",
                                                           "arrived_at",
                                                           "closed_at",
                                                           "caller_birth",
                                                           "language"};

std::string column_key(std::string_view column) {
    while (!column.empty() && (column.front() == ' ' || column.front() == '\t')) column.remove_prefix(1);
    while (!column.empty() && (column.back() == ' ' || column.back() == '\t')) column.remove_suffix(1);
    std::string key(column);
    std::transform(key.begin(), key.end(), key.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return key;
}

// What a head row lacks for its rows ever to be taken; empty: nothing.
std::string missing(const Mapping& mapping, const std::vector<std::string>& fields) {
    auto has = [&](std::string_view field) { return std::find(fields.begin(), fields.end(), field) != fields.end(); };
    auto spelled = [&](std::string_view field) {
        for (auto& [column, name] : mapping.columns)
            if (name == field) return column;
        return std::string(field);
    };
    std::string out;
    for (std::string_view field : {"id", "state", "category", "reported_at", "closed_at"})
        if (!has(field)) out += (out.empty() ? "" : ", ") + spelled(field);
    if (!has("unit") && !has("unit_attending") && !has("unit_responsible"))
        out += (out.empty() ? "" : ", ") + std::string("a unit");
    return out;
}

}  // namespace

std::vector<std::string> Mapping::fields_of(const std::vector<std::string>& head) const {
    std::vector<std::string> fields;
    for (auto& column : head) {
        auto it = columns.find(column_key(column));
        fields.push_back(it == columns.end() ? "" : it->second);
    }
    return fields;
}

Result<Mapping> read_mapping(const std::string& name, std::string_view text) {
    toml::table table;
    try {
        table = toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        return fail(Error::Kind::invalid_input,
                    fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
    }
    Mapping mapping;
    mapping.name = name;
    std::string problems;
    auto problem = [&](const toml::node& at, const std::string& what) {
        problems += fmt::format("{}{}:{}: {}", problems.empty() ? "" : "\n", name, at.source().begin.line, what);
    };
    auto text_at = [&](const toml::node& node, std::string_view key) {
        auto value = node.value_exact<std::string>();
        if (!value) problem(node, fmt::format("{}: expected a text", key));
        return value.value_or("");
    };
    auto texts_at = [&](const toml::node& node, std::string_view key) {
        std::vector<std::string> out;
        if (auto* list = node.as_array()) {
            for (auto& item : *list) out.push_back(text_at(item, key));
        } else {
            problem(node, fmt::format("{}: expected a list of texts", key));
        }
        return out;
    };
    for (auto& [key, node] : table) {
        if (key == "zone") {
            mapping.zone = text_at(node, key);
            if (!mapping.zone.empty() && !known_zone(mapping.zone))
                problem(node, fmt::format("zone = \"{}\": expected a name of the zone database such as \"Asia/Shanghai\"", mapping.zone));
        } else if (key == "separator") {
            mapping.separator = text_at(node, key);
            if (mapping.separator.empty()) problem(node, "separator: expected at least one character");
        } else if (key == "times") {
            mapping.times = texts_at(node, key);
        } else if (key == "dates") {
            mapping.dates = texts_at(node, key);
        } else if (key == "columns" && node.is_table()) {
            for (auto& [column, field] : *node.as_table()) {
                auto value = text_at(field, column);
                if (std::find(known_fields.begin(), known_fields.end(), value) == known_fields.end())
                    problem(field, fmt::format("column '{}': there is no field '{}'", column.str(), value));
                mapping.columns[column_key(column)] = value;
            }
        } else if (key == "states" && node.is_table()) {
            for (auto& [value, state] : *node.as_table()) {
                if (auto known = parse_case_state(text_at(state, value)))
                    mapping.states[std::string(value.str())] = *known;
                else
                    problem(state,
                            fmt::format(
                                "state '{}': expected open dispatched on_scene fed_back closed cancelled or reopened",
                                value.str()));
            }
        } else {
            problem(node, fmt::format("a mapping has no setting '{}'", key.str()));
        }
    }
    if (mapping.columns.empty()) problem(table, "a mapping needs [columns]");
    if (mapping.states.empty()) problem(table, "a mapping needs [states]");
    if (mapping.times.empty()) problem(table, "a mapping needs 'times'");
    if (!problems.empty()) return fail(Error::Kind::invalid_input, problems);
    return mapping;
}

namespace {

Mappings read_built_in() {
    Mappings all;
    for (std::string name : {"default", "gat"}) {
        auto text = built_in_template("mappings/" + name + ".toml");
        if (!text) throw std::logic_error("the mapping " + name + " was not built in");
        auto mapping = read_mapping(name, *text);
        if (!mapping) throw std::logic_error(mapping.error().detail);
        all.add(std::move(*mapping));
    }
    return all;
}

}  // namespace

Mappings Mappings::built_in() {
    static const auto all = read_built_in();  // once: rules are asked for with every batch
    return all;
}

void Mappings::add(Mapping mapping) {
    std::erase_if(all_, [&](const Mapping& m) { return m.name == mapping.name; });
    all_.push_back(std::move(mapping));
}

const Mapping* Mappings::find(const std::string& name) const {
    auto it = std::find_if(all_.begin(), all_.end(), [&](const Mapping& m) { return m.name == name; });
    return it == all_.end() ? nullptr : &*it;
}

std::vector<std::string> Mappings::names() const {
    std::vector<std::string> out;
    for (const auto& mapping : all_) out.push_back(mapping.name);
    return out;
}

Result<const Mapping*> Mappings::for_head(const std::vector<std::string>& head, const std::string& name) const {
    if (!name.empty() && !find(name))
        return fail(Error::Kind::invalid_input, fmt::format("there is no mapping '{}'", name));
    const Mapping* best = nullptr;
    std::ptrdiff_t most = 0;
    for (auto& mapping : all_) {
        if (!name.empty() && mapping.name != name) continue;
        auto fields = mapping.fields_of(head);
        auto known = std::count_if(fields.begin(), fields.end(), [](const std::string& f) { return !f.empty(); });
        if (known > most) {
            most = known;
            best = &mapping;
        }
    }
    if (!best) return fail(Error::Kind::invalid_input, "no usable head row: no column is known to a mapping");
    if (auto lacks = missing(*best, best->fields_of(head)); !lacks.empty())
        return fail(Error::Kind::invalid_input,
                    fmt::format("no usable head row: mapping '{}' needs {}", best->name, lacks));
    std::vector<std::string> keys;
    for (auto& column : head) keys.push_back(column_key(column));
    std::sort(keys.begin(), keys.end());
    auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end() && !twice->empty())
        return fail(Error::Kind::invalid_input, "no usable head row: a column stands there twice");
    return best;
}

}  // namespace pingjing::intake

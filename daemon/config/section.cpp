#include "daemon/config/section.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace pingjing::config {
namespace {

int line_of_node(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

// A value as the file has it, for messages.
std::string shown(const toml::node& node) {
    if (auto text = node.value_exact<std::string>()) return '"' + *text + '"';
    if (node.is_table()) return "a table";
    if (node.is_array()) return "a list";
    std::ostringstream out;
    node.visit([&](const auto& value) {
        if constexpr (!toml::is_table<decltype(value)> && !toml::is_array<decltype(value)>) out << value;
    });
    return out.str();
}

// Dates may stand without quotes.
std::optional<std::string> as_text(const toml::node& node) {
    if (auto text = node.value_exact<std::string>()) return text;
    if (node.is_date() || node.is_date_time()) return shown(node);
    return std::nullopt;
}

struct Unit { std::string_view name; std::int64_t millis; };
constexpr Unit durations[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    std::int64_t number = 0;
    auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc{} || number < 0 || number > 1'000'000'000) return std::nullopt;
    auto unit = text.substr(static_cast<std::size_t>(stop - text.data()));
    for (const auto& u : durations)
        if (unit == u.name) return std::chrono::milliseconds(number * u.millis);
    return std::nullopt;
}

// Of a table and the tables in it: what stands in the files of KEY_file and of certificates. Secrets are changed in their files.
void read_named_files(const toml::table& table, const std::filesystem::path& folder, std::ostream& out) {
    for (const auto& [key, node] : table) {
        if (auto* inner = node.as_table()) read_named_files(*inner, folder, out);
        auto name = node.value_exact<std::string>();
        if (!name || name->empty() || !(key.str().ends_with("_file") || key.str().starts_with("tls_"))) continue;
        std::ifstream file(folder / *name, std::ios::binary);  // an absolute one stays as it is
        out << key.str() << '\n';
        if (std::stringstream text; file && text << file.rdbuf()) out << text.str() << '\n';
    }
}

std::string show_duration(std::chrono::milliseconds value) {
    for (const auto& u : durations)
        if (value.count() >= u.millis && value.count() % u.millis == 0) return fmt::format("{}{}", value.count() / u.millis, u.name);
    return "0s";
}

}  // namespace

void Problems::add(std::string file, int line, std::string what) { all_.push_back({std::move(file), line, std::move(what)}); }

std::vector<std::string> Problems::lines() const {
    auto sorted = all_;
    std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) { return std::tie(a.file, a.line) < std::tie(b.file, b.line); });
    std::vector<std::string> out;
    for (const auto& p : sorted) {
        auto line = p.line > 0 ? fmt::format("{}:{}: {}", p.file, p.line, p.what) : fmt::format("{}: {}", p.file, p.what);
        if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(std::move(line));
    }
    return out;
}

std::string Problems::text() const { return fmt::format("{}", fmt::join(lines(), "\n")); }

Document::Document(std::string file, std::unique_ptr<toml::table> table) : file_(std::move(file)), table_(std::move(table)) {}
Document::~Document() = default;

std::shared_ptr<const Document> Document::parse(const std::string& text, std::string file, Problems& problems) {
    try {
        auto table = std::make_unique<toml::table>(toml::parse(text, file));
        return std::shared_ptr<const Document>(new Document(std::move(file), std::move(table)));
    } catch (const toml::parse_error& error) {
        problems.add(std::move(file), static_cast<int>(error.source().begin.line), std::string(error.description()));
        return nullptr;
    }
}

Section::Section(std::string file, std::string name, const toml::table* table, int line, Problems& problems)
    : file_(std::move(file)), name_(std::move(name)), own_{table, file_, line}, problems_(&problems) {}
Section::Section(const Document& document, Problems& problems) : Section(document.file(), "", &document.table(), 1, problems) {}
Section::Section(Section&&) noexcept = default;
Section::~Section() = default;

Section::Found Section::look(const std::string& key) const {
    for (const Layer* layer : {&own_, &defaults_})
        if (layer->table)
            if (auto* node = layer->table->get(key)) return {node, layer};
    return {};
}

Section::Found Section::find(const std::string& key) {
    asked_.push_back(key);
    return look(key);
}

void Section::refuse(const Found& found, const std::string& key, const std::string& expected) {
    problems_->add(found.layer->file, line_of_node(*found.node), fmt::format("{} = {}: expected {}", key, shown(*found.node), expected));
}

std::string Section::warning(const std::string& key, const std::string& what) const { return fmt::format("{}:{}: {}", file_, line_of(key), what); }

int Section::line_of(const std::string& key) const {
    auto found = look(key);
    return found ? line_of_node(*found.node) : own_.line;
}

void Section::problem(const std::string& key, const std::string& what) {
    auto found = look(key);
    problems_->add(found ? found.layer->file : file_, line_of(key), what);
}

bool Section::has(const std::string& key) const { return static_cast<bool>(look(key)); }

std::string Section::peek(const std::string& key) const {
    auto found = look(key);
    return found ? found.node->value_exact<std::string>().value_or("") : std::string();
}

std::string Section::contents(const std::vector<std::string>& without) const {
    std::ostringstream out;
    for (const Layer* layer : {&own_, &defaults_}) {
        if (!layer->table) continue;
        auto table = *layer->table;
        for (const auto& key : without) table.erase(key);
        out << table << '\n';
        read_named_files(table, std::filesystem::path(layer->file).parent_path(), out);
    }
    return out.str();
}

std::string Section::text(const std::string& key) {
    if (!look(key)) {
        asked_.push_back(key);
        problems_->add(file_, own_.line, fmt::format("{} needs '{}'", name_.empty() ? "the file" : name_, key));
        return {};
    }
    auto value = text(key, "");
    if (auto found = look(key); value.empty() && as_text(*found.node)) refuse(found, key, "a text that is not empty");
    return value;
}

std::string Section::text(const std::string& key, const std::string& fallback) {
    auto found = find(key);
    if (!found) return fallback;
    if (auto text = as_text(*found.node)) return *text;
    refuse(found, key, "a text in quotes");
    return fallback;
}

bool Section::flag(const std::string& key, bool fallback) {
    auto found = find(key);
    if (!found) return fallback;
    if (auto value = found.node->value_exact<bool>()) return *value;
    refuse(found, key, "true or false");
    return fallback;
}

std::int64_t Section::integer(const std::string& key, std::int64_t fallback, std::int64_t least, std::int64_t most) {
    auto found = find(key);
    if (!found) return fallback;
    auto value = found.node->value_exact<std::int64_t>();
    if (value && *value >= least && *value <= most) return *value;
    refuse(found, key, fmt::format("a whole number from {} to {}", least, most));
    return fallback;
}

std::int64_t Section::integer(const std::string& key, std::int64_t least, std::int64_t most) {
    if (!has(key)) (void)text(key);
    return integer(key, least, least, most);
}

double Section::real(const std::string& key, double fallback, double least, double most) {
    auto found = find(key);
    if (!found) return fallback;
    auto value = found.node->is_number() ? found.node->value<double>() : std::nullopt;
    if (value && *value >= least && *value <= most) return *value;
    refuse(found, key, fmt::format("a number from {} to {}", least, most));
    return fallback;
}

std::chrono::milliseconds Section::duration(const std::string& key, std::chrono::milliseconds fallback, std::chrono::milliseconds least,
                                            std::chrono::milliseconds most) {
    auto found = find(key);
    if (!found) return fallback;
    auto text = found.node->value_exact<std::string>();
    auto value = text ? parse_duration(*text) : std::nullopt;
    if (value && *value >= least && *value <= most) return *value;
    refuse(found, key, fmt::format("a duration such as \"90s\", \"120m\", \"72h\" or \"14d\", from {} to {}", show_duration(least), show_duration(most)));
    return fallback;
}

std::string Section::one_of(const std::string& key, const std::string& fallback, const std::vector<std::string>& allowed) {
    auto found = find(key);
    if (!found) return fallback;
    auto text = found.node->value_exact<std::string>();
    if (text && std::find(allowed.begin(), allowed.end(), *text) != allowed.end()) return *text;
    refuse(found, key, fmt::format("one of \"{}\"", fmt::join(allowed, "\", \"")));
    return fallback;
}

template <class Value, class Holds>
std::vector<Value> Section::list_of(const std::string& key, const std::string& expected, Holds holds) {
    auto found = find(key);
    if (!found) return {};
    std::vector<Value> out;
    bool good = found.node->is_array();
    if (good)
        for (const auto& item : *found.node->as_array()) {
            auto value = item.value_exact<Value>();
            good = good && value && holds(*value);
            if (good) out.push_back(*value);
        }
    if (good) return out;
    refuse(found, key, expected);
    return {};
}

std::vector<std::string> Section::texts(const std::string& key) {
    return list_of<std::string>(key, "a list of texts in quotes", [](const auto&) { return true; });
}

std::vector<std::int64_t> Section::integers(const std::string& key, std::int64_t least, std::int64_t most) {
    return list_of<std::int64_t>(key, fmt::format("a list of whole numbers from {} to {}", least, most), [=](auto value) { return value >= least && value <= most; });
}

std::string Section::secret(const std::string& key, bool required) {
    auto found = find(key);
    auto file_key = key + "_file";
    auto file_found = find(file_key);
    if (found) {
        if (file_found) problems_->add(file_found.layer->file, line_of_node(*file_found.node), fmt::format("'{}' and '{}' both: expected one of them", key, file_key));
        if (auto text = found.node->value_exact<std::string>(); text && !text->empty()) return *text;
        problems_->add(found.layer->file, line_of_node(*found.node), fmt::format("{}: expected a text in quotes, not empty", key));
        return {};
    }
    if (!file_found) {
        if (required) problems_->add(file_, own_.line, fmt::format("{} needs '{}' or '{}'", name_, key, file_key));
        return {};
    }
    auto name = path(file_key);
    std::ifstream in(name);
    std::string line;
    if (!name.empty() && (!in || !std::getline(in, line)))
        problems_->add(file_found.layer->file, line_of_node(*file_found.node), fmt::format("{}: cannot read {}; the secret is its first line", file_key, name.string()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (in && line.empty())
        problems_->add(file_found.layer->file, line_of_node(*file_found.node), fmt::format("{}: the first line of {} is empty", file_key, name.string()));
    return line;
}

std::filesystem::path Section::path(const std::string& key, const std::string& fallback) {
    std::filesystem::path name = text(key, fallback);
    if (name.empty() || name.is_absolute()) return name;
    return std::filesystem::path(file_).parent_path() / name;
}

std::string Section::child_name(const std::string& key) const {
    if (name_.empty()) return "[" + key + "]";
    if (name_.front() == '[') return name_.substr(0, name_.size() - 1) + "." + key + "]";
    return name_ + " [" + key + "]";
}

Section Section::child(const std::string& key) {
    asked_.push_back(key);
    auto table_in = [&](const Layer& layer) {
        Layer out{nullptr, layer.file, layer.line};
        auto* node = layer.table ? layer.table->get(key) : nullptr;
        if (!node) return out;
        out.line = line_of_node(*node);
        out.table = node->as_table();
        if (!out.table) refuse({node, &layer}, key, "a table");
        return out;
    };
    Section section(file_, child_name(key), nullptr, own_.line, *problems_);
    section.own_ = table_in(own_);
    section.defaults_ = table_in(defaults_);
    section.preset_ = preset_;
    return section;
}

std::vector<Section> Section::children(const std::string& key) {
    asked_.push_back(key);
    std::vector<Section> out;
    for (const Layer* layer : {&own_, &defaults_}) {
        auto* node = layer->table ? layer->table->get(key) : nullptr;
        if (!node) continue;
        std::vector<std::pair<std::string, const toml::table*>> tables;
        bool good = true;
        if (auto* list = node->as_array()) {
            for (const auto& item : *list) {
                auto* table = item.as_table();
                good = good && table;
                auto name = table ? (*table)["name"].value<std::string>() : std::nullopt;
                if (table) tables.emplace_back(name ? fmt::format("{} '{}'", key, *name) : fmt::format("[[{}]]", key), table);
            }
        } else if (auto* table = node->as_table()) {
            for (const auto& [name, item] : *table) {
                good = good && item.is_table();
                if (item.is_table()) tables.emplace_back(fmt::format("{} '{}'", key, name.str()), item.as_table());
            }
            std::stable_sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) { return line_of_node(*a.second) < line_of_node(*b.second); });
        } else {
            good = false;
        }
        if (!good) refuse({node, layer}, key, fmt::format("tables, each under [[{}]]", key));
        for (const auto& [name, table] : tables) {
            out.emplace_back(layer->file, name, table, line_of_node(*table), *problems_);
            out.back().preset_ = preset_;
        }
    }
    return out;
}

std::vector<std::string> Section::keys() const {
    std::vector<std::pair<int, std::string>> found;
    for (const Layer* layer : {&own_, &defaults_})
        if (layer->table)
            for (const auto& [key, node] : *layer->table) {
                std::string name(key.str());
                if (std::none_of(found.begin(), found.end(), [&](const auto& f) { return f.second == name; })) found.emplace_back(line_of_node(node), name);
            }
    std::stable_sort(found.begin(), found.end());
    std::vector<std::string> out;
    for (auto& [line, name] : found) out.push_back(std::move(name));
    return out;
}

void Section::set_defaults(std::shared_ptr<const Document> preset) {
    preset_ = std::move(preset);
    defaults_ = preset_ ? Layer{&preset_->table(), preset_->file(), 1} : Layer{};
}

void Section::skip_rest() { silent_ = true; }

void Section::finish() {
    if (silent_) return;
    for (const Layer* layer : {&own_, &defaults_})
        if (layer->table)
            for (const auto& [key, node] : *layer->table)
                if (std::find(asked_.begin(), asked_.end(), key.str()) == asked_.end())
                    problems_->add(layer->file, line_of_node(node), fmt::format("{} has no setting '{}'", name_.empty() ? "the file" : name_, key.str()));
}

}  // namespace pingjing::config

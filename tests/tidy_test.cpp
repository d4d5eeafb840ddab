// What a reader relies on without asking: READMEs that match the tree, includes that match the layers, time and chance from one
// place, coroutines with an owner, no trace of the machine this was written on.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/regex.hpp>
#include <map>
#include <optional>
#include <sstream>

#include "tests/support/source.hpp"

using namespace pingjing::test;

namespace {

const std::vector<std::string> folders = {"daemon", "providers", "templates", "scripts", "systemd", "tests"};

std::string folder_of(const std::string& path) { return path.find('/') == path.npos ? "" : path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string join(const std::string& folder, const std::string& name) { return folder.empty() ? name : folder + "/" + name; }
std::string stem_of(const std::string& path) { return is_cpp(path) ? path.substr(0, path.rfind('.')) : path; }

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

std::vector<std::string> quoted_in(const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t open = 0; (open = text.find('`', open)) != text.npos;) {
        auto close = text.find('`', open + 1);
        if (close == text.npos) break;
        out.push_back(text.substr(open + 1, close - open - 1));
        open = close + 1;
    }
    return out;
}

// What a README says is there: names in backquotes, and of those the ones that stand where an entry stands, at the head of a
// list item or in the first cell of a table.
struct Readme {
    explicit Readme(const std::string& text) {
        bool example = false;
        for (const auto& line : lines_of(text)) {
            if (line.starts_with("```")) example = !example;
            if (example) continue;
            static const boost::regex link("\\]\\((\\w+)/README\\.md\\)");
            for (boost::sregex_iterator at(line.begin(), line.end(), link), end; at != end; ++at) all.insert((*at)[1]);
            auto names = quoted_in(line);
            std::string last;
            for (auto& name : names) {
                if ((name == ".cpp" || name == ".hpp") && !last.empty()) name = stem_of(last) + name;  // `a.hpp` `.cpp`
                last = name;
            }
            auto end = line.starts_with("- ") ? line.find(':') : line.starts_with("| `") ? line.find('|', 1) : 0;
            auto entries_here = quoted_in(line.substr(0, std::min(end, line.size()))).size();
            for (std::size_t i = 0; i < names.size(); ++i) {
                if (names[i].ends_with('/')) names[i].pop_back();
                if (i < entries_here) entries.push_back(names[i]);
                all.insert(std::move(names[i]));
            }
        }
    }
    std::set<std::string> all{};
    std::vector<std::string> entries{};
};

// One line of layers.txt.
struct Layer {
    std::string folder{};
    std::set<std::string> may{}, building{};
};

std::map<std::string, Layer> read_layers(const std::string& text) {
    std::map<std::string, Layer> out;
    for (const auto& line : lines_of(text)) {
        auto colon = line.find(':');
        if (line.empty() || line.front() == '#' || colon == line.npos) continue;
        Layer layer;
        layer.folder = line.substr(0, colon);
        std::istringstream rest(line.substr(colon + 1));
        for (std::string to; rest >> to;) {
            bool building = to.back() == '?';
            if (building) to.pop_back();
            layer.may.insert(to);
            if (building) layer.building.insert(to);
        }
        out[layer.folder] = layer;
    }
    return out;
}

const Layer* layer_of(const std::map<std::string, Layer>& layers, const std::string& folder) {
    auto found = layers.find(folder);
    if (found == layers.end() && folder.starts_with("providers/")) found = layers.find("providers/<name>");
    return found == layers.end() ? nullptr : &found->second;
}

// The arrow that allows this include: "" for one's own folder and core, nullopt where there is none.
std::optional<std::string> arrow_for(const Layer& layer, const std::string& folder, const std::string& included) {
    auto to = folder_of(included);
    if (to == folder || to == "daemon/core") return "";
    static const boost::regex named("providers/([a-z0-9_]+)/\\1\\.hpp");
    for (const auto& may : layer.may)
        if (may == "*" || may == to || may == included || (may == "providers/<name>/<name>.hpp" && boost::regex_match(included, named))) return may;
    return std::nullopt;
}

// An arrow to what is not there yet waits for it.
bool leads_somewhere(const std::string& arrow) {
    return arrow == "*" || arrow.find('<') != arrow.npos || std::filesystem::exists(source_root / arrow);
}

std::vector<std::string> includes_of(const std::string& source) {
    std::vector<std::string> out;
    for (const auto& line : lines_of(source))
        if (line.starts_with("#include \"")) out.push_back(line.substr(10, line.find('"', 10) - 10));
    return out;
}

struct Word {
    std::string pattern{};
    std::set<std::string> allowed{};  // files, with the reason beside them
};

void refuse(const std::vector<Word>& words, const std::vector<std::string>& where) {
    for (const auto& word : words) {
        CAPTURE(word.pattern);
        boost::regex pattern(word.pattern);
        std::set<std::string> unused = word.allowed;
        for (const auto& path : tree(where)) {
            if (!is_cpp(path)) continue;
            auto code = code_of(read_source(path));
            boost::smatch match;
            if (!boost::regex_search(code, match, pattern)) continue;
            unused.erase(path);
            if (!word.allowed.count(path)) FAIL_CHECK(path << ":" << line_of(code, static_cast<std::size_t>(match.position())) << ": " << match.str() << " is not for this file");
        }
        for (const auto& path : unused) FAIL_CHECK(path << " is allowed " << word.pattern << " and does not use it");
    }
}

}  // namespace

// CTest takes a list apart at semicolons: the name of such a test finds no test, and that passes.
TEST_CASE("no test has a semicolon in its name") {
    boost::regex name(R"re(TEST_CASE\("([^"]*)"\))re");
    int tests = 0;
    for (const auto& path : tree({"tests"})) {
        if (!path.ends_with(".cpp")) continue;
        auto text = read_source(path);
        for (boost::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at, ++tests)
            if ((*at)[1].str().find(';') != std::string::npos) FAIL_CHECK(path << ": " << (*at)[1].str());
    }
    CHECK(tests > 500);
}

// The rule: every file is named by the README of its folder or, where that has none, by the nearest one above; by its name, by its
// stem (`phone` for phone.hpp and phone.cpp), or by its path from there. Each README also names the folders below it that have one.
TEST_CASE("READMEs name what is there, and nothing else") {
    auto files = tree(folders);
    std::set<std::string> there(files.begin(), files.end()), below;
    for (const auto& path : files)
        for (auto folder = folder_of(path); !folder.empty(); folder = folder_of(folder)) there.insert(folder);
    for (const auto& path : files) there.insert(stem_of(path));

    std::map<std::string, Readme> readmes;
    for (const auto& path : files)
        if (name_of(path) == "README.md") readmes.emplace(folder_of(path), Readme(read_source(path)));
    readmes.emplace("", Readme(read_source("README.md")));

    auto nearest = [&](std::string folder) {
        while (!readmes.count(folder)) folder = folder_of(folder);
        return folder;
    };
    auto named = [&](const std::string& folder, const std::string& path) {
        auto from_here = folder.empty() ? path : path.substr(folder.size() + 1);
        const auto& names = readmes.at(folder).all;
        return names.count(from_here) || names.count(stem_of(from_here)) || names.count(name_of(path)) || names.count(stem_of(name_of(path)));
    };
    for (const auto& path : files) {
        auto name = name_of(path);
        if (name == "CMakeLists.txt") continue;
        auto folder = nearest(name == "README.md" ? folder_of(folder_of(path)) : folder_of(path));
        auto what = name == "README.md" ? folder_of(path) : path;
        CHECK_MESSAGE(named(folder, what), join(folder, "README.md") << " does not name " << what);
    }

    static const boost::regex file_name("[\\w./<>-]+\\.(hpp|cpp|md|txt|toml|sh|mjs|csv|json|jsonl|conf|service|socket|timer|sysusers|tmpfiles)");
    for (const auto& [folder, readme] : readmes) {
        auto exists = [&, &here = folder](const std::string& name) {
            return there.count(join(here, name)) || there.count(name) || std::filesystem::exists(source_root / here / name) || std::filesystem::exists(source_root / name);
        };
        for (const auto& name : readme.entries) CHECK_MESSAGE(exists(name), join(folder, "README.md") << " names " << name << ", which is not there");
        for (const auto& name : readme.all)
            if (boost::regex_match(name, file_name) && !name.starts_with('/')) CHECK_MESSAGE(exists(name), join(folder, "README.md") << " names " << name << ", which is not there");
    }
}

TEST_CASE("includes match layers.txt, in both directions") {
    auto layers = read_layers(read_source("tests/layers.txt"));
    std::set<std::pair<std::string, std::string>> used;
    std::set<std::string> seen;
    for (const auto& path : tree({"daemon", "providers"})) {
        if (!is_cpp(path)) continue;
        auto folder = folder_of(path);
        auto* layer = layer_of(layers, folder);
        REQUIRE_MESSAGE(layer, "tests/layers.txt has no line for " << folder);
        seen.insert(layer->folder);
        for (const auto& included : includes_of(read_source(path))) {
            auto arrow = arrow_for(*layer, folder, included);
            CHECK_MESSAGE(arrow, path << " includes " << included << ", which tests/layers.txt does not allow for " << layer->folder);
            if (arrow) used.emplace(layer->folder, *arrow);
        }
    }
    for (const auto& [folder, layer] : layers)
        for (const auto& arrow : layer.may)
            if (layer.building.count(arrow))
                WARN_MESSAGE(!used.count({folder, arrow}), "tests/layers.txt: the '?' of " << folder << " to " << arrow << " can go");
            else if (seen.count(folder) && leads_somewhere(arrow))
                CHECK_MESSAGE(used.count({folder, arrow}), "no file of " << folder << " includes " << arrow << ": take it out of tests/layers.txt");

    // The reading itself.
    auto some = read_layers("# a: b\ndaemon/a: daemon/b daemon/c/x.hpp?\nproviders/<name>: daemon/b\nproviders: providers/<name>/<name>.hpp\n");
    CHECK(arrow_for(some["daemon/a"], "daemon/a", "daemon/b/y.hpp") == "daemon/b");
    CHECK(arrow_for(some["daemon/a"], "daemon/a", "daemon/core/y.hpp") == "");
    CHECK(arrow_for(some["daemon/a"], "daemon/a", "daemon/c/x.hpp") == "daemon/c/x.hpp");
    CHECK_FALSE(arrow_for(some["daemon/a"], "daemon/a", "daemon/c/y.hpp"));
    CHECK_FALSE(arrow_for(*layer_of(some, "providers/http"), "providers/http", "providers/smpp/smpp.hpp"));
    CHECK(arrow_for(some["providers"], "providers", "providers/smpp/smpp.hpp"));
    CHECK_FALSE(arrow_for(some["providers"], "providers", "providers/smpp/pdu.hpp"));
    CHECK_FALSE(layer_of(some, "daemon/z"));
}

TEST_CASE("the big libraries are seen in few places") {
    const std::pair<const char*, std::set<std::string>> libraries[] = {
        {"#include <boost/beast", {"daemon/http"}},
        {"#include <curl/", {"daemon/http", "daemon/delivery"}},
        {"#include <sqlite3.h>", {"daemon/store", "tests/support", "tests/store", "tests/sim"}},
        {"#include <CLI/", {"daemon"}},
    };
    for (const auto& [include, where] : libraries)
        for (const auto& path : tree({"daemon", "providers", "tests"}))
            if (is_cpp(path) && ("\n" + read_source(path)).find("\n" + std::string(include)) != std::string::npos)
                CHECK_MESSAGE(where.count(folder_of(path)), path << " has " << include);
}

TEST_CASE("time and chance come from one place each") {
    const std::string real_clock = "daemon/core/system_clock.cpp";  // the clock everybody is handed
    const std::string timers = "daemon/async/timer.cpp";            // the one kind of timer, real or virtual
    const std::string chance = "daemon/core/random.cpp";            // SystemRandom, which everybody is handed
    const std::string keys = "daemon/store/seal.cpp";               // keys and nonces must never be the same twice, in a test either,
    const std::string story = "tests/sim/chance.cpp";               // but where a story is to be the same to the byte
    refuse({{"\\bsteady_timer\\b", {timers}}, {"\\bsystem_timer\\b"}, {"\\bhigh_resolution_timer\\b"},
            {"\\bsystem_clock\\s*::\\s*now\\b", {real_clock}}, {"\\bsteady_clock\\s*::\\s*now\\b", {real_clock}}, {"\\bhigh_resolution_clock\\b"},
            {"\\brandom_device\\b"}, {"\\bmt19937"}, {"\\bs?rand\\s*\\("}, {"\\brandombytes_", {chance, keys, story}},
            {"\\btime\\s*\\(\\s*(nullptr|NULL|0)\\s*\\)"}, {"\\bgettimeofday\\b"}, {"\\bclock_gettime\\b"}},
           {"daemon", "providers", "tests"});
}

// In which order the arguments of a call are made is the compiler's business: GCC and clang differ, and so would what we read.
TEST_CASE("what is moved into a call is not looked at in its other arguments") {
    refuse({{"std::move\\((\\w+)\\),(?:[^;{}:?\\n]|::)*(?<![\\w.:>])\\1\\b"}}, {"daemon", "providers", "tests"});
}

TEST_CASE("whatever is started has an owner") {
    refuse({{"\\bdetached\\b"}}, {"daemon", "providers"});
    const std::string left_behind = "daemon/async/aside.cpp";  // whose work may never end
    refuse({{"(\\.|->)\\s*detach\\s*\\(", {left_behind}}}, {"daemon", "providers", "tests"});
}

TEST_CASE("a header opens with what it is, once, and leaves names where they are") {
    for (const auto& path : tree({"daemon", "providers", "tests"})) {
        if (!path.ends_with(".hpp")) continue;
        CAPTURE(path);
        auto source = read_source(path), code = code_of(source);
        CHECK((source.starts_with("//") || source.starts_with("#pragma once")));
        CHECK(source.find("#pragma once\n") != std::string::npos);
        // Literals alone are allowed, and in one place: everybody includes the clock.
        bool opens = code.find("using namespace") != std::string::npos;
        CHECK((!opens || path == "daemon/core/clock.hpp"));
        CHECK(code.find("using namespace") == code.rfind("using namespace"));
    }
}

TEST_CASE("the tree stands alone: it names no machine it was written on and nobody's mirror") {
    // In two pieces, or this file would be the first to be found.
    const std::string everywhere[] = {"/wo" "rk/", "/ho" "me/", "registry." "npmjs", "npm" "mirror", "pypi." "org", "pythonhosted." "org", "deb.debian." "org",
                                      "crates." "io", "proxy.golang." "org", "clau" "de", "anthro" "pic", "chat" "gpt", "co" "pilot", "open" "ai"};
    auto files = tree(folders);
    for (const char* top : {"CMakeLists.txt", "CMakePresets.json", "README.md", ".ci/run", ".gitignore"}) files.push_back(top);
    for (const auto& path : files) {
        auto text = read_source(path);
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        for (const auto& word : everywhere) CHECK_MESSAGE(text.find(word) == text.npos, path << " names " << word);
        if (!path.starts_with("tests/")) CHECK_MESSAGE(text.find("/tm" "p/") == text.npos, path << " names a path under /tm" "p");
    }
}

TEST_CASE("comments and literals are no code") {
    CHECK(code_of("a // b\nc") == "a     \nc");
    CHECK(code_of("a /* b\n c */ d") == "a     \n      d");
    CHECK(code_of("x = \"a\\\"b\" + 'c' + 1'000;") == "x = \"    \" + ' ' + 1'000;");
    CHECK(code_of("x = R\"sql(a \"b\" c)sql\"; y") == "x =                  \"; y");
    CHECK(code_of("\"http://a\"; b") == "\"        \"; b");
}

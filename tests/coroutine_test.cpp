// GCC 12 destroys some temporaries twice when they stand in one full expression with a co_await: what braces or a capturing
// lambda make. Clang and the sanitizers' clang build do not show it, and GCC's only where the path is run. So the text is read:
// not as a compiler would, but well enough to tell statements, blocks, lambdas and braces apart.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>
#include <optional>

#include "tests/support/source.hpp"

using namespace pingjing::test;

namespace {

// Types whose braces call a constructor, or that have nothing to destroy.
const std::set<std::string> harmless = {"std::string", "std::string_view", "std::chrono::seconds", "std::chrono::milliseconds"};

struct Token {
    std::string text{};
    std::size_t line = 0;
    bool word = false;
};

std::vector<Token> tokens_of(std::string_view source) {
    std::vector<Token> out;
    auto code = code_of(source);
    std::size_t line = 1;
    bool fresh = true;  // nothing but blanks on this line so far
    for (std::size_t i = 0; i < code.size(); ++i) {
        char c = code[i];
        if (c == '\n') ++line, fresh = true;
        if (std::isspace(static_cast<unsigned char>(c))) continue;
        if (c == '#' && fresh) {
            while (i + 1 < code.size() && (code[i + 1] != '\n' || code[i] == '\\')) line += code[++i] == '\n';
            continue;
        }
        fresh = false;
        auto end = i;
        while (end < code.size() && (std::isalnum(static_cast<unsigned char>(code[end])) || code[end] == '_')) ++end;
        bool word = end > i;
        if (!word) end = i + (code.substr(i, 2) == "::" || code.substr(i, 2) == "->" ? 2 : 1);
        out.push_back({code.substr(i, end - i), line, word});
        i = end - 1;
    }
    return out;
}

class Lint {
public:
    explicit Lint(std::string_view source) : tokens_(tokens_of(source)) {
        while (at_ < tokens_.size()) {
            block();
            ++at_;  // a brace too many
        }
    }
    std::vector<std::string> hits{};

private:
    // What one full expression holds.
    struct Expression {
        bool awaits = false;
        std::vector<std::pair<std::size_t, std::string>> temporaries{};
    };

    const std::string& text(std::size_t i) const {
        static const std::string none;
        return i < tokens_.size() ? tokens_[i].text : none;
    }
    const std::string& before(std::size_t back = 1) const { return text(at_ - back); }
    static bool is_keyword(const std::string& word) {
        static const std::set<std::string> words = {"return", "co_return", "co_await", "co_yield", "throw", "else", "case", "new", "do"};
        return words.count(word) > 0;
    }

    void report(const Expression& e) {
        if (!e.awaits) return;
        for (const auto& [line, what] : e.temporaries) hits.push_back(fmt::format("{}: {} in one expression with co_await: name it on the line before", line, what));
    }

    // Statements up to the brace that closes this block, which is left standing.
    void block() {
        while (at_ < tokens_.size() && text(at_) != "}") statement();
    }

    void enter_block() {
        ++at_;
        block();
        ++at_;
    }

    void statement() {
        static const std::set<std::string> controls = {"if", "while", "for", "switch", "catch"};
        if (controls.count(text(at_))) {
            ++at_;
            while (at_ < tokens_.size() && text(at_) != "(") ++at_;
            ++at_;
            while (at_ < tokens_.size() && text(at_) != ")") {  // each part between semicolons is an expression of its own
                Expression part;
                expression(part, 1);
                report(part);
                if (text(at_) == ";") ++at_;
                else if (text(at_) != ")") ++at_;
            }
            ++at_;
            if (text(at_) == "{") enter_block();
            else if (at_ < tokens_.size() && text(at_) != "}") statement();
            return;
        }
        Expression whole;
        bool ended_in_block = expression(whole, 0);
        report(whole);
        if (!ended_in_block && text(at_) == ";") ++at_;
    }

    // Reads to the end of a full expression. At depth 0 that is ';', or a block (a body) behind it, which is then read: true.
    // At depth 1 it is ')' or ';' of a control's head. A '}' that it did not open ends it too.
    bool expression(Expression& e, int depth) {
        auto start = at_;
        int open = 0;
        bool class_key = false, arrow = false;
        for (; at_ < tokens_.size(); ++at_) {
            const auto& t = text(at_);
            if (open == 0 && (t == ";" || t == "}" || (depth > 0 && t == ")"))) return false;
            if (t == "(") ++open;
            if (t == ")" || (t == "]" && open > 0)) --open;
            if (t == "co_await" || t == "co_yield") e.awaits = true;
            if (t == "->" && open == 0 && at_ > start && before() == ")") arrow = true;
            if (open == 0 && (t == "struct" || t == "class" || t == "union" || t == "enum" || t == "namespace")) class_key = true;
            if (t == "=" && open == 0) class_key = arrow = false;
            if (t == "[") {
                if (lambda(e)) continue;
                ++open;
            }
            if (t != "{") continue;
            static const std::set<std::string> before_body = {")", "const", "noexcept", "override", "final", "mutable", "else", "do", "try", "}"};
            if (open == 0 && depth == 0 && (at_ == start || class_key || arrow || before_body.count(before()))) {
                enter_block();
                return true;
            }
            braces(e);
        }
        return false;
    }

    // At '[': reads a lambda, its body apart from what stands around it. False: an index, a binding, an attribute.
    bool lambda(Expression& e) {
        bool introduces = at_ == 0 || (!tokens_[at_ - 1].word && before() != ")" && before() != "]" && before() != "&") || is_keyword(before());
        if (!introduces || text(at_ + 1) == "[" || before() == "[") return false;
        auto line = tokens_[at_].line;
        bool captures = false, first = true;
        int nested = 0;
        std::size_t end = at_ + 1;
        for (; end < tokens_.size() && (nested > 0 || text(end) != "]"); ++end) {
            const auto& t = text(end);
            if (first && t != "&" && t != "this") captures = true;  // by reference nothing is destroyed
            first = nested == 0 && t == ",";
            nested += t == "(" || t == "{" || t == "[" ? 1 : t == ")" || t == "}" || t == "]" ? -1 : 0;
        }
        auto body = end + 1;
        int parentheses = 0;
        for (; body < tokens_.size() && (parentheses > 0 || text(body) != "{"); ++body) {
            if (text(body) == "(") ++parentheses;
            if (text(body) == ")") --parentheses;
            if (parentheses < 0 || (parentheses == 0 && text(body) == ";")) return false;
        }
        if (captures) e.temporaries.emplace_back(line, "a lambda that captures by value");
        at_ = body;
        enter_block();
        --at_;  // on the brace that closed it
        return true;
    }

    // At '{' inside an expression: a temporary, or the initialiser of a name. The contents belong to the same full expression.
    void braces(Expression& e) {
        auto line = tokens_[at_].line;
        auto [type, declares] = made_by_braces();
        bool content = text(at_ + 1) != "}";
        Expression inside;
        int open = 0;
        for (++at_; at_ < tokens_.size() && (open > 0 || text(at_) != "}"); ++at_) {
            const auto& t = text(at_);
            if (t == "(" || (t == "[" && !lambda(inside))) ++open;
            if (text(at_) == ")" || text(at_) == "]") --open;
            if (text(at_) == "co_await") inside.awaits = true;
            if (text(at_) == "{") braces(inside);
        }
        e.awaits = e.awaits || inside.awaits;
        e.temporaries.insert(e.temporaries.end(), inside.temporaries.begin(), inside.temporaries.end());
        if (content && !harmless.count(type) && (!declares || inside.awaits)) e.temporaries.emplace_back(line, type.empty() ? "{…}" : type + "{…}");
    }

    // The type before the brace, and whether a name stands between: `Type name{…}` is no temporary.
    std::pair<std::string, bool> made_by_braces() const {
        auto i = at_ - 1;
        std::string type;
        if (text(i) == "=") return {"", true};  // Type name = {…}
        if (text(i) == ">") {
            int nested = 0;
            for (; i > 0; --i) {
                type = text(i) + type;
                nested += text(i) == ">" ? 1 : text(i) == "<" ? -1 : 0;
                if (nested == 0) break;
            }
            --i;
        }
        while (i < tokens_.size() && ((tokens_[i].word && !is_keyword(text(i))) || text(i) == "::")) {
            type = text(i) + type;
            bool joined = text(i) == "::" || (i > 0 && text(i - 1) == "::");
            if (i-- == 0 || !joined) break;
        }
        bool declares = i < tokens_.size() && !type.empty() && ((tokens_[i].word && !is_keyword(text(i))) || text(i) == ">" || text(i) == "&" || text(i) == "*");
        return {type, declares};
    }

    std::vector<Token> tokens_;
    std::size_t at_ = 0;
};

}  // namespace

TEST_CASE("what GCC 12 would destroy twice is seen in the text") {
    for (std::string bad : {
             "void f() { co_await http.fetch({.method = \"POST\", .url = url}); }",
             "void f() { co_await record(id, Ambiguous{\"no answer\"}); }",
             "void f() { if (!co_await record(id, provider::Ambiguous{why})) return; }",
             "void f() { co_await db.run([key](Connection& c) { return c; }); }",
             "void f() { co_await db.run([&, key = std::move(key)](Connection& c) { return c; }); }",
             "void f() { co_spawn(co_await this_coro::executor, [s = std::move(s)]() -> awaitable<void> { co_return; }, done); }",
             "void f() { Report r{.day = co_await day(), .rows = co_await rows()}; }",
             "void f() { Report r = {co_await day()}; }",
             "void f() { co_return Report{1, co_await rows()}; }",
             "void f() { for (auto& row : co_await rows(Range{a, b})) use(row); }",
             "void f() { co_await g({a, b, c}); }",
             "void f() { x = co_await g(std::vector<std::string>{a, b}); }",
             "void f() { co_await g(std::array<int, 2>{1, 2}, 64'000); }",
             "auto l = [](int x) -> asio::awaitable<void> { co_await g(Point{x}); };",
             "struct S { asio::awaitable<void> f() override { co_await g(Point{1}); } };",
             "void f() { switch (kind) { case 1: co_await g(Point{1}); } }",
             "void f() { a ? co_await g() : Point{1}; }"}) {
        CAPTURE(bad);
        CHECK(Lint(bad).hits.size() >= 1);
    }
    for (std::string good : {
             "void f() { http::Request request{.url = url}; co_await http.fetch(std::move(request)); }",
             "void f() { Outcome outcome = Ambiguous{\"no answer\"}; co_await record(id, std::move(outcome)); }",
             "void f() { auto work = [key](Connection& c) { return c; }; co_await db.run(std::move(work)); }",
             "void f() { auto work = [this, id]() -> asio::awaitable<void> { co_await g(id); }; group.spawn(\"x\", work()); }",
             "[[noreturn]] void f() { throw 1; } void g() { Point p{1}; co_await h(); }",
             "void f() { auto [a, b] = co_await both(); }",
             "void f() { const auto& [a, b] = co_await both(); }",
             "void f() { auto x = co_await db.run([&](Connection& c) { return Row{c}; }); }",
             "void f() { co_await g(Refusal(400, \"bad\"), Empty{}); }",
             "void f() { if (!co_await g()) log::warn(\"x\", {{\"a\", b}}); }",
             "void f() { if (co_await g()) { log::warn(\"x\", {{\"a\", b}}); } else co_return Point{1}; }",
             "void f() { auto r = co_await g(); co_return Report{r}; }",
             "void f() { co_await g(std::string{a}); }  // co_await g(Point{1})",
             "const char* s = \"co_await g(Point{1})\"; const char* r = R\"(co_await g({1}))\";",
             "struct S { int a{1}; S() : a{2}, b{3} { f(); } asio::awaitable<void> f() const { co_await g(); } std::string s{1}; };",
             "template <class T> auto f() -> asio::awaitable<T> { co_await g(); T t{1}; }",
             "void f() { co_await g(a[i], b[0]); Point p{1}; }",
             "void f() { for (int i{0}; i < 3; ++i) co_await g(i); }",
             "struct { const char* given; int x; } cases[] = {{\"a\", 1}, {\"b\", 2}}; void f() { co_await g(); }"}) {
        CAPTURE(good);
        auto hits = Lint(good).hits;
        CAPTURE(hits.empty() ? "" : hits.front());
        CHECK(hits.empty());
    }
}

TEST_CASE("no coroutine of ours holds what GCC 12 destroys twice") {
    std::size_t files = 0, awaits = 0;
    for (const auto& path : tree({"daemon", "providers", "tests"})) {
        if (!is_cpp(path)) continue;
        ++files;
        auto source = read_source(path);
        if (code_of(source).find("co_await") != std::string::npos) ++awaits;
        for (const auto& hit : Lint(source).hits) FAIL_CHECK(path << ":" << hit);
    }
    CHECK(files > 100);
    CHECK(awaits > 10);
}

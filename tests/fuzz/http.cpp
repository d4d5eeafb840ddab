// The HTTP layer: the connection as the server runs it, on bytes from memory. However the bytes are cut on their way it
// understands the same; what it refuses is the last thing on that connection.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/http/connection.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace pingjing::fuzz {
namespace {

using namespace http;

// The client's side: bytes in pieces, then it sends no more.
class Wire final : public Stream {
public:
    Wire(asio::io_context& io, std::string_view bytes, std::size_t piece, std::string& said, bool& finished)
        : socket_(io), bytes_(bytes), piece_(piece), said_(said), finished_(finished) {}
    asio::awaitable<bool> open() override { co_return true; }
    asio::awaitable<std::size_t> read(char* into, std::size_t size) override {
        auto count = std::min({size, piece_, bytes_.size()});
        bytes_.copy(into, count);
        bytes_.remove_prefix(count);
        co_return count;
    }
    asio::awaitable<bool> write(const char* from, std::size_t size) override {
        must(!finished_, "nothing is said after the farewell");
        said_.append(from, size);
        co_return true;
    }
    asio::awaitable<bool> finish() override {
        finished_ = true;
        co_return true;
    }
    Socket& socket() override { return socket_; }  // not open: what is left unread is lost, as on a closed one

private:
    Socket socket_;
    std::string_view bytes_;
    std::size_t piece_;
    std::string& said_;
    bool& finished_;
};

struct Visit {
    std::vector<Request> asked{};
    std::string said{};
    bool finished = false;
};

Router listener(Visit& visit) {
    auto handler = [&visit](Request request) -> asio::awaitable<Response> {
        visit.asked.push_back(std::move(request));
        Response response;
        response.body = "ok";
        co_return response;
    };
    Router router;
    for (const char* method : {"GET", "POST", "PUT"}) router.add(method, "/{path*}", handler);
    return router;
}

Visit visit(std::string_view bytes, std::size_t piece) {
    Visit out;
    ServerSettings settings;
    settings.body_limit = 300, settings.header_limit = 600;
    Shared shared(settings, listener(out));
    static asio::io_context io(1);  // made once: its descriptors cost more than the visit
    io.restart();
    Connection connection(shared, std::make_unique<Wire>(io, bytes, piece, out.said, out.finished), true);
    std::exception_ptr thrown;
    bool ended = false;
    auto on_end = [&](std::exception_ptr error) { thrown = error, ended = true; };
    asio::co_spawn(io, connection.serve(), on_end);
    io.run();
    if (thrown) std::rethrow_exception(thrown);
    must(ended && shared.body_bytes == 0, "a connection ends, and its bodies with it");
    return out;
}

struct Answer {
    int status = 0;
    bool close = false;
};

// Every answer in its frame, nothing between them. Answers to HEAD have a length and no body.
std::vector<Answer> answers_in(std::string_view said) {
    std::vector<Answer> out;
    while (!said.empty()) {
        must(said.starts_with("HTTP/1.1 ") && said.size() > 12, "an answer begins as one", said);
        Answer answer;
        answer.status = std::stoi(std::string(said.substr(9, 3)));
        auto end = said.find("\r\n\r\n");
        must(end != said.npos, "an answer's head ends", said);
        auto head = said.substr(0, end + 2);
        said.remove_prefix(end + 4);
        if (answer.status == 100) continue;
        answer.close = head.find("\r\nConnection: close\r\n") != head.npos;
        auto at = head.find("\r\nContent-Length: ");
        must(at != head.npos && head.find("\r\nContent-Length: ", at + 1) == head.npos, "an answer has one length", head);
        auto length = std::stoul(std::string(head.substr(at + 18)));
        if (!said.starts_with("HTTP/1.1 ") && !said.empty()) {
            must(said.size() >= length, "an answer has its body", said);
            said.remove_prefix(length);
        }
        out.push_back(answer);
    }
    return out;
}

bool same(const Request& a, const Request& b) {
    return a.method == b.method && a.target == b.target && a.path == b.path && a.query == b.query && a.parameters == b.parameters && a.headers == b.headers && a.body == b.body;
}

std::string without_continue(std::string said) {
    static const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    for (auto at = said.find(go_on); at != said.npos; at = said.find(go_on)) said.erase(at, go_on.size());
    return said;
}

// Who left in the middle may have been refused at once or not any more.
void answered_the_same(const std::string& whole, const std::string& cut) {
    const auto& longer = whole.size() < cut.size() ? cut : whole;
    const auto& shorter = whole.size() < cut.size() ? whole : cut;
    // A body that is too long and no body either is refused for what is seen of it first.
    auto one = answers_in(whole), other = answers_in(cut);
    auto refused = [](const std::vector<Answer>& answers) { return !answers.empty() && answers.back().close && (answers.back().status == 400 || answers.back().status == 413); };
    auto as_before = [](const Answer& a, const Answer& b) { return a.status == b.status && a.close == b.close; };
    if (one.size() == other.size() && refused(one) && refused(other) && std::equal(one.begin(), one.end() - 1, other.begin(), as_before)) return;
    auto more = longer.starts_with(shorter) ? answers_in(std::string_view(longer).substr(shorter.size())) : std::vector<Answer>(2);
    must(more.empty() || (more.size() == 1 && more[0].close && more[0].status != 200), "however it is cut, it is answered the same", whole + "\n---\n" + cut);
}

void understood(const Request& request) {
    must(request.target.starts_with('/') && request.body.size() <= 300 && request.headers.size() <= 100, "a request is within its limits");
    for (char c : request.path) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "no control character in a path", request.path);
    must((request.path + "/").find("/../") == request.path.npos && (request.path + "/").find("/./") == request.path.npos, "no dot segments", request.path);
    for (const auto& [name, value] : request.headers)
        must(!name.empty() && (name + value).find_first_of(std::string_view("\r\n\0", 3)) == name.npos, "a header is one line", name);
}

// Written in the plainest form it must be understood the same: nothing hid in the way it was written.
void print_and_read(const Request& request) {
    auto bytes = request.method + " " + request.target + " HTTP/1.1\r\n";
    bool host = false;
    for (const auto& [name, value] : request.headers) {
        Request one;
        one.headers.emplace_back(name, value);
        bool framing = !one.header("content-length").empty() || !one.header("transfer-encoding").empty() || !one.header("expect").empty() || !one.header("connection").empty();
        if (!framing) bytes += name + ": " + value + "\r\n";
        host = host || !one.header("host").empty();
    }
    if (!host) bytes += "Host: a\r\n";
    bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
    if (bytes.find("\r\n\r\n") > 560) return;  // longer than it was, perhaps too long
    auto again = visit(bytes, bytes.size());
    must(again.asked.size() == 1, "what was understood is one request", bytes);
    const auto& read = again.asked.front();
    must(read.method == request.method && read.target == request.target && read.path == request.path && read.body == request.body && read.parameters == request.parameters,
         "printed and read again it is the same request", bytes);
}

}  // namespace

void http(std::string_view input) {
    Input in(input);
    auto piece = 1 + in.choice(64);
    auto bytes = in.rest();
    auto whole = visit(bytes, std::max<std::size_t>(bytes.size(), 1)), cut = visit(bytes, piece);
    must(whole.asked.size() == cut.asked.size(), "however it is cut, it is as many requests");
    for (std::size_t i = 0; i < whole.asked.size(); ++i) must(same(whole.asked[i], cut.asked[i]), "however it is cut, it is the same request", whole.asked[i].target);
    answered_the_same(without_continue(whole.said), without_continue(cut.said));

    auto answers = answers_in(whole.said);
    std::size_t heard = 0;
    for (const auto& answer : answers) {
        bool last = &answer == &answers.back();
        if (answer.status == 200) ++heard;
        must(answer.status == 200 || answer.status == 404 || answer.status == 405 || (last && answer.close), "what is refused is the last thing on a connection", whole.said);
        must(!answer.close || (last && whole.finished), "who is told that the connection closes sees it closed", whole.said);
    }
    must(heard == whole.asked.size(), "each request has its answer", whole.said);
    for (const auto& request : whole.asked) understood(request);
    if (!whole.asked.empty()) print_and_read(whole.asked.front());
}

}  // namespace pingjing::fuzz

#include "daemon/push/push.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "daemon/async/timer.hpp"
#include "daemon/core/webhook_signature.hpp"

extern char** environ;

namespace pingjing::push {
namespace {

Result<void> read_answer(const http::FetchResult& answer) {
    if (!answer) return fail(Error::Kind::unavailable, answer.error().detail);
    if (answer->status < 200 || answer->status > 299) return fail(Error::Kind::unavailable, fmt::format("HTTP {}", answer->status));
    return {};
}

// A child in a process group of its own. Whatever ends us, it does not outlive this object.
class Child {
public:
    static Result<Child> start(const std::vector<std::string>& command, const std::string& input, int out = -1);  // its standard output; -1: nobody reads it
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    ~Child() {
        if (pid_ < 0) return;
        kill();
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
    }

    // nullopt: it still runs.
    std::optional<Result<void>> ended() {
        int status = 0;
        auto who = ::waitpid(pid_, &status, WNOHANG);
        if (who == 0 || (who < 0 && errno == EINTR)) return std::nullopt;
        pid_ = -1;
        if (who > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return Result<void>();
        if (who > 0 && WIFEXITED(status)) return fail(Error::Kind::unavailable, fmt::format("the program ended with {}", WEXITSTATUS(status)));
        return fail(Error::Kind::unavailable, "the program was ended by a signal");
    }
    void kill() { ::kill(-pid_, SIGKILL); }
    // What it started and left running goes too, once it has ended itself; before ended() has taken its number from the system.
    void kill_the_rest() {
        siginfo_t how{};
        if (pid_ >= 0 && ::waitid(P_PID, static_cast<id_t>(pid_), &how, WEXITED | WNOHANG | WNOWAIT) == 0 && how.si_pid == pid_) kill();
    }

private:
    explicit Child(pid_t pid) : pid_(pid) {}
    pid_t pid_;
};

Result<Child> Child::start(const std::vector<std::string>& command, const std::string& input, int out) {
    // A file in memory rather than a pipe: a program that does not read it cannot make us wait.
    int in = ::memfd_create("alarm", MFD_CLOEXEC);
    bool ready = in >= 0 && ::write(in, input.data(), input.size()) == static_cast<ssize_t>(input.size()) && ::lseek(in, 0, SEEK_SET) == 0;
    if (!ready) {
        if (in >= 0) ::close(in);
        return fail(Error::Kind::unavailable, fmt::format("no memory file for the program: {}", std::strerror(errno)));
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    if (out >= 0) posix_spawn_file_actions_adddup2(&files, out, 1);
    else posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);  // sockets of ours are not for it

    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    pid_t pid = -1;
    int failed = ::posix_spawnp(&pid, words[0], &files, &how, words.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    ::close(in);
    if (failed) return fail(Error::Kind::unavailable, fmt::format("cannot run {}: {}", command[0], std::strerror(failed)));
    return Child(pid);
}

// What a program writes, read without waiting: one that writes without end is stopped by a full pipe.
class Said {
public:
    explicit Said(std::size_t most) : most_(most) {
        if (::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0) ends_[0] = ends_[1] = -1;
        // The program's end is an ordinary one.
        if (ends_[1] >= 0) ::fcntl(ends_[1], F_SETFL, ::fcntl(ends_[1], F_GETFL) & ~O_NONBLOCK);
    }
    Said(const Said&) = delete;
    Said& operator=(const Said&) = delete;
    ~Said() {
        close_ours();
        if (ends_[0] >= 0) ::close(ends_[0]);
    }
    int for_program() const { return ends_[1]; }
    void close_ours() {
        if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
    }
    // False: more than was wished.
    bool read() {
        char piece[4096];
        while (text.size() <= most_) {
            auto got = ::read(ends_[0], piece, sizeof piece);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return true;
            text.append(piece, static_cast<std::size_t>(got));
        }
        return false;
    }
    std::string text{};

private:
    int ends_[2] = {-1, -1};
    std::size_t most_;
};

}  // namespace

asio::awaitable<Result<void>> post(http::Client& http, Address to, std::string id, std::string json, Instant now) {
    http::FetchRequest request;
    request.method = "POST";
    request.url = std::move(to.url);
    request.headers = {"Content-Type: application/json"};
    if (!to.token.empty()) request.headers.push_back("Authorization: Bearer " + to.token);
    if (auto signer = WebhookSigner::read(to.signing_secret))
        for (auto& header : signer->headers(id, now, json)) request.headers.push_back(std::move(header));
    request.body = std::move(json);
    request.timeout = to.timeout;
    auto answer = co_await http.fetch(std::move(request));
    co_return read_answer(answer);
}

asio::awaitable<Result<void>> run_program(std::vector<std::string> command, std::string json, Millis timeout) {
    auto child = Child::start(command, json);
    if (!child) co_return tl::unexpected(child.error());
    Millis waited{0};
    for (Millis pause = 5ms; waited < timeout; waited += pause, pause = std::min(pause * 2, Millis(50))) {
        if (auto end = child->ended()) co_return *end;
        co_await sleep_for(pause);
    }
    if (auto end = child->ended()) co_return *end;
    co_return fail(Error::Kind::unavailable, "the program did not end in time");
}

asio::awaitable<Result<std::string>> ask_program(std::vector<std::string> command, std::string json, Millis timeout, std::size_t most) {
    Said said(most);
    if (said.for_program() < 0) co_return fail(Error::Kind::unavailable, fmt::format("no pipe for the program: {}", std::strerror(errno)));
    auto child = Child::start(command, json, said.for_program());
    said.close_ours();
    if (!child) co_return tl::unexpected(child.error());
    Millis waited{0};
    for (Millis pause = 5ms; waited < timeout; waited += pause, pause = std::min(pause * 2, Millis(50))) {
        if (!said.read()) co_return fail(Error::Kind::unavailable, fmt::format("the program said more than {} bytes", most));
        child->kill_the_rest();
        if (auto end = child->ended()) {
            if (!*end) co_return tl::unexpected(end->error());
            if (!said.read()) co_return fail(Error::Kind::unavailable, fmt::format("the program said more than {} bytes", most));
            co_return std::move(said.text);
        }
        co_await sleep_for(pause);
    }
    co_return fail(Error::Kind::unavailable, "the program did not end in time");
}

asio::awaitable<Result<void>> try_once(std::function<asio::awaitable<Result<void>>()> attempt) {
    std::exception_ptr thrown;
    std::string why;
    try {
        auto running = attempt();
        co_return co_await std::move(running);
    } catch (const std::exception& error) {
        thrown = std::current_exception();
        why = error.what();
    }
    asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) std::rethrow_exception(thrown);
    co_return fail(Error::Kind::unavailable, why);
}

}  // namespace pingjing::push

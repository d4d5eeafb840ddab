#include "daemon/http/client.hpp"

#include <curl/curl.h>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <csignal>
#include <exception>
#include <new>

#include "daemon/async/timer.hpp"

namespace pingjing::http {
namespace {

using Done = asio::any_completion_handler<void(FetchResult)>;

constexpr std::size_t most_body_bytes = 1u << 20;
constexpr std::size_t most_head_bytes = 256u << 10;  // libcurl 7.88 limits a header line, not their sum

// Carriers close idle connections after 20 s and more. Using one at that moment costs an answer "perhaps", so ours are younger.
constexpr long oldest_idle_seconds = 15;

struct EasyCleanup { void operator()(CURL* e) const noexcept { curl_easy_cleanup(e); } };
struct ListFree { void operator()(curl_slist* l) const noexcept { curl_slist_free_all(l); } };

// One request in flight. libcurl keeps pointers into it, so it never moves.
struct Transfer {
    Transfer(std::uint64_t n, FetchRequest r, Done d) : number(n), request(std::move(r)), done(std::move(d)) {}
    std::uint64_t number;
    FetchRequest request;
    FetchResponse response;
    Done done;
    std::unique_ptr<CURL, EasyCleanup> easy{curl_easy_init()};
    std::unique_ptr<curl_slist, ListFree> headers;
    std::size_t head_bytes = 0;
    bool began_to_send = false;
    const char* refused = nullptr;  // why we ourselves broke it off
    char why[CURL_ERROR_SIZE] = "";
};

// libcurl is C: nothing may be thrown through it.
std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.response.body.size() + size > most_body_bytes) {
        transfer.refused = "the answer is longer than 1 MiB";
        return CURL_WRITEFUNC_ERROR;
    }
    try {
        transfer.response.body.append(data, size);
    } catch (const std::bad_alloc&) {
        transfer.refused = "no memory for the answer";
        return CURL_WRITEFUNC_ERROR;
    }
    return size;
}

std::size_t on_header(char*, std::size_t, std::size_t size, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.head_bytes += size;
    if (transfer.head_bytes <= most_head_bytes) return size;
    transfer.refused = "the head of the answer is longer than 256 KiB";
    return CURL_WRITEFUNC_ERROR;
}

// Called when a connection stands and the request is about to be written: before the first call nothing has left.
// libcurl would call it again to repeat, by itself, a request on a kept connection that died without an answer, a POST
// like any other. The carrier may have taken that message; who repeats it is not for a library to decide.
int on_ready_to_send(void* user, char*, char*, int, int) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    if (transfer.began_to_send) {
        transfer.refused = "the connection ended without an answer";
        return CURL_PREREQFUNC_ABORT;
    }
    transfer.began_to_send = true;
    return CURL_PREREQFUNC_OK;
}

bool has_header(const FetchRequest& request, std::string_view lower_name) {
    for (const auto& header : request.headers) {
        std::string name = header.substr(0, header.find(':'));
        for (auto& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (name == lower_name) return true;
    }
    return false;
}

bool has_line_break(const std::string& text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos; }

const char* fault_of(const FetchRequest& request) {
    if (request.method.empty() || request.method.find_first_of(" \t\r\n") != std::string::npos) return "the method is not a word";
    if (has_line_break(request.url)) return "a line break in the URL";
    for (const auto& header : request.headers)
        if (has_line_break(header) || header.find(':') == std::string::npos) return "a header is not one line 'Name: value'";
    return nullptr;
}

void start_libcurl() {
    static const bool started = [] {
        // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to us, and OpenSSL writes without MSG_NOSIGNAL.
        std::signal(SIGPIPE, SIG_IGN);
        return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    }();
    if (!started) throw std::bad_alloc();
}

void set_options(Transfer& transfer) {
    CURL* easy = transfer.easy.get();
    const auto& request = transfer.request;
    auto add = [&](const char* header) {
        auto* longer = curl_slist_append(transfer.headers.get(), header);
        if (!longer) throw std::bad_alloc();
        (void)transfer.headers.release();
        transfer.headers.reset(longer);
    };
    for (const auto& header : request.headers) add(header.c_str());
    add("Expect:");

    curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, oldest_idle_seconds);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    if (!request.user_password.empty()) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        curl_easy_setopt(easy, CURLOPT_USERPWD, request.user_password.c_str());
    }

    if (request.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET" || !request.body.empty()) {
        // An empty POST needs its Content-Length: 0 as well. A type is only what the caller says it is.
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
        if (!has_header(request, "content-type")) add("Content-Type:");
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());

    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &on_ready_to_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.why);
}

Failure read_failure(const Transfer& transfer, CURLcode code) {
    long sent = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_REQUEST_SIZE, &sent);
    auto when = transfer.began_to_send || sent > 0 ? Failure::When::after_send : Failure::When::before_send;
    if (transfer.refused) return {when, transfer.refused};
    return {when, transfer.why[0] ? transfer.why : curl_easy_strerror(code)};
}

void read_answer(Transfer& transfer) {
    CURL* easy = transfer.easy.get();
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    char* type = nullptr;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    if (type) transfer.response.content_type = type;
    curl_header* retry_after = nullptr;
    if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &retry_after) == CURLHE_OK)
        transfer.response.retry_after = retry_after->value;
}

}  // namespace

struct Client::Impl {
    explicit Impl(asio::any_io_executor ex) : executor(std::move(ex)), timer(executor) {
        start_libcurl();
        multi = curl_multi_init();
        if (!multi) throw std::bad_alloc();
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    }
    ~Impl() {
        assert(transfers.empty() && "every fetch() must have finished");
        watches.clear();
        curl_multi_cleanup(multi);
    }

    // A socket that libcurl owns and we only watch. `wants` is libcurl's latest wish.
    struct Watch {
        Watch(const asio::any_io_executor& ex, curl_socket_t fd) : descriptor(ex, fd) {}
        ~Watch() { let_go(); }
        // libcurl closes the socket, not we; and from then on its number is somebody else's.
        void let_go() {
            if (descriptor.is_open()) descriptor.release();
        }
        asio::posix::stream_descriptor descriptor;
        int wants = 0;
        bool reading = false;
        bool writing = false;
    };

    static int on_socket(CURL*, curl_socket_t fd, int what, void* user, void*) noexcept try {
        auto& self = *static_cast<Impl*>(user);
        if (what == CURL_POLL_REMOVE) {
            // At once, though a handler of ours may still hold it: libcurl is about to close the socket, and the next one that it opens
            // has the same number. Let go of later, that one would be forgotten by epoll, and its answer never be seen.
            if (auto it = self.watches.find(fd); it != self.watches.end()) {
                it->second->let_go();
                self.watches.erase(it);
            }
            return 0;
        }
        auto& watch = self.watches[fd];
        if (!watch) watch = std::make_shared<Watch>(self.executor, fd);
        watch->wants = what;
        self.arm(watch);
        return 0;
    } catch (const std::exception&) {
        return -1;
    }

    static int on_timer(CURLM*, long timeout_ms, void* user) noexcept try {
        auto& self = *static_cast<Impl*>(user);
        self.timer.cancel();
        if (timeout_ms < 0) return 0;
        self.timer.expires_after(std::chrono::milliseconds(timeout_ms));
        self.timer.async_wait([&self, weak = std::weak_ptr<int>(self.alive)](boost::system::error_code ended) {
            if (!ended && !weak.expired()) self.act(CURL_SOCKET_TIMEOUT, 0);
        });
        return 0;
    } catch (const std::exception&) {
        return -1;
    }

    void arm(const std::shared_ptr<Watch>& watch) {
        if ((watch->wants & CURL_POLL_IN) && !watch->reading) {
            watch->reading = true;
            wait(watch, asio::posix::stream_descriptor::wait_read, CURL_CSELECT_IN);
        }
        if ((watch->wants & CURL_POLL_OUT) && !watch->writing) {
            watch->writing = true;
            wait(watch, asio::posix::stream_descriptor::wait_write, CURL_CSELECT_OUT);
        }
    }

    void wait(const std::shared_ptr<Watch>& watch, asio::posix::stream_descriptor::wait_type type, int event) {
        watch->descriptor.async_wait(type, [this, type, event, weak = std::weak_ptr<Watch>(watch)](boost::system::error_code error) {
            auto w = weak.lock();
            if (!w) return;  // libcurl let go of the socket while we waited; `this` may be gone as well
            (type == asio::posix::stream_descriptor::wait_read ? w->reading : w->writing) = false;
            auto fd = w->descriptor.native_handle();
            act(fd, error ? CURL_CSELECT_ERR : event);
            if (auto it = watches.find(fd); it != watches.end() && it->second == w) arm(w);
        });
    }

    void act(curl_socket_t fd, int events) {
        int running = 0;
        curl_multi_socket_action(multi, fd, events, &running);
        int queued = 0;
        while (CURLMsg* message = curl_multi_info_read(multi, &queued))
            if (message->msg == CURLMSG_DONE) finish(message->easy_handle, message->data.result);
    }

    void start(FetchRequest request, Done done) {
        if (const char* fault = fault_of(request)) {
            FetchResult refused = tl::unexpected(Failure(Failure::When::before_send, fault));
            answer(std::move(done), std::move(refused));
            return;
        }
        auto number = next_number++;
        auto transfer = std::make_unique<Transfer>(number, std::move(request), std::move(done));
        CURL* easy = transfer->easy.get();
        if (!easy) throw std::bad_alloc();
        set_options(*transfer);

        auto slot = asio::get_associated_cancellation_slot(transfer->done);
        if (slot.is_connected())
            slot.assign([this, easy, number](asio::cancellation_type) {
                // Not inside emit(): finishing now would destroy the slot that is calling us.
                asio::post(executor, [this, easy, number, weak = std::weak_ptr<int>(alive)] {
                    if (weak.expired()) return;
                    auto it = transfers.find(easy);
                    if (it == transfers.end() || it->second->number != number) return;
                    it->second->refused = "cancelled";
                    finish(easy, CURLE_ABORTED_BY_CALLBACK);
                });
            });
        transfers.emplace(easy, std::move(transfer));
        if (auto code = curl_multi_add_handle(multi, easy); code != CURLM_OK) {
            transfers.at(easy)->refused = curl_multi_strerror(code);
            finish(easy, CURLE_FAILED_INIT);
        }
    }

    void finish(CURL* easy, CURLcode code) {
        auto it = transfers.find(easy);
        if (it == transfers.end()) return;
        auto transfer = std::move(it->second);
        transfers.erase(it);

        FetchResult result;
        if (code == CURLE_OK) {
            read_answer(*transfer);
            result = std::move(transfer->response);
        } else {
            result = tl::unexpected(read_failure(*transfer, code));
        }
        curl_multi_remove_handle(multi, easy);
        answer(std::move(transfer->done), std::move(result));
    }

    void answer(Done done, FetchResult result) {
        asio::get_associated_cancellation_slot(done).clear();
        asio::post(executor, [done = std::move(done), result = std::move(result)]() mutable { std::move(done)(std::move(result)); });
    }

    asio::any_io_executor executor;
    Timer timer;
    CURLM* multi = nullptr;
    std::map<curl_socket_t, std::shared_ptr<Watch>> watches;
    std::map<CURL*, std::unique_ptr<Transfer>> transfers;
    std::uint64_t next_number = 0;
    std::shared_ptr<int> alive = std::make_shared<int>(0);
};

Client::Client(asio::any_io_executor executor) : impl_(std::make_unique<Impl>(std::move(executor))) {}
Client::~Client() = default;

asio::awaitable<FetchResult> Client::fetch(FetchRequest request) {
    auto initiate = [impl = impl_.get()](auto handler, FetchRequest r) { impl->start(std::move(r), std::move(handler)); };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(FetchResult)>(initiate, asio::use_awaitable,
                                                                                              std::move(request));
}

}  // namespace pingjing::http

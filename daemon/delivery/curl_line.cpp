#include "daemon/delivery/curl_line.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <mutex>
#include <new>

namespace pingjing::delivery {
namespace {

struct EasyCleanup { void operator()(CURL* e) const noexcept { curl_easy_cleanup(e); } };
struct ListFree { void operator()(curl_slist* l) const noexcept { curl_slist_free_all(l); } };

constexpr long connect_seconds = 15;

void start_libcurl() {
    static std::once_flag once;
    std::call_once(once, [] {
        std::signal(SIGPIPE, SIG_IGN);  // with CURLOPT_NOSIGNAL libcurl leaves it to us
        curl_global_init(CURL_GLOBAL_DEFAULT);
    });
}

struct Upload { std::string_view bytes{}; std::size_t at = 0; };
struct Download { std::string bytes{}; std::size_t most = 0; bool cut_off = false; };

std::size_t on_read(char* to, std::size_t size, std::size_t n, void* user) noexcept {
    auto& upload = *static_cast<Upload*>(user);
    auto take = std::min(size * n, upload.bytes.size() - upload.at);
    std::memcpy(to, upload.bytes.data() + upload.at, take);
    upload.at += take;
    return take;
}
int on_seek(void* user, curl_off_t offset, int origin) noexcept {
    auto& upload = *static_cast<Upload*>(user);
    if (origin != SEEK_SET || offset < 0 || static_cast<std::size_t>(offset) > upload.bytes.size()) return CURL_SEEKFUNC_FAIL;
    upload.at = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
}
std::size_t on_write(char* from, std::size_t, std::size_t n, void* user) noexcept {
    auto& download = *static_cast<Download*>(user);
    auto room = download.most + 1 - std::min(download.most + 1, download.bytes.size());
    try {
        download.bytes.append(from, std::min(n, room));
    } catch (const std::bad_alloc&) {
        return CURL_WRITEFUNC_ERROR;
    }
    download.cut_off = n > room;
    return download.cut_off ? CURL_WRITEFUNC_ERROR : n;
}
int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept { return static_cast<const std::atomic<bool>*>(user)->load() ? 1 : 0; }

// An unknown host is no more to be believed than one whose key has changed.
int on_host_key(CURL*, const curl_khkey*, const curl_khkey*, curl_khmatch match, void*) noexcept { return match == CURLKHMATCH_OK ? CURLKHSTAT_FINE : CURLKHSTAT_REJECT; }

}  // namespace

struct CurlLine::Impl {
    Impl(const config::Delivery& t, const std::atomic<bool>& s) : to(t), stop(s) {
        start_libcurl();
        easy.reset(curl_easy_init());
        if (!easy) throw std::bad_alloc();
    }
    bool sftp() const { return to.to == config::Delivery::To::sftp; }

    template <class Value> void set(CURLoption option, Value value) { curl_easy_setopt(easy.get(), option, value); }

    // All that does not differ from request to request; the connection is kept.
    void begin(const std::string& path) {
        curl_easy_reset(easy.get());
        headers.reset();
        quoted.reset();
        why[0] = 0;
        set(CURLOPT_URL, (to.url + path).c_str());
        set(CURLOPT_PROTOCOLS_STR, sftp() ? "sftp" : "http,https");
        set(CURLOPT_PROXY, "");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(to.timeout.count()));
        set(CURLOPT_ERRORBUFFER, why);
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, &on_progress);
        set(CURLOPT_XFERINFODATA, &stop);
        set(CURLOPT_WRITEFUNCTION, &on_write);
        set(CURLOPT_WRITEDATA, &download);
        download = Download{{}, 4096, false};
        if (sftp()) {
            set(CURLOPT_SSH_KNOWNHOSTS, to.known_hosts.c_str());
            set(CURLOPT_SSH_KEYFUNCTION, &on_host_key);
            set(CURLOPT_SSH_AUTH_TYPES, static_cast<long>(to.key_file.empty() ? CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD : CURLSSH_AUTH_PUBLICKEY));
            if (!to.key_file.empty()) set(CURLOPT_SSH_PRIVATE_KEYFILE, to.key_file.c_str());
            set(CURLOPT_NEW_FILE_PERMS, 0640L);
            set(CURLOPT_NEW_DIRECTORY_PERMS, 0750L);
        } else {
            set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
            header("Expect:");
            if (!to.token.empty()) header("Authorization: Bearer " + to.token);
            if (!to.user.empty()) set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        }
        if (!to.user.empty()) set(CURLOPT_USERNAME, to.user.c_str());
        if (!to.password.empty()) set(CURLOPT_PASSWORD, to.password.c_str());
    }
    void add(std::unique_ptr<curl_slist, ListFree>& list, const std::string& line) {
        auto* longer = curl_slist_append(list.get(), line.c_str());
        if (!longer) throw std::bad_alloc();
        (void)list.release();
        list.reset(longer);
    }
    void header(const std::string& line) { add(headers, line); }

    Answer perform() {
        if (headers) set(CURLOPT_HTTPHEADER, headers.get());
        auto code = curl_easy_perform(easy.get());
        Answer answer;
        long status = 0;
        if (!sftp()) curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
        bool whole = code == CURLE_OK || (code == CURLE_WRITE_ERROR && download.cut_off);
        if (code == CURLE_REMOTE_FILE_NOT_FOUND) answer.kind = Answer::Kind::absent;
        else if (!whole) answer.why = fmt::format("{}", why[0] ? why : curl_easy_strerror(code));
        else if (sftp() || (status >= 200 && status < 300)) answer.kind = Answer::Kind::done;
        else answer.kind = status == 404 || status == 410 ? Answer::Kind::absent : Answer::Kind::failed, answer.why = fmt::format("HTTP {}", status);
        answer.body = std::move(download.bytes);
        return answer;
    }

    // What a path is to the server, without its host.
    std::string place(const std::string& path) const {
        auto host = to.url.find("//") + 2;
        auto slash = to.url.find('/', host);
        return (slash == std::string::npos ? std::string() : to.url.substr(slash)) + path;
    }

    const config::Delivery& to;
    const std::atomic<bool>& stop;
    std::unique_ptr<CURL, EasyCleanup> easy;
    std::unique_ptr<curl_slist, ListFree> headers, quoted;
    Upload upload;
    Download download;
    char why[CURL_ERROR_SIZE] = "";
};

CurlLine::CurlLine(const config::Delivery& to, const std::atomic<bool>& stop) : impl_(std::make_unique<Impl>(to, stop)) {}
CurlLine::~CurlLine() = default;

Answer CurlLine::get(const std::string& path, std::size_t most) {
    impl_->begin(path);
    impl_->download.most = most;
    return impl_->perform();
}

Answer CurlLine::put(const std::string& path, std::string_view bytes, std::size_t from) {
    impl_->begin(path);
    impl_->upload = Upload{bytes, 0};
    impl_->set(CURLOPT_UPLOAD, 1L);
    impl_->set(CURLOPT_READFUNCTION, &on_read);
    impl_->set(CURLOPT_READDATA, &impl_->upload);
    impl_->set(CURLOPT_SEEKFUNCTION, &on_seek);
    impl_->set(CURLOPT_SEEKDATA, &impl_->upload);
    impl_->set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
    if (impl_->sftp()) impl_->set(CURLOPT_FTP_CREATE_MISSING_DIRS, static_cast<long>(CURLFTP_CREATE_DIR_RETRY));
    if (impl_->sftp() && from > 0) impl_->set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(from));
    return impl_->perform();
}

Answer CurlLine::make_folder(const std::string& path) {
    impl_->begin(path);
    impl_->set(CURLOPT_CUSTOMREQUEST, "MKCOL");
    auto answer = impl_->perform();
    if (answer.status == 405) answer.kind = Answer::Kind::done;  // RFC 4918: something stands there
    return answer;
}

Answer CurlLine::rename(const std::string& from, const std::string& to, bool over) {
    impl_->begin("/");
    if (over) impl_->add(impl_->quoted, "*rm " + impl_->place(to));  // *: it may be missing
    impl_->add(impl_->quoted, fmt::format("rename {} {}", impl_->place(from), impl_->place(to)));
    impl_->set(CURLOPT_QUOTE, impl_->quoted.get());
    impl_->set(CURLOPT_NOBODY, 1L);
    return impl_->perform();
}

}  // namespace pingjing::delivery

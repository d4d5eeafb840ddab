#include "daemon/delivery/remote.hpp"

#include <fmt/format.h>

#include "daemon/delivery/curl_line.hpp"

namespace pingjing::delivery {
namespace {

using To = config::Delivery::To;

tl::unexpected<Error> refused(const std::string& what, const Answer& answer) {
    return fail(Error::Kind::unavailable, fmt::format("{}: {}", what, answer.kind == Answer::Kind::absent ? "there is no such place" : answer.why));
}

class Sender {
public:
    Sender(const config::Delivery& to, const Parcel& parcel, const std::atomic<bool>& stop) : to_(to), parcel_(parcel), line_(to, stop) {}

    // Finished by a rename.
    Result<std::int64_t> by_sftp() {
        auto standing = is_finished();
        if (!standing) return tl::unexpected(standing.error());
        if (!*standing) {
            for (const auto& file : parcel_.files)
                if (auto sent = bring("/" + parcel_.unfinished() + "/" + file.name, file.bytes); !sent) return tl::unexpected(sent.error());
            auto renamed = line_.rename("/" + parcel_.unfinished(), "/" + parcel_.folder(), false);
            if (!renamed.done()) return refused("rename " + parcel_.unfinished(), renamed);
        }
        if (auto named = name_latest(); !named) return tl::unexpected(named.error());
        return sent_;
    }

    // Finished by the manifest, which is the last.
    Result<std::int64_t> by_http() {
        auto standing = is_finished();
        if (!standing) return tl::unexpected(standing.error());
        if (!*standing) {
            if (to_.to == To::webdav)
                for (const auto& folder : {parcel_.day, parcel_.folder()})
                    if (auto made = line_.make_folder("/" + folder + "/"); !made.done()) return refused("MKCOL " + folder, made);
            for (const auto& file : parcel_.files)
                if (auto sent = bring("/" + parcel_.folder() + "/" + file.name, file.bytes); !sent) return tl::unexpected(sent.error());
        }
        if (auto named = name_latest(); !named) return tl::unexpected(named.error());
        return sent_;
    }

private:
    // By HTTP a host that only takes, or does not let us read, says something else than 200: then we do not know, and send.
    bool may_not_tell() const { return to_.to == To::http; }

    // The manifest names the hashes of all files: where it is the same, so is the version. Not so where files are missing all the same.
    Result<bool> is_finished() {
        const auto& manifest = parcel_.files.back();
        auto answer = line_.get("/" + parcel_.folder() + "/" + manifest.name, manifest.bytes.size());
        if (answer.kind == Answer::Kind::failed && !(may_not_tell() && answer.status > 0)) return refused("read " + parcel_.folder(), answer);
        if (!answer.done()) return false;
        if (answer.body != manifest.bytes) {
            if (may_not_tell()) return false;
            return fail(Error::Kind::conflict, fmt::format("another {} stands there: its manifest.json differs", parcel_.folder()));
        }
        for (const auto& file : parcel_.files) {
            auto there = line_.get("/" + parcel_.folder() + "/" + file.name, file.bytes.size());
            if (there.done() && there.body == file.bytes) continue;
            if (to_.to != To::sftp) return false;  // it can still be put there
            return fail(Error::Kind::conflict, fmt::format("another {} stands there: its {} differs", parcel_.folder(), file.name));
        }
        return true;
    }

    Result<void> bring(const std::string& path, std::string_view bytes) {
        auto there = line_.get(path, bytes.size());
        if (there.kind == Answer::Kind::failed && !(may_not_tell() && there.status > 0)) return refused("read " + path, there);
        if (there.done() && there.body == bytes) return {};
        bool is_part = to_.to == To::sftp && there.done() && !there.body.empty() && there.body.size() < bytes.size() && bytes.starts_with(there.body);
        auto from = is_part ? there.body.size() : 0;
        auto put = line_.put(path, bytes, from);
        if (!put.done()) return refused("write " + path, put);
        sent_ += static_cast<std::int64_t>(bytes.size() - from);
        if (may_not_tell()) return {};
        auto again = line_.get(path, bytes.size());
        if (!again.done() || again.body != bytes) return fail(Error::Kind::unavailable, fmt::format("{} was taken and is another when it is read back", path));
        return {};
    }

    Result<void> name_latest() {
        auto path = "/" + parcel_.day + "/latest", hidden = "/" + parcel_.day + "/.latest.unfinished";
        auto there = line_.get(path, 32);
        if (there.done() && version_named(there.body) >= parcel_.version) return {};
        if (to_.to != To::sftp) return bring(path, parcel_.latest());
        if (auto sent = bring(hidden, parcel_.latest()); !sent) return sent;
        auto renamed = line_.rename(hidden, path, true);
        if (!renamed.done()) return refused("rename " + hidden, renamed);
        return {};
    }

    const config::Delivery& to_;
    const Parcel& parcel_;
    CurlLine line_;
    std::int64_t sent_ = 0;
};

}  // namespace

Result<std::int64_t> send(const config::Delivery& to, const Parcel& parcel, const std::atomic<bool>& stop) {
    Sender sender(to, parcel, stop);
    return to.to == To::sftp ? sender.by_sftp() : sender.by_http();
}

}  // namespace pingjing::delivery

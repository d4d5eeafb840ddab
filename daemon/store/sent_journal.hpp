// The sent journal: one fsynced line for every claim, outside the database and its backups. A store that was restored from
// a backup sees sent surveys as due; the journal remembers them. Line: sequence, ref, hex of the phone's keyed hash.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/result.hpp"
#include "daemon/store/disk.hpp"

namespace pingjing::store {

struct SentLine {
    SentLine(std::int64_t s, std::string r, std::string p) : sequence(s), ref(std::move(r)), phone_key(std::move(p)) {}
    std::int64_t sequence;
    std::string ref;
    std::string phone_key;  // 16 bytes
};

class SentJournal {
public:
    // Opens or starts `folder`/sent.N (a segment holds 100,000 lines). What power loss tore in the last append is
    // cut off or blotted out.
    // Without `durable` it is not fsynced: demonstrations.
    static Result<SentJournal> open(const std::filesystem::path& folder, bool durable = true, Disk& disk = machine_disk());

    // How far it has come, touching nothing: beside a daemon that goes on writing. Of this one only what it says is asked. Throws std::system_error.
    static SentJournal look(const std::filesystem::path& folder, Disk& disk = machine_disk());

    // Appends and fsyncs; throws std::system_error and leaves no half line behind. Nothing may be sent before it returns.
    void append(const std::vector<SentLine>& lines);
    std::int64_t last_sequence() const { return last_; }  // 0: empty
    const std::string& last_ref() const { return last_ref_; }  // empty: its newest segment has no line yet
    std::filesystem::path last_file() const;
    // Every line after `sequence` is there, as far as the files tell: none of them is missing, and they begin early enough.
    bool is_whole_after(std::int64_t sequence) const;
    // Every line after `sequence`, oldest first.
    Result<std::vector<SentLine>> after(std::int64_t sequence) const;

private:
    explicit SentJournal(Disk& disk) : disk_(&disk) {}
    void start_segment();
    Disk* disk_;
    std::filesystem::path folder_;
    std::unique_ptr<Disk::File> file_;
    bool durable_ = true;
    std::int64_t last_ = 0, first_of_segment_ = 1, bytes_ = 0;
    std::string last_ref_;
};

}  // namespace pingjing::store

// What must be true of every store at every moment: the same checks for `pingjing verify`, for the night and for tests.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/result.hpp"
#include "daemon/core/signed_note.hpp"
#include "daemon/store/checkpoints.hpp"
#include "daemon/store/interrupt.hpp"
#include "daemon/store/ledger_check.hpp"
#include "daemon/store/table_check.hpp"

namespace pingjing::admin {

struct Verification {
    struct Failure { std::string check{}, detail{}; };  // "ledger", "ledger row 17 is missing"
    std::vector<Failure> failures{};                    // at most some of each check
    std::int64_t cases = 0, ledger_entries = 0;
    std::int64_t rows = 0;         // of fact tables, compared with the ledger
    std::int64_t erased = 0;       // of them or gone from them, as the ledger says
    std::size_t checkpoints = 0;   // that the ledger agrees with
    bool has_key = false;          // a ledger.key: without one no signature is looked at
    std::vector<store::LedgerKey> keys{};  // as the ledger names them
    std::string root{};            // of a whole verification
    TreeHead head{};
    std::vector<std::int64_t> touched{};  // of verify_since(): the cases that were looked at
};

// In steps, each one moment of the books, for a store that is in use. What is damaged is a failure of "file", and the rest is looked at all the
// same. Checkpoints that are kept elsewhere say whether the ledger was
// cut or written anew as a whole, which it cannot know of itself.
class Verifier {
public:
    // Without a signer the signatures of checkpoints are not looked at, and the result says so. With one each must be by the key that the ledger
    // names for its size; where it names none, by this one.
    explicit Verifier(const NoteSigner* signer = nullptr, store::LedgerCheck::Sizes sizes = {}, store::TableCheck::Sizes tables = {})
        : signer_(signer), file_(tables), ledger_(sizes) {
        result_.has_key = signer != nullptr;
    }
    void add_checkpoint(std::string note, std::string who) { given_.emplace_back(std::move(note), std::move(who)); }  // before the first step
    // false: that was the last. Throws SqlError only where the store cannot be read at all: no memory, the disk fails.
    bool step(store::Connection& db);
    const Verification& result() const { return result_; }

private:
    friend class Beside;
    enum class Stage { begin, ledger, rest, finish, done };
    void go_on_or_say_why(store::Connection& db);
    void go_on(store::Connection& db);
    // The file and the promises: of all that is below, only file_, file_is_done_, next_check_ and broken_ are touched.
    bool step_rest(store::Connection& db);
    void take_rest();
    void begin(store::Connection& db);
    void take_checkpoint(const std::string& note, const std::string& who);
    Result<NoteVerifier> key_of(std::uint64_t size) const;
    void finish(store::Connection& db);
    const NoteSigner* signer_;
    std::vector<std::pair<std::string, std::string>> given_;
    store::TableCheck file_;
    store::LedgerCheck ledger_;
    Stage stage_ = Stage::begin;
    bool rest_is_apart_ = false, file_is_done_ = false;
    std::size_t next_check_ = 0, found_at_begin_ = 0;
    Verification broken_{}, result_{};
};

// Half of a verification, the file and the promises, on a thread and a connection of its own; the verifier's steps are then the ledger and the rows.
class Beside {
public:
    Beside(Verifier& verifier, std::string path);  // before the first step; the verifier outlives it
    ~Beside();                                     // whatever it is in the middle of is left at once
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;
    // Waits for so long. True: what was found is in the verifier's result. Throws what the thread threw.
    bool has_ended(std::chrono::milliseconds at_most);

private:
    void look(const std::string& path);
    void lend(store::Interrupt* interrupt);
    Verifier& verifier_;
    std::atomic<bool> stop_ = false;
    std::mutex mutex_{};
    store::Interrupt* interrupt_ = nullptr;  // as long as it reads
    std::future<void> work_;
};

// What can be said of the signatures, in a sentence: none of a result that was whole says more than was looked at.
std::string about_signatures(const Verification& result);

// For one line: "ledger: row 17 is missing; and 2 more". Empty when all holds.
std::string first_failures(const Verification& result);

Verification verify(store::Connection& db, const NoteSigner* signer = nullptr);  // all steps
// Of the ledger and of the cases that have a fact after `known`, and of these facts: `cases` counts those. What a check would find in
// others it would have found before, but for the sums of the books, for messages of cases that are no surveys, and for rows against the ledger.
Verification verify_since(store::Connection& db, TreeHead known);

}  // namespace pingjing::admin

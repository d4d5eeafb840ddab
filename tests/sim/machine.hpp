// The machine under the daemon: what goes wrong with its disk and its memory, what is left when a life ends, and who puts an old backup back.
#pragma once
#include <memory>
#include <optional>

#include "tests/sim/life.hpp"

namespace pingjing::sim {

class Machine {
public:
    explicit Machine(City& city);

    // The disk for this life, and what will go wrong with it.
    void put_under(Life& life, std::size_t number);
    static void end_trouble(Life& life);
    // A life has ended: what is on the disk is what the next one finds. `tidy`: it had stopped by itself.
    void outlive(Life& life, bool tidy);
    // Whatever left for a citizen stands in the sent journal, whatever the power did to it.
    void check_journal(const Disk& disk);

private:
    void draw_slowness(Life& life);
    void draw_trouble(Life& life, std::size_t number);
    bool may_get_over_it(Life& life);
    void draw_full_disk(Life& life);
    void offer_old_backup();
    bool is_refused(bool empty);
    int notices_under_way() const;
    void restore();

    City& city_;
    std::shared_ptr<Disk> disk_, image_;
    std::optional<Disk::Copy> backup_;
    std::size_t backup_sent_ = 0, in_journal_ = 0;
    bool full_before_ = false;
};

}  // namespace pingjing::sim

// [[channel]] and [[route]]: the ways by which texts leave and come back. What stands before them in the file ([survey], [http], [lists]) is
// read before them.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/section.hpp"
#include "daemon/config/settings.hpp"

namespace pingjing::config {

class ChannelsReader {
public:
    // `list_texts`: what decides over citizens and lies in files of its own, by name; the digest of the rules is made of it.
    ChannelsReader(Settings& settings, const ChannelReader& adapters, std::vector<std::pair<std::string, std::string>>& list_texts)
        : settings_(settings), reader_(adapters), list_texts_(list_texts) {}

    void channel(Section& s);
    void route(Section& s);
    void finish();  // after the last of them: where there is no route, all channels are one

private:
    void warn(const Section& s, const std::string& key, const std::string& what);
    void templates(const Section& s, Channel& v);
    void own_door(Section& s, const Channel& v);
    void meeting_hours(Section& s, const Channel& v);
    void hook(Section& s, Channel& v);

    Settings& settings_;
    const ChannelReader& reader_;
    std::vector<std::pair<std::string, std::string>>& list_texts_;
    int last_route_line_ = 0;
    std::vector<std::pair<std::string, std::string>> doors_;  // of channels that listen: name, address
};

}  // namespace pingjing::config

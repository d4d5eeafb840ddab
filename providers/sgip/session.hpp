// What an SP says and hears on its two kinds of SGIP connections: on ours to the gateway, and on those that the gateway opens to us.
// Without sockets.
#pragma once
#include <functional>
#include <map>
#include <memory>

#include "providers/link/dialect.hpp"
#include "providers/sgip/pdu.hpp"
#include "providers/sgip/settings.hpp"

namespace pingjing::sgip {

// Of all links of a channel. A Submit's number is its id in the whole network: two links, or two starts within a second, must not
// have the same.
class Sequences {
public:
    Sequences(const Clock& clock, std::uint32_t node, std::uint32_t first) : clock_(clock), node_(node), next_(first) {}
    Sequence next();

private:
    const Clock& clock_;
    std::uint32_t node_, next_;
};

// Ours.
class Sp final : public link::Dialect {
public:
    Sp(std::shared_ptr<const Settings> settings, std::shared_ptr<Sequences> sequences) : settings_(std::move(settings)), sequences_(std::move(sequences)) {}

    link::FrameLimits frame_limits() const override { return {head_size, 2048}; }
    link::Quiet when_quiet() const override { return link::Quiet::leave; }
    std::string open(std::uint32_t number, Instant now) override;
    std::string keep_alive(std::uint32_t) override { return {}; }
    std::string close(std::uint32_t number) override;
    std::string numbered(std::string frame, std::uint32_t number) override;
    std::string id_of_last() const override { return shown(last_); }
    link::Heard hear(std::string_view frame, link::State state, Instant now) override;

private:
    link::Heard hear_bind_answer(const Answer& answer) const;
    link::Heard hear_submit_answer(const Decoded& pdu);

    std::shared_ptr<const Settings> settings_;
    std::shared_ptr<Sequences> sequences_;
    Sequence last_{};
    std::map<Sequence, std::uint32_t> numbers_;  // what is not answered, by what the gateway calls it
};

// The gateway's.
class Host final : public link::Dialect {
public:
    Host(std::shared_ptr<const Settings> settings, std::function<bool()> full) : settings_(std::move(settings)), full_(std::move(full)) {}

    link::FrameLimits frame_limits() const override { return {head_size, 2048}; }
    bool sends() const override { return false; }
    link::Quiet when_quiet() const override { return link::Quiet::hang_up; }
    std::string open(std::uint32_t, Instant) override { return {}; }
    std::string keep_alive(std::uint32_t) override { return {}; }
    std::string close(std::uint32_t) override { return {}; }
    std::string numbered(std::string frame, std::uint32_t) override { return frame; }
    link::Heard hear(std::string_view frame, link::State state, Instant now) override;

private:
    link::Heard hear_bind(const Decoded& pdu, const Bind& bind) const;

    std::shared_ptr<const Settings> settings_;
    std::function<bool()> full_;
};

}  // namespace pingjing::sgip

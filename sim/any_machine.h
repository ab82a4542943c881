#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "core/machine.h"

namespace tickover::sim {

/// What a machine told its owner, in the form that oracles, expectations and logs read. A machine
/// whose own Event converts to a Notice (or is one) is understood; any other is logged by name
/// only.
struct Notice {
  enum class Kind : std::uint8_t {
    other,
    candidate_added,    // local: where peers reach this host now; remote: its mapped address
    candidate_removed,  // local: the address that is gone
    peer_ready,         // remote can be sent to (channel bound, or permission installed)
    peer_lost,          // remote can no longer be sent to
    received,           // payload came from remote for the application
    failed,  // an attempt was given up or refused; number: the error code, if there was one
  };
  Kind kind = Kind::other;
  std::string_view name;  // static text for people, such as "channel bound"
  Endpoint local;
  Endpoint remote;
  std::uint64_t number = 0;
  Bytes payload;  // valid until the machine's next change
};

/// How a machine names the datagrams it understands: the kind, and a key that a request, its
/// retransmissions and its answer share. Without a key each datagram is a transaction of its own.
struct Label {
  enum class Part : std::uint8_t { alone, request, answer };
  std::uint16_t kind = 0xFFFF;  // stable number; named by kind_name
  Part part = Part::alone;
  std::uint64_t key = 0;
};

/// What an application asks of its machine.
struct SendCommand {
  Endpoint to;
  Bytes payload;
};
/// Expect datagrams from there (install what is needed to receive them).
struct ReachCommand {
  Endpoint peer;
};
struct CloseCommand {};
using Command = std::variant<SendCommand, ReachCommand, CloseCommand>;

/// What the kinds of a machine's datagrams are called.
using KindNames = std::string_view (*)(std::uint16_t kind);

/// Any machine as a regular value: copying clones it, == compares the machines. The five verbs are
/// those of core/machine.h. Optional members of M are used where they exist:
///   bool handle_command(const Command&, Instant)   false: refused, nothing was sent
///   static Label label(Bytes datagram)
///   static std::string_view kind_name(std::uint16_t kind)
class AnyMachine {
 public:
  AnyMachine() = default;
  /// Of anything but itself: that is a copy, and asking whether it is a Machine would never end.
  template <class M>
    requires(!std::same_as<M, AnyMachine>) && Machine<M>
  explicit AnyMachine(M machine) : model_(std::make_unique<Model<M>>(std::move(machine))) {}

  AnyMachine(const AnyMachine& other) : model_(other.model_ ? other.model_->clone() : nullptr) {}
  AnyMachine& operator=(const AnyMachine& other) {
    if (this != &other) model_ = other.model_ ? other.model_->clone() : nullptr;
    return *this;
  }
  AnyMachine(AnyMachine&&) noexcept = default;
  AnyMachine& operator=(AnyMachine&&) noexcept = default;

  explicit operator bool() const { return model_ != nullptr; }
  friend bool operator==(const AnyMachine& a, const AnyMachine& b) {
    if (!a.model_ || !b.model_) return a.model_ == b.model_;
    return a.model_->equals(*b.model_);
  }

  /// The machine itself if it is an M: for probes and tests, never for the world.
  template <class M>
  const M* get() const {
    const auto* model = dynamic_cast<const Model<M>*>(model_.get());
    return model ? &model->machine : nullptr;
  }
  /// The same for an owner with commands that only an M knows; each is one change, and a full drain
  /// follows.
  template <class M>
  M* get() {
    auto* model = dynamic_cast<Model<M>*>(model_.get());
    return model ? &model->machine : nullptr;
  }

  std::optional<Timeout> poll_timeout() const { return model_->poll_timeout(); }
  Label label(Bytes datagram) const { return model_->label(datagram); }
  std::string_view kind_name(std::uint16_t kind) const { return model_->kind_names()(kind); }
  /// The same for when the machine is gone.
  KindNames kind_names() const { return model_->kind_names(); }

  bool handle_command(const Command& command, Instant now) {
    return model_->handle_command(command, now);
  }
  void handle_input(const Input& input, Instant now) { model_->handle_input(input, now); }
  void handle_timeout(Instant now) { model_->handle_timeout(now); }
  std::optional<Transmit> poll_transmit(MutableBytes buffer) {
    return model_->poll_transmit(buffer);
  }
  std::optional<Notice> poll_event() { return model_->poll_event(); }

 private:
  struct Concept {
    virtual ~Concept() = default;
    virtual std::unique_ptr<Concept> clone() const = 0;
    virtual bool equals(const Concept& other) const = 0;
    virtual std::optional<Timeout> poll_timeout() const = 0;
    virtual Label label(Bytes datagram) const = 0;
    virtual KindNames kind_names() const = 0;
    virtual bool handle_command(const Command& command, Instant now) = 0;
    virtual void handle_input(const Input& input, Instant now) = 0;
    virtual void handle_timeout(Instant now) = 0;
    virtual std::optional<Transmit> poll_transmit(MutableBytes buffer) = 0;
    virtual std::optional<Notice> poll_event() = 0;
  };

  template <class M>
  struct Model final : Concept {
    explicit Model(M m) : machine(std::move(m)) {}
    std::unique_ptr<Concept> clone() const override { return std::make_unique<Model>(machine); }
    bool equals(const Concept& other) const override {
      const auto* same = dynamic_cast<const Model*>(&other);
      return same && machine == same->machine;
    }
    std::optional<Timeout> poll_timeout() const override { return machine.poll_timeout(); }
    Label label([[maybe_unused]] Bytes datagram) const override {
      if constexpr (requires {
                      { M::label(datagram) } -> std::same_as<Label>;
                    }) {
        return M::label(datagram);
      } else {
        return {};
      }
    }
    KindNames kind_names() const override {
      if constexpr (requires(std::uint16_t kind) {
                      { M::kind_name(kind) } -> std::same_as<std::string_view>;
                    }) {
        return [](std::uint16_t kind) { return M::kind_name(kind); };
      } else {
        return [](std::uint16_t) { return std::string_view("datagram"); };
      }
    }
    bool handle_command([[maybe_unused]] const Command& command,
                        [[maybe_unused]] Instant now) override {
      if constexpr (requires {
                      { machine.handle_command(command, now) } -> std::same_as<bool>;
                    }) {
        return machine.handle_command(command, now);
      } else {
        return false;
      }
    }
    void handle_input(const Input& input, Instant now) override {
      machine.handle_input(input, now);
    }
    void handle_timeout(Instant now) override { machine.handle_timeout(now); }
    std::optional<Transmit> poll_transmit(MutableBytes buffer) override {
      return machine.poll_transmit(buffer);
    }
    std::optional<Notice> poll_event() override {
      auto event = machine.poll_event();
      if (!event) return {};
      if constexpr (std::convertible_to<typename M::Event, Notice>) {
        return Notice(std::move(*event));
      } else {
        return Notice{.name = "event"};
      }
    }

    M machine;
  };

  std::unique_ptr<Concept> model_;
};

}  // namespace tickover::sim

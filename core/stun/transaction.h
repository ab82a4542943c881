#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/address.h"
#include "core/backoff.h"
#include "core/bytes.h"
#include "core/check.h"
#include "core/stun/types.h"
#include "core/time.h"

namespace tickover::stun {

/// RFC 8489, section 6.2: a client keeps no more requests than this open with one server.
inline constexpr std::size_t outstanding_limit = 10;

/// What the passing of time means for a request without an answer.
enum class Verdict : std::uint8_t { wait, resend, give_up };

/// One request that was sent and waits for its answer. It owns its own backoff: what becomes of
/// other requests changes nothing here (BUGS A01).
class Transaction {
 public:
  /// The owner sends `request` at `now` itself. The transaction id also keys the jitter.
  Transaction(TransactionId id, Endpoint local, Endpoint server, std::vector<std::uint8_t> request,
              const BackoffPolicy& policy, Instant now);

  const TransactionId& id() const { return id_; }
  Endpoint local() const { return local_; }
  Endpoint server() const { return server_; }
  /// The exact bytes of every copy (RFC 8489, section 6.2.1), so that a late answer to an earlier
  /// copy still counts.
  Bytes request() const { return request_; }
  Instant first_sent() const { return first_sent_; }
  /// Copies sent so far, the first included.
  std::uint32_t sends() const { return sends_; }
  const Backoff& backoff() const { return backoff_; }

  /// True if a response with this id, come to `local` from `remote`, answers this request: the id
  /// alone can be guessed or stale (PROTOCOL T10).
  bool is_answered_by(const TransactionId& id, Endpoint local, Endpoint remote) const {
    return id == id_ && local == local_ && remote == server_;
  }
  /// The round trip that an answer at `now` measures. None once there are copies: nobody can tell
  /// which one was answered (Karn's rule; RFC 8489, section 6.2.1).
  std::optional<Duration> round_trip(Instant now) const;
  Instant poll_timeout() const { return backoff_.next_trigger(); }

  /// `resend` at most once per trigger, however late; `give_up` from the expiry on.
  Verdict handle_timeout(Instant now);
  /// The owner sends a copy beside the schedule, because the host refused to send the last one.
  void sent_again() { ++sends_; }

  /// Gives its buffer back, for another request.
  std::vector<std::uint8_t> release() && { return std::move(request_); }

  bool operator==(const Transaction&) const = default;

 private:
  TransactionId id_;
  Endpoint local_;
  Endpoint server_;
  std::vector<std::uint8_t> request_;
  Instant first_sent_;
  std::uint32_t sends_ = 1;
  Backoff backoff_;
};

/// The open requests to one server, each with a `Tag` of its owner that says what it was for. At
/// most outstanding_limit; in the order in which they were started. Buffers are used again, so a
/// steady owner allocates nothing.
template <class Tag>
class Transactions {
 public:
  struct Entry {
    Transaction transaction;
    Tag tag;

    bool operator==(const Entry&) const = default;
  };
  /// What is due. `request` is valid until the table changes.
  struct Due {
    Verdict verdict;
    Tag tag;
    TransactionId id;
    Endpoint local;
    Endpoint server;
    Bytes request;
  };

  bool empty() const { return entries_.empty(); }
  bool is_full() const { return entries_.size() >= outstanding_limit; }
  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  /// The open request that a response answers, or null.
  const Entry* find(const TransactionId& id, Endpoint local, Endpoint remote) const {
    for (const Entry& entry : entries_) {
      if (entry.transaction.is_answered_by(id, local, remote)) return &entry;
    }
    return nullptr;
  }
  /// Likewise, its tag, to note something about it.
  Tag* find_tag(const TransactionId& id, Endpoint local, Endpoint remote) {
    for (Entry& entry : entries_) {
      if (entry.transaction.is_answered_by(id, local, remote)) return &entry.tag;
    }
    return nullptr;
  }
  /// The earliest deadline of all.
  std::optional<Instant> poll_timeout() const {
    if (entries_.empty()) return {};
    return earliest(*this)->transaction.poll_timeout();
  }

  /// Opens a transaction for `request`, which the owner sends now. The table must not be full, and
  /// an id is never used twice.
  void start(TransactionId id, Endpoint local, Endpoint server, Bytes request,
             const BackoffPolicy& policy, Instant now, Tag tag) {
    CHECK(!is_full());
    CHECK(std::ranges::none_of(entries_,
                               [&](const Entry& entry) { return entry.transaction.id() == id; }));
    std::vector<std::uint8_t> buffer;
    if (!spare_.empty()) {
      buffer = std::move(spare_.back());
      spare_.pop_back();
    }
    buffer.assign(request.begin(), request.end());
    entries_.push_back(
        {Transaction(id, local, server, std::move(buffer), policy, now), std::move(tag)});
  }
  /// Forgets a transaction: it is answered, or nobody wants the answer any more.
  void finish(TransactionId id) {  // by value: it may be the entry's own
    finish_if([id](const Entry& entry) { return entry.transaction.id() == id; });
  }
  template <class Predicate>
  void finish_if(Predicate predicate) {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      entry = predicate(std::as_const(*entry)) ? retire(entry) : entry + 1;
    }
  }

  /// Ticks one due transaction over; call until empty. The earliest deadline comes first, then the
  /// one started first. What has been given up is already forgotten.
  std::optional<Due> handle_timeout(Instant now) {
    if (entries_.empty()) return {};
    const auto entry = earliest(*this);
    Transaction& transaction = entry->transaction;
    if (now < transaction.poll_timeout()) return {};
    const Verdict verdict = transaction.handle_timeout(now);
    CHECK(verdict != Verdict::wait);
    Due due{verdict,
            entry->tag,
            transaction.id(),
            transaction.local(),
            transaction.server(),
            transaction.request()};
    if (verdict == Verdict::give_up) {
      retire(entry);
      due.request = spare_.back();
    }
    return due;
  }

  friend bool operator==(const Transactions& a, const Transactions& b) {
    return a.entries_ == b.entries_;
  }

 private:
  template <class Self>
  static auto earliest(Self& self) {
    return std::ranges::min_element(
        self.entries_, {}, [](const Entry& entry) { return entry.transaction.poll_timeout(); });
  }
  auto retire(typename std::vector<Entry>::iterator entry) {
    spare_.push_back(std::move(entry->transaction).release());
    return entries_.erase(entry);
  }

  std::vector<Entry> entries_;
  std::vector<std::vector<std::uint8_t>> spare_;
};

}  // namespace tickover::stun

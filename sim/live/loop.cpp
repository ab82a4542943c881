#include "sim/live/loop.h"

#include <utility>

#include "sim/live/host.h"
#include "sim/live/loop_impl.h"

namespace tickover::sim::live {
namespace {

asio::awaitable<void> watch_signals(asio::signal_set& signals, std::function<void(int)> what) {
  for (;;) {
    const auto [error, signal] = co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    what(signal);
  }
}

}  // namespace

Loop::Loop() : impl_(std::make_unique<Impl>()) {
  impl_->origin = steady_now();
}
Loop::~Loop() = default;

Instant Loop::now() const {
  return Instant::at(steady_now() - impl_->origin);
}

WallTime Loop::wall_clock() const {
  return WallTime::at(wall_now().since_epoch() + impl_->wall_ahead);
}

void Loop::set_wall_clock_ahead(Duration by) {
  impl_->wall_ahead = by;
}

void Loop::call_at(Instant at, std::function<void()> what) {
  auto timer = std::make_unique<asio::steady_timer>(impl_->context);
  timer->expires_at(impl_->point_of(at, now()));
  auto& waiting = *timer;
  waiting.async_wait([this, at, what = std::move(what),
                      timer = std::move(timer)](const boost::system::error_code& error) mutable {
    if (error) return;
    if (now() < at) return call_at(at, std::move(what));
    what();
  });
}

void Loop::call_on_signals(const std::vector<int>& signals, std::function<void(int)> what) {
  for (const int signal : signals) impl_->signals.add(signal);
  asio::co_spawn(impl_->context, watch_signals(impl_->signals, std::move(what)), asio::detached);
}

bool Loop::run_until(const std::function<bool()>& done, Duration patience) {
  const Instant end = now() + patience;
  while (!done()) {
    const Instant here = now();
    if (here >= end) return false;
    impl_->context.run_one_until(impl_->point_of(end, here));
  }
  return true;
}

}  // namespace tickover::sim::live

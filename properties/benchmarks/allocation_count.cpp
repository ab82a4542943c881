#include "properties/benchmarks/allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> allocations{0};
std::atomic<std::uint64_t> bytes{0};

}  // namespace

std::uint64_t tickover::allocations_so_far() {
  return allocations.load(std::memory_order_relaxed);
}

std::uint64_t tickover::allocated_bytes() {
  return bytes.load(std::memory_order_relaxed);
}

// The other forms of new and delete that this program uses call these.
void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  bytes.fetch_add(size, std::memory_order_relaxed);
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

// DeviceBuffer: memory on a queue's device. Move-only; copies are explicit and counted by the queue.
#pragma once

#include "kernels/exec/queue.hpp"

#include <type_traits>
#include <utility>

namespace zener {
inline namespace ZENER_BACKEND {

template <class T> class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

public:
  DeviceBuffer() = default;
  // n elements, not initialised. `name` must outlive the buffer (a literal).
  DeviceBuffer(Queue &queue, std::int64_t n, const char *name)
      : queue_(&queue), size_(n), name_(name),
        data_(n > 0 ? static_cast<T *>(queue.allocate(sizeof(T) * static_cast<std::size_t>(n), name)) : nullptr) {}
  ~DeviceBuffer() { free(); }
  DeviceBuffer(DeviceBuffer &&other) noexcept { swap(other); }
  DeviceBuffer &operator=(DeviceBuffer &&other) noexcept {
    if (this != &other) {
      free();
      queue_ = nullptr;
      size_ = 0;
      data_ = nullptr;
      swap(other);
    }
    return *this;
  }
  DeviceBuffer(const DeviceBuffer &) = delete;
  DeviceBuffer &operator=(const DeviceBuffer &) = delete;

  std::int64_t size() const { return size_; }
  View<T, 1> view() { return View<T, 1>(data_, size_); }
  View<const T, 1> view() const { return View<const T, 1>(data_, size_); }
  // The same memory with a shape of several extents whose product is at most size().
  template <class... Extents> auto shaped(Extents... extents) { return View<T, sizeof...(Extents)>(data_, extents...); }

  // Host memory of size() elements; upload returns when `from` may be reused.
  void upload(const T *from) {
    if (size_ > 0) {
      queue_->copy_to_device(data_, from, bytes(), name_);
    }
  }
  void download(T *to) const {
    if (size_ > 0) {
      queue_->copy_to_host(to, data_, bytes(), name_);
    }
  }
  void zero() {
    if (size_ > 0) {
      queue_->fill_zero(data_, bytes(), name_);
    }
  }

private:
  std::size_t bytes() const { return sizeof(T) * static_cast<std::size_t>(size_); }
  void free() noexcept {
    if (data_ != nullptr) {
      queue_->release(data_, bytes());
    }
  }
  void swap(DeviceBuffer &other) noexcept {
    std::swap(queue_, other.queue_);
    std::swap(size_, other.size_);
    std::swap(name_, other.name_);
    std::swap(data_, other.data_);
  }

  Queue *queue_ = nullptr;
  std::int64_t size_ = 0;
  const char *name_ = "";
  T *data_ = nullptr;
};

} // namespace ZENER_BACKEND
} // namespace zener

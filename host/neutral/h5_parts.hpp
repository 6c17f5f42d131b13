// What the files that call the HDF5 library share: its errors in words, and its identifiers owned.
#pragma once

#include "host/neutral/errors.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>

#include <hdf5.h>

namespace zener::h5 {

static_assert(std::is_same_v<hid_t, std::int64_t>, "HDF5 1.10 or newer is expected");

// The innermost entry of the library's error stack. It must be taken before another call clears it.
inline std::string reason() {
  std::string text;
  const auto take = [](unsigned /*n*/, const H5E_error2_t *entry, void *into) -> herr_t {
    std::string &out = *static_cast<std::string *>(into);
    if (out.empty() && entry->desc != nullptr) {
      out = entry->desc;
    }
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take, &text);
  // Of "file write failed: time = …, file descriptor = 3, errno = 28, error message = '…', …" the message is what counts.
  const std::string mark = "error message = '";
  if (const auto begin = text.find(mark); begin != std::string::npos) {
    const auto end = text.find('\'', begin + mark.size());
    text = text.substr(begin + mark.size(), end == std::string::npos ? end : end - begin - mark.size());
  }
  return text.empty() ? "the HDF5 library gives no reason" : text;
}

// Where an error happened.
struct Place {
  const std::filesystem::path &file;
  const std::string &object;
  std::string attribute{};

  std::string name() const {
    return file.string() + ": " + (attribute.empty() ? "" : "attribute '" + attribute + "' of ") + "'" + object + "'";
  }
  [[noreturn]] void fail(const std::string &what) const { throw DataError(name() + " " + what); }
  [[noreturn]] void fail_call(const char *doing) const {
    const std::string why = reason();
    throw DataError(name() + ": cannot " + doing + ": " + why);
  }
  void check(herr_t code, const char *doing) const {
    if (code < 0) {
      fail_call(doing);
    }
  }
};

// Owns an HDF5 identifier.
class Handle {
public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close, const Place &place, const char *doing) : id_(id), close_(close) {
    if (id_ < 0) {
      place.fail_call(doing);
    }
  }
  ~Handle() {
    if (id_ >= 0) {
      close_(id_);
    }
  }
  Handle(Handle &&other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;
  operator hid_t() const { return id_; }

private:
  hid_t id_;
  Close close_;
};

// The library prints its errors unless told otherwise, per thread.
inline void silence() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

template <class T> hid_t native() {
  if constexpr (std::is_same_v<T, double>) {
    return H5T_NATIVE_DOUBLE;
  } else if constexpr (std::is_same_v<T, float>) {
    return H5T_NATIVE_FLOAT;
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return H5T_NATIVE_INT32;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return H5T_NATIVE_INT64;
  } else if constexpr (std::is_same_v<T, std::uint8_t>) {
    return H5T_NATIVE_UINT8;
  } else if constexpr (std::is_same_v<T, std::uint32_t>) {
    return H5T_NATIVE_UINT32;
  } else {
    static_assert(std::is_same_v<T, std::uint64_t>);
    return H5T_NATIVE_UINT64;
  }
}

} // namespace zener::h5

#include "host/neutral/npy.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/files.hpp"
#include "host/neutral/text.hpp"

#include <cctype>
#include <charconv>
#include <cstring>
#include <limits>
#include <set>

namespace zener {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kLongestHeader = 65536;
constexpr std::size_t kMostDimensions = 32;
constexpr const char *kTypes = "|b1, |i1, |u1, <i2, <i4, <i8, <u2, <u4, <u8, <f4 and <f8";

template <class T> T value_at(const char *bytes) { // the machine is little-endian, as the files are
  T value{};
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// The Python dictionary of a header: {'descr': '<i8', 'fortran_order': False, 'shape': (3, 4), }
class Header {
public:
  Header(std::string_view text, const std::string &name) : text_(text), name_(name) {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (!keys_.insert(key).second) {
        fail("has the key " + in_quotes(key) + " twice");
      }
      if (key == "descr") {
        descr = quoted();
      } else if (key == "fortran_order") {
        fortran = word() == "True";
      } else if (key == "shape") {
        read_shape();
      } else {
        fail("has the unknown key " + in_quotes(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (at_ != text_.size() || keys_.size() != 3) {
      fail("must be a dictionary of descr, fortran_order and shape");
    }
  }

  std::string descr;
  bool fortran = false;
  std::vector<std::uint64_t> shape;

private:
  [[noreturn]] void fail(const std::string &what) const {
    throw DataError(name_ + ": its header " + what + ": " + in_quotes(text_));
  }
  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
      ++at_;
    }
  }
  bool accept(char c) {
    skip();
    if (at_ < text_.size() && text_[at_] == c) {
      ++at_;
      return true;
    }
    return false;
  }
  void expect(char c) {
    if (!accept(c)) {
      fail(std::string("lacks a ") + c);
    }
  }
  std::string quoted() {
    skip();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    const std::size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
      fail("lacks a text in quotes (structured types are not read)");
    }
    const std::string out(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return out;
  }
  std::string_view word() {
    skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_])) != 0) {
      ++at_;
    }
    const std::string_view out = text_.substr(begin, at_ - begin);
    if (out != "True" && out != "False") {
      fail("lacks True or False");
    }
    return out;
  }
  void read_shape() {
    expect('(');
    while (!accept(')')) {
      skip();
      std::uint64_t n = 0;
      const char *end = text_.data() + text_.size();
      const auto [next, error] = std::from_chars(text_.data() + at_, end, n);
      if (error != std::errc() || shape.size() == kMostDimensions) {
        fail("has a shape that cannot be read");
      }
      at_ = static_cast<std::size_t>(next - text_.data());
      shape.push_back(n);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view text_;
  const std::string &name_;
  std::size_t at_ = 0;
  std::set<std::string> keys_;
};

} // namespace

double NpyArray::operator[](std::uint64_t i) const {
  const char *at = bytes_.data() + begin_ + i * width_;
  switch (kind_) {
  case Kind::boolean:
    return *at != 0 ? 1.0 : 0.0;
  case Kind::real:
    return width_ == 4 ? static_cast<double>(value_at<float>(at)) : value_at<double>(at);
  case Kind::natural:
    return width_ == 1   ? static_cast<double>(value_at<std::uint8_t>(at))
           : width_ == 2 ? static_cast<double>(value_at<std::uint16_t>(at))
           : width_ == 4 ? static_cast<double>(value_at<std::uint32_t>(at))
                         : static_cast<double>(value_at<std::uint64_t>(at));
  default:
    return width_ == 1   ? static_cast<double>(value_at<std::int8_t>(at))
           : width_ == 2 ? static_cast<double>(value_at<std::int16_t>(at))
           : width_ == 4 ? static_cast<double>(value_at<std::int32_t>(at))
                         : static_cast<double>(value_at<std::int64_t>(at));
  }
}

NpyArray parse_npy(std::string bytes, const std::string &name) {
  if (bytes.size() < 10 || !std::string_view(bytes).starts_with(kMagic)) {
    throw DataError(name + ": is not a .npy file of numpy");
  }
  const auto major = static_cast<unsigned char>(bytes[6]);
  if (major < 1 || major > 3) {
    throw DataError(name + ": is a .npy file of version " + std::to_string(major) + ", versions 1 to 3 are read");
  }
  const std::size_t before = major == 1 ? 10 : 12;
  const std::size_t length = bytes.size() < before ? kLongestHeader + 1
                             : major == 1          ? value_at<std::uint16_t>(bytes.data() + 8)
                                                   : value_at<std::uint32_t>(bytes.data() + 8);
  if (length > kLongestHeader || before + length > bytes.size()) {
    throw DataError(name + ": its header does not end within the file; it is truncated or damaged");
  }
  const Header header(std::string_view(bytes).substr(before, length), name);

  NpyArray array;
  const std::string &type = header.descr;
  const char kind = type.size() == 3 ? type[1] : ' ';
  const char width = type.size() == 3 ? type[2] : ' ';
  const bool order = type.size() == 3 && (type[0] == '<' || (type[0] == '|' && width == '1'));
  const bool whole = (kind == 'i' || kind == 'u') && (width == '1' || width == '2' || width == '4' || width == '8');
  if (!order || !(whole || (kind == 'b' && width == '1') || (kind == 'f' && (width == '4' || width == '8')))) {
    throw DataError(name + ": its numbers are of the type " + in_quotes(type) + "; these are read: " + kTypes);
  }
  if (header.fortran) {
    throw DataError(name + ": its array is in Fortran order; save it with numpy.ascontiguousarray");
  }
  array.kind_ = kind == 'b'   ? NpyArray::Kind::boolean
                : kind == 'i' ? NpyArray::Kind::integer
                : kind == 'u' ? NpyArray::Kind::natural
                              : NpyArray::Kind::real;
  array.width_ = static_cast<unsigned>(width - '0');
  array.shape_ = header.shape;
  array.begin_ = before + length;
  const std::uint64_t held = bytes.size() - array.begin_;
  array.size_ = 1;
  bool fits = true;
  for (const std::uint64_t n : header.shape) {
    fits = fits && (n == 0 || array.size_ <= std::numeric_limits<std::uint64_t>::max() / 8 / n);
    array.size_ = fits ? array.size_ * n : 0;
  }
  if (!fits || array.size_ * array.width_ != held) {
    throw DataError(name + ": holds " + std::to_string(held) + " bytes of data, its shape needs " +
                    (fits ? std::to_string(array.size_ * array.width_) : "more than 2^61") + "; it is truncated or damaged");
  }
  array.bytes_ = std::move(bytes);
  return array;
}

NpyArray read_npy(const std::filesystem::path &file) { return parse_npy(read_file(file), file.string()); }

} // namespace zener

#include "host/neutral/text_lines.hpp"

#include "host/neutral/errors.hpp"
#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>

namespace zener {

std::string_view TextLines::next(std::string_view expected) {
  if (!more()) {
    throw DataError(fmt::format("{}: the file ends after line {}, {} is expected", name_, at_.line, expected));
  }
  const std::size_t end = std::min(text_.find('\n', at_.offset), text_.size());
  std::string_view line = text_.substr(at_.offset, end - at_.offset);
  at_.offset = std::min(end + 1, text_.size());
  ++at_.line;
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  return line;
}

std::string_view TextLines::next_filled() {
  while (more()) {
    const std::string_view line = next("");
    if (!trimmed(line).empty()) {
      return line;
    }
  }
  return {};
}

void TextLines::refuse(const std::string &what) const { refuse_at(at_.line, what); }

void TextLines::refuse_at(std::size_t line, const std::string &what) const {
  throw DataError((line > 0 ? fmt::format("{}:{}: ", name_, line) : name_ + ": ") + what);
}

double TextLines::number(std::string_view word, std::string_view what) const {
  double value = 0.0;
  if (!to_number(word, value)) {
    refuse(fmt::format("{} is {}, a number is expected", what, in_quotes(word)));
  }
  return value;
}

std::int64_t TextLines::integer(std::string_view word, std::string_view what, std::int64_t least, std::int64_t most) const {
  std::int64_t value = 0;
  if (!to_integer(word, value) || value < least || value > most) {
    const bool any = least == std::numeric_limits<std::int64_t>::min();
    refuse(any ? fmt::format("{} is {}, an integer is expected", what, in_quotes(word))
               : (most == std::numeric_limits<std::int64_t>::max()
                      ? fmt::format("{} is {}, an integer of at least {} is expected", what, in_quotes(word), least)
                      : fmt::format("{} is {}, an integer from {} to {} is expected", what, in_quotes(word), least, most)));
  }
  return value;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }

void split_words(std::string_view line, std::vector<std::string_view> &out) {
  out.clear();
  std::size_t at = 0;
  while (at < line.size()) {
    if (is_space(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && !is_space(line[end])) {
      ++end;
    }
    out.push_back(line.substr(at, end - at));
    at = end;
  }
}

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> out;
  split_words(line, out);
  return out;
}

std::vector<std::string_view> split_at(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return out;
    }
    text.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return out;
}

namespace {

template <class T> bool whole(std::string_view word, T &value) {
  if (word.size() > 1 && word[0] == '+' && word[1] != '-' && word[1] != '+') {
    word.remove_prefix(1);
  }
  const auto end = std::from_chars(word.data(), word.data() + word.size(), value);
  return end.ec == std::errc() && end.ptr == word.data() + word.size();
}

template <class T> void append(std::string &text, T value) {
  std::array<char, 32> number{};
  const auto end = std::to_chars(number.data(), number.data() + number.size(), value);
  text.append(number.data(), end.ptr);
}

} // namespace

bool to_number(std::string_view word, double &value) { return whole(word, value) && std::isfinite(value); }

bool to_integer(std::string_view word, std::int64_t &value) { return whole(word, value); }

void append_number(std::string &text, double value) {
  if (!std::isfinite(value)) {
    throw InvariantError("a number to be written to a file of atoms is not finite");
  }
  append(text, value);
}

void append_number(std::string &text, std::int64_t value) { append(text, value); }

} // namespace zener

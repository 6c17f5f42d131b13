#include "host/neutral/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace zener {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char &c : out) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

// Bytes of the UTF-8 character at the start of the text, 0 when it is not one.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t length = first >= 0xC2 && first < 0xE0   ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return 0;
    }
  }
  const unsigned second = byte(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  return overlong || outside ? 0 : length;
}

} // namespace

std::size_t edit_distance(std::string_view first, std::string_view second) {
  // Keys and file names only: longer texts are compared by their heads, so that the table stays small.
  const std::string a = lower(first.substr(0, 200));
  const std::string b = lower(second.substr(0, 200));
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> d((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i * width + j] = i + j;
        continue;
      }
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      std::size_t best = std::min(d[(i - 1) * width + j] + 1, d[i * width + j - 1] + 1);
      best = std::min(best, d[(i - 1) * width + j - 1] + change);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, d[(i - 2) * width + j - 2] + 1);
      }
      d[i * width + j] = best;
    }
  }
  return d.back();
}

std::optional<std::string> nearest(std::string_view key, const std::vector<std::string> &candidates) {
  // Of very short names, chemical symbols above all, every other one is a letter away: only the case may differ.
  const std::size_t allowed = key.size() <= 2 ? 0 : std::max<std::size_t>(2, key.size() / 3);
  std::optional<std::string> best;
  std::pair<std::size_t, std::size_t> best_distance{allowed + 1, 0};
  for (const std::string &candidate : candidates) {
    const std::size_t edits = edit_distance(key, candidate);
    std::size_t distance = edits;
    const std::string a = lower(key);
    const std::string b = lower(candidate);
    if (a.size() >= 3 && b.size() >= 3 && (a.starts_with(b) || b.starts_with(a))) {
      distance = std::min<std::size_t>(distance, 1);
    }
    if (std::pair(distance, edits) < best_distance) {
      best = candidate;
      best_distance = {distance, edits};
    }
  }
  return best;
}

std::string did_you_mean(std::string_view key, const std::vector<std::string> &candidates) {
  const auto meant = nearest(key, candidates);
  return meant ? " (did you mean " + in_quotes(*meant) + "?)" : std::string();
}

std::string join(const std::vector<std::string> &parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) {
      out += separator;
    }
    out += parts[i];
  }
  return out;
}

std::string in_quotes(std::string_view text, std::size_t longest) { return "\"" + printable(text, longest) + "\""; }

std::string printable(std::string_view text, std::size_t longest) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (out.size() + std::max<std::size_t>(length, 1) > longest) {
      return out + "…";
    }
    const unsigned char first = static_cast<unsigned char>(text[0]);
    if (length == 0 || (length == 1 && (first < 0x20 || first == 0x7F))) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) {
    digits.insert(i - 3, ",");
  }
  return digits;
}

std::string number_text(double value) { return fmt::format("{}", value); }

std::string si_text(double value) {
  static constexpr std::array<const char *, 5> kPrefix{"", " k", " M", " G", " T"};
  std::size_t step = 0;
  while (std::isfinite(value) && std::abs(value) >= 999.5 && step + 1 < kPrefix.size()) {
    value /= 1000.0;
    ++step;
  }
  return fmt::format("{:.3g}{}", value, kPrefix[step]);
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0.0 || seconds > 1e15) {
    return "unknown";
  }
  const auto s = static_cast<std::uint64_t>(std::llround(seconds));
  if (s < 60) {
    return fmt::format("{} s", s);
  }
  if (s < 3600) {
    return fmt::format("{} min {:02} s", s / 60, s % 60);
  }
  if (s < 86400) {
    return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
  }
  return fmt::format("{} d {:02} h", s / 86400, s / 3600 % 24);
}

} // namespace zener

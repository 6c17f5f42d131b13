// Small helpers for messages: nearest keys, lists, numbers and durations in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

// Insertions, deletions, substitutions and swaps of neighbours that turn a into b, ignoring case (Damerau-Levenshtein,
// optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that was most likely meant by `key`; none when nothing is close.
std::optional<std::string> nearest(std::string_view key, const std::vector<std::string> &candidates);

// ` (did you mean "x"?)` or nothing.
std::string did_you_mean(std::string_view key, const std::vector<std::string> &candidates);

std::string join(const std::vector<std::string> &parts, std::string_view separator);

// The text in double quotes, made printable and at most `longest` bytes long.
std::string in_quotes(std::string_view text, std::size_t longest = 80);

// Valid UTF-8 without control characters: what is neither becomes '?'. Longer texts are cut with "…".
std::string printable(std::string_view text, std::size_t longest = 200);

bool is_utf8(std::string_view text);

// 1234567 -> "1,234,567".
std::string grouped(std::uint64_t value);

// The shortest decimal that reads back as the same double.
std::string number_text(double value);

// 1234567 -> "1.23 M"; three significant digits with k, M, G, T.
std::string si_text(double value);

// Seconds -> "12 s", "3 min 20 s", "2 h 05 min", "4 d 03 h"; "unknown" when negative or not finite.
std::string duration_text(double seconds);

} // namespace zener

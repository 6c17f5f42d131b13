// A text read line by line and word by word; every complaint is a DataError that names file and line.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace zener {

// Views into a text that must outlive this object, as must its name.
class TextLines {
public:
  struct Mark {
    std::size_t offset = 0;
    std::size_t line = 0;
  };

  TextLines(std::string_view text, const std::string &name) : text_(text), name_(name) {}

  bool more() const { return at_.offset < text_.size(); }
  // Of the line that next() gave last, from 1.
  std::size_t number() const { return at_.line; }
  std::size_t bytes_left() const { return text_.size() - at_.offset; }
  Mark mark() const { return at_; }
  void go_back(const Mark &mark) { at_ = mark; }

  // The next line without its end ("\n" or "\r\n"); `expected` says what it should be when there is none.
  std::string_view next(std::string_view expected);
  // The next line that is not blank, or nothing at the end of the text.
  std::string_view next_filled();

  [[noreturn]] void refuse(const std::string &what) const;
  [[noreturn]] void refuse_at(std::size_t line, const std::string &what) const;

  // A whole word as a finite number; `what` names it in the message. One leading + is allowed.
  double number(std::string_view word, std::string_view what) const;
  std::int64_t integer(std::string_view word, std::string_view what,
                       std::int64_t least = std::numeric_limits<std::int64_t>::min(),
                       std::int64_t most = std::numeric_limits<std::int64_t>::max()) const;

private:
  std::string_view text_;
  const std::string &name_;
  Mark at_;
};

bool is_space(char c);
// The words between blanks; `out` is replaced.
void split_words(std::string_view line, std::vector<std::string_view> &out);
std::vector<std::string_view> split_words(std::string_view line);
std::vector<std::string_view> split_at(std::string_view text, char separator);
std::string_view trimmed(std::string_view text);
std::string lowered(std::string_view text);

// A whole word as a number; false when it is none or not finite.
bool to_number(std::string_view word, double &value);
bool to_integer(std::string_view word, std::int64_t &value);

// The shortest text that reads back as the same number. Throws InvariantError when a double is not finite.
void append_number(std::string &text, double value);
void append_number(std::string &text, std::int64_t value);

} // namespace zener

// Rows of numbers, one a frame, added up by blocks of time: means with errors in constant memory, the same bits however a run
// is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace zener {

class BlockRows {
public:
  explicit BlockRows(std::size_t width = 0) : width_(width) {}
  void add(std::span<const double> row);
  std::size_t width() const { return width_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t block_rows() const { return length_; }
  std::vector<double> mean() const; // [width]; NaN without rows
  // Of the mean: standard deviation of the means of whole blocks (8 to 16 in a long run) over sqrt(number - 1); NaN with fewer
  // than four.
  std::vector<double> error() const;
  // All that is needed to go on; load takes what save gave from `at` on and moves it, false where it cannot be.
  void save(std::vector<double> &values) const;
  bool load(std::span<const double> values, std::size_t &at);

private:
  std::size_t width_;
  std::int64_t rows_ = 0, length_ = 1;
  std::vector<double> sums_; // [blocks begun][width]
};

} // namespace zener

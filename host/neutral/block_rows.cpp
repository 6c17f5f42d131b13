#include "host/neutral/block_rows.hpp"

#include <cmath>
#include <limits>

namespace zener {
namespace {

constexpr std::int64_t kMostBlocks = 16;
constexpr std::int64_t kLeastBlocks = 4;

} // namespace

void BlockRows::add(std::span<const double> row) {
  if (rows_ == kMostBlocks * length_) {
    for (std::size_t b = 0; b < kMostBlocks / 2; ++b) {
      for (std::size_t i = 0; i < width_; ++i) {
        sums_[b * width_ + i] = sums_[2 * b * width_ + i] + sums_[(2 * b + 1) * width_ + i];
      }
    }
    sums_.resize(static_cast<std::size_t>(kMostBlocks / 2) * width_);
    length_ *= 2;
  }
  const auto block = static_cast<std::size_t>(rows_ / length_);
  sums_.resize((block + 1) * width_, 0.0);
  for (std::size_t i = 0; i < width_; ++i) {
    sums_[block * width_ + i] += row[i];
  }
  ++rows_;
}

std::vector<double> BlockRows::mean() const {
  std::vector<double> out(width_, rows_ > 0 ? 0.0 : std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    out[i % width_] += sums_[i];
  }
  for (double &value : out) {
    value /= static_cast<double>(rows_);
  }
  return out;
}

std::vector<double> BlockRows::error() const {
  const auto blocks = static_cast<std::size_t>(rows_ / length_);
  std::vector<double> out(width_, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < width_ && blocks >= kLeastBlocks; ++i) {
    double sum = 0.0, squares = 0.0;
    for (std::size_t b = 0; b < blocks; ++b) {
      sum += sums_[b * width_ + i] / static_cast<double>(length_);
    }
    const double mean = sum / static_cast<double>(blocks);
    for (std::size_t b = 0; b < blocks; ++b) {
      const double difference = sums_[b * width_ + i] / static_cast<double>(length_) - mean;
      squares += difference * difference;
    }
    out[i] = std::sqrt(squares / static_cast<double>(blocks) / static_cast<double>(blocks - 1));
  }
  return out;
}

void BlockRows::save(std::vector<double> &values) const {
  values.push_back(static_cast<double>(rows_));
  values.push_back(static_cast<double>(length_));
  values.insert(values.end(), sums_.begin(), sums_.end());
}

bool BlockRows::load(std::span<const double> values, std::size_t &at) {
  constexpr double kMostRows = 1e15;
  if (values.size() < at + 2 || !(values[at] >= 0.0 && values[at] < kMostRows) ||
      !(values[at + 1] >= 1.0 && values[at + 1] < kMostRows)) {
    return false;
  }
  rows_ = static_cast<std::int64_t>(values[at]);
  length_ = static_cast<std::int64_t>(values[at + 1]);
  at += 2;
  const std::int64_t blocks = (rows_ + length_ - 1) / length_;
  if (blocks > kMostBlocks || values.size() - at < static_cast<std::size_t>(blocks) * width_) {
    return false;
  }
  const auto count = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(blocks) * width_);
  const auto from = values.begin() + static_cast<std::ptrdiff_t>(at);
  sums_.assign(from, from + count);
  at += static_cast<std::size_t>(count);
  return true;
}

} // namespace zener

#include "host/neutral/train_checkpoint.hpp"

#include "host/neutral/errors.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <type_traits>

namespace zener {
namespace {

constexpr const char *kDriver = "train_barriers"; // of the format
constexpr const char *kNumbers = "/state/numbers";

// The content of a checkpoint is one row of doubles, which hold counts and flags exactly: every list goes behind its length.
// members() below states what an object holds, once for writing and reading.
class Writer {
public:
  template <class T> void number(const T &value) { out.push_back(static_cast<double>(value)); }
  template <class T> void list(const std::vector<T> &values) {
    number(values.size());
    for (const T &value : values) {
      each(value);
    }
  }
  std::vector<double> out;

private:
  template <class T> void each(const T &value) {
    if constexpr (std::is_arithmetic_v<T>) {
      number(value);
    } else {
      members(*this, value);
    }
  }
};

class Reader {
public:
  Reader(std::vector<double> numbers, const std::filesystem::path &file) : numbers_(std::move(numbers)), file_(file) {}
  template <class T> void number(T &value) {
    const double met = next();
    if (std::is_integral_v<T> && !(std::abs(met) <= 0x1p53)) {
      fail();
    }
    value = static_cast<T>(met);
  }
  template <class T> void list(std::vector<T> &values) {
    const double length = next();
    const auto left = static_cast<double>(numbers_.size() - at_);
    if (!(length >= 0.0 && length <= left) || length != std::floor(length)) { // every element takes at least a number
      fail();
    }
    values.resize(static_cast<std::size_t>(length));
    for (T &value : values) {
      if constexpr (std::is_arithmetic_v<T>) {
        number(value);
      } else {
        members(*this, value);
      }
    }
  }
  void finish() const {
    if (at_ != numbers_.size()) {
      fail();
    }
  }

private:
  double next() {
    if (at_ == numbers_.size()) {
      fail();
    }
    return numbers_[at_++];
  }
  [[noreturn]] void fail() const { throw DataError(file_.string() + ": its numbers are not those of a training"); }
  std::vector<double> numbers_;
  const std::filesystem::path &file_;
  std::size_t at_ = 0;
};

template <class Object, class Kind>
concept Is = std::same_as<std::remove_const_t<Object>, Kind>;

void members(auto &archive, Is<NetworkState> auto &state) {
  archive.list(state.parameters);
  archive.list(state.moments);
  archive.number(state.steps);
}

void members(auto &archive, Is<TrainCourse> auto &course) {
  archive.list(course.train_eV2);
  archive.list(course.validation_eV2);
  archive.list(course.rate);
  archive.number(course.next_rate);
  archive.number(course.best_eV2);
  archive.number(course.best_epoch);
  archive.number(course.idle);
  archive.number(course.stopped);
  archive.number(course.diverged);
  members(archive, course.best);
}

void members(auto &archive, Is<SetErrors::Sums> auto &sums) {
  archive.number(sums.values);
  archive.number(sums.absolute);
  archive.number(sums.squared);
  archive.number(sums.largest);
  archive.number(sums.barriers);
}

void members(auto &archive, Is<SetErrors> auto &errors) { archive.list(errors.by_composition); }

void members(auto &archive, Is<std::vector<float>> auto &values) { archive.list(values); }

void members(auto &archive, Is<TrainedNetwork> auto &network) {
  members(archive, network.course);
  archive.list(network.errors);
  archive.list(network.predicted_eV);
  archive.number(network.mean_spread_eV);
  archive.number(network.largest_spread_eV);
}

void members(auto &archive, Is<FinishedCase> auto &each) {
  archive.list(each.networks);
  archive.number(each.epoch_s);
  archive.number(each.barriers);
}

void members(auto &archive, Is<TrainCheckpoint> auto &checkpoint) {
  archive.list(checkpoint.finished);
  archive.number(checkpoint.epochs);
  archive.number(checkpoint.epoch_s);
  archive.number(checkpoint.barriers);
  archive.list(checkpoint.courses);
  archive.list(checkpoint.states);
}

} // namespace

bool TrainCourse::add_epoch(double train, double validation, const Schedule &schedule) {
  train_eV2.push_back(train);
  validation_eV2.push_back(validation);
  rate.push_back(next_rate);
  if (!std::isfinite(train) || !std::isfinite(validation)) {
    diverged = true;
    next_rate = 0.0;
    return false;
  }
  if (validation < best_eV2) {
    best_eV2 = validation;
    best_epoch = static_cast<std::int64_t>(train_eV2.size()) - 1;
    idle = 0;
    return true;
  }
  ++idle;
  if (next_rate > schedule.least_rate && idle >= schedule.patience) {
    next_rate = std::max(next_rate * schedule.factor, schedule.least_rate);
    idle = 0;
  } else if (next_rate <= schedule.least_rate && schedule.early_stop > 0 && idle >= schedule.early_stop) {
    stopped = true;
    next_rate = 0.0;
  }
  return false;
}

void SetErrors::Sums::add(double true_eV, double predicted_eV) {
  const double off = std::abs(predicted_eV - true_eV);
  values += 1.0;
  absolute += off;
  squared += off * off;
  largest = std::max(largest, off);
  barriers += true_eV;
}

void SetErrors::Sums::add(const Sums &other) {
  values += other.values;
  absolute += other.absolute;
  squared += other.squared;
  largest = std::max(largest, other.largest);
  barriers += other.barriers;
}

double SetErrors::Sums::rmse() const { return std::sqrt(squared / values); }

SetErrors::Sums SetErrors::all() const {
  Sums sums;
  for (const Sums &each : by_composition) {
    sums.add(each);
  }
  return sums;
}

void save_train_checkpoint(const std::filesystem::path &file, const TrainCheckpoint &checkpoint) {
  if (checkpoint.courses.size() != checkpoint.states.size()) {
    throw InvariantError("the state to be saved is inconsistent: " + std::to_string(checkpoint.courses.size()) +
                         " courses and " + std::to_string(checkpoint.states.size()) + " states");
  }
  Writer writer;
  members(writer, checkpoint);
  H5File h5 = begin_checkpoint(file, checkpoint.identity, checkpoint.meta);
  h5.write(kNumbers, writer.out, {writer.out.size()});
  end_checkpoint(h5, file, kDriver);
}

TrainCheckpoint load_train_checkpoint(const std::filesystem::path &file) {
  TrainCheckpoint checkpoint;
  read_checkpoint(file, kDriver, checkpoint.identity, checkpoint.meta, [&](const H5File &h5) {
    Reader reader(h5.read<double>(kNumbers), file);
    members(reader, checkpoint);
    reader.finish();
    if (checkpoint.courses.size() != checkpoint.states.size() || checkpoint.epochs < 0) {
      throw DataError(file.string() + ": its networks do not fit together");
    }
  });
  return checkpoint;
}

} // namespace zener

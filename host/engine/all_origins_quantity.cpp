#include "host/engine/all_origins_quantity.hpp"

#include "host/neutral/errors.hpp"
#include "kernels/analysis/all_origins.hpp"
#include "kernels/analysis/correlator.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr std::int64_t kChunkFrames = 128;
// Of rows that are transformed at once: what the CPU keeps in its caches, what fills a GPU.
constexpr double kTransformBytes = kGpuShapes ? 0x1p28 : 0x1p23;

} // namespace

AllOriginsQuantity::AllOriginsQuantity(Queue &queue, const AllOriginsPlan &plan, const RowLayout &layout)
    : queue_(queue), plan_(plan), rows_(static_cast<std::int64_t>(layout.place.size())), place_(layout.place),
      class_rows_(layout.blocks.size() - 1), device_place_(uploaded(queue, layout.place, "rows of atoms")),
      system_(uploaded(queue, layout.system, "systems of rows")) {
  for (std::size_t c = 0; c + 1 < layout.blocks.size(); ++c) {
    const std::int64_t first = layout.begin[static_cast<std::size_t>(layout.blocks[c])];
    const std::int64_t end = layout.begin[static_cast<std::size_t>(layout.blocks[c + 1])];
    for (std::int64_t row = first; row < end; ++row) {
      if (place_[static_cast<std::size_t>(row)] >= 0) {
        class_rows_[c].push_back(static_cast<std::int32_t>(row));
      }
    }
  }
}

void AllOriginsQuantity::make_room(Chunks &chunks, const char *name) {
  if (frames_ < static_cast<std::int64_t>(chunks.size()) * kChunkFrames) {
    return;
  }
  const double needed = 3.0 * sizeof(double) * static_cast<double>(kChunkFrames * rows_);
  const auto free = static_cast<double>(queue_.properties().memory_free_bytes);
  if (free > 0.0 && needed > free) {
    throw DeviceError("all_origins keeps every frame on the device: after " + std::to_string(frames_) + " frames of " +
                      std::to_string(rows_) + " rows of atoms there is no room for more. Use fewer frames, or msd and vacf, " +
                      "whose memory does not grow");
  }
  chunks.emplace_back(queue_, 3 * kChunkFrames * rows_, name);
  chunks.back().zero(); // what no frame fills goes into checkpoints too
}

View<double, 2> AllOriginsQuantity::slot(Chunks &chunks, std::int64_t frame) const {
  DeviceBuffer<double> &chunk = chunks[static_cast<std::size_t>(frame / kChunkFrames)];
  return View<double, 2>(chunk.view().data() + frame % kChunkFrames * 3 * rows_, 3, rows_);
}

void AllOriginsQuantity::observe(const FrameView &frame, View<const double, 2> drift, std::int64_t number) {
  frames_ = number;
  for (const bool positions : {true, false}) {
    if (positions ? plan_.displacements : plan_.velocities) {
      Chunks &chunks = positions ? position_ : velocity_;
      make_room(chunks, positions ? "positions of all frames" : "velocities of all frames");
      load_rows(queue_, positions ? frame.position : frame.velocity,
                {device_place_.view(), system_.view(), drift, positions ? 0 : 3}, slot(chunks, frames_));
    }
  }
  frames_ = number + 1;
}

void AllOriginsQuantity::transform(const Chunks &chunks, bool displacements, AllOriginsSums &out) const {
  const std::int64_t length = out.length, half = length / 2 + 1;
  std::int64_t largest = 1;
  for (const std::vector<std::int32_t> &rows : class_rows_) {
    largest = std::max(largest, static_cast<std::int64_t>(rows.size()));
  }
  const double row_bytes = sizeof(double) * static_cast<double>(length) + sizeof(Complex) * static_cast<double>(half);
  const std::int64_t some = std::clamp(static_cast<std::int64_t>(kTransformBytes / row_bytes), std::int64_t{1}, largest);
  RealFft fft(queue_, length, some);
  DeviceBuffer<double> padded(queue_, some * length, "padded rows");
  DeviceBuffer<Complex> spectrum(queue_, some * half, "spectra of rows");
  DeviceBuffer<double> power(queue_, half, "power of a class"), square(queue_, out.frames, "squares of a class");
  const auto lags = static_cast<std::int64_t>(out.lags.size());
  const DeviceBuffer<std::int64_t> device_lags = uploaded(queue_, out.lags, "lags of single atoms");
  DeviceBuffer<double> single(queue_, displacements ? some * lags : 0, "single atoms");
  const View<const double, 2> origin(displacements ? chunks[0].view().data() : nullptr, 3, displacements ? rows_ : 0);
  AllOriginsSpectra &to = displacements ? out.displacements : out.velocities;
  const auto atoms =
      static_cast<std::size_t>(std::count_if(place_.begin(), place_.end(), [](std::int32_t place) { return place >= 0; }));
  if (displacements) {
    out.single.assign(3 * atoms * static_cast<std::size_t>(lags), 0.0);
  }
  for (const std::vector<std::int32_t> &rows : class_rows_) {
    for (int d = 0; d < 3; ++d) {
      power.zero();
      square.zero();
      for (std::size_t first = 0; first < rows.size(); first += static_cast<std::size_t>(some)) {
        const std::size_t count = std::min(static_cast<std::size_t>(some), rows.size() - first);
        const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(first);
        const DeviceBuffer<std::int32_t> row =
            uploaded(queue_, std::vector<std::int32_t>(begin, begin + static_cast<std::ptrdiff_t>(count)), "rows in work");
        const auto n = static_cast<std::int64_t>(count);
        padded.zero();
        for (std::int64_t t = 0; t < out.frames; t += kChunkFrames) {
          const View<const double, 3> frames(chunks[static_cast<std::size_t>(t / kChunkFrames)].view().data(),
                                             std::min(kChunkFrames, out.frames - t), 3, rows_);
          pad_rows(queue_, {frames, origin, row.view(), t, d, padded.shaped(some, length)});
        }
        fft(padded.shaped(some, length), spectrum.shaped(some, half));
        add_power(queue_, spectrum.shaped(some, half), n, power.view());
        add_squares(queue_, padded.shaped(some, length), n, square.view());
        if (displacements) {
          single.zero();
          add_single(queue_, padded.shaped(some, length), n, out.frames, device_lags.view(), single.shaped(some, lags));
          std::vector<double> values(static_cast<std::size_t>(single.size()));
          single.download(values.data());
          for (std::size_t r = 0; r < count; ++r) {
            const auto atom = static_cast<std::size_t>(place_[static_cast<std::size_t>(rows[first + r])]);
            std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(r) * lags, lags,
                        out.single.begin() + static_cast<std::ptrdiff_t>(3 * atom + static_cast<std::size_t>(d)) * lags);
          }
        }
      }
      const std::size_t at = to.power.size(), squares_at = to.square.size();
      to.power.resize(at + static_cast<std::size_t>(half));
      power.download(to.power.data() + at);
      to.square.resize(squares_at + static_cast<std::size_t>(out.frames));
      square.download(to.square.data() + squares_at);
    }
  }
}

void AllOriginsQuantity::result(AnalysisSums &sums) const {
  AllOriginsSums out;
  out.frames = frames_;
  if (frames_ > 0) {
    out.length = fast_length(2 * frames_);
    out.lags = single_lags(frames_);
    if (plan_.displacements) {
      transform(position_, true, out);
    }
    if (plan_.velocities) {
      transform(velocity_, false, out);
    }
  }
  sums.all_origins = std::move(out);
}

void AllOriginsQuantity::save(std::vector<double> &values) const {
  for (const Chunks *chunks : {&position_, &velocity_}) {
    for (const DeviceBuffer<double> &chunk : *chunks) {
      append_numbers(chunk, values);
    }
  }
}

void AllOriginsQuantity::load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) {
  for (const bool positions : {true, false}) {
    Chunks &chunks = positions ? position_ : velocity_;
    chunks.clear();
    for (frames_ = 0; frames_ < frames && (positions ? plan_.displacements : plan_.velocities); frames_ += kChunkFrames) {
      make_room(chunks, positions ? "positions of all frames" : "velocities of all frames");
      take_numbers(chunks.back(), values, at);
    }
  }
  frames_ = frames;
}

} // namespace ZENER_BACKEND
} // namespace zener

#include "host/engine/structure_quantity.hpp"

#include "host/neutral/errors.hpp"
#include "kernels/analysis/cna.hpp"
#include "kernels/analysis/steinhardt.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct MakeSites {
  View<const double, 2> position;
  View<const std::int32_t, 1> type, system;
  View<Site, 1> sites;
  ZENER_FN void operator()(std::int64_t i) const {
    sites[i] = {position(0, i), position(1, i), position(2, i), type[i], system[i]};
  }
};

template <class T> DeviceBuffer<T> uploaded(Queue &queue, const std::vector<T> &values, const char *name) {
  DeviceBuffer<T> buffer(queue, static_cast<std::int64_t>(values.size()), name);
  buffer.upload(values.data());
  return buffer;
}

template <class T> std::vector<T> host(const DeviceBuffer<T> &buffer) {
  std::vector<T> values(static_cast<std::size_t>(buffer.size()));
  buffer.download(values.data());
  return values;
}

StructureEngine::Systems described(const std::vector<Atoms> &systems) {
  StructureEngine::Systems out;
  for (const Atoms &own : systems) {
    out.begin.push_back(out.begin.back() + static_cast<std::int64_t>(own.size()));
    out.periodic.push_back(own.cell.periodic);
    out.atoms_of_element.emplace_back(own.elements.size(), 0);
    for (const std::int32_t type : own.type) {
      ++out.atoms_of_element.back()[static_cast<std::size_t>(type)];
    }
  }
  return out;
}

} // namespace

StructureQuantity::StructureQuantity(Queue &queue, const StructureWatch &watch, const std::vector<Atoms> &systems)
    : queue_(queue), watch_(watch), k_(static_cast<std::int64_t>(systems.size())),
      engine_(queue, watch.what, described(systems)) {
  std::vector<std::int32_t> given, system, type;
  std::vector<std::int64_t> block_begin{0}, system_begin{0};
  std::size_t curves = 0;
  for (std::size_t k = 0; k < systems.size(); ++k) {
    const Atoms &own = systems[k];
    begin_.push_back(begin_.back() + static_cast<std::int64_t>(own.size()));
    while (block_begin.back() < begin_.back()) {
      block_begin.push_back(std::min(begin_.back(), block_begin.back() + kTallyBlock));
    }
    system_begin.push_back(static_cast<std::int64_t>(block_begin.size()) - 1);
    type.insert(type.end(), own.type.begin(), own.type.end());
    system.resize(type.size(), static_cast<std::int32_t>(k));
    Atoms named;
    named.elements = own.elements;
    named.type = own.type;
    named.id = own.id;
    named.cell.periodic = own.cell.periodic;
    named_.push_back(std::move(named));
    for (const WatchedCurveShape &shape : watched_curves(watch_, own.elements)) {
      curves += shape.bins;
    }
  }
  n_ = begin_.back();
  for (std::int64_t i = 0; i < n_; ++i) {
    given.push_back(static_cast<std::int32_t>(i));
  }
  sums_.curves = BlockRows(curves);
  sites_ = DeviceBuffer<Site>(queue, n_, "atoms");
  given_ = uploaded(queue, given, "order of atoms");
  system_ = uploaded(queue, system, "systems of atoms");
  type_ = uploaded(queue, type, "types of atoms");
  block_begin_ = uploaded(queue, block_begin, "blocks of atoms");
  system_begin_ = uploaded(queue, system_begin, "blocks of systems");
  partial_ = DeviceBuffer<double>(queue, (block_begin_.size() - 1) * kOrders * kTallySums, "sums of blocks");
  column_sums_ = DeviceBuffer<double>(queue, k_ * kOrders * kTallySums, "sums of systems");
  const auto phases = watch_.phases ? static_cast<std::int64_t>(watch_.phases->phases.size()) : 0;
  counts_ = DeviceBuffer<std::uint64_t>(queue, k_ * std::max<std::int64_t>({watch_.histogram_bins, kCnaKinds, phases}),
                                        "counts of atoms");
  if (watch_.phases) {
    mixture_ = std::make_unique<DeviceMixture>(queue, watch_.phases->mixture, watch_.phases->phase_of_component,
                                               static_cast<int>(phases));
    probability_ = DeviceBuffer<double>(queue, n_ * phases, "probabilities of phases");
    log_density_ = DeviceBuffer<double>(queue, n_, "log-densities");
    label_ = DeviceBuffer<std::uint8_t>(queue, n_, "likeliest phases");
  }
}

void StructureQuantity::observe(const FrameView &frame, View<const double, 2> /*drift*/, std::int64_t number) {
  if (number % watch_.every_frames != 0) {
    return;
  }
  queue_.for_each("structure_sites", n_,
                  MakeSites{frame.position, std::as_const(type_).view(), std::as_const(system_).view(), sites_.view()});
  engine_.find(sites_.view(), frame.box, given_.view());
  if (mixture_) {
    mixture_->classify(engine_.parameters(watch_.phase_parameters), probability_.shaped(n_, mixture_->classes()),
                       log_density_.view(), label_.view());
  }
  std::vector<double> row;
  tally(row);
  sums_.curves.add(row);
  ++sums_.looked;
  if (watch_.atoms_every > 0 && (number / watch_.every_frames) % watch_.atoms_every == 0) {
    keep_atoms(frame, number);
  }
}

// Numbers into the series, curves into a row.
void StructureQuantity::tally(std::vector<double> &row) {
  const TallyBlocks blocks{std::as_const(block_begin_).view(), std::as_const(system_begin_).view(),
                           std::as_const(system_).view()};
  const auto systems = static_cast<std::size_t>(k_);
  std::vector<std::vector<double>> numbers(systems), curves(systems);
  const auto atoms_of = [&](std::size_t k) { return static_cast<double>(begin_[k + 1] - begin_[k]); };
  const auto add_shares = [&](View<const std::uint8_t, 1> label, std::int64_t labels) {
    counts_.zero();
    count_labels(queue_, blocks, label, counts_.shaped(k_, labels));
    const std::vector<std::uint64_t> count = host(counts_);
    for (std::size_t k = 0; k < systems; ++k) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(labels); ++c) {
        numbers[k].push_back(static_cast<double>(count[k * static_cast<std::size_t>(labels) + c]) / atoms_of(k));
      }
    }
  };
  // Sums of the columns of values: count, sum and sum of squares.
  const auto sums_of = [&](View<const double, 2> values) {
    sum_columns(queue_, blocks, values, partial_.shaped(block_begin_.size() - 1, values.extent(1), kTallySums),
                column_sums_.shaped(k_, values.extent(1), kTallySums));
    return host(column_sums_);
  };
  const auto add_histogram = [&](View<const double, 2> values, int column, const std::vector<double> &units) {
    const int bins = watch_.histogram_bins;
    const double range = units.empty() ? 1.0 : kVolumeRange;
    counts_.zero();
    if (units.empty()) {
      count_column(queue_, blocks, values, column, 0.0, range / bins, counts_.shaped(k_, bins));
    } else { // each system in units of its own
      for (std::size_t k = 0; k < systems; ++k) {
        const std::int64_t first = begin_[k], count = begin_[k + 1] - first;
        TallyBlocks own = blocks;
        own.system = View<const std::int32_t, 1>(blocks.system.data() + first, count);
        count_column(queue_, own, View<const double, 2>(values.data() + first, count, 1), column, 0.0, units[k] * range / bins,
                     counts_.shaped(k_, bins));
      }
    }
    const std::vector<std::uint64_t> count = host(counts_);
    for (std::size_t k = 0; k < systems; ++k) {
      const auto begin = count.begin() + static_cast<std::ptrdiff_t>(k) * bins;
      double all = 0.0;
      std::for_each(begin, begin + bins, [&](std::uint64_t c) { all += static_cast<double>(c); });
      std::for_each(begin, begin + bins, [&](std::uint64_t c) {
        curves[k].push_back(all > 0.0 ? static_cast<double>(c) / all * (bins / range) : 0.0);
      });
    }
  };

  StructureResult small;
  engine_.report_curves(small);
  for (std::size_t k = 0; k < systems; ++k) {
    const auto append = [&](const std::vector<double> &one) { curves[k].insert(curves[k].end(), one.begin(), one.end()); };
    const auto append_all = [&](const auto &result) {
      append(result.total);
      std::for_each(result.partial.begin(), result.partial.end(), append);
    };
    if (watch_.what.pairs.range_A > 0.0) {
      append_all(small.systems[k].pairs);
    }
    if (watch_.what.waves.largest_q_per_A > 0.0) {
      append_all(small.systems[k].waves);
      append(small.systems[k].waves.q_per_A);
    }
  }
  if (watch_.what.cna) {
    add_shares(engine_.kinds(), kCnaKinds);
  }
  for (std::size_t of = 0; of < watch_.what.steinhardt.size(); ++of) {
    const View<const double, 2> q = engine_.parameters(of);
    const std::vector<double> sums = sums_of(q);
    for (std::size_t k = 0; k < systems; ++k) {
      for (std::size_t c = 0; c < kOrders; ++c) {
        const double *own = &sums[(k * kOrders + c) * kTallySums];
        numbers[k].push_back(own[0] > 0.0 ? own[1] / own[0] : std::numeric_limits<double>::quiet_NaN());
      }
    }
    for (const int l : {4, 6}) {
      add_histogram(q, l - kLeastL, {});
    }
  }
  if (watch_.what.voronoi) {
    const View<const double, 2> volume(engine_.volumes().data(), n_, 1);
    const std::vector<double> sums = sums_of(volume);
    std::vector<double> units;
    for (std::size_t k = 0; k < systems; ++k) {
      const double *own = &sums[k * kTallySums];
      const double mean = own[1] / own[0];
      numbers[k].push_back(mean);
      numbers[k].push_back(std::sqrt(std::max(0.0, own[2] / own[0] - mean * mean)));
      units.push_back(mean);
    }
    add_histogram(volume, 0, units);
  }
  if (mixture_) {
    add_shares(std::as_const(label_).view(), mixture_->classes());
    const std::vector<double> sums = sums_of(View<const double, 2>(log_density_.view().data(), n_, 1));
    for (std::size_t k = 0; k < systems; ++k) {
      numbers[k].push_back(sums[k * kTallySums + 1] / sums[k * kTallySums]);
    }
  }
  for (std::size_t k = 0; k < systems; ++k) {
    sums_.series.insert(sums_.series.end(), numbers[k].begin(), numbers[k].end());
    row.insert(row.end(), curves[k].begin(), curves[k].end());
  }
}

void StructureQuantity::keep_atoms(const FrameView &frame, std::int64_t number) {
  const auto n = static_cast<std::size_t>(n_);
  const auto copied = [&](auto view) { // of views that no buffer of ours is behind
    using T = std::remove_const_t<std::remove_pointer_t<decltype(view.data())>>;
    std::vector<T> values(static_cast<std::size_t>(view.size()));
    queue_.copy_to_host(values.data(), view.data(), sizeof(T) * values.size(), "values of atoms");
    return values;
  };
  const std::vector<double> position = copied(frame.position);
  const std::vector<Box> boxes = copied(frame.box);
  std::vector<std::vector<double>> parameters;
  for (std::size_t of = 0; of < watch_.what.steinhardt.size(); ++of) {
    parameters.push_back(copied(engine_.parameters(of)));
  }
  const std::vector<double> volume = watch_.what.voronoi ? copied(engine_.volumes()) : std::vector<double>();
  const std::vector<std::uint8_t> kind = watch_.what.cna ? copied(engine_.kinds()) : std::vector<std::uint8_t>();
  const std::vector<double> probability = host(probability_), log_density = host(log_density_);
  const std::vector<std::uint8_t> label = host(label_);
  AtomFrame out;
  out.analysis = "structure";
  out.frame = number;
  for (std::size_t k = 0; k < named_.size(); ++k) {
    Atoms atoms = named_[k];
    const auto first = static_cast<std::size_t>(begin_[k]), end = static_cast<std::size_t>(begin_[k + 1]);
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t d = 0; d < 3; ++d) {
        atoms.cell.vectors[r][d] = boxes[k].h[3 * r + d];
      }
    }
    for (std::size_t i = first; i < end; ++i) {
      atoms.position_A.push_back({position[i], position[n + i], position[2 * n + i]});
    }
    const auto add = [&](const std::string &name, std::size_t width, const auto &values, std::size_t columns,
                         std::size_t column) {
      using T = std::conditional_t<std::is_same_v<std::decay_t<decltype(values[0])>, double>, double, std::int64_t>;
      std::vector<T> own;
      for (std::size_t i = first; i < end; ++i) {
        for (std::size_t w = 0; w < width; ++w) {
          own.push_back(static_cast<T>(values[i * columns + column + w]));
        }
      }
      atoms.columns.push_back({name, static_cast<int>(width), std::move(own)});
    };
    if (watch_.what.cna) {
      add("structure_type", 1, kind, 1, 0);
    }
    for (std::size_t of = 0; of < parameters.size(); ++of) {
      for (std::size_t c = 0; c < kOrders; ++c) {
        add(parameter_name(watch_, of, static_cast<int>(c) + kLeastL), 1, parameters[of], kOrders, c);
      }
    }
    if (watch_.what.voronoi) {
      add("atomic_volume", 1, volume, 1, 0);
    }
    if (mixture_) {
      const auto classes = static_cast<std::size_t>(mixture_->classes());
      add("phase", 1, label, 1, 0);
      for (std::size_t c = 0; c < classes; ++c) {
        add("p_" + watch_.phases->phases[c], 1, probability, classes, c);
      }
      add("log_density", 1, log_density, 1, 0);
    }
    out.systems.push_back(std::move(atoms));
  }
  waiting_.push_back(std::move(out));
}

void StructureQuantity::result(AnalysisSums &sums) const { sums.structure = sums_; }

void StructureQuantity::save(std::vector<double> &values) const {
  values.push_back(static_cast<double>(sums_.series.size()));
  values.insert(values.end(), sums_.series.begin(), sums_.series.end());
  sums_.curves.save(values);
}

void StructureQuantity::load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) {
  sums_.looked = (frames + watch_.every_frames - 1) / watch_.every_frames;
  const std::size_t expected =
      static_cast<std::size_t>(sums_.looked) * static_cast<std::size_t>(k_) * watched_numbers(watch_).size();
  const bool fits = values.size() > at && values[at] == static_cast<double>(expected) && values.size() - at - 1 >= expected;
  if (fits) {
    const auto from = values.begin() + static_cast<std::ptrdiff_t>(at + 1);
    sums_.series.assign(from, from + static_cast<std::ptrdiff_t>(expected));
    at += 1 + expected;
  }
  if (!fits || !sums_.curves.load(values, at) || sums_.curves.rows() != sums_.looked) {
    throw InvariantError("the state of other analyses cannot be loaded");
  }
  waiting_.clear();
}

void StructureQuantity::take(std::vector<AtomFrame> &frames) {
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(frames));
  waiting_.clear();
}

} // namespace ZENER_BACKEND
} // namespace zener

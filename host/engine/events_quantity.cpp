#include "host/engine/events_quantity.hpp"

#include "host/engine/box_of.hpp"
#include "host/neutral/errors.hpp"
#include "host/neutral/events_sites.hpp"
#include "kernels/analysis/events.hpp"

#include <algorithm>
#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

constexpr int kOriginTries = 8; // atoms that are tried on site 0
constexpr int kFirstFits = 3;   // in window 0, before which the crystal may have moved against its centre of mass
// How much better another origin than that of the coordinates must be: shifts by a vector of the lattice are equally good.
constexpr double kMuchBetter = 0.7;

template <class T> std::vector<T> downloaded(const DeviceBuffer<T> &buffer) {
  std::vector<T> values(static_cast<std::size_t>(buffer.size()));
  buffer.download(values.data());
  return values;
}

void put(std::vector<double> &values, std::size_t count) { values.push_back(static_cast<double>(count)); }
template <class T> void put(std::vector<double> &values, const std::vector<T> &numbers) {
  for (const T number : numbers) {
    values.push_back(static_cast<double>(number));
  }
}
void put(std::vector<double> &values, const std::vector<SitePlace> &places) {
  for (const SitePlace &one : places) {
    for (const std::int32_t number : {one.site, one.cell[0], one.cell[1], one.cell[2]}) {
      values.push_back(number);
    }
  }
}

// Reads a state back.
class Taker {
public:
  Taker(const std::vector<double> &values, std::size_t &at) : values_(values), at_(at) {}
  double real() {
    need(1);
    return values_[at_++];
  }
  template <class T> T whole() { return static_cast<T>(real()); }
  std::size_t count(std::size_t each) { // of records of `each` numbers that follow
    const double met = real();
    if (!(met >= 0.0) || met * static_cast<double>(each) > static_cast<double>(values_.size() - at_)) {
      refuse();
    }
    return static_cast<std::size_t>(met);
  }
  template <class T> std::vector<T> numbers(std::size_t count) {
    need(count);
    std::vector<T> out;
    for (std::size_t i = 0; i < count; ++i) {
      out.push_back(static_cast<T>(values_[at_++]));
    }
    return out;
  }
  std::vector<SitePlace> places(std::size_t count) {
    std::vector<SitePlace> out;
    need(4 * count);
    for (std::size_t i = 0; i < count; ++i) {
      SitePlace one{};
      one.site = whole<std::int32_t>();
      for (std::int32_t &cell : one.cell) {
        cell = whole<std::int32_t>();
      }
      out.push_back(one);
    }
    return out;
  }

private:
  [[noreturn]] static void refuse() { throw InvariantError("the state of other analyses cannot be loaded"); }
  void need(std::size_t count) const {
    if (values_.size() - at_ < count) {
      refuse();
    }
  }
  const std::vector<double> &values_;
  std::size_t &at_;
};

class EventsQuantity final : public Quantity {
public:
  EventsQuantity(Queue &queue, const EventsPlan &plan, const std::vector<Atoms> &systems, const std::vector<double> &mass_amu,
                 bool remove_drift)
      : queue_(queue), plan_(plan), remove_drift_(remove_drift), k_(systems.size()), sites_(plan.sites.fraction.size()) {
    if (plan.window_frames < 1 || plan.persistence < 1 || sites_ == 0) {
      throw InvariantError("events need sites, and windows of one frame or more");
    }
    check_sites(plan.sites, systems);
    std::vector<std::int32_t> system;
    for (std::size_t k = 0; k < k_; ++k) {
      begin_.push_back(system.size());
      system.insert(system.end(), systems[k].size(), static_cast<std::int32_t>(k));
    }
    begin_.push_back(system.size());
    n_ = static_cast<std::int64_t>(system.size());
    make_buffers(system);
    find_origins(systems, mass_amu);
  }

  void observe(const FrameView &frame, View<const double, 2> drift, std::int64_t) override {
    add_frame(queue_, frame, drift, view());
    if (++in_window_ == plan_.window_frames) {
      end_window();
      in_window_ = 0;
      sum_.zero();
      cell_sum_.zero();
    }
  }

  void result(AnalysisSums &to) const override { to.events = sums_; }

  void save(std::vector<double> &values) const override {
    put(values, static_cast<std::size_t>(in_window_));
    put(values, static_cast<std::size_t>(sums_.windows));
    put(values, origin_host_);
    put(values, downloaded(sum_));
    put(values, downloaded(cell_sum_));
    put(values, downloaded(now_));
    put(values, downloaded(place_));
    put(values, downloaded(candidate_));
    put(values, downloaded(stayed_));
    put(values, sums_.vacancies);
    put(values, sums_.interstitials);
    put(values, sums_.first.size());
    for (const SiteOccupancy &one : sums_.first) {
      put(values, std::vector<std::int32_t>{one.system, one.site, one.atoms});
    }
    put(values, sums_.moves.size());
    for (const SiteMove &one : sums_.moves) {
      values.push_back(static_cast<double>(one.window));
      put(values, std::vector<std::int32_t>{one.system, one.atom, one.from, one.to, one.cells[0], one.cells[1], one.cells[2]});
    }
    put(values, sums_.frames.size());
    for (const EventFrame &one : sums_.frames) {
      values.push_back(static_cast<double>(one.window));
      values.push_back(one.system);
      for (const Vector3 &row : one.cell) {
        values.insert(values.end(), row.begin(), row.end());
      }
      for (const Vector3 &x : one.position_A) {
        values.insert(values.end(), x.begin(), x.end());
      }
    }
  }

  void load(const std::vector<double> &values, std::size_t &at, std::int64_t frames) override {
    Taker take(values, at);
    const auto n = static_cast<std::size_t>(n_);
    EventsSums sums;
    in_window_ = take.whole<std::int64_t>();
    sums.windows = take.whole<std::int64_t>();
    if (in_window_ != frames % plan_.window_frames || sums.windows != frames / plan_.window_frames) {
      throw InvariantError("the state of other analyses cannot be loaded");
    }
    origin_host_ = take.numbers<double>(3 * k_);
    origin_.upload(origin_host_.data());
    sum_.upload(take.numbers<double>(3 * n).data());
    cell_sum_.upload(take.numbers<double>(9 * k_).data());
    now_.upload(take.places(n).data());
    place_.upload(take.places(n).data());
    candidate_.upload(take.places(n).data());
    stayed_.upload(take.numbers<std::int32_t>(n).data());
    sums.vacancies = take.numbers<std::int64_t>(static_cast<std::size_t>(sums.windows) * k_);
    sums.interstitials = take.numbers<std::int64_t>(static_cast<std::size_t>(sums.windows) * k_);
    for (std::size_t left = take.count(3); left > 0; --left) {
      const auto x = take.numbers<std::int32_t>(3);
      sums.first.push_back({x[0], x[1], x[2]});
    }
    for (std::size_t left = take.count(8); left > 0; --left) {
      const auto window = take.whole<std::int64_t>();
      const auto x = take.numbers<std::int32_t>(7);
      sums.moves.push_back({window, x[0], x[1], x[2], x[3], {x[4], x[5], x[6]}});
    }
    for (std::size_t left = take.count(11); left > 0; --left) {
      EventFrame frame;
      frame.window = take.whole<std::int64_t>();
      frame.system = std::clamp(take.whole<std::int32_t>(), 0, static_cast<std::int32_t>(k_) - 1);
      for (Vector3 &row : frame.cell) {
        std::generate(row.begin(), row.end(), [&] { return take.real(); });
      }
      frame.position_A.resize(atoms_of(static_cast<std::size_t>(frame.system)));
      for (Vector3 &x : frame.position_A) {
        std::generate(x.begin(), x.end(), [&] { return take.real(); });
      }
      sums.frames.push_back(std::move(frame));
    }
    sums_ = std::move(sums);
  }

private:
  std::size_t atoms_of(std::size_t k) const { return begin_[k + 1] - begin_[k]; }

  void make_buffers(const std::vector<std::int32_t> &system) {
    const SiteCells sorted = sorted_sites(plan_.sites);
    least_A_ = sorted.least_A;
    std::vector<double> fraction(3 * sites_);
    for (std::size_t s = 0; s < sites_; ++s) {
      for (std::size_t d = 0; d < 3; ++d) {
        fraction[d * sites_ + s] = plan_.sites.fraction[s][d];
      }
    }
    const auto filled = [&]<class T>(DeviceBuffer<T> &buffer, const std::vector<T> &values, const char *name) {
      buffer = DeviceBuffer<T>(queue_, static_cast<std::int64_t>(values.size()), name);
      buffer.upload(values.data());
    };
    filled(fraction_, fraction, "sites");
    filled(order_, sorted.order, "sites by cell");
    filled(begin_of_, sorted.begin, "cells of sites");
    filled(system_, system, "systems of atoms");
    const auto k = static_cast<std::int64_t>(k_), sites = static_cast<std::int64_t>(sites_);
    sum_ = DeviceBuffer<double>(queue_, 3 * n_, "sums of positions");
    cell_sum_ = DeviceBuffer<double>(queue_, 9 * k, "sums of cells");
    cell_ = DeviceBuffer<SiteCell>(queue_, k, "mean cells");
    origin_ = DeviceBuffer<double>(queue_, 3 * k, "origins of sites");
    now_ = DeviceBuffer<SitePlace>(queue_, n_, "sites of atoms");
    place_ = DeviceBuffer<SitePlace>(queue_, n_, "sites of atoms");
    candidate_ = DeviceBuffer<SitePlace>(queue_, n_, "sites of atoms");
    stayed_ = DeviceBuffer<std::int32_t>(queue_, n_, "windows at a site");
    moved_ = DeviceBuffer<std::int32_t>(queue_, n_, "moved atoms");
    slot_ = DeviceBuffer<std::int32_t>(queue_, n_, "moved atoms");
    occupancy_ = DeviceBuffer<std::int32_t>(queue_, k * sites, "atoms of sites");
    counts_ = DeviceBuffer<std::uint64_t>(queue_, k * kEventCounts, "counts of defects");
    sum_.zero();
    cell_sum_.zero();
    now_.zero();
    place_.zero();
    candidate_.zero();
    stayed_.zero();
    grid_ = {fraction_.shaped(3, sites),
             std::as_const(order_).view(),
             std::as_const(begin_of_).view(),
             {sorted.cells[0], sorted.cells[1], sorted.cells[2]},
             {},
             {},
             least_A_};
    for (std::size_t d = 0; d < 3; ++d) {
      grid_.periodic[d] = plan_.sites.cell.periodic[d] ? 1 : 0;
      for (std::size_t e = 0; e < 3; ++e) {
        grid_.reference[3 * d + e] = plan_.sites.cell.vectors[d][e];
      }
    }
  }

  EventsView view() {
    const auto k = static_cast<std::int64_t>(k_);
    return {grid_,
            std::as_const(system_).view(),
            sum_.shaped(3, n_),
            cell_sum_.shaped(k, 9),
            cell_.view(),
            origin_.shaped(k, 3),
            now_.view(),
            place_.view(),
            candidate_.view(),
            stayed_.view(),
            moved_.view(),
            slot_.view(),
            occupancy_.shaped(k, static_cast<std::int64_t>(sites_)),
            counts_.shaped(k, kEventCounts)};
  }

  // Of find_sites: mean distances from the sites, fractions, and the root of the mean square, A.
  struct Misfit {
    Vector3 mean{};
    double spread_A = 0.0;
    std::int64_t vacancies = 0, interstitials = 0;
  };
  std::vector<Misfit> look(std::int64_t frames, bool known) {
    find_sites(queue_, view(), frames, known);
    const std::vector<std::uint64_t> counts = downloaded(counts_);
    std::vector<Misfit> out;
    for (std::size_t k = 0; k < k_; ++k) {
      const auto at = [&](int c) {
        return static_cast<double>(static_cast<std::int64_t>(counts[k * kEventCounts + static_cast<std::size_t>(c)]));
      };
      const auto atoms = static_cast<double>(atoms_of(k));
      Misfit one;
      for (int d = 0; d < 3; ++d) {
        one.mean[static_cast<std::size_t>(d)] = at(d) / (kMoveUnit * atoms);
      }
      one.spread_A = std::sqrt(at(3) / (kSquareUnit * atoms));
      one.vacancies = static_cast<std::int64_t>(at(4));
      one.interstitials = static_cast<std::int64_t>(at(5));
      out.push_back(one);
    }
    return out;
  }

  void move_origins(const std::vector<Misfit> &misfit) {
    for (std::size_t k = 0; k < k_; ++k) {
      for (std::size_t d = 0; d < 3; ++d) {
        origin_host_[3 * k + d] -= misfit[k].mean[d];
      }
    }
    origin_.upload(origin_host_.data());
  }

  // Puts the atoms as given on the sites: from the origin of their coordinates, or with one of the first atoms on site 0.
  void find_origins(const std::vector<Atoms> &systems, const std::vector<double> &mass_amu) {
    std::vector<double> fraction(3 * static_cast<std::size_t>(n_)), centre(3 * k_, 0.0), cells;
    for (std::size_t k = 0; k < k_; ++k) {
      const Matrix3 to_fractions = inverse(systems[k].cell.vectors);
      double mass = 0.0;
      for (std::size_t i = 0; i < systems[k].size(); ++i) {
        const Vector3 s = times(systems[k].position_A[i], to_fractions);
        mass += mass_amu[begin_[k] + i];
        for (std::size_t d = 0; d < 3; ++d) {
          fraction[d * static_cast<std::size_t>(n_) + begin_[k] + i] = s[d];
          centre[3 * k + d] += mass_amu[begin_[k] + i] * s[d];
        }
      }
      for (std::size_t d = 0; d < 3; ++d) {
        centre[3 * k + d] /= mass;
      }
      const Box box = box_of(systems[k].cell);
      cells.insert(cells.end(), box.h, box.h + 9);
    }
    sum_.upload(fraction.data());
    cell_sum_.upload(cells.data());
    make_site_cells(queue_, view(), 1);
    std::vector<double> best(3 * k_), spread(k_, HUGE_VAL);
    for (int candidate = -1; candidate < kOriginTries; ++candidate) {
      origin_host_.assign(3 * k_, 0.0);
      for (std::size_t k = 0; k < k_ && candidate >= 0; ++k) {
        const std::size_t atom = begin_[k] + std::min(static_cast<std::size_t>(candidate), atoms_of(k) - 1);
        for (std::size_t d = 0; d < 3; ++d) {
          const double to_site = plan_.sites.fraction[0][d] - fraction[d * static_cast<std::size_t>(n_) + atom];
          origin_host_[3 * k + d] = plan_.sites.cell.periodic[d] ? to_site - std::round(to_site) : to_site;
        }
      }
      origin_.upload(origin_host_.data());
      move_origins(look(1, false));
      const std::vector<Misfit> misfit = look(1, false);
      for (std::size_t k = 0; k < k_; ++k) {
        if (misfit[k].spread_A < (candidate < 0 ? 1.0 : kMuchBetter) * spread[k]) {
          spread[k] = misfit[k].spread_A;
          std::copy_n(origin_host_.begin() + static_cast<std::ptrdiff_t>(3 * k), 3,
                      best.begin() + static_cast<std::ptrdiff_t>(3 * k));
        }
      }
    }
    for (std::size_t k = 0; k < k_; ++k) {
      check_spread(k, spread[k], least_A_, "at the beginning");
    }
    origin_host_ = best;
    if (remove_drift_) { // what add_frame takes off
      for (std::size_t c = 0; c < 3 * k_; ++c) {
        origin_host_[c] += centre[c];
      }
    }
    origin_.upload(origin_host_.data());
    sum_.zero();
    cell_sum_.zero();
  }

  void end_window() {
    const std::int64_t window = sums_.windows;
    make_site_cells(queue_, view(), plan_.window_frames);
    for (int fit = 0; fit < kFirstFits && window == 0; ++fit) {
      const std::vector<Misfit> misfit = look(plan_.window_frames, false);
      for (std::size_t k = 0; k < k_; ++k) {
        check_spread(k, misfit[k].spread_A, least_A_, "in the first window");
      }
      move_origins(misfit);
    }
    const std::vector<Misfit> misfit = look(plan_.window_frames, window > 0);
    for (const Misfit &one : misfit) {
      sums_.vacancies.push_back(one.vacancies);
      sums_.interstitials.push_back(one.interstitials);
    }
    if (window == 0) {
      settle(queue_, view());
      note_first();
    } else {
      note_moves(window);
    }
    if (remove_drift_) {
      move_origins(misfit);
    }
    ++sums_.windows;
  }

  void note_first() {
    const std::vector<std::int32_t> occupancy = downloaded(occupancy_);
    for (std::size_t i = 0; i < occupancy.size(); ++i) {
      if (occupancy[i] != 1) {
        sums_.first.push_back({static_cast<std::int32_t>(i / sites_), static_cast<std::int32_t>(i % sites_), occupancy[i]});
      }
    }
  }

  void note_moves(std::int64_t window) {
    const std::int32_t count = mark_moves(queue_, view(), plan_.persistence);
    if (count == 0) {
      return;
    }
    DeviceBuffer<AtomMove> moves(queue_, count, "moves of atoms");
    take_moves(queue_, view(), moves.view());
    const std::int64_t first = window - plan_.persistence + 1;
    std::int32_t last_system = -1;
    for (const AtomMove &move : downloaded(moves)) {
      const auto after = std::upper_bound(begin_.begin(), begin_.end(), static_cast<std::size_t>(move.atom));
      const auto system = static_cast<std::int32_t>(after - begin_.begin()) - 1;
      const auto atom = move.atom - static_cast<std::int32_t>(begin_[static_cast<std::size_t>(system)]);
      sums_.moves.push_back({first, system, atom, move.from, move.to, {move.cells[0], move.cells[1], move.cells[2]}});
      if (system != last_system) {
        last_system = system;
        note_frame(first, system);
      }
    }
  }

  // Averaged positions as they stand at the end of a window.
  void note_frame(std::int64_t first, std::int32_t system) {
    if (static_cast<std::int64_t>(sums_.frames.size()) >= plan_.most_frames) {
      return;
    }
    const auto k = static_cast<std::size_t>(system);
    const std::vector<double> sum = downloaded(sum_);
    const SiteCell cell = downloaded(cell_)[k];
    EventFrame frame;
    frame.window = first;
    frame.system = system;
    for (std::size_t r = 0; r < 3; ++r) {
      std::copy_n(cell.h + 3 * r, 3, frame.cell[r].begin());
    }
    for (std::size_t i = begin_[k]; i < begin_[k + 1]; ++i) {
      Vector3 s{};
      for (std::size_t d = 0; d < 3; ++d) {
        s[d] = sum[d * static_cast<std::size_t>(n_) + i] / static_cast<double>(plan_.window_frames) + origin_host_[3 * k + d];
        s[d] -= plan_.sites.cell.periodic[d] ? std::floor(s[d]) : 0.0;
      }
      frame.position_A.push_back(times(s, frame.cell));
    }
    sums_.frames.push_back(std::move(frame));
  }

  Queue &queue_;
  EventsPlan plan_;
  bool remove_drift_;
  std::size_t k_, sites_;
  std::int64_t n_ = 0;
  std::vector<std::size_t> begin_; // [K + 1] atoms
  double least_A_ = 0.0;
  std::int64_t in_window_ = 0; // frames
  std::vector<double> origin_host_;
  EventsSums sums_;
  SiteGrid grid_{};
  DeviceBuffer<double> fraction_, sum_, cell_sum_, origin_;
  DeviceBuffer<std::int32_t> order_, begin_of_, system_, stayed_, moved_, slot_, occupancy_;
  DeviceBuffer<SiteCell> cell_;
  DeviceBuffer<SitePlace> now_, place_, candidate_;
  DeviceBuffer<std::uint64_t> counts_;
};

} // namespace

std::unique_ptr<Quantity> make_events_quantity(Queue &queue, const EventsPlan &plan, const std::vector<Atoms> &systems,
                                               const std::vector<double> &mass_amu, bool remove_drift) {
  return std::make_unique<EventsQuantity>(queue, plan, systems, mass_amu, remove_drift);
}

double events_bytes(const EventsPlan &plan, double atoms, double systems) {
  const double sites = static_cast<double>(plan.sites.fraction.size());
  return atoms * (3 * sizeof(double) + 3 * sizeof(SitePlace) + 4 * sizeof(std::int32_t)) +
         sites * (3 * sizeof(double) + 2 * sizeof(std::int32_t) + systems * sizeof(std::int32_t));
}

} // namespace ZENER_BACKEND
} // namespace zener

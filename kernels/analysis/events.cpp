#include "kernels/analysis/events.hpp"

#include "kernels/exec/atomics.hpp"

#include <cmath>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

struct AddFrame {
  FrameView frame;
  View<const double, 2> drift;
  EventsView view;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int32_t k = view.system[i];
    double x[3];
    for (int d = 0; d < 3; ++d) {
      x[d] = frame.position(d, i) - (drift.extent(0) > 0 ? drift(k, d) : 0.0);
    }
    double s[3];
    to_fractional(frame.box[k], x[0], x[1], x[2], s);
    for (int d = 0; d < 3; ++d) {
      view.sum(d, i) += s[d];
    }
  }
};

struct AddCells {
  FrameView frame;
  EventsView view;
  ZENER_FN void operator()(std::int64_t i) const { view.cell_sum(i / 9, i % 9) += frame.box[i / 9].h[i % 9]; }
};

ZENER_FN double larger(double a, double b) { return a > b ? a : b; }

struct MakeCells {
  EventsView view;
  double frames;
  ZENER_FN void operator()(std::int64_t k) const {
    Box box{};
    for (int c = 0; c < 9; ++c) {
      box.h[c] = view.cell_sum(k, c) / frames;
    }
    complete_box(box);
    SiteCell cell{};
    double rows = 0.0, columns = 0.0;
    cell.thickness = HUGE_VAL;
    for (int d = 0; d < 3; ++d) {
      double length_2 = 0.0, row = 0.0, column = 0.0;
      for (int e = 0; e < 3; ++e) {
        length_2 += box.inverse[3 * e + d] * box.inverse[3 * e + d];
        double of_row = 0.0, of_column = 0.0; // of h^-1 h_reference
        for (int f = 0; f < 3; ++f) {
          of_row += box.inverse[3 * d + f] * view.grid.reference[3 * f + e];
          of_column += box.inverse[3 * e + f] * view.grid.reference[3 * f + d];
        }
        row += fabs(of_row);
        column += fabs(of_column);
      }
      rows = larger(rows, row);
      columns = larger(columns, column);
      const double thickness = 1.0 / (sqrt(length_2) * view.grid.cells[d]);
      if (thickness < cell.thickness && (view.grid.periodic[d] != 0 || view.grid.cells[d] > 1)) {
        cell.thickness = thickness;
      }
    }
    for (int c = 0; c < 9; ++c) {
      cell.h[c] = box.h[c];
    }
    // No vector shrinks by more than the root of (largest row sum)(largest column sum) of h^-1 h_reference, which bounds the
    // norm; a little less than half the least distance, for rounding.
    const double sure = 0.4999 * view.grid.least / sqrt(rows * columns);
    cell.sure_2 = sure * sure;
    view.cell[k] = cell;
  }
};

// From a site to u, in fractions.
ZENER_FN void distance_from(const SiteGrid &grid, const double u[3], const SitePlace &place, double out[3]) {
  for (int d = 0; d < 3; ++d) {
    out[d] = u[d] - (grid.fraction(d, place.site) + place.cell[d]);
  }
}

ZENER_FN double square_of(const SiteCell &cell, const double s[3]) {
  double sum = 0.0;
  for (int d = 0; d < 3; ++d) {
    const double x = s[0] * cell.h[d] + s[1] * cell.h[3 + d] + s[2] * cell.h[6 + d];
    sum += x * x;
  }
  return sum;
}

// The nearest site by rings of the grid's cells: what lies beyond ring r is at least r thicknesses away.
ZENER_FN SitePlace search(const SiteGrid &grid, const SiteCell &cell, const double u[3]) {
  double s[3];
  int at[3], most = 1;
  std::int32_t whole[3];
  for (int d = 0; d < 3; ++d) {
    const double image = grid.periodic[d] != 0 && fabs(u[d]) < 1e9 ? floor(u[d]) : 0.0;
    whole[d] = static_cast<std::int32_t>(image);
    s[d] = u[d] - image;
    const double place = s[d] * grid.cells[d];
    at[d] = place > 0.0 ? (place < grid.cells[d] ? static_cast<int>(place) : grid.cells[d] - 1) : 0;
    most = grid.cells[d] > most ? grid.cells[d] : most;
  }
  SitePlace best{0, {whole[0], whole[1], whole[2]}};
  double best_2 = HUGE_VAL;
  for (int r = 1; r <= most + 1; ++r) {
    for (int k = 0; k < (2 * r + 1) * (2 * r + 1) * (2 * r + 1); ++k) {
      const int step[3] = {k / ((2 * r + 1) * (2 * r + 1)) - r, k / (2 * r + 1) % (2 * r + 1) - r, k % (2 * r + 1) - r};
      const bool on_ring = step[0] == -r || step[0] == r || step[1] == -r || step[1] == r || step[2] == -r || step[2] == r;
      if (r > 1 && !on_ring) {
        continue;
      }
      std::int32_t image[3];
      std::int64_t of = 0;
      bool there = true;
      for (int d = 0; d < 3; ++d) {
        int c = at[d] + step[d];
        image[d] = 0;
        for (; c < 0 && grid.periodic[d] != 0; c += grid.cells[d]) {
          --image[d];
        }
        for (; c >= grid.cells[d] && grid.periodic[d] != 0; c -= grid.cells[d]) {
          ++image[d];
        }
        there = there && c >= 0 && c < grid.cells[d];
        of = of * grid.cells[d] + c;
      }
      for (std::int32_t n = there ? grid.begin[of] : 0; n < (there ? grid.begin[of + 1] : 0); ++n) {
        const SitePlace one{grid.order[n], {image[0], image[1], image[2]}};
        double from[3];
        distance_from(grid, s, one, from);
        const double square = square_of(cell, from);
        if (square < best_2 || (square == best_2 && one.site < best.site)) {
          best_2 = square;
          best = {one.site, {whole[0] + image[0], whole[1] + image[1], whole[2] + image[2]}};
        }
      }
    }
    if (best_2 <= r * cell.thickness * (r * cell.thickness)) {
      break;
    }
  }
  return best;
}

ZENER_FN std::uint64_t as_count(double value, double unit) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(floor(value * unit + 0.5)));
}

struct FindSites {
  EventsView view;
  double frames;
  int known;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int32_t k = view.system[i];
    const SiteCell cell = view.cell[k];
    double u[3], from[3];
    for (int d = 0; d < 3; ++d) {
      u[d] = view.sum(d, i) / frames + view.origin(k, d);
    }
    SitePlace place{};
    bool sure = false;
    if (known != 0) {
      place = view.now[i];
      distance_from(view.grid, u, place, from);
      sure = square_of(cell, from) < cell.sure_2;
    }
    if (!sure) {
      place = search(view.grid, cell, u);
      distance_from(view.grid, u, place, from);
    }
    view.now[i] = place;
    for (int d = 0; d < 3; ++d) {
      atomic_add(&view.counts(k, d), as_count(from[d], kMoveUnit));
    }
    atomic_add(&view.counts(k, 3), as_count(square_of(cell, from), kSquareUnit));
    atomic_add(&view.occupancy(k, place.site), 1);
  }
};

struct CountDefects {
  EventsView view;
  ZENER_FN void operator()(std::int64_t i) const {
    const std::int64_t sites = view.occupancy.extent(1);
    const std::int64_t k = i / sites;
    const std::int32_t atoms = view.occupancy(k, i % sites);
    if (atoms == 0) {
      atomic_add(&view.counts(k, 4), std::uint64_t{1});
    } else if (atoms > 1) {
      atomic_add(&view.counts(k, 5), static_cast<std::uint64_t>(atoms - 1));
    }
  }
};

struct ZeroCounts {
  EventsView view;
  ZENER_FN void operator()(std::int64_t i) const { view.counts(i / kEventCounts, i % kEventCounts) = 0; }
};

struct ZeroOccupancy {
  EventsView view;
  ZENER_FN void operator()(std::int64_t i) const {
    view.occupancy(i / view.occupancy.extent(1), i % view.occupancy.extent(1)) = 0;
  }
};

ZENER_FN bool same(const SitePlace &a, const SitePlace &b) {
  return a.site == b.site && a.cell[0] == b.cell[0] && a.cell[1] == b.cell[1] && a.cell[2] == b.cell[2];
}

struct Settle {
  EventsView view;
  ZENER_FN void operator()(std::int64_t i) const {
    view.place[i] = view.now[i];
    view.candidate[i] = view.now[i];
    view.stayed[i] = 0;
  }
};

struct MarkMoves {
  EventsView view;
  int persistence;
  ZENER_FN void operator()(std::int64_t i) const {
    const SitePlace now = view.now[i];
    std::int32_t stayed = 0;
    if (!same(now, view.place[i])) {
      stayed = same(now, view.candidate[i]) ? view.stayed[i] + 1 : 1;
    }
    view.candidate[i] = now;
    view.stayed[i] = stayed;
    view.moved[i] = stayed >= persistence ? 1 : 0;
  }
};

struct TakeMoves {
  EventsView view;
  View<AtomMove, 1> moves;
  ZENER_FN void operator()(std::int64_t i) const {
    if (view.moved[i] == 0) {
      return;
    }
    const SitePlace old = view.place[i], now = view.now[i];
    moves[view.slot[i]] = {static_cast<std::int32_t>(i),
                           old.site,
                           now.site,
                           {now.cell[0] - old.cell[0], now.cell[1] - old.cell[1], now.cell[2] - old.cell[2]}};
    view.place[i] = now;
    view.stayed[i] = 0;
  }
};

} // namespace

void add_frame(Queue &queue, const FrameView &frame, View<const double, 2> drift, const EventsView &view) {
  queue.for_each("event_frames", view.system.size(), AddFrame{frame, drift, view});
  queue.for_each("event_cells", view.cell_sum.size(), AddCells{frame, view});
}

void make_site_cells(Queue &queue, const EventsView &view, std::int64_t frames) {
  queue.for_each("site_cells", view.cell.size(), MakeCells{view, static_cast<double>(frames)});
}

void find_sites(Queue &queue, const EventsView &view, std::int64_t frames, bool known) {
  queue.for_each("site_counts", view.counts.size(), ZeroCounts{view});
  queue.for_each("site_occupancy", view.occupancy.size(), ZeroOccupancy{view});
  queue.for_each("find_sites", view.system.size(), FindSites{view, static_cast<double>(frames), known ? 1 : 0});
  queue.for_each("site_defects", view.occupancy.size(), CountDefects{view});
}

void settle(Queue &queue, const EventsView &view) { queue.for_each("settle_atoms", view.system.size(), Settle{view}); }

std::int32_t mark_moves(Queue &queue, const EventsView &view, int persistence) {
  queue.for_each("mark_moves", view.system.size(), MarkMoves{view, persistence});
  return queue.scan_exclusive<std::int32_t>("scan_moves", View<const std::int32_t, 1>(view.moved.data(), view.moved.size()),
                                            view.slot);
}

void take_moves(Queue &queue, const EventsView &view, View<AtomMove, 1> moves) {
  queue.for_each("take_moves", view.system.size(), TakeMoves{view, moves});
}

} // namespace ZENER_BACKEND
} // namespace zener

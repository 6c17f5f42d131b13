// Neighbour lists against brute force over images.
#include "host/engine/box_of.hpp"
#include "kernels/neighbours/lists.hpp"
#include "tests/reference/philox.hpp"
#include "tests/support/device_test.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

namespace zener {
inline namespace ZENER_BACKEND {
namespace {

using Entry = std::tuple<int, int, int, int, int>; // atom, neighbour, image along a, b, c

struct Sample {
  Cell cell;
  std::vector<Vector3> position; // wrapped along periodic directions
};

// Every pair within range, each image tried in turn; atoms numbered from `base`.
std::vector<Entry> brute_force(const Sample &sample, double range, int base) {
  const Vector3 thickness = thicknesses(sample.cell);
  int reach[3];
  for (std::size_t k = 0; k < 3; ++k) {
    reach[k] = sample.cell.periodic[k] ? static_cast<int>(std::ceil(range / thickness[k])) + 1 : 0;
  }
  std::vector<Entry> entries;
  for (int i = 0; i < static_cast<int>(sample.position.size()); ++i) {
    for (int j = 0; j < static_cast<int>(sample.position.size()); ++j) {
      for (int a = -reach[0]; a <= reach[0]; ++a) {
        for (int b = -reach[1]; b <= reach[1]; ++b) {
          for (int c = -reach[2]; c <= reach[2]; ++c) {
            const Vector3 shift = times(Vector3{double(a), double(b), double(c)}, sample.cell.vectors);
            double r2 = 0.0;
            for (std::size_t d = 0; d < 3; ++d) {
              const double x =
                  sample.position[static_cast<std::size_t>(j)][d] - sample.position[static_cast<std::size_t>(i)][d];
              r2 += (x + shift[d]) * (x + shift[d]);
            }
            if (r2 < range * range && !(i == j && a == 0 && b == 0 && c == 0)) {
              entries.emplace_back(base + i, base + j, a, b, c);
            }
          }
        }
      }
    }
  }
  return entries;
}

class NeighboursTest : public DeviceTest {
protected:
  Sample random_sample(reference::Sequence &random, int atoms, double least, double most) {
    Sample sample;
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t d = 0; d < 3; ++d) {
        sample.cell.vectors[k][d] = k == d ? least + (most - least) * random.unit() : 0.6 * least * (random.unit() - 0.5);
      }
      sample.cell.periodic[k] = random.unit() < 0.75;
    }
    for (int i = 0; i < atoms; ++i) {
      Vector3 s{random.unit(), random.unit(), random.unit()};
      for (std::size_t k = 0; k < 3; ++k) {
        if (!sample.cell.periodic[k]) {
          s[k] = 1.6 * s[k] - 0.3; // atoms may leave along free directions
        }
      }
      sample.position.push_back(times(s, sample.cell.vectors));
    }
    return sample;
  }

  // Sorts, fills (from a guess that is too short), and compares.
  void check(const std::vector<Sample> &samples, double range) {
    std::vector<Site> sites;
    std::vector<Box> boxes;
    std::vector<std::int64_t> begin{0};
    std::vector<Entry> expected;
    for (const Sample &sample : samples) {
      const std::vector<Entry> own = brute_force(sample, range, static_cast<int>(begin.back()));
      expected.insert(expected.end(), own.begin(), own.end());
      for (const Vector3 &x : sample.position) {
        sites.push_back({x[0], x[1], x[2], 0, static_cast<std::int32_t>(boxes.size())});
      }
      boxes.push_back(box_of(sample.cell));
      begin.push_back(static_cast<std::int64_t>(sites.size()));
    }
    const auto n = static_cast<std::int64_t>(sites.size());
    const auto systems = static_cast<std::int64_t>(boxes.size());
    auto device_boxes = to_device(boxes);
    auto device_begin = to_device(begin);
    auto flags = to_device(std::vector<std::int32_t>(boxes.size(), 1));
    auto order_buffer = empty<std::int32_t>(n);
    NeighbourLists lists(queue(), n, systems, range, 1);
    auto unsorted = to_device(sites);
    lists.sort(unsorted.view(), device_boxes.view(), device_begin.view(), flags.view(), order_buffer.view());
    const std::vector<std::int32_t> order = to_host(order_buffer);
    std::vector<std::int32_t> once = order;
    std::sort(once.begin(), once.end());
    for (std::size_t i = 0; i < once.size(); ++i) {
      ASSERT_EQ(once[i], static_cast<std::int32_t>(i)) << "no permutation";
    }
    std::vector<Site> sorted;
    for (const std::int32_t from : order) {
      sorted.push_back(sites[static_cast<std::size_t>(from)]);
    }
    for (std::size_t i = 1; i < sorted.size(); ++i) {
      ASSERT_GE(sorted[i].system, sorted[i - 1].system) << "systems must stay together";
    }
    auto device_sites = to_device(sorted);
    lists.fill(device_sites.view(), device_boxes.view(), device_begin.view(), flags.view());
    const NeighbourView view = lists.view();
    EXPECT_EQ(lists.pairs(), static_cast<std::int64_t>(expected.size()));

    // On the host again, by places in memory as the view says.
    std::vector<std::uint32_t> words(static_cast<std::size_t>(view.words.size()));
    std::vector<std::int32_t> count(static_cast<std::size_t>(n));
    queue().copy_to_host(words.data(), view.words.data(), words.size() * sizeof(std::uint32_t), "words");
    queue().copy_to_host(count.data(), view.count.data(), count.size() * sizeof(std::int32_t), "counts");
    std::vector<double> shifts(static_cast<std::size_t>(view.shifts.size()));
    queue().copy_to_host(shifts.data(), view.shifts.data(), shifts.size() * sizeof(double), "shifts");
    std::vector<Entry> got;
    for (std::int64_t i = 0; i < n; ++i) {
      for (int slot = 0; slot < count[static_cast<std::size_t>(i)]; ++slot) {
        const std::uint32_t word = words[static_cast<std::size_t>(i * view.atom_stride + slot * view.slot_stride)];
        const auto j = static_cast<std::size_t>(word & ((1u << view.index_bits) - 1));
        const auto code = static_cast<std::int64_t>(word >> view.index_bits);
        const auto system = static_cast<std::size_t>(sorted[static_cast<std::size_t>(i)].system);
        const std::size_t row = 4 * static_cast<std::size_t>(static_cast<std::int64_t>(system) * view.codes + code);
        const Matrix3 to_fraction = inverse(samples[system].cell.vectors);
        const Vector3 image = times(Vector3{shifts[row], shifts[row + 1], shifts[row + 2]}, to_fraction);
        got.emplace_back(order[static_cast<std::size_t>(i)], order[j], static_cast<int>(std::lround(image[0])),
                         static_cast<int>(std::lround(image[1])), static_cast<int>(std::lround(image[2])));
      }
    }
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(got, expected);
  }
};

ZENER_DEVICE_TEST_F(Neighbours, RandomTriclinicCells, NeighboursTest) {
  reference::Sequence random(3);
  for (int trial = 0; trial < (kDebugDevice ? 6 : 30); ++trial) {
    check({random_sample(random, 1 + static_cast<int>(random.below(150)), 6.0, 25.0)}, 2.0 + 4.0 * random.unit());
  }
}

ZENER_DEVICE_TEST_F(Neighbours, TinyCells, NeighboursTest) {
  reference::Sequence random(4);
  for (int trial = 0; trial < (kDebugDevice ? 4 : 12); ++trial) {
    check({random_sample(random, 1 + static_cast<int>(random.below(3)), 1.5, 4.0)}, 5.0);
  }
}

ZENER_DEVICE_TEST_F(Neighbours, BatchesOfDifferentSystems, NeighboursTest) {
  reference::Sequence random(5);
  for (int trial = 0; trial < 3; ++trial) {
    std::vector<Sample> samples;
    for (int k = 0; k < 7; ++k) {
      samples.push_back(random_sample(random, 1 + static_cast<int>(random.below(60)), k % 2 == 0 ? 3.0 : 9.0, 14.0));
    }
    check(samples, 4.3);
  }
}

// Pairs exactly at the range are out, just inside are in, also through faces.
ZENER_DEVICE_TEST_F(Neighbours, EdgeOfTheRange, NeighboursTest) {
  Sample sample;
  sample.cell.vectors = {Vector3{12, 0, 0}, Vector3{0, 12, 0}, Vector3{0, 0, 12}};
  for (int i = 0; i < 12; ++i) {
    for (int j = 0; j < 4; ++j) {
      sample.position.push_back({double(i), 3.0 * j, 0.0});
    }
  }
  check({sample}, 3.0);
  check({sample}, std::nextafter(3.0, 4.0));
}

} // namespace
} // namespace ZENER_BACKEND
} // namespace zener

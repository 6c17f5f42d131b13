#include "host/neutral/train_checkpoint.hpp"

#include "tests/neutral/support.hpp"

#include <cmath>

namespace zener {
namespace {

using test::expect_error;
using test::TemporaryFolder;

TrainCourse course_of(double x) {
  TrainCourse course;
  course.train_eV2 = {x, 2 * x, std::nan("")};
  course.validation_eV2 = {x / 3};
  course.rate = {1e-3, 1e-4};
  course.next_rate = 1e-5;
  course.best_eV2 = std::nextafter(x, 0.0);
  course.best_epoch = 7;
  course.idle = 3;
  course.stopped = true;
  course.diverged = x > 1.0;
  course.best = {{x, -x, 5e-324}, {1.0}, 99};
  return course;
}

TEST(TrainCheckpoint, comes_back_bit_for_bit) {
  const TemporaryFolder folder;
  const auto file = folder / "checkpoint.h5";
  TrainCheckpoint checkpoint;
  checkpoint.identity = R"({"seed":7})";
  checkpoint.meta = {12.5, 1};
  FinishedCase finished;
  finished.epoch_s = 3.25;
  finished.barriers = 1e9;
  TrainedNetwork network;
  network.course = course_of(0.1);
  network.errors.resize(2);
  network.errors[1].by_composition = {{4.0, 0.5, 0.25, 0.125, 6.0}, {}};
  network.predicted_eV = {{}, {1.5F, -0.1F}};
  network.largest_spread_eV = 0.7;
  finished.networks = {network, network};
  checkpoint.finished = {finished};
  checkpoint.epochs = 11;
  checkpoint.epoch_s = 0.5;
  checkpoint.barriers = 64.0;
  checkpoint.courses = {course_of(2.0), course_of(3.0)};
  checkpoint.states = {{{1.0, 2.0}, {3.0}, 4}, {{}, {}, 0}};
  save_train_checkpoint(file, checkpoint);
  const TrainCheckpoint back = load_train_checkpoint(file);
  EXPECT_EQ(back.identity, checkpoint.identity);
  EXPECT_EQ(back.meta.wall_s, 12.5);
  EXPECT_EQ(back.epochs, 11);
  EXPECT_EQ(back.barriers, 64.0);
  ASSERT_EQ(back.courses.size(), 2U);
  const TrainCourse &course = back.courses[1];
  const TrainCourse expected = course_of(3.0);
  EXPECT_EQ(course.train_eV2[1], 6.0);
  EXPECT_TRUE(std::isnan(course.train_eV2[2]));
  EXPECT_EQ(course.validation_eV2, expected.validation_eV2);
  EXPECT_EQ(course.rate, expected.rate);
  EXPECT_EQ(course.next_rate, 1e-5);
  EXPECT_EQ(course.best_eV2, expected.best_eV2);
  EXPECT_EQ(course.best_epoch, 7);
  EXPECT_EQ(course.idle, 3);
  EXPECT_TRUE(course.stopped);
  EXPECT_TRUE(course.diverged);
  EXPECT_EQ(course.best.parameters, expected.best.parameters);
  EXPECT_EQ(course.best.steps, 99);
  ASSERT_EQ(back.states.size(), 2U);
  EXPECT_EQ(back.states[0].parameters, (std::vector<double>{1.0, 2.0}));
  EXPECT_EQ(back.states[0].steps, 4);
  ASSERT_EQ(back.finished.size(), 1U);
  ASSERT_EQ(back.finished[0].networks.size(), 2U);
  const TrainedNetwork &trained = back.finished[0].networks[1];
  EXPECT_FALSE(trained.course.diverged);
  ASSERT_EQ(trained.errors.size(), 2U);
  EXPECT_EQ(trained.errors[1].by_composition[0].squared, 0.25);
  EXPECT_EQ(trained.errors[1].by_composition[0].barriers, 6.0);
  EXPECT_EQ(trained.predicted_eV[1], network.predicted_eV[1]);
  EXPECT_TRUE(std::isnan(trained.mean_spread_eV));
  EXPECT_EQ(trained.largest_spread_eV, 0.7);
}

TEST(TrainCheckpoint, refuses_numbers_of_another_layout) {
  const TemporaryFolder folder;
  const auto file = folder / "checkpoint.h5";
  const auto refused = [&](const std::vector<double> &numbers) {
    H5File h5 = begin_checkpoint(file, "{}", {});
    h5.write("/state/numbers", numbers, {numbers.size()});
    end_checkpoint(h5, file, "train_barriers");
    expect_error<DataError>([&] { load_train_checkpoint(file); }, {"checkpoint.h5", "not those of a training"});
  };
  refused({});
  refused({0, 0, 0, 0, 0, 0, 0}); // one too many
  refused({0, 0, 0, 0, 0});       // one too few
  refused({1e9, 0, 0, 0, 0, 0});  // a list longer than the file
  refused({-1, 0, 0, 0, 0, 0});
  refused({0.5, 0, 0, 0, 0, 0});
  refused({0, 1e300, 0, 0, 0, 0}); // no count of epochs
  refused({0, std::nan(""), 0, 0, 0, 0});
  H5File other = begin_checkpoint(file, "{}", {});
  end_checkpoint(other, file, "kmc");
  expect_error<DataError>([&] { load_train_checkpoint(file); }, {"is not a checkpoint", "train_barriers"});
}

TEST(TrainCheckpoint, the_rate_answers_to_the_validation_loss) {
  TrainCourse course;
  course.next_rate = 1e-2;
  const TrainCourse::Schedule schedule{2, 0.1, 1e-4, 3};
  EXPECT_TRUE(course.add_epoch(1.0, 1.0, schedule));
  EXPECT_FALSE(course.add_epoch(1.0, 1.0, schedule)) << "the same is no gain";
  EXPECT_TRUE(course.add_epoch(1.0, 0.9, schedule));
  EXPECT_EQ(course.next_rate, 1e-2);
  course.add_epoch(1.0, 1.0, schedule);
  course.add_epoch(1.0, 1.0, schedule);
  EXPECT_DOUBLE_EQ(course.next_rate, 1e-3);
  course.add_epoch(1.0, 1.0, schedule);
  course.add_epoch(1.0, 1.0, schedule);
  EXPECT_DOUBLE_EQ(course.next_rate, 1e-4);
  course.add_epoch(1.0, 1.0, schedule);
  course.add_epoch(1.0, 1.0, schedule);
  EXPECT_FALSE(course.stopped);
  course.add_epoch(1.0, 1.0, schedule);
  EXPECT_TRUE(course.stopped);
  EXPECT_EQ(course.next_rate, 0.0);
  EXPECT_EQ(course.best_epoch, 2);
  TrainCourse bad;
  bad.next_rate = 1e-2;
  EXPECT_FALSE(bad.add_epoch(1.0, std::nan(""), schedule));
  EXPECT_TRUE(bad.diverged);
  EXPECT_EQ(bad.next_rate, 0.0);
}

} // namespace
} // namespace zener

// What is set aside because its name is taken: kept once, bounded, removable.

#include "core/storage/quarantine.h"

#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "core/base/sha256.h"
#include "core/storage/sql/open_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::IsEmpty;

// Other bytes under the UID of SomeInstance.
Instance Conflicting(const std::string& sop_instance_uid, const std::string& bytes = "other") {
  Instance instance = SomeInstance(sop_instance_uid);
  instance.sha256 = Sha256Hex(sop_instance_uid + bytes);
  instance.blob_id = instance.sha256.substr(0, 32);
  return instance;
}

class QuarantineTest : public StoresTest {
 protected:
  void SetUp() override {
    StoresTest::SetUp();
    Restart();
  }
  void Restart() {
    quarantine_ = std::make_unique<Quarantine>(database(), clock_, nullptr, limits_);
  }

  QuarantineOptions limits_;
  std::unique_ptr<Quarantine> quarantine_;
};
CAMNODE_TEST_ON_ALL_DATABASES(QuarantineTest);

TEST_P(QuarantineTest, KeepsWhatItWasGivenBesideTheFirst) {
  Enqueue("1.2.3");
  const Instance second = Conflicting("1.2.3");

  EXPECT_THAT(quarantine_->Add(second), IsOkAndHolds(QuarantineOutcome::kAdded));

  const auto entries = quarantine_->List(10, 0);
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->size(), 1);
  const QuarantinedInstance& entry = entries->front();
  EXPECT_EQ(entry.stored_sha256, SomeInstance("1.2.3").sha256);
  EXPECT_EQ(entry.instance.sha256, second.sha256);
  EXPECT_EQ(entry.instance.sop_instance_uid, second.sop_instance_uid);
  EXPECT_EQ(entry.instance.series_instance_uid, second.series_instance_uid);
  EXPECT_EQ(entry.instance.study_instance_uid, second.study_instance_uid);
  EXPECT_EQ(entry.instance.sop_class_uid, second.sop_class_uid);
  EXPECT_EQ(entry.instance.transfer_syntax_uid, second.transfer_syntax_uid);
  EXPECT_EQ(entry.instance.blob_id, second.blob_id);
  EXPECT_EQ(entry.instance.size_bytes, second.size_bytes);
  EXPECT_EQ(entry.instance.modality, "DX");
  EXPECT_EQ(entry.instance.calling_ae, "MODALITY");
  EXPECT_EQ(entry.instance.called_ae, "CAMNODE");
  EXPECT_EQ(entry.instance.received_ms, second.received_ms);
  EXPECT_TRUE(Names(second.blob_id));
  EXPECT_TRUE(Names(SomeInstance("1.2.3").blob_id)) << "the first one's";
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM instance"), 1);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM job"), 1) << "it is never analysed";
}

TEST_P(QuarantineTest, TheSameBytesAgainAreKeptOnce) {
  Enqueue("1.2.3");
  ASSERT_THAT(quarantine_->Add(Conflicting("1.2.3")), IsOkAndHolds(QuarantineOutcome::kAdded));
  Instance again = Conflicting("1.2.3");
  again.blob_id = std::string(32, 'a');

  EXPECT_THAT(quarantine_->Add(again), IsOkAndHolds(QuarantineOutcome::kRepeat));
  EXPECT_FALSE(Names(again.blob_id));
  EXPECT_THAT(quarantine_->Add(Conflicting("1.2.3", "third")),
              IsOkAndHolds(QuarantineOutcome::kAdded));
  EXPECT_EQ(quarantine_->Size()->instances, 2);
}

TEST_P(QuarantineTest, TakesOnlyWhatIsInConflictWithinItsStudy) {
  EXPECT_THAT(quarantine_->Add(Conflicting("1.2.3")), IsOkAndHolds(QuarantineOutcome::kNoConflict))
      << "nobody has the UID";
  Enqueue("1.2.3");
  EXPECT_THAT(quarantine_->Add(SomeInstance("1.2.3")), IsOkAndHolds(QuarantineOutcome::kNoConflict))
      << "the same bytes";
  Instance elsewhere = Conflicting("1.2.3");
  elsewhere.study_instance_uid = MakeUid("1.9");
  EXPECT_THAT(quarantine_->Add(elsewhere), IsOkAndHolds(QuarantineOutcome::kOtherStudy));
  EXPECT_EQ(quarantine_->Size()->instances, 0);
}

TEST_P(QuarantineTest, IsBoundedByCountAndByBytesAndTakesAgainOnceThereIsRoom) {
  Enqueue("1.2.3");
  limits_.max_instances = 2;
  Restart();
  ASSERT_THAT(quarantine_->Add(Conflicting("1.2.3", "a")), IsOkAndHolds(QuarantineOutcome::kAdded));
  ASSERT_THAT(quarantine_->Add(Conflicting("1.2.3", "b")), IsOkAndHolds(QuarantineOutcome::kAdded));
  EXPECT_THAT(quarantine_->Add(Conflicting("1.2.3", "c")), IsOkAndHolds(QuarantineOutcome::kFull));
  EXPECT_THAT(quarantine_->Add(Conflicting("1.2.3", "a")), IsOkAndHolds(QuarantineOutcome::kRepeat))
      << "what is here needs no room";

  limits_ = {1000, 2 * SomeInstance("1.2.3").size_bytes};
  Restart();
  EXPECT_THAT(quarantine_->Add(Conflicting("1.2.3", "c")), IsOkAndHolds(QuarantineOutcome::kFull));
  ASSERT_THAT(quarantine_->Remove(quarantine_->List(1, 0)->front().id), IsOk());
  EXPECT_THAT(quarantine_->Add(Conflicting("1.2.3", "c")), IsOkAndHolds(QuarantineOutcome::kAdded));
  EXPECT_EQ(quarantine_->Size()->bytes, limits_.max_bytes);
}

TEST_P(QuarantineTest, TwoNodesDoNotBothTakeTheLastPlace) {
  Enqueue("1.2.3");
  limits_.max_instances = 1;
  Restart();
  OpenedDatabase opened = OpenAnother();
  Quarantine other(*opened.database, clock_, nullptr, limits_);
  absl::StatusOr<QuarantineOutcome> theirs = QuarantineOutcome::kNoConflict;
  std::thread thread([&] { theirs = other.Add(Conflicting("1.2.3", "a")); });
  const absl::StatusOr<QuarantineOutcome> ours = quarantine_->Add(Conflicting("1.2.3", "b"));
  thread.join();

  ASSERT_THAT(ours, IsOk());
  ASSERT_THAT(theirs, IsOk());
  EXPECT_NE(*ours == QuarantineOutcome::kAdded, *theirs == QuarantineOutcome::kAdded);
  EXPECT_NE(*ours == QuarantineOutcome::kFull, *theirs == QuarantineOutcome::kFull);
  EXPECT_EQ(quarantine_->Size()->instances, 1);
}

TEST_P(QuarantineTest, ListsNewestFirstPageByPage) {
  for (const char* uid : {"1.2.1", "1.2.2", "1.2.3"}) {
    Enqueue(uid);
    ASSERT_THAT(quarantine_->Add(Conflicting(uid)), IsOkAndHolds(QuarantineOutcome::kAdded));
  }
  const auto first = quarantine_->List(2, 0);
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->size(), 2);
  EXPECT_EQ(first->at(0).instance.sop_instance_uid.text(), "1.2.3");
  const auto second = quarantine_->List(2, first->at(1).id);
  ASSERT_EQ(second->size(), 1);
  EXPECT_EQ(second->at(0).instance.sop_instance_uid.text(), "1.2.1");
}

TEST_P(QuarantineTest, WhatIsRemovedNamesItsBlobNoMoreAndIsNotThereTwice) {
  Enqueue("1.2.3");
  const Instance second = Conflicting("1.2.3");
  ASSERT_THAT(quarantine_->Add(second), IsOkAndHolds(QuarantineOutcome::kAdded));
  const int64_t id = quarantine_->List(1, 0)->front().id;

  EXPECT_THAT(quarantine_->Remove(id), IsOkAndHolds(second.blob_id));
  EXPECT_FALSE(Names(second.blob_id));
  EXPECT_THAT(quarantine_->List(10, 0), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(quarantine_->Remove(id), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace camnode

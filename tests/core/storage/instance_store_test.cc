// What a sender is told "success" about: one row, one job, however often it sends.
// Also: row_mapping.

#include "core/storage/instance_store.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/sha256.h"
#include "core/domain/analysis.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/sql/open_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class InstanceStoreTest : public StoresTest {};
CAMNODE_TEST_ON_ALL_DATABASES(InstanceStoreTest);

TEST_P(InstanceStoreTest, WhatWasAddedComesBack) {
  Instance instance = SomeInstance("1.2.3");
  instance.media_type = MediaType::kPng;
  instance.own_output = true;
  const absl::StatusOr<AddedInstance> added = instances_->Add(instance, absl::nullopt);
  ASSERT_THAT(added, IsOk());
  EXPECT_FALSE(added->repeat);
  EXPECT_FALSE(added->job_id.has_value());

  const absl::StatusOr<Instance> stored = instances_->Get(added->instance_id);
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->sop_instance_uid, instance.sop_instance_uid);
  EXPECT_EQ(stored->series_instance_uid, instance.series_instance_uid);
  EXPECT_EQ(stored->study_instance_uid, instance.study_instance_uid);
  EXPECT_EQ(stored->sop_class_uid, instance.sop_class_uid);
  EXPECT_EQ(stored->transfer_syntax_uid, instance.transfer_syntax_uid);
  EXPECT_EQ(stored->media_type, MediaType::kPng);
  EXPECT_EQ(stored->blob_id, instance.blob_id);
  EXPECT_EQ(stored->sha256, instance.sha256);
  EXPECT_EQ(stored->size_bytes, 1000);
  EXPECT_EQ(stored->modality, "DX");
  EXPECT_EQ(stored->calling_ae, "MODALITY");
  EXPECT_EQ(stored->called_ae, "CAMNODE");
  EXPECT_EQ(stored->received_ms, instance.received_ms);
  EXPECT_TRUE(stored->own_output);
  EXPECT_EQ(instances_->FindBySopInstanceUid(MakeUid("1.2.3"))->id, added->instance_id);
  EXPECT_THAT(instances_->FindBySopInstanceUid(MakeUid("1.2.4")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(instances_->Get(999), StatusIs(absl::StatusCode::kNotFound));
}

// Between the last byte and the row its file was swept: the sender sends it again.
TEST_P(InstanceStoreTest, AFilmWhoseFileIsGoneIsRefused) {
  const std::unique_ptr<BlobStore> blobs = BlobStore::Open(directory_.path() + "/blobs").value();
  InstanceStore instances(database(), clock_, blobs.get());
  Instance film = SomeInstance("1.2.3");
  film.blob_id = blobs->Put("film").value().id;
  ASSERT_THAT(blobs->Remove(film.blob_id), IsOk());

  EXPECT_THAT(instances.Add(film, SomeRequest()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(film.blob_id)));

  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM instance"), 0);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM job"), 0);
}

TEST_P(InstanceStoreTest, ARepeatOfAQueuedFilmAddsNothing) {
  const int64_t job = Enqueue("1.2.3");
  Instance again = SomeInstance("1.2.3");
  again.blob_id = std::string(32, 'a');  // The sender's second copy.

  const absl::StatusOr<AddedInstance> added = instances_->Add(again, SomeRequest());

  ASSERT_THAT(added, IsOk());
  EXPECT_TRUE(added->repeat);
  EXPECT_EQ(added->job_id, job);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM instance"), 1);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM job"), 1);
  EXPECT_FALSE(Names(again.blob_id));
  EXPECT_TRUE(Names(SomeInstance("1.2.3").blob_id));
}

TEST_P(InstanceStoreTest, ARepeatOfARunningFilmLeavesItsLeaseAlone) {
  Enqueue("1.2.3");
  JobLease lease = LeaseOne();
  Enqueue("1.2.3");
  EXPECT_THAT(results_->Commit(std::move(lease), SomeAnalysis(), {}, {}), IsOk());
}

TEST_P(InstanceStoreTest, ARepeatOfABuriedFilmQueuesItAgainWithFreshBudgets) {
  const int64_t job = Enqueue("1.2.3");
  ASSERT_THAT(LeaseOne().Bury(absl::FailedPreconditionError("no model")), IsOk());

  EXPECT_EQ(Enqueue("1.2.3"), job);

  EXPECT_EQ(StateOf(job), JobState::kQueued);
  EXPECT_EQ(queue_->Get(job)->failures, 0);
}

TEST_P(InstanceStoreTest, ARepeatOfADoneFilmArmsWhatWasNotDelivered) {
  Enqueue("1.2.3");
  ASSERT_THAT(results_->Commit(LeaseOne(), SomeAnalysis(), {SomeOutput("1.2.3.1")},
                               {"DELIVERED", "BURIED", "WAITING"}),
              IsOk());
  Outbox outbox(database(), clock_, {});
  EXPECT_THAT(std::move(outbox.Lease("DELIVERED", 1)->at(0)).Delivered(0), IsOk());
  EXPECT_THAT(std::move(outbox.Lease("BURIED", 1)->at(0)).Bury(0xC000, absl::UnknownError("no")),
              IsOk());
  EXPECT_THAT(std::move(outbox.Lease("WAITING", 1)->at(0))
                  .Retry(0xA700, absl::UnavailableError("full"), absl::Hours(1)),
              IsOk());
  ASSERT_TRUE(outbox.DueDestinations()->empty());

  Enqueue("1.2.3");

  EXPECT_THAT(*outbox.DueDestinations(), ::testing::ElementsAre("BURIED", "WAITING"));
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM analysis"), 1);
}

TEST_P(InstanceStoreTest, TheSameFilmForAnotherModelSetIsAnotherJob) {
  const int64_t job = Enqueue("1.2.3");
  JobRequest retrained = SomeRequest();
  retrained.model_set = "models-2";
  EXPECT_NE(Enqueue("1.2.3", retrained), job);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM instance"), 1);
}

TEST_P(InstanceStoreTest, OtherBytesUnderAKnownUidAreRefusedNamingBothDigests) {
  Enqueue("1.2.3");
  Instance other = SomeInstance("1.2.3");
  other.sha256 = Sha256Hex("other bytes");
  other.blob_id = std::string(32, 'b');

  EXPECT_THAT(instances_->Add(other, SomeRequest()),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       AllOf(HasSubstr(Sha256Hex("1.2.3")), HasSubstr(Sha256Hex("other bytes")))));
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM instance"), 1);
}

TEST_P(InstanceStoreTest, AKnownUidInAnotherStudyIsRefusedAndLeavesNoStudy) {
  Enqueue("1.2.3");
  Instance moved = SomeInstance("1.2.3", "1.9");
  EXPECT_THAT(instances_->Add(moved, SomeRequest()),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("another study")));
  EXPECT_THAT(instances_->GetStudy(MakeUid("1.9")), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(InstanceStoreTest, RingsForANewJobAndNotForARepeat) {
  // Through another object: this one's waiting thread counts from here on.
  OpenedDatabase other = OpenAnother();
  Enqueue("1.2.3");
  EXPECT_TRUE(doorbell().Wait(kJobsTopic, absl::Seconds(10)));
  EXPECT_TRUE(other.doorbell->Wait(kJobsTopic, absl::Seconds(10)));
  Enqueue("1.2.3");
  // A ring that comes would have come before the one asked for here.
  Enqueue("1.2.4");
  EXPECT_TRUE(doorbell().Wait(kJobsTopic, absl::Seconds(10)));
  EXPECT_FALSE(doorbell().Wait(kJobsTopic, absl::ZeroDuration()));
}

// PACS peers send what they like; a stored film must not depend on it.
TEST_P(InstanceStoreTest, BytesThatAreNoTextAreStoredAsQuestionMarks) {
  Instance instance = SomeInstance("1.2.3");
  instance.modality = std::string("D\0X", 3);
  instance.calling_ae = "M\xFFNCHEN \xC3\xBC \xED\xA0\x80";
  const absl::StatusOr<AddedInstance> added = instances_->Add(instance, absl::nullopt);
  ASSERT_THAT(added, IsOk());
  EXPECT_EQ(instances_->Get(added->instance_id)->modality, "D?X");
  EXPECT_EQ(instances_->Get(added->instance_id)->calling_ae, "M?NCHEN \xC3\xBC ???");
}

TEST_P(InstanceStoreTest, RefusesAnInstanceWithoutIdentityOrBlob) {
  Instance nameless = SomeInstance("1.2.3");
  nameless.sop_instance_uid = Uid();
  EXPECT_THAT(instances_->Add(nameless, absl::nullopt),
              StatusIs(absl::StatusCode::kInvalidArgument));
  Instance bodiless = SomeInstance("1.2.3");
  bodiless.blob_id = "";
  EXPECT_THAT(instances_->Add(bodiless, absl::nullopt),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_P(InstanceStoreTest, AStudyCountsWhereItsFilmsAre) {
  for (int i = 1; i <= 5; ++i) Enqueue(absl::StrCat("1.2.", i));
  ASSERT_THAT(results_->Commit(LeaseOne(), SomeAnalysis(), {}, {}), IsOk());
  Analysis refused = SomeAnalysis();
  refused.outcome = AnalysisOutcome::kNotEligible;
  ASSERT_THAT(results_->Commit(LeaseOne(), refused, {}, {}), IsOk());
  ASSERT_THAT(LeaseOne().Bury(absl::DataLossError("truncated")), IsOk());
  LeaseOne();

  const absl::StatusOr<StudySummary> study = instances_->GetStudy(MakeUid("1.2"));
  ASSERT_THAT(study, IsOk());
  EXPECT_EQ(study->instances, 5);
  EXPECT_EQ(study->analyzed, 1);
  EXPECT_EQ(study->not_eligible, 1);
  EXPECT_EQ(study->buried, 1);
  EXPECT_EQ(study->pending, 2);
  EXPECT_EQ(instances_->ListStudyInstances(MakeUid("1.2"), 3)->size(), 3u);
  EXPECT_EQ(instances_->ListStudyInstances(MakeUid("1.3"), 3)->size(), 0u);
}

TEST_P(InstanceStoreTest, ListsStudiesNewestFirstInPagesWithoutRepeats) {
  // Study 1.7.n gets its last film at second n; two share second 3.
  for (int n = 1; n <= 4; ++n) {
    Instance film = SomeInstance(absl::StrCat("1.2.", n), absl::StrCat("1.7.", n));
    film.received_ms = 1'700'000'000'000 + std::min(n, 3) * 1000;
    ASSERT_THAT(instances_->Add(film, absl::nullopt), IsOk());
  }
  const absl::StatusOr<StudyPage> first = instances_->ListStudies(2, 0, Uid());
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->studies.size(), 2u);
  EXPECT_EQ(first->studies[0].study_instance_uid, MakeUid("1.7.4"));
  EXPECT_EQ(first->studies[1].study_instance_uid, MakeUid("1.7.3"));
  const absl::StatusOr<StudyPage> second =
      instances_->ListStudies(2, first->next_received_ms, first->next_study_instance_uid);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->studies.size(), 2u);
  EXPECT_EQ(second->studies[0].study_instance_uid, MakeUid("1.7.2"));
  EXPECT_EQ(second->studies[1].study_instance_uid, MakeUid("1.7.1"));
  EXPECT_TRUE(second->next_study_instance_uid.empty());
}

TEST_P(InstanceStoreTest, AStudyRemembersItsFirstAndLastFilm) {
  for (const int second : {5, 9, 7}) {
    Instance film = SomeInstance(absl::StrCat("1.2.", second));
    film.received_ms = second * 1000;
    ASSERT_THAT(instances_->Add(film, absl::nullopt), IsOk());
  }
  EXPECT_EQ(instances_->GetStudy(MakeUid("1.2"))->first_received_ms, 5000);
  EXPECT_EQ(instances_->GetStudy(MakeUid("1.2"))->last_received_ms, 9000);
}

// A burst: several associations, two nodes, the same films from each.
TEST_P(InstanceStoreTest, ManyThreadsOfTwoProgramsAddEachFilmOnce) {
  OpenedDatabase other = OpenAnother();
  InstanceStore other_store(*other.database, clock_, nullptr);
  std::vector<std::thread> senders;
  for (int sender = 0; sender < 8; ++sender) {
    InstanceStore& store = sender % 2 == 0 ? *instances_ : other_store;
    senders.emplace_back([&store, sender] {
      for (int film = 0; film < 10; ++film) {
        Instance instance = SomeInstance(absl::StrCat("1.2.", film + 1));
        instance.blob_id = Sha256Hex(absl::StrCat(sender, " ", film)).substr(0, 32);
        EXPECT_THAT(store.Add(instance, SomeRequest()), IsOk());
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM instance"), 10);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM job"), 10);
}

}  // namespace
}  // namespace camnode

// Films that a restored database does not know are taken in again, and nothing else is.

#include "core/intake/film_adopter.h"

#include <gmock/gmock.h>

#include <string>

#include "core/base/status_macros.h"
#include "core/intake/store_handler.h"
#include "core/storage/sql/sql_database.h"
#include "tests/core/intake/ingest_fixture.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

class FilmAdopterTest : public IngestFixture {
 protected:
  void SetUp() override {
    IngestFixture::SetUp();
    // The clock stands still in the past, the files are of today.
    options_of_adoption_.min_age = -absl::Hours(24 * 365 * 100);
  }

  // Received by C-STORE, as it lies in the store.  Returns its blob.
  std::string Receive(const std::string& uid) {
    StoreRequest request;
    request.calling_ae = "SENDER";
    request.called_ae = "NODE";
    request.sop_class_uid = *Uid::Parse(kCrSopClass);
    request.sop_instance_uid = *Uid::Parse(uid);
    request.transfer_syntax_uid = *Uid::Parse(kExplicitVr);
    auto sink = ingest_->Admit(request).value();
    EXPECT_THAT(sink->Append(SmallDataSet(kCrSopClass, uid)), IsOk());
    EXPECT_THAT(sink->Finish(), IsOk());
    return instances_->FindBySopInstanceUid(*Uid::Parse(uid))->blob_id;
  }

  // As a copy of the database has it from before the film came.
  void Forget(const std::string& uid) {
    ASSERT_THAT(opened_.database->Write([&](SqlTransaction& transaction) -> absl::Status {
      CAMNODE_RETURN_IF_ERROR(
          transaction
              .Execute("DELETE FROM job WHERE subject = (SELECT id FROM instance WHERE "
                       "sop_instance_uid = :uid)",
                       {{"uid", uid}})
              .status());
      return transaction
          .Execute("DELETE FROM instance WHERE sop_instance_uid = :uid", {{"uid", uid}})
          .status();
    }),
                IsOk());
  }

  absl::StatusOr<AdoptionReport> Adopt() {
    BlobNames names(*opened_.database);
    FilmAdopter adopter(*ingest_, *blobs_, names, *instances_, clock_);
    return adopter.Run(options_of_adoption_, [this] { return cancelled_; });
  }

  AdoptionOptions options_of_adoption_;
  bool cancelled_ = false;
};

TEST_F(FilmAdopterTest, AFilmWithoutARowGetsOneAndAJobAndItsOldFileGoes) {
  Receive("1.2.1");
  const std::string lost = Receive("1.2.2");
  const std::string digest = instances_->FindBySopInstanceUid(*Uid::Parse("1.2.2"))->sha256;
  Forget("1.2.2");

  const absl::StatusOr<AdoptionReport> report = Adopt();

  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->unnamed, 1);
  EXPECT_EQ(report->adopted, 1);
  const absl::StatusOr<Instance> film = instances_->FindBySopInstanceUid(*Uid::Parse("1.2.2"));
  ASSERT_THAT(film, IsOk());
  EXPECT_EQ(film->sha256, digest) << "a sender that repeats it is answered as before";
  EXPECT_EQ(film->calling_ae, "ADOPTED");
  EXPECT_THAT(blobs_->PathOf(film->blob_id), IsOk());
  EXPECT_THAT(blobs_->PathOf(lost), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(jobs_->Depth()->queued, 2);
  EXPECT_EQ(Adopt()->unnamed, 0) << "there is nothing left";
}

TEST_F(FilmAdopterTest, TheTrashIsLookedThroughToo) {
  const std::string lost = Receive("1.2.1");
  Forget("1.2.1");
  ASSERT_THAT(blobs_->trash().SetAside(lost, clock_.Now()), IsOkAndHolds(true));

  EXPECT_EQ(Adopt()->adopted, 1);

  EXPECT_THAT(instances_->FindBySopInstanceUid(*Uid::Parse("1.2.1")), IsOk());
  EXPECT_EQ(BlobFiles(), 1);
}

TEST_F(FilmAdopterTest, ADryRunCountsAndChangesNothing) {
  Receive("1.2.1");
  Forget("1.2.1");
  options_of_adoption_.dry_run = true;

  EXPECT_EQ(Adopt()->adopted, 1);

  EXPECT_THAT(instances_->FindBySopInstanceUid(*Uid::Parse("1.2.1")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(BlobFiles(), 1);
}

TEST_F(FilmAdopterTest, WhatIsNoFilmOrKnownStaysWhereItIs) {
  const std::string film = Receive("1.2.1");
  ASSERT_THAT(blobs_->Put(blobs_->ReadAll(film, 1 << 20).value()), IsOk());  // A second copy.
  ASSERT_THAT(blobs_->Put("\x89PNG, a display raster"), IsOk());

  const absl::StatusOr<AdoptionReport> report = Adopt();

  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->unnamed, 2);
  EXPECT_EQ(report->known, 1);
  EXPECT_EQ(report->others, 1);
  EXPECT_EQ(report->adopted, 0);
  EXPECT_EQ(BlobFiles(), 3);
}

TEST_F(FilmAdopterTest, AYoungFileMayBeOfAReceptionAtWork) {
  Receive("1.2.1");
  Forget("1.2.1");
  options_of_adoption_.min_age = absl::Hours(1);

  EXPECT_EQ(Adopt()->unnamed, 0);
}

TEST_F(FilmAdopterTest, ACallerThatLeavesEndsIt) {
  Receive("1.2.1");
  Forget("1.2.1");
  cancelled_ = true;

  EXPECT_THAT(Adopt().status(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(BlobFiles(), 1);
}

TEST_F(FilmAdopterTest, AFullQueueEndsItAndNothingIsLost) {
  Receive("1.2.1");
  Receive("1.2.2");
  Forget("1.2.2");
  options_.settings.max_queued_jobs = 1;
  Restart();

  EXPECT_THAT(Adopt().status(), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(BlobFiles(), 2);
}

TEST_F(FilmAdopterTest, AnUnknownWorkflowIsInvalid) {
  Receive("1.2.1");
  Forget("1.2.1");
  options_of_adoption_.workflow = "nobody's";

  EXPECT_THAT(Adopt().status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode

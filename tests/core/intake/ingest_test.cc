// From bytes to rows, on a real SQLite database and a real directory.

#include "core/intake/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/dicom/file/implementation.h"
#include "core/storage/sql/sql_database.h"
#include "tests/core/intake/ingest_fixture.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

// The 67 bytes of a 1 x 1 grey PNG, with its width as the test wants it.
std::string Png(uint32_t width) {
  std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU", 33);
  for (int i = 0; i < 4; ++i)
    png[16 + static_cast<size_t>(i)] = static_cast<char>(width >> (24 - 8 * i));
  return png + std::string(34, 'z');
}

// A database whose answers get lost, as when the server dies right after a commit.
class ForgetfulDatabase final : public SqlDatabase {
 public:
  explicit ForgetfulDatabase(SqlDatabase& database) : database_(database) {}

  absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    const absl::Status status = database_.Write(work);
    return status.ok() && loses_writes ? absl::UnavailableError("no answer") : status;
  }
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return loses_reads ? absl::UnavailableError("no answer") : database_.Read(work);
  }
  SqlDialect dialect() const override { return database_.dialect(); }

  bool loses_writes = false;
  bool loses_reads = false;

 private:
  SqlDatabase& database_;
};

class IngestTest : public IngestFixture {
 protected:
  void SetUp() override {
    IngestFixture::SetUp();
    IngestWorkflow trial;
    trial.name = "trial";
    trial.called_ae_titles = {"TRIAL", "TRIAL2"};
    trial.model_set = "m2";
    trial.priority = JobPriority::kBacklog;
    options_.workflows.push_back(trial);
    options_.workflows[0].return_to_sender = true;
    Restart();
  }

  // From here on the stores that Ingest writes to are on `forgetful_`.
  void UseForgetfulDatabase() {
    forgetful_ = std::make_unique<ForgetfulDatabase>(*opened_.database);
    instances_ = std::make_unique<InstanceStore>(*forgetful_, clock_, blobs_.get());
    results_ = std::make_unique<ResultStore>(*forgetful_, clock_, blobs_.get());
    quarantine_ =
        std::make_unique<Quarantine>(*forgetful_, clock_, blobs_.get(), QuarantineOptions());
    options_.quarantine = quarantine_.get();
    Restart();
  }

  void UseQuarantine(const QuarantineOptions& limits) {
    quarantine_ = std::make_unique<Quarantine>(*opened_.database, clock_, blobs_.get(), limits);
    options_.quarantine = quarantine_.get();
    Restart();
  }

  StoreRequest Request(const std::string& instance, const std::string& called = "NODE") {
    StoreRequest request;
    request.calling_ae = "SENDER";
    request.called_ae = called;
    request.peer_address = "192.0.2.1";
    request.sop_class_uid = *Uid::Parse(kCrSopClass);
    request.sop_instance_uid = *Uid::Parse(instance);
    request.transfer_syntax_uid = *Uid::Parse(kExplicitVr);
    return request;
  }

  absl::Status Store(const std::string& instance, absl::string_view data_set,
                     const std::string& called = "NODE") {
    auto sink = ingest_->Admit(Request(instance, called));
    if (!sink.ok()) return sink.status();
    for (size_t at = 0; at < data_set.size(); at += 777) {
      const absl::Status status = (*sink)->Append(data_set.substr(at, 777));
      if (!status.ok()) return status;
    }
    return (*sink)->Finish();
  }

  absl::StatusOr<Ingested> Upload(MediaType media_type, absl::string_view bytes,
                                  const std::string& workflow = "") {
    UploadRequest request;
    request.workflow = workflow;
    request.media_type = media_type;
    auto upload = ingest_->BeginUpload(request);
    if (!upload.ok()) return upload.status();
    for (size_t at = 0; at < bytes.size(); at += 10) {
      const absl::Status status = upload->Append(bytes.substr(at, 10));
      if (!status.ok()) return status;
    }
    return (*std::move(upload)).Finish();
  }

  Instance Stored(const std::string& instance) {
    auto found = instances_->FindBySopInstanceUid(*Uid::Parse(instance));
    EXPECT_THAT(found, IsOk());
    return found.ok() ? *found : Instance();
  }

  std::string BytesOf(const Instance& instance) {
    return blobs_->ReadAll(instance.blob_id, 1 << 30).value_or("");
  }

  int64_t QueuedJobs() { return jobs_->Depth()->queued; }

  std::unique_ptr<ForgetfulDatabase> forgetful_;
  std::unique_ptr<Quarantine> quarantine_;
};

TEST_F(IngestTest, StoresTheDataSetByteForByteBehindAFileHeaderOfOurs) {
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3");
  ASSERT_THAT(Store("1.2.3", data_set), IsOk());

  const Instance instance = Stored("1.2.3");
  const std::string file = BytesOf(instance);
  ASSERT_GT(file.size(), data_set.size());
  EXPECT_EQ(file.substr(128, 4), "DICM");
  EXPECT_EQ(file.substr(file.size() - data_set.size()), data_set);
  EXPECT_THAT(file.substr(0, file.size() - data_set.size()),
              HasSubstr(CamnodeImplementationClassUid().text()));
  EXPECT_EQ(instance.sha256, Sha256Hex(data_set)) << "of the data set without our header";
  EXPECT_EQ(instance.size_bytes, static_cast<int64_t>(data_set.size()));
  EXPECT_EQ(instance.study_instance_uid.text(), "1.2.3.100");
  EXPECT_EQ(instance.modality, "CR");
  EXPECT_EQ(instance.calling_ae, "SENDER");
  EXPECT_EQ(instance.called_ae, "NODE");
  EXPECT_EQ(instance.transfer_syntax_uid.text(), kExplicitVr);
  EXPECT_FALSE(instance.own_output);

  const auto jobs = jobs_->ListByInstances({instance.id});
  ASSERT_THAT(jobs, IsOk());
  ASSERT_EQ(jobs->size(), 1);
  EXPECT_EQ(jobs->front().workflow, "chest");
  EXPECT_EQ(jobs->front().model_set, "m1");
  EXPECT_EQ(jobs->front().priority, JobPriority::kNormal);
}

TEST_F(IngestTest, TheCalledTitleChoosesTheWorkflow) {
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3"), "TRIAL2"), IsOk());

  const auto jobs = jobs_->ListByInstances({Stored("1.2.3").id});
  ASSERT_THAT(jobs, IsOk());
  ASSERT_EQ(jobs->size(), 1);
  EXPECT_EQ(jobs->front().workflow, "trial");
  EXPECT_EQ(jobs->front().model_set, "m2");
  EXPECT_EQ(jobs->front().priority, JobPriority::kBacklog);
  EXPECT_THAT(ingest_->Admit(Request("1.2.4", "NOBODY")),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(IngestTest, AFilmSentToTwoWorkflowsHasOneCopyAndAJobForEach) {
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3");
  for (const char* called : {"NODE", "TRIAL", "NODE", "TRIAL2"}) {
    ASSERT_THAT(Store("1.2.3", data_set, called), IsOk()) << called;
  }

  EXPECT_EQ(QueuedJobs(), 2);
  EXPECT_EQ(BlobFiles(), 1);
}

TEST_F(IngestTest, AnUploadMayNameItsWorkflow) {
  const auto unnamed = Upload(MediaType::kPng, Png(100));
  const auto named = Upload(MediaType::kPng, Png(100), "trial");

  ASSERT_THAT(unnamed, IsOk());
  ASSERT_THAT(named, IsOk());
  EXPECT_EQ(jobs_->Get(*unnamed->added.job_id)->workflow, "chest") << "the first";
  EXPECT_EQ(jobs_->Get(*named->added.job_id)->workflow, "trial");
  EXPECT_EQ(jobs_->Get(*named->added.job_id)->priority, JobPriority::kInteractive);
  EXPECT_THAT(Upload(MediaType::kPng, Png(100), "nonsense"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(IngestTest, KeepsOneCopyAndOneJobOfARepeat) {
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3");
  ASSERT_THAT(Store("1.2.3", data_set), IsOk());
  ASSERT_THAT(Store("1.2.3", data_set), IsOk());

  EXPECT_EQ(QueuedJobs(), 1);
  EXPECT_EQ(BlobFiles(), 1);
  EXPECT_FALSE(BytesOf(Stored("1.2.3")).empty());
}

TEST_F(IngestTest, RefusesOtherBytesUnderAKnownUidAndKeepsTheFirst) {
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 1000)), IsOk());
  EXPECT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 2000)),
              StatusIs(absl::StatusCode::kAlreadyExists));

  EXPECT_EQ(BlobFiles(), 1);
  EXPECT_EQ(QueuedJobs(), 1);
}

// What a log line says of a conflict must let a human find both films.
TEST_F(IngestTest, PutsOtherBytesUnderAKnownUidIntoTheQuarantineIfThereIsOne) {
  UseQuarantine({});
  const std::string first = SmallDataSet(kCrSopClass, "1.2.3", 1000);
  const std::string second = SmallDataSet(kCrSopClass, "1.2.3", 2000);
  ASSERT_THAT(Store("1.2.3", first), IsOk());
  ASSERT_THAT(Store("1.2.3", second), IsOk());
  ASSERT_THAT(Store("1.2.3", second), IsOk()) << "a repeat of what is set aside";
  ASSERT_THAT(Store("1.2.3", first), IsOk());

  EXPECT_EQ(QueuedJobs(), 1) << "it is never analysed";
  EXPECT_EQ(BlobFiles(), 2);
  EXPECT_EQ(Stored("1.2.3").sha256, Sha256Hex(first));
  const auto entries = quarantine_->List(10, 0);
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->size(), 1);
  EXPECT_EQ(entries->front().instance.sha256, Sha256Hex(second));
  EXPECT_EQ(entries->front().stored_sha256, Sha256Hex(first));
  EXPECT_EQ(entries->front().instance.calling_ae, "SENDER");
  const std::string kept = BytesOf(entries->front().instance);
  EXPECT_EQ(kept.substr(kept.size() - second.size()), second);
}

TEST_F(IngestTest, RefusesAConflictOnceTheQuarantineIsFull) {
  UseQuarantine({1, int64_t{1} << 30});
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 1000)), IsOk());
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 2000)), IsOk());

  const absl::Status refused = Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 3000));

  EXPECT_THAT(refused,
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("the quarantine is full")));
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr(Sha256Hex(SmallDataSet(kCrSopClass, "1.2.3", 1000))));
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr(Sha256Hex(SmallDataSet(kCrSopClass, "1.2.3", 3000))));
  EXPECT_EQ(BlobFiles(), 2);
}

TEST_F(IngestTest, RefusesAUidOfAnotherStudyEvenIfThereIsAQuarantine) {
  UseQuarantine({});
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3");
  ASSERT_THAT(Store("1.2.3", data_set), IsOk());
  std::string elsewhere = data_set;
  const size_t at = elsewhere.find("1.2.3.100");  // Its Study Instance UID.
  ASSERT_NE(at, std::string::npos);
  elsewhere.replace(at, 9, "1.2.3.900");

  EXPECT_THAT(Store("1.2.3", elsewhere),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("another study")));
  EXPECT_EQ(BlobFiles(), 1);
  EXPECT_EQ(quarantine_->Size()->instances, 0);
}

TEST_F(IngestTest, RefusesAnUploadInConflictEvenIfThereIsAQuarantine) {
  UseQuarantine({});
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 1000)), IsOk());
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 2000)), IsOk());
  const std::string file = BytesOf(quarantine_->List(1, 0)->front().instance);

  EXPECT_THAT(Upload(MediaType::kDicom, file), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(quarantine_->Size()->instances, 1);
  EXPECT_EQ(BlobFiles(), 2);
}

// The row may name the bytes: the sweep asks, and removes them only if it does not.
TEST_F(IngestTest, KeepsTheBytesIfNobodyCanSayWhetherTheRowWasCommitted) {
  UseForgetfulDatabase();
  forgetful_->loses_writes = true;
  EXPECT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3")),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Upload(MediaType::kPng, Png(100)), StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_EQ(BlobFiles(), 2);
  EXPECT_FALSE(BytesOf(Stored("1.2.3")).empty()) << "it was";
}

TEST_F(IngestTest, KeepsTheBytesIfNobodyCanSayWhetherTheQuarantineTookThem) {
  UseForgetfulDatabase();
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 1000)), IsOk());
  forgetful_->loses_writes = true;
  EXPECT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3", 2000)),
              StatusIs(absl::StatusCode::kUnavailable));

  EXPECT_EQ(BlobFiles(), 2);
  const auto entries = quarantine_->List(10, 0);
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->size(), 1);
  EXPECT_FALSE(BytesOf(entries->front().instance).empty()) << "it did";
}

TEST_F(IngestTest, KeepsNothingIfTheDatabaseCannotBeAskedBeforeTheRow) {
  UseForgetfulDatabase();
  forgetful_->loses_reads = true;
  EXPECT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3")),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(BlobFiles(), 0);
}

TEST_F(IngestTest, RefusesUidsThatAreNotTheCommandsAndKeepsNothing) {
  EXPECT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.4")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Store("1.2.3", SmallDataSet(kCtSopClass, "1.2.3")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Store("1.2.3", ExplicitElement(0x00080016, "UI", kCrSopClass)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(BlobFiles(), 0);
  EXPECT_EQ(QueuedJobs(), 0);
}

TEST_F(IngestTest, RefusesADataSetThatIsCutOffOrNoDicomAndKeepsNothing) {
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3");
  for (const std::string& damaged :
       {data_set.substr(0, data_set.size() / 2), data_set.substr(0, data_set.size() - 1),
        std::string(500, 'x')}) {
    EXPECT_THAT(Store("1.2.3", damaged), StatusIs(absl::StatusCode::kDataLoss));
  }
  EXPECT_EQ(BlobFiles(), 0);
}

TEST_F(IngestTest, ForgetsAnInstanceWhoseSenderWentAway) {
  {
    auto sink = ingest_->Admit(Request("1.2.3"));
    ASSERT_THAT(sink, IsOk());
    ASSERT_THAT((*sink)->Append("half"), IsOk());
  }
  EXPECT_EQ(BlobFiles(), 0);
}

TEST_F(IngestTest, StoresAnOutputOfOursThatComesBackButDoesNotAnalyseIt) {
  const std::string pixels = SmallDataSet(kCrSopClass, "1.2.3");
  // Instance Creator UID (0008,0014) belongs before SOP Class UID.
  const std::string ours =
      ExplicitElement(0x00080014, "UI", CamnodeInstanceCreatorUid().text()) + pixels;
  ASSERT_THAT(Store("1.2.3", ours), IsOk());

  EXPECT_TRUE(Stored("1.2.3").own_output);
  EXPECT_EQ(QueuedJobs(), 0);
}

TEST_F(IngestTest, RefusesWhenTheDiskIsNearlyFull) {
  options_.settings.min_free_bytes = int64_t{1} << 60;
  Restart();
  EXPECT_THAT(ingest_->Admit(Request("1.2.3")), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(IngestTest, RefusesWhenTooManyJobsWaitAndTakesAgainOnceTheyAreDone) {
  options_.settings.max_queued_jobs = 2;
  Restart();
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3")), IsOk());
  ASSERT_THAT(Store("1.2.4", SmallDataSet(kCrSopClass, "1.2.4")), IsOk());
  EXPECT_THAT(ingest_->Admit(Request("1.2.5")), StatusIs(absl::StatusCode::kResourceExhausted));

  ASSERT_THAT(jobs_->Lease("worker", 10), IsOk());
  clock_.Advance(options_.backlog_refresh);
  EXPECT_THAT(ingest_->Admit(Request("1.2.5")), IsOk());
}

TEST_F(IngestTest, CountsTheJobsNoSoonerAndNoLaterWhateverTheDateIsSetTo) {
  options_.settings.max_queued_jobs = 1;
  Restart();
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3")), IsOk());
  ASSERT_THAT(jobs_->Lease("worker", 10), IsOk());
  for (const absl::Duration step : {absl::Hours(1), -absl::Hours(2)}) {
    clock_.StepWallClock(step);
    EXPECT_THAT(ingest_->Admit(Request("1.2.4")), StatusIs(absl::StatusCode::kResourceExhausted));
  }
  clock_.Advance(options_.backlog_refresh);
  EXPECT_THAT(ingest_->Admit(Request("1.2.4")), IsOk());
}

TEST_F(IngestTest, NamesTheSendersReturnDestination) {
  std::string asked;
  options_.return_destination = [&](const StoreRequest& request) {
    asked = absl::StrCat(request.calling_ae, " ", request.peer_address);
    return "return:SENDER@192.0.2.1:104";
  };
  Restart();
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3")), IsOk());
  EXPECT_EQ(asked, "SENDER 192.0.2.1");

  asked.clear();
  ASSERT_THAT(Store("1.2.4", SmallDataSet(kCrSopClass, "1.2.4"), "TRIAL"), IsOk());
  EXPECT_EQ(asked, "") << "that workflow returns nothing";
}

TEST_F(IngestTest, TakesAnUploadedDicomFileAsItIs) {
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3")), IsOk());
  std::string file = BytesOf(Stored("1.2.3"));
  const size_t at = file.find("1.2.3", file.find("DICM"));
  ASSERT_NE(at, std::string::npos);
  // The same film under another UID.
  std::string other = SmallDataSet(kCrSopClass, "1.2.4");
  file.replace(file.size() - other.size(), other.size(), other);

  const auto ingested = Upload(MediaType::kDicom, file);
  ASSERT_THAT(ingested, IsOk());
  EXPECT_EQ(ingested->instance.sop_instance_uid.text(), "1.2.4");
  EXPECT_EQ(ingested->instance.calling_ae, "grpc");
  EXPECT_EQ(BytesOf(ingested->instance), file);
  EXPECT_EQ(ingested->instance.sha256, Sha256Hex(other)) << "of the data set alone";
  ASSERT_TRUE(ingested->added.job_id.has_value());
  EXPECT_EQ(jobs_->Get(*ingested->added.job_id)->priority, JobPriority::kInteractive);
}

TEST_F(IngestTest, KnowsAnUploadForTheFilmThatCameByCStore) {
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3")), IsOk());
  const Instance stored = Stored("1.2.3");
  std::string file = BytesOf(stored);
  file[0] = 'x';  // Another preamble, as another program would write.

  const auto ingested = Upload(MediaType::kDicom, file);
  ASSERT_THAT(ingested, IsOk());
  EXPECT_TRUE(ingested->added.repeat);
  EXPECT_EQ(ingested->instance.id, stored.id);
  EXPECT_EQ(BlobFiles(), 1);
  EXPECT_EQ(QueuedJobs(), 1);
}

TEST_F(IngestTest, GivesPngAndJpegUidsThatFollowFromTheirBytes) {
  const auto first = Upload(MediaType::kPng, Png(100));
  const auto again = Upload(MediaType::kPng, Png(100));
  const auto other = Upload(MediaType::kPng, Png(200));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  ASSERT_THAT(other, IsOk());

  EXPECT_TRUE(again->added.repeat);
  EXPECT_EQ(again->instance.id, first->instance.id);
  EXPECT_EQ(again->instance.blob_id, first->instance.blob_id) << "the row that was there";
  EXPECT_NE(other->instance.sop_instance_uid, first->instance.sop_instance_uid);
  EXPECT_NE(other->instance.study_instance_uid, first->instance.study_instance_uid);
  EXPECT_EQ(first->instance.media_type, MediaType::kPng);
  EXPECT_TRUE(first->instance.sop_class_uid.empty());
  EXPECT_EQ(BlobFiles(), 2);
}

TEST_F(IngestTest, RefusesAnUploadThatIsNotWhatItClaims) {
  const std::string text = "a text file, long enough to hold a header if it were one";
  for (const MediaType type : {MediaType::kDicom, MediaType::kPng, MediaType::kJpeg}) {
    const auto refused = Upload(type, text);
    EXPECT_FALSE(refused.ok());
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status()) || absl::IsDataLoss(refused.status()))
        << refused.status();
    EXPECT_THAT(Upload(type, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(Upload(MediaType::kPng, Png(0)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Upload(MediaType::kPng, Png(40'000)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(BlobFiles(), 0);
}

TEST_F(IngestTest, RefusesAnUploadOfASopClassThatIsNotProcessed) {
  ASSERT_THAT(Store("1.2.3", SmallDataSet(kCrSopClass, "1.2.3")), IsOk());
  std::string file = BytesOf(Stored("1.2.3"));
  // CT: 1.2.840.10008.5.1.4.1.1.2 is as long as CR.
  const size_t data_set = file.size() - SmallDataSet(kCrSopClass, "1.2.3").size();
  file.replace(file.find(kCrSopClass, data_set), std::string(kCtSopClass).size(), kCtSopClass);
  EXPECT_THAT(Upload(MediaType::kDicom, file), StatusIs(absl::StatusCode::kUnimplemented));
}

TEST_F(IngestTest, RefusesAnUploadThatIsTooLarge) {
  options_.settings.max_upload_bytes = 50;
  Restart();
  EXPECT_THAT(Upload(MediaType::kPng, Png(100)), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(BlobFiles(), 0);
}

}  // namespace
}  // namespace camnode

// Deliveries from a real outbox to a peer that answers as the test says.
// Also: storage_scu.

#include "scp/send/outbox_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/clock.h"
#include "core/base/metrics.h"
#include "core/base/stopwatch.h"
#include "core/dicom/file/file_meta_writer.h"
#include "core/domain/analysis.h"
#include "core/domain/derived_instance.h"
#include "core/domain/instance.h"
#include "core/storage/blobs/store_id_file.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "scp/settings/remote_ae.h"
#include "tests/scp/send/scripted_scp.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"
#include "tests/testing/wall_clock.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class OutboxSenderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string directory = temporary_.path();
    auto opened = OpenDatabase(absl::StrCat("sqlite:", directory, "/camnode.db"), directory);
    ASSERT_THAT(opened, IsOk());
    opened_ = *std::move(opened);
    ASSERT_THAT(Migrate(*opened_.database), IsOk());
    blobs_ = *BlobStore::Open(directory + "/blobs");
    outbox_ = std::make_unique<Outbox>(*opened_.database, SystemClock(), OutboxOptions());
    options_.ae_title = *AeTitle::Parse("NODE");
    options_.settings.backoff.initial = absl::Milliseconds(20);
    options_.settings.backoff.maximum = absl::Milliseconds(40);
    options_.settings.max_failures = 3;
    options_.poll_interval = absl::Milliseconds(20);
    options_.drain_timeout = absl::Milliseconds(200);
  }

  void AddDestination(const std::string& name, int port) {
    ASSERT_THAT(directory_.Add(name, {*AeTitle::Parse("PACS"), "127.0.0.1", port}), IsOk());
  }

  void Start() {
    sender_ = std::make_unique<OutboxSender>(options_, directory_, *outbox_, *blobs_,
                                             *opened_.doorbell, metrics_);
    ASSERT_THAT(sender_->Start(), IsOk());
  }

  // An analysed film with `count` outputs, each due at every destination.
  void Commit(int count, const std::vector<std::string>& destinations) {
    InstanceStore instances(*opened_.database, SystemClock(), nullptr);
    JobQueue jobs(*opened_.database, SystemClock(), JobQueueOptions());
    ResultStore results(*opened_.database, SystemClock(), nullptr);
    Instance film;
    film.sop_instance_uid = *Uid::Parse(absl::StrCat("1.2.3.", ++films_));
    film.study_instance_uid = *Uid::Parse("1.2.3");
    film.series_instance_uid = *Uid::Parse("1.2.3.1");
    film.sha256 = absl::StrCat("film ", films_);
    film.blob_id = std::string(32, static_cast<char>('a' + films_));
    JobRequest request;
    request.workflow = "chest";
    request.model_set = "m1";
    ASSERT_THAT(instances.Add(film, request), IsOk());
    std::vector<JobLease> leases = *jobs.Lease("worker", 1);
    ASSERT_THAT(leases, SizeIs(1));
    ASSERT_THAT(leases[0].Start(), IsOk());
    Analysis analysis;
    analysis.workflow = "chest";
    analysis.model_set = "m1";
    std::vector<DerivedInstance> derived;
    for (int i = 0; i < count; ++i) derived.push_back(MakeOutput(i));
    ASSERT_THAT(results.Commit(std::move(leases[0]), analysis, derived, destinations), IsOk());
  }

  DerivedInstance MakeOutput(int number) {
    DerivedInstance output;
    output.kind = "overlay";
    output.model = absl::StrCat("m", number);
    output.sop_instance_uid = *Uid::Parse(absl::StrCat("1.2.9.", films_, ".", number));
    output.sop_class_uid = *Uid::Parse(kScSopClass);
    output.series_instance_uid = *Uid::Parse("1.2.9");
    output.study_instance_uid = *Uid::Parse("1.2.3");
    output.transfer_syntax_uid = *Uid::Parse(kExplicitVr);
    const std::string header =
        FileMeta({output.sop_class_uid, output.sop_instance_uid, kExplicitVr, "NODE"});
    const std::string data_set = SmallDataSet(kScSopClass, output.sop_instance_uid.text());
    const BlobInfo blob = *blobs_->Put(header + data_set);
    output.blob_id = blob.id;
    output.sha256 = blob.sha256;
    output.size_bytes = blob.size_bytes;
    data_sets_.push_back(data_set);
    return output;
  }

  DestinationBacklog BacklogOf(const std::string& destination) {
    const auto backlogs = outbox_->Backlogs();
    EXPECT_THAT(backlogs, IsOk());
    for (const DestinationBacklog& backlog : *backlogs) {
      if (backlog.destination == destination) return backlog;
    }
    return {};
  }

  // Waits until nothing is queued for it.
  DestinationBacklog Settled(const std::string& destination) {
    DestinationBacklog backlog;
    for (int i = 0; i < 2000; ++i) {
      backlog = BacklogOf(destination);
      if (backlog.queued == 0) break;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return backlog;
  }

  std::string Ask(const std::string& sql) {
    std::string answer;
    EXPECT_THAT(opened_.database->Read([&](SqlTransaction& transaction) {
      const auto rows = transaction.Query(sql, {});
      if (rows.ok() && !rows->empty()) answer = rows->at(0).Text(0);
      return rows.status();
    }),
                IsOk());
    return answer;
  }

  TemporaryDirectory temporary_;
  OpenedDatabase opened_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Outbox> outbox_;
  DestinationDirectory directory_;
  OutboxSenderOptions options_;
  int films_ = 0;
  std::vector<std::string> data_sets_;
  MetricRegistry registry_;
  DeliveryMetrics metrics_{registry_};
  std::unique_ptr<OutboxSender> sender_;
};

TEST_F(OutboxSenderTest, SendsTheStoredBytesOverOneAssociation) {
  ScriptedScp pacs({});
  AddDestination("pacs", pacs.port());
  Commit(3, {"pacs"});
  Start();

  EXPECT_EQ(Settled("pacs").delivered, 3);
  const auto received = pacs.received();
  ASSERT_THAT(received, SizeIs(3));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(received[i].sop_instance_uid, absl::StrCat("1.2.9.1.", i));
    EXPECT_EQ(received[i].data_set, data_sets_[i]);
  }
  EXPECT_EQ(pacs.associations(), 1);
  EXPECT_EQ(metrics_.delivered.value(), 3);
}

TEST_F(OutboxSenderTest, IsWokenByTheDoorbell) {
  options_.poll_interval = absl::Seconds(30);
  ScriptedScp pacs({});
  AddDestination("pacs", pacs.port());
  Start();
  const Stopwatch stopwatch;
  Commit(1, {"pacs"});
  EXPECT_EQ(Settled("pacs").delivered, 1);
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(5));
  opened_.doorbell->Stop();  // Otherwise the destructor waits for the poll.
}

TEST_F(OutboxSenderTest, SettlesEachAnswerByTheTable) {
  // Warning, duplicate: there.  0xA700: again.  0xC123, 0x0122: refused for good.
  ScriptedScp pacs({0xB000, 0x0111, 0xA700, 0xC123, 0x0122});
  AddDestination("pacs", pacs.port());
  Commit(5, {"pacs"});
  Start();

  const DestinationBacklog backlog = Settled("pacs");
  EXPECT_EQ(backlog.delivered, 3);
  EXPECT_EQ(backlog.buried, 2);
  EXPECT_EQ(metrics_.retried.value(), 1);
  EXPECT_EQ(Ask("SELECT last_error FROM delivery WHERE last_status = 49443"),
            "UNKNOWN: destination answered 0xC123");
}

TEST_F(OutboxSenderTest, BuriesAnAnswerThatMayBeAboutTheObjectAfterAFewTries) {
  ScriptedScp pacs({0x0110, 0x0110, 0x0110});
  AddDestination("pacs", pacs.port());
  Commit(1, {"pacs"});
  Start();
  EXPECT_EQ(Settled("pacs").buried, 1);
  EXPECT_THAT(pacs.received(), SizeIs(3));
}

TEST_F(OutboxSenderTest, GoesOnForAsLongAsTheDestinationIsDown) {
  auto pacs = std::make_unique<ScriptedScp>(std::vector<int>{});
  const int port = pacs->port();
  pacs->RejectAssociations(true);
  AddDestination("pacs", port);
  Commit(3, {"pacs"});
  Start();
  while (metrics_.associations_failed.value() < 5) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(BacklogOf("pacs").queued, 3);
  EXPECT_THAT(Ask("SELECT last_error FROM delivery WHERE last_error <> ''"), HasSubstr("rejected"));

  pacs->RejectAssociations(false);
  EXPECT_EQ(Settled("pacs").delivered, 3) << "more failures than max_failures bury nothing";
}

TEST_F(OutboxSenderTest, TriesAgainAfterALostAssociationAndTheRestDoesNotPay) {
  ScriptedScp pacs({0x0000, ScriptedScp::kHangUp});
  AddDestination("pacs", pacs.port());
  Commit(4, {"pacs"});
  Start();
  EXPECT_EQ(Settled("pacs").delivered, 4);
  EXPECT_EQ(Ask("SELECT CAST(COUNT(*) AS TEXT) FROM delivery WHERE failures > 0"), "1");
}

TEST_F(OutboxSenderTest, GivesUpOnADestinationThatNeverAnswers) {
  options_.settings.response_timeout = absl::Milliseconds(100);
  ScriptedScp pacs({ScriptedScp::kSayNothing});
  AddDestination("pacs", pacs.port());
  Commit(1, {"pacs"});
  Start();
  EXPECT_EQ(Settled("pacs").delivered, 1) << "at the second try";
  EXPECT_EQ(metrics_.associations_failed.value(), 1);
}

TEST_F(OutboxSenderTest, LetsNoDestinationWaitForAnother) {
  options_.settings.response_timeout = absl::Seconds(20);
  ScriptedScp stuck({ScriptedScp::kSayNothing});
  ScriptedScp pacs({});
  AddDestination("stuck", stuck.port());
  AddDestination("pacs", pacs.port());
  Commit(1, {"stuck", "pacs"});
  Start();
  EXPECT_EQ(Settled("pacs").delivered, 1);
  const Stopwatch stopwatch;
  sender_->Stop();
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(5)) << "broken off after drain_timeout";
  EXPECT_EQ(BacklogOf("stuck").queued, 1);
}

TEST_F(OutboxSenderTest, StopsOnTimeThoughTheClockIsSetBackMeanwhile) {
  options_.settings.response_timeout = absl::Minutes(1);
  options_.drain_timeout = absl::Seconds(1);
  ScriptedScp stuck({ScriptedScp::kSayNothing});
  AddDestination("stuck", stuck.port());
  Commit(1, {"stuck"});
  Start();
  while (stuck.silences() < 1) absl::SleepFor(absl::Milliseconds(1));
  auto stopped = std::async(std::launch::async, [this] { sender_->Stop(); });
  ASSERT_EQ(stopped.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);

  SetBackTheWallClock();

  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(BacklogOf("stuck").queued, 1);
}

TEST_F(OutboxSenderTest, SendsMoreThanFitsOneAssociation) {
  options_.settings.max_per_association = 4;
  ScriptedScp pacs({});
  AddDestination("pacs", pacs.port());
  Commit(10, {"pacs"});
  Start();
  EXPECT_EQ(Settled("pacs").delivered, 10);
  EXPECT_EQ(pacs.associations(), 3);
}

TEST_F(OutboxSenderTest, FindsItsWayBackToASender) {
  ScriptedScp modality({});
  Commit(1, {ReturnDestinationName({*AeTitle::Parse("CT1"), "127.0.0.1", modality.port()})});
  Start();
  while (modality.received().empty()) absl::SleepFor(absl::Milliseconds(5));
}

TEST_F(OutboxSenderTest, BuriesWhatGoesToADestinationThatIsNoLongerConfigured) {
  Commit(1, {"gone"});
  Start();
  EXPECT_EQ(Settled("gone").buried, 1);
  EXPECT_THAT(Ask("SELECT last_error FROM delivery"), HasSubstr("gone"));
}

TEST_F(OutboxSenderTest, BuriesAnObjectWhoseBytesAreLostAndSendsTheOthers) {
  ScriptedScp pacs({});
  AddDestination("pacs", pacs.port());
  Commit(2, {"pacs"});
  const std::string blob = Ask("SELECT blob_id FROM derived_instance ORDER BY id");
  ASSERT_THAT(blobs_->Remove(blob), IsOk());
  Start();
  const DestinationBacklog backlog = Settled("pacs");
  EXPECT_EQ(backlog.delivered, 1);
  EXPECT_EQ(backlog.buried, 1);
}

// Of another directory nothing is believed: the objects wait until their volume is back.
TEST_F(OutboxSenderTest, AVolumeThatIsAwayBuriesNothing) {
  const std::string root = temporary_.path() + "/blobs";
  const std::string id(32, 'a');
  ASSERT_THAT(WriteStoreIdFile(root, id), IsOk());
  blobs_ = *BlobStore::OpenOf(id, root);
  ScriptedScp pacs({});
  AddDestination("pacs", pacs.port());
  Commit(2, {"pacs"});
  std::filesystem::rename(root, root + ".away");
  std::filesystem::create_directory(root);
  Start();
  while (Ask("SELECT MAX(last_error) FROM delivery").empty()) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_THAT(Ask("SELECT MAX(last_error) FROM delivery"), HasSubstr("mounted"));
  EXPECT_EQ(BacklogOf("pacs").buried, 0);

  std::filesystem::remove(root);
  std::filesystem::rename(root + ".away", root);

  EXPECT_EQ(Settled("pacs").delivered, 2);
}

TEST_F(OutboxSenderTest, SaysWhichOptionIsOutOfRange) {
  options_.settings.max_per_association = 0;
  OutboxSender sender(options_, directory_, *outbox_, *blobs_, *opened_.doorbell, metrics_);
  EXPECT_THAT(sender.Start(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_per_association")));
}

}  // namespace
}  // namespace camnode

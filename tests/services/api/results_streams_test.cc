// The two streaming methods of ResultsService: WatchAnalyses and AnalyzeInstance.
// Also: analyze_instance, call_deadline, event_hub, watch_analyses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/render/image_codec.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/sql/sql_database.h"
#include "services/api/results_service.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;

void SetDeadline(grpc::ClientContext* context, int seconds) {
  context->set_deadline(Deadline(absl::Seconds(seconds)).AsDate());
}

class WatchTest : public ServiceTest {
 protected:
  struct Watch {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchAnalysesResponse>> reader;
  };

  // Returns when the server has fixed where the watch begins.
  std::unique_ptr<Watch> StartWatch(const v1::WatchAnalysesRequest& request) {
    auto watch = std::make_unique<Watch>();
    SetDeadline(&watch->context, 30);
    watch->reader = results_->WatchAnalyses(&watch->context, request);
    watch->reader->WaitForInitialMetadata();
    return watch;
  }

  static std::string NextFilm(Watch& watch, int64_t* number = nullptr) {
    v1::WatchAnalysesResponse response;
    if (!watch.reader->Read(&response)) return "(ended)";
    if (number != nullptr) *number = response.event_number();
    return response.has_buried() ? "buried " + response.buried().sop_instance_uid()
                                 : response.analysis().instance().sop_instance_uid();
  }
};

TEST_F(WatchTest, TellsOfAnalysesAndBurialsAsTheyAreCommitted) {
  AddFilm("1.2.1");
  AnalyzeNext();  // Before the watch: not told.
  const auto watch = StartWatch({});

  AddFilm("1.2.2");
  AnalyzeNext();
  AddFilm("1.2.3");
  BuryNext("broken");

  EXPECT_EQ(NextFilm(*watch), "1.2.2");
  EXPECT_EQ(NextFilm(*watch), "buried 1.2.3");
}

TEST_F(WatchTest, ResumesWithoutGapAfterTheLastEventSeen) {
  for (int i = 1; i <= 3; ++i) {
    AddFilm(absl::StrCat("1.2.", i));
    AnalyzeNext();
  }
  v1::WatchAnalysesRequest request;
  request.set_after_event_number(0);
  int64_t seen = 0;
  {
    const auto watch = StartWatch(request);
    EXPECT_EQ(NextFilm(*watch, &seen), "1.2.1");
    watch->context.TryCancel();
  }
  AddFilm("1.2.4");
  AnalyzeNext();
  request.set_after_event_number(seen);
  const auto watch = StartWatch(request);

  EXPECT_EQ(NextFilm(*watch), "1.2.2");
  EXPECT_EQ(NextFilm(*watch), "1.2.3");
  EXPECT_EQ(NextFilm(*watch), "1.2.4");
}

TEST_F(WatchTest, CanBeKeptToOneStudy) {
  v1::WatchAnalysesRequest request;
  request.set_study_instance_uid("1.7");
  const auto watch = StartWatch(request);
  AddFilm("1.2.1", "1.6");
  AnalyzeNext();
  AddFilm("1.2.2", "1.7");
  AnalyzeNext();

  EXPECT_EQ(NextFilm(*watch), "1.2.2");
}

TEST_F(WatchTest, EachEventSaysItsEpochAndAWatchThatKnowsItGoesOn) {
  AddFilm("1.2.1");
  AnalyzeNext();
  v1::WatchAnalysesRequest request;
  request.set_after_event_number(0);
  v1::WatchAnalysesResponse first;
  ASSERT_TRUE(StartWatch(request)->reader->Read(&first));
  EXPECT_EQ(first.epoch(), history_->epoch());
  EXPECT_FALSE(first.epoch().empty());

  request.set_after_event_number(first.event_number());
  request.set_epoch(first.epoch());
  AddFilm("1.2.2");
  AnalyzeNext();
  EXPECT_EQ(NextFilm(*StartWatch(request)), "1.2.2");
}

// It would be silent until as many events had come again, and then miss all of them.
TEST_F(WatchTest, ANumberBeyondTheLastEventIsOutOfRange) {
  AddFilm("1.2.1");
  AnalyzeNext();
  v1::WatchAnalysesRequest request;
  request.set_after_event_number(2);
  const auto watch = StartWatch(request);

  EXPECT_EQ(NextFilm(*watch), "(ended)");
  const grpc::Status status = watch->reader->Finish();
  EXPECT_THAT(status, FailsWith(grpc::StatusCode::OUT_OF_RANGE, "EVENTS_OF_ANOTHER_EPOCH"));
  EXPECT_THAT(status.error_message(), ::testing::HasSubstr("after_event_number 0"));
}

TEST_F(WatchTest, AnotherEpochIsOutOfRange) {
  v1::WatchAnalysesRequest request;
  request.set_after_event_number(0);
  request.set_epoch("0123456789abcdef");
  const auto watch = StartWatch(request);

  EXPECT_EQ(NextFilm(*watch), "(ended)");
  EXPECT_THAT(watch->reader->Finish(),
              FailsWith(grpc::StatusCode::OUT_OF_RANGE, "EVENTS_OF_ANOTHER_EPOCH"));
}

// A standby took over that had not all commits.
TEST_F(WatchTest, AWatchEndsWhenTheEventsItWasToldAreGone) {
  AddFilm("1.2.1");
  AnalyzeNext();
  v1::WatchAnalysesRequest request;
  request.set_after_event_number(0);
  const auto watch = StartWatch(request);
  ASSERT_EQ(NextFilm(*watch), "1.2.1");

  ASSERT_THAT(stores_->opened.database->Write([](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_RETURN_IF_ERROR(transaction.Execute("DELETE FROM event", {}).status());
    transaction.RingAfterCommit(kEventsTopic);
    return transaction.Execute("UPDATE event_counter SET last_number = 0", {}).status();
  }),
              IsOk());

  EXPECT_EQ(NextFilm(*watch), "(ended)");
  EXPECT_THAT(watch->reader->Finish(),
              FailsWith(grpc::StatusCode::OUT_OF_RANGE, "EVENTS_OF_ANOTHER_EPOCH"));
}

TEST_F(WatchTest, EndsWhenTheNodeStops) {
  const auto watch = StartWatch({});
  stores_->opened.doorbell->Stop();
  std::thread stop([this] { hub_->Stop(); });

  EXPECT_EQ(NextFilm(*watch), "(ended)");
  EXPECT_THAT(watch->reader->Finish(), FailsWith(grpc::StatusCode::UNAVAILABLE, "SHUTTING_DOWN"));
  stop.join();
}

TEST_F(WatchTest, ManyWatchersAreTooMany) {
  ResultsServiceOptions options;
  options.max_watchers = 2;
  StartServer(options);
  const auto first = StartWatch({});
  const auto second = StartWatch({});
  const auto third = StartWatch({});

  EXPECT_EQ(NextFilm(*third), "(ended)");
  EXPECT_THAT(third->reader->Finish(),
              FailsWith(grpc::StatusCode::RESOURCE_EXHAUSTED, "TOO_MANY_WATCHERS"));
  AddFilm("1.2.1");
  AnalyzeNext();
  EXPECT_EQ(NextFilm(*first), "1.2.1");
  EXPECT_EQ(NextFilm(*second), "1.2.1");
  // Whoever leaves makes room.
  first->context.TryCancel();
  first->reader->Finish();
  v1::WatchAnalysesRequest from_the_start;
  from_the_start.set_after_event_number(0);
  const Deadline patience(absl::Seconds(20));
  std::string film;
  while (film != "1.2.1" && !patience.Expired()) film = NextFilm(*StartWatch(from_the_start));
  EXPECT_EQ(film, "1.2.1");
}

class UploadTest : public ServiceTest {
 protected:
  grpc::Status Upload(const std::vector<v1::AnalyzeInstanceRequest>& parts,
                      v1::AnalyzeInstanceResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context, 30);
    auto writer = results_->AnalyzeInstance(&context, response);
    for (const auto& part : parts) {
      if (!writer->Write(part)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }

  static v1::AnalyzeInstanceRequest Header(bool wait = false, const std::string& request_id = "") {
    v1::AnalyzeInstanceRequest part;
    part.mutable_header()->set_media_type(v1::MEDIA_TYPE_PNG);
    part.mutable_header()->set_wait(wait);
    part.mutable_header()->set_request_id(request_id);
    return part;
  }
  static v1::AnalyzeInstanceRequest Chunk(const std::string& bytes) {
    v1::AnalyzeInstanceRequest part;
    part.set_chunk(bytes);
    return part;
  }

  const std::string film_ = EncodePng(cv::Mat1b(2, 4, uint8_t{100})).value();
};

TEST_F(UploadTest, AFilmInChunksIsOneFilmAndTheSameBytesAgainAreARepeat) {
  v1::AnalyzeInstanceResponse first, second;

  ASSERT_TRUE(Upload({Header(), Chunk(film_.substr(0, 20)), Chunk(film_.substr(20))}, &first).ok());
  ASSERT_TRUE(
      Upload({Header(false, "01234567-89ab-CDEF-0123-456789abcdef"), Chunk(film_)}, &second).ok());

  EXPECT_FALSE(first.repeat());
  EXPECT_EQ(first.instance().state(), v1::INSTANCE_STATE_QUEUED);
  EXPECT_TRUE(second.repeat());
  EXPECT_EQ(first.instance().sop_instance_uid(), second.instance().sop_instance_uid());
}

TEST_F(UploadTest, WaitingAnswersWithTheAnalysis) {
  v1::AnalyzeInstanceResponse response;
  grpc::Status status;
  std::thread caller([&] { status = Upload({Header(/*wait=*/true), Chunk(film_)}, &response); });
  // The film is there once its job can be leased.
  while (stores_->jobs.Depth().value().queued == 0) std::this_thread::yield();
  AnalyzeNext();
  caller.join();

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.analysis().results_size(), 2);
  EXPECT_EQ(response.instance().state(), v1::INSTANCE_STATE_ANALYZED);
}

TEST_F(UploadTest, WaitingForAFilmThatIsBuriedSaysSo) {
  v1::AnalyzeInstanceResponse response;
  grpc::Status status;
  std::thread caller([&] { status = Upload({Header(/*wait=*/true), Chunk(film_)}, &response); });
  while (stores_->jobs.Depth().value().queued == 0) std::this_thread::yield();
  BuryNext("no pixels");
  caller.join();

  EXPECT_THAT(status, FailsWith(grpc::StatusCode::FAILED_PRECONDITION, "JOB_BURIED"));
}

TEST_F(UploadTest, TheWaitEndsAndSaysThatTheFilmIsStored) {
  ResultsServiceOptions options;
  options.upload.max_wait = absl::Milliseconds(1);
  StartServer(options);
  v1::AnalyzeInstanceResponse response;

  EXPECT_THAT(Upload({Header(/*wait=*/true), Chunk(film_)}, &response),
              FailsWith(grpc::StatusCode::DEADLINE_EXCEEDED, "NOT_YET_ANALYZED"));
  EXPECT_EQ(stores_->jobs.Depth().value().queued, 1);
}

TEST_F(UploadTest, RefusesWhatIsNotAnUpload) {
  v1::AnalyzeInstanceResponse response;
  v1::AnalyzeInstanceRequest no_media_type = Header();
  no_media_type.mutable_header()->clear_media_type();
  v1::AnalyzeInstanceRequest of_no_workflow = Header();
  of_no_workflow.mutable_header()->set_workflow("nonsense");
  const std::vector<std::vector<v1::AnalyzeInstanceRequest>> wrong = {
      {of_no_workflow, Chunk("abc")},
      {},
      {Chunk("abc")},
      {no_media_type, Chunk("abc")},
      {Header(), Chunk("abc"), Header()},
      {Header(false, "not-a-uuid"), Chunk("abc")},
      {Header(), Chunk(std::string((1 << 20) + 1, 'x'))},
  };
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_THAT(Upload(wrong[i], &response),
                FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"))
        << i;
  }
  EXPECT_EQ(stores_->jobs.Depth().value().queued, 0);
}

TEST_F(UploadTest, StopsTakingBytesBeyondTheLimit) {
  ResultsServiceOptions options;
  options.upload.max_upload_bytes = static_cast<int64_t>(film_.size());
  StartServer(options);
  v1::AnalyzeInstanceResponse response;

  EXPECT_TRUE(Upload({Header(), Chunk(film_)}, &response).ok());
  EXPECT_THAT(Upload({Header(), Chunk(film_), Chunk("5")}, &response),
              FailsWith(grpc::StatusCode::RESOURCE_EXHAUSTED, "UPLOAD_TOO_LARGE"));
}

TEST_F(UploadTest, AnUploadThatBreaksOffLeavesNoFilm) {
  {
    grpc::ClientContext context;
    v1::AnalyzeInstanceResponse response;
    auto writer = results_->AnalyzeInstance(&context, &response);
    ASSERT_TRUE(writer->Write(Header()));
    ASSERT_TRUE(writer->Write(Chunk("half a fi")));
    context.TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  StopServer();  // Every call has ended.

  EXPECT_EQ(stores_->jobs.Depth().value().queued, 0);
}

TEST_F(UploadTest, ACallerThatSendsNothingIsCutOff) {
  ResultsServiceOptions options;
  options.upload.upload_timeout = absl::Milliseconds(20);
  StartServer(options);
  grpc::ClientContext context;
  SetDeadline(&context, 30);
  v1::AnalyzeInstanceResponse response;
  auto writer = results_->AnalyzeInstance(&context, &response);
  ASSERT_TRUE(writer->Write(Header()));

  const grpc::Status status = writer->Finish();  // Without WritesDone.

  EXPECT_EQ(status.error_code(), grpc::StatusCode::CANCELLED);
  StopServer();
  EXPECT_THAT(metrics_.Text(), ::testing::HasSubstr("code=\"DEADLINE_EXCEEDED\"} 1\n"));
}

}  // namespace
}  // namespace camnode

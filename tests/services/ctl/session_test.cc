// camnodectl against a node that is a script: real gRPC, a port of its own, and
// answers that the tests write.
// Also: admin_commands, results_commands, text.

#include "services/ctl/session.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/command_line/command_line.h"
#include "services/ctl/commands.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ScriptedResults final : public v1::ResultsService::Service {
 public:
  grpc::Status ListStudies(grpc::ServerContext*, const v1::ListStudiesRequest* request,
                           v1::ListStudiesResponse* response) override {
    page_sizes.push_back(request->page_size());
    const int first = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    const int last = std::min(first + std::min(request->page_size(), largest_page), studies);
    for (int i = first; i < last; ++i) {
      response->add_studies()->set_study_instance_uid(absl::StrCat("1.2.", i));
    }
    if (last < studies) response->set_next_page_token(absl::StrCat(last));
    return grpc::Status::OK;
  }

  grpc::Status GetAnalysis(grpc::ServerContext*, const v1::GetAnalysisRequest* request,
                           v1::GetAnalysisResponse* response) override {
    last_get = *request;
    if (!get_status.ok()) return get_status;
    *response->mutable_analysis() = analysis;
    return grpc::Status::OK;
  }

  // Two events a stream, then it ends, as when a node restarts.
  grpc::Status WatchAnalyses(grpc::ServerContext*, const v1::WatchAnalysesRequest* request,
                             grpc::ServerWriter<v1::WatchAnalysesResponse>* writer) override {
    asked_after.push_back(request->has_after_event_number() ? request->after_event_number() : -1);
    asked_epochs.push_back(request->epoch());
    if (!watch_status.ok()) return watch_status;
    for (int i = 1; i <= 2; ++i) {
      v1::WatchAnalysesResponse event;
      event.set_event_number(request->after_event_number() + i);
      event.set_epoch("e1");
      *event.mutable_analysis() = analysis;
      writer->Write(event);
    }
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "shutting down");
  }

  grpc::Status AnalyzeInstance(grpc::ServerContext*,
                               grpc::ServerReader<v1::AnalyzeInstanceRequest>* reader,
                               v1::AnalyzeInstanceResponse* response) override {
    v1::AnalyzeInstanceRequest part;
    while (reader->Read(&part)) {
      if (part.has_header()) {
        headers.push_back(part.header());
        uploaded.clear();
      } else {
        largest_chunk = std::max(largest_chunk, part.chunk().size());
        uploaded += part.chunk();
      }
      if (!upload_status.ok()) return upload_status;
    }
    *response->mutable_analysis() = analysis;
    response->mutable_instance()->set_state(v1::INSTANCE_STATE_ANALYZED);
    return grpc::Status::OK;
  }

  grpc::Status RenderOverlay(grpc::ServerContext*, const v1::RenderOverlayRequest* request,
                             v1::RenderOverlayResponse* response) override {
    last_render = *request;
    response->set_png(std::string(6 << 20, 'p'));  // Above gRPC's usual limit.
    return grpc::Status::OK;
  }

  int studies = 0;
  int largest_page = 200;
  std::vector<int> page_sizes;
  v1::Analysis analysis;
  v1::GetAnalysisRequest last_get;
  grpc::Status get_status;
  std::vector<int64_t> asked_after;
  std::vector<std::string> asked_epochs;
  grpc::Status watch_status;
  std::vector<v1::AnalyzeInstanceHeader> headers;
  std::string uploaded;
  size_t largest_chunk = 0;
  grpc::Status upload_status;
  v1::RenderOverlayRequest last_render;
};

class ScriptedAdmin final : public v1::AdminService::Service {
 public:
  grpc::Status RequeueJob(grpc::ServerContext*, const v1::RequeueJobRequest* request,
                          v1::RequeueJobResponse*) override {
    requeued.push_back(request->job_id());
    if (request->job_id() == 13) return {grpc::StatusCode::NOT_FOUND, "there is no such job"};
    return grpc::Status::OK;
  }

  grpc::Status AdoptFilms(grpc::ServerContext*, const v1::AdoptFilmsRequest* request,
                          v1::AdoptFilmsResponse* response) override {
    last_adoption = *request;
    *response = adoption;
    return grpc::Status::OK;
  }

  std::vector<int64_t> requeued;
  v1::AdoptFilmsRequest last_adoption;
  v1::AdoptFilmsResponse adoption;
};

class CtlSessionTest : public ::testing::Test {
 protected:
  CtlSessionTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&results_);
    builder.RegisterService(&admin_);
    server_ = builder.BuildAndStart();
    std::filesystem::create_directories(folder_);
    v1::ModelResult& result = *results_.analysis.add_results();
    result.set_model("resnet18");
    result.set_probability(0.9731);
    result.set_threshold(0.25);
    result.set_positive(true);
    results_.analysis.set_disclaimer("RESEARCH ONLY - NOT FOR DIAGNOSIS");
  }
  ~CtlSessionTest() override {
    server_->Shutdown();
    std::filesystem::remove_all(folder_);
  }

  CtlExit Run(const std::vector<std::string>& line) {
    out_.str("");
    error_.str("");
    const CommandLine parsed = ParseCommandLine(CtlProgram(), line);
    EXPECT_TRUE(parsed.status.ok()) << parsed.status;
    CtlSession session(parsed.arguments, absl::StrCat("127.0.0.1:", port_), out_, error_);
    return RunCtlCommand(*parsed.command, session);
  }

  std::string File(const std::string& name, const std::string& bytes) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("ctl session " + std::to_string(::getpid()));
  ScriptedResults results_;
  ScriptedAdmin admin_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::ostringstream out_, error_;
};

TEST_F(CtlSessionTest, ListFollowsThePagesUpToTheLimit) {
  results_.studies = 7;
  results_.largest_page = 3;

  EXPECT_EQ(Run({"list", "--limit", "5"}), kCtlDone);

  EXPECT_THAT(results_.page_sizes, ElementsAre(5, 2));
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("1.2.4"), Not(HasSubstr("1.2.5")), HasSubstr("There are more")));
}

TEST_F(CtlSessionTest, ListOfNothingSaysSo) {
  EXPECT_EQ(Run({"list"}), kCtlDone);
  EXPECT_THAT(out_.str(), HasSubstr("No studies yet"));
}

TEST_F(CtlSessionTest, GetTakesAUidOrANumber) {
  EXPECT_EQ(Run({"get", "1.2.840"}), kCtlDone);
  EXPECT_EQ(results_.last_get.sop_instance_uid(), "1.2.840");
  EXPECT_EQ(Run({"get", "17"}), kCtlDone);
  EXPECT_EQ(results_.last_get.analysis_id(), 17);
}

TEST_F(CtlSessionTest, GetShowsProbabilityThresholdAndVerdict) {
  EXPECT_EQ(Run({"get", "17"}), kCtlDone);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("resnet18"), HasSubstr("0.9731"), HasSubstr("0.2500"),
                                HasSubstr("POSITIVE"), HasSubstr("RESEARCH ONLY")));
}

TEST_F(CtlSessionTest, JsonIsOneLineThatKeepsFalseAndZero) {
  results_.analysis.mutable_results(0)->set_positive(false);
  EXPECT_EQ(Run({"get", "17", "--json"}), kCtlDone);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("\"positive\":false"), HasSubstr("\"logit\":0")));
  EXPECT_EQ(out_.str().find('\n'), out_.str().size() - 1);
}

TEST_F(CtlSessionTest, AnErrorGoesToStandardErrorInWords) {
  results_.get_status = {grpc::StatusCode::NOT_FOUND, "no film has this UID"};
  EXPECT_EQ(Run({"get", "1.2.3"}), kCtlNotFound);
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(error_.str(),
              AllOf(HasSubstr("camnodectl: no film has this UID."), HasSubstr("camnodectl list")));
}

TEST_F(CtlSessionTest, WatchResumesAfterTheLastEventWithoutAGap) {
  EXPECT_EQ(Run({"watch", "--after", "10", "--count", "5"}), kCtlDone);

  EXPECT_THAT(results_.asked_after, ElementsAre(10, 12, 14));
  std::vector<std::string> lines = absl::StrSplit(out_.str(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 5u);
  for (int i = 0; i < 5; ++i) EXPECT_THAT(lines[i], HasSubstr(absl::StrCat("#", 11 + i, " ")));
  EXPECT_THAT(error_.str(), HasSubstr("trying again"));
}

TEST_F(CtlSessionTest, WatchGoesOnInTheEpochItSawAndSaysWhatToDoInAnother) {
  EXPECT_EQ(Run({"watch", "--after", "10", "--epoch", "e0", "--count", "3"}), kCtlDone);
  EXPECT_THAT(results_.asked_epochs, ElementsAre("e0", "e1"));

  results_.watch_status = {grpc::StatusCode::OUT_OF_RANGE, "the epoch is another one"};
  EXPECT_EQ(Run({"watch", "--after", "10"}), kCtlFailed);
  EXPECT_THAT(error_.str(), HasSubstr("the epoch is another one"));
}

TEST_F(CtlSessionTest, AdoptSaysWhatBecameOfEachFileOrWould) {
  EXPECT_EQ(Run({"adopt"}), kCtlDone);
  EXPECT_FALSE(admin_.last_adoption.dry_run());
  EXPECT_THAT(out_.str(), HasSubstr("nothing to adopt"));

  admin_.adoption.set_unnamed(7);
  admin_.adoption.set_adopted(3);
  admin_.adoption.set_outputs(4);
  EXPECT_EQ(Run({"adopt", "--dry-run", "--workflow", "night"}), kCtlDone);
  EXPECT_TRUE(admin_.last_adoption.dry_run());
  EXPECT_EQ(admin_.last_adoption.workflow(), "night");
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("7 files without a row"), HasSubstr("3 films would be taken in"),
                    HasSubstr("4 are objects")));
}

TEST_F(CtlSessionTest, WatchStartsFromNowUnlessTold) {
  EXPECT_EQ(Run({"watch", "--count", "1"}), kCtlDone);
  EXPECT_THAT(results_.asked_after, ElementsAre(-1));
}

TEST_F(CtlSessionTest, AnalyzeSendsTheHeaderAndThenEveryByte) {
  std::string film(1'000'003, '\0');
  for (size_t i = 0; i < film.size(); ++i) film[i] = static_cast<char>(i * 31 % 251);

  EXPECT_EQ(Run({"analyze", "--deliver", File("a film.dcm", film)}), kCtlDone);

  EXPECT_TRUE(results_.uploaded == film);
  EXPECT_LE(results_.largest_chunk, size_t{1} << 20);
  ASSERT_EQ(results_.headers.size(), 1u);
  EXPECT_EQ(results_.headers[0].media_type(), v1::MEDIA_TYPE_DICOM);
  EXPECT_TRUE(results_.headers[0].wait());
  EXPECT_TRUE(results_.headers[0].deliver());
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("a film.dcm"), HasSubstr("resnet18")));
}

TEST_F(CtlSessionTest, AnalyzeGoesOnAfterARefusedFileButRemembersIt) {
  EXPECT_EQ(Run({"analyze", (folder_ / "missing").string(), File("empty", ""),
                 File("film.png", "\x89PNG\r\n\x1a\n..."), "--no-wait"}),
            kCtlFailed);

  ASSERT_EQ(results_.headers.size(), 1u);
  EXPECT_EQ(results_.headers[0].media_type(), v1::MEDIA_TYPE_PNG);
  EXPECT_FALSE(results_.headers[0].wait());
  EXPECT_THAT(error_.str(), AllOf(HasSubstr("missing: this file"), HasSubstr("empty: this file")));
}

TEST_F(CtlSessionTest, AnalyzeSaysWhyTheNodeRefusedHalfWay) {
  results_.upload_status = {grpc::StatusCode::INVALID_ARGUMENT, "this is no film"};
  EXPECT_EQ(Run({"analyze", File("big", std::string(20 << 20, 'x'))}), kCtlFailed);
  EXPECT_THAT(error_.str(), HasSubstr("this is no film"));
}

TEST_F(CtlSessionTest, RenderWritesThePictureWhateverItsSize) {
  const std::string path = (folder_ / "overlay.png").string();
  EXPECT_EQ(Run({"render", "1.2.3", "--model", "resnet18", "--alpha", "0", "--output", path}),
            kCtlDone);

  EXPECT_EQ(std::filesystem::file_size(path), size_t{6} << 20);
  EXPECT_EQ(results_.last_render.model(), "resnet18");
  EXPECT_TRUE(results_.last_render.has_alpha());
  EXPECT_EQ(results_.last_render.alpha(), 0.0);
}

TEST_F(CtlSessionTest, RenderSaysWhenItCannotWrite) {
  EXPECT_EQ(Run({"render", "1.2.3", "--output", "/nowhere/overlay.png"}), kCtlFailed);
  EXPECT_THAT(error_.str(), HasSubstr("cannot write /nowhere/overlay.png"));
}

TEST_F(CtlSessionTest, RequeueTriesEveryJobAndReportsTheOneThatFailed) {
  EXPECT_EQ(Run({"requeue", "12", "13", "14"}), kCtlNotFound);
  EXPECT_THAT(admin_.requeued, ElementsAre(12, 13, 14));
  EXPECT_THAT(error_.str(), HasSubstr("job 13: there is no such job"));
  EXPECT_EQ(Run({"requeue", "twelve"}), kCtlUsage);
}

TEST_F(CtlSessionTest, ANodeThatIsNotThereIsUnreachable) {
  server_->Shutdown();
  for (const std::vector<std::string>& line :
       {std::vector<std::string>{"list", "--timeout", "5"},
        std::vector<std::string>{"doctor", "--timeout", "5"},
        std::vector<std::string>{"watch", "--timeout", "0.2"},
        std::vector<std::string>{"analyze", "--timeout", "5", File("film", "x")}}) {
    EXPECT_EQ(Run(line), kCtlUnreachable) << line[0];
    EXPECT_THAT(error_.str(), HasSubstr("No camnode answers")) << line[0];
  }
}

TEST(RandomUuidTest, IsVersionFourAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = RandomUuid();
    EXPECT_THAT(uuid, testing::MatchesRegex(
                          "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(MediaTypeTest, KnowsPngAndJpegAndLeavesTheRestToTheNode) {
  EXPECT_EQ(MediaTypeOf("\x89PNG\r\n\x1a\n"), v1::MEDIA_TYPE_PNG);
  EXPECT_EQ(MediaTypeOf("\xff\xd8\xff\xe0"), v1::MEDIA_TYPE_JPEG);
  EXPECT_EQ(MediaTypeOf("\x08"), v1::MEDIA_TYPE_DICOM);
  EXPECT_EQ(MediaTypeOf(""), v1::MEDIA_TYPE_DICOM);
}

}  // namespace
}  // namespace camnode

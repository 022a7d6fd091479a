// The commands that ask ResultsService.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <ios>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/files.h"
#include "core/base/stopwatch.h"
#include "services/command_line/command_line.h"
#include "services/ctl/error.h"
#include "services/ctl/session.h"
#include "services/ctl/table.h"
#include "services/ctl/text.h"

namespace camnode {
namespace {

constexpr absl::Duration kAnswerTimeout = absl::Seconds(30);
constexpr absl::Duration kAnalysisTimeout = absl::Minutes(10);
constexpr int64_t kMaxPageSize = 200;
constexpr size_t kChunkBytes = 256 * 1024;
constexpr absl::Duration kConnectTimeout = absl::Seconds(10);
constexpr absl::Duration kFirstReconnectWait = absl::Milliseconds(500);
constexpr absl::Duration kLongestReconnectWait = absl::Seconds(10);

// A UID has dots, or more digits than a number of ours will ever have.
template <typename Request>
void SetKey(const std::string& key, Request& request) {
  int64_t number = 0;
  if (!absl::StrContains(key, '.') && absl::SimpleAtoi(key, &number)) {
    request.set_analysis_id(number);
  } else {
    request.set_sop_instance_uid(key);
  }
}

}  // namespace

CtlExit CtlSession::List() {
  if (arguments_.Has("study")) return ListFilmsOfStudy();
  const int64_t limit = arguments_.WholeNumber<int64_t>("limit");
  v1::ListStudiesResponse all;
  std::string token;
  do {
    v1::ListStudiesRequest request;
    request.set_page_size(
        static_cast<int32_t>(std::min<int64_t>(kMaxPageSize, limit - all.studies_size())));
    request.set_page_token(token);
    v1::ListStudiesResponse page;
    grpc::ClientContext context;
    SetDeadline(context, kAnswerTimeout);
    const grpc::Status status = results_->ListStudies(&context, request, &page);
    if (!status.ok()) return Fail(status);
    token = page.next_page_token();
    all.mutable_studies()->MergeFrom(page.studies());
  } while (!token.empty() && all.studies_size() < limit);
  all.set_next_page_token(token);

  std::string text = StudiesText({all.studies().begin(), all.studies().end()}, zone_);
  if (!token.empty()) {
    absl::StrAppend(&text, "There are more: --limit ", limit * 2, " shows older ones.\n");
  }
  Print(all, text);
  return kCtlDone;
}

CtlExit CtlSession::ListFilmsOfStudy() {
  v1::GetStudyRequest request;
  request.set_study_instance_uid(arguments_.Text("study"));
  v1::GetStudyResponse study;
  grpc::ClientContext context;
  SetDeadline(context, kAnswerTimeout);
  const grpc::Status status = results_->GetStudy(&context, request, &study);
  if (!status.ok()) return Fail(status);
  Print(study, FilmsText(study, zone_));
  return kCtlDone;
}

CtlExit CtlSession::Get() {
  v1::GetAnalysisRequest request;
  SetKey(arguments_.operands().front(), request);
  request.set_workflow(arguments_.Text("workflow"));
  v1::GetAnalysisResponse answer;
  grpc::ClientContext context;
  SetDeadline(context, kAnswerTimeout);
  const grpc::Status status = results_->GetAnalysis(&context, request, &answer);
  if (!status.ok()) return Fail(status);
  Print(answer.analysis(), AnalysisText(answer.analysis(), zone_));
  return kCtlDone;
}

// The event number last seen makes a broken stream resume without a gap, so a
// restart of the node is only a pause.
CtlExit CtlSession::Watch() {
  v1::WatchAnalysesRequest request;
  request.set_study_instance_uid(arguments_.Text("study"));
  if (arguments_.Has("after")) {
    request.set_after_event_number(arguments_.WholeNumber<int64_t>("after"));
  }
  request.set_epoch(arguments_.Text("epoch"));
  const int64_t count = arguments_.Has("count") ? arguments_.WholeNumber<int64_t>("count") : 0;
  const Deadline deadline(TimeoutOr(absl::InfiniteDuration()));
  const Deadline connected(std::min(deadline.Remaining(), kConnectTimeout));
  if (!channel_->WaitForConnected(connected.AsDate())) {
    return Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no connection"));
  }
  int64_t seen = 0;
  absl::Duration wait = kFirstReconnectWait;
  while (true) {
    grpc::ClientContext context;
    context.set_deadline(deadline.AsDate());
    const auto stream = results_->WatchAnalyses(&context, request);
    v1::WatchAnalysesResponse event;
    while (stream->Read(&event)) {
      wait = kFirstReconnectWait;
      Print(event, EventText(event, zone_));
      request.set_after_event_number(event.event_number());
      request.set_epoch(event.epoch());
      if (++seen == count) {
        context.TryCancel();
        stream->Finish();
        return kCtlDone;
      }
    }
    const grpc::Status status = stream->Finish();
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && arguments_.Has("timeout")) {
      return count == 0 ? kCtlDone : kCtlUnreachable;
    }
    if (!status.ok() && status.error_code() != grpc::StatusCode::UNAVAILABLE) return Fail(status);
    PrintError(error_, "camnodectl", "the node went away; trying again");
    absl::SleepFor(wait);
    wait = std::min(wait * 2, kLongestReconnectWait);
  }
}

CtlExit CtlSession::Analyze() {
  CtlExit worst = kCtlDone;
  for (const std::string& file : arguments_.operands()) {
    const CtlExit code = AnalyzeFile(file);
    if (worst == kCtlDone) worst = code;
    if (code == kCtlUnreachable) break;  // The others would meet the same silence.
  }
  return worst;
}

CtlExit CtlSession::AnalyzeFile(const std::string& file) {
  v1::AnalyzeInstanceResponse answer;
  const grpc::Status status = Upload(file, &answer);
  if (!status.ok()) return Fail(status, Printable(file));
  std::string text =
      absl::StrCat(Printable(file), answer.repeat() ? " (was here before)" : "", "\n");
  if (answer.has_analysis()) {
    text += AnalysisText(answer.analysis(), zone_);
  } else {
    absl::StrAppend(&text, "  Film      ", Printable(answer.instance().sop_instance_uid()), "\n",
                    "  Study     ", Printable(answer.instance().study_instance_uid()), "\n", "  ",
                    StateText(answer.instance().state()),
                    answer.instance().last_error().empty() ? "" : ": ",
                    Printable(answer.instance().last_error()), "\n");
  }
  Print(answer, text);
  const bool buried = answer.instance().state() == v1::INSTANCE_STATE_BURIED;
  return buried ? kCtlFailed : kCtlDone;
}

grpc::Status CtlSession::Upload(const std::string& file, v1::AnalyzeInstanceResponse* answer) {
  // A chunk at a time: a film may be larger than this machine's memory.
  std::ifstream bytes(file, std::ios::binary);
  std::string chunk(kChunkBytes, '\0');
  bytes.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
  if (bytes.gcount() <= 0) {
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                        "this file cannot be read, or is empty");
  }
  chunk.resize(static_cast<size_t>(bytes.gcount()));

  grpc::ClientContext context;
  SetDeadline(context, arguments_.Has("no-wait") ? kAnswerTimeout : kAnalysisTimeout);
  const auto stream = results_->AnalyzeInstance(&context, answer);
  v1::AnalyzeInstanceRequest part;
  part.mutable_header()->set_request_id(RandomUuid());
  part.mutable_header()->set_media_type(MediaTypeOf(chunk));
  part.mutable_header()->set_wait(!arguments_.Has("no-wait"));
  part.mutable_header()->set_deliver(arguments_.Has("deliver"));
  part.mutable_header()->set_workflow(arguments_.Text("workflow"));
  bool going = stream->Write(part);
  while (going && !chunk.empty()) {
    part.set_chunk(std::move(chunk));
    going = stream->Write(part);
    chunk.assign(kChunkBytes, '\0');
    bytes.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    chunk.resize(static_cast<size_t>(std::max<std::streamsize>(bytes.gcount(), 0)));
  }
  if (bytes.bad()) {
    context.TryCancel();
    stream->Finish();
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "this file cannot be read to its end");
  }
  // A refused write means that the node has already answered: Finish says what.
  if (going) stream->WritesDone();
  return stream->Finish();
}

CtlExit CtlSession::Render() {
  v1::RenderOverlayRequest request;
  SetKey(arguments_.operands().front(), request);
  request.set_model(arguments_.Text("model"));
  request.set_workflow(arguments_.Text("workflow"));
  if (arguments_.Has("alpha")) request.set_alpha(arguments_.Number("alpha"));
  v1::RenderOverlayResponse answer;
  grpc::ClientContext context;
  SetDeadline(context, kAnswerTimeout);
  const grpc::Status status = results_->RenderOverlay(&context, request, &answer);
  if (!status.ok()) return Fail(status);

  const std::string output = arguments_.Text("output");
  const absl::Status written = WriteFile(output, answer.png(), FileAccess::kByUmask);
  if (!written.ok()) return Fail(Printable(std::string(written.message())), kCtlFailed);
  if (!arguments_.Has("json")) {
    out_ << Printable(output) << "  " << SizeText(static_cast<int64_t>(answer.png().size()))
         << std::endl;
  }
  return kCtlDone;
}

}  // namespace camnode

// One run of camnodectl: its arguments, its connection, and where it writes.

#ifndef CAMNODE_SERVICES_CTL_SESSION_H_
#define CAMNODE_SERVICES_CTL_SESSION_H_

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "proto/camnode/v1/admin.grpc.pb.h"
#include "proto/camnode/v1/results.grpc.pb.h"
#include "services/command_line/arguments.h"
#include "services/ctl/error.h"

namespace camnode {

// Used by one thread.  Borrows the streams.  Connects when the first call is made.
class CtlSession {
 public:
  CtlSession(Arguments arguments, std::string address, std::ostream& out, std::ostream& error);

  // The commands, each as its line of the table in commands.cc says.  REQUIRES: the arguments
  // are that command's.
  CtlExit List();
  CtlExit Get();
  CtlExit Watch();
  CtlExit Analyze();
  CtlExit Render();
  CtlExit Requeue();
  CtlExit Quarantine();
  CtlExit Adopt();
  CtlExit Status();
  CtlExit Doctor();

 private:
  // results_commands.cc
  CtlExit ListFilmsOfStudy();
  CtlExit AnalyzeFile(const std::string& file);
  grpc::Status Upload(const std::string& file, v1::AnalyzeInstanceResponse* answer);

  // admin_commands.cc
  template <typename Request, typename Answer>
  using AdminCall = grpc::Status (v1::AdminService::Stub::*)(grpc::ClientContext*, const Request&,
                                                             Answer*);
  // One call for each number, whatever became of the others; the first failure's code.
  template <typename Request, typename Answer>
  CtlExit ChangeEach(const std::vector<int64_t>& numbers, absl::string_view what,
                     absl::string_view done, void (Request::*set_number)(int64_t),
                     AdminCall<Request, Answer> call);
  // The instances of every page, up to a thousand or so.
  template <typename Request, typename Answer>
  grpc::Status ReadAllPages(AdminCall<Request, Answer> call, Answer& all);
  CtlExit ListBuried();
  CtlExit ListQuarantined();

  // --timeout, else `default_timeout`.
  absl::Duration TimeoutOr(absl::Duration default_timeout) const;
  // Sets the deadline: TimeoutOr from now.
  void SetDeadline(grpc::ClientContext& context, absl::Duration default_timeout) const;
  // Says what went wrong, after `what` and a colon if given.
  CtlExit Fail(const grpc::Status& status, absl::string_view what = "");
  CtlExit Fail(absl::string_view sentence, CtlExit code);
  // The message as JSON if asked for, else the text.
  void Print(const google::protobuf::Message& message, absl::string_view text);

  const Arguments arguments_;
  const std::string address_;
  const absl::TimeZone zone_;
  std::ostream& out_;
  std::ostream& error_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::ResultsService::Stub> results_;
  const std::unique_ptr<v1::AdminService::Stub> admin_;
};

// A random UUID (RFC 9562 version 4), for request_id.
std::string RandomUuid();

// What the bytes at a file's start say it is; DICOM files may come without their
// preamble, so whatever is neither PNG nor JPEG is called DICOM and the node
// judges it.
v1::MediaType MediaTypeOf(absl::string_view first_bytes);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_SESSION_H_

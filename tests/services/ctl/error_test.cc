#include "services/ctl/error.h"

#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace camnode {
namespace {

using ::google::protobuf::UnknownFieldSet;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string Serialised(const UnknownFieldSet& fields) {
  std::string bytes;
  fields.SerializeToString(&bytes);
  return bytes;
}

// google.rpc.Status with a detail of another type before the ErrorInfo.
std::string DetailsWith(const std::string& reason) {
  UnknownFieldSet info, other_any, any, status;
  info.AddLengthDelimited(1, reason);
  info.AddLengthDelimited(2, "camnode");
  other_any.AddLengthDelimited(1, "type.googleapis.com/google.rpc.BadRequest");
  other_any.AddLengthDelimited(2, "");
  any.AddLengthDelimited(1, "type.googleapis.com/google.rpc.ErrorInfo");
  any.AddLengthDelimited(2, Serialised(info));
  status.AddVarint(1, 9);
  status.AddLengthDelimited(2, "message");
  status.AddLengthDelimited(3, Serialised(other_any));
  status.AddLengthDelimited(3, Serialised(any));
  return Serialised(status);
}

TEST(CtlErrorTest, FindsTheReasonAmongTheDetails) {
  EXPECT_EQ(ErrorReason({grpc::StatusCode::FAILED_PRECONDITION, "m", DetailsWith("JOB_BURIED")}),
            "JOB_BURIED");
}

TEST(CtlErrorTest, BrokenDetailsAreNoReason) {
  EXPECT_EQ(ErrorReason({grpc::StatusCode::INTERNAL, "m"}), "");
  const std::string whole = DetailsWith("JOB_BURIED");
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_EQ(ErrorReason({grpc::StatusCode::INTERNAL, "m", whole.substr(0, cut)}), "") << cut;
  }
  EXPECT_EQ(ErrorReason({grpc::StatusCode::INTERNAL, "m", std::string(100'000, '\xff')}), "");
}

TEST(CtlErrorTest, AFilmThatWaitsIsNotFoundYetAndTheWordsSayWhatToDo) {
  const grpc::Status status{grpc::StatusCode::FAILED_PRECONDITION, "the film waits",
                            DetailsWith("NOT_YET_ANALYZED")};
  EXPECT_EQ(ExitCodeFor(status), kCtlNotFound);
  EXPECT_THAT(ErrorInWords(status, "a:1"),
              AllOf(HasSubstr("the film waits."), HasSubstr("[NOT_YET_ANALYZED]"),
                    HasSubstr("camnodectl watch")));
}

TEST(CtlErrorTest, TellsANodeThatIsAwayFromANodeThatIsBusy) {
  const grpc::Status away{grpc::StatusCode::UNAVAILABLE, "connection refused"};
  EXPECT_EQ(ExitCodeFor(away), kCtlUnreachable);
  EXPECT_THAT(ErrorInWords(away, "10.0.0.1:50051"),
              HasSubstr("No camnode answers at 10.0.0.1:50051"));

  const grpc::Status busy{grpc::StatusCode::UNAVAILABLE, "database is locked",
                          DetailsWith("DATABASE_BUSY")};
  EXPECT_EQ(ExitCodeFor(busy), kCtlFailed);
  EXPECT_THAT(ErrorInWords(busy, "10.0.0.1:50051"), HasSubstr("database is locked"));
}

TEST(CtlErrorTest, HasAnExitCodeForEachKindOfFailure) {
  EXPECT_EQ(ExitCodeFor(grpc::Status::OK), kCtlDone);
  EXPECT_EQ(ExitCodeFor({grpc::StatusCode::NOT_FOUND, ""}), kCtlNotFound);
  EXPECT_EQ(ExitCodeFor({grpc::StatusCode::DEADLINE_EXCEEDED, ""}), kCtlUnreachable);
  EXPECT_EQ(ExitCodeFor({grpc::StatusCode::INVALID_ARGUMENT, ""}), kCtlFailed);
  EXPECT_EQ(ExitCodeFor({grpc::StatusCode::FAILED_PRECONDITION, "", DetailsWith("JOB_BURIED")}),
            kCtlFailed);
}

TEST(CtlErrorTest, NeverWritesControlBytes) {
  EXPECT_THAT(ErrorInWords({grpc::StatusCode::INTERNAL, "a\x1b[2Jb", DetailsWith("X\n")}, "a:1"),
              AllOf(HasSubstr("a?[2Jb"), HasSubstr("[X?]")));
}

}  // namespace
}  // namespace camnode

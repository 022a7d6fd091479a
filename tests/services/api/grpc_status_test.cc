#include "services/api/grpc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/cord.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::ErrorInfo info;
  int found = 0;
  const google::rpc::Status details = DetailsOf(status);
  for (const auto& detail : details.details()) found += detail.UnpackTo(&info) ? 1 : 0;
  EXPECT_EQ(found, 1) << "each type of detail comes once";
  return info;
}

TEST(GrpcStatusTest, OkIsOk) { EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok()); }

TEST(GrpcStatusTest, EveryCodeKeepsItsNumberAndCarriesAReason) {
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status =
        ToGrpcStatus(absl::Status(static_cast<absl::StatusCode>(code), "text"));
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(DetailsOf(status).code(), code);
    EXPECT_EQ(InfoOf(status).domain(), "camnode");
    EXPECT_EQ(InfoOf(status).reason(),
              absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
  }
}

TEST(GrpcStatusTest, AReasonOfOursTakesThePlaceOfTheCodesName) {
  const absl::Status status =
      WithReason(absl::FailedPreconditionError("not yet"), "NOT_YET_ANALYZED");

  EXPECT_EQ(ReasonOf(status), "NOT_YET_ANALYZED");
  EXPECT_EQ(InfoOf(ToGrpcStatus(status)).reason(), "NOT_YET_ANALYZED");
  EXPECT_EQ(ToGrpcStatus(status).error_message(), "not yet");
}

TEST(GrpcStatusTest, AFieldErrorNamesTheField) {
  const grpc::Status status = ToGrpcStatus(FieldError("page_size", "is negative"));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(InfoOf(status).reason(), "INVALID_FIELD");
  google::rpc::BadRequest bad_request;
  const google::rpc::Status details = DetailsOf(status);
  for (const auto& detail : details.details()) {
    if (detail.Is<google::rpc::BadRequest>()) detail.UnpackTo(&bad_request);
  }
  ASSERT_EQ(bad_request.field_violations_size(), 1);
  EXPECT_EQ(bad_request.field_violations(0).field(), "page_size");
  EXPECT_EQ(bad_request.field_violations(0).description(), "is negative");
}

TEST(GrpcStatusTest, WhatIsForTheLogStaysThere) {
  for (const absl::Status& status :
       {absl::InternalError("select * from secret"), absl::UnknownError("select * from secret")}) {
    const grpc::Status sent = ToGrpcStatus(status);
    EXPECT_THAT(sent.error_message(), Not(HasSubstr("secret")));
    EXPECT_THAT(sent.error_details(), Not(HasSubstr("secret")));
  }
}

TEST(GrpcStatusTest, PayloadsOfOthersAreNotSent) {
  absl::Status status = absl::NotFoundError("gone");
  status.SetPayload("internal-note", absl::Cord("secret"));

  EXPECT_THAT(ToGrpcStatus(status).error_details(), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace camnode

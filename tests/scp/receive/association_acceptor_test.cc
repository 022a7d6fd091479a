// The acceptor against peers made of single bytes: who is let in, what is answered,
// and that nobody who is slow, silent or mad keeps the others out.
// Also: acceptor_options, admission, dicom_listener, presentation_contexts, sink_stream,
// storage_scp, core/dicom/film/sop_classes, scp/wire/dcmtk_setup, scp/wire/guarded_connection,
// scp/wire/stop_signal.

#include "scp/receive/association_acceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/log.h"
#include "core/base/stopwatch.h"
#include "core/domain/ae_title.h"
#include "tests/scp/raw_scu.h"
#include "tests/scp/receive/acceptor_fixture.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/wall_clock.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;
using ::testing::SizeIs;

TEST_F(AssociationAcceptorTest, AnswersEchoAndRelease) {
  Start();
  auto scu = Associated();

  EXPECT_THAT(scu->Echo(3), Optional(0x0000));
  EXPECT_TRUE(scu->Release());
  EXPECT_EQ(metrics_.echoes.value(), 1);
}

TEST_F(AssociationAcceptorTest, AnswersInOnePieceSoThatTheSenderWakesOnce) {
  Start();
  auto scu = Associated();

  for (int i = 0; i < 20; ++i) {
    const std::string uid = absl::StrCat("1.2.3.", i);
    ASSERT_TRUE(scu->SendStore(1, kCrSopClass, uid, SmallDataSet(kCrSopClass, uid)));
    const size_t first_piece = scu->BytesOfFirstPiece();
    EXPECT_EQ(first_piece, scu->ReadPdu().size());
  }
}

TEST_F(AssociationAcceptorTest, RejectsForGoodWhoeverIsNotOnTheListOrCallsSomebodyElse) {
  Start();
  // Permanent (1), by the service user (1): called (7) or calling (3) AE unknown.
  EXPECT_THAT(Rejection("SENDER", "OTHER"), ElementsAre(1, 1, 7));
  EXPECT_THAT(Rejection("STRANGER", "NODE"), ElementsAre(1, 1, 3));
  EXPECT_THAT(Rejection("ELSEWHERE", "NODE"), ElementsAre(1, 1, 3));
  EXPECT_THAT(Rejection("sender", "NODE"), ElementsAre(1, 1, 3));
  EXPECT_EQ(metrics_.rejected.value(), 4);
}

std::string* logged = nullptr;

TEST_F(AssociationAcceptorTest, TellsTheLogHowToLetAnUnknownPeerIn) {
  std::string lines;
  logged = &lines;
  SetLogSinkForTesting([](absl::string_view line) { absl::StrAppend(logged, line); });
  Start();
  EXPECT_THAT(Rejection("STRANGER", "NODE"), ElementsAre(1, 1, 3));
  acceptor_->Stop();
  SetLogSinkForTesting(nullptr);

  EXPECT_THAT(lines, ::testing::HasSubstr("peers { ae_title:"));
  EXPECT_THAT(lines, ::testing::HasSubstr("127.0.0.1"));
}

TEST_F(AssociationAcceptorTest, TakesAnyoneOnlyWhenToldToButNeverForSomebodyElse) {
  const PeerPolicy open({*AeTitle::Parse("NODE")}, {}, true);
  acceptor_ = std::make_unique<AssociationAcceptor>(options_, open, handler_, metrics_);
  ASSERT_THAT(acceptor_->Start(), IsOk());

  EXPECT_EQ(Connect()->Associate("ANYONE", "NODE", CrAndEcho())[0], kAssociateAccept);
  EXPECT_THAT(Rejection("ANYONE", "OTHER"), ElementsAre(1, 1, 7));
  acceptor_.reset();
}

TEST_F(AssociationAcceptorTest, AcceptsOnlyWhatCanBeAnalysedAndPrefersExplicitVr) {
  Start();
  const std::string answer = Connect()->Associate("SENDER", "NODE",
                                                  {{kCrSopClass, {kImplicitVr, kExplicitVr}},
                                                   {kDxSopClass, {kImplicitVr}},
                                                   {kScSopClass, {"1.2.840.10008.1.2.4.70"}},
                                                   {kCtSopClass, {kExplicitVr}},
                                                   {kScSopClass, {"1.2.840.10008.1.2.4.100"}}});
  ASSERT_EQ(answer[0], kAssociateAccept);
  EXPECT_EQ(RawScu::ContextResult(answer, 0), 0);
  EXPECT_EQ(RawScu::AcceptedSyntax(answer, 0), kExplicitVr);
  EXPECT_EQ(RawScu::ContextResult(answer, 1), 0);
  EXPECT_EQ(RawScu::AcceptedSyntax(answer, 1), kImplicitVr);
  EXPECT_EQ(RawScu::ContextResult(answer, 2), 0);
  EXPECT_EQ(RawScu::ContextResult(answer, 3), 3) << "CT: abstract syntax not supported";
  EXPECT_EQ(RawScu::ContextResult(answer, 4), 4) << "MPEG2: transfer syntaxes not supported";
}

TEST_F(AssociationAcceptorTest, HandsOnTheDataSetByteForByteWithWhatTheCommandSaid) {
  Start();
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3.4");
  EXPECT_THAT(Associated()->Store(1, kCrSopClass, "1.2.3.4", data_set), Optional(0x0000));

  const auto stored = handler_.stored();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].bytes, data_set);
  EXPECT_EQ(stored[0].request.calling_ae, "SENDER");
  EXPECT_EQ(stored[0].request.called_ae, "NODE");
  EXPECT_EQ(stored[0].request.peer_address, "127.0.0.1");
  EXPECT_EQ(stored[0].request.sop_class_uid.text(), kCrSopClass);
  EXPECT_EQ(stored[0].request.sop_instance_uid.text(), "1.2.3.4");
  EXPECT_EQ(stored[0].request.transfer_syntax_uid.text(), kExplicitVr);
}

// Toolkits pad titles and UIDs with spaces or NULs, whatever the standard says.
TEST_F(AssociationAcceptorTest, TrimsThePaddingOfTitlesAndUids) {
  Start();
  auto scu = Connect();
  const std::string padded_title = std::string(" SENDER") + std::string(9, '\0');
  ASSERT_EQ(scu->Associate(padded_title, "NODE  ", CrAndEcho())[0], kAssociateAccept);
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3.4");
  EXPECT_THAT(scu->Store(1, std::string(kCrSopClass) + " ", "1.2.3.4 ", data_set),
              Optional(0x0000));

  const auto stored = handler_.stored();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].request.calling_ae, "SENDER");
  EXPECT_EQ(stored[0].request.sop_class_uid.text(), kCrSopClass);
  EXPECT_EQ(stored[0].request.sop_instance_uid.text(), "1.2.3.4");
}

TEST_F(AssociationAcceptorTest, RefusesOneInstanceAndTakesTheNextOnTheSameAssociation) {
  Start();
  auto scu = Associated();
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3.4");

  handler_.RefuseNextAdmit(absl::ResourceExhaustedError("disk full of Smith^John"));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2.3.4", data_set), Optional(0xA700));
  EXPECT_THAT(scu->error_comment(), ::testing::HasSubstr("disk"));
  EXPECT_THAT(scu->error_comment(), ::testing::Not(::testing::HasSubstr("Smith")));

  handler_.RefuseNextAppend(absl::UnavailableError("I/O error"));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2.3.4", data_set), Optional(0xA700));
  // The very last fragment fails too, and nobody waits for a further one.
  handler_.RefuseNextAppend(absl::ResourceExhaustedError("full"));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2.3.4", data_set.substr(0, 1000)), Optional(0xA700));

  handler_.RefuseNextFinish(absl::InvalidArgumentError("UIDs differ"));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2.3.4", data_set), Optional(0xA900));
  handler_.RefuseNextFinish(absl::DataLossError("cut off"));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2.3.4", data_set), Optional(0xC000));
  handler_.RefuseNextFinish(absl::AlreadyExistsError("other bytes"));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2.3.4", data_set), Optional(0x0111));

  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2.3.4", data_set), Optional(0x0000));
  EXPECT_TRUE(scu->Release());
  EXPECT_THAT(handler_.stored(), SizeIs(1));
  EXPECT_EQ(metrics_.answers.With({"out_of_resources"}).value(), 3);
}

TEST_F(AssociationAcceptorTest, RefusesASopClassThatIsNotTheContextsAndAMalformedUid) {
  Start();
  auto scu = Associated();
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3.4");

  EXPECT_THAT(scu->Store(1, kDxSopClass, "1.2.3.4", data_set), Optional(0x0122));
  EXPECT_THAT(scu->Store(3, kCrSopClass, "1.2.3.4", data_set), Optional(0x0122));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "../../etc/passwd", data_set), Optional(0xA900));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2.3.4", data_set), Optional(0x0000));
  EXPECT_THAT(handler_.stored(), SizeIs(1));
}

TEST_F(AssociationAcceptorTest, ReadsATooLargeDataSetToItsEndButNotForEver) {
  options_.settings.max_instance_bytes = 100'000;
  Start();
  auto scu = Associated();
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2", std::string(150'000, 'x')), Optional(0xA700));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2", std::string(100'000, 'x')), Optional(0x0000));

  scu->SendStore(1, kCrSopClass, "1.2", std::string(5'000'000, 'x'));
  const std::string pdu = scu->ReadPdu();
  EXPECT_TRUE(pdu.empty() || pdu[0] == kAbort);
  EXPECT_THAT(handler_.stored(), SizeIs(1));
}

TEST_F(AssociationAcceptorTest, CutsOffARequestThatTricklesIn) {
  options_.settings.association_request_timeout = absl::Milliseconds(300);
  Start();
  const std::string request = RawScu::AssociateRequest("SENDER", "NODE", CrAndEcho());
  auto scu = Connect();
  const Stopwatch stopwatch;
  bool open = true;
  for (size_t i = 0; open && i < request.size(); ++i) {
    open = scu->Send(request.substr(i, 1));
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_FALSE(open) << "each byte came soon after the last, but " << request.size()
                     << " of them take longer than the deadline";
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(2));
}

TEST_F(AssociationAcceptorTest, CutsOffADataSetThatTricklesIn) {
  options_.settings.instance_timeout = absl::Milliseconds(300);
  Start();
  auto scu = Associated();
  scu->Send(RawScu::DataPdu(1, 3, RawScu::StoreCommand(kCrSopClass, "1.2.3")));
  bool open = true;
  for (int i = 0; open && i < 200; ++i) {
    open = scu->Send(RawScu::DataPdu(1, 0, "ab"));
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_FALSE(open);
  EXPECT_THAT(handler_.stored(), IsEmpty());
}

TEST_F(AssociationAcceptorTest, EndsAnIdleAssociation) {
  options_.settings.idle_timeout = absl::Milliseconds(100);
  Start();
  auto scu = Associated();
  const std::string pdu = scu->ReadPdu();
  ASSERT_FALSE(pdu.empty());
  EXPECT_EQ(pdu[0], kAbort);
}

TEST_F(AssociationAcceptorTest, KeepsNothingOfADataSetThatBreaksOff) {
  Start();
  {
    auto scu = Associated();
    scu->Send(RawScu::DataPdu(1, 3, RawScu::StoreCommand(kCrSopClass, "1.2.3")));
    scu->Send(RawScu::DataPdu(1, 0, SmallDataSet(kCrSopClass, "1.2.3", 1000)));
  }
  while (metrics_.open_now > 0) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(handler_.stored(), IsEmpty());
  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000));
}

// What finds its way to an open port: browsers, TLS clients, scanners.
TEST_F(AssociationAcceptorTest, ClosesTheConnectionOnBytesThatAreNotDicom) {
  // A thread is free, and a connection forgotten, a moment after its peer sees the end.
  options_.settings.max_associations = 20;
  options_.settings.max_associations_per_peer = 16;
  Start();
  const std::string associate = RawScu::AssociateRequest("SENDER", "NODE", CrAndEcho());
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\nHost: node\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), std::string(4096, '\xFF'),
        std::string("\x01\x00\xFF\xFF\xFF\xFF", 6),  // An endless A-ASSOCIATE-RQ.
        RawScu::DataPdu(1, 3, "no association"), associate + associate,
        associate + std::string("\x04\x00\xFF\xFF\xFF\xFF", 6),  // An endless P-DATA.
        associate.substr(0, 80) + std::string(associate.size() - 80, '\xEE')}) {
    auto scu = Connect();
    scu->Send(bytes);
    std::string pdu = scu->ReadPdu();
    while (!pdu.empty() && pdu != "timeout") pdu = scu->ReadPdu();
    EXPECT_EQ(pdu, "");
  }
  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000));
}

// Run under the address sanitizer this also shows what DCMTK's parser leaks.
TEST_F(AssociationAcceptorTest, SurvivesARequestWithAnyByteChanged) {
  options_.settings.max_associations = 20;
  options_.settings.max_associations_per_peer = 16;
  Start();
  const std::string request = RawScu::AssociateRequest("SENDER", "NODE", CrAndEcho());
  for (size_t i = 0; i < request.size(); ++i) {
    for (const char byte : {'\0', '\x7F', '\xFF'}) {
      std::string changed = request;
      changed[i] = byte;
      auto scu = Connect();
      scu->Send(changed);
      scu->FinishSending();
      while (!scu->ReadPdu().empty()) {
      }
    }
  }
  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000));
}

// So does this one, for what comes after an association was accepted.
TEST_F(AssociationAcceptorTest, SurvivesACommandWithAnyByteChanged) {
  options_.settings.max_associations = 20;
  options_.settings.max_associations_per_peer = 16;
  Start();
  const std::string command = RawScu::DataPdu(1, 3, RawScu::StoreCommand(kCrSopClass, "1.2.3"));
  for (size_t i = 0; i < command.size(); ++i) {
    for (const char byte : {'\0', '\x7F', '\xFF'}) {
      std::string changed = command;
      changed[i] = byte;
      auto scu = Associated();
      scu->Send(changed + RawScu::DataPdu(1, 2, "abcd"));
      scu->FinishSending();
      while (!scu->ReadPdu().empty()) {
      }
    }
  }
  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000));
}

// DCMTK would parse this recursively, eight bytes a level.
TEST_F(AssociationAcceptorTest, StopsACommandSetThatHoldsSequences) {
  Start();
  auto scu = Associated();
  std::string command;
  for (int i = 0; i < 1000; ++i) {
    command += std::string("\x08\x00\x15\x11\xFF\xFF\xFF\xFF", 8);
    command += std::string("\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF", 8);
  }
  scu->Send(RawScu::DataPdu(1, 3, command));
  std::string pdu = scu->ReadPdu();
  if (!pdu.empty()) pdu = scu->ReadPdu();
  EXPECT_EQ(pdu, "");
}

TEST_F(AssociationAcceptorTest, DrainsIdleAssociationsAndRejectsNewOnesForNow) {
  options_.drain_timeout = absl::Seconds(20);
  Start();
  auto idle = Associated();
  auto busy = Associated();
  const std::string data_set = SmallDataSet(kCrSopClass, "1.2.3");
  busy->Send(RawScu::DataPdu(1, 3, RawScu::StoreCommand(kCrSopClass, "1.2.3")));
  busy->Send(RawScu::DataPdu(1, 0, data_set.substr(0, 1000)));
  while (handler_.admissions() < 1) absl::SleepFor(absl::Milliseconds(1));
  std::thread stopper([this] { acceptor_->Stop(); });

  EXPECT_EQ(idle->ReadPdu()[0], kAbort);
  EXPECT_THAT(Rejection("SENDER", "NODE"), ElementsAre(2, 3, 2));
  busy->Send(RawScu::DataPdu(1, 2, data_set.substr(1000)));
  EXPECT_THAT(busy->ReadStatus(), Optional(0x0000)) << "the instance under way is finished";
  stopper.join();
  EXPECT_THAT(handler_.stored(), SizeIs(1));
}

TEST_F(AssociationAcceptorTest, StopsOnTimeAlthoughAPeerHangsInsideADataSet) {
  Start();
  auto scu = Associated();
  scu->Send(RawScu::DataPdu(1, 3, RawScu::StoreCommand(kCrSopClass, "1.2.3")));
  scu->Send(RawScu::DataPdu(1, 0, "ab"));
  const Stopwatch stopwatch;
  acceptor_->Stop();
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(5));
}

TEST_F(AssociationAcceptorTest, StopsOnTimeThoughTheClockIsSetBackMeanwhile) {
  std::string lines;
  logged = &lines;
  SetLogSinkForTesting([](absl::string_view line) { absl::StrAppend(logged, line); });
  options_.drain_timeout = absl::Seconds(1);
  Start();
  auto scu = Associated();
  scu->Send(RawScu::DataPdu(1, 3, RawScu::StoreCommand(kCrSopClass, "1.2.3")));
  scu->Send(RawScu::DataPdu(1, 0, "ab"));
  auto stopped = std::async(std::launch::async, [this] { acceptor_->Stop(); });
  while (Rejection("SENDER", "NODE") != std::vector<int>{2, 3, 2}) {
  }

  SetBackTheWallClock();

  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  scu.reset();
  stopped.wait();
  SetLogSinkForTesting(nullptr);
  EXPECT_THAT(lines, AllOf(HasSubstr("association_ended"), Not(HasSubstr("\"duration_ms\":-"))));
}

TEST_F(AssociationAcceptorTest, SaysThatThePortIsTaken) {
  Start();
  options_.settings.port = acceptor_->port();
  AssociationAcceptor second(options_, policy_, handler_, metrics_);
  EXPECT_THAT(second.Start(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       ::testing::HasSubstr(absl::StrCat(options_.settings.port))));
}

TEST_F(AssociationAcceptorTest, SaysWhichOptionIsOutOfRange) {
  options_.settings.max_pdu_bytes = 100;
  AssociationAcceptor acceptor(options_, policy_, handler_, metrics_);
  EXPECT_THAT(acceptor.Start(),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("max_pdu_bytes")));
}

}  // namespace
}  // namespace camnode

// Also: section_reader, text_checks.

#include "services/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <ios>
#include <sstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/camnode/config/v1/config.pb.h"
#include "scp/settings/address_range.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Property;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

std::string ReadText(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string Complaint(const std::string& text) {
  return std::string(ParseConfig(text, "f").status().message());
}

std::string ShippedFile() { return ReadText("deploy/camnode.textproto"); }

// With the sections that are shown commented out.
std::string WholeShippedFile() {
  std::stringstream stream(ShippedFile());
  std::string text;
  bool in_section = false;
  for (std::string line; std::getline(stream, line);) {
    in_section = in_section || (absl::StartsWith(line, "# ") && absl::EndsWith(line, " {"));
    absl::StrAppend(&text, in_section ? line.substr(1) : line, "\n");
    in_section = in_section && line != "# }";
  }
  return text;
}

// The parts' own structs are what is compared with: see Config::changed.
TEST(ConfigTest, TheShippedFileSaysExactlyTheDefaults) {
  const absl::StatusOr<Config> shipped = ParseConfig(ShippedFile(), "camnode.textproto");

  ASSERT_THAT(shipped, IsOk());
  EXPECT_THAT(shipped->changed, IsEmpty());
  const absl::StatusOr<Config> empty = ParseConfig("", "camnode.textproto");
  ASSERT_THAT(empty, IsOk());
  EXPECT_THAT(empty->changed, IsEmpty());
  EXPECT_EQ(shipped->workflows.front().name, empty->workflows.front().name);
  EXPECT_EQ(shipped->workflows.front().models, empty->workflows.front().models);
  EXPECT_EQ(shipped->workflows.front().priority, empty->workflows.front().priority);
  // One with every default, as in an empty file.
  EXPECT_EQ(shipped->workflows.size(), Config().workflows.size());
  EXPECT_THAT(shipped->peers, IsEmpty());
  EXPECT_THAT(shipped->destinations, IsEmpty());
  EXPECT_THAT(shipped->precisions, IsEmpty());
}

// ParseConfig takes no option that nothing reads, and the file names every one.
TEST(ConfigTest, EveryOptionOfTheShippedFileIsReadByAPart) {
  const absl::StatusOr<Config> whole = ParseConfig(WholeShippedFile(), "camnode.textproto");

  ASSERT_THAT(whole, IsOk());
  EXPECT_EQ(whole->peers.size(), 1);
  EXPECT_EQ(whole->destinations.size(), 1);
  EXPECT_EQ(whole->precisions.size(), 1);
}

TEST(ConfigTest, SaysWhichOptionsAreNotAtTheirDefaults) {
  const absl::StatusOr<Config> config = ParseConfig(R"(
      log_level: "error"
      dicom { port: 11113 max_associations: 16 max_instance_bytes: 536870913 idle_timeout_ms: 1
              tls { require_peer_certificate: false } }
      workflow { models: "resnet18" priority: "normal" outputs { alpha: 0.5 } }
      eligibility { rotated: "refuse" outlier: "flag" })",
                                                    "f");

  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(
      config->changed,
      UnorderedElementsAre("log_level", "dicom.port", "dicom.max_instance_bytes",
                           "dicom.idle_timeout_ms", "dicom.tls.require_peer_certificate",
                           "workflow.models", "workflow.outputs.alpha", "eligibility.rotated"));
}

// Options of repeated sections are shown commented out.
void ExpectNamed(const google::protobuf::Descriptor* section, const std::string& text) {
  for (int i = 0; i < section->field_count(); ++i) {
    const google::protobuf::FieldDescriptor* option = section->field(i);
    const std::string end = option->message_type() == nullptr ? ": " : " {";
    EXPECT_TRUE(absl::StrContains(text, " " + option->name() + end) ||
                absl::StrContains(text, "\n" + option->name() + end))
        << option->full_name();
    if (option->message_type() != nullptr) ExpectNamed(option->message_type(), text);
  }
}

TEST(ConfigTest, TheShippedFileNamesEveryOption) {
  ExpectNamed(config::v1::Config::descriptor(), ShippedFile());
}

TEST(ConfigTest, ReadsWhatItIsTold) {
  const absl::StatusOr<Config> config = ParseConfig(R"(
      log_level: "warning"
      dicom { ae_title: "NODE 2" port: 0 idle_timeout_ms: 1500 }
      peers { ae_title: "MOD" addresses: "10.0.0.7" addresses: "fd00::/8"
              return_port: 104 return_host: "mod.example.org" }
      destinations { name: "pacs" ae_title: "ORTHANC" host: "::1" port: 4242 }
      workflow { models: "resnet18/2" destinations: "pacs" return_to_sender: true }
      outputs { alpha: 0 }
      queue { lease_ms: 5000 initial_backoff_ms: 10 max_backoff_ms: 20 }
      http { port: -1 })",
                                                    "f");

  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->log_level, LogLevel::kWarning);
  EXPECT_EQ(config->dicom.ae_title, "NODE 2");
  EXPECT_EQ(config->dicom.acceptor.port, 0);
  EXPECT_EQ(config->dicom.acceptor.idle_timeout, absl::Milliseconds(1500));
  ASSERT_EQ(config->peers.size(), 1);
  EXPECT_THAT(config->peers[0].addresses, ElementsAre(Property(&AddressRange::text, "10.0.0.7"),
                                                      Property(&AddressRange::text, "fd00::/8")));
  EXPECT_EQ(config->peers[0].return_port, 104);
  ASSERT_EQ(config->destinations.size(), 1);
  EXPECT_EQ(config->destinations[0].remote.port, 4242);
  ASSERT_EQ(config->workflows.size(), 1);
  EXPECT_THAT(config->workflows[0].models, ElementsAre("resnet18/2"));
  EXPECT_THAT(config->workflows[0].destinations, ElementsAre("pacs"));
  EXPECT_EQ(config->workflows[0].outputs.alpha, 0.0);
  EXPECT_EQ(config->queue.lease_duration, absl::Seconds(5));
  EXPECT_EQ(config->pipeline.backoff.maximum, absl::Milliseconds(20));
  EXPECT_EQ(config->http.port, -1);
}

// A configuration in a file of its own, with this mode.
class SecretConfigTest : public ::testing::Test {
 protected:
  absl::StatusOr<Config> Load(const std::string& text, mode_t mode) const {
    const std::string file = folder_.path() + "/camnode.textproto";
    std::ofstream(file) << text;
    chmod(file.c_str(), mode);
    return LoadConfig(file);
  }
  void WritePassword(const std::string& text, mode_t mode) const {
    const std::string file = folder_.path() + "/password";
    std::ofstream(file) << text;
    chmod(file.c_str(), mode);
  }

  const TemporaryDirectory folder_;
};

TEST_F(SecretConfigTest, AFileWithAPasswordIsRefusedWhereOthersCanReadIt) {
  constexpr char kText[] = "database_uri: \"postgresql://me:hidden@db/camnode\"";
  const absl::StatusOr<Config> open = Load(kText, 0644);
  EXPECT_THAT(open, StatusIs(absl::StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr("camnode.textproto"), HasSubstr("chmod 600"),
                                   HasSubstr("database_password_file"), Not(HasSubstr("hidden")))));
  EXPECT_THAT(Load(kText, 0600), IsOk());
  EXPECT_THAT(Load(kText, 0640), IsOk()) << "a group may read it";
  EXPECT_THAT(Load("database_uri: \"postgresql://me@db/camnode\"", 0644), IsOk());
  EXPECT_THAT(Load("", 0644), IsOk());
}

TEST_F(SecretConfigTest, ThePasswordMayStandInAFileOfItsOwn) {
  constexpr char kText[] =
      "database_uri: \"postgresql://me@db/camnode\" database_password_file: \"password\"";
  EXPECT_THAT(Load(kText, 0644), StatusIs(absl::StatusCode::kNotFound,
                                          AllOf(HasSubstr("database_password_file"),
                                                HasSubstr(folder_.path() + "/password"))));
  WritePassword("p w\n", 0644);
  EXPECT_THAT(Load(kText, 0644),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("chmod 600"), HasSubstr(folder_.path() + "/password"))));
  WritePassword("p w\n", 0600);
  const absl::StatusOr<Config> config = Load(kText, 0644);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->database_uri, "postgresql://me@db/camnode?password=p%20w");
}

TEST(ConfigTest, APasswordIsGivenOnceAndToAServer) {
  EXPECT_THAT(Complaint("\ndatabase_password_file: \"x\""),
              AllOf(StartsWith("f:2: database_password_file"), HasSubstr("names no server")));
  EXPECT_THAT(
      Complaint("database_uri: \"postgresql://me:hidden@db\"\ndatabase_password_file: \"x\""),
      AllOf(StartsWith("f:2: database_password_file"), HasSubstr("one of the two"),
            Not(HasSubstr("hidden"))));
  EXPECT_THAT(Complaint("database_uri: \"postgres://me:hidden@db\""),
              AllOf(StartsWith("f:1: database_uri"), HasSubstr("\"sqlite:FILE\""),
                    Not(HasSubstr("hidden"))));
  EXPECT_THAT(Complaint("database_uri: \"postgresql://me:hidden@db?x=1\""),
              AllOf(StartsWith("f:1: database_uri"), Not(HasSubstr("hidden"))));
}

TEST(ConfigTest, ReportsEveryMistakeWithItsLine) {
  const std::string complaint = Complaint(
      "colour: \"red\"\n"
      "time_zone: \"Mars/Olympus\"\n"
      "dicom {\n"
      "  port: 70000\n"
      "  ae_title: \"THIS TITLE IS TOO LONG\"\n"
      "}\n"
      "workflow {\n"
      "  destinations: \"pacs\"\n"
      "}\n");

  std::vector<std::string> lines;
  std::stringstream stream(complaint);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  EXPECT_THAT(lines,
              ElementsAre(AllOf(StartsWith("f:1: "), HasSubstr("\"colour\"")),
                          AllOf(StartsWith("f:2: time_zone is \"Mars/Olympus\"; expected "),
                                HasSubstr("IANA")),
                          "f:4: dicom.port is 70000; expected -1 to 65535",
                          AllOf(StartsWith("f:5: dicom.ae_title is "), HasSubstr("1 to 16")),
                          AllOf(StartsWith("f:8: workflow.destinations is \"pacs\"; expected "),
                                EndsWith("destinations of this file"))));
}

// The renderer draws no legend on less: every film would be set aside.
TEST(ConfigTest, AnOutputTooSmallForItsLegendIsAMistake) {
  for (const std::string option : {"overlay_max_long_side", "panel_max_long_side"}) {
    EXPECT_THAT(Complaint("outputs { " + option + ": 383 }"),
                HasSubstr("outputs." + option + " is 383; expected 384 to 16384"));
    EXPECT_THAT(ParseConfig("outputs { " + option + ": 384 }", "f"), IsOk());
  }
}

TEST(ConfigTest, APrecisionIsOfOneModelAndOneOfThree) {
  const absl::StatusOr<Config> config =
      ParseConfig("precisions { model: \"resnet18/1\" precision: \"bfloat16\" }", "f");
  ASSERT_THAT(config, IsOk());
  ASSERT_EQ(config->precisions.size(), 1);
  EXPECT_EQ(config->precisions[0].model, "resnet18/1");
  EXPECT_EQ(config->precisions[0].precision, "bfloat16");
  EXPECT_THAT(
      Complaint("\nprecisions { model: \"a\" precision: \"int8\" }"),
      AllOf(StartsWith("f:2: precisions.precision is \"int8\"; expected "), HasSubstr("bfloat16")));
  EXPECT_THAT(Complaint("precisions { precision: \"float32\" }"),
              HasSubstr("precisions.model is missing"));
  EXPECT_THAT(Complaint("precisions { model: \"a\" precision: \"float32\" }\n"
                        "precisions { model: \"a\" precision: \"bfloat16\" }"),
              StartsWith("f:2: precisions.model has a precision already"));
}

TEST(ConfigTest, ATextThatIsNotAConfigurationSaysWhere) {
  EXPECT_THAT(Complaint("dicom {\n  port: \"many\"\n}\n"),
              AllOf(StartsWith("f:2: "), HasSubstr("nothing after this place was read")));
  EXPECT_THAT(Complaint("dicom {\n"), StartsWith("f:2: "));
  EXPECT_THAT(ParseConfig("\x7f\x45LF", "f"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ConfigTest, AnAddressThatOthersReachNeedsToBeCalledInsecure) {
  for (const std::string section : {"grpc", "http"}) {
    EXPECT_THAT(Complaint(section + " { address: \"0.0.0.0\" }"),
                AllOf(HasSubstr(section + ".address is 0.0.0.0"), HasSubstr("insecure: true")));
    EXPECT_THAT(ParseConfig(section + " { address: \"0.0.0.0\" insecure: true }", "f"), IsOk());
    EXPECT_THAT(ParseConfig(section + " { address: \"127.0.0.2\" }", "f"), IsOk());
    EXPECT_THAT(ParseConfig(section + " { address: \"::1\" }", "f"), IsOk());
  }
}

TEST(ConfigTest, APeerNeedsATitleAndAnAddress) {
  EXPECT_THAT(Complaint("\npeers { addresses: \"10.0.0.1\" }"),
              StartsWith("f:2: peers.ae_title is missing"));
  EXPECT_THAT(Complaint("peers { ae_title: \"A\" }"), HasSubstr("peers.addresses is missing"));
  EXPECT_THAT(Complaint("peers {\n ae_title: \"A\"\n addresses: \"10.0.0.1\"\n"
                        " addresses: \"10.0.0.0/33\" }"),
              StartsWith("f:4: peers.addresses is \"10.0.0.0/33\""));
  EXPECT_THAT(Complaint("peers { ae_title: \"A\" addresses: \"10.0.0.0/ 8\" }"),
              HasSubstr("peers.addresses is \"10.0.0.0/ 8\""))
      << "the node could not use it";
  EXPECT_THAT(Complaint("peers { ae_title: \"A\" addresses: \"1.2.3.4\" }\n"
                        "peers { ae_title: \"A\" addresses: \"1.2.3.5\" }"),
              StartsWith("f:2: peers.ae_title is a second peer of that title"));
}

TEST(ConfigTest, ReturningToTheSenderNeedsAPlaceToReturnTo) {
  EXPECT_THAT(Complaint("workflow { return_to_sender: true }"),
              HasSubstr("no peer can be sent to"));
  EXPECT_THAT(ParseConfig("peers { ae_title: \"A\" addresses: \"10.0.0.1\" return_port: 104 }"
                          "workflow { return_to_sender: true }",
                          "f"),
              IsOk());
}

TEST(ConfigTest, EachWorkflowHasItsTitlesModelsOutputsAndDestinations) {
  const absl::StatusOr<Config> config = ParseConfig(R"(
      dicom { ae_title: " NODE " }
      destinations { name: "pacs" ae_title: "ORTHANC" host: "::1" }
      outputs { alpha: 0.5 panel: false }
      workflow { name: "clinic" destinations: "pacs" priority: "interactive" }
      workflow { name: "research" called_ae_titles: "RESEARCH" called_ae_titles: " TRIAL 2 "
                 models: "resnet18" priority: "backlog"
                 outputs { panel: true overlay_max_long_side: 512 } })",
                                                    "f");

  ASSERT_THAT(config, IsOk());
  ASSERT_EQ(config->workflows.size(), 2);
  const WorkflowConfig& clinic = config->workflows[0];
  const WorkflowConfig& research = config->workflows[1];
  EXPECT_THAT(CalledAeTitles(*config, clinic), ElementsAre("NODE"));
  EXPECT_THAT(CalledAeTitles(*config, research), ElementsAre("RESEARCH", "TRIAL 2"));
  EXPECT_EQ(clinic.priority, JobPriority::kInteractive);
  EXPECT_EQ(research.priority, JobPriority::kBacklog);
  EXPECT_THAT(research.destinations, ElementsAre());
  EXPECT_FALSE(clinic.outputs.panel);
  EXPECT_TRUE(research.outputs.panel);
  EXPECT_EQ(research.outputs.overlay_max_long_side, 512);
  EXPECT_EQ(research.outputs.alpha, 0.5) << "what the workflow does not say, the file does";
  EXPECT_THAT(ModelNames(*config),
              ElementsAre(ElementsAre("resnet18", "efficientnet_b0", "densenet121"),
                          ElementsAre("resnet18")));
}

TEST(ConfigTest, ACalledTitleMustLeadToOneWorkflow) {
  EXPECT_THAT(Complaint("workflow { name: \"a\" }\n"
                        "workflow { name: \"b\" }"),
              AllOf(StartsWith("f:2: workflow.called_ae_titles is not given, so it is \"CAMNODE\""),
                    HasSubstr("calls workflow \"a\"")));
  EXPECT_THAT(Complaint("workflow { name: \"a\" called_ae_titles: \"X\" }\n"
                        "workflow { name: \"b\"\n called_ae_titles: \"X \" }"),
              StartsWith("f:3: workflow.called_ae_titles names \"X\", which calls workflow \"a\""));
  EXPECT_THAT(Complaint("workflow { called_ae_titles: \"X\" }\n"
                        "workflow { called_ae_titles: \"Y\" }"),
              StartsWith("f:2: workflow.name is \"default\", as another workflow's"));
  EXPECT_THAT(Complaint("workflow { priority: \"high\" }"),
              HasSubstr("workflow.priority is \"high\"; expected \"interactive\""));
  EXPECT_THAT(Complaint("workflow { outputs { alpha: 2 } }"),
              HasSubstr("workflow.outputs.alpha is 2"));
}

TEST(ConfigTest, WhatIsDoneAboutAConflictIsOneOfTwoThings) {
  EXPECT_TRUE(
      ParseConfig("storage { on_conflict: \"quarantine\" }", "f")->storage.quarantine_conflicts);
  EXPECT_FALSE(
      ParseConfig("storage { on_conflict: \"refuse\" }", "f")->storage.quarantine_conflicts);
  EXPECT_THAT(Complaint("storage { on_conflict: \"overwrite\" }"),
              HasSubstr("storage.on_conflict is \"overwrite\"; expected \"refuse\""));
}

TEST(ConfigTest, OptionsThatContradictEachOtherAreMistakes) {
  EXPECT_THAT(Complaint("delivery { initial_backoff_ms: 5 max_backoff_ms: 4 }"),
              HasSubstr("initial_backoff_ms <= max_backoff_ms"));
  EXPECT_THAT(Complaint("grpc { max_watchers: 100 }"), HasSubstr("max_watchers + 8 = 108"));
  EXPECT_THAT(Complaint("destinations { name: \"a\" ae_title: \"A\" host: \"h\" }\n"
                        "destinations { name: \"a\" ae_title: \"B\" host: \"h\" }"),
              StartsWith("f:2: destinations.name is a second destination"));
}

TEST(ConfigTest, NamesThatBecomePathsCannotLeaveTheirFolder) {
  for (const char* name : {"../resnet18", "resnet18/..", "/etc", "a/b/c", ""}) {
    EXPECT_THAT(Complaint(std::string("workflow { models: \"") + name + "\" }"),
                HasSubstr("workflow.models is"))
        << name;
  }
}

TEST(LoadConfigTest, MakesPathsRelativeToTheFileAndRemembersItsDigest) {
  const std::string path = testing::TempDir() + "/load_config_test.textproto";
  std::ofstream(path) << "data_directory: \"d\" model_directory: \"/m\"\n";

  const absl::StatusOr<Config> config = LoadConfig(path);

  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->data_directory, AllOf(StartsWith("/"), EndsWith("/d"), Not(HasSubstr("//"))));
  EXPECT_EQ(config->model_directory, "/m");
  EXPECT_EQ(config->database_uri, "sqlite:" + config->data_directory + "/camnode.db");
  EXPECT_EQ(config->file_sha256.size(), 64);
}

TEST(LoadConfigTest, AFileThatIsNotThereIsNamed) {
  EXPECT_THAT(LoadConfig("/nowhere/camnode.textproto"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere/camnode.textproto")));
}

}  // namespace
}  // namespace camnode

// Also: section_reader, text_checks.

#include "services/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "proto/camnode/config/v1/config.pb.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

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

// Compares field by field, so that a difference is named.
void ExpectSame(const OutputsConfig& a, const OutputsConfig& b) {
  EXPECT_EQ(a.overlays, b.overlays);
  EXPECT_EQ(a.panel, b.panel);
  EXPECT_EQ(a.refusal_notice, b.refusal_notice);
  EXPECT_EQ(a.overlay_max_long_side, b.overlay_max_long_side);
  EXPECT_EQ(a.panel_max_long_side, b.panel_max_long_side);
  EXPECT_EQ(a.native_size, b.native_size);
  EXPECT_EQ(a.alpha, b.alpha);
  EXPECT_EQ(a.series_number_base, b.series_number_base);
}

void ExpectSame(const WorkflowConfig& a, const WorkflowConfig& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.called_ae_titles, b.called_ae_titles);
  EXPECT_EQ(a.models, b.models);
  EXPECT_EQ(a.destinations, b.destinations);
  EXPECT_EQ(a.return_to_sender, b.return_to_sender);
  EXPECT_EQ(a.priority, b.priority);
  ExpectSame(a.outputs, b.outputs);
}

void ExpectSame(const Config& a, const Config& b) {
  EXPECT_EQ(a.data_directory, b.data_directory);
  EXPECT_EQ(a.database_uri, b.database_uri);
  EXPECT_EQ(a.model_directory, b.model_directory);
  EXPECT_EQ(a.time_zone, b.time_zone);
  EXPECT_EQ(a.log_level, b.log_level);
  EXPECT_EQ(a.dicom.ae_title, b.dicom.ae_title);
  EXPECT_EQ(a.dicom.port, b.dicom.port);
  EXPECT_EQ(a.dicom.tls.port, b.dicom.tls.port);
  EXPECT_EQ(a.dicom.tls.certificate_file, b.dicom.tls.certificate_file);
  EXPECT_EQ(a.dicom.tls.private_key_file, b.dicom.tls.private_key_file);
  EXPECT_EQ(a.dicom.tls.ca_file, b.dicom.tls.ca_file);
  EXPECT_EQ(a.dicom.tls.require_peer_certificate, b.dicom.tls.require_peer_certificate);
  EXPECT_EQ(a.dicom.max_associations, b.dicom.max_associations);
  EXPECT_EQ(a.dicom.max_associations_per_peer, b.dicom.max_associations_per_peer);
  EXPECT_EQ(a.dicom.max_pdu_bytes, b.dicom.max_pdu_bytes);
  EXPECT_EQ(a.dicom.max_instance_bytes, b.dicom.max_instance_bytes);
  EXPECT_EQ(a.dicom.idle_timeout, b.dicom.idle_timeout);
  EXPECT_EQ(a.dicom.association_request_timeout, b.dicom.association_request_timeout);
  EXPECT_EQ(a.dicom.instance_timeout, b.dicom.instance_timeout);
  EXPECT_EQ(a.dicom.accept_unknown_peers, b.dicom.accept_unknown_peers);
  EXPECT_EQ(a.peers.size(), b.peers.size());
  EXPECT_EQ(a.destinations.size(), b.destinations.size());
  EXPECT_EQ(a.precisions.size(), b.precisions.size());
  ASSERT_EQ(a.workflows.size(), b.workflows.size());
  for (size_t i = 0; i < a.workflows.size(); ++i) ExpectSame(a.workflows[i], b.workflows[i]);
  EXPECT_EQ(a.delivery.backoff.initial, b.delivery.backoff.initial);
  EXPECT_EQ(a.delivery.backoff.maximum, b.delivery.backoff.maximum);
  EXPECT_EQ(a.delivery.max_failures, b.delivery.max_failures);
  EXPECT_EQ(a.delivery.connect_timeout, b.delivery.connect_timeout);
  EXPECT_EQ(a.delivery.response_timeout, b.delivery.response_timeout);
  EXPECT_EQ(a.delivery.max_per_association, b.delivery.max_per_association);
  EXPECT_EQ(a.storage.min_free_bytes, b.storage.min_free_bytes);
  EXPECT_EQ(a.storage.max_queued_jobs, b.storage.max_queued_jobs);
  EXPECT_EQ(a.storage.quarantine_conflicts, b.storage.quarantine_conflicts);
  EXPECT_EQ(a.storage.quarantine.max_instances, b.storage.quarantine.max_instances);
  EXPECT_EQ(a.storage.quarantine.max_bytes, b.storage.quarantine.max_bytes);
  EXPECT_EQ(a.queue.queue.lease_duration, b.queue.queue.lease_duration);
  EXPECT_EQ(a.queue.queue.max_failures, b.queue.queue.max_failures);
  EXPECT_EQ(a.queue.queue.max_interruptions, b.queue.queue.max_interruptions);
  EXPECT_EQ(a.queue.backoff.initial, b.queue.backoff.initial);
  EXPECT_EQ(a.queue.backoff.maximum, b.queue.backoff.maximum);
  EXPECT_EQ(a.eligibility.view_unknown, b.eligibility.view_unknown);
  EXPECT_EQ(a.eligibility.age_unknown, b.eligibility.age_unknown);
  EXPECT_EQ(a.eligibility.age_out_of_range, b.eligibility.age_out_of_range);
  EXPECT_EQ(a.eligibility.inverted, b.eligibility.inverted);
  EXPECT_EQ(a.eligibility.rotated, b.eligibility.rotated);
  EXPECT_EQ(a.eligibility.outlier, b.eligibility.outlier);
  EXPECT_EQ(a.worker.supervise, b.worker.supervise);
  EXPECT_EQ(a.worker.count, b.worker.count);
  EXPECT_EQ(a.worker.device, b.worker.device);
  EXPECT_EQ(a.worker.threads, b.worker.threads);
  EXPECT_EQ(a.worker.decode_ahead, b.worker.decode_ahead);
  EXPECT_EQ(a.worker.max_batch, b.worker.max_batch);
  EXPECT_EQ(a.worker.max_pixels, b.worker.max_pixels);
  EXPECT_EQ(a.worker.niceness, b.worker.niceness);
  EXPECT_EQ(a.grpc.address, b.grpc.address);
  EXPECT_EQ(a.grpc.port, b.grpc.port);
  EXPECT_EQ(a.grpc.insecure, b.grpc.insecure);
  EXPECT_EQ(a.grpc.reflection, b.grpc.reflection);
  EXPECT_EQ(a.grpc.max_watchers, b.grpc.max_watchers);
  EXPECT_EQ(a.grpc.max_threads, b.grpc.max_threads);
  EXPECT_EQ(a.grpc.max_upload_bytes, b.grpc.max_upload_bytes);
  EXPECT_EQ(a.http.address, b.http.address);
  EXPECT_EQ(a.http.port, b.http.port);
  EXPECT_EQ(a.http.insecure, b.http.insecure);
}

TEST(ConfigTest, TheShippedFileSaysExactlyTheDefaults) {
  const absl::StatusOr<Config> shipped = ParseConfig(ShippedFile(), "camnode.textproto");

  ASSERT_THAT(shipped, IsOk());
  ExpectSame(*shipped, Config{});
  // And an empty file is the defaults, too.
  const absl::StatusOr<Config> empty = ParseConfig("", "empty");
  ASSERT_THAT(empty, IsOk());
  ExpectSame(*empty, Config{});
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
  EXPECT_EQ(config->dicom.port, 0);
  EXPECT_EQ(config->dicom.idle_timeout, absl::Milliseconds(1500));
  ASSERT_EQ(config->peers.size(), 1);
  EXPECT_THAT(config->peers[0].addresses, ElementsAre("10.0.0.7", "fd00::/8"));
  EXPECT_EQ(config->peers[0].return_port, 104);
  ASSERT_EQ(config->destinations.size(), 1);
  EXPECT_EQ(config->destinations[0].port, 4242);
  ASSERT_EQ(config->workflows.size(), 1);
  EXPECT_THAT(config->workflows[0].models, ElementsAre("resnet18/2"));
  EXPECT_THAT(config->workflows[0].destinations, ElementsAre("pacs"));
  EXPECT_EQ(config->workflows[0].outputs.alpha, 0.0);
  EXPECT_EQ(config->queue.queue.lease_duration, absl::Seconds(5));
  EXPECT_EQ(config->queue.backoff.maximum, absl::Milliseconds(20));
  EXPECT_EQ(config->http.port, -1);
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

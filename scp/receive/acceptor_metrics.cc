#include "scp/receive/acceptor_metrics.h"

#include <string>
#include <utility>
#include <vector>

#include "scp/wire/dimse_status.h"

namespace camnode {
namespace {

constexpr char kOther[] = "other";
constexpr std::pair<uint16_t, const char*> kAnswerClasses[] = {
    {kDimseSuccess, "success"},
    {kDimseOutOfResources, "out_of_resources"},
    {kDimseDataSetMismatch, "mismatch"},
    {kDimseCannotUnderstand, "cannot_understand"}};

}  // namespace

AcceptorMetrics::AcceptorMetrics(MetricRegistry& registry)
    : associations(registry.AddCounter("camnode_associations_total",
                                       "DICOM associations asked for, by what became of them.",
                                       {"outcome"})),
      accepted(associations.With({"accepted"})),
      rejected(associations.With({"rejected"})),
      refused_busy(associations.With({"refused_busy"})),
      failed(associations.With({"failed"})),
      answers(registry.AddCounter("camnode_cstore_total", "C-STORE requests answered, by status.",
                                  {"status"})),
      echoes(registry.AddCounter("camnode_cecho_total", "C-ECHO requests answered.").With({})),
      received_bytes(
          registry.AddCounter("camnode_received_bytes_total", "Bytes of data sets received.")
              .With({})) {
  // Shown from the start, as 0.
  for (const auto& known : kAnswerClasses) answers.With({known.second});
  answers.With({kOther});
  registry.AddCallback(MetricKind::kGauge, "camnode_associations_open",
                       "DICOM associations open now.", {}, [this] {
                         return std::vector<MetricSample>{{{}, static_cast<double>(open_now)}};
                       });
}

void AcceptorMetrics::CountAnswer(uint16_t dimse_status) {
  std::string answer_class = kOther;
  for (const auto& [status, name] : kAnswerClasses) {
    if (status == dimse_status) answer_class = name;
  }
  answers.With({answer_class}).Add();
}

}  // namespace camnode

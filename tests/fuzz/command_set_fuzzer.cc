// What a peer sends on a DICOM port: the guard that reads it first, and DCMTK's parser
// of command sets behind the guard.
//
// The first byte of the input chooses the side and how the rest is cut.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcelem.h"
#include "dcmtk/dcmdata/dcistrmb.h"
#include "dcmtk/oflog/oflog.h"
#include "scp/wire/pdu_guard.h"

namespace camnode {
namespace {

constexpr uint8_t kData = 4;
constexpr uint8_t kCommandBit = 1;
constexpr uint8_t kLastBit = 2;

void Demand(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "command_set_fuzzer: %s\n", what);
  std::abort();
}

absl::Status Feed(absl::string_view bytes, size_t at_once, bool peer_is_requestor) {
  PduGuardOptions options;
  options.peer_is_requestor = peer_is_requestor;
  PduGuard guard(options);
  while (!bytes.empty()) {
    const absl::Status status = guard.Consume(bytes.substr(0, at_once));
    if (!status.ok()) return status;
    bytes.remove_prefix(std::min(at_once, bytes.size()));
  }
  return absl::OkStatus();
}

uint32_t BigEndian32(absl::string_view bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// The whole command sets of a conversation that the guard let pass.
std::vector<std::string> CommandSets(absl::string_view bytes) {
  std::vector<std::string> sets;
  std::string pending;
  while (bytes.size() >= 6) {
    const bool is_data = bytes[0] == kData;
    absl::string_view body = bytes.substr(6, BigEndian32(bytes.substr(2)));
    bytes.remove_prefix(6 + body.size());
    while (is_data && body.size() >= 6) {
      const absl::string_view value = body.substr(4, BigEndian32(body));
      body.remove_prefix(4 + value.size());
      if ((value[1] & kCommandBit) == 0) continue;
      pending.append(value.data() + 2, value.size() - 2);
      if ((value[1] & kLastBit) != 0) sets.push_back(std::exchange(pending, std::string()));
    }
  }
  return sets;
}

// As DIMSE_receiveCommand does.
void ParseWithDcmtk(const std::string& command) {
  DcmInputBufferStream stream;
  stream.setBuffer(command.data(), static_cast<offile_off_t>(command.size()));
  stream.setEos();
  DcmDataset set;
  set.transferInit();
  set.read(stream, EXS_LittleEndianImplicit, EGL_noChange);
  set.transferEnd();
  for (unsigned long i = 0; i < set.card(); ++i) {
    Demand(set.getElement(i)->isLeaf(), "a sequence reached DCMTK's parser");
  }
}

void CheckConversation(absl::string_view bytes, size_t at_once, bool peer_is_requestor) {
  const absl::Status status = Feed(bytes, at_once, peer_is_requestor);
  Demand(status.ok() || absl::IsInvalidArgument(status), "a status that the header does not name");
  Demand(status == Feed(bytes, bytes.size(), peer_is_requestor), "cuts change the verdict");
  if (!status.ok()) return;
  for (const std::string& command : CommandSets(bytes)) ParseWithDcmtk(command);
}

}  // namespace
}  // namespace camnode

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = (OFLog::configure(OFLogger::OFF_LOG_LEVEL), true);
  if (!quiet || size < 2) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  camnode::CheckConversation(bytes, 1 + data[0] / 2, data[0] % 2 == 0);
  return 0;
}

#include "services/node/oom_kills.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "core/base/files.h"

namespace camnode {
namespace {

constexpr int64_t kMaxBytes = 1 << 16;

// The number in the line "oom_kill NUMBER" of the file; absent if there is none.
absl::optional<int64_t> ReadCount(const std::string& path) {
  const absl::StatusOr<std::string> text =
      ReadFile(path, kMaxBytes, absl::StatusCode::kResourceExhausted);
  if (!text.ok()) return absl::nullopt;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    int64_t count = 0;
    if (absl::ConsumePrefix(&line, "oom_kill ") && absl::SimpleAtoi(line, &count)) return count;
  }
  return absl::nullopt;
}

// "/system.slice/camnode.service"; "" without cgroup v2.
std::string ControlGroup(const std::string& root) {
  const absl::StatusOr<std::string> text = ReadFile(
      absl::StrCat(root, "/proc/self/cgroup"), kMaxBytes, absl::StatusCode::kResourceExhausted);
  if (!text.ok()) return "";
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (absl::ConsumePrefix(&line, "0::")) return std::string(line);
  }
  return "";
}

}  // namespace

int64_t CountOomKills(const std::string& root) {
  const absl::optional<int64_t> of_group =
      ReadCount(absl::StrCat(root, "/sys/fs/cgroup", ControlGroup(root), "/memory.events"));
  if (of_group.has_value()) return *of_group;
  return ReadCount(absl::StrCat(root, "/proc/vmstat")).value_or(0);
}

}  // namespace camnode

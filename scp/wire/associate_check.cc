#include "scp/wire/associate_check.h"

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr size_t kFixedBytes = 68;  // Version, titles, reserved.
constexpr size_t kItemHeaderBytes = 4;
constexpr size_t kMaxNameBytes = 64;

// Item types.
constexpr uint8_t kApplicationContext = 0x10;
constexpr uint8_t kProposedContext = 0x20;
constexpr uint8_t kAnsweredContext = 0x21;
constexpr uint8_t kAbstractSyntax = 0x30;
constexpr uint8_t kTransferSyntax = 0x40;
constexpr uint8_t kUserInformation = 0x50;
constexpr uint8_t kMaximumLength = 0x51;
constexpr uint8_t kImplementationClassUid = 0x52;
constexpr uint8_t kRoleSelection = 0x54;
constexpr uint8_t kImplementationVersionName = 0x55;
constexpr uint8_t kExtendedNegotiation = 0x56;
constexpr uint8_t kUserIdentityRequest = 0x58;
constexpr uint8_t kUserIdentityAnswer = 0x59;

absl::Status Malformed(absl::string_view what) { return absl::InvalidArgumentError(what); }

size_t Number(absl::string_view bytes) {
  return static_cast<size_t>(static_cast<uint8_t>(bytes[0]) << 8 | static_cast<uint8_t>(bytes[1]));
}

using OnItem = absl::FunctionRef<absl::Status(uint8_t type, absl::string_view content)>;

absl::Status WalkItems(absl::string_view bytes, OnItem on_item) {
  while (!bytes.empty()) {
    if (bytes.size() < kItemHeaderBytes) return Malformed("A-ASSOCIATE item is cut off");
    const size_t length = Number(bytes.substr(2, 2));
    if (length > bytes.size() - kItemHeaderBytes) return Malformed("A-ASSOCIATE item is cut off");
    CAMNODE_RETURN_IF_ERROR(
        on_item(static_cast<uint8_t>(bytes[0]), bytes.substr(kItemHeaderBytes, length)));
    bytes.remove_prefix(kItemHeaderBytes + length);
  }
  return absl::OkStatus();
}

absl::Status CheckName(absl::string_view name) {
  return name.size() <= kMaxNameBytes ? absl::OkStatus()
                                      : Malformed("A-ASSOCIATE name longer than 64 bytes");
}

absl::Status CheckContext(absl::string_view content, bool is_request) {
  if (content.size() < 4) return Malformed("presentation context is cut off");
  const bool refused = !is_request && content[2] != 0;
  if (refused) return absl::OkStatus();  // What follows has no meaning.
  int abstract_syntaxes = 0;
  int transfer_syntaxes = 0;
  CAMNODE_RETURN_IF_ERROR(
      WalkItems(content.substr(4), [&](uint8_t type, absl::string_view name) -> absl::Status {
        if (type == kAbstractSyntax) ++abstract_syntaxes;
        if (type == kTransferSyntax) ++transfer_syntaxes;
        return type == kAbstractSyntax || type == kTransferSyntax ? CheckName(name)
                                                                  : absl::OkStatus();
      }));
  if (abstract_syntaxes != (is_request ? 1 : 0)) {
    return Malformed("presentation context has the wrong number of abstract syntaxes");
  }
  if (transfer_syntaxes < 1 ||
      transfer_syntaxes > (is_request ? kMaxProposedTransferSyntaxes : 1)) {
    return Malformed("presentation context has the wrong number of transfer syntaxes");
  }
  return absl::OkStatus();
}

// A name and what comes after it, each of which must be there.
absl::Status CheckNameAndRest(absl::string_view content, size_t min_rest, size_t max_rest) {
  if (content.size() < 2) return Malformed("user information is cut off");
  const size_t name = Number(content);
  if (name > kMaxNameBytes || content.size() < 2 + name + min_rest ||
      content.size() > 2 + name + max_rest) {
    return Malformed("user information has inconsistent lengths");
  }
  return absl::OkStatus();
}

// Request: type, response wanted, two fields with their lengths.  Answer: one.
absl::Status CheckUserIdentity(absl::string_view content, bool is_request) {
  const absl::Status error = Malformed("user identity has inconsistent lengths");
  if (is_request) {
    if (content.size() < 2) return error;
    content.remove_prefix(2);
  }
  for (int field = 0; field < (is_request ? 2 : 1); ++field) {
    if (content.size() < 2 || Number(content) > content.size() - 2) return error;
    content.remove_prefix(2 + Number(content));
  }
  return content.empty() ? absl::OkStatus() : error;
}

absl::Status CheckUserInformation(absl::string_view content, bool is_request) {
  int identities = 0;
  return WalkItems(content, [&](uint8_t type, absl::string_view item) -> absl::Status {
    switch (type) {
      case kMaximumLength:
        return item.size() == 4 ? absl::OkStatus() : Malformed("maximum length has a wrong size");
      case kImplementationClassUid:
      case kImplementationVersionName:
        return CheckName(item);
      case kRoleSelection:
        return CheckNameAndRest(item, 2, 2);
      case kExtendedNegotiation:
        return CheckNameAndRest(item, 0, 0xFFFF);
      case kUserIdentityRequest:
      case kUserIdentityAnswer:
        if (++identities > 1) return Malformed("more than one user identity");
        if ((type == kUserIdentityRequest) != is_request) {
          return Malformed("user identity of the wrong side");
        }
        return CheckUserIdentity(item, is_request);
      default:
        return absl::OkStatus();
    }
  });
}

}  // namespace

absl::Status CheckAssociateBody(absl::string_view body, bool is_request) {
  if (body.size() < kFixedBytes) return Malformed("A-ASSOCIATE PDU is cut off");
  int application_contexts = 0;
  int contexts = 0;
  int user_informations = 0;
  return WalkItems(body.substr(kFixedBytes),
                   [&](uint8_t type, absl::string_view content) -> absl::Status {
                     switch (type) {
                       case kApplicationContext:
                         if (++application_contexts > 1)
                           return Malformed("more than one application context");
                         return CheckName(content);
                       case kProposedContext:
                       case kAnsweredContext:
                         if ((type == kProposedContext) != is_request) {
                           return Malformed("presentation context of the wrong side");
                         }
                         if (++contexts > kMaxPresentationContexts)
                           return Malformed("more than 128 presentation contexts");
                         return CheckContext(content, is_request);
                       case kUserInformation:
                         if (++user_informations > 1)
                           return Malformed("more than one user information");
                         return CheckUserInformation(content, is_request);
                       default:
                         return absl::OkStatus();
                     }
                   });
}

}  // namespace camnode

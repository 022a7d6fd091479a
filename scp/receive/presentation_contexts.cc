#include "scp/receive/presentation_contexts.h"

#include <algorithm>

#include "core/dicom/file/file_meta.h"
#include "core/dicom/file/of_condition.h"
#include "core/dicom/file/transfer_syntax.h"

namespace camnode {
namespace {

bool Holds(const std::vector<absl::string_view>& list, absl::string_view uid) {
  return std::find(list.begin(), list.end(), uid) != list.end();
}

// DCMTK wants arrays of C strings; all ours are literals and so end in NUL.
std::vector<const char*> Pointers(const std::vector<absl::string_view>& list) {
  std::vector<const char*> pointers;
  for (const absl::string_view text : list) pointers.push_back(text.data());
  return pointers;
}

absl::Status Accept(T_ASC_Parameters* parameters, const std::vector<absl::string_view>& classes,
                    const std::vector<absl::string_view>& syntaxes) {
  std::vector<const char*> class_pointers = Pointers(classes);
  std::vector<const char*> syntax_pointers = Pointers(syntaxes);
  return ToStatus(ASC_acceptContextsWithPreferredTransferSyntaxes(
                      parameters, class_pointers.data(), static_cast<int>(class_pointers.size()),
                      syntax_pointers.data(), static_cast<int>(syntax_pointers.size())),
                  "presentation contexts", absl::StatusCode::kInvalidArgument);
}

}  // namespace

const std::vector<absl::string_view>& AcceptedStorageSopClasses() {
  static const auto& classes = *new std::vector<absl::string_view>{
      "1.2.840.10008.5.1.4.1.1.1",    // Computed Radiography Image Storage
      "1.2.840.10008.5.1.4.1.1.1.1",  // Digital X-Ray Image Storage - For Presentation
      "1.2.840.10008.5.1.4.1.1.7",    // Secondary Capture Image Storage
  };
  return classes;
}

const std::vector<absl::string_view>& AcceptedTransferSyntaxes() {
  static const auto& syntaxes = *[] {
    auto* list = new std::vector<absl::string_view>(SupportedTransferSyntaxes());
    if (!Holds(*list, kImplicitLittleEndian)) list->push_back(kImplicitLittleEndian);
    return list;
  }();
  return syntaxes;
}

bool IsAcceptedStorageSopClass(absl::string_view uid) {
  return Holds(AcceptedStorageSopClasses(), uid);
}

bool IsAcceptedTransferSyntax(absl::string_view uid) {
  return Holds(AcceptedTransferSyntaxes(), uid);
}

absl::Status AnswerPresentationContexts(T_ASC_Parameters* parameters) {
  // Verification first: each call gives what it does not accept a reason, and the
  // storage contexts' reasons are the ones worth reading.
  const absl::Status verification =
      Accept(parameters, {kVerificationSopClass}, {kExplicitLittleEndian, kImplicitLittleEndian});
  if (!verification.ok()) return verification;
  return Accept(parameters, AcceptedStorageSopClasses(), AcceptedTransferSyntaxes());
}

}  // namespace camnode

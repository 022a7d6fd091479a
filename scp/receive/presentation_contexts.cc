#include "scp/receive/presentation_contexts.h"

#include <vector>

#include "absl/strings/string_view.h"
#include "core/dicom/file/of_condition.h"
#include "core/dicom/file/transfer_syntax.h"
#include "core/dicom/film/sop_classes.h"

namespace camnode {
namespace {

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

absl::Status AnswerPresentationContexts(T_ASC_Parameters* parameters) {
  // Verification first: each call gives what it does not accept a reason, and the
  // storage contexts' reasons are the ones worth reading.
  const absl::Status verification =
      Accept(parameters, {kVerificationSopClass}, {kExplicitLittleEndian, kImplicitLittleEndian});
  if (!verification.ok()) return verification;
  return Accept(parameters, AcceptedStorageSopClasses(), SupportedTransferSyntaxes());
}

}  // namespace camnode
